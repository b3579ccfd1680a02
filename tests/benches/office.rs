//! How long the office of a commune of 15,000 households waits; `-- 2000` for another size.

use anyhow::Result;
use house_tests::measure::office::{Commune, measure};

const VILLAGES: u32 = 20;

#[tokio::main]
async fn main() -> Result<()> {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let households: u32 = asked.unwrap_or(15_000);
    let office = measure(Commune { villages: VILLAGES, households: households / VILLAGES }).await?;
    println!("{}", serde_json::to_string_pretty(&office)?);
    Ok(())
}
