//! B1 points tables of offices: loaded by one person, looked at and confirmed by a second, then used by rounds.
//!
//! Owns who may, what is refused, and which table classifies in a round. What stands in a table is `schemas`' business.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemas::ids::{AccountId, StandardId, UnitId};
use schemas::ledger::Hash;
use schemas::rules::{B1Mode, PointsStatus, PointsTable, SampleRefused, Training};
use schemas::standard::{PointsFiles, Standard};

use super::Refusal;
use super::permit::Permit;
use crate::app::App;
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::points_table::{OfficeTable, Signature, TableState};
use crate::domain::round::{self, Round};
use crate::store::{self, Read, Tx};

/// A table that somebody sends.
#[derive(Clone, Debug)]
pub struct NewTable {
    /// The standard that it is for.
    pub standard: StandardId,
    /// Where the office has it from.
    pub source: String,
    /// Its files.
    pub files: PointsFiles,
}

/// A table in front of whoever is to sign it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The table as it is kept.
    pub kept: OfficeTable,
    /// What it says.
    pub table: PointsTable,
    /// The table of the unit and standard that was confirmed last before this one was loaded, and what it says.
    pub before: Option<(Hash, PointsTable)>,
}

/// Where B1 of a round comes from, for each of its standards.
#[derive(Clone, Debug)]
pub struct Modes {
    deciding: B1Mode,
    /// Standards to which the table of the round is bound by themselves.
    others: BTreeMap<StandardId, B1Mode>,
}

impl Modes {
    /// For the deciding standard.
    pub fn deciding(&self) -> &B1Mode {
        &self.deciding
    }

    /// For a standard of the round.
    pub fn of(&self, standard: &Standard) -> &B1Mode {
        self.others.get(standard.id()).unwrap_or(&self.deciding)
    }
}

/// Keeps a table until somebody else confirms it. Loading the same one again changes nothing.
pub async fn load(app: &App, permit: &Permit, unit: UnitId, new: NewTable) -> Result<OfficeTable, Refusal> {
    let today = app.clock.today();
    let right = permit.on(&mut app.store.read().await?, unit, today).await?;
    check(app, &new)?;
    let hash = Hash(new.files.hash().0);
    let loaded = Signature { by: right.account(), at: app.clock.now() };
    let NewTable { standard, source, files } = new;
    let table = OfficeTable { unit, hash, standard, source, files, state: TableState::Loaded(loaded) };
    let permit = permit.clone();
    app.store
        .write("points_table/load", move |tx| {
            Box::pin(async move {
                permit.on(tx, unit, today).await?;
                match store::points_table::by_hash(tx, unit, hash).await? {
                    Some(kept) if kept.standard == table.standard => return Ok(kept),
                    Some(_) => return Err(Refusal::TableOfAnotherStandard),
                    None => {}
                }
                store::points_table::insert(tx, &table).await?;
                note(tx, SecurityEventKind::PointsTableLoaded, loaded, hash).await?;
                Ok(table)
            })
        })
        .await
}

/// Lets in what is sound and may decide; a sample stays one, whatever its file calls itself.
fn check(app: &App, new: &NewTable) -> Result<(), Refusal> {
    let standard = app.standards.get(&new.standard);
    let standard = standard.ok_or_else(|| Refusal::StandardUnknown(new.standard.clone()))?;
    let table = new.files.load(standard).map_err(Refusal::TableFaulty)?;
    for sample in standard.points_tables() {
        if let PointsStatus::SampleOnly { reason } = sample.status()
            && table.has_all_points_of(sample)
        {
            return Err(Refusal::TableIsSample(SampleRefused { reason: reason.clone() }));
        }
    }
    table.for_round().map(drop).map_err(Refusal::TableIsSample)
}

/// Confirms a table that somebody else has loaded: from here on rounds may use it.
pub async fn confirm(app: &App, permit: &Permit, unit: UnitId, hash: Hash) -> Result<(), Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("points_table/confirm", move |tx| {
            Box::pin(async move {
                let right = permit.on(tx, unit, today).await?;
                let kept = store::points_table::by_hash(tx, unit, hash).await?.ok_or(Refusal::TableNotFound)?;
                match kept.state {
                    TableState::Confirmed { .. } => return Err(Refusal::AlreadyDecided),
                    TableState::Loaded(loaded) if loaded.by == right.account() => {
                        return Err(Refusal::TableNeedsAnother);
                    }
                    TableState::Loaded(_) => {}
                }
                let confirmed = Signature { by: right.account(), at: now };
                store::points_table::confirm(tx, unit, hash, confirmed).await?;
                note(tx, SecurityEventKind::PointsTableConfirmed, confirmed, hash).await
            })
        })
        .await
}

