//! What goes over the air: packed segments and pages, what is left out of them, and what happens when an end cannot make a
//! change again.

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use schemas::ids::HouseholdId;
use schemas::value::Value;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Remark, View};
use sync_protocol::hash::EntryHash;
use sync_protocol::message::{Documents, PackedPage, Request, Response, SegmentAnswer};
use sync_protocol::segment::{Packed, Segment, Unpacking};
use sync_protocol::verdict::Verdict;

use crate::office::{Office, scope};
use crate::phone::{NOW, Phone, home};
use crate::support::{answer, confirmed, form, listed, member, note, of_member, visited};

/// Everything that a document can hold, said by one phone.
fn everything(lan: &mut Phone) {
    let note = (Slot::Note(note(1)), Write::Put("Nhà ở sau trạm y tế,  bếp riêng".into()));
    lan.commit(home(1), [visited(1), answer("address", "Xóm Trên, bản Nà Lỏng"), note]);
    lan.commit(home(1), [listed(1), listed(2), of_member(1, "status", "present"), of_member(2, "status", "left")]);
    lan.commit(home(1), [of_member(1, "full_name", "Hoàng Văn Páo"), of_member(1, "in_school", false)]);
    lan.commit(home(1), [answer("house_wall", "earth"), answer("floor_area", -7), confirmed("housing", 1)]);
    lan.commit(home(1), [confirmed(&format!("member/{}", member(1)), 1), answer("has_tv", true)]);
    lan.commit(home(1), [(Slot::Answer("has_tv".parse().unwrap()), Write::Clear), answer("house_roof", "of straw")]);
}

fn segments(phone: &Phone) -> Vec<Vec<u8>> {
    let request = Request::from_bytes(&phone.device.request(NOW.wall_ms, 1 << 20).bytes).unwrap();
    request.segments.iter().map(|segment| segment.to_vec()).collect()
}

/// Makes a packed segment of a phone that the receiver has nothing of.
fn unpacked(packed: &Packed, phone: &Phone) -> Option<Segment> {
    let ids: Vec<Option<HouseholdId>> = packed.households().iter().map(|name| name.find(std::iter::empty())).collect();
    let documents = ids.iter().flatten().map(|id| (*id, Office::new().document(*id))).collect();
    let (author, previous, beacons) = (phone.device.author(), None, BTreeMap::new());
    packed.unpack(Unpacking { author, previous, beacons, ids, documents }).ok()
}

#[test]
fn an_intent_that_the_server_makes_differently_is_sent_again_as_bytes() {
    // Cut short; within the signature; within what is said.
    let spoilers: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes.truncate(9),
        |bytes| bytes.iter_mut().rev().skip(20).take(1).for_each(|byte| *byte ^= 1),
        |bytes| bytes.iter_mut().skip(12).take(1).for_each(|byte| *byte ^= 0x40),
    ];
    for spoils in spoilers {
        let mut office = Office::new();
        let mut lan = Phone::new(1, &office);
        everything(&mut lan);
        office.spoils = spoils;
        let sync = lan.device.request(NOW.wall_ms, 1 << 20);
        let answer = office.exchange(lan.key(), &sync.bytes);
        assert!(matches!(Response::from_bytes(&answer).unwrap().segments[..], [SegmentAnswer::SendBytes(_)]));
        assert!(office.rows.is_empty() && office.refused.is_empty());
        let outcome = lan.device.answer(&sync, &answer, NOW.wall_ms).unwrap();
        lan.keep(outcome.records);
        assert!(outcome.more && lan.device.waiting() == 6);
        assert_eq!(lan.restarted(1, &office).request(0, 0).bytes, lan.device.request(0, 0).bytes);
        // What keeps being spoiled goes plain in the end: nothing can hold the queue up.
        assert_eq!(lan.sync(&mut office), []);
        assert_eq!((lan.device.waiting(), office.histories[&home(1)].nodes().len()), (0, 6));
    }
}

