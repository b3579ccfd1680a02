//! The device's half: what a phone holds, what it writes, what it sends and what it makes of the answer.
//!
//! Sans-IO and event-sourced: every method returns the records that the caller must have on disk before it shows success,
//! and a device is exactly what replaying its records makes it. Owns the state; storage, transport and clocks are the
//! caller's. Documents are kept as bytes and opened when asked for: a phone holds thousands and looks at one.

mod answer;
mod document;
mod parcel;
mod record;
mod request;

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;
use schemas::form::Form;
use schemas::household::Household;
use schemas::ids::{AccountId, HouseholdId, RoundId};
use thiserror::Error;

use crate::actor::Author;
use crate::change::{self, Slot, Write};
use crate::disagreement::{self, Disagreement};
use crate::gate::{self, Admission, Candidate, Fate, Policy};
use crate::hash::{ChangeHash, PublicKey, RowHash};
use crate::history::History;
use crate::journal::{Beacon, Body, JournalEntry, JournalHead, Scope};
use crate::log::{Cursor, Digest};
use crate::verdict::{Rejection, Verdict};

pub use answer::{AnswerFault, Outcome, Remark};
pub use document::{DeviceDocument, OwnChange, Standing, View};
pub use parcel::{Awaited, MOST_AWAITED, PackedParcel, ParcelAnswerFault};
pub use record::{Record, RecordFault};
pub use request::Sync;

/// Who a device is and whom it trusts; made at enrolment, kept apart from the records.
#[derive(Clone)]
pub struct Identity {
    /// The device's key.
    pub key: SigningKey,
    /// Who uses it.
    pub account: AccountId,
    /// The server's key.
    pub server: PublicKey,
}

/// What the caller's clocks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Milliseconds since 1970 by the device.
    pub wall_ms: i64,
    /// Milliseconds since the device's start.
    pub uptime_ms: u64,
}

/// How far a scope has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeState {
    /// How far.
    pub cursor: Cursor,
    row: Option<RowHash>,
    digest: Digest,
    /// Whether its next page has to come with bytes.
    as_bytes: bool,
}

/// How an entry travels. An entry that did not arrive goes the next way, and the last one always arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Travel {
    /// As an intent, where it can.
    Intent,
    /// As the bytes of its change.
    Bytes,
    /// In a segment that is not packed at all.
    Plain,
}

impl ScopeState {
    /// What everything read of the scope sums up to.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// An entry that the server has not answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outgoing {
    epoch: u32,
    scope: Scope,
    entry: JournalEntry,
    payload: Option<ByteVec>,
    travel: Travel,
}

impl Outgoing {
    /// Whether it can stand in one segment right after another entry.
    fn follows(&self, before: &Self) -> bool {
        let next = before.entry.number.checked_add(1) == Some(self.entry.number);
        next && self.epoch == before.epoch && self.scope == before.scope
    }
}

/// A phone.
pub struct Device {
    identity: Identity,
    forms: Vec<Arc<Form>>,
    epoch: u32,
    journal: JournalHead,
    scopes: BTreeMap<Scope, ScopeState>,
    documents: BTreeMap<HouseholdId, DeviceDocument>,
    /// Documents of other rounds than the household's present one, whose villages are still held.
    earlier: BTreeMap<(HouseholdId, RoundId), DeviceDocument>,
    outbox: Vec<Outgoing>,
    refused: Vec<(u32, u64, String)>,
    /// Whether the server has asked for the scopes by name: forgotten with the process, because it would ask again.
    name_scopes: bool,
    /// Parcels that may be answered, the newest last.
    awaited: Vec<Awaited>,
}

/// Why something was not written.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CommitError {
    /// The device does not hold this scope.
    #[error("the village and round are not on this device")]
    NoScope,
    /// The household is not on this device.
    #[error("the household is not on this device")]
    NoHousehold,
    /// A change of the document does not fit: the phone's copy is damaged.
    #[error("the copy of this household is damaged")]
    Damaged,
    /// Everything written stands there already.
    #[error("nothing to write")]
    Nothing,
    /// The server would refuse it: operation and reason.
    #[error("not allowed: {1}")]
    Refused(Verdict, String),
}

impl Device {
    /// A device in its first epoch that holds nothing yet. `forms`: those it can fill in, the current one first.
    pub fn new(identity: Identity, forms: Vec<Arc<Form>>) -> Self {
        Self {
            identity,
            forms,
            epoch: 1,
            journal: JournalHead::default(),
            scopes: BTreeMap::new(),
            documents: BTreeMap::new(),
            earlier: BTreeMap::new(),
            outbox: Vec::new(),
            refused: Vec::new(),
            name_scopes: false,
            awaited: Vec::new(),
        }
    }

    /// Who writes on it now.
    pub fn author(&self) -> Author {
        let key = PublicKey(self.identity.key.verifying_key().to_bytes());
        Author { key, account: self.identity.account, epoch: self.epoch }
    }

    /// The scopes it holds.
    pub fn scopes(&self) -> impl Iterator<Item = (&Scope, &ScopeState)> {
        self.scopes.iter()
    }

    /// The households it holds, in the order of their ids.
    pub fn households(&self) -> impl Iterator<Item = (&HouseholdId, &DeviceDocument)> {
        self.documents.iter()
    }

    /// Documents of earlier rounds, beside the households' present ones: own work in them has not come to its end.
    pub fn earlier(&self) -> impl Iterator<Item = (&HouseholdId, &DeviceDocument)> {
        self.earlier.iter().map(|((household, _), document)| (household, document))
    }

