//! Writing a judged segment: everything about it in one savepoint, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::ledger::Decision;
use sync_protocol::actor::Author;
use sync_protocol::authority::{Effect, Judged};
use sync_protocol::chapter::Proven;
use sync_protocol::hash::{ChangeHash, EntryHash};
use sync_protocol::journal::{JournalEntry, Scope};
use sync_protocol::segment::Segment;
use sync_protocol::verdict::Verdict;

use super::Refusal;
use super::document::Opened;
use super::intake::{JudgedSegment, Moved};
use super::ledger;
use super::logbook::Logbook;
use super::shown::Shown;
use super::waiting::{Aftermath, heads_after};
use crate::app::App;
use crate::domain::blob::{Announcement, BlobId};
use crate::domain::field::{
    DocumentKey, DocumentStanding, DocumentState, GivenBack, Home, StoredChange, StoredChapter, StoredSegment,
};
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::seal::Subject;
use crate::store::{self, Part, Parts, Tx};

/// One entry as it will be written.
enum Line {
    Change(StoredChange),
    Command {
        entry: (EntryHash, u64),
        sealed: Vec<u8>,
    },
    Blob(Announcement),
    /// Bytes that are not what the journal names: only that they came.
    Unproven(SecurityEvent),
}

/// What proves that the changes of a batch were written.
enum Evidence {
    /// A segment of their author's journal.
    Segment(StoredSegment),
    /// Rows under a head that the server itself had signed, and the changes that came back with them.
    Chapter(StoredChapter, Vec<(HouseholdId, ChangeHash)>),
}

/// All that is written about one segment, or about one chapter.
struct Batch {
    evidence: Evidence,
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

/// Documents of one commune and round, and what is shown of them.
#[derive(Default)]
struct Together<'a> {
    states: Vec<DocumentState>,
    shown: Vec<&'a Shown>,
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
    let author = *segment.author();
    let written = segment.entries().iter();
    let scope = segment.scope();
    let seen_at = |entry: &JournalEntry| entry.beacon.and_then(|beacon| judged.beacons.get(&beacon).copied());
    let written: Vec<Written<'_>> = written
        .map(|entry| Written { author, came: Some((entry, scope)), wall_ms: entry.wall_ms, seen_at: seen_at(entry) })
        .collect();
    let proof = Evidence::Segment(evidence(segment, app.clock.now()));
    let mut batch = Batch::new(app, proof, commune, judged, written.into_iter())?;
    batch.decision = decision;
    batch.of_office = segment.author().key.0 == app.server_public_key();
    batch.store(app, "segment/take").await
}

/// Writes changes that a phone gave back, as [`write`] does. `authors`: who wrote each.
pub(super) async fn write_given_back(
    app: &App,
    chapter: StoredChapter,
    authors: &[Author],
    judged: JudgedSegment,
    changes: &[Proven],
) -> Result<bool, Refusal> {
    let came = judged.effects.iter().zip(changes).filter(|(effect, _)| !matches!(effect, Effect::Stands(_)));
    let came = came.map(|(_, proven)| (proven.household, proven.hash)).collect();
    let commune = chapter.commune;
    let written = authors.iter().zip(changes);
    let written = written.map(|(author, proven)| Written {
        author: *author,
        came: None,
        wall_ms: proven.written_at_ms,
        seen_at: None,
    });
    let batch = Batch::new(app, Evidence::Chapter(chapter, came), commune, judged, written)?;
    batch.store(app, "chapter/take").await
}

