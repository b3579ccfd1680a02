//! Messages, segments and journal entries: what is read without knowing any document.

use std::sync::LazyLock;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use sync_protocol::chapter::Chapter;
use sync_protocol::device::{Device, Sync};
use sync_protocol::hash::PublicKey;
use sync_protocol::journal::JournalEntry;
use sync_protocol::log::{Cursor, Digest, SignedHead};
use sync_protocol::message::{MAX_REQUEST_BYTES, Request, Response};
use sync_protocol::segment::Segment;

use super::ground::{CLOCKS, key, phone};

/// The request that answers are for.
static SYNC: LazyLock<Sync> = LazyLock::new(|| phone().request(CLOCKS.wall_ms, 1 << 20));

/// A phone's request.
pub(super) fn request(bytes: &[u8]) {
    let Ok(read) = Request::from_bytes(bytes) else { return };
    let written = read.to_bytes();
    // Scopes travel in order and without what follows from the one before: never much larger than they came.
    if written.len() <= MAX_REQUEST_BYTES {
        assert_eq!(Request::from_bytes(&written).map(in_order), Ok(in_order(read)));
    }
}

fn in_order(mut request: Request) -> Request {
    request.scopes.sort_unstable_by(|one, other| (&one.scope, one.cursor).cmp(&(&other.scope, other.cursor)));
    request
}

/// Cursors as they travel from version 2 on.
pub(super) fn cursors(bytes: &[u8]) {
    let bare = Request { packed_scopes: Some(bytes.to_vec().into()), ..Request::bringing(Vec::new(), 1, 0) };
    request(&bare.to_bytes());
}

/// A server's answer, as bytes.
pub(super) fn response(bytes: &[u8]) {
    if let Ok(read) = Response::from_bytes(bytes) {
        assert_eq!(Response::from_bytes(&read.to_bytes()), Ok(read));
    }
}

/// A server's answer, and what a phone makes of it.
pub(super) fn answer(bytes: &[u8]) {
    // What is no response is told so without a look at the phone.
    if Response::from_bytes(bytes).is_err() {
        return;
    }
    let mut device = phone();
    let Ok(outcome) = device.answer(&SYNC, bytes, CLOCKS.wall_ms) else { return };
    let mut again = phone();
    outcome.records.iter().for_each(|record| again.apply(record));
    if !outcome.records.is_empty() && !device.is_asked_for_names() {
        let next = |device: &Device| device.request(CLOCKS.wall_ms, 1 << 20).bytes;
        assert_eq!(next(&again), next(&device), "a phone is what its records make it");
    }
}

/// A segment, as it was signed.
pub(super) fn segment(bytes: &[u8]) {
    if let Ok(opened) = Segment::open(bytes) {
        assert_eq!(Segment::open(&opened.to_bytes()), Ok(opened));
    }
    same_again::<Segment>(bytes);
}

/// Rows that a phone gives back: as they came, and under a head that the server signed for them.
pub(super) fn chapter(bytes: &[u8]) {
    let Ok(read) = minicbor::decode::<Chapter>(bytes) else { return };
    same_again::<Chapter>(bytes);
    let row = read.rows().iter().fold(read.previous(), |hash, row| row.hash(&hash));
    let position = read.after().saturating_add(read.rows().len() as u64);
    let cursor = Cursor { generation: read.head().cursor.generation, position };
    let head = SignedHead::sign(read.scope().clone(), cursor, row, &Digest::default(), &key(5));
    let Ok(given) = minicbor::decode::<Given>(bytes) else { return };
    let signed = Chapter::new(read.previous(), read.rows().to_vec(), given.changes, head);
    let server = PublicKey(key(5).verifying_key().to_bytes());
    if let Ok(opened) = Chapter::open(&signed.to_bytes(), &server) {
        assert_eq!(opened, signed);
        assert!(Chapter::open(&opened.evidence(), &server).is_ok(), "evidence proves as much");
    }
}

/// The changes of a chapter as they came: a chapter itself gives out proven ones alone.
#[derive(Decode)]
#[cbor(array)]
struct Given {
    #[n(3)]
    changes: Vec<ByteVec>,
}

/// One entry of a journal.
pub(super) fn entry(bytes: &[u8]) {
    same_again::<JournalEntry>(bytes);
}

/// What was read is written so that the same is read again.
fn same_again<T>(bytes: &[u8])
where
    T: for<'b> Decode<'b, ()> + Encode<()> + PartialEq + std::fmt::Debug,
{
    let Ok(read) = minicbor::decode::<T>(bytes) else { return };
    let written = minicbor::to_vec(&read);
    // Writing into memory does not fail.
    let written = written.expect("encodes into memory");
    assert_eq!(minicbor::decode::<T>(&written).ok(), Some(read));
}
