//! What waits, what is said again and what comes late, on a real database.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use schemas::ids::{AccountId, MemberId};
use sync_protocol::change::{Slot, Write, parse};
use sync_protocol::device::{Clocks, Plan, Standing, View};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::PublicKey;
use sync_protocol::history::History;
use sync_protocol::journal::{Body, JournalHead};
use sync_protocol::message::{Request, Response, SegmentAnswer};
use sync_protocol::segment::{Packed, Payload, Segment};
use sync_protocol::verdict::Rejection;

use super::*;
use crate::domain::role::Role;
use crate::store::StoreError;
use crate::workflow::bench::{Bench, Carried, answer, home, permit, round_id};
use crate::workflow::case::CaseId;
use crate::workflow::exchange::exchange;
use crate::workflow::inbox::{self, Matter};
use crate::workflow::{quarantine, rebuild};

const CLOCKS: Clocks = Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 1 };

fn listed(n: u8) -> (Slot, Write) {
    (Slot::Member(MemberId([n; 10])), Write::Make)
}

fn case(bench: &Bench) -> CaseId {
    CaseId { round: round_id(), commune: bench.commune, household: home(1) }
}

async fn kept(bench: &Bench) -> BTreeMap<ChangeHash, StoredChange> {
    let place = DocumentKey { commune: bench.commune, round: round_id(), household: home(1) };
    let kept = store::change::of_document(&mut bench.app.store.read().await.unwrap(), &place).await.unwrap();
    kept.into_iter().map(|change| (change.hash, change)).collect()
}

async fn verdict(bench: &Bench, hash: ChangeHash) -> Verdict {
    kept(bench).await[&hash].verdict
}

fn own(phone: &Carried) -> Vec<ChangeHash> {
    let (_, document) = phone.phone.households().find(|(id, _)| **id == home(1)).unwrap();
    document.own.iter().map(|own| own.hash).collect()
}

fn standings(phone: &Carried) -> Vec<Standing> {
    let (_, document) = phone.phone.households().find(|(id, _)| **id == home(1)).unwrap();
    document.own.iter().map(|own| own.standing).collect()
}

async fn assert_sound(bench: &Bench) {
    assert_eq!(rebuild::rebuild(&bench.app).await.unwrap().differences, []);
}

/// A change of somebody on a history that no phone would have: signed, but not through a phone.
struct Forged {
    segment: Vec<u8>,
    hash: ChangeHash,
}

fn forge(bench: &Bench, account: AccountId, n: u8, history: &mut History, write: (Slot, Write)) -> Forged {
    let key = SigningKey::from_bytes(&[n; 32]);
    let author = Author { key: PublicKey(key.verifying_key().to_bytes()), account, epoch: 1 };
    let draft = history.draft(history.heads(), author.actor(), 0, None, &BTreeMap::from([write])).unwrap();
    let bytes = draft.encode().unwrap();
    let (change, hash) = parse(&bytes).unwrap();
    let node = history.read(&change, hash).unwrap();
    history.push(node);
    let entry = JournalHead::default().append(None, 0, 0, Body::Change { household: home(1), hash });
    let segment = Segment::sign(author, bench.scope(0), vec![entry], vec![Payload::Raw(bytes.into())], &key);
    Forged { segment: segment.to_bytes(), hash }
}

fn empty(bench: &Bench) -> History {
    let form = bench.app.standards.forms().find(|form| form.version.0 == "vn-2022-2025/1").unwrap().clone();
    History::new(Genesis { household: home(1), round: round_id(), form: form.version.clone() }, form)
}

async fn bring(bench: &Bench, phone: &Carried, forged: &Forged) -> SegmentAnswer {
    let request = Request::bringing(vec![forged.segment.clone().into()], 1, 0).to_bytes();
    let response = exchange(&bench.app, &phone.device, &request).await.unwrap();
    Response::from_bytes(&response).unwrap().segments.remove(0)
}

