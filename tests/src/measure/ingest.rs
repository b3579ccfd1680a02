//! How many changes a second are gated and on disk, when phones that were offline all day come at once.
//!
//! Segments are made and signed beforehand. What is timed is everything from the first request to the last answer: HTTP,
//! the gate, classification, sealing and SQLite. A third of the changes are whole interviews, the others edits.

use std::time::Duration;

use anyhow::{Result, ensure};
use schemas::ids::HouseholdId;
use serde::Serialize;
use server::clock::Stopwatch;
use server::standards::Standards;

use super::crew::{Caller, edit};
use crate::fieldwork::interview;
use crate::house::House;

/// Edits of each household after its interview.
const EDITS: i64 = 3;

/// How much work comes.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Phones that come at once.
    pub phones: u32,
    /// New households on each.
    pub households: u8,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Ingested {
    /// Phones that came at once.
    pub phones: u32,
    /// Changes that they brought.
    pub changes: u64,
    /// From the first request to the last answer.
    pub milliseconds: u64,
    /// Changes a second.
    pub changes_per_second: u64,
}

/// Measures one day's work.
pub async fn measure(day: Day) -> Result<Ingested> {
    let house = House::with_open_round().await?;
    let standards = Standards::shipped()?;
    let mut callers = Vec::new();
    for number in 0..day.phones {
        let mut caller = Caller::enrolled(&house, &standards, number).await?;
        work(&mut caller, day, number)?;
        callers.push(caller);
    }
    let changes = callers.iter().map(|caller| caller.device.waiting() as u64).sum();
    let elapsed = sync_all(callers).await?;
    house.stop().await;
    let per_second = changes as f64 / elapsed.as_secs_f64();
    let milliseconds = u64::try_from(elapsed.as_millis())?;
    Ok(Ingested { phones: day.phones, changes, milliseconds, changes_per_second: per_second.round() as u64 })
}

/// A day's work, offline: new households and edits of each.
fn work(caller: &mut Caller, day: Day, phone: u32) -> Result<()> {
    let interview = interview()?;
    for number in 0..day.households {
        let mut id = [number; 16];
        id[..4].copy_from_slice(&phone.to_be_bytes());
        caller.commit(HouseholdId(id), &interview)?;
        for at in 0..EDITS {
            caller.commit(HouseholdId(id), &edit(300 + at)?)?;
        }
    }
    Ok(())
}

async fn sync_all(callers: Vec<Caller>) -> Result<Duration> {
    let prepared: Vec<_> = callers.into_iter().map(|caller| (caller.request(), caller)).collect();
    let working = Stopwatch::start();
    let syncing: Vec<_> = prepared
        .into_iter()
        .map(|(sync, caller)| tokio::spawn(async move { Ok((caller.send(&sync).await?, sync, caller)) }))
        .collect();
    let mut answered: Vec<Result<_>> = Vec::new();
    for sync in syncing {
        answered.push(sync.await?);
    }
    let elapsed = working.elapsed();
    for answered in answered {
        let (answer, sync, mut caller) = answered?;
        caller.read(&sync, &answer)?;
        ensure!(caller.device.waiting() == 0, "work is left on a phone");
    }
    Ok(elapsed)
}
