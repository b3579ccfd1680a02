//! What is cut, what is refused as a whole and what follows in a queue of its own.

use schemas::value::Value;
use sync_protocol::device::{BlobAnswer, BlobState, CommitError, MAX_COMMAND_BYTES, Portion, Record, View, Way};
use sync_protocol::hash::BlobHash;
use sync_protocol::journal::Body;
use sync_protocol::message::{Request, Response, SegmentAnswer};
use sync_protocol::segment::Segment;

use crate::office::{Office, scope};
use crate::phone::{NOW, Phone, home};
use crate::support::answer;

const PHOTO: BlobHash = BlobHash([7; 32]);

fn wrote(office: &Office, homes: u8) -> Phone {
    let mut lan = Phone::new(1, office);
    (1..=homes).for_each(|n| lan.commit(home(n), [answer("floor_area", i64::from(n))]));
    lan
}

/// The same phone with one record of its disk changed.
fn with_damage(lan: &Phone, office: &Office, number: u64, damage: impl Fn(&mut Body, &mut i64)) -> Phone {
    let records = lan.disk.iter().map(|bytes| {
        let mut record = Record::from_bytes(bytes).unwrap();
        if let Record::Own { entry, .. } = &mut record
            && entry.number == number
        {
            damage(&mut entry.body, &mut entry.wall_ms);
        }
        record.to_bytes()
    });
    let disk = records.collect();
    let mut damaged = Phone { disk, device: lan.restarted(1, office) };
    damaged.device = damaged.restarted(1, office);
    damaged
}

#[test]
fn an_entry_whose_disk_was_damaged_holds_up_and_loses_nobody_else() {
    for number in 1..=9 {
        let mut office = Office::new();
        let lan = wrote(&office, 9);
        // The time is another one: the chain of hashes breaks behind the entry, and the whole segment is refused.
        let mut lan = with_damage(&lan, &office, number, |_, wall_ms| *wall_ms += 1);
        assert!(lan.sync(&mut office).is_empty(), "entry {number}");
        assert!(lan.device.refused().is_empty(), "the entry itself says nothing wrong");
        for n in 1..=9 {
            assert_eq!(lan.said(home(n), "floor_area", View::Accepted), Some(Value::Int(n.into())), "{number} {n}");
        }
    }
}

#[test]
fn an_entry_whose_change_has_another_name_on_disk_is_made_again_from_what_it_says() {
    let mut office = Office::new();
    let lan = wrote(&office, 9);
    let mut lan = with_damage(&lan, &office, 4, |body, _| {
        if let Body::Change { hash, .. } = body {
            hash.0[0] ^= 1;
        }
    });
    lan.sync(&mut office);
    let arrived = (1..=9).filter(|n| lan.said(home(*n), "floor_area", View::Accepted).is_some());
    assert_eq!(arrived.collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
}

#[test]
fn an_entry_that_no_segment_can_hold_is_the_only_one_that_is_refused() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 1)]);
    let refused = lan.device.command(scope(), vec![0; MAX_COMMAND_BYTES + 1], NOW);
    assert_eq!(refused, Err(CommitError::TooLarge));
    // An app of another make wrote it all the same.
    let small = lan.device.command(scope(), vec![1], NOW).unwrap();
    let [Record::Own { epoch, scope, entry, .. }] = &small[..] else { panic!("one entry") };
    let mut entry = entry.clone();
    entry.body = Body::Command { request: vec![0; 600 * 1024].into() };
    let large = Record::Own { epoch: *epoch, scope: scope.clone(), entry, change: None };
    lan.keep(vec![large]);
    lan.device = lan.restarted(1, &office);
    lan.commit(home(2), [answer("floor_area", 2)]);
    lan.sync(&mut office);
    assert_eq!(lan.device.refused(), [(1, 2, "segment/too-large".to_owned())]);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(1)));
    assert_eq!(lan.said(home(2), "floor_area", View::Accepted), Some(Value::Int(2)));
}

#[test]
fn a_server_that_refuses_everything_is_asked_a_bounded_number_of_times() {
    let office = Office::new();
    let mut lan = wrote(&office, 32);
    let mut sent = 0;
    while lan.device.waiting() > 0 {
        let sync = lan.device.request(NOW.wall_ms, 0);
        let segments = Request::from_bytes(&sync.bytes).unwrap().segments.len();
        sent += segments;
        let refused = SegmentAnswer::Refused("segment/chain".to_owned());
        let response = Response::answering(2, vec![refused; segments], 0);
        let outcome = lan.device.answer(&sync, &response.to_bytes(), 0).unwrap();
        lan.keep(outcome.records);
    }
    assert_eq!(sent, 2 * 32 - 1, "each half of each half once");
    assert_eq!(lan.device.refused().len(), 32);
    let mut again = lan.restarted(1, &office);
    assert_eq!(again.refused(), lan.device.refused());
    assert!(again.attach(home(1), PHOTO, 9, NOW).is_ok(), "it can go on writing");
}

