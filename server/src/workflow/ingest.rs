//! Writing a judged segment: everything about it in one savepoint, or nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use schemas::ledger::Decision;
use sync_protocol::actor::Author;
use sync_protocol::authority::{Effect, Judged};
use sync_protocol::hash::{ChangeHash, EntryHash};
use sync_protocol::journal::{JournalEntry, Scope};
use sync_protocol::segment::Segment;
use sync_protocol::verdict::Verdict;

use super::Refusal;
use super::document::Opened;
use super::intake::{JudgedSegment, Moved};
use super::ledger;
use super::logbook::Logbook;
use crate::app::App;
use crate::domain::blob::{Announcement, BlobId};
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
        entry: (EntryHash, u64),
        sealed: Vec<u8>,
    },
    Blob(Announcement),
    /// Bytes that are not what the journal names: only that they came.
    Unproven(SecurityEvent),
}

/// All that is written about one segment.
struct Batch {
    segment: StoredSegment,
    commune: UnitId,
    documents: BTreeMap<HouseholdId, Opened>,
    lines: Vec<Line>,
    freed: Vec<(HouseholdId, ChangeHash)>,
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
        let JudgedSegment { documents, effects, freed, moved } = judged;
        let mut lines = Vec::new();
        for (entry, effect) in segment.entries().iter().zip(effects) {
            lines.extend(line(app, &documents, (*segment.author(), segment.scope()), entry, effect, now)?);
        }
        Ok(Self {
            segment: evidence(segment, now),
            commune,
            documents,
            lines,
            freed,
            moved,
            logbook: Logbook::new(app),
            now,
            decision: None,
            of_office: false,
        })
    }

    async fn write(mut self, tx: &mut Tx) -> Result<bool, Refusal> {
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
        // The office's journals are written here and nowhere else: two writers of one would fork it.
        if self.of_office
            && store::segment::last_of_author(tx, &self.segment.author).await? + 1 != self.segment.entries.0
        {
            return Ok(false);
        }
        store::segment::put(tx, self.commune, &self.segment).await?;
        let mut heads: BTreeMap<HouseholdId, Vec<ChangeHash>> = BTreeMap::new();
        for line in std::mem::take(&mut self.lines) {
            self.line(tx, line, &mut heads).await?;
        }
        for (household, hash) in std::mem::take(&mut self.freed) {
            let place = self.documents[&household].place();
            store::change::set_verdict(tx, &place, hash, Verdict::Accepted, None).await?;
            self.accept(tx, household, hash, &mut heads).await?;
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
                store::segment::put_command(tx, self.commune, entry, self.now, &sealed).await?;
            }
            Line::Blob(announcement) => store::blob::announce(tx, self.commune, &announcement).await?,
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
        let deps = opened.history.node(&hash).map(|node| node.entry.deps.as_slice()).unwrap_or_default();
        let mut after: Vec<ChangeHash> = before.iter().copied().filter(|head| !deps.contains(head)).collect();
        after.push(hash);
        after.sort_unstable();
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

fn line(
    app: &App,
    documents: &BTreeMap<HouseholdId, Opened>,
    (author, scope): (Author, &Scope),
    entry: &JournalEntry,
    effect: Effect,
    now: Timestamp,
) -> Result<Option<Line>, Refusal> {
    let verdict = effect.verdict();
    let (judged, reason) = match effect {
        Effect::Accept(judged) | Effect::Hold(judged, _) => (judged, None),
        Effect::Reject(judged, _, reason) => (judged, Some(reason)),
        Effect::Stands(_) => return Ok(None),
        Effect::Unproven(rejection, reason) => {
            let event = unproven(author, entry, &format!("{} {reason}", Verdict::Rejected(rejection).slug()), now);
            return Ok(Some(Line::Unproven(event)));
        }
        Effect::Command(request) => {
            let sealed = app.master_key.seal(Subject::Command, &request, &app.chance)?;
            return Ok(Some(Line::Command { entry: (entry.hash(), entry.number), sealed }));
        }
        Effect::Blob { household, hash, size_bytes } => {
            return Ok(Some(Line::Blob(announced(author, scope, BlobId { household, hash }, size_bytes, now))));
        }
    };
    let Judged { household, hash, bytes } = judged;
    let sealed = documents[&household].key.seal(Subject::Change(&hash.0), &bytes, &app.chance)?;
    let change = StoredChange {
        household,
        hash,
        author,
        entry: entry.number,
        wall_ms: entry.wall_ms,
        received_at: now,
        verdict,
        reason,
        sealed,
    };
    Ok(Some(Line::Change { household, change }))
}

fn unproven(author: Author, entry: &JournalEntry, why: &str, at: Timestamp) -> SecurityEvent {
    let subject = format!("{} {}/{} {why}", author.device(), author.epoch, entry.number);
    SecurityEvent { at, kind: SecurityEventKind::ChangeRefused, actor: Some(author.account), subject }
}

fn announced(author: Author, scope: &Scope, id: BlobId, size_bytes: u64, announced_at: Timestamp) -> Announcement {
    let (device, account, round) = (author.device(), author.account, scope.round.clone());
    Announcement { id, device, account, round, size_bytes, announced_at }
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
