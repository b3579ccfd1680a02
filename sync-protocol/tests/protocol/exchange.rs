//! Phones and a server in one process, on the two state machines that the field uses.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use schemas::ids::{HouseholdId, UnitId};
use schemas::value::Value;
use sync_protocol::device::{AnswerFault, CommitError, Record, Remark, Standing, View};
use sync_protocol::hash::PublicKey;
use sync_protocol::journal::Scope;
use sync_protocol::message::{MessageFault, Request, Response, SegmentAnswer};
use sync_protocol::segment::{Payload, Segment, SegmentFault};
use sync_protocol::verdict::{Hold, Rejection, Verdict};

use crate::office::{Office, scope};
use crate::phone::{NOW, Phone, home};
use crate::support::{answer, listed, of_member};

#[test]
fn work_passes_from_phone_to_phone() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    lan.commit(home(1), [listed(1), of_member(1, "full_name", "Páo"), answer("floor_area", 40)]);
    assert!(lan.sync(&mut office).is_empty());
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
    assert!(minh.sync(&mut office).is_empty());
    assert_eq!(minh.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
    minh.commit(home(1), [answer("floor_area", 41)]);
    assert_eq!(minh.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
    assert_eq!(minh.said(home(1), "floor_area", View::Mine), Some(Value::Int(41)));
    assert!(minh.sync(&mut office).is_empty());
    assert!(lan.sync(&mut office).is_empty());
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(41)));
}

#[test]
fn a_disagreement_is_seen_by_both_and_settled_on_one_phone() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    minh.sync(&mut office);
    lan.commit(home(1), [answer("floor_area", 30)]);
    minh.commit(home(1), [answer("floor_area", 35)]);
    lan.sync(&mut office);
    minh.sync(&mut office);
    lan.sync(&mut office);
    let open = lan.device.disagreements(&home(1), View::Accepted);
    assert_eq!(open, minh.device.disagreements(&home(1), View::Accepted));
    lan.commit(home(1), [answer("floor_area", 35), open[0].settlement()]);
    lan.sync(&mut office);
    minh.sync(&mut office);
    assert!(minh.device.disagreements(&home(1), View::Accepted).is_empty());
}

#[test]
fn what_is_taken_from_the_middle_of_the_queue_leaves_no_broken_run() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    let other = Scope { village: UnitId(42), ..scope() };
    lan.device.apply(&Record::Assigned(vec![scope(), other.clone()]));
    for (n, place) in [(1, scope()), (2, other), (3, scope())] {
        let writes = [answer("floor_area", 40)].into_iter().collect();
        lan.device.found(place, home(n), &writes, NOW).unwrap();
    }
    let sync = lan.device.request(NOW.wall_ms, 0);
    let mut response = Response::from_bytes(&office.exchange(lan.key(), &sync.bytes)).unwrap();
    let busy = || SegmentAnswer::NotTaken("sync/busy".to_owned());
    response.segments = vec![busy(), SegmentAnswer::Taken(vec![Verdict::Accepted]), busy()];
    (response.packed, response.more) = (None, true);
    lan.device.answer(&sync, &response.to_bytes(), NOW.wall_ms).unwrap();
    let sent = Request::from_bytes(&lan.device.request(NOW.wall_ms, 0).bytes).unwrap().segments;
    assert_eq!(sent.len(), 2);
}

#[test]
fn a_lost_answer_costs_nothing_but_the_question() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    let sync = lan.device.request(NOW.wall_ms, 1 << 20);
    office.exchange(lan.key(), &sync.bytes);
    assert_eq!(lan.device.waiting(), 1);
    let rows = office.rows.clone();
    lan.sync(&mut office);
    assert_eq!(office.rows, rows, "sending again changes nothing");
    assert_eq!(lan.device.waiting(), 0);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
}

#[test]
fn a_phone_is_what_its_records_make_it() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    minh.sync(&mut office);
    minh.commit(home(2), [answer("floor_area", 20)]);
    minh.sync(&mut office);
    lan.commit(home(1), [answer("has_tv", true)]);
    lan.sync(&mut office);
    lan.commit(home(2), [answer("has_tv", true)]);
    let again = lan.restarted(1, &office);
    assert_eq!(again.request(NOW.wall_ms, 9).bytes, lan.device.request(NOW.wall_ms, 9).bytes);
    for household in [home(1), home(2)] {
        for view in [View::Accepted, View::Mine] {
            assert_eq!(again.household(&household, view), lan.device.household(&household, view));
        }
    }
}