#[test]
fn a_server_that_asks_for_bytes_for_ever_is_not_asked_for_ever() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    everything(&mut lan);
    let sync = lan.device.request(NOW.wall_ms, 0);
    let mut answer = Response::from_bytes(&office.exchange(lan.key(), &sync.bytes)).unwrap();
    answer.segments = vec![SegmentAnswer::SendBytes(Vec::new())];
    answer.packed = None;
    let mut ask = || lan.device.answer(&sync, &answer.to_bytes(), 0).unwrap();
    assert!(!ask().records.is_empty() && !ask().records.is_empty());
    let third = ask();
    assert_eq!((third.records, third.remarks), (vec![], vec![Remark::NotTaken("intent/mismatch".to_owned())]));
    assert_eq!(lan.device.waiting(), 6);
}

#[test]
fn a_page_that_the_phone_cannot_make_is_asked_for_with_bytes() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    everything(&mut lan);
    lan.sync(&mut office);
    for at in [1, 20, 60, 100] {
        let mut minh = Phone::new(2, &office);
        let sync = minh.device.request(NOW.wall_ms, 1 << 20);
        let mut answer = Response::from_bytes(&office.exchange(minh.key(), &sync.bytes)).unwrap();
        let page = answer.packed.as_mut().unwrap();
        let at = at.min(page[0].len() - 1);
        page[0][at] ^= 0x10;
        let outcome = minh.device.answer(&sync, &answer.to_bytes(), NOW.wall_ms).unwrap();
        assert!(outcome.more && outcome.remarks.is_empty() && minh.device.households().next().is_none());
        let asking = Request::from_bytes(&minh.device.request(NOW.wall_ms, 1 << 20).bytes).unwrap();
        assert_eq!(asking.as_bytes, Some(vec![scope()]));
        // Who still gets what cannot be made does not ask a third time.
        let again = minh.device.answer(&sync, &answer.to_bytes(), NOW.wall_ms).unwrap();
        assert_eq!((again.records, again.remarks), (vec![], vec![Remark::BadPage(scope())]));
        assert_eq!(minh.sync(&mut office), []);
        assert_eq!(minh.device.household(&home(1), View::Accepted), lan.device.household(&home(1), View::Accepted));
    }
    assert_eq!(minh.sync(&mut office), []);
    assert_eq!(minh.said(home(1), "floor_area", View::Accepted), Some(Value::Int(-7)));
}

#[test]
fn a_request_of_version_1_is_answered_in_version_1() {
    let mut office = Office::new();
    let (mut lan, minh) = (Phone::new(1, &office), Phone::new(2, &office));
    everything(&mut lan);
    lan.sync(&mut office);
    let newest = Request::from_bytes(&minh.device.request(NOW.wall_ms, 1 << 20).bytes).unwrap();
    let oldest = Request { version: 1, ..newest };
    let answer = Response::from_bytes(&office.exchange(minh.key(), &oldest.to_bytes())).unwrap();
    assert_eq!((answer.version, answer.packed, answer.pages.len()), (1, None, 1));
    assert_eq!(answer.assigned, Some(vec![scope()]));
}

#[test]
fn everything_a_phone_says_comes_out_of_the_packed_segment_byte_for_byte() {
    let office = Office::new();
    let mut lan = Phone::new(1, &office);
    everything(&mut lan);
    let plain = lan.plain_segment(1, &office);
    let [packed] = &segments(&lan)[..] else { panic!("one segment") };
    let opened = Packed::read(packed, &[form()]).unwrap();
    assert_eq!(unpacked(&opened, &lan), Some(plain.clone()));
    assert!(packed.len() * 5 < plain.to_bytes().len(), "{} of {}", packed.len(), plain.to_bytes().len());
}

#[test]
fn an_edit_of_a_known_household_costs_what_it_says_and_a_signature() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    everything(&mut lan);
    lan.sync(&mut office);
    lan.commit(home(1), [answer("floor_area", 41), answer("house_wall", "brick"), answer("has_tv", true)]);
    let [packed] = &segments(&lan)[..] else { panic!("one segment") };
    assert!(packed.len() < 64 + 60, "{} bytes", packed.len());
    assert_eq!(lan.sync(&mut office), []);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(41)));
}

