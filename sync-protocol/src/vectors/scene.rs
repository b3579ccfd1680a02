//! Lan interviews one household and edits it once; Minh reads it. Keys, ids and times are fixed.

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use schemas::form::Form;
use schemas::ids::{AccountId, HouseholdId, MemberId, NoteId, UnitId, VisitId};

use super::form::form;
use crate::change::{self, Slot, Write};
use crate::device::{Clocks, Device, Identity, Record, Sync, View};
use crate::hash::{BlobHash, ChangeHash, PublicKey, RowHash};
use crate::journal::Scope;
use crate::log::{Cursor, Digest, Row, RowEvent, SignedHead, origin};
use crate::message::{Documents, Page, Request, Response, SegmentAnswer};
use crate::segment::{Payload, Segment};
use crate::verdict::{Rejection, Verdict};

pub(super) const HOME: HouseholdId = HouseholdId([0x11; 16]);
pub(super) const GENERATION: u64 = 77;
const START_MS: i64 = 1_790_000_000_000;

pub(super) fn at(minutes: u64) -> Clocks {
    let passed = minutes * 60_000;
    Clocks { wall_ms: START_MS + passed as i64, uptime_ms: 5_000 + passed }
}

pub(super) fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub(super) fn server() -> PublicKey {
    PublicKey(key(5).verifying_key().to_bytes())
}

pub(super) fn scope(village: u64) -> Scope {
    Scope { village: UnitId(village), round: "2026-dinh-ky".parse().unwrap() }
}

pub(super) fn forms() -> Vec<Arc<Form>> {
    vec![form()]
}

pub(super) fn phone(n: u8, scopes: Vec<Scope>) -> Device {
    let identity = Identity { key: key(n), account: AccountId(n.into()), server: server() };
    let mut device = Device::new(identity, forms());
    device.apply(&Record::Assigned(scopes));
    device
}

fn answer(key: &str, value: &str) -> (Slot, Write) {
    (Slot::Answer(key.parse().unwrap()), Write::Put(value.into()))
}

fn of_member(n: u8, key: &str, value: &str) -> (Slot, Write) {
    (Slot::MemberAnswer(MemberId([n; 10]), key.parse().unwrap()), Write::Put(value.into()))
}

fn interview() -> BTreeMap<Slot, Write> {
    let visit = VisitId([0x33; 10]);
    BTreeMap::from([
        answer("address", "Xóm Trên, bản Nà Lỏng"),
        answer("house_wall", "earth"),
        (Slot::Answer("floor_area".parse().unwrap()), Write::Put(40.into())),
        answer("gps", "22.336400,104.148700,8,1790000000,gps"),
        (Slot::Member(MemberId([0x21; 10])), Write::Make),
        of_member(0x21, "full_name", "Hoàng Văn Páo"),
        of_member(0x21, "born", "1985-05-31"),
        of_member(0x21, "citizen_id", "001085012345"),
        (Slot::Member(MemberId([0x22; 10])), Write::Make),
        of_member(0x22, "full_name", "Hoàng Thị Mai"),
        of_member(0x22, "born", "2019"),
        (Slot::Visit(visit), Write::Make),
        (Slot::VisitAnswer(visit, "outcome".parse().unwrap()), Write::Put("met".into())),
        (Slot::Note(NoteId([0x44; 10])), Write::Put("Nhà ở sau trạm y tế".into())),
        (Slot::Confirmed("services".parse().unwrap()), Write::Put(visit.to_string().as_str().into())),
    ])
}

fn edit() -> BTreeMap<Slot, Write> {
    BTreeMap::from([
        answer("house_wall", "brick"),
        (Slot::Answer("floor_area".parse().unwrap()), Write::Put(41.into())),
        (Slot::Answer("has_tv".parse().unwrap()), Write::Put(true.into())),
    ])
}

/// What happened, step by step.
pub(super) struct Scene {
    /// Lan's request with the interview, packed.
    pub(super) interview: Sync,
    /// The same segment as it was signed.
    pub(super) plain: Segment,
    /// The log's first page with all bytes, and after it the second.
    pub(super) pages: [Page; 2],
    /// The first page packed for Minh, and for Lan, who wrote it; the second for Minh.
    pub(super) packed: [Vec<u8>; 3],
    /// Lan's request with the edit, packed.
    pub(super) edit: Sync,
    /// Lan's phone before the edit: nothing waits.
    pub(super) idle: Sync,
    /// Lan's phone then.
    pub(super) lan: Device,
}

/// The request of a phone whose packed segments came back: everything plain.
pub(super) fn plain_request(phone: &mut Device, entries: u64) -> Request {
    let send_bytes = Record::SendBytes((1..=entries).map(|number| (1, number)).collect());
    (0..2).for_each(|_| phone.apply(&send_bytes));
    Request::from_bytes(&phone.request(at(1).wall_ms, 65_536).bytes).unwrap()
}

pub(super) fn plain_segment(phone: &mut Device, entries: u64) -> Segment {
    Segment::open(plain_request(phone, entries).segments.last().unwrap()).unwrap()
}