impl Batch {
    fn new<'a>(
        app: &App,
        evidence: Evidence,
        commune: UnitId,
        judged: JudgedSegment,
        written: impl Iterator<Item = Written<'a>>,
    ) -> Result<Self, Refusal> {
        let now = app.clock.now();
        let JudgedSegment { documents, effects, aftermath, moved, beacons: _, before } = judged;
        let mut lines = Vec::new();
        for (written, effect) in written.zip(effects) {
            lines.extend(line(app, &documents, &written, effect, now)?);
        }
        let (logbook, decision, of_office) = (Logbook::new(app), None, false);
        Ok(Self { evidence, commune, documents, lines, aftermath, before, moved, logbook, now, decision, of_office })
    }

    async fn store(self, app: &App, name: &'static str) -> Result<bool, Refusal> {
        let (parts, bytes) = (self.parts(), self.bytes());
        app.store.write_much_in(parts, name, bytes, move |tx| Box::pin(self.write(tx))).await
    }

    /// What is written in: the commune, those of households that belong elsewhere by now, and for an office's work the
    /// journal in the person's name, which runs through all communes.
    fn parts(&self) -> Parts {
        let homes = self.documents.values().map(|opened| Part::Commune(opened.home.commune));
        let journal = match &self.evidence {
            Evidence::Segment(segment) if self.of_office => Some(Part::Account(segment.author.account)),
            Evidence::Segment(_) | Evidence::Chapter(..) => None,
        };
        homes.chain([Part::Commune(self.commune)]).chain(journal).collect()
    }

    /// About how many bytes will be written.
    fn bytes(&self) -> usize {
        let change = |line: &Line| match line {
            Line::Change(change) => change.sealed.len(),
            Line::Command { sealed, .. } => sealed.len(),
            Line::Blob(_) | Line::Unproven(_) => 0,
        };
        let saved = self.moved.values().map(|moved| moved.saved.len());
        let evidence = match &self.evidence {
            Evidence::Segment(segment) => segment.journal.len(),
            Evidence::Chapter(chapter, _) => chapter.rows.len(),
        };
        evidence + self.lines.iter().map(change).sum::<usize>() + saved.sum::<usize>()
    }

    async fn write(mut self, tx: &mut Tx) -> Result<bool, Refusal> {
        let stored = self.stored(tx).await?;
        let is_moved = !self.documents.values().all(|opened| is_as_judged(opened, stored.get(&opened.home.id)));
        if is_moved || !self.is_undecided(tx).await? || !self.put_evidence(tx).await? {
            return Ok(false);
        }
        let mut heads: BTreeMap<HouseholdId, Vec<ChangeHash>> = BTreeMap::new();
        self.keep_changes(tx, &stored).await?;
        for line in std::mem::take(&mut self.lines) {
            self.line(tx, line, &mut heads).await?;
        }
        for (household, after) in std::mem::take(&mut self.aftermath) {
            self.follow(tx, household, &after, &mut heads).await?;
        }
        self.store_documents(tx, heads.into_keys()).await?;
        if let Some(replacing) = self.decision.take() {
            self.supersede(tx, replacing).await?;
        }
        self.logbook.close(tx).await?;
        Ok(true)
    }

    /// The documents as they stand now: of one round, since a segment and a chapter belong to one scope.
    async fn stored(&self, tx: &mut Tx) -> Result<BTreeMap<HouseholdId, DocumentStanding>, Refusal> {
        let Some(any) = self.documents.values().next() else { return Ok(BTreeMap::new()) };
        let ids: Vec<HouseholdId> = self.documents.keys().copied().collect();
        Ok(store::document::standing(tx, &any.place().round, &ids).await?)
    }

    /// Whether nobody has decided on any of the changes since they were judged: an exit that was taken moves no document,
    /// and is not taken back.
    async fn is_undecided(&self, tx: &mut Tx) -> Result<bool, Refusal> {
        let written = self.lines.iter().filter_map(|line| match line {
            Line::Change(change) => Some((change.household, change.hash)),
            Line::Command { .. } | Line::Blob(_) | Line::Unproven(_) => None,
        });
        let followed =
            self.aftermath.iter().flat_map(|(household, after)| after.given().map(|hash| (*household, hash)));
        let mut by_place: BTreeMap<(UnitId, RoundId), Vec<(HouseholdId, ChangeHash)>> = BTreeMap::new();
        for (household, hash) in written.chain(followed) {
            let DocumentKey { commune, round, .. } = self.documents[&household].place();
            by_place.entry((commune, round)).or_default().push((household, hash));
        }
        for ((commune, round), changes) in by_place {
            let hashes: Vec<ChangeHash> = changes.iter().map(|(_, hash)| *hash).collect();
            let kept = store::change::verdicts(tx, commune, &round, &hashes).await?;
            if changes.iter().any(|change| kept.get(change) != self.before.get(change)) {
                return Ok(false);
            }
        }
        Ok(true)
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
        for (hash, verdict) in given {
            self.logbook.judged(tx, &self.documents[&household], hash, verdict).await?;
        }
        Ok(())
    }

    async fn put_evidence(&self, tx: &mut Tx) -> Result<bool, Refusal> {
        match &self.evidence {
            Evidence::Segment(segment) => {
                // The office's journals are written here and nowhere else: two writers of one would fork it.
                let is_next = !self.of_office
                    || store::segment::last_of_author(tx, &segment.author).await? + 1 == segment.entries.0;
                if !is_next {
                    return Ok(false);
                }
                store::segment::put(tx, self.commune, segment).await?;
            }
            Evidence::Chapter(chapter, came) => {
                store::chapter::put(tx, chapter).await?;
                for (household, hash) in came {
                    let given = GivenBack { hash: *hash, head: chapter.head, device: chapter.device, at: self.now };
                    store::chapter::give_back(tx, &self.documents[household].place(), &given).await?;
                }
            }
        }
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
        self.logbook.judged(tx, &self.documents[&household], change, Verdict::Superseded).await?;
        ledger::append(tx, place.commune, self.now, Some(by), decision).await?;
        Ok(())
    }

    /// Writes the changes themselves, and the households that are new with them.
    async fn keep_changes(&self, tx: &mut Tx, stored: &BTreeMap<HouseholdId, DocumentStanding>) -> Result<(), Refusal> {
        let mut by_commune: BTreeMap<UnitId, BTreeMap<(HouseholdId, ChangeHash), StoredChange>> = BTreeMap::new();
        for line in &self.lines {
            let Line::Change(change) = line else { continue };
            let changes = by_commune.entry(self.documents[&change.household].home.commune).or_default();
            let kept = changes.entry((change.household, change.hash)).or_insert_with(|| change.clone());
            // One that comes twice is kept as it came first, with its last verdict.
            (kept.verdict, kept.reason) = (change.verdict, change.reason.clone());
        }
        for (commune, changes) in by_commune {
            let new: BTreeSet<&HouseholdId> = changes
                .keys()
                .map(|(household, _)| household)
                .filter(|household| !stored.contains_key(household))
                .collect();
            let new: Vec<&Home> = new.into_iter().map(|household| &self.documents[household].home).collect();
            store::household::insert_all(tx, &new).await?;
            let changes: Vec<StoredChange> = changes.into_values().collect();
            // Changes are of documents that were opened, so there is one.
            let round = self.documents[&changes[0].household].place().round;
            store::change::put(tx, commune, &round, &changes).await?;
        }
        Ok(())
    }

    async fn line(
        &mut self,
        tx: &mut Tx,
        line: Line,
        heads: &mut BTreeMap<HouseholdId, Vec<ChangeHash>>,
    ) -> Result<(), Refusal> {
        match line {
            Line::Change(StoredChange { household, hash, verdict, .. }) => {
                if verdict == Verdict::Accepted {
                    return self.accept(tx, household, hash, heads).await;
                }
                self.logbook.judged(tx, &self.documents[&household], hash, verdict).await?;
            }
            Line::Unproven(event) => store::security_event::append(tx, &event).await?,
            Line::Command { entry, sealed } => {
                store::segment::put_command(tx, self.commune, entry, self.now, &sealed).await?;
            }
            Line::Blob(announcement) => store::blob::announce(tx, self.commune, &announcement).await?,
        }
        Ok(())
    }

    async fn accept(
        &mut self,
        tx: &mut Tx,
        household: HouseholdId,
        hash: ChangeHash,
        heads: &mut BTreeMap<HouseholdId, Vec<ChangeHash>>,
    ) -> Result<(), Refusal> {
        let opened = &self.documents[&household];
        let before = match heads.get(&household) {
            Some(heads) => heads.clone(),
            None => {
                if opened.state.is_none() {
                    self.logbook.entered(tx, opened).await?;
                }
                opened.stored_heads().to_vec()
            }
        };
        let after = heads_after(opened, &before, hash);
        self.logbook.changed(tx, opened, hash, (&before, &after)).await?;
        heads.insert(household, after);
        Ok(())
    }

    /// Writes the documents that have moved on, and what is shown of them.
    async fn store_documents(&self, tx: &mut Tx, households: impl Iterator<Item = HouseholdId>) -> Result<(), Refusal> {
        let mut by_place: BTreeMap<(UnitId, RoundId), Together<'_>> = BTreeMap::new();
        for household in households {
            let (opened, moved) = (&self.documents[&household], self.moved.get(&household));
            let DocumentKey { commune, round, .. } = opened.place();
            let Together { states, shown } = by_place.entry((commune, round)).or_default();
            states.push(opened.state_with(moved.map(|moved| moved.saved.clone())));
            shown.extend(moved.map(|moved| &moved.shown));
        }
        for ((commune, round), Together { states, shown }) in by_place {
            store::document::put_all(tx, (commune, &round), &states).await?;
            Shown::put_all(tx, (commune, &round), &shown).await?;
        }
        Ok(())
    }
}

