//! What one commune's work costs while more and more other communes stand in the same database: `make bench-store`.
//!
//! Owns which work is measured and at which sizes. The communes that are measured are real; the others are copies of one of
//! them, row for row ([`ballast`]). What is measured goes over HTTP within this process, the database's own process beside it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use schemas::ids::UnitId;
use serde::Serialize;
use serde_json::Value;
use server::app::Database;
use server::clock::Stopwatch;
use server::domain::role::Role;
use server::standards::Standards;

use super::Machine;
use super::crew::{Caller, heads};
use super::ingest::{self, Day};
use super::office::accept;
use crate::house::{House, ROUND};

mod ballast;
mod picture;

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Households in the database, rising.
    pub sizes: Vec<u64>,
    /// Villages of a commune.
    pub villages: u32,
    /// Households of a village.
    pub households: u32,
    /// Households of the commune that is accepted and listed.
    pub listed: u32,
    /// What comes at once while it is measured how much can.
    pub day: Day,
    /// How often each question is asked; the median counts.
    pub asked: usize,
}

impl Scale {
    /// What `make bench-store` measures.
    pub fn full() -> Self {
        Self {
            sizes: vec![10_000, 30_000, 100_000, 300_000],
            villages: 10,
            households: 100,
            listed: 300,
            day: Day { phones: 10, households: 25 },
            asked: 11,
        }
    }

    /// Just enough to see that everything works.
    pub fn small() -> Self {
        let day = Day { phones: 2, households: 1 };
        Self { sizes: vec![30, 60], villages: 2, households: 5, listed: 4, day, asked: 3 }
    }
}

/// What a commune's work costs at one size of the database.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// `sqlite` or `postgresql`.
    pub engine: &'static str,
    /// Households in the database.
    pub households: u64,
    /// Changes a second that are gated and on disk, of phones that come at once.
    pub changes_per_second: u64,
    /// A sync that brings nothing and reads nothing, in microseconds; the median.
    pub sync_microseconds: u64,
    /// The inbox of a commune where everybody waits, in microseconds; the median.
    pub inbox_microseconds: u64,
    /// Compiling a commune's list, in microseconds; the median.
    pub roster_microseconds: u64,
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How the program was built, and on how many processors it ran.
    pub machine: Machine,
    /// Households in the inbox that is asked for.
    pub inbox_households: u32,
    /// Households on the list that is compiled.
    pub roster_households: u32,
    /// By engine and size.
    pub costs: Vec<Cost>,
}

/// Measures an engine at every size. The database is empty; `None` is a file.
pub async fn measure(scale: &Scale, engine: &'static str, database: Option<Database>) -> Result<Vec<Cost>> {
    let nation = Nation::found(scale, database).await?;
    let mut ballast = ballast::Ballast::of(&nation.house, nation.house.units.commune).await?;
    let mut costs = Vec::new();
    for (number, size) in (1..).zip(&scale.sizes) {
        let households = ballast.grow(&nation.house, *size).await?;
        costs.push(nation.cost(scale, engine, households, number).await?);
    }
    nation.house.stop().await;
    Ok(costs)
}

/// The report of both engines.
pub fn report(scale: &Scale, costs: Vec<Cost>) -> Result<Report> {
    let inbox_households = scale.villages * scale.households;
    Ok(Report { machine: Machine::here()?, inbox_households, roster_households: scale.listed, costs })
}

/// A house with a commune where everybody waits in the inbox, one where everybody is accepted, and one for what comes.
struct Nation {
    house: House,
    listed: UnitId,
    /// A phone that surveys a village and has read everything.
    phone: Caller,
}

