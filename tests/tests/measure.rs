//! A small run of `make bench-sync`: everything that it measures is there, and what must hold of any figures does.

use std::path::Path;

use anyhow::{Context, Result};
use house_tests::measure::{Scale, run};
use serde_json::Value;

fn number(value: &Value, field: &str) -> Result<u64> {
    value[field].as_u64().with_context(|| format!("{field} in {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_run_measures_everything() -> Result<()> {
    let report = run(&Scale::small(), Path::new(env!("CARGO_BIN_EXE_measured-server"))).await?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("bench/sync.json");
    report.write(&file)?;
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    assert_eq!(number(&written["ingest"][0], "changes")?, 2 * 4);
    assert_eq!(number(&written["standing"][0], "documents")?, 6);
    assert!(number(&written["standing"][0], "resident_kb")? > 1_000);
    assert_eq!(number(&written["growth"][1], "changes")?, 53, "each size is measured with one and with fifty more");
    for line in ["line", "slow_line"] {
        let costs = written[line]["costs"].as_array().context("scenarios")?;
        assert_eq!(costs.len(), 5);
        for cost in costs {
            // A request line, a status line and a few headers stand around every body.
            assert!(number(cost, "socket_up")? > number(cost, "body_up")? + 100, "{cost}");
            assert!(number(cost, "socket_down")? > number(cost, "body_down")? + 50, "{cost}");
            assert!(number(cost, "round_trips")? >= 1, "{cost}");
        }
        assert_eq!(number(&costs[1], "round_trips")?, 1, "nothing new is one round trip");
        for packing in written[line]["packing"].as_array().context("packings")? {
            assert!(number(packing, "packed")? < number(packing, "fallback")?, "{packing}");
        }
    }
    for (fast, slow) in report.line.costs.iter().zip(&report.slow_line.costs) {
        assert_eq!((fast.body_up, fast.round_trips), (slow.body_up, slow.round_trips), "{}", fast.scenario);
        assert!(slow.milliseconds >= 60 * slow.round_trips, "{slow:?}");
    }
    assert!(report.table().contains("durable changes/s"));
    Ok(())
}
