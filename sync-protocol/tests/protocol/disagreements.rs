//! Each kind of disagreement by name: what opens one, what does not, what closes it and what must not.

use schemas::household::Household;
use schemas::value::Value;
use sync_protocol::history::SectionValue;
use sync_protocol::impact::{self, Possible};

use crate::support::{Copy, answer, confirmed, listed, member, of_member, three, visited};

fn said(copy: &Copy, key: &str) -> Value {
    copy.history.current().answers[key].clone()
}

fn meet(a: &mut Copy, b: &mut Copy) {
    a.hear(b);
    b.hear(a);
    assert_eq!(a.open(), b.open(), "both must see the same");
}

#[test]
fn equal_values_written_apart_open_nothing() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("house_wall", "brick")]);
    minh.write([answer("house_wall", "brick")]);
    meet(&mut lan, &mut minh);
    assert!(lan.open().is_empty());
}

#[test]
fn different_sections_open_nothing() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("house_wall", "brick")]);
    minh.write([answer("water_source", "tap"), of_member(1, "in_school", true)]);
    meet(&mut lan, &mut minh);
    assert!(lan.open().is_empty());
}

#[test]
fn work_done_in_turn_opens_nothing() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("house_wall", "brick")]);
    minh.hear(&lan);
    minh.write([answer("house_wall", "earth")]);
    meet(&mut lan, &mut minh);
    assert!(lan.open().is_empty());
}

#[test]
fn one_field_answered_differently_is_a_disagreement() {
    let (mut lan, mut minh, _) = three();
    let lan_said = lan.write([answer("floor_area", 30)]);
    let minh_said = minh.write([answer("floor_area", 35)]);
    meet(&mut lan, &mut minh);
    let disagreement = lan.the_only();
    assert_eq!(disagreement.section.to_string(), "housing");
    assert_eq!(disagreement.sides.len(), 2);
    assert_eq!(disagreement.differing_keys().into_iter().collect::<Vec<_>>(), ["floor_area"]);
    let mut expected = vec![lan_said, minh_said];
    expected.sort_unstable();
    assert_eq!(disagreement.changes(), expected);
    let SectionValue::Answers(base) = disagreement.base else { panic!("answers expected") };
    assert_eq!(base["floor_area"], Value::Int(40));
}

#[test]
fn different_fields_of_one_section_are_a_disagreement_because_nobody_described_the_merged_house() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("house_wall", "brick")]);
    minh.write([answer("house_roof", "tile")]);
    meet(&mut lan, &mut minh);
    assert_eq!(lan.open_sections(), ["housing"]);
    // Automerge sees no conflict here: the merged house has both.
    assert_eq!((said(&lan, "house_wall"), said(&lan, "house_roof")), ("brick".into(), "tile".into()));
}

#[test]
fn confirming_what_another_changes_is_a_disagreement() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("house_wall", "brick")]);
    minh.write([visited(2), confirmed("housing", 2)]);
    meet(&mut lan, &mut minh);
    assert_eq!(lan.open_sections(), ["housing"]);
}

#[test]
fn two_confirmations_agree() {
    let (mut lan, mut minh, _) = three();
    lan.write([visited(3), confirmed("housing", 3)]);
    minh.write([visited(2), confirmed("housing", 2)]);
    meet(&mut lan, &mut minh);
    assert!(lan.open().is_empty());
}

#[test]
fn a_member_who_left_for_one_and_was_interviewed_by_the_other_is_a_disagreement() {
    let (mut lan, mut minh, _) = three();
    lan.write([of_member(2, "status", "left")]);
    minh.write([of_member(2, "in_school", true)]);
    meet(&mut lan, &mut minh);
    let disagreement = lan.the_only();
    assert_eq!(disagreement.section.to_string(), format!("member/{}", member(2)));
    assert!(disagreement.touches_roster(&lan.history));
}

#[test]
fn two_people_added_apart_are_one_question_about_who_lives_there() {
    let (mut lan, mut minh, mut hoa) = three();
    lan.write([listed(3), of_member(3, "full_name", "Hoàng A Sáng"), of_member(3, "status", "present")]);
    minh.write([listed(4), of_member(4, "full_name", "Hoàng A Sáng"), of_member(4, "status", "present")]);
    meet(&mut lan, &mut minh);
    assert_eq!(lan.open_sections(), ["membership"]);
    hoa.hear(&lan);
    hoa.hear(&minh);
    hoa.settle(&hoa.the_only(), [of_member(4, "status", "mistake")]);
    lan.hear(&hoa);
    assert!(lan.open().is_empty());
}

#[test]
fn a_later_unrelated_edit_does_not_close_it() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    meet(&mut lan, &mut minh);
    let before = lan.the_only();
    lan.write([answer("water_source", "tap")]);
    assert_eq!(lan.the_only(), before);
}

#[test]
fn a_later_edit_of_the_same_field_does_not_close_it_although_it_clears_automerges_conflict() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    meet(&mut lan, &mut minh);
    let before = lan.the_only();
    lan.write([answer("floor_area", 36)]);
    minh.hear(&lan);
    assert_eq!(minh.the_only(), before);
}

#[test]
fn a_third_person_settles_it() {
    let (mut lan, mut minh, mut hoa) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    hoa.hear(&lan);
    hoa.hear(&minh);
    hoa.settle(&hoa.the_only(), [answer("floor_area", 35)]);
    lan.hear(&minh);
    lan.hear(&hoa);
    assert!(lan.open().is_empty());
    assert_eq!(said(&lan, "floor_area"), Value::Int(35));
}

