//! This version and the one before it, each with the other.

use schemas::ids::AccountId;
use schemas::value::Value;
use sync_protocol::actor::Author;
use sync_protocol::device::View;
use sync_protocol::hash::PublicKey;
use sync_protocol::message::{MessageFault, OLDEST_MESSAGE_VERSION, Request, Response, SegmentAnswer};
use sync_protocol::segment::Segment;
use sync_protocol::verdict::Verdict;

use crate::office::{Office, scope};
use crate::phone::{NOW, Phone, home};
use crate::schema::vector;
use crate::support::answer;

/// What a server of version 1 says to a request: it reads the version before anything else.
fn asked_in_version_1(office: &mut Office, who: PublicKey, request: &[u8]) -> Result<Vec<u8>, MessageFault> {
    match Request::from_bytes(request)?.version {
        OLDEST_MESSAGE_VERSION => Ok(office.exchange(who, request)),
        _ => Err(MessageFault::Version),
    }
}

#[test]
fn a_version_that_nobody_speaks_yet_is_refused_by_its_name() {
    for version in [0, 3, 23] {
        for message in ["request-nothing", "request-segment", "version-1/request"] {
            let mut bytes = vector(message);
            bytes[1] = version;
            assert_eq!(Request::from_bytes(&bytes), Err(MessageFault::Version));
        }
    }
    assert_eq!(MessageFault::Version.slug(), "sync/version");
}

#[test]
fn what_stands_behind_the_last_item_of_version_1_is_not_looked_at() {
    let newer = Request::from_bytes(&vector("request-chapters")).unwrap();
    let read =
        Request::from_bytes(&Request { version: 1, holding: Some([7; 16]), ..newer.clone() }.to_bytes()).unwrap();
    assert_eq!((read.scopes, read.holding, read.chapters), (newer.scopes, None, None));
}

#[test]
fn nothing_is_given_back_in_version_1_and_nothing_is_lost_by_it() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    let sync = lan.device.request(NOW.wall_ms, 1 << 20);
    let outcome = lan.device.answer(&sync, &vector("response-forgotten"), NOW.wall_ms).unwrap();
    lan.keep(outcome.records);
    lan.commit(home(1), [answer("floor_area", 41)]);
    let chapters = |lan: &Phone| {
        let sync = lan.device.request(NOW.wall_ms, 1 << 20);
        Request::from_bytes(&sync.bytes).unwrap().chapters.map_or(0, |chapters| chapters.len())
    };
    assert_eq!(chapters(&lan), 1);
    assert!(lan.device.speak_older());
    assert_eq!((chapters(&lan), lan.device.waiting()), (0, 1));
    let sync = lan.device.request(NOW.wall_ms, 1 << 20);
    let answer = office.exchange(lan.key(), &sync.bytes);
    lan.device.answer(&sync, &answer, NOW.wall_ms).unwrap();
    assert_eq!((chapters(&lan), lan.device.waiting()), (0, 1), "work that builds on it waits for a newer server");
    lan.device = lan.restarted(1, &office);
    assert_eq!((chapters(&lan), lan.device.waiting()), (1, 1));
}

#[test]
fn a_phone_of_version_1_is_understood_and_answered_in_version_1() {
    let mut office = Office::new();
    let request = vector("version-1/request");
    let segment = Segment::open(&Request::from_bytes(&request).unwrap().segments[0]).unwrap();
    let author: Author = *segment.author();
    assert_eq!((author.account, segment.scope()), (AccountId(1), &scope()));
    office.enrol(author);
    let bytes = office.exchange(author.key, &request);
    assert_eq!(bytes[..2], [0x86, 1], "six items, as version 1 knows them");
    let answer = Response::from_bytes(&bytes).unwrap();
    assert_eq!(answer.segments, [SegmentAnswer::Taken(vec![Verdict::Accepted])]);
    assert_eq!((answer.pages.len(), answer.pages[0].rows.len()), (1, 2));
    assert_eq!((answer.packed, answer.name_scopes, answer.assigned), (None, None, Some(vec![scope()])));
    assert_eq!(answer.pages[0].changes[0].len(), 0, "its own change is not sent back");
    // Asked again after a lost answer: nothing changes.
    let rows = office.rows.clone();
    office.exchange(author.key, &request);
    assert_eq!(office.rows, rows);
}

#[test]
fn this_phone_works_with_a_server_that_speaks_version_1_alone() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    lan.commit(home(1), [answer("floor_area", 40)]);
    for phone in [&mut lan, &mut minh] {
        let refused = asked_in_version_1(&mut office, phone.key(), &phone.device.request(NOW.wall_ms, 1 << 20).bytes);
        assert_eq!(refused, Err(MessageFault::Version));
        assert!(phone.device.speak_older());
        let sync = phone.device.request(NOW.wall_ms, 1 << 20);
        assert_eq!(sync.bytes[..2], [0x86, 1], "six items, as version 1 knows them");
        let answer = asked_in_version_1(&mut office, phone.key(), &sync.bytes).unwrap();
        let outcome = phone.device.answer(&sync, &answer, NOW.wall_ms).unwrap();
        assert_eq!(outcome.remarks, []);
        phone.keep(outcome.records);
        assert_eq!(phone.device.waiting(), 0);
        assert_eq!(phone.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
        assert!(!phone.device.speak_older(), "there is none before version 1");
    }
    let again = lan.restarted(1, &office).request(NOW.wall_ms, 1 << 20);
    assert_eq!(again.bytes[1], 2, "servers are renewed: the newest is tried after every start");
}

#[test]
fn a_village_can_change_versions_between_two_exchanges() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    assert!(lan.device.speak_older());
    lan.commit(home(1), [answer("floor_area", 41)]);
    assert_eq!(lan.sync(&mut office), []);
    lan.device = lan.restarted(1, &office);
    lan.commit(home(1), [answer("floor_area", 42)]);
    assert_eq!(lan.sync(&mut office), []);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(42)));
}
