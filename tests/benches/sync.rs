//! `make bench-sync`: everything that [`house_tests::measure`] measures, at full size; a table, and JSON for machines.

use std::path::Path;

use anyhow::Result;
use house_tests::measure::{Scale, ingest, run};

#[tokio::main]
async fn main() -> Result<()> {
    let scale = Scale::full();
    // `-- ingest` for the figure that one works on most.
    if std::env::args().any(|argument| argument == "ingest") {
        for day in scale.days {
            println!("{:?}", ingest::measure(day).await?);
        }
        return Ok(());
    }
    let report = run(&scale, Path::new(env!("CARGO_BIN_EXE_measured-server"))).await?;
    print!("{}", report.table());
    report.write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/sync.json"))
}
