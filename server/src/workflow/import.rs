//! Last year's list into the database: every household of a workbook that is of one commune, for one round.
//!
//! Owns the order of an import and its promises: a dry run is the same work without the writing; a file imported twice
//! changes nothing; what a person has edited is never overwritten; every row of the file ends in the data or in the
//! report. What a cell means is the business of `documents`, what a document holds that of `sync-protocol`.

mod answers;
mod batch;
mod entry;
mod identity;
mod place;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use schemas::form::Form;
use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::ledger::{Decision, Hash, LedgerEntry};

use self::batch::Batch;
use self::entry::{Context, Entry, Prepared};
use self::place::Village;
use self::reading::{Entrant, Reading, Remark, Report, Sorter};
use super::logbook::Logbook;
use super::permit::Permit;
use super::{Refusal, ledger};
use crate::app::App;
use crate::documents::workbook::{self, Done, Options, ReportLine, Severity, Summary};
use crate::domain::account::Login;
use crate::domain::role::Role;
use crate::domain::round::{Round, RoundState};
use crate::domain::unit::{Level, Unit, UnitAttributes};
use crate::store::{self, Read, Tx};

/// Households that are judged and written together: small enough that phones do not wait behind an import.
const BATCH: usize = 200;
/// How often households are judged anew because somebody else's work came between.
const ATTEMPTS: usize = 8;

/// A file to be imported.
#[derive(Clone, Debug)]
pub struct Order {
    /// The commune whose households are taken.
    pub commune: UnitId,
    /// The round they are to be reviewed in.
    pub round: RoundId,
    /// The workbook.
    pub file: PathBuf,
    /// Whether anything is written.
    pub mode: Mode,
}

/// Whether an import writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Says what would be done.
    DryRun,
    /// Does it.
    Write,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The file is being read; the row just read.
    Reading {
        /// Counted from 1, anew on each sheet.
        row: u32,
    },
    /// Households are being taken over.
    Taking {
        /// So many are done.
        done: usize,
        /// Of so many.
        all: usize,
    },
}

/// Hears how far an import is.
pub type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// What an import did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Households by what became of them.
    pub counts: Counts,
    /// Counts of the file.
    pub summary: Summary,
    /// Every line of the report: first what the file's reader says, then what became of households.
    pub lines: Vec<ReportLine>,
}

/// Households of a file by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New in this round.
    pub added: u64,
    /// Imported before and corrected now.
    pub changed: u64,
    /// Imported before, and the list says nothing else now.
    pub unchanged: u64,
    /// Left out; the report says why, row by row.
    pub left_out: u64,
    /// On the list of an earlier import and not in this file: nothing was done about them.
    pub no_longer_listed: u64,
    /// Villages that the tree lacked.
    pub new_villages: u64,
}

/// Makes sure that somebody may import into a commune and round, before a long file is sent.
pub async fn check(app: &App, permit: &Permit, commune: UnitId, round: &RoundId) -> Result<(), Refusal> {
    permit.on(&mut app.store.read().await?, commune, app.clock.today()).await?;
    Target::load(app, commune, round).await.map(|_| ())
}

/// The account in whose name the command line works: the one with this login, else the first administrator of the tree.
pub async fn importer(app: &App, login: Option<&Login>) -> Result<AccountId, Refusal> {
    let mut read = app.store.read().await?;
    if let Some(login) = login {
        let account = store::account::by_login(&mut read, login).await?;
        return account.map(|account| account.id).ok_or(Refusal::AccountNotFound);
    }
    for root in store::unit::roots(&mut read, app.clock.today()).await? {
        for account in store::account::within(&mut read, root.id, app.clock.today()).await? {
            let grants = store::grant::effective(&mut read, account.id, app.clock.now()).await?;
            if grants.iter().any(|grant| grant.role == Role::Administrator && grant.unit == root.id) {
                return Ok(account.id);
            }
        }
    }
    Err(Refusal::AccountNotFound)
}

