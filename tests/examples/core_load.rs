//! Writes the first load of the field app's core to a directory, for `sync-protocol/wasm/tests/measure.mjs`: the answers of a
//! real server to a phone that holds nothing, 40 villages of 75 households, and who the phone is. Says on the way how long this
//! machine takes for what the browser does.

use std::path::PathBuf;

use anyhow::{Context, Result};
use field_core::message::Message;
use house_tests::core::CorePhone;
use house_tests::field::{Field, Size};
use serde_json::json;
use server::clock::Stopwatch;

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
    for opened_from in ["all records", "its snapshot"] {
        let clock = Stopwatch::start();
        phone.reopen()?;
        let opened = clock.elapsed();
        phone.look(json!("list"))?;
        let listed = clock.elapsed() - opened;
        println!("natively, from {opened_from}: opened in {opened:?}, list in {listed:?}");
        phone.keep_snapshot()?;
    }
    field.house.stop().await;
    Ok(())
}
