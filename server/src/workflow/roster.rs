//! The official list of a commune: compiled from what was decided, kept sealed, given out as files.
//!
//! Owns who may, what is in the way, and the ledger entry. What the list says is `schemas::roster`'s business, how a
//! file looks that of `documents`. The same decisions give the same root, and compiling again adds nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::ledger::{Decision, Hash, Reason, Unassessed};
use schemas::roster::{
    self, Block, List, NotCompiled, Roster, RosterHeader, RosterLine, leaf_hash, unassessed_leaf_hash,
};
use serde::Serialize;

use super::Refusal;
use super::document::key_of;
use super::ledger;
use super::permit::Permit;
use crate::app::App;
use crate::domain::field::Home;
use crate::domain::roster::{LeafKind, StoredLine, StoredRoster};
use crate::seal::Subject;
use crate::store::{self, Read};

mod book;
pub mod export;
mod gather;
pub(super) mod kept;
mod without_class;

use gather::{Ground, Households};

/// What keeps a household from being on the list or off it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Obstacle {
    /// No reviewer has said anything yet.
    NotReviewed,
    /// It was sent back.
    Returned,
    /// It has changed since it was accepted or ended without a class.
    ChangedSince,
    /// People disagree on it.
    Disagreements {
        /// How many disagreements a person has to settle.
        open: u32,
    },
    /// Its village did not exist on the reference day, or nobody has said whether it is country or town.
    PlaceUnknown,
    /// It was accepted, and no list can rest on it all the same.
    NotReady {
        /// Why.
        blocks: Vec<Block>,
    },
}

/// A household that the list waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// Everything that is in the way, as far as it was looked for.
    pub obstacles: Vec<Obstacle>,
}

/// A household for which somebody decided that this round finds no class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutClass {
    /// The household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// Why.
    pub why: Unassessed,
    /// The same in the words of who decided.
    pub reason: Reason,
    /// Number of the ledger entry that says so.
    pub ledger: u64,
}

/// Households and people on one of the lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Households.
    pub households: u64,
    /// Their members who count.
    pub people: u64,
}

/// Counts by list, in the order of [`List::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// *Hộ nghèo.*
    pub poor: Count,
    /// *Hộ cận nghèo.*
    pub near_poor: Count,
    /// *Hộ thoát nghèo.*
    pub escaped_poor: Count,
    /// *Hộ thoát cận nghèo.*
    pub escaped_near_poor: Count,
}

/// A list that was compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Its number in its commune and round, from 1.
    pub number: u64,
    /// The root of its tree.
    pub root: Hash,
    /// What it was made from.
    pub header: RosterHeader,
    /// How many stand on it.
    pub counts: Counts,
    /// When it was compiled.
    pub compiled_at: Timestamp,
    /// Number of the ledger entry that says so.
    pub ledger: u64,
}

/// What came of compiling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new list.
    New(Compiled),
    /// The newest list says the same already.
    Unchanged(Compiled),
    /// Households are in the way; nothing was written.
    Waiting(Vec<Waiting>),
}

/// Where a commune stands with its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The newest list.
    pub newest: Option<Compiled>,
    /// Households for which the round ended without a class, as far as that still holds.
    pub unassessed: Vec<WithoutClass>,
    /// Households that are in the way of the next one. What only opening a household shows is found by compiling.
    pub waiting: Vec<Waiting>,
}

impl Counts {
    /// Counts the lines of a list.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a RosterLine>) -> Self {
        let mut counts = Self::default();
        for line in lines {
            let count = match line.list {
                List::Poor => &mut counts.poor,
                List::NearPoor => &mut counts.near_poor,
                List::EscapedPoor => &mut counts.escaped_poor,
                List::EscapedNearPoor => &mut counts.escaped_near_poor,
            };
            count.households += 1;
            count.people += line.members.len() as u64;
        }
        counts
    }
}

/// Compiles the list of a commune from everything that was decided in a round.
pub async fn compile(app: &App, permit: &Permit, round: &RoundId, commune: UnitId) -> Result<Outcome, Refusal> {
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, commune, app.clock.today()).await?;
    let ground = Ground::of(app, &mut read, round, commune).await?;
    let Households { approved, unassessed, waiting } = ground.households(app, &mut read).await?;
    if !waiting.is_empty() {
        return Ok(Outcome::Waiting(waiting));
    }
    let ruling = ground.ruling(app, &mut read).await?;
    let roster = match roster::compile(&ground.setting(&ruling)?, approved, unassessed) {
        Ok(roster) => roster,
        Err(NotCompiled::Blocked(blocked)) => {
            return Ok(Outcome::Waiting(blocked.into_iter().map(Waiting::from).collect()));
        }
        Err(refused @ (NotCompiled::Standard(_) | NotCompiled::Training | NotCompiled::TableMissing)) => {
            tracing::info!(round = %round, unit = commune.0, "No list in this round: {refused}");
            return Err(Refusal::NotForRecognition);
        }
        Err(NotCompiled::Twice(household)) => return Err(Refusal::DecisionLost(household)),
    };
    if let Some(newest) = store::roster::newest(&mut read, commune, round).await?
        && newest.root == roster.root()
    {
        return Ok(Outcome::Unchanged(Compiled::new(newest, counts(&roster))));
    }
    let lines = seal(app, &mut read, &roster).await?;
    drop(read);
    write(app, &roster, lines, ground.last_entry(), right.account()).await.map(Outcome::New)
}

