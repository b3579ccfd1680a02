//! `make bench-store`: what [`house_tests::measure::nation`] measures, on both engines; a table, curves, and JSON for machines.
//! `-- sqlite` or `-- postgresql` for one of them.

use std::path::Path;

use anyhow::Result;
use house_tests::cluster::Cluster;
use house_tests::measure::nation::{Scale, measure, report};

#[tokio::main]
async fn main() -> Result<()> {
    let (scale, mut costs) = (Scale::full(), Vec::new());
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_asked = |engine: &str| asked.is_empty() || asked.iter().any(|asked| asked == engine);
    if is_asked("sqlite") {
        costs.extend(measure(&scale, "sqlite", None).await?);
    }
    if is_asked("postgresql") {
        let cluster = Cluster::start()?;
        costs.extend(measure(&scale, "postgresql", Some(cluster.database("nation")?)).await?);
    }
    let report = report(&scale, costs)?;
    print!("{}", report.table());
    report.write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench"))
}