pub(super) fn lan_with_interview() -> Device {
    interviewed(phone(1, vec![scope(41)]))
}

pub(super) fn interviewed(mut lan: Device) -> Device {
    lan.found(scope(41), HOME, &interview(), at(0)).unwrap();
    lan
}

pub(super) fn scene() -> Scene {
    let mut lan = lan_with_interview();
    let interview = lan.request(at(1).wall_ms, 65_536);
    let plain = plain_segment(&mut lan_with_interview(), 1);
    let first = changes(&plain);
    let events = [RowEvent::Entered, RowEvent::Change(first.0)];
    let one = page(0, &origin(&scope(41), GENERATION), &events, &first, State::default());
    let packed = |page: &Page, own: Option<u64>, before: &Device| {
        let open = before.history(&HOME, View::Accepted).map(|history| (HOME, history));
        let mut documents = Documents::new(scope(41).round, forms(), open.into_iter().collect());
        page.packed(&[own], &mut documents).unwrap()
    };
    let nobody = phone(9, vec![scope(41)]);
    let (for_minh, for_lan) = (packed(&one.0, None, &nobody), packed(&one.0, Some(1), &nobody));
    let response = answered(vec![SegmentAnswer::Taken(vec![Verdict::Accepted])], vec![for_lan.clone()]);
    assert_eq!(lan.answer(&interview, &response.to_bytes(), at(1).wall_ms).unwrap().remarks, []);
    let (idle, lan_before) = (lan.request(at(2).wall_ms, 65_536), lan.clone());
    let before = lan.history(&HOME, View::Accepted).unwrap();
    lan.commit(HOME, &edit(), at(3)).unwrap();
    let edit = lan.request(at(4).wall_ms, 65_536);
    let mut again = lan_with_interview();
    again.answer(&interview, &response.to_bytes(), at(1).wall_ms).unwrap();
    again.commit(HOME, &self::edit(), at(3)).unwrap();
    let second = changes(&plain_segment(&mut again, 2));
    let refused = RowEvent::Verdict { hash: ChangeHash([0xab; 32]), verdict: Verdict::Rejected(Rejection::WrongType) };
    let two = page(2, &one.1, &[RowEvent::Change(second.0), refused, RowEvent::Left], &second, one.2);
    let mut documents = Documents::new(scope(41).round, forms(), BTreeMap::from([(HOME, before)]));
    let later = two.0.packed(&[None], &mut documents).unwrap();
    Scene { interview, plain, pages: [one.0, two.0], packed: [for_minh, for_lan, later], edit, idle, lan: lan_before }
}

/// A photo and a command: what a journal holds beside changes.
pub(super) fn lan_with_photo_and_command(mut lan: Device) -> Device {
    lan.attach(HOME, BlobHash([0x55; 32]), 204_800, at(2)).unwrap();
    lan.command(scope(41), b"{}".to_vec(), at(2)).unwrap();
    lan
}

/// The one change of a segment: hash and bytes.
fn changes(segment: &Segment) -> (ChangeHash, Vec<u8>) {
    let (_, payload) = segment.with_payloads().last().unwrap();
    let Payload::Raw(bytes) = payload.unwrap();
    (change::parse(bytes).unwrap().1, bytes.to_vec())
}

/// What the documents of the scope come to: the digest, and the heads of the one household.
type State = (Digest, Vec<ChangeHash>);

/// A page of these rows, the row hash after it and the digest after it.
fn page(
    after: u64,
    previous: &RowHash,
    events: &[RowEvent],
    change: &(ChangeHash, Vec<u8>),
    (mut digest, mut heads): State,
) -> (Page, RowHash, State) {
    let (mut rows, mut row_hash) = (Vec::new(), *previous);
    for (position, event) in (after + 1..).zip(events) {
        match event {
            RowEvent::Entered => digest.add(&HOME, &heads),
            RowEvent::Left => digest.remove(&HOME, &heads),
            RowEvent::Change(hash) => {
                digest.remove(&HOME, &heads);
                heads = vec![*hash];
                digest.add(&HOME, &heads);
            }
            RowEvent::Verdict { .. } => {}
        }
        let row = Row { position, written_at_ms: at(after + 1).wall_ms, household: HOME, event: event.clone() };
        row_hash = row.hash(&row_hash);
        rows.push(row);
    }
    let cursor = |position| Cursor { generation: GENERATION, position };
    let last = cursor(after + events.len() as u64);
    let head = SignedHead::sign(scope(41), last, row_hash, &digest, &key(5));
    let page = Page { scope: scope(41), after: cursor(after), rows, changes: vec![change.1.clone().into()], head };
    (page, row_hash, (digest, heads))
}

/// The server's answer of version 2 to a request that named its scopes.
pub(super) fn answered(segments: Vec<SegmentAnswer>, packed: Vec<Vec<u8>>) -> Response {
    let packed = (!packed.is_empty()).then(|| packed.into_iter().map(Into::into).collect());
    Response { packed, ..Response::answering(2, segments, at(1).wall_ms + 250) }
}