/// Imports a file for somebody with a right on the commune.
pub async fn import(app: &App, permit: &Permit, order: Order, listener: Listener) -> Result<Imported, Refusal> {
    let today = app.clock.today();
    let right = permit.on(&mut app.store.read().await?, order.commune, today).await?;
    import_as(app, right.account(), order, listener).await
}

/// Imports a file in the name of an account. For the command line, whose user holds the machine itself.
pub async fn import_as(app: &App, importer: AccountId, order: Order, listener: Listener) -> Result<Imported, Refusal> {
    let target = Target::load(app, order.commune, &order.round).await?;
    let Reading { file, found, mut report } = read(app, &order, listener.clone()).await?;
    let all = found.len() as u64;
    let mut sorter = Sorter {
        commune: order.commune,
        commune_name: &target.commune.attributes.name,
        villages: target.villages.clone(),
        seen: Default::default(),
    };
    let entrants: Vec<Entrant> = found.into_iter().filter_map(|found| sorter.take(found, &mut report)).collect();
    let mut villages = sorter.villages;
    let mut counts = Counts { left_out: all - entrants.len() as u64, ..Counts::default() };
    counts.new_villages = villages.iter().filter(|village| village.id.is_none()).count() as u64;
    if order.mode == Mode::Write && counts.new_villages > 0 {
        villages = make_villages(app, &target, villages).await?;
    }
    let context = Context::new(app, &target.round, order.commune, target.form.clone(), importer);
    let mut run = Run { context, order: &order, villages, report, counts };
    run.take_all(&entrants, &listener).await?;
    run.counts.no_longer_listed = run.no_longer_listed(&entrants).await?;
    run.record(file).await?;
    Ok(Imported { counts: run.counts, summary: run.report.summary, lines: run.report.lines })
}

/// Reads the file away from the tasks that serve.
async fn read(app: &App, order: &Order, listener: Listener) -> Result<Reading, Refusal> {
    let (reader, path, options) = (app.workbooks, order.file.clone(), Options { as_of: app.clock.today() });
    let reading = tokio::task::spawn_blocking(move || reading::read(reader, &path, options, &*listener));
    // The task panics or is cancelled only with the whole program going down; then nothing was written.
    let lost = |_| workbook::Refusal::ReaderFailed { detail: "panic".to_owned() };
    Ok(reading.await.map_err(lost)??)
}

/// Where a file is imported to.
struct Target {
    commune: Unit,
    round: Round,
    villages: Vec<Village>,
    form: Arc<Form>,
}

impl Target {
    async fn load(app: &App, commune: UnitId, round: &RoundId) -> Result<Self, Refusal> {
        let today = app.clock.today();
        let mut read = app.store.read().await?;
        let commune = store::unit::by_id(&mut read, commune, today).await?;
        let commune = commune.filter(|unit| unit.level == Level::Commune).ok_or(Refusal::UnitNotFound)?;
        let round = open_round(&mut read, round).await?;
        if !store::unit::is_within(&mut read, commune.id, round.unit, today).await? {
            return Err(Refusal::RoundNotFound);
        }
        let form = app.standards.form(&round.form_version).cloned();
        let form = form.ok_or_else(|| Refusal::FormUnknown(round.form_version.clone()))?;
        let villages = villages_of(&mut read, commune.id, today).await?;
        Ok(Self { commune, round, villages, form })
    }
}

async fn open_round(read: &mut Read, id: &RoundId) -> Result<Round, Refusal> {
    let round = store::round::by_id(read, id).await?.ok_or(Refusal::RoundNotFound)?;
    match round.state {
        RoundState::Planned | RoundState::Open => Ok(round),
        RoundState::Closed => Err(Refusal::RoundClosed),
    }
}

