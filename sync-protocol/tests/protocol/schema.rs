//! Messages against `protocol.cddl`: what we send is what another client was told, and what is not fits nowhere.

use cddl_cat::validate_cbor_bytes;
use ed25519_dalek::SigningKey;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::chapter::Chapter;
use sync_protocol::hash::{BlobHash, ChangeHash, PublicKey, RowHash};
use sync_protocol::journal::{Beacon, Body, JournalEntry, JournalHead, Scope};
use sync_protocol::log::{Cursor, Digest, Row, RowEvent, SignedHead};
use sync_protocol::message::{ChapterAnswer, Page, Request, Response, ScopeCursor, SegmentAnswer};
use sync_protocol::parcel::SealSecret;
use sync_protocol::segment::{Payload, Segment};
use sync_protocol::verdict::Verdict;

const SCHEMA: &str = include_str!("../../protocol.cddl");

/// Whether bytes follow a rule, and nothing stands behind.
pub(crate) fn fits(rule: &str, bytes: &[u8]) -> Result<(), String> {
    let mut whole = minicbor::Decoder::new(bytes);
    whole.skip().map_err(|error| error.to_string())?;
    if whole.position() != bytes.len() {
        return Err("bytes left over".to_owned());
    }
    validate_cbor_bytes(rule, SCHEMA, bytes).map_err(|error| format!("{rule}: {error}"))
}

/// The bytes of a golden vector.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = format!("{}/vectors/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let digits: Vec<u32> = text
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(str::chars)
        .filter_map(|c| c.to_digit(16))
        .collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Every vector that is CBOR, and the rule that it follows.
const VECTORS: &[(&str, &str)] = &[
    ("request", "version-1/request"),
    ("response", "version-1/response"),
    ("request", "request-nothing"),
    ("request", "request-holding"),
    ("request", "request-segment"),
    ("request", "request-packed"),
    ("request", "request-as-bytes"),
    ("request", "request-chapters"),
    ("segment", "segment"),
    ("segment", "segment-refused"),
    ("segment", "segment-photo"),
    ("chapter", "chapter"),
    ("page", "page"),
    ("page", "page-later"),
    ("response", "response-answers"),
    ("response", "response-page"),
    ("response", "response-packed"),
    ("response", "response-chapters"),
    ("response", "response-forgotten"),
    ("response", "response-set-back"),
    ("parcel", "parcel"),
    ("letter", "letter"),
    ("parcel-answer", "parcel-answer"),
    ("reply", "reply"),
    ("response", "response-keys"),
    ("share", "share"),
    ("shared", "shared"),
    ("recovery-key", "recovery-key"),
    ("kept-key", "kept-key"),
    ("kept", "kept"),
    ("opened-key", "opened-key"),
];

#[test]
fn broken_messages_fit_no_rule() {
    // From the first byte of a message on: its length, its version, its clock, an item of another kind, an end too soon.
    let break_at: [(&str, &str, usize, u8); 6] = [
        ("request", "request-nothing", 0, 0x88),
        ("request", "request-nothing", 1, 0x03),
        ("request", "request-nothing", 2, 0x60),
        ("response", "response-answers", 1, 0x01),
        ("segment", "segment", 1, 0x02),
        ("segment", "segment", 2, 0x84),
    ];
    for (rule, name, at, byte) in break_at {
        let mut bytes = vector(name);
        bytes[at] = byte;
        assert!(fits(rule, &bytes).is_err(), "{name} with {byte:02x} at {at}");
        assert!(fits(rule, &vector(name)[..at + 1]).is_err(), "{name} cut at {at}");
    }
    for rule in
        ["request", "response", "segment", "page", "chapter", "parcel", "letter", "parcel-answer", "reply", "share"]
            .into_iter()
            .chain(["kept-key", "opened-key"])
    {
        for other in VECTORS.iter().filter(|(other, _)| *other != rule) {
            assert!(fits(rule, &vector(other.1)).is_err(), "{} is no {rule}", other.1);
        }
    }
}

#[test]
fn wrong_kinds_within_a_message_fit_no_rule() {
    // What a careless client might send: text for bytes, a hash cut short, a verdict that nobody knows, an empty journal.
    let honest = vector("response-answers");
    let verdicts = honest.windows(2).position(|pair| pair == [0x18, 0x20]).unwrap();
    for unknown in [0x17, 0x1f, 0x2c] {
        let mut bytes = honest.clone();
        bytes[verdicts + 1] = if unknown == 0x17 { 0x18 } else { unknown };
        assert!(fits("response", &bytes).is_err(), "verdict {unknown:#x}");
    }
    let segment = vector("segment");
    let key = segment.windows(2).position(|pair| pair == [0x58, 0x20]).unwrap();
    let mut text = segment.clone();
    text[key] = 0x78;
    assert!(fits("segment", &text).is_err(), "a key that is text");
    let mut short = segment.clone();
    short[key + 1] = 0x1f;
    short.remove(key + 2);
    assert!(fits("segment", &short).is_err(), "a key of 31 bytes");
    let unsigned = Segment::sign(author(1), scope(1, "a"), Vec::new(), Vec::new(), &SigningKey::from_bytes(&[1; 32]));
    assert!(fits("segment", &unsigned.to_bytes()).is_err(), "a segment without entries");
    let chapter = vector("chapter");
    let rows = chapter.windows(2).position(|pair| pair == [0x82, 0x84]).unwrap();
    let mut empty = chapter.clone();
    empty[rows] = 0x80;
    assert!(fits("chapter", &empty).is_err(), "a chapter without rows");
    let wrong_name = minicbor::to_vec((1u64, "Định kỳ")).unwrap();
    assert!(fits("scope", &wrong_name).is_err(), "a round of other letters");
}