    /// How many journal entries wait to be sent or answered.
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Whether the next request names the scopes because the server asked for them: lost with the process, and no harm.
    pub fn is_asked_for_names(&self) -> bool {
        self.name_scopes
    }

    /// Entries that the server refused to take at all: epoch, number and the reason's name.
    pub fn refused(&self) -> &[(u32, u64, String)] {
        &self.refused
    }

    /// A household as one of the views shows it; `None` when it is not here.
    pub fn household(&self, household: &HouseholdId, view: View) -> Option<Household> {
        self.history(household, view).map(|history| history.current())
    }

    /// The open disagreements of a household in one of the views.
    pub fn disagreements(&self, household: &HouseholdId, view: View) -> Vec<Disagreement> {
        self.history(household, view).map(|history| disagreement::open(&history)).unwrap_or_default()
    }

    /// The history of a household in one of the views; `None` when it is not here.
    pub fn history(&self, household: &HouseholdId, view: View) -> Option<History> {
        self.documents.get(household)?.history(household, &self.forms, view)
    }

    /// Writes one saved form section of a household that is here.
    pub fn commit(
        &mut self,
        household: HouseholdId,
        writes: &BTreeMap<Slot, Write>,
        message: Option<String>,
        clocks: Clocks,
    ) -> Result<Vec<Record>, CommitError> {
        let document = self.documents.get(&household).ok_or(CommitError::NoHousehold)?;
        let scope = document.scope.clone();
        let history = document.history(&household, &self.forms, View::Mine).ok_or(CommitError::Damaged)?;
        self.write(scope, &history, writes, message, clocks)
    }

    /// Writes the first section of a household that nobody has listed yet.
    pub fn found(
        &mut self,
        scope: Scope,
        household: HouseholdId,
        writes: &BTreeMap<Slot, Write>,
        clocks: Clocks,
    ) -> Result<Vec<Record>, CommitError> {
        if !self.scopes.contains_key(&scope) {
            return Err(CommitError::NoScope);
        }
        let form = self.forms.first().ok_or(CommitError::Damaged)?;
        let history = document::founded(household, &scope, form);
        self.write(scope, &history, writes, None, clocks)
    }

    /// Sends a signed request for a decision.
    pub fn command(&mut self, scope: Scope, request: Vec<u8>, clocks: Clocks) -> Result<Vec<Record>, CommitError> {
        let body = Body::Command { request: request.into() };
        let entry = self.entry(&scope, clocks, body).ok_or(CommitError::NoScope)?;
        Ok(self.applied(vec![Record::Own { epoch: self.epoch, scope, entry, change: None }]))
    }

    fn write(
        &mut self,
        scope: Scope,
        history: &History,
        writes: &BTreeMap<Slot, Write>,
        message: Option<String>,
        clocks: Clocks,
    ) -> Result<Vec<Record>, CommitError> {
        let actor = self.author().actor();
        let draft = history.draft(history.heads(), actor, clocks.wall_ms / 1_000, message, writes);
        let bytes = draft.and_then(|draft| draft.encode()).ok_or(CommitError::Nothing)?;
        let (_, hash) = change::parse(&bytes)
            .map_err(|fault| CommitError::Refused(Verdict::Rejected(Rejection::NotAllowed), fault.to_string()))?;
        // The same gate as the server's: what it would refuse is refused while the household is still at the door.
        let candidate = Candidate { bytes: &bytes, hash, actor };
        match gate::judge(history, candidate, Policy::Allows, |_| Fate::Unknown) {
            Admission::Admitted(_) => {}
            Admission::Known => return Err(CommitError::Nothing),
            Admission::Held(hold, _) => {
                let verdict = Verdict::Held(hold);
                return Err(CommitError::Refused(verdict, verdict.slug().to_owned()));
            }
            Admission::Rejected(rejection, reason) | Admission::Unproven(rejection, reason) => {
                return Err(CommitError::Refused(Verdict::Rejected(rejection), reason));
            }
        }
        let body = Body::Change { household: history.genesis().household, hash };
        let entry = self.entry(&scope, clocks, body).ok_or(CommitError::NoScope)?;
        Ok(self.applied(vec![Record::Own { epoch: self.epoch, scope, entry, change: Some(bytes.into()) }]))
    }

    fn entry(&self, scope: &Scope, clocks: Clocks, body: Body) -> Option<JournalEntry> {
        let state = self.scopes.get(scope)?;
        let Cursor { generation, position } = state.cursor;
        let beacon = state.row.map(|row| Beacon { generation, position, row });
        let mut journal = self.journal;
        Some(journal.append(beacon, clocks.wall_ms, clocks.uptime_ms, body))
    }

    /// Begins a new epoch: after a restore, after losing the single-writer lock, and by itself after a rejection.
    pub fn begin_epoch(&mut self) -> Vec<Record> {
        self.applied(vec![Record::Epoch(self.epoch + 1)])
    }

    fn applied(&mut self, records: Vec<Record>) -> Vec<Record> {
        records.iter().for_each(|record| self.apply(record));
        records
    }

    /// The own change with this hash, wherever it stands.
    fn own(&mut self, hash: &ChangeHash) -> Option<&mut OwnChange> {
        self.all_documents().flat_map(|document| &mut document.own).find(|own| own.hash == *hash)
    }

    fn all_documents(&mut self) -> impl Iterator<Item = &mut DeviceDocument> {
        self.documents.values_mut().chain(self.earlier.values_mut())
    }
}
