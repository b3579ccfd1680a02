//! What a device did, in its own order: an append-only, hash-chained list per author, which no relay can reorder and no
//! device can rewrite after it was seen once.
//!
//! Owns entries and their chain. Signing is [`crate::segment`]'s; what becomes of an entry is the server's.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use schemas::ids::{HouseholdId, RoundId, UnitId};

use crate::hash::{BlobHash, ChangeHash, EntryHash, RowHash, tagged};

/// Where work happens: one village in one round. A segment and a log hold one scope each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Scope {
    /// The village.
    #[n(0)]
    #[cbor(with = "crate::wire::unit_id")]
    pub village: UnitId,
    /// The round.
    #[n(1)]
    #[cbor(with = "crate::wire::round_id")]
    pub round: RoundId,
}

/// The last signed log head that the device had seen: the entry was written after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Beacon {
    /// Generation of the log.
    #[n(0)]
    pub generation: u64,
    /// Position in it.
    #[n(1)]
    pub position: u64,
    /// The row at that position.
    #[n(2)]
    pub row: RowHash,
}

/// One thing that a device did.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct JournalEntry {
    /// Its number, from 1, without gaps.
    #[n(0)]
    pub number: u64,
    /// The entry before it; `None` for the first.
    #[n(1)]
    pub previous: Option<EntryHash>,
    /// The log head that the device had seen; `None` when it had seen none.
    #[n(2)]
    pub beacon: Option<Beacon>,
    /// Milliseconds since 1970 by the device's clock. Advisory: phones drift by hours and are set by hand.
    #[n(3)]
    pub wall_ms: i64,
    /// Milliseconds since the device's last start: tells a clock that was turned from time that passed.
    #[n(4)]
    pub uptime_ms: u64,
    /// What was done.
    #[n(5)]
    pub body: Body,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Body {
    /// A change to a household's document. Its bytes travel beside the entry.
    #[n(0)]
    Change {
        /// The household.
        #[n(0)]
        #[cbor(with = "crate::wire::household_id")]
        household: HouseholdId,
        /// The change.
        #[n(1)]
        hash: ChangeHash,
    },
    /// A signed request for a decision, such as the minutes of a meeting.
    #[n(1)]
    Command {
        /// The request, as its own kind encodes it.
        #[n(0)]
        request: ByteVec,
    },
    /// A photo or another file that follows in its own queue.
    #[n(2)]
    Blob {
        /// The household it belongs to.
        #[n(0)]
        #[cbor(with = "crate::wire::household_id")]
        household: HouseholdId,
        /// SHA-256 of its bytes.
        #[n(1)]
        hash: BlobHash,
        /// How many bytes it has.
        #[n(2)]
        size_bytes: u64,
    },
}

impl JournalEntry {
    /// Its hash, which the next entry names.
    pub fn hash(&self) -> EntryHash {
        EntryHash(tagged("rasoat entry 1", &[&to_cbor(self)]))
    }
}

/// Canonical CBOR of our own types.
pub(crate) fn to_cbor(value: &impl Encode<()>) -> Vec<u8> {
    // Writing to a Vec cannot fail, and none of our encoders refuses a value.
    minicbor::to_vec(value).expect("encodes into memory")
}

/// Reads one value that fills the bytes exactly.
pub(crate) fn from_cbor<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, minicbor::decode::Error> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode()?;
    match decoder.position() == bytes.len() {
        true => Ok(value),
        false => Err(minicbor::decode::Error::message("bytes left over").at(decoder.position())),
    }
}

/// Where a journal stands: what the next entry has to name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct JournalHead {
    /// Number of the last entry; 0 before the first.
    #[n(0)]
    pub number: u64,
    /// Its hash.
    #[n(1)]
    pub hash: Option<EntryHash>,
}

impl JournalHead {
    /// Makes the next entry and moves on to it.
    pub fn append(&mut self, beacon: Option<Beacon>, wall_ms: i64, uptime_ms: u64, body: Body) -> JournalEntry {
        let number = self.number + 1;
        let entry = JournalEntry { number, previous: self.hash, beacon, wall_ms, uptime_ms, body };
        *self = Self { number, hash: Some(entry.hash()) };
        entry
    }
}
