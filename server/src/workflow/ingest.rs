//! Writing a judged segment: everything about it in one savepoint, or nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use schemas::ledger::Decision;
use sync_protocol::actor::Author;
use sync_protocol::authority::{Effect, Judged};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::{JournalEntry, Scope};
use sync_protocol::segment::Segment;
use sync_protocol::verdict::Verdict;

use super::Refusal;
use super::document::Opened;
use super::intake::{JudgedSegment, Moved};
use super::ledger;
use super::logbook::Logbook;
use super::waiting::{Aftermath, heads_after};
use crate::app::App;
use crate::domain::field::{StoredChange, StoredSegment};
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::seal::Subject;
use crate::store::{self, Tx};

/// One entry as it will be written.
enum Line {
    Change {
        household: HouseholdId,
        change: StoredChange,
    },
    Command {
        entry: u64,
        sealed: Vec<u8>,
    },
    Blob {
        household: HouseholdId,
        hash: sync_protocol::hash::BlobHash,
        size_bytes: u64,
    },
    /// Bytes that are not what the journal names: only that they came.
    Unproven(SecurityEvent),
}

/// All that is written about one segment.
struct Batch {
    segment: StoredSegment,
    commune: UnitId,
    documents: BTreeMap<HouseholdId, Opened>,
    lines: Vec<Line>,
    aftermath: BTreeMap<HouseholdId, Aftermath>,
    before: BTreeMap<(HouseholdId, ChangeHash), Verdict>,
    moved: BTreeMap<HouseholdId, Moved>,
    logbook: Logbook,
    now: Timestamp,
    decision: Option<Replacing>,
    of_office: bool,
}

/// A reviewer's change that says again what a refused one wanted.
pub(super) struct Replacing {
    /// The household.
    pub(super) household: HouseholdId,
    /// The refused change.
    pub(super) change: ChangeHash,
    /// Who decided.
    pub(super) by: AccountId,
    /// What is written to the ledger.
    pub(super) decision: Decision,
}

/// Writes a judged segment. `false` when a document it was judged on has moved meanwhile: nothing was written then.
///
/// `decision`: what the office decided by it, to be written down in the same breath.
pub(super) async fn write(
    app: &App,
    segment: &Segment,
    commune: UnitId,
    judged: JudgedSegment,
    decision: Option<Replacing>,
) -> Result<bool, Refusal> {
    let mut batch = Batch::new(app, segment, commune, judged)?;
    batch.decision = decision;
    batch.of_office = segment.author().key.0 == app.server_public_key();
    app.store.write("segment/take", move |tx| Box::pin(batch.write(tx))).await
}

impl Batch {
    fn new(app: &App, segment: &Segment, commune: UnitId, judged: JudgedSegment) -> Result<Self, Refusal> {
        let now = app.clock.now();
        let JudgedSegment { documents, effects, aftermath, moved, beacons, before } = judged;
        let mut lines = Vec::new();
        for (entry, effect) in segment.entries().iter().zip(effects) {
            let seen_at = entry.beacon.and_then(|beacon| beacons.get(&beacon));
            let seen_at = seen_at.and_then(|at| Timestamp::from_millisecond(*at).ok());
            let times = Times { seen_at, received_at: now };
            lines.extend(line(app, &documents, *segment.author(), entry, effect, times)?);
        }
        Ok(Self {
            segment: evidence(segment, now),
            commune,
            documents,
            lines,
            aftermath,
            before,
            moved,
            logbook: Logbook::new(app),
            now,
            decision: None,
            of_office: false,
        })
    }

    async fn write(mut self, tx: &mut Tx) -> Result<bool, Refusal> {
        if !self.stands_as_judged(tx).await? {
            return Ok(false);
        }
        store::segment::put(tx, self.commune, &self.segment).await?;
        let mut heads: BTreeMap<HouseholdId, Vec<ChangeHash>> = BTreeMap::new();
        for line in std::mem::take(&mut self.lines) {
            self.line(tx, line, &mut heads).await?;
        }
        for (household, after) in std::mem::take(&mut self.aftermath) {
            self.follow(tx, household, &after, &mut heads).await?;
        }
        for household in heads.into_keys() {
            self.store_document(tx, household).await?;
        }
        if let Some(replacing) = self.decision.take() {
            self.supersede(tx, replacing).await?;
        }
        self.logbook.close(tx).await?;
        Ok(true)
    }