async fn note(tx: &mut Tx, kind: SecurityEventKind, signed: Signature, hash: Hash) -> Result<(), Refusal> {
    let (at, actor): (Timestamp, Option<AccountId>) = (signed.at, Some(signed.by));
    Ok(store::security_event::append(tx, &SecurityEvent { at, kind, actor, subject: hash.to_string() }).await?)
}

/// The tables of a unit.
pub async fn list(app: &App, permit: &Permit, unit: UnitId) -> Result<Vec<OfficeTable>, Refusal> {
    let mut read = app.store.read().await?;
    permit.on(&mut read, unit, app.clock.today()).await?;
    Ok(store::points_table::of_unit(&mut read, unit).await?)
}

/// A table with what it says, and what it is to be compared with.
pub async fn preview(app: &App, permit: &Permit, unit: UnitId, hash: Hash) -> Result<Preview, Refusal> {
    let mut read = app.store.read().await?;
    permit.on(&mut read, unit, app.clock.today()).await?;
    let kept = store::points_table::by_hash(&mut read, unit, hash).await?.ok_or(Refusal::TableNotFound)?;
    let earlier = |other: &OfficeTable| {
        let confirmed = other.state.confirmed().map(|confirmed| confirmed.at)?;
        let in_time = other.hash != hash && confirmed <= kept.state.loaded().at;
        (in_time && other.standard == kept.standard).then_some(confirmed)
    };
    let tables = store::points_table::of_unit(&mut read, unit).await?;
    let dated = tables.iter().filter_map(|table| earlier(table).map(|at| (at, table)));
    let before = dated.max_by_key(|(at, table)| (*at, table.hash)).map(|(_, table)| table);
    let before = before.map(|table| Ok::<_, Refusal>((table.hash, read_again(app, table)?))).transpose()?;
    Ok(Preview { table: read_again(app, &kept)?, kept, before })
}

fn read_again(app: &App, kept: &OfficeTable) -> Result<PointsTable, Refusal> {
    let standard = app.standards.get(&kept.standard);
    let standard = standard.ok_or_else(|| Refusal::StandardUnknown(kept.standard.clone()))?;
    kept.files.load(standard).map_err(|_| Refusal::TableLost(kept.hash))
}

/// The table with this hash that a unit may use: its own or that of a unit above it, for this standard.
pub(super) async fn reachable(
    read: &mut Read,
    unit: UnitId,
    on: jiff::civil::Date,
    (standard, hash): (&StandardId, Hash),
) -> Result<OfficeTable, Refusal> {
    let mut found = None;
    for ancestor in store::unit::lineage(read, unit, on).await? {
        let table = store::points_table::by_hash(read, ancestor, hash).await?;
        // The same table may have been loaded at several levels; one that is signed off is enough.
        match table.filter(|table| table.standard == *standard) {
            Some(table) if table.state.confirmed().is_some() => return Ok(table),
            table => found = found.or(table),
        }
    }
    found.ok_or(Refusal::TableNotFound)
}

/// How B1 is found in a round, standard by standard; the deciding one comes first.
pub(super) async fn modes(
    app: &App,
    read: &mut Read,
    round: &Round,
    standards: &[Arc<Standard>],
) -> Result<Modes, Refusal> {
    let everywhere = |deciding| Modes { deciding, others: BTreeMap::new() };
    let hash = match round.b1_mode {
        round::B1Mode::Paper => return Ok(everywhere(B1Mode::Paper)),
        round::B1Mode::Training => return Ok(everywhere(B1Mode::Training(Training::MeasuredIncome))),
        round::B1Mode::Points(hash) => hash,
    };
    let (first, rest) = standards.split_first().ok_or(Refusal::TableLost(hash))?;
    let mut modes = everywhere(match bound(app, read, first, hash).await? {
        mode @ B1Mode::Table(_) => mode,
        B1Mode::TableMissing | B1Mode::Paper | B1Mode::Training(_) => return Err(Refusal::TableLost(hash)),
    });
    for standard in rest {
        modes.others.insert(standard.id().clone(), bound(app, read, standard, hash).await?);
    }
    Ok(modes)
}

/// The table bound to a standard. Where it does not fit the form, nothing is said instead of guessed.
async fn bound(app: &App, read: &mut Read, standard: &Standard, hash: Hash) -> Result<B1Mode, Refusal> {
    let table = match app.tables.known(standard, hash) {
        Some(known) => known,
        None => {
            let files = store::points_table::files(read, hash).await?.ok_or(Refusal::TableLost(hash))?;
            app.tables.bind(standard, &files)
        }
    };
    Ok(table.map_or(B1Mode::TableMissing, B1Mode::Table))
}

#[cfg(test)]
mod tests;
