//! Writes the first load of the field app's core to a directory, for `sync-protocol/wasm/tests/measure.mjs`: the answers of a
//! real server to a phone that holds nothing, 40 villages of 75 households, and who the phone is.

use std::path::PathBuf;

use anyhow::{Context, Result};
use field_core::message::Message;
use house_tests::core::CorePhone;
use house_tests::field::{Field, Size};

#[tokio::main]
async fn main() -> Result<()> {
    let out = PathBuf::from(std::env::args().nth(1).context("a directory to write to")?);
    std::fs::create_dir_all(&out)?;
    let field = Field::open(Size { villages: 40, households: 75 }, 2).await?;
    let (people, units) = (field.house.people, field.house.units);
    let mut phone = CorePhone::enrol(&field.house, people.lan, units.village).await?;
    phone.sync().await?;
    let opening = phone.opening().to_string();
    std::fs::write(out.join("answers"), Message::write(opening.as_bytes(), &phone.answers))?;
    std::fs::write(out.join("open"), Message::write(opening.as_bytes(), &phone.on_disk()))?;
    println!("{} answers, {} bytes of records", phone.answers.len(), phone.records.len());
    field.house.stop().await;
    Ok(())
}