    /// Whether nothing that the segment was judged on has moved since.
    async fn stands_as_judged(&self, tx: &mut Tx) -> Result<bool, Refusal> {
        for opened in self.documents.values() {
            let stored = store::document::by_key(tx, &opened.place()).await?;
            let home = store::household::by_id(tx, opened.home.id).await?;
            let moved = stored.as_ref().map(|state| &state.heads) != opened.state.as_ref().map(|state| &state.heads);
            if moved
                || home.is_some_and(|home| {
                    home.village != opened.home.village || home.wrapped_key != opened.home.wrapped_key
                })
            {
                return Ok(false);
            }
        }
        // An exit that was taken since moves no document, and is not taken back.
        for line in &self.lines {
            let Line::Change { household, change } = line else { continue };
            let kept = store::change::by_hash(tx, &self.documents[household].place(), change.hash).await?;
            if kept.map(|kept| kept.verdict).as_ref() != self.before.get(&(*household, change.hash)) {
                return Ok(false);
            }
        }
        for (household, after) in &self.aftermath {
            if !after.holds(tx, &self.documents[household].place()).await? {
                return Ok(false);
            }
        }
        // The office's journals are written here and nowhere else: two writers of one would fork it.
        let is_next = !self.of_office
            || store::segment::last_of_author(tx, &self.segment.author).await? + 1 == self.segment.entries.0;
        Ok(is_next)
    }

    /// Writes what follows from a document's moving on.
    async fn follow(
        &mut self,
        tx: &mut Tx,
        household: HouseholdId,
        after: &Aftermath,
        heads: &mut BTreeMap<HouseholdId, Vec<ChangeHash>>,
    ) -> Result<(), Refusal> {
        let place = self.documents[&household].place();
        let given = after.give(tx, &place).await?;
        for hash in &after.freed {
            self.accept(tx, household, *hash, heads).await?;
        }
        let scope = self.scope(household);
        for (hash, verdict) in given {
            self.logbook.judged(tx, (place.commune, &scope), household, hash, verdict).await?;
        }
        Ok(())
    }

    async fn supersede(&mut self, tx: &mut Tx, replacing: Replacing) -> Result<(), Refusal> {
        let Replacing { household, change, by, decision } = replacing;
        let place = self.documents[&household].place();
        // Under the writer's lock: another exit may have been taken since the reviewer's change was made.
        let kept = store::change::by_hash(tx, &place, change).await?;
        if !kept.is_some_and(|kept| kept.verdict.is_open()) {
            return Err(Refusal::AlreadyDecided);
        }
        store::change::set_verdict(tx, &place, change, Verdict::Superseded, None).await?;
        let scope = self.scope(household);
        self.logbook.judged(tx, (place.commune, &scope), household, change, Verdict::Superseded).await?;
        ledger::append(tx, place.commune, self.now, Some(by), decision).await?;
        Ok(())
    }

    async fn line(
        &mut self,
        tx: &mut Tx,
        line: Line,
        heads: &mut BTreeMap<HouseholdId, Vec<ChangeHash>>,
    ) -> Result<(), Refusal> {
        match line {
            Line::Change { household, change } => {
                let opened = &self.documents[&household];
                if store::household::by_id(tx, household).await?.is_none() {
                    store::household::insert(tx, &opened.home).await?;
                }
                let place = opened.place();
                store::change::put(tx, place.commune, &place.round, &change).await?;
                match change.verdict {
                    Verdict::Accepted => self.accept(tx, household, change.hash, heads).await?,
                    verdict => {
                        let scope = self.scope(household);
                        let log = (self.documents[&household].home.commune, &scope);
                        self.logbook.judged(tx, log, household, change.hash, verdict).await?;
                    }
                }
            }
            Line::Unproven(event) => store::security_event::append(tx, &event).await?,
            Line::Command { entry, sealed } => {
                let id = (self.segment.head, entry);
                store::segment::put_command(tx, self.commune, id, self.now, &sealed).await?;
            }
            Line::Blob { household, hash, size_bytes } => {
                store::segment::announce_blob(tx, self.commune, (household, hash), size_bytes, self.now).await?;
            }
        }
        Ok(())
    }