#[test]
fn an_item_in_the_place_of_another_fits_no_rule() {
    // Where an item is left out and not even null, the next one would be read as if it were that one.
    let (asked, answered) = (vector("request-chapters"), vector("response-forgotten"));
    let set_back = vector("response-set-back");
    for (rule, bytes, absent) in [("request", asked, 1), ("response", answered, 6), ("response", set_back, 9)] {
        let start = bytes.windows(absent).rposition(|run| run.iter().all(|byte| *byte == 0xf6)).unwrap();
        let mut shifted = bytes.clone();
        shifted.remove(start);
        shifted[0] -= 1;
        assert!(fits(rule, &bytes).is_ok(), "{rule}");
        assert!(fits(rule, &shifted).is_err(), "{rule}");
    }
}

#[test]
fn every_golden_vector_fits() {
    for (rule, name) in VECTORS {
        fits(rule, &vector(name)).unwrap();
    }
    let packed = ["segment-packed", "segment-packed-edit", "segment-photo-packed"];
    for name in packed.into_iter().chain(["page-packed", "page-packed-own", "page-packed-later"]) {
        let inside = minicbor::to_vec(minicbor::bytes::ByteVec::from(vector(name))).unwrap();
        fits("packed", &inside).unwrap();
    }
}

fn scope(village: u64, round: &str) -> Scope {
    Scope { village: UnitId(village), round: round.parse().unwrap() }
}

fn author(account: u64) -> Author {
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
    Author { key: PublicKey(key), account: AccountId(account), epoch: 1 }
}

fn scopes() -> impl Strategy<Value = Scope> {
    (any::<u64>(), "[a-z0-9-]{1,40}").prop_map(|(village, round)| scope(village, &round))
}

fn cursors() -> impl Strategy<Value = Cursor> {
    (any::<u64>(), any::<u64>()).prop_map(|(generation, position)| Cursor { generation, position })
}

fn bodies() -> impl Strategy<Value = Body> {
    let home = any::<[u8; 16]>().prop_map(HouseholdId);
    prop_oneof![
        (home.clone(), any::<[u8; 32]>())
            .prop_map(|(household, hash)| Body::Change { household, hash: ChangeHash(hash) }),
        vec(any::<u8>(), 0..40).prop_map(|request| Body::Command { request: request.into() }),
        (home, any::<[u8; 32]>(), any::<u64>()).prop_map(|(household, hash, size_bytes)| Body::Blob {
            household,
            hash: BlobHash(hash),
            size_bytes
        }),
    ]
}

fn beacons() -> impl Strategy<Value = Option<Beacon>> {
    let beacon = (any::<u64>(), any::<u64>(), any::<[u8; 32]>());
    option::of(beacon.prop_map(|(generation, position, row)| Beacon { generation, position, row: RowHash(row) }))
}

fn segments() -> impl Strategy<Value = Segment> {
    let entry = (beacons(), any::<i64>(), any::<u64>(), bodies());
    (scopes(), any::<u64>(), vec((entry, vec(any::<u8>(), 0..60)), 1..5)).prop_map(|(scope, account, said)| {
        let mut journal = JournalHead::default();
        let mut entries: Vec<JournalEntry> = Vec::new();
        let mut payloads = Vec::new();
        for ((beacon, wall_ms, uptime_ms, body), bytes) in said {
            let is_change = matches!(body, Body::Change { .. });
            payloads.extend(is_change.then(|| Payload::Raw(bytes.into())));
            entries.push(journal.append(beacon, wall_ms, uptime_ms, body));
        }
        Segment::sign(author(account), scope, entries, payloads, &SigningKey::from_bytes(&[1; 32]))
    })
}

fn chapters() -> impl Strategy<Value = Chapter> {
    (pages(), 0usize..3).prop_filter_map("a row at least", |(page, left_out)| {
        let Page { rows, mut changes, head, .. } = page;
        changes.iter_mut().take(left_out).for_each(|bytes| *bytes = Vec::new().into());
        let previous = RowHash(head.row.0);
        (!rows.is_empty()).then(|| Chapter::new(previous, rows, changes, head))
    })
}

fn scope_cursors() -> impl Strategy<Value = ScopeCursor> {
    (scopes(), cursors()).prop_map(|(scope, cursor)| ScopeCursor { scope, cursor })
}

