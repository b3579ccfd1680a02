//! `make bench-sync`: everything that [`house_tests::measure`] measures, at full size; a table, and JSON for machines.

use std::path::Path;

use anyhow::Result;
use house_tests::cluster::Cluster;
use house_tests::measure::{Scale, ingest, run};

#[tokio::main]
async fn main() -> Result<()> {
    let scale = Scale::full();
    // `-- ingest` for the figure that one works on most, `-- ingest postgresql` for the other engine.
    if std::env::args().any(|argument| argument == "ingest") {
        let on_server = std::env::args().any(|argument| argument == "postgresql");
        let cluster = on_server.then(Cluster::start).transpose()?;
        for (number, day) in scale.days.into_iter().enumerate() {
            let database = cluster.as_ref().map(|cluster| cluster.database(&format!("day{number}"))).transpose()?;
            println!("{:?}", ingest::measure(day, database).await?);
        }
        return Ok(());
    }
    let report = run(&scale, Path::new(env!("CARGO_BIN_EXE_measured-server"))).await?;
    print!("{}", report.table());
    report.write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/sync.json"))
}