#[test]
fn after_a_rejection_the_phone_goes_on_in_a_new_epoch() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    minh.sync(&mut office);
    // Both list somebody under one id, which chance rules out and malice does not: the second is rejected.
    lan.commit(home(1), [listed(7)]);
    lan.sync(&mut office);
    minh.commit(home(1), [listed(7)]);
    minh.commit(home(1), [answer("has_tv", true)]);
    minh.sync(&mut office);
    let standings = [Standing::Rejected(Rejection::WrongPast), Standing::Held(Hold::BuildsOnHeld)];
    assert_eq!(minh.standings(home(1)), standings);
    assert_eq!(minh.device.author().epoch, 2);
    minh.commit(home(1), [answer("has_tv", false)]);
    minh.sync(&mut office);
    assert_eq!(minh.said(home(1), "has_tv", View::Accepted), Some(Value::Bool(false)));
    assert_eq!(minh.standings(home(1)), standings, "what was refused is kept and shown");
    assert_eq!(minh.restarted(2, &office).author().epoch, 2);
}

#[test]
fn work_on_a_closed_document_waits_and_holds_up_nothing_else() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    office.closed.insert(home(1));
    lan.commit(home(1), [answer("floor_area", 41)]);
    lan.commit(home(2), [answer("floor_area", 12)]);
    lan.sync(&mut office);
    assert_eq!(lan.standings(home(1)), [Standing::Held(Hold::DocumentClosed)]);
    assert_eq!(lan.said(home(1), "floor_area", View::Mine), Some(Value::Int(41)));
    assert_eq!(lan.said(home(2), "floor_area", View::Accepted), Some(Value::Int(12)));
}

#[test]
fn the_same_edit_for_two_households_is_refused_for_the_second() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.commit(home(2), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    lan.commit(home(1), [answer("floor_area", 41)]);
    let segment = lan.plain_segment(1, &office);
    let copied = resigned(&segment, home(2), 1);
    let answer = exchange_segments(&mut office, &lan, vec![copied]);
    assert_eq!(answer, [SegmentAnswer::Taken(vec![Verdict::Rejected(Rejection::OtherHousehold)])]);
    lan.sync(&mut office);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(41)));
}

/// The same changes claimed for another household, by the same author and signed by him.
fn resigned(segment: &Segment, household: HouseholdId, n: u8) -> Vec<u8> {
    let mut entries = segment.entries().to_vec();
    for entry in &mut entries {
        if let sync_protocol::journal::Body::Change { household: named, .. } = &mut entry.body {
            *named = household;
        }
    }
    let payloads = segment.with_payloads().filter_map(|(_, payload)| payload.cloned()).collect();
    let key = SigningKey::from_bytes(&[n; 32]);
    Segment::sign(*segment.author(), segment.scope().clone(), entries, payloads, &key).to_bytes()
}

fn exchange_segments(office: &mut Office, phone: &Phone, segments: Vec<Vec<u8>>) -> Vec<SegmentAnswer> {
    let mut request = Request::from_bytes(&phone.device.request(NOW.wall_ms, 0).bytes).unwrap();
    request.segments = segments.into_iter().map(Into::into).collect();
    Response::from_bytes(&office.exchange(phone.key(), &request.to_bytes())).unwrap().segments
}

#[test]
fn spoiled_bytes_under_a_changes_name_never_stick_to_the_change() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    let honest = lan.plain_segment(1, &office);
    let spoilers: [fn(&mut Vec<u8>); 4] =
        [|bytes| bytes[8] = 2, |bytes| bytes[4] ^= 1, |bytes| bytes.truncate(20), |bytes| bytes.resize(30_000, 0)];
    for spoil in spoilers {
        let answers = exchange_segments(&mut office, &lan, vec![spoiled(&honest, spoil)]);
        assert!(matches!(&answers[0], SegmentAnswer::Taken(verdicts) if matches!(verdicts[0], Verdict::Rejected(_))));
        assert!(office.rows.is_empty() && office.refused.is_empty());
    }
    lan.sync(&mut office);
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
    let answers = exchange_segments(&mut office, &lan, vec![spoiled(&honest, spoilers[0])]);
    assert_eq!(answers, [SegmentAnswer::Taken(vec![Verdict::Accepted])], "the change itself is in");
}

