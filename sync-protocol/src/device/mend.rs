//! Mending: giving back what a server that was set back has forgotten, and reading anew what this device has lost.
//!
//! Owns what is kept for it and how it goes on step by step, each step a record. What the server makes of a chapter is the
//! server's; nothing here is believed more than before: what is read anew passes the same checks.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use schemas::ids::{HouseholdId, RoundId};

use super::answer::{Outcome, Remark};
use super::document::{DeviceDocument, OwnChange, Standing};
use super::{Device, Outgoing, OwnBlob, Record, ScopeState, Travel};
use crate::change;
use crate::chapter::Chapter;
use crate::hash::{BlobHash, ChangeHash, RowHash};
use crate::journal::{Body, Scope};
use crate::log::{Cursor, Row, RowEvent, SignedHead};
use crate::message::{ChapterAnswer, MAX_CHAPTERS, Page, ScopeCursor};

/// Bytes of chapters that one request carries at most; what is left goes with the next.
const REQUEST_CHAPTER_BYTES: usize = 256 * 1024;

/// A step of mending.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Mend {
    /// In this generation of a log the server knows rows only up to there: what comes after is to be given back.
    #[n(0)]
    GiveBack(#[n(0)] ScopeCursor),
    /// What follows up to there was given back, or will not be taken.
    #[n(1)]
    Given(#[n(0)] ScopeCursor),
    /// All was given back: own work that the server does not have is sent again.
    #[n(2)]
    Done {
        /// The log.
        #[n(0)]
        scope: Scope,
        /// Its generation.
        #[n(1)]
        generation: u64,
    },
    /// The log has been read to its end and does not say of these own entries, epoch and number, what the server answered.
    #[n(4)]
    Resend(#[n(0)] Vec<(u32, u64)>),
    /// The server says that it was set back: its logs got this generation.
    #[n(5)]
    SetBack(#[n(0)] u64),
    /// The server does not know a blob whose announcement it had acknowledged.
    #[n(6)]
    Unknown {
        /// The household it belongs to.
        #[n(0)]
        #[cbor(with = "crate::wire::household_id")]
        household: HouseholdId,
        /// SHA-256 of its bytes.
        #[n(1)]
        hash: BlobHash,
    },
    /// The device was shut out and is given nothing to read: all own work that no log has told of is sent again.
    #[n(7)]
    AskAgain,
}

/// A page as it was read, without the changes: those stand in their documents.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct ReadPage {
    #[n(0)]
    pub(super) previous: RowHash,
    #[n(1)]
    pub(super) rows: Vec<Row>,
    #[n(2)]
    pub(super) head: SignedHead,
}

/// What is being given back of one generation of a log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Giving {
    /// Whether chapters may go: the server has said how far it knows the log, or its new generation was read to the end.
    #[n(0)]
    goes: bool,
    /// How far the server knows it.
    #[n(1)]
    known: u64,
    /// How far it was given back.
    #[n(2)]
    done: u64,
    #[n(3)]
    pages: Vec<ReadPage>,
}

/// What a chapter in a request gives back: rows up to there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given(pub(super) ScopeCursor);

type Bytes = BTreeMap<(HouseholdId, ChangeHash), Vec<u8>>;

impl ReadPage {
    fn changed(&self) -> impl Iterator<Item = (&Row, ChangeHash)> {
        self.rows.iter().filter_map(|row| match row.event {
            RowEvent::Change(hash) => Some((row, hash)),
            RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
        })
    }

    /// The page as a chapter with the changes after a position, as many as there is room for, and how far that goes; `None`
    /// when there is nothing in it to give back and it proves nothing.
    fn chapter(&self, after: u64, bytes: &Bytes, room: usize, proves: bool) -> Option<(Chapter, u64)> {
        let (mut changes, mut size, mut upto) = (Vec::<ByteVec>::new(), 0, self.head.cursor.position);
        for (row, hash) in self.changed() {
            let given = bytes.get(&(row.household, hash)).filter(|_| row.position > after && row.position <= upto);
            size += given.map_or(0, Vec::len);
            // One change goes in any case, or nothing would ever move on.
            let fits = size <= room || size == given.map_or(0, Vec::len);
            if !fits {
                upto = row.position - 1;
            }
            changes.push(given.filter(|_| fits).cloned().unwrap_or_default().into());
        }
        let chapter = Chapter::new(self.previous, self.rows.clone(), changes, self.head.clone());
        (size > 0 || proves).then_some((chapter, upto))
    }
}

impl Device {
    /// Whether the device gives something back in a log: what it writes there waits until that is done.
    pub(super) fn gives_back(&self, scope: &Scope) -> bool {
        self.giving.keys().any(|(giving, _)| giving == scope)
    }

    /// The chapters that a request carries.
    pub(super) fn chapters(&self) -> (Vec<ByteVec>, Vec<Given>) {
        let (mut chapters, mut given, mut size): (Vec<ByteVec>, Vec<Given>, usize) = (Vec::new(), Vec::new(), 0);
        for ((scope, generation), giving) in self.giving.iter().filter(|(_, giving)| giving.goes) {
            let bytes = self.forgotten(scope, *generation);
            // The last head shows that the server was set back, whatever its page says.
            let last = giving.pages.last().filter(|_| !self.is_over(scope, *generation));
            let mut after = giving.done;
            while let Some(page) = giving.pages.iter().find(|page| page.head.cursor.position > after) {
                let room = REQUEST_CHAPTER_BYTES.saturating_sub(size);
                let proves = last.is_some_and(|last| last.head == page.head);
                let Some((chapter, position)) = page.chapter(after, &bytes, room, proves) else {
                    after = page.head.cursor.position;
                    continue;
                };
                if !chapters.is_empty() && (room == 0 || chapters.len() == MAX_CHAPTERS) {
                    return (chapters, given);
                }
                let chapter = chapter.to_bytes();
                size += chapter.len();
                chapters.push(chapter.into());
                after = position;
                let cursor = Cursor { generation: *generation, position };
                given.push(Given(ScopeCursor { scope: scope.clone(), cursor }));
            }
        }
        (chapters, given)
    }

    /// Whether a newer generation of a log is read by now.
    fn is_over(&self, scope: &Scope, generation: u64) -> bool {
        self.scopes.get(scope).is_some_and(|state| state.cursor.generation != generation)
    }

    /// The changes of a log that the server may have forgotten: once a newer generation is read, those that it lacks.
    fn forgotten(&self, scope: &Scope, generation: u64) -> Bytes {
        let is_over = self.is_over(scope, generation);
        let documents = self.documents.iter().map(|(household, document)| (*household, document));
        let earlier = self.earlier.iter().map(|((household, _), document)| (*household, document));
        let of_round = documents.chain(earlier).filter(|(_, document)| document.scope.round == scope.round);
        let mut bytes = Bytes::new();
        for (household, document) in of_round {
            let aside = document.aside().iter().map(|(hash, bytes)| ((household, *hash), bytes.clone()));
            bytes.extend(aside);
            if !is_over {
                let accepted = document.accepted.iter().filter_map(|bytes| Some((change::parse(bytes).ok()?.1, bytes)));
                bytes.extend(accepted.map(|(hash, bytes)| ((household, hash), bytes.clone())));
            }
        }
        bytes
    }

    /// Takes in that the server was set back. Logs that are read tell what it forgot; of the others nothing would, so all
    /// that was answered there goes again.
    pub(super) fn take_set_back(&mut self, set_back: Option<u64>, assigned: Option<&[Scope]>, outcome: &mut Outcome) {
        let Some(generation) = set_back.filter(|new| self.set_back.is_none_or(|known| known < *new)) else { return };
        self.take(Record::Mend(Mend::SetBack(generation)), outcome);
        let is_read =
            |scope: &Scope| self.read.contains_key(scope) && assigned.is_none_or(|assigned| assigned.contains(scope));
        let answered: BTreeSet<&Scope> = self.answered.values().map(|outgoing| &outgoing.scope).collect();
        let unread = answered.into_iter().filter(|scope| !is_read(scope) && !self.gives_back(scope));
        let entries = unread.flat_map(|scope| self.unproven(scope)).collect();
        self.take_resend(entries, outcome);
    }

    /// The server waits for no such blob although it acknowledged the announcement: it was set back and nobody has noticed.
    /// What it answered in that place is doubted, once.
    pub fn blob_unknown(&mut self, household: HouseholdId, hash: BlobHash) -> Vec<Record> {
        let is_it = |blob: &&OwnBlob| (blob.household, blob.hash) == (household, hash) && !blob.is_doubted;
        let Some(entry) = self.blob_queue().find(is_it).map(|blob| blob.entry) else { return Vec::new() };
        let Some(scope) = self.answered.get(&entry).map(|outgoing| &outgoing.scope) else { return Vec::new() };
        let resend = Mend::Resend(self.unproven(scope));
        self.applied(vec![Record::Mend(Mend::Unknown { household, hash }), Record::Mend(resend)])
    }

    /// Own entries of a place that were answered for, without those that its log shows.
    fn unproven(&self, scope: &Scope) -> Vec<(u32, u64)> {
        self.answered_beside(scope, &self.accepted_in(&scope.round))
    }

    /// Own entries of a place that were answered for, without changes that the server is known to have.
    fn answered_beside(&self, scope: &Scope, known: &BTreeSet<(HouseholdId, ChangeHash)>) -> Vec<(u32, u64)> {
        let is_unknown = |outgoing: &&Outgoing| match &outgoing.entry.body {
            Body::Change { household, hash } => !known.contains(&(*household, *hash)),
            Body::Command { .. } | Body::Blob { .. } => true,
        };
        let answered = self.answered.values().filter(|outgoing| outgoing.scope == *scope).filter(is_unknown);
        answered.map(|outgoing| (outgoing.epoch, outgoing.entry.number)).collect()
    }

    fn take_resend(&mut self, entries: Vec<(u32, u64)>, outcome: &mut Outcome) {
        if !entries.is_empty() {
            self.take(Record::Mend(Mend::Resend(entries)), outcome);
            outcome.more = true;
        }
    }

    /// Takes in which logs the server has forgotten something.
    pub(super) fn take_forgotten(&mut self, forgotten: Vec<ScopeCursor>, outcome: &mut Outcome) {
        for log in forgotten {
            let generation = log.cursor.generation;
            let read = self.scopes.get(&log.scope).map(|state| state.cursor);
            let is_ahead =
                read.is_some_and(|read| read.generation == generation && read.position > log.cursor.position);
            let goes = self.giving.get(&(log.scope.clone(), generation)).is_some_and(|giving| giving.goes);
            if is_ahead && !goes {
                outcome.remarks.push(Remark::Forgotten(log.scope.clone()));
                self.take(Record::Mend(Mend::GiveBack(log)), outcome);
            }
        }
    }

    /// Takes in what became of the chapters. Returns whether they can go on at once.
    pub(super) fn take_chapters(
        &mut self,
        given: &[Given],
        answers: Option<Vec<ChapterAnswer>>,
        outcome: &mut Outcome,
    ) -> bool {
        // A server of an earlier version takes none.
        let Some(answers) = answers else { return given.is_empty() };
        for (Given(upto), answer) in given.iter().zip(answers) {
            match answer {
                ChapterAnswer::Taken(refused) => {
                    let refused = refused.into_iter().map(|(_, slug)| Remark::NotTakenBack(upto.scope.clone(), slug));
                    outcome.remarks.extend(refused);
                }
                ChapterAnswer::Refused(slug) => outcome.remarks.push(Remark::NotTakenBack(upto.scope.clone(), slug)),
                ChapterAnswer::NotTaken(slug) => {
                    outcome.remarks.push(Remark::NotTaken(slug));
                    return false;
                }
            }
            self.take(Record::Mend(Mend::Given(upto.clone())), outcome);
        }
        true
    }

    /// Whether a page that does not follow what was read was signed by the server all the same: one of the two has lost
    /// something. The last page that was read shows which.
    pub(super) fn doubts(&mut self, page: &Page, outcome: &mut Outcome) -> bool {
        let scope = page.scope.clone();
        let read = self.scopes.get(&scope).filter(|state| state.cursor == page.after && state.row.is_some());
        let Some(state) = read else { return false };
        let generation = state.cursor.generation;
        let last = self.read.get(&scope).and_then(|pages| pages.last()).and_then(|page| page.rows.first());
        let position = last.map_or(0, |row| row.position.saturating_sub(1));
        let is_signed = page.head.scope == scope && page.head.is_signed_by(&self.identity.server);
        if !is_signed || self.giving.contains_key(&(scope.clone(), generation)) {
            return is_signed;
        }
        let cursor = Cursor { generation, position };
        outcome.remarks.push(Remark::ReadAnew(scope.clone()));
        self.take(Record::Mend(Mend::GiveBack(ScopeCursor { scope, cursor })), outcome);
        true
    }

    /// Whether the bytes of a change are here: in a document, set aside, or among own work.
    pub fn has_change(&self, scope: &Scope, household: &HouseholdId, hash: &ChangeHash) -> bool {
        let present = self.documents.get(household);
        let earlier = self.earlier.get(&(*household, scope.round.clone()));
        let in_document = present.into_iter().chain(earlier).any(|document| document.has(&scope.round, hash));
        let is_it = |outgoing: &Outgoing| match &outgoing.entry.body {
            Body::Change { household: of, hash: written } => of == household && written == hash,
            Body::Command { .. } | Body::Blob { .. } => false,
        };
        in_document || self.answered.values().filter(|own| own.scope.round == scope.round).any(is_it)
    }

    /// What is left of mending once an answer was taken in. `goes_on`: whether the server takes chapters now.
    pub(super) fn mend(&mut self, goes_on: bool, outcome: &mut Outcome) {
        if outcome.more {
            return;
        }
        if goes_on && !self.giving.is_empty() {
            outcome.more = true;
            return outcome.records.extend(self.go_on());
        }
        let entries = self.unsettled();
        self.take_resend(entries, outcome);
    }

    /// The next step of giving back: what has not come again with the new generation goes now, and what was given is done.
    fn go_on(&mut self) -> Vec<Record> {
        let waiting = self.giving.iter().filter(|(_, giving)| !giving.goes).map(|(log, _)| log.clone());
        let from_its_start = |(scope, generation)| ScopeCursor { scope, cursor: Cursor { generation, position: 0 } };
        let goes = waiting.map(|log| Record::Mend(Mend::GiveBack(from_its_start(log)))).collect();
        let mut records = self.applied(goes);
        if self.chapters().0.is_empty() {
            let done = self.giving.keys().cloned().map(|(scope, generation)| Mend::Done { scope, generation });
            let done = done.map(Record::Mend).collect();
            records.extend(self.applied(done));
        }
        records
    }

    /// Household, hash and bytes of an own change that was answered for.
    pub(super) fn answered_change(&self, epoch: u32, number: u64) -> Option<(HouseholdId, ChangeHash, Vec<u8>)> {
        let answered = self.answered.get(&(epoch, number))?;
        match (&answered.entry.body, &answered.payload) {
            (Body::Change { household, hash }, Some(bytes)) => Some((*household, *hash, bytes.to_vec())),
            _ => None,
        }
    }

    /// Asks once more what became of own work, because the server has refused to give this device anything to read. It may
    /// have been set back since it took that work, and nothing else would ever show it. Nor will a log be read to its end
    /// any more: what is to be given back goes as it stands, for own work waits for it.
    pub fn ask_again(&mut self) -> Vec<Record> {
        let mut records = self.go_on();
        if self.answered_for().any(|own| self.answered.contains_key(&own.entry)) {
            records.extend(self.applied(vec![Record::Mend(Mend::AskAgain)]));
        }
        records
    }

    /// Own work that was answered for and is not known to be in a log.
    fn answered_for(&self) -> impl Iterator<Item = &OwnChange> {
        let documents = self.documents.values().chain(self.earlier.values());
        let own = documents.filter(|document| !self.gives_back(&document.scope)).flat_map(|document| &document.own);
        own.filter(|own| match own.standing {
            Standing::Acknowledged | Standing::Held(_) | Standing::Rejected(_) | Standing::Superseded => true,
            Standing::Waiting | Standing::Refused => false,
        })
    }

    /// Own entries of which the log, read to its end, does not say what the server answered.
    fn unsettled(&self) -> Vec<(u32, u64)> {
        let unsettled = self.answered_for().filter(|own| !own.is_settled);
        unsettled.map(|own| own.entry).filter(|entry| self.answered.contains_key(entry)).collect()
    }

    pub(super) fn apply_mend(&mut self, mend: &Mend) {
        match mend {
            Mend::GiveBack(ScopeCursor { scope, cursor }) => {
                let (known, pages) = (cursor.position, self.read.get(scope).cloned().unwrap_or_default());
                let giving = self.giving.entry((scope.clone(), cursor.generation));
                let giving = giving.or_insert(Giving { goes: false, known, done: known, pages });
                giving.goes = true;
                self.doubt_answers();
            }
            Mend::Given(ScopeCursor { scope, cursor }) => {
                if let Some(giving) = self.giving.get_mut(&(scope.clone(), cursor.generation)) {
                    giving.done = giving.done.max(cursor.position);
                }
            }
            Mend::Done { scope, generation } => self.apply_done(scope, *generation),
            Mend::Resend(entries) => entries.iter().for_each(|entry| self.resend(*entry)),
            Mend::SetBack(generation) => {
                self.set_back = Some(*generation);
                self.doubt_answers();
            }
            Mend::Unknown { household, hash } => self.apply_unknown(household, hash),
            Mend::AskAgain => {
                self.doubt_answers();
                self.unsettled().into_iter().for_each(|entry| self.resend(entry));
            }
        }
    }

    fn apply_done(&mut self, scope: &Scope, generation: u64) {
        let Some(giving) = self.giving.remove(&(scope.clone(), generation)) else { return };
        let is_read_on = self.scopes.get(scope).is_some_and(|state| state.cursor.generation == generation);
        let known: BTreeSet<(HouseholdId, ChangeHash)> = match is_read_on {
            true => giving.known(),
            false => self.accepted_in(&scope.round),
        };
        self.answered_beside(scope, &known).into_iter().for_each(|entry| self.resend(entry));
        if is_read_on {
            // The server has not begun a newer generation for it: what was read is not worth more than what it has.
            return self.read_anew(scope);
        }
        // What was told of them is given back; they are another village's.
        let left = self.documents.iter().filter(|(household, document)| {
            document.scope == *scope && !document.is_logged() && self.has_left(household, scope)
        });
        for household in left.map(|(household, _)| *household).collect::<Vec<_>>() {
            self.documents.entry(household).and_modify(DeviceDocument::forget_aside);
            self.let_go(&household, &scope.round);
        }
    }

    /// What the logs of a round are known to have taken in. A household of the place may have moved on to another.
    fn accepted_in(&self, round: &RoundId) -> BTreeSet<(HouseholdId, ChangeHash)> {
        let documents = self.households().chain(self.earlier()).filter(|(_, document)| document.scope.round == *round);
        let accepted = |(household, document): (&HouseholdId, &DeviceDocument)| {
            let hashes = document.accepted.iter().filter_map(|bytes| Some(change::parse(bytes).ok()?.1));
            hashes.map(|hash| (*household, hash)).collect::<Vec<_>>()
        };
        documents.flat_map(accepted).collect()
    }

    /// Puts an own entry that was answered for back among those that wait.
    fn resend(&mut self, entry: (u32, u64)) {
        let Some(outgoing) = self.answered.remove(&entry) else { return };
        self.void_parcels();
        if let (Body::Change { household, hash }, Some(bytes)) = (&outgoing.entry.body, &outgoing.payload) {
            let (hash, bytes) = (*hash, bytes.to_vec());
            let document = self.document_in(*household, &outgoing.scope);
            // What its author has said of it counts still.
            let answered = document.own.iter().any(|own| own.entry == entry && own.answered);
            document.own.retain(|own| own.entry != entry);
            document.own.push(OwnChange { is_settled: true, answered, ..OwnChange::new(entry, hash, bytes) });
            document.own.sort_by_key(|own| own.entry);
        }
        self.apply_announced_anew(entry);
        self.outbox.push(Outgoing { travel: Travel::Bytes, ..outgoing });
        self.outbox.sort_by_key(|outgoing| (outgoing.epoch, outgoing.entry.number));
    }

    pub(super) fn read_anew(&mut self, scope: &Scope) {
        self.put_aside(scope);
        if let Some(state) = self.scopes.get_mut(scope) {
            let cursor = Cursor { generation: state.cursor.generation, position: 0 };
            *state = ScopeState { cursor, is_read_anew: true, ..ScopeState::default() };
        }
    }

    /// Begins a newer generation of a log: what was read of the old one is kept until it is clear that nothing of it is
    /// missing in the new one.
    pub(super) fn begin_generation(&mut self, scope: &Scope, generation: u64) {
        if let Some(pages) = self.read.remove(scope).filter(|_| generation != 0) {
            let giving = self.giving.entry((scope.clone(), generation));
            let giving = giving.or_insert(Giving { goes: false, known: 0, done: 0, pages });
            // The two logs may have parted before the position that was named: the new generation shows what it lacks.
            (giving.goes, giving.done) = (false, 0);
        }
        self.put_aside(scope);
        self.doubt_answers();
    }

    /// The server may have forgotten any answer: own work in logs that are not read is sent again too.
    fn doubt_answers(&mut self) {
        self.void_parcels();
        self.blobs.iter_mut().for_each(|blob| blob.is_doubted = false);
        self.all_documents().flat_map(|document| &mut document.own).for_each(|own| own.is_settled = false);
    }

    /// Puts what was read of a log aside. What the device wrote itself is kept as it is.
    pub(super) fn put_aside(&mut self, scope: &Scope) {
        self.read.remove(scope);
        let of_log = |document: &&mut DeviceDocument| document.scope == *scope || document.is_logged_in(scope);
        for document in self.all_documents().filter(of_log) {
            document.start_anew(scope.village);
        }
    }
}

impl Giving {
    /// The changes about which the server knows what became of them.
    fn known(&self) -> BTreeSet<(HouseholdId, ChangeHash)> {
        let rows = self.pages.iter().flat_map(|page| &page.rows).filter(|row| row.position <= self.known);
        let changes = rows.filter_map(|row| match row.event {
            RowEvent::Change(hash) | RowEvent::Verdict { hash, .. } => Some((row.household, hash)),
            RowEvent::Entered | RowEvent::Left => None,
        });
        changes.collect()
    }
}
