//! A run of journal entries of one scope with the changes they name, signed once. A relay carries it whole and cannot
//! read meaning into it; anybody who knows the author's key can check it.

mod packed;
mod told;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::actor::Author;
use crate::hash::{EntryHash, Signature, tagged};
use crate::journal::{Body, JournalEntry, Scope, from_cbor, to_cbor};

pub use packed::{Packed, Packing, UnpackFault, Unpacking};

/// Version of the segment format.
pub const SEGMENT_VERSION: u8 = 1;
/// Largest segment, in bytes.
pub const MAX_SEGMENT_BYTES: usize = 512 * 1024;
/// Most entries in one segment.
pub const MAX_SEGMENT_ENTRIES: usize = 1_000;

/// How a change travels.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Payload {
    /// Its bytes.
    #[n(0)]
    Raw(#[n(0)] ByteVec),
}

/// A signed run of journal entries.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Segment {
    #[n(0)]
    version: u8,
    #[n(1)]
    author: Author,
    #[n(2)]
    scope: Scope,
    #[n(3)]
    entries: Vec<JournalEntry>,
    #[n(4)]
    payloads: Vec<Payload>,
    #[n(5)]
    signature: Signature,
}

/// Why a segment is refused as a whole. Nothing in it can be trusted, so nothing in it is taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SegmentFault {
    /// More bytes or entries than a segment may have.
    #[error("segment too large")]
    TooLarge,
    /// Not a segment.
    #[error("segment unreadable")]
    Unreadable,
    /// A version that this program does not speak.
    #[error("segment version not supported")]
    Version,
    /// No entries, numbers with gaps, or an entry that does not name the one before it.
    #[error("journal chain broken")]
    Chain,
    /// Not one payload for each change.
    #[error("changes and payloads do not match")]
    Payloads,
    /// The signature is not the author's.
    #[error("signature wrong")]
    Signature,
}

impl SegmentFault {
    /// The stable name that problem documents use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::TooLarge => "segment/too-large",
            Self::Unreadable => "segment/unreadable",
            Self::Version => "segment/version",
            Self::Chain => "segment/chain",
            Self::Payloads => "segment/payloads",
            Self::Signature => "segment/signature",
        }
    }
}

impl Segment {
    /// Signs a run of entries; `payloads` holds one for each change among them, in order.
    pub fn sign(
        author: Author,
        scope: Scope,
        entries: Vec<JournalEntry>,
        payloads: Vec<Payload>,
        key: &SigningKey,
    ) -> Self {
        let mut segment = Self::assembled(author, scope, entries, payloads, Signature([0; 64]));
        segment.signature = Signature(key.sign(&segment.signed_bytes()).to_bytes());
        segment
    }

    fn assembled(
        author: Author,
        scope: Scope,
        entries: Vec<JournalEntry>,
        payloads: Vec<Payload>,
        signature: Signature,
    ) -> Self {
        Self { version: SEGMENT_VERSION, author, scope, entries, payloads, signature }
    }

    /// Reads a segment and checks its chain and signature. Whether the author is known is for the register to say.
    pub fn open(bytes: &[u8]) -> Result<Self, SegmentFault> {
        if bytes.len() > MAX_SEGMENT_BYTES {
            return Err(SegmentFault::TooLarge);
        }
        let segment: Self = from_cbor(bytes).map_err(|_| SegmentFault::Unreadable)?;
        if segment.version != SEGMENT_VERSION {
            return Err(SegmentFault::Version);
        }
        segment.checked()
    }

    fn checked(self) -> Result<Self, SegmentFault> {
        if self.entries.len() > MAX_SEGMENT_ENTRIES {
            return Err(SegmentFault::TooLarge);
        }
        self.check_chain()?;
        let changes = self.entries.iter().filter(|entry| matches!(entry.body, Body::Change { .. })).count();
        if changes != self.payloads.len() {
            return Err(SegmentFault::Payloads);
        }
        self.check_signature()?;
        Ok(self)
    }

    /// Its bytes, as [`Segment::open`] reads them.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// The segment without its payloads: what stays as evidence. The signature covers it all the same.
    pub fn evidence(&self) -> Vec<u8> {
        to_cbor(&Self { payloads: Vec::new(), ..self.clone() })
    }

    /// Reads evidence again and checks its chain and signature.
    pub fn open_evidence(bytes: &[u8]) -> Result<Self, SegmentFault> {
        let segment: Self = from_cbor(bytes).map_err(|_| SegmentFault::Unreadable)?;
        segment.check_chain()?;
        segment.check_signature()?;
        Ok(segment)
    }

    /// Who wrote it.
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// Where.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What was done, in order.
    pub fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    /// Each entry with its payload; `None` for entries that are not changes.
    pub fn with_payloads(&self) -> impl Iterator<Item = (&JournalEntry, Option<&Payload>)> {
        let mut payloads = self.payloads.iter();
        self.entries.iter().map(move |entry| match entry.body {
            Body::Change { .. } => (entry, payloads.next()),
            Body::Command { .. } | Body::Blob { .. } => (entry, None),
        })
    }

    /// The hash of its last entry.
    pub fn head(&self) -> Option<EntryHash> {
        self.entries.last().map(JournalEntry::hash)
    }

    fn check_chain(&self) -> Result<(), SegmentFault> {
        let first_fits = self.entries.first().is_some_and(|first| (first.number == 1) == first.previous.is_none());
        let follows = |pair: &[JournalEntry]| {
            pair[0].number.checked_add(1) == Some(pair[1].number) && pair[1].previous == Some(pair[0].hash())
        };
        match first_fits && self.entries.windows(2).all(follows) {
            true => Ok(()),
            false => Err(SegmentFault::Chain),
        }
    }

    fn check_signature(&self) -> Result<(), SegmentFault> {
        let key = VerifyingKey::from_bytes(&self.author.key.0).map_err(|_| SegmentFault::Signature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&self.signature.0);
        key.verify_strict(&self.signed_bytes(), &signature).map_err(|_| SegmentFault::Signature)
    }

    /// The last entry's hash stands for all entries, and each entry names its change by hash: payloads need no signature.
    pub(crate) fn signed_bytes(&self) -> [u8; 32] {
        let head = self.head().unwrap_or(EntryHash([0; 32]));
        tagged("rasoat segment 1", &[&head.0, &to_cbor(&self.author), &to_cbor(&self.scope)])
    }
}