#[tokio::test]
async fn what_waited_is_judged_under_its_own_author_as_they_stand_now() {
    for minh_may in [false, true] {
        let bench = Bench::new().await;
        let (lan, minh) = (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await);
        let mut history = empty(&bench);
        let first = forge(&bench, bench.lan, 11, &mut history, answer("floor_area", 40));
        let second = forge(&bench, bench.minh, 12, &mut history, answer("tv", true));
        let missing = Verdict::Held(Hold::MissingDependency);
        assert_eq!(bring(&bench, &minh, &second).await, SegmentAnswer::Taken(vec![missing]));
        if !minh_may {
            bench.unassign(bench.minh, 0).await;
        }
        assert_eq!(bring(&bench, &lan, &first).await, SegmentAnswer::Taken(vec![Verdict::Accepted]));
        let now = if minh_may { Verdict::Accepted } else { Verdict::Held(Hold::OutOfScope) };
        assert_eq!(verdict(&bench, second.hash).await, now);
        assert_sound(&bench).await;
    }
}

#[tokio::test]
async fn a_release_lets_in_what_others_have_built_on_it() {
    let bench = Bench::new().await;
    let (lan, minh) = (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await);
    let mut history = empty(&bench);
    let first = forge(&bench, bench.lan, 11, &mut history, answer("floor_area", 40));
    let second = forge(&bench, bench.minh, 12, &mut history, answer("tv", true));
    bench.unassign(bench.lan, 0).await;
    let outside = Verdict::Held(Hold::OutOfScope);
    assert_eq!(bring(&bench, &lan, &first).await, SegmentAnswer::Taken(vec![outside]));
    let waits = Verdict::Held(Hold::BuildsOnHeld);
    assert_eq!(bring(&bench, &minh, &second).await, SegmentAnswer::Taken(vec![waits]));
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    quarantine::release(&bench.app, &hoa, case(&bench), first.hash, "đã hỏi".to_owned()).await.unwrap();
    assert_eq!(verdict(&bench, first.hash).await, Verdict::Released);
    assert_eq!(verdict(&bench, second.hash).await, Verdict::Accepted);
    assert_sound(&bench).await;
}

#[tokio::test]
async fn a_release_overrules_policy_for_one_change_only() {
    let bench = Bench::new().await;
    let mut lan = bench.phone(bench.lan, 11).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    bench.unassign(bench.lan, 0).await;
    lan.write(bench.scope(0), home(1), [answer("tv", true)]);
    lan.sync(&bench).await;
    let changes = own(&lan);
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    quarantine::release(&bench.app, &hoa, case(&bench), changes[0], "đã hỏi".to_owned()).await.unwrap();
    assert_eq!(verdict(&bench, changes[0]).await, Verdict::Released);
    assert_eq!(verdict(&bench, changes[1]).await, Verdict::Held(Hold::OutOfScope));
    assert_sound(&bench).await;
}

/// Minh lists somebody whom Lan has listed under the same id, and goes on from there.
async fn turned_away(bench: &Bench) -> (Carried, Vec<ChangeHash>) {
    let mut lan = bench.phone(bench.lan, 11).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    lan.sync(bench).await;
    let mut minh = bench.phone(bench.minh, 12).await;
    lan.write(bench.scope(0), home(1), [listed(7)]);
    lan.sync(bench).await;
    minh.write(bench.scope(0), home(1), [listed(7), answer("tv", true)]);
    minh.write(bench.scope(0), home(1), [answer("floor_area", 55)]);
    minh.sync(bench).await;
    let changes = own(&minh);
    let standing = [Standing::Rejected(Rejection::WrongPast), Standing::Held(Hold::BuildsOnHeld)];
    assert_eq!(standings(&minh), standing);
    (minh, changes)
}

fn say_again(phone: &mut Carried) -> Plan {
    let plan = phone.phone.rebase_plan(&home(1)).unwrap();
    phone.phone.rebase(&plan, &plan.possible(), CLOCKS).unwrap();
    plan
}

