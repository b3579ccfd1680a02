//! The one exchange of a normal day: what the phone brings and asks for, what the server answers.
//!
//! Owns the two messages, version 1. Both are CBOR arrays whose later fields may be absent, so that a later version can
//! add some. Who may send one is proven by the token beside it, not in it.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::journal::{Scope, from_cbor, to_cbor};
use crate::log::{Cursor, Row, SignedHead};
use crate::verdict::Verdict;

/// Version of the exchange.
pub const MESSAGE_VERSION: u8 = 1;
/// Largest request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 2 * 1024 * 1024;
/// Most scopes in one request.
pub const MAX_SCOPES: usize = 1_000;
/// Most segments in one request.
pub const MAX_SEGMENTS: usize = 64;

/// What a device brings and asks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Request {
    /// [`MESSAGE_VERSION`].
    #[n(0)]
    pub version: u8,
    /// Milliseconds since 1970 by the device's clock, for its offset.
    #[n(1)]
    pub sent_at_ms: i64,
    /// The epoch in which the device writes: its own changes need not be sent back to it.
    #[n(2)]
    pub epoch: u32,
    /// The scopes it holds and how far it has read each.
    #[n(3)]
    pub scopes: Vec<ScopeCursor>,
    /// Segments, each as [`crate::segment::Segment::to_bytes`] made it.
    #[n(4)]
    pub segments: Vec<ByteVec>,
    /// How many bytes of log pages it wants at most.
    #[n(5)]
    pub want_bytes: u32,
}

/// How far a device has read a scope.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ScopeCursor {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// How far.
    #[n(1)]
    pub cursor: Cursor,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Response {
    /// [`MESSAGE_VERSION`].
    #[n(0)]
    pub version: u8,
    /// Milliseconds since 1970 by the server's clock.
    #[n(1)]
    pub server_ms: i64,
    /// What became of each segment, in the order of the request.
    #[n(2)]
    pub segments: Vec<SegmentAnswer>,
    /// What is new in each scope.
    #[n(3)]
    pub pages: Vec<Page>,
    /// Whether there is more to read or to be taken: ask again.
    #[n(4)]
    pub more: bool,
    /// The scopes that the device is assigned to now; it gives up the others once nothing of its own waits there.
    #[n(5)]
    pub assigned: Vec<Scope>,
}

/// What became of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SegmentAnswer {
    /// On disk: the verdict on each entry, in order. Commands and blob references are accepted as such.
    #[n(0)]
    Taken(#[n(0)] Vec<Verdict>),
    /// Refused as a whole, with the stable name of the reason. Sending it again will not help.
    #[n(1)]
    Refused(#[n(0)] String),
    /// Not taken now; keep it and send it again later.
    #[n(2)]
    NotTaken(#[n(0)] String),
}

/// Rows of one scope's log, each change after those it builds on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Page {
    /// The scope.
    #[n(0)]
    pub scope: Scope,
    /// The cursor that these rows follow. When it is not the device's, the device forgets the scope and starts here.
    #[n(1)]
    pub after: Cursor,
    /// The rows.
    #[n(2)]
    pub rows: Vec<Row>,
    /// For each accepted change among the rows its bytes, in order; empty for a change that the asking device wrote in
    /// the epoch that it named.
    #[n(3)]
    pub changes: Vec<ByteVec>,
    /// Where the log stands after the last of these rows.
    #[n(4)]
    pub head: SignedHead,
}

/// Why a message cannot be read.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum MessageFault {
    /// More bytes, scopes or segments than a message may have.
    #[error("message too large")]
    TooLarge,
    /// Not a message.
    #[error("message unreadable")]
    Unreadable,
    /// A version that this program does not speak.
    #[error("message version not supported")]
    Version,
}

impl MessageFault {
    /// The stable name that problem documents use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::TooLarge => "sync/too-large",
            Self::Unreadable => "sync/unreadable",
            Self::Version => "sync/version",
        }
    }
}

impl Request {
    /// Reads a request.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageFault> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(MessageFault::TooLarge);
        }
        check_version(bytes)?;
        let request: Self = from_cbor(bytes).map_err(|_| MessageFault::Unreadable)?;
        match request.scopes.len() > MAX_SCOPES || request.segments.len() > MAX_SEGMENTS {
            true => Err(MessageFault::TooLarge),
            false => Ok(request),
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }
}

impl Response {
    /// Reads a response.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageFault> {
        check_version(bytes)?;
        from_cbor(bytes).map_err(|_| MessageFault::Unreadable)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }
}

/// The version stands first, so that a message of another version is named as such even where nothing else can be read.
fn check_version(bytes: &[u8]) -> Result<(), MessageFault> {
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.array().map_err(|_| MessageFault::Unreadable)?;
    match decoder.u8() {
        Ok(MESSAGE_VERSION) => Ok(()),
        Ok(_) => Err(MessageFault::Version),
        Err(_) => Err(MessageFault::Unreadable),
    }
}
