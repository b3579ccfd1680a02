//! What a device keeps on disk: one record after another. Replaying them makes the device again.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use schemas::ids::{HouseholdId, RoundId};
use thiserror::Error;

use super::document::{DeviceDocument, OwnChange, Standing};
use super::parcel::{Awaited, MOST_AWAITED};
use super::{Device, Outgoing, ScopeState, Travel};
use crate::hash::ChangeHash;
use crate::journal::{Body, JournalEntry, JournalHead, Scope, from_cbor, to_cbor};
use crate::log::{Cursor, Digest, Row, RowEvent, origin};
use crate::message::Page;
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
    /// The device made a parcel, which may be answered.
    #[n(12)]
    Parcel(#[n(0)] Awaited),
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
            Record::Parcel(awaited) => {
                self.awaited.push(awaited.clone());
                self.awaited.drain(..self.awaited.len().saturating_sub(MOST_AWAITED));
            }
        }
    }

    fn apply_own(&mut self, epoch: u32, scope: &Scope, entry: &JournalEntry, change: Option<&ByteVec>) {
        self.journal = JournalHead { number: entry.number, hash: Some(entry.hash()) };
        if let (Body::Change { household, hash }, Some(bytes)) = (&entry.body, change) {
            let document = self.document_in(*household, scope);
            let bytes = bytes.to_vec();
            let entry = (epoch, entry.number);
            document.own.push(OwnChange { entry, hash: *hash, bytes, standing: Standing::Waiting });
        }
        let (scope, entry, payload) = (scope.clone(), entry.clone(), change.cloned());
        self.outbox.push(Outgoing { epoch, scope, entry, payload, travel: Travel::Intent });
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

    /// What an answer says of an entry counts as long as the entry waits for one. Later the log knows better: an old answer
    /// that comes late takes nothing back.
    fn apply_standing(&mut self, entry: (u32, u64), standing: Standing) {
        let waiting = self.outbox.len();
        self.outbox.retain(|outgoing| (outgoing.epoch, outgoing.entry.number) != entry);
        if self.outbox.len() == waiting {
            return;
        }
        let own = self.all_documents().flat_map(|document| &mut document.own);
        own.filter(|own| own.entry == entry).for_each(|own| own.standing = standing);
    }

    fn apply_assigned(&mut self, scopes: &[Scope]) {
        for scope in scopes {
            self.scopes.entry(scope.clone()).or_default();
        }
        let given_up: Vec<Scope> = self.given_up(scopes).cloned().collect();
        for scope in given_up {
            self.scopes.remove(&scope);
            self.documents.retain(|_, document| document.scope != scope);
            self.earlier.retain(|_, document| document.scope != scope);
        }
    }

    /// The scopes that the device gives up when it is assigned to these: only once nothing of its own waits there.
    pub(super) fn given_up<'a>(&'a self, assigned: &'a [Scope]) -> impl Iterator<Item = &'a Scope> {
        let waits = |scope: &Scope| {
            let outbox = self.outbox.iter().any(|outgoing| outgoing.scope == *scope);
            let mut documents = self.documents.values().chain(self.earlier.values());
            outbox || documents.any(|document| document.scope == *scope && !document.own.is_empty())
        };
        self.scopes.keys().filter(move |scope| !assigned.contains(scope) && !waits(scope))
    }

    fn apply_page(&mut self, page: &Page) {
        let state = self.scopes.get(&page.scope).copied().unwrap_or_default();
        let mut state = if page.after == state.cursor { state } else { self.forget(page) };
        let mut changes = page.changes.iter();
        let mut previous = state.row.unwrap_or_else(|| origin(&page.scope, page.head.cursor.generation));
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
        self.scopes.insert(page.scope.clone(), state);
    }

    /// A log that starts anew: what was read of the old one is put aside, what the device wrote itself is kept.
    fn forget(&mut self, page: &Page) -> ScopeState {
        for document in self.all_documents().filter(|document| document.scope == page.scope) {
            document.start_anew();
        }
        ScopeState { cursor: Cursor { generation: page.after.generation, position: 0 }, ..ScopeState::default() }
    }

    fn apply_row(&mut self, scope: &Scope, digest: &mut Digest, row: &Row, bytes: Option<Vec<u8>>) {
        match &row.event {
            RowEvent::Entered => {
                let document = self.document_in(row.household, scope);
                document.scope = scope.clone();
                digest.add(&row.household, &document.heads);
            }
            RowEvent::Left => {
                if let Some(document) = self.of_round(&row.household, &scope.round) {
                    let heads = document.heads.clone();
                    digest.remove(&row.household, &heads);
                }
                let stays = |document: &DeviceDocument| document.scope.round != scope.round || !document.own.is_empty();
                self.documents.retain(|household, document| *household != row.household || stays(document));
            }
            RowEvent::Change(hash) => {
                self.apply_change(&scope.round, digest, row, *hash, bytes.unwrap_or_default());
            }
            RowEvent::Verdict { hash, verdict } => {
                if let Some(own) = self.own(hash) {
                    own.standing = Standing::of(*verdict);
                }
            }
        }
    }

    fn apply_change(&mut self, round: &RoundId, digest: &mut Digest, row: &Row, hash: ChangeHash, bytes: Vec<u8>) {
        let Some(document) = self.of_round(&row.household, round) else { return };
        let bytes = if bytes.is_empty() { document.bytes_of(&hash).unwrap_or_default() } else { bytes };
        let before = document.heads.clone();
        if document.accept(hash, bytes) {
            let after = document.heads.clone();
            digest.remove(&row.household, &before);
            digest.add(&row.household, &after);
        }
    }

    /// The document of a household in a round, made when there is none. Rounds follow one another: the document of the one
    /// before makes room, and stays as long as its village is held.
    fn document_in(&mut self, household: HouseholdId, scope: &Scope) -> &mut DeviceDocument {
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