    fn scope(&self, household: HouseholdId) -> Scope {
        let opened = &self.documents[&household];
        Scope { village: opened.home.village, round: opened.history.genesis().round.clone() }
    }

    async fn accept(
        &mut self,
        tx: &mut Tx,
        household: HouseholdId,
        hash: ChangeHash,
        heads: &mut BTreeMap<HouseholdId, Vec<ChangeHash>>,
    ) -> Result<(), Refusal> {
        let scope = self.scope(household);
        let opened = &self.documents[&household];
        let log = (opened.home.commune, &scope);
        let before = match heads.get(&household) {
            Some(heads) => heads.clone(),
            None => {
                if opened.state.is_none() {
                    self.logbook.entered(tx, log, household).await?;
                }
                opened.stored_heads().to_vec()
            }
        };
        let after = heads_after(opened, &before, hash);
        self.logbook.changed(tx, log, household, hash, (&before, &after)).await?;
        heads.insert(household, after);
        Ok(())
    }

    async fn store_document(&mut self, tx: &mut Tx, household: HouseholdId) -> Result<(), Refusal> {
        let opened = &self.documents[&household];
        let moved = self.moved.get(&household);
        let state = opened.state_with(moved.map(|moved| moved.saved.clone()));
        let place = opened.place();
        store::document::put(tx, &place, &state).await?;
        if let Some(Moved { shown, .. }) = moved {
            shown.put(tx, &place).await?;
        }
        Ok(())
    }
}

/// Between which moments an entry was written.
#[derive(Clone, Copy)]
struct Times {
    seen_at: Option<Timestamp>,
    received_at: Timestamp,
}

fn line(
    app: &App,
    documents: &BTreeMap<HouseholdId, Opened>,
    author: Author,
    entry: &JournalEntry,
    effect: Effect,
    Times { seen_at, received_at }: Times,
) -> Result<Option<Line>, Refusal> {
    let verdict = effect.verdict();
    let (judged, reason) = match effect {
        Effect::Accept(judged) | Effect::Hold(judged, _) => (judged, None),
        Effect::Reject(judged, _, reason) => (judged, Some(reason)),
        Effect::Stands(_) => return Ok(None),
        Effect::Unproven(_, reason) => {
            let subject = format!("{} {}/{} {} {reason}", author.device(), author.epoch, entry.number, verdict.slug());
            let (kind, actor) = (SecurityEventKind::ChangeRefused, Some(author.account));
            return Ok(Some(Line::Unproven(SecurityEvent { at: received_at, kind, actor, subject })));
        }
        Effect::Command(request) => {
            let sealed = app.master_key.seal(Subject::Command, &request, &app.chance)?;
            return Ok(Some(Line::Command { entry: entry.number, sealed }));
        }
        Effect::Blob { household, hash, size_bytes } => return Ok(Some(Line::Blob { household, hash, size_bytes })),
    };
    let Judged { household, hash, bytes } = judged;
    let sealed = documents[&household].key.seal(Subject::Change(&hash.0), &bytes, &app.chance)?;
    let (entry, wall_ms) = (entry.number, entry.wall_ms);
    let change =
        StoredChange { household, hash, author, entry, wall_ms, seen_at, received_at, verdict, reason, sealed };
    Ok(Some(Line::Change { household, change }))
}

/// The segment without the changes themselves: those are kept under their households' keys.
fn evidence(segment: &Segment, received_at: Timestamp) -> StoredSegment {
    let numbers: Vec<u64> = segment.entries().iter().map(|entry| entry.number).collect();
    StoredSegment {
        head: segment.head().unwrap_or(sync_protocol::hash::EntryHash([0; 32])),
        author: *segment.author(),
        entries: (numbers.first().copied().unwrap_or_default(), numbers.last().copied().unwrap_or_default()),
        scope: segment.scope().clone(),
        received_at,
        journal: segment.evidence(),
    }
}
