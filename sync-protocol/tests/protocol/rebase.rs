//! Work said again by its author: only what a person took, only on what they saw, and every old change comes to its end.

use std::collections::BTreeSet;

use schemas::value::Value;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{CommitError, ItemState, Plan, Record, Standing, View};
use sync_protocol::hash::ChangeHash;
use sync_protocol::verdict::{Hold, Rejection, Verdict};

use crate::office::Office;
use crate::phone::{NOW, Phone, home};
use crate::support::{answer, member};

fn slot(key: &str) -> Slot {
    Slot::Answer(key.parse().unwrap())
}

fn own(phone: &Phone) -> Vec<ChangeHash> {
    let (_, document) = phone.device.households().find(|(id, _)| **id == home(1)).unwrap();
    document.own.iter().map(|own| own.hash).collect()
}

fn plan(phone: &Phone) -> Plan {
    phone.device.rebase_plan(&home(1)).unwrap()
}

fn state(plan: &Plan, slot: &Slot) -> ItemState {
    plan.items.iter().find(|item| item.slot == *slot).unwrap().state
}

fn rebase(phone: &mut Phone, take: &BTreeSet<Slot>) {
    let plan = plan(phone);
    let records = phone.device.rebase(&plan, take, NOW).unwrap();
    phone.keep(records);
}

/// Lan's first change is held because the village is not hers, a reviewer leaves it out, and what she wrote on it waits.
fn turned_away(office: &mut Office, later: &[(&str, Value)]) -> Phone {
    let mut lan = Phone::new(11, office);
    lan.commit(home(1), [answer("address", "bản A")]);
    lan.sync(office);
    office.foreign.insert(home(1));
    lan.commit(home(1), [answer("has_tv", true)]);
    lan.sync(office);
    let first = own(&lan)[0];
    office.foreign.clear();
    for (key, value) in later {
        lan.commit(home(1), [answer(key, value.clone())]);
    }
    lan.sync(office);
    office.decide(home(1), first, Verdict::Rejected(Rejection::ByReviewer));
    lan.sync(office);
    lan
}

#[test]
fn a_value_that_others_have_changed_is_asked_about_and_never_free() {
    let mut office = Office::new();
    let mut lan = turned_away(&mut office, &[("floor_area", 40.into()), ("water_source", "tap".into())]);
    let mut minh = Phone::new(12, &office);
    minh.sync(&mut office);
    minh.commit(home(1), [answer("house_wall", "brick")]);
    minh.sync(&mut office);
    lan.sync(&mut office);
    let plan = plan(&lan);
    // Minh wrote another answer of the same section: together they would be a house that nobody has seen.
    assert_eq!(state(&plan, &slot("floor_area")), ItemState::Changed);
    assert_eq!(state(&plan, &slot("water_source")), ItemState::Free);
}

#[test]
fn a_plan_that_was_overtaken_writes_nothing() {
    let mut office = Office::new();
    let mut lan = turned_away(&mut office, &[("floor_area", 40.into())]);
    let shown = plan(&lan);
    let mut minh = Phone::new(12, &office);
    minh.sync(&mut office);
    minh.commit(home(1), [answer("floor_area", 50)]);
    minh.sync(&mut office);
    lan.sync(&mut office);
    let refused = lan.device.rebase(&shown, &shown.possible(), NOW);
    assert_eq!(refused, Err(CommitError::Stale));
    let shown = plan(&lan);
    assert_eq!(shown.items[0].seen, Some(vec![]));
    assert_eq!(shown.items[0].accepted, [Write::Put(50.into())]);
    assert_eq!(shown.items[0].own, Write::Put(40.into()));
    let unknown = lan.device.rebase(&shown, &BTreeSet::from([slot("address")]), NOW);
    assert_eq!(unknown, Err(CommitError::NotInPlan));
    assert_eq!(lan.device.waiting(), 0);
}

#[test]
fn what_was_left_out_by_a_reviewer_is_not_in_a_plan() {
    let mut office = Office::new();
    let lan = turned_away(&mut office, &[]);
    assert_eq!(lan.device.rebase_plan(&home(1)), None);
    assert_eq!(lan.standings(home(1)), [Standing::Rejected(Rejection::ByReviewer)]);
}