/// The same signed journal with other bytes beside it: payloads are proven by their hash alone.
fn spoiled(segment: &Segment, spoil: fn(&mut Vec<u8>)) -> Vec<u8> {
    let payloads = segment.with_payloads().filter_map(|(_, payload)| payload).map(|Payload::Raw(bytes)| {
        let mut bytes = bytes.to_vec();
        spoil(&mut bytes);
        Payload::Raw(bytes.into())
    });
    let key = SigningKey::from_bytes(&[1; 32]);
    let entries = segment.entries().to_vec();
    Segment::sign(*segment.author(), segment.scope().clone(), entries, payloads.collect(), &key).to_bytes()
}

#[test]
fn a_forged_segment_is_refused_and_the_honest_one_beside_it_is_taken() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    lan.commit(home(1), [answer("floor_area", 40)]);
    minh.commit(home(2), [answer("floor_area", 20)]);
    let (honest, mut forged) = (lan.plain_segment(1, &office).to_bytes(), minh.plain_segment(2, &office).to_bytes());
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let answers = exchange_segments(&mut office, &lan, vec![forged, honest]);
    assert_eq!(answers[0], SegmentAnswer::Refused(SegmentFault::Signature.slug().into()));
    assert_eq!(answers[1], SegmentAnswer::Taken(vec![Verdict::Accepted]));
}

#[test]
fn a_refused_segment_leaves_the_queue_and_is_kept() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    let sync = lan.device.request(NOW.wall_ms, 0);
    let refused = Response {
        segments: vec![SegmentAnswer::Refused("segment/signature".into())],
        ..Response::from_bytes(&office.exchange(PublicKey([0; 32]), &lan.device.request(0, 0).bytes)).unwrap()
    };
    let mut lone = Phone::new(1, &office);
    lone.disk = lan.disk.clone();
    lone.device = lan.restarted(1, &office);
    let mut answer = refused;
    answer.pages.clear();
    lone.device.answer(&sync, &answer.to_bytes(), 0).unwrap();
    assert_eq!(lone.device.waiting(), 1, "it goes once more, as it was signed");
    // The first answer comes twice: it does not speak of what goes now.
    lone.device.answer(&sync, &answer.to_bytes(), 0).unwrap();
    let plain = lone.device.request(NOW.wall_ms, 0);
    lone.device.answer(&plain, &answer.to_bytes(), 0).unwrap();
    assert_eq!(lone.device.waiting(), 0);
    assert_eq!(lone.standings(home(1)), [Standing::Refused]);
    assert_eq!(lone.device.refused(), [(1, 1, "segment/signature".to_owned())]);
}

#[test]
fn rows_that_the_server_did_not_sign_or_that_do_not_follow_are_left_out() {
    let mut office = Office::new();
    let (mut lan, mut minh) = (Phone::new(1, &office), Phone::new(2, &office));
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    office.packs = false;
    let sync = minh.device.request(NOW.wall_ms, 1 << 20);
    let honest = Response::from_bytes(&office.exchange(minh.key(), &sync.bytes)).unwrap();
    let spoil: [fn(&mut Response); 4] = [
        |response| response.pages[0].rows[1].position = 5,
        |response| response.pages[0].head.count += 1,
        |response| drop(response.pages[0].changes.pop()),
        |response| response.pages[0].rows[0].household = home(9),
    ];
    for spoil in spoil {
        let mut response = honest.clone();
        spoil(&mut response);
        let outcome = minh.device.answer(&sync, &response.to_bytes(), NOW.wall_ms).unwrap();
        assert_eq!(outcome.remarks, [Remark::BadPage(scope())]);
        assert!(outcome.records.iter().all(|record| matches!(record, Record::ClockOffset(_))));
    }
    assert!(minh.sync(&mut office).is_empty());
    assert_eq!(minh.said(home(1), "floor_area", View::Accepted), Some(Value::Int(40)));
}

#[test]
fn a_server_that_starts_anew_is_noticed_and_read_from_its_first_row() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    lan.sync(&mut office);
    office.generation = 78;
    assert_eq!(lan.sync(&mut office), [Remark::NewGeneration(scope())]);
    assert_eq!(lan.device.scopes().next().unwrap().1.cursor.generation, 78);
}

#[test]
fn pages_of_any_size_come_to_the_same() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    for n in 1..20 {
        lan.commit(home(n), [answer("floor_area", i64::from(n))]);
    }
    lan.sync(&mut office);
    for page_rows in [1, 2, 7, 1_000] {
        office.page_rows = page_rows;
        let mut reader = Phone::new(100 + page_rows.min(50) as u8, &office);
        assert!(reader.sync(&mut office).is_empty(), "{page_rows}");
        for n in 1..20 {
            assert_eq!(reader.said(home(n), "floor_area", View::Accepted), Some(Value::Int(n.into())));
        }
    }
}