#[test]
fn a_request_holds_no_more_than_its_portion_down_to_one_entry() {
    let mut office = Office::new();
    let mut lan = wrote(&office, 120);
    let mut portion = Portion::default();
    while portion.up_bytes > 300 {
        let sync = lan.device.request_in(NOW.wall_ms, portion);
        let request = Request::from_bytes(&sync.bytes).unwrap();
        let segments: usize = request.segments.iter().map(|segment| segment.len()).sum();
        assert!(segments <= portion.up_bytes as usize, "{segments} in {portion:?}");
        portion = portion.after_cut(Way::Up).unwrap();
    }
    let mut requests = 0;
    while lan.device.waiting() > 0 {
        let sync = lan.device.request_in(NOW.wall_ms, portion);
        let response = office.exchange(lan.key(), &sync.bytes);
        let outcome = lan.device.answer(&sync, &response, NOW.wall_ms).unwrap();
        lan.keep(outcome.records);
        requests += 1;
    }
    assert!((10..=120).contains(&requests), "{requests}");
}

#[test]
fn a_blob_goes_after_its_announcement_and_holds_up_no_change() {
    let mut office = Office::new();
    let mut lan = wrote(&office, 2);
    assert_eq!(lan.device.attach(home(3), PHOTO, 9, NOW), Err(CommitError::NoHousehold));
    let records = lan.device.attach(home(1), PHOTO, 9, NOW).unwrap();
    lan.keep(records);
    assert_eq!(lan.device.attach(home(1), PHOTO, 9, NOW), Err(CommitError::Nothing), "once is enough");
    assert_eq!(lan.device.blob_queue().count(), 0, "the server does not expect it yet");
    lan.commit(home(2), [answer("floor_area", 3)]);
    assert!(lan.sync(&mut office).is_empty());
    assert_eq!(lan.device.waiting(), 0);
    assert_eq!(lan.said(home(2), "floor_area", View::Accepted), Some(Value::Int(3)));
    let queued: Vec<_> = lan.device.blob_queue().map(|blob| (blob.household, blob.hash, blob.size_bytes)).collect();
    assert_eq!(queued, [(home(1), PHOTO, 9)]);
    assert_eq!(lan.device.blob_answered(home(2), PHOTO, BlobAnswer::There), [], "not announced there");
    let records = lan.device.blob_answered(home(1), PHOTO, BlobAnswer::There);
    lan.keep(records);
    let late = lan.device.blob_answered(home(1), PHOTO, BlobAnswer::Refused("blob/day-full".to_owned()));
    assert_eq!(late, [], "what is there stays there");
    assert_eq!(lan.restarted(1, &office).blobs()[0].state, BlobState::There);
}

#[test]
fn a_segment_on_which_the_server_fails_is_put_off_and_parted_and_the_others_arrive() {
    let mut office = Office::new();
    let mut lan = wrote(&office, 20);
    let portion = Portion::of(700, 0);
    let mut failures = 0;
    while lan.device.waiting() > 1 {
        assert!(failures < 20, "{} still wait", lan.device.waiting());
        let sync = lan.device.request_in(NOW.wall_ms, portion);
        let mut response = Response::from_bytes(&office.exchange(lan.key(), &sync.bytes)).unwrap();
        let brought = Request::from_bytes(&sync.bytes).unwrap().segments;
        for (bytes, answer) in brought.iter().zip(&mut response.segments) {
            // Whatever holds the third household's change makes the server fail. Packed ones all come first, so that all fail.
            let poison = |segment: Segment| segment.entries().iter().any(|entry| entry.number == 3);
            if Segment::open(bytes).map_or(true, poison) {
                *answer = SegmentAnswer::NotTaken("sync/try-again".to_owned());
                failures += 1;
            }
        }
        let outcome = lan.device.answer(&sync, &response.to_bytes(), NOW.wall_ms).unwrap();
        lan.keep(outcome.records);
    }
    let (_, document) = lan.device.households().find(|(id, _)| **id == home(3)).unwrap();
    assert!(document.own.iter().all(|own| own.entry == (1, 3)));
    assert!(lan.device.has_put_off() && !lan.device.has_untried());
    lan.device = lan.restarted(1, &office);
    lan.sync(&mut office);
    assert_eq!(lan.device.waiting(), 0, "once the server is mended it takes it");
}