#[tokio::test]
async fn work_said_again_after_the_reviewer_did_so_waits_for_a_person() {
    let bench = Bench::new().await;
    let (mut minh, changes) = turned_away(&bench).await;
    say_again(&mut minh);
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    quarantine::salvage(&bench.app, &hoa, case(&bench), changes[1], "đã hỏi".to_owned()).await.unwrap();
    minh.sync(&bench).await;
    let again = *own(&minh).last().unwrap();
    assert_eq!(verdict(&bench, again).await, Verdict::Held(Hold::AlreadyDecided));
    assert_eq!(verdict(&bench, changes[1]).await, Verdict::Superseded);
    // And a person may still let it in.
    quarantine::release(&bench.app, &hoa, case(&bench), again, "đã hỏi".to_owned()).await.unwrap();
    assert_sound(&bench).await;
}

#[tokio::test]
async fn work_said_again_ends_what_it_stands_for_and_leaves_no_exit_open() {
    let bench = Bench::new().await;
    let (mut minh, changes) = turned_away(&bench).await;
    let plan = say_again(&mut minh);
    assert_eq!(plan.replaces, changes);
    minh.sync(&bench).await;
    for change in &changes {
        assert_eq!(verdict(&bench, *change).await, Verdict::Superseded);
    }
    assert_eq!(standings(&minh), [Standing::Superseded, Standing::Superseded]);
    let seen = minh.phone.household(&home(1), View::Accepted).unwrap();
    assert_eq!((&seen.answers["floor_area"], &seen.answers["tv"]), (&55.into(), &true.into()));
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    let refused = quarantine::release(&bench.app, &hoa, case(&bench), changes[1], "thử".to_owned()).await;
    assert!(matches!(refused, Err(Refusal::AlreadyDecided)), "{refused:?}");
    assert_sound(&bench).await;
}

/// One exchange of a phone with nothing lost; what became of its segments.
async fn exchanged(bench: &Bench, phone: &mut Carried) -> Vec<SegmentAnswer> {
    let sync = phone.phone.request(CLOCKS.wall_ms, 1 << 20);
    let sent = Request::from_bytes(&sync.bytes).unwrap().segments;
    assert!(sent.iter().all(|segment| Packed::is_packed(segment)), "it travels as an intent");
    let response = exchange(&bench.app, &phone.device, &sync.bytes).await.unwrap();
    phone.phone.answer(&sync, &response, CLOCKS.wall_ms).unwrap();
    Response::from_bytes(&response).unwrap().segments
}

#[tokio::test]
async fn work_said_again_travels_as_an_intent_and_is_the_same_change_everywhere() {
    let bench = Bench::new().await;
    let (mut minh, old) = turned_away(&bench).await;
    say_again(&mut minh);
    let again: Vec<ChangeHash> = own(&minh).into_iter().filter(|hash| !old.contains(hash)).collect();
    assert!(!again.is_empty());
    let taken = exchanged(&bench, &mut minh).await;
    assert_eq!(taken, [SegmentAnswer::Taken(vec![Verdict::Accepted; again.len()])]);
    let mut third = bench.phone(bench.lan, 13).await;
    third.sync(&bench).await;
    assert!(again.iter().all(|hash| third.phone.has_change(&bench.scope(0), &home(1), hash)));
    minh.sync(&bench).await;
    assert_eq!(third.sees(home(1)), minh.sees(home(1)));
}

#[tokio::test]
async fn a_held_change_that_is_let_in_later_reaches_others_as_its_author_wrote_it() {
    let bench = Bench::new().await;
    let mut lan = bench.phone(bench.lan, 11).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    lan.sync(&bench).await;
    lan.write(bench.scope(0), home(1), [listed(7), answer("tv", true)]);
    bench.unassign(bench.lan, 0).await;
    let outside = Verdict::Held(Hold::OutOfScope);
    assert_eq!(exchanged(&bench, &mut lan).await, [SegmentAnswer::Taken(vec![outside])]);
    let (held, bytes) = {
        let (_, document) = lan.phone.households().find(|(id, _)| **id == home(1)).unwrap();
        (document.own[0].hash, document.own[0].bytes.clone())
    };
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    quarantine::release(&bench.app, &hoa, case(&bench), held, "đã hỏi".to_owned()).await.unwrap();
    let mut minh = bench.phone(bench.minh, 12).await;
    minh.sync(&bench).await;
    assert!(minh.phone.has_change(&bench.scope(0), &home(1), &held));
    // The hash is that of the bytes: what has it is what lan wrote.
    assert_eq!(parse(&bytes).unwrap().1, held);
    assert_eq!(minh.sees(home(1)).unwrap().answers["tv"], true.into());
}