/// Whether a document and its household are still as they were when the segment was judged.
fn is_as_judged(opened: &Opened, stored: Option<&DocumentStanding>) -> bool {
    let Some(DocumentStanding { home, heads }) = stored else { return opened.state.is_none() };
    let same_home = home.village == opened.home.village && home.wrapped_key == opened.home.wrapped_key;
    same_home && heads.as_ref() == opened.state.as_ref().map(|state| &state.heads)
}

/// Who wrote something, and when by the writer's clock.
#[derive(Clone, Copy)]
struct Written<'a> {
    author: Author,
    /// The entry of the journal, and where; `None` when only the server's own rows say of it.
    came: Option<(&'a JournalEntry, &'a Scope)>,
    wall_ms: i64,
    /// When the last row was written that the writer had seen; `None` where none is proven.
    seen_at: Option<Timestamp>,
}

fn line(
    app: &App,
    documents: &BTreeMap<HouseholdId, Opened>,
    written: &Written<'_>,
    effect: Effect,
    now: Timestamp,
) -> Result<Option<Line>, Refusal> {
    let (verdict, Written { author, came, wall_ms, seen_at }) = (effect.verdict(), *written);
    // The journal that a change given back stands in was forgotten too, until its author brings it again.
    let entry = came.map_or(0, |(entry, _)| entry.number);
    let (judged, reason) = match effect {
        Effect::Accept(judged) | Effect::Hold(judged, _) | Effect::Supersede(judged) => (judged, None),
        Effect::Reject(judged, _, reason) => (judged, Some(reason)),
        Effect::Stands(_) => return Ok(None),
        Effect::Unproven(rejection, reason) => {
            let event = unproven(author, entry, &format!("{} {reason}", Verdict::Rejected(rejection).slug()), now);
            return Ok(Some(Line::Unproven(event)));
        }
        Effect::Command(request) => {
            let Some((entry, _)) = came else { return Ok(None) };
            let sealed = app.master_key.seal(Subject::Command, &request, &app.chance)?;
            return Ok(Some(Line::Command { entry: (entry.hash(), entry.number), sealed }));
        }
        Effect::Blob { household, hash, size_bytes } => {
            let Some((_, scope)) = came else { return Ok(None) };
            return Ok(Some(Line::Blob(announced(author, scope, BlobId { household, hash }, size_bytes, now))));
        }
    };
    let Judged { household, hash, bytes } = judged;
    let sealed = documents[&household].key.seal(Subject::Change(&hash.0), &bytes, &app.chance)?;
    let received_at = now;
    let change =
        StoredChange { household, hash, author, entry, wall_ms, seen_at, received_at, verdict, reason, sealed };
    Ok(Some(Line::Change(change)))
}

fn unproven(author: Author, entry: u64, why: &str, at: Timestamp) -> SecurityEvent {
    let subject = format!("{} {}/{entry} {why}", author.device(), author.epoch);
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