#[test]
fn taking_the_winner_as_it_stands_settles_it_too() {
    let (mut lan, mut minh, mut hoa) = three();
    lan.write([answer("house_wall", "brick")]);
    minh.write([answer("house_roof", "tile")]);
    hoa.hear(&lan);
    hoa.hear(&minh);
    hoa.settle(&hoa.the_only(), []);
    assert!(hoa.open().is_empty());
}

#[test]
fn an_edit_made_without_seeing_the_settlement_opens_it_again() {
    let (mut lan, mut minh, mut hoa) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    hoa.hear(&lan);
    hoa.hear(&minh);
    hoa.settle(&hoa.the_only(), [answer("floor_area", 35)]);
    lan.write([answer("floor_area", 31)]);
    hoa.hear(&lan);
    assert_eq!(hoa.open_sections(), ["housing"]);
}

#[test]
fn three_phones_are_one_question_with_three_sides() {
    let (mut lan, mut minh, mut hoa) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    hoa.write([answer("floor_area", 38)]);
    hoa.hear(&lan);
    hoa.hear(&minh);
    assert_eq!(hoa.the_only().sides.len(), 3);
    hoa.settle(&hoa.the_only(), [answer("floor_area", 38)]);
    assert!(hoa.open().is_empty());
}

#[test]
fn two_of_three_phones_that_agree_share_a_side() {
    let (mut lan, mut minh, mut hoa) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    hoa.write([answer("floor_area", 30)]);
    hoa.hear(&lan);
    hoa.hear(&minh);
    let sides: Vec<usize> = hoa.the_only().sides.iter().map(|side| side.changes.len()).collect();
    assert_eq!(sides.iter().sum::<usize>(), 3);
    assert_eq!(sides.len(), 2);
}

#[test]
fn a_settlement_made_before_the_third_value_arrives_leaves_that_value_open() {
    let (mut lan, mut minh, mut hoa) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    hoa.write([answer("floor_area", 38)]);
    // Lan settles what she knows of, offline, at the house.
    lan.hear(&minh);
    let settled = lan.settle(&lan.the_only(), [answer("floor_area", 32)]);
    assert!(lan.open().is_empty());
    lan.hear(&hoa);
    let disagreement = lan.the_only();
    assert!(disagreement.changes().contains(&settled));
    assert_eq!(disagreement.sides.len(), 2);
    lan.settle(&disagreement, [answer("floor_area", 38)]);
    assert!(lan.open().is_empty());
}

#[test]
fn several_edits_in_a_row_are_one_side_with_its_last_word() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("floor_area", 30)]);
    let last = lan.write([answer("floor_area", 31), answer("house_wall", "brick")]);
    minh.write([answer("floor_area", 35)]);
    meet(&mut lan, &mut minh);
    let disagreement = lan.the_only();
    assert_eq!(disagreement.sides.len(), 2);
    assert!(disagreement.changes().contains(&last));
    assert_eq!(disagreement.changes().len(), 2);
}

#[test]
fn sides_that_come_to_agree_by_themselves_are_not_a_question() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("floor_area", 30)]);
    lan.write([answer("floor_area", 35)]);
    minh.write([answer("floor_area", 35)]);
    meet(&mut lan, &mut minh);
    assert!(lan.open().is_empty());
}

#[test]
fn only_identity_and_roster_fields_count_as_roster() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("floor_area", 30), of_member(1, "full_name", "Hoàng Văn Pao")]);
    minh.write([answer("floor_area", 35), of_member(1, "full_name", "Hoàng Văn Pháo")]);
    meet(&mut lan, &mut minh);
    let roster: Vec<bool> = lan.open().iter().map(|d| d.touches_roster(&lan.history)).collect();
    assert_eq!(lan.open_sections(), ["housing".to_owned(), format!("member/{}", member(1))]);
    assert_eq!(roster, [false, true]);
}

fn areas(possible: &Possible) -> Vec<Value> {
    let of = |household: &Household| household.answers["floor_area"].clone();
    match possible {
        Possible::One(household) => vec![of(household)],
        Possible::Each(households) => households.iter().map(of).collect(),
        Possible::TooMany => Vec::new(),
    }
}

#[test]
fn impact_looks_at_every_combination_of_sides_and_at_the_merged_household() {
    let (mut lan, mut minh, _) = three();
    assert_eq!(areas(&impact::possible(&lan.history, &lan.open())), [Value::Int(40)]);
    lan.write([answer("floor_area", 30), of_member(2, "status", "left")]);
    minh.write([answer("floor_area", 35), of_member(2, "in_school", true)]);
    meet(&mut lan, &mut minh);
    let Possible::Each(households) = impact::possible(&lan.history, &lan.open()) else {
        panic!("combinations expected")
    };
    assert_eq!(households.len(), 1 + 2 * 2);
    let status = |household: &Household| household.members[&member(2)].get("status").cloned();
    let mut seen: Vec<_> = households[1..].iter().map(|h| (h.answers["floor_area"].clone(), status(h))).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4, "each combination is a household of its own");
}

#[test]
fn past_the_bound_impact_says_so() {
    let (mut lan, mut minh, _) = three();
    let everyone: Vec<_> = (10..17).map(listed).collect();
    lan.write(everyone);
    minh.hear(&lan);
    for n in 10..17 {
        lan.write([of_member(n, "full_name", "A")]);
        minh.write([of_member(n, "full_name", "B")]);
    }
    meet(&mut lan, &mut minh);
    assert_eq!(lan.open().len(), 7);
    assert_eq!(impact::possible(&lan.history, &lan.open()), Possible::TooMany);
}
