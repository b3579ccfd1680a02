//! Shares: who can look at them, what is shown, and that nothing is built upon it.

use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use schemas::value::Value;
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::device::{Clocks, Device, Identity, Looked, Record, ShareFault, View};
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, Digest, Row, RowEvent, SignedHead, origin};
use sync_protocol::message::{Page, Request, Response};
use sync_protocol::parcel::{ParcelFault, SealSecret, Share};
use sync_protocol::verdict::{Rejection, Verdict};

use crate::support::form;

const HOME: HouseholdId = HouseholdId([7; 16]);
const CLOCKS: Clocks = Clocks { wall_ms: 0, uptime_ms: 0 };

fn scope(village: u64) -> Scope {
    Scope { village: UnitId(village), round: "2026-dinh-ky".parse().unwrap() }
}

fn server() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

/// A phone that was given these villages with their keys.
fn phone(n: u8, villages: &[u64]) -> Device {
    let server = PublicKey(server().verifying_key().to_bytes());
    let identity = Identity { key: SigningKey::from_bytes(&[n; 32]), account: AccountId(n.into()), server };
    let mut device = Device::new(identity, vec![form()]);
    let sync = device.request(0, 0);
    let assigned = villages.iter().copied().map(scope).collect();
    let keys = villages.iter().map(|village| SealSecret::from_bytes([*village as u8; 32])).collect();
    let response = Response { assigned: Some(assigned), village_keys: Some(keys), ..answer(&sync.bytes) };
    device.answer(&sync, &response.to_bytes(), 0).unwrap();
    device
}

fn answer(request: &[u8]) -> Response {
    Response::answering(Request::from_bytes(request).unwrap().version, Vec::new(), 0)
}

fn write(device: &mut Device, area: i64) {
    let writes = [(Slot::Answer("floor_area".parse().unwrap()), Write::Put(area.into()))].into();
    let written = match device.household(&HOME, View::Mine) {
        Some(_) => device.commit(HOME, &writes, CLOCKS),
        None => device.found(scope(1), HOME, &writes, CLOCKS),
    };
    written.unwrap();
}

fn share(device: &Device) -> Vec<u8> {
    device.share(&scope(1), &mut StdRng::seed_from_u64(4)).unwrap().0
}

fn area(device: &Device, view: View) -> Option<Value> {
    device.household(&HOME, view)?.answers.get("floor_area").cloned()
}

fn counts(looked: &Looked) -> (usize, usize, usize) {
    (looked.shown, looked.known, looked.left_out)
}

/// The server's page with these events of the household, from the first row on.
fn page(events: Vec<RowEvent>, bytes: Vec<Vec<u8>>) -> Page {
    let (mut row_hash, mut rows) = (origin(&scope(1), 9), Vec::new());
    for (position, event) in (1..).zip(events) {
        let row = Row { position, written_at_ms: 0, household: HOME, event };
        row_hash = row.hash(&row_hash);
        rows.push(row);
    }
    let hashes: Vec<ChangeHash> = bytes.iter().map(|bytes| change::parse(bytes).unwrap().1).collect();
    let mut digest = Digest::default();
    digest.add(&HOME, &hashes.last().copied().into_iter().collect::<Vec<_>>());
    let cursor = |position| Cursor { generation: 9, position };
    let head = SignedHead::sign(scope(1), cursor(rows.len() as u64), row_hash, &digest, &server());
    Page { scope: scope(1), after: cursor(0), rows, changes: bytes.into_iter().map(Into::into).collect(), head }
}

/// The bytes of what waits on a phone.
fn changes(device: &Device) -> Vec<Vec<u8>> {
    let (_, document) = device.households().next().unwrap();
    document.own.iter().map(|own| own.bytes.clone()).collect()
}

#[test]
fn a_share_is_for_those_who_survey_the_village_and_for_nobody_else() {
    let mut lan = phone(1, &[1]);
    write(&mut lan, 40);
    let shared = share(&lan);
    assert_eq!(phone(2, &[2]).look(&shared).err(), Some(ParcelFault::OtherKey));
    assert_eq!(phone(2, &[]).look(&shared).err(), Some(ParcelFault::OtherKey));
    let refused = phone(2, &[2]).share(&scope(1), &mut StdRng::seed_from_u64(4));
    assert_eq!(refused.err(), Some(ShareFault::NoVillage));
}

#[test]
fn a_share_cut_or_altered_at_any_byte_is_refused() {
    let mut lan = phone(1, &[1]);
    write(&mut lan, 40);
    let (shared, mut minh) = (share(&lan), phone(2, &[1]));
    for at in 0..shared.len() {
        let mut altered = shared.clone();
        altered[at] ^= 1;
        assert!(minh.look(&altered).is_err(), "byte {at}");
        assert!(minh.look(&shared[..at]).is_err(), "{at} bytes");
    }
    assert!(minh.seen().is_empty());
    assert_eq!(Share::read(&shared).unwrap().to_bytes(), shared);
}