async fn villages_of(read: &mut Read, commune: UnitId, on: jiff::civil::Date) -> Result<Vec<Village>, Refusal> {
    let children = store::unit::children(read, commune, on).await?;
    let villages = children.into_iter().filter(|unit| unit.level == Level::Village);
    Ok(villages.map(|unit| Village { id: Some(unit.id), name: unit.attributes.name }).collect())
}

/// Makes the villages that the list brings. They are as old as their commune, as far as anybody has said, and count as
/// the same area and region until an office says otherwise.
async fn make_villages(app: &App, target: &Target, villages: Vec<Village>) -> Result<Vec<Village>, Refusal> {
    let (commune, today) = (target.commune.clone(), app.clock.today());
    app.store
        .write("import/villages", move |tx| {
            Box::pin(async move {
                let mut made = Vec::with_capacity(villages.len());
                for village in villages {
                    made.push(Village { id: Some(village_id(tx, &commune, &village, today).await?), ..village });
                }
                Ok(made)
            })
        })
        .await
}

async fn village_id(
    tx: &mut Tx,
    commune: &Unit,
    village: &Village,
    today: jiff::civil::Date,
) -> Result<UnitId, Refusal> {
    if let Some(id) = village.id {
        return Ok(id);
    }
    // Another import may have made it since the tree was read.
    let known = villages_of(tx, commune.id, today).await?;
    if let Some(id) = known.iter().find(|known| known.name == village.name).and_then(|known| known.id) {
        return Ok(id);
    }
    let attributes = UnitAttributes {
        parent: Some(commune.id),
        name: village.name.clone(),
        name_en: None,
        ..commune.attributes.clone()
    };
    Ok(store::unit::insert(tx, Level::Village, commune.validity, &attributes).await?)
}

/// An import under way.
struct Run<'a> {
    context: Context<'a>,
    order: &'a Order,
    villages: Vec<Village>,
    report: Report,
    counts: Counts,
}

