//! The device's half: what a phone holds, what it writes, what it sends and what it makes of the answer.
//!
//! Sans-IO and event-sourced: every method returns the records that the caller must have on disk before it shows success,
//! and a device is exactly what replaying its records makes it. Owns the state; storage, transport and clocks are the
//! caller's. Documents are kept as bytes and opened when asked for: a phone holds thousands and looks at one.

mod answer;
mod blob;
mod document;
mod mend;
mod parcel;
mod portion;
mod rebase;
mod record;
mod request;
mod share;
mod snapshot;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use schemas::form::Form;
use schemas::household::Household;
use schemas::ids::{AccountId, HouseholdId, RoundId};
use thiserror::Error;

use crate::actor::Author;
use crate::after_result;
use crate::change::{self, Slot, Write};
use crate::disagreement::{self, Disagreement};
use crate::gate::{self, Admission, Candidate, Fate, Policy};
use crate::hash::{ActorId, ChangeHash, PublicKey, RowHash};
use crate::history::{History, Node};
use crate::journal::{Beacon, Body, JournalEntry, JournalHead, Scope};
use crate::log::{Cursor, Digest};
use crate::message::{MESSAGE_VERSION, OLDEST_MESSAGE_VERSION};
use crate::parcel::SealSecret;
use crate::verdict::{Rejection, Verdict};
use mend::{Giving, ReadPage};
use parcel::SentParcel;

pub use answer::{AnswerFault, Outcome, Remark};
pub use blob::{BlobAnswer, BlobState, OwnBlob};
pub use document::{DeviceDocument, OwnChange, Stamp, Standing, View};
pub use mend::Mend;
pub use parcel::{Awaited, MOST_AWAITED, PackedParcel, ParcelAnswerFault, ParcelStep};
pub use portion::{Portion, Way};
pub use rebase::{Item, ItemState, Plan};
pub use record::{Record, RecordFault};
pub use request::Sync;
pub use share::{Looked, MOST_SEEN, Seen, ShareFault, ShareStep, VillageKey};
pub use snapshot::SnapshotFault;
pub use status::{Need, Status, Whereabouts};

/// Largest command, in bytes: as large as a change, so that one entry never fills a request.
pub const MAX_COMMAND_BYTES: usize = 16 * 1024;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ScopeState {
    /// How far.
    #[n(0)]
    pub cursor: Cursor,
    #[n(1)]
    row: Option<RowHash>,
    #[n(2)]
    digest: Digest,
    /// Whether its next page has to come with bytes.
    #[n(3)]
    as_bytes: bool,
    /// Whether it was asked for from its first row again and has not come to the server's digest since.
    #[n(4)]
    is_read_anew: bool,
}

/// How an entry travels. An entry that did not arrive goes the next way, and the last one always arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum Travel {
    /// As an intent, where it can.
    #[n(0)]
    Intent,
    /// As the bytes of its change.
    #[n(1)]
    Bytes,
    /// In a segment that is not packed at all.
    #[n(2)]
    Plain,
}

impl ScopeState {
    /// What everything read of the scope sums up to.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// An entry that the server has not answered for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Outgoing {
    #[n(0)]
    epoch: u32,
    #[n(1)]
    scope: Scope,
    #[n(2)]
    entry: JournalEntry,
    #[n(3)]
    payload: Option<ByteVec>,
    #[n(4)]
    travel: Travel,
    /// Whether a segment has to begin here: a run through here was refused, and what was wrong is looked for.
    #[n(5)]
    begins: bool,
    /// How often the server could not take it: it goes after those that were put off less. Forgotten with the process.
    #[cbor(skip)]
    put_off: u32,
}