fn requests() -> impl Strategy<Value = Request> {
    let known = (vec(scope_cursors(), 0..5), vec(segments(), 0..3), any::<u32>(), 1u8..3);
    let newer = (option::of(any::<[u8; 16]>()), option::of(vec(scopes(), 1..3)), option::of(vec(chapters(), 1..3)));
    (known, newer, any::<i64>(), any::<u32>()).prop_map(|(known, (holding, as_bytes, chapters), sent_at_ms, epoch)| {
        let (scopes, segments, want_bytes, version) = known;
        let segments = segments.iter().map(|segment| segment.to_bytes().into()).collect();
        let bare = Request { version, scopes, want_bytes, ..Request::bringing(segments, epoch, sent_at_ms) };
        let chapters = chapters.map(|chapters| chapters.iter().map(|chapter| chapter.to_bytes().into()).collect());
        if version == 1 { bare } else { Request { holding, as_bytes, chapters, ..bare } }
    })
}

fn events() -> impl Strategy<Value = RowEvent> {
    let hash = any::<[u8; 32]>().prop_map(ChangeHash);
    let verdict = prop::sample::select(Verdict::ALL.to_vec());
    prop_oneof![
        hash.clone().prop_map(RowEvent::Change),
        (hash, verdict).prop_map(|(hash, verdict)| RowEvent::Verdict { hash, verdict }),
        Just(RowEvent::Entered),
        Just(RowEvent::Left),
    ]
}

fn pages() -> impl Strategy<Value = Page> {
    let row =
        (any::<u64>(), any::<i64>(), any::<[u8; 16]>(), events()).prop_map(|(position, written_at_ms, id, event)| {
            Row { position, written_at_ms, household: HouseholdId(id), event }
        });
    let head = (cursors(), any::<[u8; 32]>(), any::<u64>());
    (scopes(), cursors(), vec(row, 0..5), head).prop_map(|(scope, after, rows, (cursor, row, count))| {
        let changes = rows.iter().filter(|row| matches!(row.event, RowEvent::Change(_)));
        let changes = changes.map(|row| row.household.0.to_vec().into()).collect();
        let (digest, key) = (Digest::stored(row, count), SigningKey::from_bytes(&[5; 32]));
        let head = SignedHead::sign(scope.clone(), cursor, RowHash(row), &digest, &key);
        Page { scope, after, rows, changes, head }
    })
}

fn answers(version: u8) -> impl Strategy<Value = SegmentAnswer> {
    let verdict = prop::sample::select(Verdict::ALL.to_vec());
    let places = vec(any::<u32>(), 0..4).prop_map(SegmentAnswer::SendBytes);
    let told = prop_oneof![
        vec(verdict, 0..5).prop_map(SegmentAnswer::Taken),
        "[a-z/-]{1,30}".prop_map(SegmentAnswer::Refused),
        "[a-z/-]{1,30}".prop_map(SegmentAnswer::NotTaken),
    ];
    if version == 1 { told.boxed() } else { prop_oneof![told, places].boxed() }
}

fn chapter_answers() -> impl Strategy<Value = ChapterAnswer> {
    prop_oneof![
        vec((any::<u32>(), "[a-z/-]{1,30}"), 0..3).prop_map(ChapterAnswer::Taken),
        "[a-z/-]{1,30}".prop_map(ChapterAnswer::Refused),
        "[a-z/-]{1,30}".prop_map(ChapterAnswer::NotTaken),
    ]
}

fn responses() -> impl Strategy<Value = Response> {
    let of_version = |version: u8| {
        let packed = option::of(vec(vec(any::<u8>(), 1..50), 1..3));
        let chapters = option::of(vec(chapter_answers(), 1..4));
        let keys = option::of(vec(any::<[u8; 32]>().prop_map(SealSecret::from_bytes), 0..4));
        let mending = (chapters, option::of(vec(scope_cursors(), 1..3)), keys, option::of(any::<u64>()));
        let newer = (option::of(vec(scopes(), 0..4)), packed, option::of(any::<bool>()), mending);
        let known = (vec(answers(version), 0..4), vec(pages(), 0..3), any::<bool>());
        (Just(version), any::<i64>(), known, newer)
    };
    (1u8..3).prop_flat_map(of_version).prop_map(|(version, server_ms, (segments, pages, more), newer)| {
        let (assigned, packed, name_scopes, mending) = newer;
        let packed = packed.map(|pages| pages.into_iter().map(Into::into).collect());
        let none = (None, None, (None, None, None, None));
        let newer = if version == 1 { none } else { (packed, name_scopes, mending) };
        let (packed, name_scopes, (chapters, forgotten, village_keys, set_back)) = newer;
        Response {
            version,
            server_ms,
            segments,
            pages,
            more,
            assigned,
            packed,
            name_scopes,
            chapters,
            forgotten,
            village_keys,
            set_back,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_request_fits(request in requests()) {
        let bytes = request.to_bytes();
        prop_assert_eq!(fits("request", &bytes), Ok(()));
        prop_assert!(fits("response", &bytes).is_err());
    }

    #[test]
    fn every_response_fits(response in responses()) {
        let bytes = response.to_bytes();
        prop_assert_eq!(fits("response", &bytes), Ok(()));
        prop_assert!(fits("request", &bytes).is_err());
    }
}
