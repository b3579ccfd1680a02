//! The one exchange of a normal day: what the phone brings and asks for, what the server answers.
//!
//! Owns the two messages, versions 1 and 2. Both are CBOR arrays whose later fields may be absent, so that a later version
//! can add some. Who may send one is proven by the token beside it, not in it.
//!
//! Version 2 adds what saves bytes: packed segments and pages, a hash in place of the cursors, and no list of assigned
//! scopes where nothing of it has changed; and chapters for a server that was set back. A server answers version 1 in
//! version 1.

pub(crate) mod cursors;
mod packed;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use schemas::ids::{RoundId, UnitId};

use crate::hash::{RowHash, tagged};
use crate::journal::{Scope, from_cbor, to_cbor};
use crate::log::{Cursor, Row, SignedHead};
use crate::parcel::SealSecret;
use crate::verdict::Verdict;

pub use packed::{Documents, PackedPage};

/// Version of the exchange.
pub const MESSAGE_VERSION: u8 = 2;
/// Oldest version of the exchange that is still spoken.
pub const OLDEST_MESSAGE_VERSION: u8 = 1;
/// Largest request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 2 * 1024 * 1024;
/// Most scopes in one request.
pub const MAX_SCOPES: usize = 1_000;
/// Most chapters in one request.
pub const MAX_CHAPTERS: usize = 64;
/// Most segments in one request.
pub const MAX_SEGMENTS: usize = 64;
/// Bytes of a row's hash that a request names.
pub const ROW_START: usize = 4;

/// What a device brings and asks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Request {
    /// [`MESSAGE_VERSION`], or one that is still spoken.
    #[n(0)]
    pub version: u8,
    /// Milliseconds since 1970 by the device's clock, for its offset.
    #[n(1)]
    pub sent_at_ms: i64,
    /// The epoch in which the device writes: its own changes need not be sent back to it.
    #[n(2)]
    pub epoch: u32,
    /// The scopes it holds and how far it has read each; none when `holding` stands for them.
    #[n(3)]
    pub scopes: Vec<ScopeCursor>,
    /// Segments, each as [`crate::segment::Segment::to_bytes`] made it, or packed.
    #[n(4)]
    pub segments: Vec<ByteVec>,
    /// How many bytes of log pages it wants at most.
    #[n(5)]
    pub want_bytes: u32,
    /// The hash of the scopes it holds and of how each ends ([`holding`]): a device that expects no news.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub holding: Option<[u8; 16]>,
    /// Scopes whose pages have to come with bytes: the device could not make a change of theirs from its intent.
    #[n(7)]
    pub as_bytes: Option<Vec<Scope>>,
    /// How `scopes` travel from version 2 on; `None` before a request is written and after it was read.
    #[n(8)]
    pub packed_scopes: Option<ByteVec>,
    /// What the server has forgotten, given back: each as [`crate::chapter::Chapter::to_bytes`] made it. It is taken before
    /// the segments.
    #[n(10)]
    pub chapters: Option<Vec<ByteVec>>,
    /// For each of `scopes`, by round and village, the first bytes of the last row that was read; zeros where none was.
    /// Two logs may be of one length and not the same. Read it with [`Request::row_starts`].
    #[n(11)]
    pub rows: Option<ByteVec>,
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

/// Where a log ends, as far as it was read or as it stands. Logs that end alike are alike from their first row on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LogEnd {
    /// How far.
    #[n(0)]
    pub at: ScopeCursor,
    /// The hash of its last row; `None` before the first.
    #[n(1)]
    pub row: Option<RowHash>,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Response {
    /// The version of the request.
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
    /// The scopes that the device is assigned to now; it gives up the others once nothing of its own waits there. `None`
    /// when they are those that the request named.
    #[n(5)]
    pub assigned: Option<Vec<Scope>>,
    /// Packed pages ([`PackedPage`]), beside those that are not.
    #[n(6)]
    pub packed: Option<Vec<ByteVec>>,
    /// Whether the device has to name its scopes: the hash that it sent is not that of how the logs stand.
    #[n(7)]
    pub name_scopes: Option<bool>,
    /// What became of each chapter, in the order of the request.
    #[n(10)]
    pub chapters: Option<Vec<ChapterAnswer>>,
    /// Logs that the device has read further than the server knows, with how far the server knows each in the device's
    /// generation: the server was set back, and the device gives back what comes after.
    #[n(11)]
    pub forgotten: Option<Vec<ScopeCursor>>,
    /// For each of the assigned scopes the key under which colleagues share work there ([`crate::parcel::Share`]).
    #[n(12)]
    pub village_keys: Option<Vec<SealSecret>>,
    /// The generation that the logs got when the server was last set back to an older copy; `None` when it never was, as far
    /// as it knows. A device to which this is new cannot rely on any answer that it got before.
    #[n(14)]
    pub set_back: Option<u64>,
}

