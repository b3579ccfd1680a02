//! Compiled lists as files: of one commune, and of everything in a unit above communes.
//!
//! Owns who gets which file and the log of who took one. Every list is opened line by line and its root computed again
//! before anything leaves the house.

use jiff::civil::Date;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::Hash;
use schemas::roster::{RosterFile, RosterLine, Salt, UnassessedEntry, compiled_root, root};
use serde::de::DeserializeOwned;

use super::Counts;
use super::book::{self, Names, OfCommune};
use super::gather::{Ground, salt, unassessed_salt};
use super::without_class::describe;
use crate::app::App;
use crate::clock::day_of;
use crate::documents::workbook::{
    CommuneTotals, CompiledTotals, ListTotals, Sheet, write_compiled, write_csv, write_roster, write_unassessed_csv,
};
use crate::domain::log::{Access, AccessAction};
use crate::domain::role::Role;
use crate::domain::roster::{LeafKind, StoredRoster};
use crate::domain::round::Round;
use crate::domain::unit::{Level, Unit};
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read, StoreError};
use crate::workflow::Refusal;
use crate::workflow::document::key_of;
use crate::workflow::permit::{Permit, Right};

/// Roles that may take the salts along: with them the root can be computed from the file alone.
const SALT_HOLDERS: &[Role] = &[Role::CommuneChair, Role::Compiler, Role::Auditor];

/// What a list is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The review workbook.
    Workbook,
    /// Its first sheet as CSV: the poor and the near-poor.
    Csv,
    /// Its fourth sheet as CSV: the households without a class.
    UnassessedCsv,
    /// The lines as JSON, without salts.
    Json,
    /// The lines as JSON with their salts, from which anybody can compute the root again.
    SaltedJson,
}

/// A stored list, open.
#[derive(Debug)]
pub(super) struct OpenedRoster {
    pub(super) stored: StoredRoster,
    pub(super) lines: Vec<(RosterLine, Salt)>,
    pub(super) unassessed: Vec<(UnassessedEntry, Salt)>,
}

/// The newest list of a commune as a file.
pub async fn of_commune(
    app: &App,
    permit: &Permit,
    round: &RoundId,
    commune: UnitId,
    format: Format,
) -> Result<Vec<u8>, Refusal> {
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, commune, app.clock.today()).await?;
    if format == Format::SaltedJson {
        right.check_holds_one_of(SALT_HOLDERS)?;
    }
    let ground = Ground::of(app, &mut read, round, commune).await?;
    let opened = newest(app, &mut read, round, commune).await?.ok_or(Refusal::RosterNotFound)?;
    let names = Names::of(&mut read, &ground.commune, ground.code.clone(), ground.round.reference_on).await?;
    let described = describe(app, &mut read, &opened).await?;
    drop(read);
    log(app, &right, vec![(commune, subject(round, &opened.stored))]).await?;
    let on = day_of(opened.stored.compiled_at);
    let heading = book::heading(app, &ground.round, &names, &opened.stored);
    let lists = [OfCommune { names, opened, described }];
    let book = || book::book(heading, &lists);
    let [OfCommune { opened, .. }] = &lists;
    match format {
        Format::Workbook => Ok(write_roster(&book(), on)?),
        Format::Csv => Ok(write_csv(Sheet::Listed, &book().listed, on)),
        Format::UnassessedCsv => Ok(write_unassessed_csv(&book().unassessed)),
        Format::Json => Ok(json(&opened.file().without_salts())),
        Format::SaltedJson => Ok(json(&opened.file())),
    }
}

/// The newest lists of all communes in a unit as one workbook, with a sheet of totals.
pub async fn of_unit(app: &App, permit: &Permit, round: &RoundId, unit: UnitId) -> Result<Vec<u8>, Refusal> {
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, unit, app.clock.today()).await?;
    let round = store::round::by_id(&mut read, round).await?.ok_or(Refusal::RoundNotFound)?;
    let on = round.reference_on;
    let above = store::unit::by_id(&mut read, unit, on).await?.ok_or(Refusal::UnitNotFound)?;
    let (mut lists, mut totals) = (Vec::new(), Vec::new());
    for commune in communes_in(&mut read, &above, &round).await? {
        let code = store::unit::code_of(&mut read, commune.id, on).await?.map(|(_, code)| code);
        let names = Names::of(&mut read, &commune, code, on).await?;
        let opened = newest(app, &mut read, &round.id, commune.id).await?;
        totals.push(totals_of(&names, opened.as_ref()));
        if let Some(opened) = opened {
            let described = describe(app, &mut read, &opened).await?;
            lists.push(OfCommune { names, opened, described });
        }
    }
    let names = Names::of(&mut read, &above, None, on).await?;
    drop(read);
    let taken = lists.iter().map(|OfCommune { opened, .. }| (opened.commune(), subject(&round.id, &opened.stored)));
    log(app, &right, taken.collect()).await?;
    let root = (lists.len() == totals.len()).then(|| compiled_root(&roots(&lists)).to_string());
    let totals = CompiledTotals { communes: totals, root };
    let book = book::book(book::compiled_heading(app, &round, &names), &lists);
    Ok(write_compiled(&book, &totals, compiled_on(app, &lists))?)
}