impl Nation {
    async fn found(scale: &Scale, database: Option<Database>) -> Result<Self> {
        let house = House::with_open_round_on(database).await?;
        let (standards, commune) = (Standards::shipped()?, house.units.commune);
        let (mut phone, mut people) = (None, heads(scale.villages, scale.households));
        for village in 0..scale.villages {
            let mut caller = Caller::enrolled_in(&house, &standards, commune, village).await?;
            caller.survey(village, people.by_ref().take(scale.households as usize)).await?;
            phone = Some(caller);
        }
        let listed = ballast::commune(&house, "Xã có danh sách").await?;
        for place in [listed, house.units.neighbour] {
            house.give(house.people.hoa, Role::Reviewer, place).await?;
        }
        let mut caller = Caller::enrolled_in(&house, &standards, listed, scale.villages).await?;
        caller.survey(scale.villages, heads(1, scale.listed)).await?;
        let hoa = house.as_account(house.people.hoa).await?;
        let base = format!("/api/rounds/{ROUND}/communes/{listed}");
        let lines = hoa.get(&format!("{base}/households")).await?.body;
        accept(&hoa, &base, lines.as_array().context("the households")?).await?;
        Ok(Self { house, listed, phone: phone.context("a village")? })
    }

    async fn cost(&self, scale: &Scale, engine: &'static str, households: u64, number: u32) -> Result<Cost> {
        let hoa = self.house.as_account(self.house.people.hoa).await?;
        let path = |commune: UnitId, what: &str| format!("/api/rounds/{ROUND}/communes/{commune}/{what}");
        let inbox = path(self.house.units.commune, "inbox");
        let inbox_microseconds = median(scale.asked, async || {
            let waiting = hoa.get(&inbox).await?.body;
            ensure!(waiting.as_array().is_some_and(|items| !items.is_empty()), "everybody waits");
            Ok(())
        })
        .await?;
        let roster = path(self.listed, "roster");
        let roster_microseconds = median(scale.asked, async || {
            let compiled = hoa.post(&roster, Value::Null).await?;
            ensure!(compiled.is_success() && compiled.body["outcome"] != "waiting", "{compiled:?}");
            Ok(())
        })
        .await?;
        let sync = self.phone.request();
        let sync_microseconds = median(scale.asked * 5, async || self.phone.send(&sync).await.map(drop)).await?;
        // Phones of numbers that no village has yet.
        let first = 1_000 * number;
        let ingested = ingest::measure_in(&self.house, self.house.units.neighbour, scale.day, first).await?;
        let changes_per_second = ingested.changes_per_second;
        Ok(Cost { engine, households, changes_per_second, sync_microseconds, inbox_microseconds, roster_microseconds })
    }
}

/// The median of so many.
async fn median(asked: usize, ask: impl AsyncFn() -> Result<()>) -> Result<u64> {
    let mut took = Vec::with_capacity(asked);
    for _ in 0..asked.max(1) {
        let working = Stopwatch::start();
        ask().await?;
        took.push(working.elapsed());
    }
    took.sort_unstable();
    Ok(u64::try_from(took[took.len() / 2].as_micros())?)
}

impl Report {
    /// As a table for people.
    pub fn table(&self) -> String {
        let Self { machine, inbox_households, roster_households, .. } = self;
        let mut lines = vec![
            format!("{} processors, {} build", machine.processors, machine.build),
            format!("inbox of {inbox_households} households, list of {roster_households}"),
            format!(
                "{:<12}{:>12}{:>12}{:>12}{:>12}{:>12}",
                "engine", "households", "changes/s", "sync µs", "inbox µs", "list µs"
            ),
        ];
        lines.extend(self.costs.iter().map(|cost| {
            format!(
                "{:<12}{:>12}{:>12}{:>12}{:>12}{:>12}",
                cost.engine,
                cost.households,
                cost.changes_per_second,
                cost.sync_microseconds,
                cost.inbox_microseconds,
                cost.roster_microseconds
            )
        }));
        lines.push(String::new());
        lines.join("\n")
    }

    /// As curves: each cost over the size of the database, relative to what it was at the first size.
    pub fn picture(&self) -> String {
        picture::of(&self.costs)
    }

    /// Writes it as JSON, and the picture beside it.
    pub fn write(&self, directory: &Path) -> Result<()> {
        std::fs::create_dir_all(directory)?;
        std::fs::write(directory.join("store.json"), serde_json::to_string_pretty(self)?)?;
        Ok(std::fs::write(directory.join("store.svg"), self.picture())?)
    }
}