async fn revoke(bench: &Bench, phone: &Carried) {
    let (id, now) = (phone.device.id, bench.app.clock.now());
    let done: Result<(), StoreError> = bench
        .app
        .store
        .write("bench", move |tx| Box::pin(async move { store::device::revoke(tx, id, now).await }))
        .await;
    done.unwrap();
}

#[tokio::test]
async fn a_device_that_was_shut_out_and_brings_nothing_is_told_only_that() {
    let bench = Bench::new().await;
    let lan = bench.phone(bench.lan, 11).await;
    revoke(&bench, &lan).await;
    let request = lan.phone.request(0, 1 << 20);
    let refused = exchange(&bench.app, &lan.device, &request.bytes).await;
    assert!(matches!(refused, Err(Refusal::DeviceRevoked)), "{refused:?}");
}

#[tokio::test]
async fn late_work_waits_for_a_person_with_its_bracket_and_is_answered_with_nothing_else() {
    let bench = Bench::new().await;
    let (mut lan, mut minh) = (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await);
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    lan.sync(&bench).await;
    let seen_at = bench.app.clock.now();
    bench.app.clock.advance(std::time::Duration::from_secs(3_600));
    lan.write(bench.scope(0), home(1), [answer("tv", true)]);
    minh.sync(&bench).await;
    minh.write(bench.scope(0), home(1), [answer("radio", true)]);
    minh.sync(&bench).await;
    revoke(&bench, &lan).await;
    let late = own(&lan)[0];
    let mut asked = 0;
    while lan.phone.waiting() > 0 {
        let sync = lan.phone.request(CLOCKS.wall_ms, 1 << 20);
        let response = exchange(&bench.app, &lan.device, &sync.bytes).await.unwrap();
        let read = Response::from_bytes(&response).unwrap();
        assert!(read.pages.is_empty() && read.packed.is_none() && read.assigned.is_none());
        lan.phone.answer(&sync, &response, CLOCKS.wall_ms).unwrap();
        asked += 1;
        // As an intent, with bytes, plain; and once more, because no page says what became of it.
        assert!(asked < 6, "late work is not taken");
    }
    assert_eq!(standings(&lan), [Standing::Held(Hold::DeviceRevoked)]);
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    let items = inbox::list(&bench.app, &hoa, bench.commune, &round_id()).await.unwrap();
    let written = items.iter().find_map(|item| match &item.matter {
        Matter::Refused { change, written, .. } if *change == late => Some(*written),
        _ => None,
    });
    let written = written.unwrap();
    assert_eq!((written.not_before, written.not_after), (Some(seen_at), bench.app.clock.now()));
    quarantine::release(&bench.app, &hoa, case(&bench), late, "đã gặp chị Lan".to_owned()).await.unwrap();
    let kept = kept(&bench).await;
    assert_eq!((kept[&late].verdict, kept[&late].author.account), (Verdict::Released, bench.lan));
    assert_sound(&bench).await;
}

#[tokio::test]
async fn work_that_waited_on_work_of_a_device_shut_out_since_still_counts() {
    let bench = Bench::new().await;
    let (lan, minh) = (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await);
    let mut history = empty(&bench);
    let first = forge(&bench, bench.lan, 11, &mut history, answer("floor_area", 40));
    let second = forge(&bench, bench.minh, 12, &mut history, answer("tv", true));
    let third = forge(&bench, bench.lan, 11, &mut history.clone(), answer("radio", true));
    bring(&bench, &minh, &second).await;
    revoke(&bench, &lan).await;
    for forged in [&first, &third] {
        bring(&bench, &lan, forged).await;
    }
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    quarantine::release(&bench.app, &hoa, case(&bench), first.hash, "đã gặp".to_owned()).await.unwrap();
    assert_eq!(verdict(&bench, second.hash).await, Verdict::Accepted);
    // A person looked at one change of the device, and at no other.
    assert_eq!(verdict(&bench, third.hash).await, Verdict::Held(Hold::DeviceRevoked));
    assert_sound(&bench).await;
}