async fn write(
    app: &App,
    roster: &Roster,
    lines: Vec<StoredLine>,
    seen: u64,
    by: AccountId,
) -> Result<Compiled, Refusal> {
    let (now, header, root, counts) = (app.clock.now(), roster.header().clone(), roster.root(), counts(roster));
    let households = roster.lines().len() as u64;
    app.store
        .write("roster/compile", move |tx| {
            Box::pin(async move {
                let (commune, round) = (header.commune.id, header.round.clone());
                // A decision that came in between belongs on the list or takes something off it.
                if store::ledger::last(tx, commune).await?.map_or(0, |(number, _)| number) != seen {
                    return Err(Refusal::LedgerMoved);
                }
                let newest = store::roster::newest(tx, commune, &round).await?;
                let decision = Decision::RosterCompiled { round: round.clone(), root, households };
                let (ledger, _) = ledger::append(tx, commune, now, Some(by), decision).await?;
                let number = newest.map_or(1, |newest| newest.number + 1);
                let stored = StoredRoster { number, root, header, compiled_at: now, ledger };
                store::roster::insert(tx, commune, &round, &stored, &lines).await?;
                Ok(Compiled::new(stored, counts))
            })
        })
        .await
}

/// The leaves behind the header, each under its household's key.
async fn seal(app: &App, read: &mut Read, roster: &Roster) -> Result<Vec<StoredLine>, Refusal> {
    let (round, commune) = (roster.header().round.as_str(), roster.header().commune.id);
    let homes = store::household::of_commune(read, commune).await?;
    let homes: BTreeMap<HouseholdId, Home> = homes.into_iter().map(|home| (home.id, home)).collect();
    let key = |id: &HouseholdId| key_of(app, homes.get(id).ok_or(Refusal::HouseholdNotFound)?);
    let mut leaves = Vec::with_capacity(roster.lines().len() + roster.unassessed().len());
    for (line, salt) in roster.lines() {
        let sealed = key(&line.household)?.seal(Subject::RosterLine(round), line.text().as_bytes(), &app.chance)?;
        let (household, leaf) = (line.household, leaf_hash(line, *salt));
        leaves.push(StoredLine { kind: LeafKind::Line, household, leaf, sealed });
    }
    for (entry, salt) in roster.unassessed() {
        let key = key(&entry.household)?;
        let sealed = key.seal(Subject::RosterUnassessed(round), entry.text().as_bytes(), &app.chance)?;
        let (household, leaf) = (entry.household, unassessed_leaf_hash(entry, *salt));
        leaves.push(StoredLine { kind: LeafKind::Unassessed, household, leaf, sealed });
    }
    Ok(leaves)
}

/// Where a commune stands with its list.
pub async fn standing(app: &App, permit: &Permit, round: &RoundId, commune: UnitId) -> Result<Standing, Refusal> {
    let mut read = app.store.read().await?;
    permit.on(&mut read, commune, app.clock.today()).await?;
    let ground = Ground::of(app, &mut read, round, commune).await?;
    let (unassessed, waiting) = ground.standing(&mut read).await?;
    let newest = match export::newest(app, &mut read, round, commune).await? {
        Some(opened) => Some(Compiled::new(opened.stored, Counts::of(opened.lines.iter().map(|(line, _)| line)))),
        None => None,
    };
    Ok(Standing { newest, unassessed, waiting })
}

fn counts(roster: &Roster) -> Counts {
    Counts::of(roster.lines().iter().map(|(line, _)| line))
}

impl Compiled {
    fn new(stored: StoredRoster, counts: Counts) -> Self {
        let StoredRoster { number, root, header, compiled_at, ledger } = stored;
        Self { number, root, header, counts, compiled_at, ledger }
    }
}

impl From<roster::Blocked> for Waiting {
    fn from(blocked: roster::Blocked) -> Self {
        let roster::Blocked { household, village, blocks } = blocked;
        Self { household, village, obstacles: vec![Obstacle::NotReady { blocks }] }
    }
}

#[cfg(test)]
pub(super) mod tests;
