//! What the exchange costs, measured: `make bench-sync` at full size, a test at a small one.
//!
//! Owns how much is measured and how it is told. Each module plays one kind of scenario and nothing is timed twice. Figures
//! are of this machine; only bytes and round trips are the same everywhere.

pub mod crew;
pub mod growth;
pub mod ingest;
pub mod link;
pub mod office;
pub mod served;
pub mod standing;
mod table;
pub mod wire;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::field::Size;
use growth::Growth;
use ingest::{Day, Ingested};
use link::{Quality, SLOW};
use standing::{Held, Standing};
use wire::{Ground, Line};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Days' work that comes at once.
    pub days: Vec<Day>,
    /// The ground of the scenarios on the line.
    pub ground: Ground,
    /// The line that is slow.
    pub slow: Quality,
    /// How much servers hold that are asked for nothing new.
    pub held: Vec<Held>,
    /// Sizes to which a document grows.
    pub grown: Vec<usize>,
    /// Exchanges of one change each at every size.
    pub alone: usize,
}

impl Scale {
    /// What `make bench-sync` measures.
    pub fn full() -> Self {
        let held = |villages| Held { size: Size { villages, households: 75 }, syncs: 1_000 };
        Self {
            days: vec![Day { phones: 1, households: 50 }, Day { phones: 20, households: 50 }],
            ground: Ground { size: Size { villages: 40, households: 75 }, edits: 15, day: 15, surveyed: 80 },
            slow: SLOW,
            held: vec![held(40), held(400)],
            grown: vec![100, 1_000],
            alone: 20,
        }
    }

    /// Just enough to see that everything works.
    pub fn small() -> Self {
        let size = Size { villages: 2, households: 3 };
        Self {
            days: vec![Day { phones: 2, households: 1 }],
            ground: Ground { size, edits: 2, day: 1, surveyed: 2 },
            slow: Quality { round_trip: Duration::from_millis(60), ..SLOW },
            held: vec![Held { size, syncs: 2 }],
            grown: vec![2, 4],
            alone: 1,
        }
    }
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How the program was built, and on how many processors it ran.
    pub machine: Machine,
    /// Durable changes a second.
    pub ingest: Vec<Ingested>,
    /// The scenarios without a limit on the line.
    pub line: Line,
    /// The same over the slow line.
    pub slow_line: Line,
    /// Servers that hold many documents.
    pub standing: Vec<Standing>,
    /// Documents that hold many changes.
    pub growth: Vec<Growth>,
}

/// Where it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processors.
    pub processors: usize,
    /// `optimised`, or `checked` for a build with debug assertions, whose times say little.
    pub build: &'static str,
}

impl Machine {
    fn here() -> Result<Self> {
        let build = if cfg!(debug_assertions) { "checked" } else { "optimised" };
        Ok(Self { processors: std::thread::available_parallelism()?.get(), build })
    }
}

/// Measures everything. `server`: the program that serves in a process of its own.
pub async fn run(scale: &Scale, server: &Path) -> Result<Report> {
    let mut ingest = Vec::new();
    for day in &scale.days {
        ingest.push(ingest::measure(*day).await?);
    }
    let mut standing = Vec::new();
    for held in &scale.held {
        standing.push(standing::measure(*held, server).await?);
    }
    Ok(Report {
        machine: Machine::here()?,
        ingest,
        growth: growth::measure(&scale.grown, scale.alone).await?,
        line: wire::measure(scale.ground, None).await?,
        slow_line: wire::measure(scale.ground, Some(scale.slow)).await?,
        standing,
    })
}

impl Report {
    /// As a table for people.
    pub fn table(&self) -> String {
        table::of(self)
    }

    /// Writes it as JSON.
    pub fn write(&self, file: &Path) -> Result<()> {
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        Ok(std::fs::write(file, serde_json::to_string_pretty(self)?)?)
    }
}