#[test]
fn what_the_gate_would_refuse_is_refused_at_the_door() {
    let office = Office::new();
    let mut lan = Phone::new(1, &office);
    lan.commit(home(1), [answer("floor_area", 40)]);
    let wrong = BTreeMap::from([answer("floor_area", "bốn mươi")]);
    let refused = lan.device.commit(home(1), &wrong, NOW);
    assert!(matches!(refused, Err(CommitError::Refused(Verdict::Rejected(Rejection::WrongType), _))));
    let same = BTreeMap::from([answer("floor_area", 40)]);
    assert_eq!(lan.device.commit(home(1), &same, NOW), Err(CommitError::Nothing));
    let elsewhere = Scope { village: schemas::ids::UnitId(2), round: scope().round };
    assert_eq!(lan.device.found(elsewhere, home(3), &same, NOW), Err(CommitError::NoScope));
}

#[test]
fn an_answer_to_another_request_changes_nothing() {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    let empty = lan.device.request(NOW.wall_ms, 0);
    let response = office.exchange(lan.key(), &empty.bytes);
    lan.commit(home(1), [answer("floor_area", 40)]);
    let sync = lan.device.request(NOW.wall_ms, 0);
    assert_eq!(lan.device.answer(&sync, &response, 0).unwrap_err(), AnswerFault::OtherRequest);
    assert_eq!(lan.device.waiting(), 1);
}

#[test]
fn messages_of_another_version_are_named_as_such() {
    for version in [0, 3] {
        assert_eq!(Request::from_bytes(&[0x86, version]), Err(MessageFault::Version));
        assert_eq!(Response::from_bytes(&[0x86, version]), Err(MessageFault::Version));
    }
    assert_eq!(Request::from_bytes(b"hello"), Err(MessageFault::Unreadable));
    assert_eq!(Request::from_bytes(&[]), Err(MessageFault::Unreadable));
}

#[derive(Clone, Debug)]
enum Step {
    Edit(usize, u8, i64),
    Sync(usize),
    LoseAnswer(usize),
    Restart(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..3usize;
    let step = prop_oneof![
        4 => (who.clone(), 1..5u8, 0..50i64).prop_map(|(w, h, v)| Step::Edit(w, h, v)),
        2 => who.clone().prop_map(Step::Sync),
        1 => who.clone().prop_map(Step::LoseAnswer),
        1 => who.prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_written_is_lost_and_all_phones_come_to_the_same(steps in steps()) {
        let mut office = Office::new();
        let mut phones: Vec<Phone> = (1..4).map(|n| Phone::new(n, &office)).collect();
        let mut written = 0;
        for step in steps {
            match step {
                Step::Edit(who, household, value) => {
                    let writes = BTreeMap::from([answer("floor_area", value)]);
                    let phone = &mut phones[who];
                    let done = match phone.device.household(&home(household), View::Mine) {
                        Some(_) => phone.device.commit(home(household), &writes, NOW),
                        None => phone.device.found(scope(), home(household), &writes, NOW),
                    };
                    if let Ok(records) = done {
                        phone.keep(records);
                        written += 1;
                    }
                }
                Step::Sync(who) => drop(phones[who].sync(&mut office)),
                Step::LoseAnswer(who) => {
                    let sync = phones[who].device.request(NOW.wall_ms, 1 << 20);
                    office.exchange(phones[who].key(), &sync.bytes);
                }
                Step::Restart(who) => phones[who].device = phones[who].restarted(who as u8 + 1, &office),
            }
        }
        for _ in 0..2 {
            for phone in &mut phones {
                prop_assert_eq!(phone.sync(&mut office), []);
            }
        }
        let accepted: usize = office.histories.values().map(|history| history.nodes().len()).sum();
        prop_assert_eq!(accepted + office.refused.len(), written);
        for household in (1..5).map(home) {
            let views: Vec<_> = phones.iter().map(|phone| phone.device.household(&household, View::Mine)).collect();
            prop_assert_eq!(&views[0], &views[1]);
            prop_assert_eq!(&views[1], &views[2]);
            prop_assert_eq!(&views[0], &office.histories.get(&household).map(|history| history.current()));
        }
    }
}
