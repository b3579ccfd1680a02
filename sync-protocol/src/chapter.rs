//! A stretch of a log as a device read it, under the head that the server signed: proof of what the server had accepted,
//! even to a server that was set back to an older copy of itself and has forgotten it.
//!
//! Owns the shape and what can be said of it by itself. Whether the server has forgotten it, and what becomes of the
//! changes, is the server's business: whoever brings a chapter vouches for nothing in it.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use schemas::ids::HouseholdId;
use thiserror::Error;

use crate::change;
use crate::hash::{ActorId, ChangeHash, PublicKey, RowHash};
use crate::journal::{Scope, from_cbor, to_cbor};
use crate::log::{Row, RowEvent, SignedHead};

/// Version of the format.
const CHAPTER_VERSION: u8 = 1;
/// Largest chapter, in bytes.
pub const MAX_CHAPTER_BYTES: usize = 1024 * 1024;
/// Most rows in one chapter.
const MOST_ROWS: usize = 10_000;

/// Rows of a log up to a signed head, with the bytes of as many of their changes as are given back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Chapter {
    #[n(0)]
    version: u8,
    /// The row before the first, or the log's origin. The head commits to it.
    #[n(1)]
    previous: RowHash,
    #[n(2)]
    rows: Vec<Row>,
    /// For each accepted change among the rows its bytes, in order; empty where they are not given back.
    #[n(3)]
    changes: Vec<ByteVec>,
    #[n(4)]
    head: SignedHead,
}

/// A change that the server had accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Its household.
    pub household: HouseholdId,
    /// Its hash, as the row says it.
    pub hash: ChangeHash,
    /// Who wrote it: the actor that its bytes name, and the hash commits to.
    pub actor: ActorId,
    /// The writer's clock, in milliseconds since 1970.
    pub written_at_ms: i64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a chapter proves nothing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ChapterFault {
    /// More bytes or rows than a chapter may have.
    #[error("chapter too large")]
    TooLarge,
    /// Not a chapter.
    #[error("chapter unreadable")]
    Unreadable,
    /// The server with this key did not sign the head.
    #[error("the head is not signed by this server")]
    Head,
    /// The rows do not lead to the head.
    #[error("the rows do not lead to the head")]
    Chain,
    /// Not one place for the bytes of each change.
    #[error("rows and changes do not match")]
    Changes,
    /// Bytes that are not the change that the row names.
    #[error("bytes are not the change that the row names")]
    Bytes,
}

impl ChapterFault {
    /// The stable name that answers use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::TooLarge => "chapter/too-large",
            Self::Unreadable => "chapter/unreadable",
            Self::Head => "chapter/head",
            Self::Chain => "chapter/chain",
            Self::Changes => "chapter/changes",
            Self::Bytes => "chapter/bytes",
        }
    }
}

impl Chapter {
    /// A chapter of rows that were checked when they were read. `changes`: bytes for each accepted change among them.
    pub fn new(previous: RowHash, rows: Vec<Row>, changes: Vec<ByteVec>, head: SignedHead) -> Self {
        Self { version: CHAPTER_VERSION, previous, rows, changes, head }
    }

    /// Reads a chapter and checks everything that it says by itself: the head's signature, the chain of rows, and that
    /// bytes are what the rows name.
    pub fn open(bytes: &[u8], server: &PublicKey) -> Result<Self, ChapterFault> {
        if bytes.len() > MAX_CHAPTER_BYTES {
            return Err(ChapterFault::TooLarge);
        }
        let chapter: Self = from_cbor(bytes).map_err(|_| ChapterFault::Unreadable)?;
        if chapter.version != CHAPTER_VERSION || chapter.rows.is_empty() {
            return Err(ChapterFault::Unreadable);
        }
        if chapter.rows.len() > MOST_ROWS {
            return Err(ChapterFault::TooLarge);
        }
        if !chapter.head.is_signed_by(server) {
            return Err(ChapterFault::Head);
        }
        chapter.check_chain()?;
        if chapter.changed().count() != chapter.changes.len() {
            return Err(ChapterFault::Changes);
        }
        chapter.proven().map(|_| chapter)
    }

    fn check_chain(&self) -> Result<(), ChapterFault> {
        let mut hash = self.previous;
        let mut position = self.after();
        for row in &self.rows {
            position = position.checked_add(1).ok_or(ChapterFault::Chain)?;
            if row.position != position {
                return Err(ChapterFault::Chain);
            }
            hash = row.hash(&hash);
        }
        match hash == self.head.row && position == self.head.cursor.position {
            true => Ok(()),
            false => Err(ChapterFault::Chain),
        }
    }

    fn changed(&self) -> impl Iterator<Item = (&Row, ChangeHash)> {
        self.rows.iter().filter_map(|row| match row.event {
            RowEvent::Change(hash) => Some((row, hash)),
            RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
        })
    }

    /// The changes that are given back, in the order of their rows.
    pub fn proven(&self) -> Result<Vec<Proven>, ChapterFault> {
        let given = self.changed().zip(&self.changes).filter(|(_, bytes)| !bytes.is_empty());
        given
            .map(|((row, hash), bytes)| {
                let (change, found) = change::parse(bytes).map_err(|_| ChapterFault::Bytes)?;
                if found != hash {
                    return Err(ChapterFault::Bytes);
                }
                let actor = change::actor_id(change.actor_id.to_bytes());
                let written_at_ms = change.time.saturating_mul(1_000);
                Ok(Proven { household: row.household, hash, actor, written_at_ms, bytes: bytes.to_vec() })
            })
            .collect()
    }

    /// Its bytes, as [`Chapter::open`] reads them.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// The chapter without the changes themselves: what stays as evidence. The head commits to it all the same.
    pub fn evidence(&self) -> Vec<u8> {
        let changes = self.changed().map(|_| Vec::new().into()).collect();
        to_cbor(&Self { changes, ..self.clone() })
    }

    /// The log that it is of.
    pub fn scope(&self) -> &Scope {
        &self.head.scope
    }

    /// Where the log stood after it.
    pub fn head(&self) -> &SignedHead {
        &self.head
    }

    /// The position of the row before its first.
    pub fn after(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.position.saturating_sub(1))
    }

    /// Its rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row before the first.
    pub fn previous(&self) -> RowHash {
        self.previous
    }
}