#[test]
fn what_is_said_again_after_a_person_has_decided_waits_for_a_person() {
    let mut office = Office::new();
    let mut lan = turned_away(&mut office, &[("floor_area", 40.into())]);
    let waits = own(&lan)[1];
    let possible = plan(&lan).possible();
    rebase(&mut lan, &possible);
    // The reviewer was faster, and lan has not read of it.
    office.decide(home(1), waits, Verdict::Rejected(Rejection::ByReviewer));
    lan.sync(&mut office);
    let again = *own(&lan).last().unwrap();
    assert_eq!(office.refused[&(home(1), again)], Verdict::Held(Hold::AlreadyDecided));
    assert_eq!(office.refused[&(home(1), waits)], Verdict::Rejected(Rejection::ByReviewer));
}

#[test]
fn what_is_said_again_is_let_in_and_ends_every_change_it_stands_for() {
    let mut office = Office::new();
    let edits: Vec<(&str, Value)> = (40..45).map(|area| ("floor_area", area.into())).collect();
    let mut lan = turned_away(&mut office, &edits);
    let waiting = own(&lan)[1..].to_vec();
    assert_eq!(waiting.len(), 5);
    let possible = plan(&lan).possible();
    rebase(&mut lan, &possible);
    assert_eq!(lan.said(home(1), "floor_area", View::Mine), Some(44.into()));
    assert_eq!(lan.device.waiting(), 1);
    lan.sync(&mut office);
    assert!(waiting.iter().all(|hash| office.refused[&(home(1), *hash)] == Verdict::Superseded));
    assert_eq!(lan.said(home(1), "floor_area", View::Accepted), Some(44.into()));
    assert_eq!(lan.device.rebase_plan(&home(1)), None);
    // And work goes on from there.
    lan.commit(home(1), [answer("house_roof", "tile")]);
    lan.sync(&mut office);
    assert_eq!(lan.said(home(1), "house_roof", View::Accepted), Some("tile".into()));
}

#[test]
fn what_is_not_taken_is_let_go_and_stays_with_the_office() {
    let mut office = Office::new();
    let mut lan = turned_away(&mut office, &[("floor_area", 40.into())]);
    let waits = own(&lan)[1];
    rebase(&mut lan, &BTreeSet::new());
    assert_eq!((lan.device.waiting(), lan.device.rebase_plan(&home(1))), (0, None));
    lan.sync(&mut office);
    assert_eq!(office.refused[&(home(1), waits)], Verdict::Held(Hold::BuildsOnHeld));
    assert_eq!(lan.said(home(1), "floor_area", View::Mine), None);
    assert!(lan.disk.iter().any(|bytes| matches!(Record::from_bytes(bytes), Ok(Record::LetGo(_)))));
}

fn name(text: &str) -> (Slot, Write) {
    (Slot::MemberAnswer(member(5), "full_name".parse().unwrap()), Write::Put(text.into()))
}

#[test]
fn only_the_answer_of_somebody_is_taken_and_they_are_listed_with_it() {
    let mut office = Office::new();
    let mut lan = turned_away_with_member(&mut office);
    let (slot, _) = name("");
    rebase(&mut lan, &BTreeSet::from([slot]));
    lan.sync(&mut office);
    let seen = lan.device.household(&home(1), View::Accepted).unwrap();
    assert_eq!(seen.members[&member(5)]["full_name"], Value::from("Lý Thị Mây"));
    assert_eq!(seen.answers.get("has_tv"), None);
}

/// The same with somebody listed on the change that is left out.
fn turned_away_with_member(office: &mut Office) -> Phone {
    let mut lan = Phone::new(11, office);
    lan.commit(home(1), [answer("address", "bản A")]);
    lan.sync(office);
    office.foreign.insert(home(1));
    lan.commit(home(1), [answer("has_tv", true)]);
    lan.sync(office);
    let first = own(&lan)[0];
    office.foreign.clear();
    lan.commit(home(1), [(Slot::Member(member(5)), Write::Make), name("Lý Thị Mai")]);
    lan.commit(home(1), [name("Lý Thị Mây")]);
    lan.sync(office);
    office.decide(home(1), first, Verdict::Rejected(Rejection::ByReviewer));
    lan.sync(office);
    lan
}

#[test]
fn a_phone_that_starts_again_has_said_the_same() {
    let mut office = Office::new();
    let mut lan = turned_away(&mut office, &[("floor_area", 40.into())]);
    let possible = plan(&lan).possible();
    rebase(&mut lan, &possible);
    let again = lan.restarted(11, &office);
    assert_eq!(again.rebase_plan(&home(1)), None);
    assert_eq!(again.household(&home(1), View::Mine), lan.device.household(&home(1), View::Mine));
    assert_eq!(again.request(0, 0), lan.device.request(0, 0));
}