#[test]
fn colleagues_work_is_shown_and_not_built_upon() {
    let (mut lan, mut minh) = (phone(1, &[1]), phone(2, &[1]));
    write(&mut lan, 40);
    write(&mut lan, 41);
    let shared = share(&lan);
    assert_eq!(counts(&minh.look(&shared).unwrap()), (2, 0, 0));
    assert_eq!(counts(&minh.look(&shared).unwrap()), (0, 2, 0), "again it says nothing new");
    assert_eq!(counts(&lan.look(&shared).unwrap()), (0, 2, 0), "neither does it to its author");
    assert_eq!(area(&minh, View::Preview), Some(Value::Int(41)));
    assert_eq!((area(&minh, View::Mine), area(&minh, View::Accepted)), (None, None));
    write(&mut minh, 50);
    let mine = minh.history(&HOME, View::Mine).unwrap();
    assert_eq!(mine.nodes().len(), 1, "founded anew: nothing of lan's is in its past");
    let preview = minh.history(&HOME, View::Preview).unwrap();
    assert_eq!((preview.nodes().len(), preview.heads().len()), (3, 2));
    assert_eq!(minh.disagreements(&HOME, View::Preview).len(), 1, "what both said is shown");
}

#[test]
fn once_the_log_tells_of_it_the_log_is_what_counts() {
    let (mut lan, mut minh) = (phone(1, &[1]), phone(2, &[1]));
    write(&mut lan, 40);
    let shared = share(&lan);
    let bytes = changes(&lan);
    let hash = change::parse(&bytes[0]).unwrap().1;
    minh.look(&shared).unwrap();
    let sync = minh.request(0, 1_000);
    let page = page(vec![RowEvent::Entered, RowEvent::Change(hash)], bytes);
    let response = Response { pages: vec![page], ..answer(&sync.bytes) };
    assert_eq!(minh.answer(&sync, &response.to_bytes(), 0).unwrap().remarks, []);
    assert!(minh.seen().is_empty());
    assert_eq!(area(&minh, View::Accepted), Some(Value::Int(40)));
    assert_eq!(counts(&minh.look(&shared).unwrap()), (0, 1, 0));
}

#[test]
fn what_the_server_refused_is_not_shown_any_more_and_not_again() {
    let (mut lan, mut minh) = (phone(1, &[1]), phone(2, &[1]));
    write(&mut lan, 40);
    let shared = share(&lan);
    let hash = change::parse(&changes(&lan)[0]).unwrap().1;
    minh.look(&shared).unwrap();
    let sync = minh.request(0, 1_000);
    let refused = RowEvent::Verdict { hash, verdict: Verdict::Rejected(Rejection::WrongType) };
    let response = Response { pages: vec![page(vec![RowEvent::Entered, refused], Vec::new())], ..answer(&sync.bytes) };
    assert_eq!(minh.answer(&sync, &response.to_bytes(), 0).unwrap().remarks, []);
    assert_eq!((minh.seen().len(), area(&minh, View::Preview)), (0, None));
    assert_eq!(counts(&minh.look(&shared).unwrap()), (0, 1, 0));
}

#[test]
fn work_that_builds_on_what_is_not_here_yet_is_left_out_until_it_is() {
    let (mut lan, mut minh) = (phone(1, &[1]), phone(2, &[1]));
    write(&mut lan, 40);
    let bytes = changes(&lan);
    let hash = change::parse(&bytes[0]).unwrap().1;
    let page = page(vec![RowEvent::Entered, RowEvent::Change(hash)], bytes);
    lan.apply(&Record::Page(page.clone()));
    write(&mut lan, 41);
    let shared = share(&lan);
    assert_eq!(counts(&minh.look(&shared).unwrap()), (0, 0, 1));
    minh.apply(&Record::Page(page));
    assert_eq!(counts(&minh.look(&shared).unwrap()), (1, 0, 0));
    assert_eq!((area(&minh, View::Mine), area(&minh, View::Preview)), (Some(Value::Int(40)), Some(Value::Int(41))));
}

#[test]
fn a_phone_started_again_shows_the_same_and_forgets_it_with_the_village() {
    let (mut lan, mut minh) = (phone(1, &[1]), phone(2, &[1]));
    write(&mut lan, 40);
    let looked = minh.look(&share(&lan)).unwrap();
    let mut again = phone(2, &[1]);
    looked.records.iter().for_each(|record| again.apply(&Record::from_bytes(&record.to_bytes()).unwrap()));
    assert_eq!((again.seen(), area(&again, View::Preview)), (minh.seen(), Some(Value::Int(40))));
    again.apply(&Record::Assigned(Vec::new()));
    assert!(again.seen().is_empty());
    assert_eq!(again.look(&share(&lan)).err(), Some(ParcelFault::OtherKey));
}