/// A phone.
#[derive(Clone)]
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
    /// Own entries that the server has answered for, by epoch and number: a server that was set back needs them again.
    answered: BTreeMap<(u32, u64), Outgoing>,
    /// The pages of each log in the generation that is being read.
    read: BTreeMap<Scope, Vec<ReadPage>>,
    /// What is being given back, by log and generation.
    giving: BTreeMap<(Scope, u64), Giving>,
    refused: Vec<(u32, u64, String)>,
    blobs: Vec<OwnBlob>,
    /// The newest set-back of the server that it was told of.
    set_back: Option<u64>,
    /// Whether the server has asked for the scopes by name: forgotten with the process, because it would ask again.
    name_scopes: bool,
    /// Parcels that may be answered, the newest last.
    parcels: Vec<SentParcel>,
    /// The keys under which colleagues share work, by village.
    village_keys: BTreeMap<Scope, SealSecret>,
    /// What colleagues have shared and no log has told of yet.
    seen: Vec<Seen>,
    /// The server's clock less the device's, as it was last found to be.
    clock_offset_ms: Option<i64>,
    /// The version in which it asks: the newest with every start, because servers are renewed.
    version: u8,
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
    /// What was shown is not how things are any more: look again.
    #[error("not as it was shown any more")]
    Stale,
    /// The plan has no such value that could be said again.
    #[error("not in the plan")]
    NotInPlan,
    /// More bytes than a request may have.
    #[error("larger than a request may be")]
    TooLarge,
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
            answered: BTreeMap::new(),
            read: BTreeMap::new(),
            giving: BTreeMap::new(),
            refused: Vec::new(),
            blobs: Vec::new(),
            set_back: None,
            name_scopes: false,
            parcels: Vec::new(),
            village_keys: BTreeMap::new(),
            seen: Vec::new(),
            clock_offset_ms: None,
            version: MESSAGE_VERSION,
        }
    }

    /// The server does not speak the version of the last request: whether there is an older one, in which the next asks.
    pub fn speak_older(&mut self) -> bool {
        let is_oldest = self.version == OLDEST_MESSAGE_VERSION;
        self.version -= u8::from(!is_oldest);
        !is_oldest
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

    /// The present document of a household; `None` when it is not here.
    pub fn document(&self, household: &HouseholdId) -> Option<&DeviceDocument> {
        self.documents.get(household)
    }

    /// Whether a household is on this device.
    pub fn holds(&self, household: &HouseholdId) -> bool {
        self.documents.contains_key(household)
    }

    /// The village and round that the present document of a household belongs to; `None` when it is not here.
    pub fn document_scope(&self, household: &HouseholdId) -> Option<Scope> {
        self.documents.get(household).map(|document| document.scope.clone())
    }

    /// The form on which it founds households; `None` when it was given none.
    pub fn form(&self) -> Option<&Arc<Form>> {
        self.forms.first()
    }

    /// The forms that it can fill in, the one for new households first.
    pub fn forms(&self) -> &[Arc<Form>] {
        &self.forms
    }

    /// The key of the server that it believes.
    pub fn server(&self) -> PublicKey {
        self.identity.server
    }

    /// The history of a document that is here, one of [`Device::households`] or [`Device::earlier`].
    pub(crate) fn history_of(&self, household: &HouseholdId, document: &DeviceDocument, view: View) -> Option<History> {
        document.history(household, &self.forms, view)
    }

    /// Documents of earlier rounds, beside the households' present ones: own work in them has not come to its end.
    pub fn earlier(&self) -> impl Iterator<Item = (&HouseholdId, &DeviceDocument)> {
        self.earlier.iter().map(|((household, _), document)| (household, document))
    }

    /// The server's clock less the device's, in milliseconds, as it was last found to be; `None` before the first time.
    pub fn clock_offset_ms(&self) -> Option<i64> {
        self.clock_offset_ms
    }

    /// How many journal entries wait to be sent or answered.
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Whether something waits that the server has not put off: worth asking again at once.
    pub fn has_untried(&self) -> bool {
        self.outbox.iter().any(|outgoing| outgoing.put_off == 0)
    }

    /// Whether something waits that the server could not take: lost with the process, and no harm.
    pub fn has_put_off(&self) -> bool {
        self.outbox.iter().any(|outgoing| outgoing.put_off > 0)
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
        match view {
            View::Accepted | View::Mine => self.documents.get(household)?.history(household, &self.forms, view),
            View::Preview => self.preview_of(household),
        }
    }

    /// Writes one saved form section of a household that is here. Whoever has seen what the household comes to says so by it.
    pub fn commit(
        &mut self,
        household: HouseholdId,
        writes: &BTreeMap<Slot, Write>,
        clocks: Clocks,
    ) -> Result<Vec<Record>, CommitError> {
        let document = self.documents.get(&household).ok_or(CommitError::NoHousehold)?;
        let message = document.result_seen().then(|| after_result::message(writes)).flatten();
        let scope = document.scope.clone();
        let history = document.history(&household, &self.forms, View::Mine).ok_or(CommitError::Damaged)?;
        self.write(scope, &history, writes, message, clocks)
    }

    /// Notes that somebody is shown what a household comes to; the record has to be on disk before they are. None where
    /// they were shown it before.
    pub fn see_result(&mut self, household: HouseholdId) -> Vec<Record> {
        let unseen = self.documents.get(&household).filter(|document| !document.result_seen());
        let record = unseen.map(|document| Record::ResultSeen(household, document.scope.round.clone()));
        self.applied(record.into_iter().collect())
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
        if request.len() > MAX_COMMAND_BYTES {
            return Err(CommitError::TooLarge);
        }
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
        let (node, bytes) = drafted(history, self.author().actor(), writes, message, clocks)?;
        let hash = node.entry.hash;
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

/// Drafts a change and runs the server's own gate on it: what that would refuse is refused while the household is still at
/// the door.
fn drafted(
    history: &History,
    actor: ActorId,
    writes: &BTreeMap<Slot, Write>,
    message: Option<String>,
    clocks: Clocks,
) -> Result<(Node, Vec<u8>), CommitError> {
    let draft = history.draft(history.heads(), actor, clocks.wall_ms / 1_000, message, writes);
    let bytes = draft.and_then(|draft| draft.encode()).ok_or(CommitError::Nothing)?;
    let (_, hash) = change::parse(&bytes)
        .map_err(|fault| CommitError::Refused(Verdict::Rejected(Rejection::NotAllowed), fault.to_string()))?;
    match gate::judge(history, Candidate { bytes: &bytes, hash, actor }, Policy::Allows, |_| Fate::Unknown) {
        Admission::Admitted(node) => Ok((*node, bytes)),
        Admission::Known => Err(CommitError::Nothing),
        Admission::Held(hold, _) => {
            let verdict = Verdict::Held(hold);
            Err(CommitError::Refused(verdict, verdict.slug().to_owned()))
        }
        Admission::Rejected(rejection, reason) | Admission::Unproven(rejection, reason) => {
            Err(CommitError::Refused(Verdict::Rejected(rejection), reason))
        }
    }
}
