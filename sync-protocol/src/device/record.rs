//! What a device keeps on disk: one record after another. Replaying them makes the device again.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use schemas::ids::{HouseholdId, RoundId};
use thiserror::Error;

use super::blob::{BlobAnswer, BlobState, OwnBlob};
use super::document::{DeviceDocument, OwnChange, Standing};
use super::mend::{Mend, ReadPage};
use super::parcel::ParcelStep;
use super::share::ShareStep;
use super::{Device, Outgoing, ScopeState, Travel};
use crate::change;
use crate::hash::{BlobHash, ChangeHash};
use crate::journal::{Body, JournalEntry, JournalHead, Scope, from_cbor, to_cbor};
use crate::log::{Cursor, Digest, Row, RowEvent, origin};
use crate::message::Page;
use crate::rebase;
use crate::verdict::{Hold, Verdict};

/// One thing that happened to a device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Record {
    /// A new epoch began: its journal starts from 1.
    #[n(0)]
    Epoch(#[n(0)] u32),
    /// The device wrote something.
    #[n(1)]
    Own {
        /// In which epoch.
        #[n(0)]
        epoch: u32,
        /// Where.
        #[n(1)]
        scope: Scope,
        /// Its journal entry.
        #[n(2)]
        entry: JournalEntry,
        /// The bytes of the change, when it is one.
        #[n(3)]
        change: Option<ByteVec>,
    },
    /// The server answered for entries: epoch, number, verdict.
    #[n(2)]
    Verdicts(#[n(0)] Vec<(u32, u64, Verdict)>),
    /// The server refused whole segments: the entries and the reason's name.
    #[n(3)]
    Refused(#[n(0)] Vec<(u32, u64)>, #[n(1)] String),
    /// Rows of a log that were checked.
    #[n(4)]
    Page(#[n(0)] Page),
    /// The scopes that the device holds from now on.
    #[n(5)]
    Assigned(#[n(0)] Vec<Scope>),
    /// The server could not make the changes of these entries from their intents: epoch and number.
    #[n(6)]
    SendBytes(#[n(0)] Vec<(u32, u64)>),
    /// A page of these scopes could not be made from its intents.
    #[n(7)]
    AskBytes(#[n(0)] Vec<Scope>),
    /// A step of mending: what the server has forgotten, or what this device has lost.
    #[n(10)]
    Mend(#[n(0)] Mend),
    /// The server refused these entries together, and one of them may be what is wrong: each half goes apart.
    #[n(8)]
    Isolate(#[n(0)] Vec<(u32, u64)>),
    /// What the server said of a blob.
    #[n(9)]
    Blob {
        /// The household it belongs to.
        #[n(0)]
        #[cbor(with = "crate::wire::household_id")]
        household: HouseholdId,
        /// Its hash.
        #[n(1)]
        hash: BlobHash,
        /// What was said.
        #[n(2)]
        answer: BlobAnswer,
    },
    /// What happened to a parcel.
    #[n(12)]
    Parcel(#[n(0)] ParcelStep),
    /// What happened about what colleagues share.
    #[n(13)]
    Share(#[n(0)] ShareStep),
    /// The author does not want these changes any more, or cannot say them again: they are the office's.
    #[n(14)]
    LetGo(#[n(0)] Vec<ChangeHash>),
    /// The server's clock less the device's, in milliseconds.
    #[n(15)]
    ClockOffset(#[n(0)] i64),
    /// Somebody was shown what a household comes to, in this round: what they change of it from now on says so.
    #[n(16)]
    ResultSeen(
        #[n(0)]
        #[cbor(with = "crate::wire::household_id")]
        HouseholdId,
        #[n(1)]
        #[cbor(with = "crate::wire::round_id")]
        RoundId,
    ),
}

/// The bytes are not a record.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a device record")]
pub struct RecordFault;

impl Record {
    /// Its bytes on disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// From disk.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordFault> {
        from_cbor(bytes).map_err(|_| RecordFault)
    }
}

impl Device {
    /// Does again what a record says happened.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Epoch(epoch) => {
                self.epoch = *epoch;
                self.journal = JournalHead::default();
            }
            Record::Own { epoch, scope, entry, change } => self.apply_own(*epoch, scope, entry, change.as_ref()),
            Record::Verdicts(verdicts) => verdicts.iter().for_each(|(epoch, number, verdict)| {
                self.apply_standing((*epoch, *number), Standing::of(*verdict));
            }),
            Record::Refused(entries, reason) => entries.iter().for_each(|entry| {
                self.apply_standing(*entry, Standing::Refused);
                self.refused.push((entry.0, entry.1, reason.clone()));
            }),
            Record::Page(page) => self.apply_page(page),
            Record::Assigned(scopes) => self.apply_assigned(scopes),
            Record::SendBytes(entries) => self.apply_send_bytes(entries),
            Record::AskBytes(scopes) => {
                let asked = self.scopes.iter_mut().filter(|(scope, _)| scopes.contains(scope));
                asked.for_each(|(_, state)| state.as_bytes = true);
            }
            Record::Mend(mend) => self.apply_mend(mend),
            Record::Isolate(entries) => self.apply_isolate(entries),
            Record::Blob { household, hash, answer } => self.apply_blob(*household, *hash, answer),
            Record::Parcel(step) => self.apply_parcel(step),
            Record::Share(step) => self.apply_share(step),
            Record::LetGo(changes) => self.answer_for(changes),
            Record::ClockOffset(offset_ms) => self.clock_offset_ms = Some(*offset_ms),
            Record::ResultSeen(household, round) => {
                self.of_round(household, round).into_iter().for_each(DeviceDocument::see_result);
            }
        }
    }

    fn apply_own(&mut self, epoch: u32, scope: &Scope, entry: &JournalEntry, change: Option<&ByteVec>) {
        self.journal = JournalHead { number: entry.number, hash: Some(entry.hash()) };
        if let (Body::Change { household, hash }, Some(bytes)) = (&entry.body, change) {
            let document = self.document_in(*household, scope);
            let bytes = bytes.to_vec();
            let entry = (epoch, entry.number);
            let earlier: Vec<ChangeHash> = document.own.iter().map(|own| own.hash).collect();
            let message = change::parse(&bytes).ok().and_then(|(change, _)| change.message);
            document.own.push(OwnChange::new(entry, *hash, bytes));
            self.answer_for(&rebase::replaced(message.as_deref(), &earlier));
        }
        if let Body::Blob { household, hash, size_bytes } = entry.body {
            let (entry, state) = ((epoch, entry.number), BlobState::Unannounced);
            self.blobs.push(OwnBlob { entry, household, hash, size_bytes, state, is_doubted: false });
        }
        let (scope, entry, payload) = (scope.clone(), entry.clone(), change.cloned());
        let travel = Travel::Intent;
        self.outbox.push(Outgoing { epoch, scope, entry, payload, travel, begins: false, put_off: 0 });
    }

    /// Their author has said what becomes of these changes.
    fn answer_for(&mut self, changes: &[ChangeHash]) {
        let own = self.all_documents().flat_map(|document| &mut document.own);
        own.filter(|own| changes.contains(&own.hash)).for_each(|own| own.answered = true);
    }

    fn apply_send_bytes(&mut self, entries: &[(u32, u64)]) {
        let named = |outgoing: &&mut Outgoing| entries.contains(&(outgoing.epoch, outgoing.entry.number));
        for outgoing in self.outbox.iter_mut().filter(named) {
            outgoing.travel = match outgoing.travel {
                Travel::Intent => Travel::Bytes,
                Travel::Bytes | Travel::Plain => Travel::Plain,
            };
        }
    }

    /// A segment begins in the middle of what was refused, and what follows it stays out of it: after as many halvings as
    /// it takes, an entry is alone.
    fn apply_isolate(&mut self, entries: &[(u32, u64)]) {
        let refused = |outgoing: &Outgoing| entries.contains(&(outgoing.epoch, outgoing.entry.number));
        let places: Vec<usize> = (0..self.outbox.len()).filter(|at| refused(&self.outbox[*at])).collect();
        let behind = places.last().map(|last| last + 1);
        let begins = [places.first().copied(), places.get(places.len() / 2).copied(), behind];
        for at in begins.into_iter().flatten() {
            if let Some(outgoing) = self.outbox.get_mut(at) {
                outgoing.begins = true;
            }
        }
        // Nothing is left to be made again at the other end: what is refused then is refused for what it is.
        places.into_iter().for_each(|at| self.outbox[at].travel = Travel::Plain);
    }

    /// What an answer says of an entry counts as long as the entry waits for one. Later the log knows better: an old answer
    /// that comes late takes nothing back.
    fn apply_standing(&mut self, entry: (u32, u64), standing: Standing) {
        let at = self.outbox.iter().position(|outgoing| (outgoing.epoch, outgoing.entry.number) == entry);
        let Some(at) = at else { return };
        let outgoing = self.outbox.remove(at);
        let (body, round) = (outgoing.entry.body.clone(), outgoing.scope.round.clone());
        self.answered.insert(entry, outgoing);
        self.apply_announced(entry, standing);
        self.all_documents().for_each(|document| document.answered(entry, standing));
        if let Body::Change { household, .. } = body {
            self.let_go(&household, &round);
        }
    }

    fn apply_assigned(&mut self, scopes: &[Scope]) {
        for scope in scopes {
            self.scopes.entry(scope.clone()).or_default();
        }
        let given_up: Vec<Scope> = self.given_up(scopes).cloned().collect();
        for scope in given_up {
            self.scopes.remove(&scope);
            self.read.remove(&scope);
            self.giving.retain(|(giving, _), _| *giving != scope);
            self.forget_blobs(&scope);
            self.answered.retain(|_, answered| answered.scope != scope);
            for document in self.all_documents().filter(|document| document.is_logged_in(&scope)) {
                // One that another village's log tells of goes on there.
                document.leave(scope.village);
            }
            self.documents.retain(|_, document| document.scope != scope);
            self.earlier.retain(|_, document| document.scope != scope);
            self.village_keys.remove(&scope);
            self.forget_seen(|seen| seen.scope == scope);
        }
    }

    /// The scopes that the device gives up when it is assigned to these: only once nothing of its own waits there.
    pub(super) fn given_up<'a>(&'a self, assigned: &'a [Scope]) -> impl Iterator<Item = &'a Scope> {
        let waits = |scope: &Scope| {
            let outbox = self.outbox.iter().any(|outgoing| outgoing.scope == *scope);
            let announced = |blob: &OwnBlob| self.answered.get(&blob.entry).is_some_and(|own| own.scope == *scope);
            let photo = self.blob_queue().any(announced);
            let mut documents = self.documents.values().chain(self.earlier.values());
            let gives = self.gives_back(scope);
            gives || outbox || photo || documents.any(|document| document.scope == *scope && !document.own.is_empty())
        };
        self.scopes.keys().filter(move |scope| !assigned.contains(scope) && !waits(scope))
    }

    fn apply_page(&mut self, page: &Page) {
        let state = self.scopes.get(&page.scope).copied().unwrap_or_default();
        if page.after != state.cursor && page.after.position != 0 {
            // Pages follow one another: one in between is gone from the disk, and the log is read from its first row again.
            return self.read_anew(&page.scope);
        }
        let mut state = if page.after == state.cursor { state } else { self.forget(page) };
        let mut changes = page.changes.iter();
        let mut previous = state.row.unwrap_or_else(|| origin(&page.scope, page.head.cursor.generation));
        let read = ReadPage { previous, rows: page.rows.clone(), head: page.head.clone() };
        self.read.entry(page.scope.clone()).or_default().push(read);
        for row in &page.rows {
            let bytes = match row.event {
                RowEvent::Change(_) => changes.next().map(|bytes| bytes.to_vec()),
                RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
            };
            self.apply_row(&page.scope, &mut state.digest, row, bytes);
            previous = row.hash(&previous);
        }
        state.row = Some(previous);
        state.cursor = page.head.cursor;
        state.as_bytes = false;
        let differs = state.digest.short() != page.head.digest || state.digest.count() != page.head.count;
        let was_read_anew = state.is_read_anew;
        state.is_read_anew &= differs;
        self.scopes.insert(page.scope.clone(), state);
        // Once: when all rows do not help either, the fault is not in what was read. The page of another log that is gone from
        // the disk may have been what this one built on.
        if differs && !was_read_anew {
            self.read_anew(&page.scope);
        }
    }

    /// A log that starts anew: what was read of the old one is put aside, what the device wrote itself is kept.
    fn forget(&mut self, page: &Page) -> ScopeState {
        let read = self.scopes.get(&page.scope).map(|state| state.cursor.generation).unwrap_or_default();
        match read != page.after.generation {
            true => self.begin_generation(&page.scope, read),
            false => self.put_aside(&page.scope),
        }
        ScopeState { cursor: Cursor { generation: page.after.generation, position: 0 }, ..ScopeState::default() }
    }

    fn apply_row(&mut self, scope: &Scope, digest: &mut Digest, row: &Row, bytes: Option<Vec<u8>>) {
        match &row.event {
            RowEvent::Entered => {
                self.document_in(row.household, scope).enter(scope);
                digest.add(&row.household, &[]);
            }
            RowEvent::Left => {
                let document = self.of_round(&row.household, &scope.round);
                if let Some(heads) = document.and_then(|document| document.leave(scope.village)) {
                    digest.remove(&row.household, &heads);
                }
                self.let_go(&row.household, &scope.round);
                self.forget_seen(|seen| seen.household == row.household && seen.scope == *scope);
            }
            RowEvent::Change(hash) => {
                self.told(&row.household, hash);
                self.apply_change(scope, digest, row, *hash, bytes.unwrap_or_default());
            }
            RowEvent::Verdict { hash, verdict } => {
                self.told(&row.household, hash);
                if let Some(own) = self.own(hash) {
                    own.standing = Standing::of(*verdict);
                    own.is_settled = true;
                }
                // What waits again had been let in before the server was set back: it is given back, and needs nobody twice.
                let waits = matches!(verdict, Verdict::Held(_));
                if let Some(document) = self.of_round(&row.household, &scope.round).filter(|_| !waits) {
                    document.disown(hash);
                }
                self.let_go(&row.household, &scope.round);
            }
        }
    }

    /// Lets a household go that has left and of which nothing of one's own is left to be told: the log that it left goes on
    /// telling what becomes of own work.
    pub(super) fn let_go(&mut self, household: &HouseholdId, round: &RoundId) {
        let Some(document) = self.of_round(household, round) else { return };
        let is_told = !document.is_logged() && !document.is_read_anew();
        let is_over = is_told && document.own.iter().all(OwnChange::is_over);
        let scope = document.scope.clone();
        if is_over && self.has_left(household, &scope) {
            self.documents.retain(|other, document| other != household || document.scope.round != *round);
            self.earlier.remove(&(*household, round.clone()));
        }
    }

    /// Whether the log of a village, as far as it was read, ends with the household's leaving.
    pub(super) fn has_left(&self, household: &HouseholdId, scope: &Scope) -> bool {
        let rows = self.read.get(scope).into_iter().flatten().flat_map(|page| &page.rows).rev();
        let mut of_household = rows.filter(|row| row.household == *household);
        let last = of_household.find(|row| matches!(row.event, RowEvent::Entered | RowEvent::Left));
        last.is_some_and(|row| row.event == RowEvent::Left)
    }

    fn apply_change(&mut self, scope: &Scope, digest: &mut Digest, row: &Row, hash: ChangeHash, bytes: Vec<u8>) {
        let Some(document) = self.of_round(&row.household, &scope.round) else { return };
        let bytes = if bytes.is_empty() { document.bytes_of(&hash).unwrap_or_default() } else { bytes };
        if let Some([before, after]) = document.accept(scope.village, hash, bytes) {
            digest.remove(&row.household, &before);
            digest.add(&row.household, &after);
        }
    }

    /// The document of a household in a round, made when there is none. Rounds follow one another: the document of the one
    /// before makes room, and stays as long as its village is held.
    pub(super) fn document_in(&mut self, household: HouseholdId, scope: &Scope) -> &mut DeviceDocument {
        let back = self.earlier.remove(&(household, scope.round.clone()));
        let present = self.documents.get(&household).map(|document| &document.scope.round);
        if present != Some(&scope.round) {
            let made = back.unwrap_or_else(|| DeviceDocument::new(scope.clone()));
            if let Some(other) = self.documents.insert(household, made) {
                self.earlier.insert((household, other.scope.round.clone()), other);
            }
        }
        self.documents.entry(household).or_insert_with(|| DeviceDocument::new(scope.clone()))
    }

    fn of_round(&mut self, household: &HouseholdId, round: &RoundId) -> Option<&mut DeviceDocument> {
        let present = self.documents.get_mut(household).filter(|document| document.scope.round == *round);
        present.or_else(|| self.earlier.get_mut(&(*household, round.clone())))
    }

    /// Whether the verdicts of an answer end the sequence of changes that this epoch was writing.
    pub(super) fn ends_epoch(&self, verdicts: &[(u32, u64, Verdict)]) -> bool {
        verdicts.iter().filter(|(epoch, ..)| *epoch == self.epoch).any(|(_, _, verdict)| match verdict {
            Verdict::Rejected(_) | Verdict::Held(Hold::BuildsOnHeld) | Verdict::Superseded => true,
            Verdict::Accepted | Verdict::Released | Verdict::Held(_) => false,
        })
    }
}