fn roots(lists: &[OfCommune]) -> Vec<(UnitId, Hash)> {
    lists.iter().map(|one| (one.opened.commune(), one.opened.stored.root)).collect()
}

/// The day of the newest of the lists, so that the same lists give the same file.
fn compiled_on(app: &App, lists: &[OfCommune]) -> Date {
    let days = lists.iter().map(|one| day_of(one.opened.stored.compiled_at));
    days.max().unwrap_or_else(|| app.clock.today())
}

fn totals_of(names: &Names, opened: Option<&OpenedRoster>) -> CommuneTotals {
    let list = |opened: &OpenedRoster| {
        let counts = Counts::of(opened.lines.iter().map(|(line, _)| line));
        let pair = |count: super::Count| (count.households, count.people);
        ListTotals {
            reviewed: opened.stored.header.approved,
            poor: pair(counts.poor),
            near_poor: pair(counts.near_poor),
            escaped_poor: pair(counts.escaped_poor),
            escaped_near_poor: pair(counts.escaped_near_poor),
            unassessed: opened.unassessed.len() as u64,
            root: opened.stored.root.to_string(),
        }
    };
    CommuneTotals { name: names.commune.clone(), code: names.commune_code.clone(), list: opened.map(list) }
}

/// The communes in a unit that the round covers, in the order of the tree; the unit itself when it is one.
async fn communes_in(read: &mut Read, unit: &Unit, round: &Round) -> Result<Vec<Unit>, Refusal> {
    let (mut communes, mut open) = (Vec::new(), vec![unit.clone()]);
    while let Some(unit) = open.pop() {
        match unit.level {
            Level::Village => {}
            Level::Commune => {
                let covered = store::unit::is_within(read, unit.id, round.unit, round.reference_on).await?;
                communes.extend(covered.then_some(unit));
            }
            Level::Nation | Level::Province | Level::District => {
                open.extend(store::unit::children(read, unit.id, round.reference_on).await?.into_iter().rev());
            }
        }
    }
    Ok(communes)
}

/// The key of a household, which may have moved to another commune since.
async fn key_of_household(app: &App, read: &mut Read, id: HouseholdId) -> Result<HouseholdKey, Refusal> {
    let home = store::household::by_id(read, id).await?.ok_or(Refusal::HouseholdNotFound)?;
    key_of(app, &home)
}

/// Opens the newest list of a commune; `None` before the first.
pub(super) async fn newest(
    app: &App,
    read: &mut Read,
    round: &RoundId,
    commune: UnitId,
) -> Result<Option<OpenedRoster>, Refusal> {
    let Some(stored) = store::roster::newest(read, commune, round).await? else { return Ok(None) };
    let (mut lines, mut unassessed) = (Vec::new(), Vec::new());
    for leaf in store::roster::lines(read, commune, round, stored.number).await? {
        let key = key_of_household(app, read, leaf.household).await?;
        match leaf.kind {
            LeafKind::Line => {
                let text = key.open(Subject::RosterLine(round.as_str()), &leaf.sealed)?;
                lines.push((parsed(&text)?, salt(&key, round)));
            }
            LeafKind::Unassessed => {
                let text = key.open(Subject::RosterUnassessed(round.as_str()), &leaf.sealed)?;
                unassessed.push((parsed(&text)?, unassessed_salt(&key, round)));
            }
        }
    }
    let opened = OpenedRoster { stored, lines, unassessed };
    if opened.root() == opened.stored.root { Ok(Some(opened)) } else { Err(Refusal::RosterAltered) }
}

fn parsed<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(text).map_err(|_| Refusal::RosterAltered)
}

fn subject(round: &RoundId, roster: &StoredRoster) -> String {
    format!("roster/{round}/{}", roster.number)
}

async fn log(app: &App, right: &Right, taken: Vec<(UnitId, String)>) -> Result<(), Refusal> {
    let (at, account) = (app.clock.now(), right.account());
    let written: Result<(), StoreError> = app
        .store
        .write("roster/export", move |tx| {
            Box::pin(async move {
                for (commune, subject) in taken {
                    let access = Access { commune, at, account, action: AccessAction::Exported, subject };
                    store::access_log::append(tx, &access).await?;
                }
                Ok(())
            })
        })
        .await;
    Ok(written?)
}

fn json(file: &RosterFile) -> Vec<u8> {
    // Plain data with text keys: nothing here that JSON cannot hold.
    serde_json::to_vec_pretty(file).expect("plain data")
}

impl OpenedRoster {
    fn commune(&self) -> UnitId {
        self.stored.header.commune.id
    }

    fn root(&self) -> Hash {
        let lines = self.lines.iter().map(|(line, salt)| (line, *salt));
        root(&self.stored.header, lines, self.unassessed.iter().map(|(entry, salt)| (entry, *salt)))
    }

    fn file(&self) -> RosterFile {
        RosterFile::new(self.stored.root, self.stored.header.clone(), &self.lines, &self.unassessed)
    }
}
