//! What the field brings in: households, their documents, changes and logs, as they are stored.
//!
//! Plain facts; what they mean is said by `sync-protocol`.

use jiff::Timestamp;
use schemas::form::FormVersion;
use schemas::ids::{DeviceId, HouseholdId, RoundId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::hash::{ChangeHash, EntryHash, ParcelId, RowHash};
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, Digest, Row};
use sync_protocol::verdict::Verdict;

/// A household: where it belongs now, and its wrapped key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Which household.
    pub id: HouseholdId,
    /// The commune it belongs to.
    pub commune: UnitId,
    /// The village it belongs to.
    pub village: UnitId,
    /// Its key under the master key; `None` once it was erased.
    pub wrapped_key: Option<Vec<u8>>,
    /// Since when the server knows it.
    pub created_at: Timestamp,
}

/// The document of a household in a round, as far as it need not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentState {
    /// Which household.
    pub household: HouseholdId,
    /// The village that it belongs to in this round.
    pub village: UnitId,
    /// The villages that it has left in this round: their logs go on telling what becomes of its changes.
    pub left: Vec<UnitId>,
    /// The form it is filled in on.
    pub form: FormVersion,
    /// Its accepted heads, sorted; empty before the first change.
    pub heads: Vec<ChangeHash>,
    /// How many changes were accepted.
    pub changes: u64,
    /// Automerge's bytes, sealed: a cache that the change log can make again.
    pub saved: Option<Vec<u8>>,
    /// Since when it takes no more changes.
    pub closed_at: Option<Timestamp>,
}

/// What is looked at before a document is written: its household and its heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentStanding {
    /// The household.
    pub home: Home,
    /// The accepted heads; `None` while nothing was accepted.
    pub heads: Option<Vec<ChangeHash>>,
}

/// A change as it came, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange {
    /// The household it was written for.
    pub household: HouseholdId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Who wrote it, proven by the segment.
    pub author: Author,
    /// Number of its journal entry.
    pub entry: u64,
    /// The writer's clock, in milliseconds since 1970; advisory.
    pub wall_ms: i64,
    /// When the last log row was written that the writer had seen: it was not written before; `None` where none is proven.
    pub seen_at: Option<Timestamp>,
    /// When the server had it.
    pub received_at: Timestamp,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in words for evidence.
    pub reason: Option<String>,
    /// Its bytes under the household's key.
    pub sealed: Vec<u8>,
}

/// A signed segment as evidence: without the bytes of the changes it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSegment {
    /// The hash of its last entry.
    pub head: EntryHash,
    /// Who wrote it.
    pub author: Author,
    /// Numbers of its first and last entry.
    pub entries: (u64, u64),
    /// Where.
    pub scope: Scope,
    /// When the server had it.
    pub received_at: Timestamp,
    /// Its entries and signature.
    pub journal: Vec<u8>,
}

/// A parcel of one device that another one brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriage {
    /// Which parcel.
    pub parcel: ParcelId,
    /// Who brought it; its author, when they found the server themselves.
    pub carrier: DeviceId,
    /// Who made it, proven by its signature.
    pub author: DeviceId,
    /// Its size.
    pub size_bytes: u64,
    /// When the server had it.
    pub received_at: Timestamp,
}

/// Where a log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogState {
    /// Its generation: a restored server starts a new one.
    pub generation: u64,
    /// Position of its last row; 0 before the first.
    pub position: u64,
    /// Its last row, or its origin.
    pub row: RowHash,
    /// The digest after it.
    pub digest: Digest,
}

impl LogState {
    /// Where its last row stands.
    pub fn cursor(&self) -> Cursor {
        Cursor { generation: self.generation, position: self.position }
    }
}

/// A generation of a log that has ended: the server was set back to an older copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedGeneration {
    /// The log.
    pub scope: Scope,
    /// The generation.
    pub generation: u64,
    /// How far the server still knows it.
    pub position: u64,
    /// How far it had come at least: a phone has shown a signed head.
    pub shown: u64,
    /// When the next one began.
    pub ended_at: Timestamp,
}

/// Rows of a log under a head that the server had signed, as a phone gave them back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChapter {
    /// The commune of the log.
    pub commune: UnitId,
    /// The last row.
    pub head: RowHash,
    /// Who gave it back first.
    pub device: DeviceId,
    /// When.
    pub received_at: Timestamp,
    /// Rows and head, without the changes themselves.
    pub rows: Vec<u8>,
}

/// A change that was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenBack {
    /// The change.
    pub hash: ChangeHash,
    /// The last row of the chapter that names it.
    pub head: RowHash,
    /// Who gave it back.
    pub device: DeviceId,
    /// When.
    pub at: Timestamp,
}

/// A row of a log with what stood after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRow {
    /// The row.
    pub row: Row,
    /// Its hash.
    pub hash: RowHash,
    /// The digest after it.
    pub digest: Digest,
}

/// A document's place in the store: commune first, as in every table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey {
    /// The commune that the household belongs to.
    pub commune: UnitId,
    /// The round.
    pub round: RoundId,
    /// The household.
    pub household: HouseholdId,
}