#[test]
fn a_hundred_thousand_mutated_segments_never_panic_and_never_say_anything_else() {
    let office = Office::new();
    let mut lan = Phone::new(1, &office);
    everything(&mut lan);
    let plain = lan.plain_segment(1, &office);
    let [honest] = &segments(&lan)[..] else { panic!("one segment") };
    let mut rng = SmallRng::seed_from_u64(20_261_123);
    let (mut readable, mut made) = (0, 0);
    for _ in 0..100_000 {
        let Ok(packed) = Packed::read(&mutated(honest, &mut rng), &[form()]) else { continue };
        readable += 1;
        if let Some(segment) = unpacked(&packed, &lan) {
            made += 1;
            assert_eq!(segment, plain, "what was signed, or nothing");
        }
    }
    assert!(readable > 1_000 && made < readable, "{readable} were readable, {made} were made");
}

#[test]
fn mutated_pages_never_panic_and_are_never_believed() {
    let mut office = Office::new();
    let (mut lan, minh) = (Phone::new(1, &office), Phone::new(2, &office));
    everything(&mut lan);
    lan.sync(&mut office);
    let sync = minh.device.request(NOW.wall_ms, 1 << 20);
    let response = Response::from_bytes(&office.exchange(minh.key(), &sync.bytes)).unwrap();
    let honest = response.packed.as_ref().unwrap()[0].to_vec();
    let page = |bytes: &[u8]| {
        let packed = PackedPage::read(bytes, &[form()]).ok()?;
        let ids: Vec<_> = packed.households().iter().map(|name| name.find(std::iter::empty())).collect();
        let mut documents = Documents::new(scope().round, vec![form()], BTreeMap::new());
        packed.unpack(None, &ids, |_| None, &mut documents).ok()
    };
    let expected = page(&honest).unwrap();
    assert!(expected.head.is_signed_by(&office.public_key()));
    let mut rng = SmallRng::seed_from_u64(7);
    let mut unsigned = 0;
    for _ in 0..20_000 {
        let Some(page) = page(&mutated(&honest, &mut rng)) else { continue };
        match page.head.is_signed_by(&office.public_key()) {
            true => assert_eq!(page, expected, "what was signed, or nothing"),
            false => unsigned += 1,
        }
    }
    assert!(unsigned > 100, "{unsigned}");
}

fn mutated(honest: &[u8], rng: &mut SmallRng) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(1..bytes.len());
        match rng.random_range(0..4) {
            0 => bytes[at] = rng.random(),
            1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => drop(bytes.remove(at)),
            _ => bytes.insert(at, rng.random()),
        }
    }
    bytes
}

#[test]
fn a_previous_entry_that_the_server_has_differently_is_noticed() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    office.heads.values_mut().for_each(|hash| *hash = EntryHash([7; 32]));
    lan.commit(home(1), [answer("floor_area", 41)]);
    assert_eq!(lan.sync(&mut office), [], "the hash itself is sent the second time");
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(41)));
    assert!(office.refused.values().all(|verdict| *verdict == Verdict::Accepted));
}

#[test]
fn mutated_messages_and_segments_never_panic_and_never_pass_for_others() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [listed(1), of_member(1, "full_name", "Páo"), answer("floor_area", 40)]);
    let sync = lan.device.request(NOW.wall_ms, 1 << 20);
    let response = office.exchange(lan.key(), &sync.bytes);
    let mut rng = SmallRng::seed_from_u64(11);
    for _ in 0..20_000 {
        let mut request = sync.bytes.clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..request.len());
            request[at] = rng.random();
        }
        request.truncate(rng.random_range(0..=request.len()));
        if let Ok(request) = Request::from_bytes(&request) {
            for segment in request.segments {
                let opened = Segment::open(&segment);
                assert!(opened.is_err() || opened.unwrap().author() == &lan.device.author());
            }
        }
        let mut answer = response.clone();
        let at = rng.random_range(0..answer.len());
        answer[at] ^= 1 << rng.random_range(0..8);
        let mut device = lan.restarted(1, &office);
        let _ = device.answer(&sync, &answer, NOW.wall_ms);
    }
}