/// What became of one chapter.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChapterAnswer {
    /// On disk, but for changes that could not be taken: each by its place from 0 among those that were given back, with the
    /// stable name of the reason.
    #[n(0)]
    Taken(#[n(0)] Vec<(u32, String)>),
    /// Refused as a whole, with the stable name of the reason. Sending it again will not help.
    #[n(1)]
    Refused(#[n(0)] String),
    /// Not taken now; keep it and send it again later.
    #[n(2)]
    NotTaken(#[n(0)] String),
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
    /// Not taken (`intent/mismatch`): these entries, by their place from 0, have to come as bytes; all when none is named.
    #[n(3)]
    SendBytes(#[n(0)] Vec<u32>),
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

/// The hash of what a device holds, or of how the logs stand: equal when there is nothing new.
pub fn holding(logs: &[LogEnd]) -> [u8; 16] {
    let mut logs: Vec<&LogEnd> = logs.iter().collect();
    logs.sort_unstable_by(|one, other| one.at.scope.cmp(&other.at.scope));
    let hash = tagged("rasoat holding 2", &[&to_cbor(&logs)]);
    std::array::from_fn(|at| hash[at])
}

/// What a request says of the last rows of these logs ([`Request::rows`]).
pub(crate) fn row_starts(logs: &[LogEnd]) -> ByteVec {
    let mut logs: Vec<&LogEnd> = logs.iter().collect();
    logs.sort_unstable_by_key(|log| by_round(&log.at.scope));
    let start = |log: &LogEnd| log.row.map_or([0; ROW_START], row_start);
    logs.into_iter().flat_map(start).collect::<Vec<u8>>().into()
}

/// How a request names a row.
pub fn row_start(row: RowHash) -> [u8; ROW_START] {
    std::array::from_fn(|at| row.0[at])
}

fn by_round(scope: &Scope) -> (&RoundId, UnitId) {
    (&scope.round, scope.village)
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
    /// A request of the newest version that brings segments and asks for nothing.
    pub fn bringing(segments: Vec<ByteVec>, epoch: u32, sent_at_ms: i64) -> Self {
        Self {
            version: MESSAGE_VERSION,
            sent_at_ms,
            epoch,
            scopes: Vec::new(),
            segments,
            want_bytes: 0,
            holding: None,
            as_bytes: None,
            packed_scopes: None,
            chapters: None,
            rows: None,
        }
    }

    /// Reads a request.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageFault> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(MessageFault::TooLarge);
        }
        check_version(bytes)?;
        let mut request: Self = from_cbor(bytes).map_err(|_| MessageFault::Unreadable)?;
        if request.version == 1 {
            // What stands behind its last item is not looked at, as a server of that version does not.
            let (holding, as_bytes, packed_scopes) = (None, None, None);
            request = Self { holding, as_bytes, packed_scopes, chapters: None, rows: None, ..request };
        }
        if let Some(packed) = request.packed_scopes.take() {
            let scopes = cursors::unpack(&packed).map_err(|_| MessageFault::Unreadable)?;
            request.scopes.extend(scopes);
        }
        let chapters = request.chapters.as_ref().map_or(0, Vec::len);
        match request.scopes.len() > MAX_SCOPES || request.segments.len() > MAX_SEGMENTS || chapters > MAX_CHAPTERS {
            true => Err(MessageFault::TooLarge),
            false => Ok(request),
        }
    }

    /// The scopes of which it says how the last row begins. None where it does not say so of each.
    pub fn row_starts(&self) -> impl Iterator<Item = (&Scope, [u8; ROW_START])> {
        let mut scopes: Vec<&Scope> = self.scopes.iter().map(|asked| &asked.scope).collect();
        scopes.sort_unstable_by_key(|scope| by_round(scope));
        let (starts, rest) = self.rows.as_ref().map(|rows| rows.as_chunks()).unwrap_or_default();
        let says_all = rest.is_empty() && starts.len() == scopes.len();
        scopes.into_iter().zip(starts.iter().copied()).filter(move |_| says_all)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let packed = cursors::pack(&self.scopes).filter(|_| self.version > 1 && !self.scopes.is_empty());
        match packed {
            Some(packed) => to_cbor(&Self { scopes: Vec::new(), packed_scopes: Some(packed.into()), ..self.clone() }),
            None => to_cbor(self),
        }
    }
}

/// Bytes that the cursors of so many scopes take in a request.
pub(crate) fn packed_size(cursors: &[ScopeCursor]) -> usize {
    cursors::pack(cursors).map_or(usize::MAX, |packed| packed.len())
}

impl Response {
    /// A response of that version that says what became of segments, and nothing else.
    pub fn answering(version: u8, segments: Vec<SegmentAnswer>, server_ms: i64) -> Self {
        Self {
            version,
            server_ms,
            segments,
            pages: Vec::new(),
            more: false,
            assigned: None,
            packed: None,
            name_scopes: None,
            chapters: None,
            forgotten: None,
            village_keys: None,
            set_back: None,
        }
    }

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
        Ok(OLDEST_MESSAGE_VERSION..=MESSAGE_VERSION) => Ok(()),
        Ok(_) => Err(MessageFault::Version),
        Err(_) => Err(MessageFault::Unreadable),
    }
}