impl Run<'_> {
    async fn take_all(&mut self, entrants: &[Entrant], listener: &Listener) -> Result<(), Refusal> {
        let all = entrants.len();
        for (batch, some) in entrants.chunks(BATCH).enumerate() {
            let mut waiting: Vec<usize> = (0..some.len()).collect();
            for _ in 0..ATTEMPTS {
                let judged = self.judge(some, &waiting).await?;
                waiting = self.settle(some, judged).await?;
                if waiting.is_empty() {
                    break;
                }
            }
            for at in waiting {
                let remark = Remark::new("household/busy", "hộ đang có người sửa", "somebody is editing it right now");
                self.leave_out(&some[at], &remark);
            }
            listener(Progress::Taking { done: batch * BATCH + some.len(), all });
        }
        Ok(())
    }

    /// Judges households of a batch; which and what becomes of each.
    async fn judge(&mut self, entrants: &[Entrant], places: &[usize]) -> Result<Vec<(usize, Entry)>, Refusal> {
        let mut read = self.context.app.store.read().await?;
        let mut judged = Vec::with_capacity(places.len());
        for at in places {
            let entrant = &entrants[*at];
            // A dry run makes no villages, and nothing that it says depends on which one a new household is in.
            let village = self.villages[entrant.village].id.unwrap_or(self.order.commune);
            judged.push((*at, self.context.judge(&mut read, entrant, village).await?));
            // A millisecond of work each: phones that sync meanwhile get their turn.
            tokio::task::yield_now().await;
        }
        Ok(judged)
    }

    /// Writes what is to be written and counts; the places of households that moved on meanwhile.
    async fn settle(&mut self, entrants: &[Entrant], judged: Vec<(usize, Entry)>) -> Result<Vec<usize>, Refusal> {
        let (mut prepared, mut written) = (Vec::new(), Vec::new());
        for (at, entry) in judged {
            match entry {
                Entry::Unchanged => self.taken(&entrants[at], None),
                Entry::NotTaken(remark) => self.leave_out(&entrants[at], &remark),
                Entry::Write(household) => {
                    written.push((at, household.opened.state.is_none(), household.opened.home.village));
                    prepared.push((at, *household));
                }
            }
        }
        let moved = match self.order.mode {
            Mode::DryRun => BTreeSet::new(),
            Mode::Write if prepared.is_empty() => BTreeSet::new(),
            Mode::Write => self.write(prepared).await?,
        };
        for (at, is_new, village) in written.into_iter().filter(|(at, ..)| !moved.contains(at)) {
            self.taken(&entrants[at], Some((is_new, village)));
        }
        Ok(moved.into_iter().collect())
    }

    async fn write(&self, households: Vec<(usize, Prepared)>) -> Result<BTreeSet<usize>, Refusal> {
        let batch = Batch {
            commune: self.order.commune,
            round: self.order.round.clone(),
            importer: self.context.importer,
            now: self.context.app.clock.now(),
            logbook: Logbook::new(self.context.app),
            households,
        };
        let store = &self.context.app.store;
        let moved = store.write_in(batch.commune, "import/households", move |tx| Box::pin(batch.write(tx))).await?;
        Ok(moved.into_iter().collect())
    }

    /// Counts a household that is taken: `None` when nothing was new, else whether it is new and where it belongs.
    fn taken(&mut self, entrant: &Entrant, written: Option<(bool, UnitId)>) {
        match written {
            None => self.counts.unchanged += 1,
            Some((true, _)) => self.counts.added += 1,
            Some((false, _)) => self.counts.changed += 1,
        }
        let listed = &self.villages[entrant.village];
        let elsewhere = written.is_some_and(|(_, village)| listed.id.is_some_and(|listed| listed != village));
        if elsewhere {
            let (vi, en) =
                ("hộ đang thuộc thôn khác; giữ nguyên thôn", "it belongs to another village, and stays there");
            let remark = Remark::new("household/other-village", vi, en).was(listed.name.clone());
            self.report.remark(&entrant.found, &remark, Done::CellLeftOut);
        }
    }

    fn leave_out(&mut self, entrant: &Entrant, remark: &Remark) {
        self.counts.left_out += 1;
        self.report.leave_out(&entrant.found, Severity::Warning, remark);
    }

    async fn no_longer_listed(&self, entrants: &[Entrant]) -> Result<u64, Refusal> {
        let here: BTreeSet<HouseholdId> = entrants.iter().map(|entrant| entrant.id).collect();
        let mut read = self.context.app.store.read().await?;
        let listed = store::listing::of_commune(&mut read, self.order.commune, &self.order.round).await?;
        let gone = listed.iter().filter(|listed| listed.sealed.is_some() && !here.contains(&listed.household));
        Ok(gone.count() as u64)
    }

    /// Writes down that the file was imported, once for each file.
    async fn record(&mut self, file: Hash) -> Result<(), Refusal> {
        let households = self.counts.added + self.counts.changed + self.counts.unchanged;
        if self.order.mode == Mode::DryRun || households == 0 {
            return Ok(());
        }
        let (commune, round) = (self.order.commune, self.order.round.clone());
        let (importer, now) = (self.context.importer, self.context.app.clock.now());
        self.context
            .app
            .store
            .write_in(commune, "import/record", move |tx| {
                Box::pin(async move {
                    if was_imported(tx, commune, &round, file).await? {
                        return Ok(());
                    }
                    let decision = Decision::ListImported { round, file, households };
                    ledger::append(tx, commune, now, Some(importer), decision).await.map(|_| ())
                })
            })
            .await
    }
}

async fn was_imported(tx: &mut Tx, commune: UnitId, of: &RoundId, sought: Hash) -> Result<bool, Refusal> {
    let texts = store::ledger::texts(tx, commune).await?;
    let entries = texts.iter().filter_map(|text| serde_json::from_str::<LedgerEntry>(text).ok());
    let is_same = |decision: &Decision| matches!(decision, Decision::ListImported { round, file, .. } if round == of && *file == sought);
    Ok(entries.into_iter().any(|entry| is_same(&entry.decision)))
}
