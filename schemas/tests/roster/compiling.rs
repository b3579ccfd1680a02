//! Who keeps the list from being compiled, and who stands on it.

use proptest::prelude::*;
use schemas::household::Household;
use schemas::ids::MemberId;
use schemas::ledger::Unassessed;
use schemas::roster::{Block, List, Movement, NotCompiled, PointsFrom, compile};
use schemas::rules::{B1Mode, Class, Training};
use schemas::standard::{Status, shipped};

use crate::approved::{
    approved, commune, compiled, compiled_with, deprived, household, not_assessed, set, setting, vn_2022, whole,
    without_class,
};

/// What stands in the way of one household.
fn blocks(household: Household) -> Vec<Block> {
    match compiled(vec![approved(household, None)]) {
        Err(NotCompiled::Blocked(blocked)) => blocked.into_iter().flat_map(|one| one.blocks).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_list_rests_on_a_sample_or_on_a_standard_that_is_partly_known() {
    for (id, status) in [("vn-2027-2030", Status::PartlyKnown), ("global-mpi", Status::SampleOnly)] {
        let standard = shipped::load(id).unwrap();
        let refused = compile(&setting(&standard, &B1Mode::Paper), commune(), vec![]);
        assert_eq!(refused, Err(NotCompiled::Standard(status)));
    }
    let standard = vn_2022();
    let table = standard.points_tables()[0].clone();
    for training in [Training::MeasuredIncome, Training::Sample(table)] {
        let mode = B1Mode::Training(training);
        assert_eq!(compile(&setting(standard, &mode), commune(), vec![]), Err(NotCompiled::Training));
    }
}

#[test]
fn a_household_given_twice_is_refused() {
    let twice = vec![approved(household(1, 90), None), approved(household(1, 190), None)];
    assert_eq!(compiled(twice), Err(NotCompiled::Twice(household(1, 0).household)));
    let ended = || not_assessed(1, Unassessed::Moved, None);
    let both_ways = compiled_with(vec![approved(household(1, 90), None)], vec![ended()]);
    assert_eq!(both_ways, Err(NotCompiled::Twice(household(1, 0).household)), "approved and without a class");
    assert_eq!(compiled_with(vec![], vec![ended(), ended()]), Err(NotCompiled::Twice(household(1, 0).household)));
}

#[test]
fn a_household_without_a_class_stands_on_no_list_and_is_named_with_the_class_that_it_had() {
    let roster = whole();
    assert_eq!(roster.lines(), compiled(commune()).unwrap().lines(), "it takes nobody off and puts nobody on a list");
    let named: Vec<(u8, Unassessed, Option<Class>)> =
        roster.unassessed().iter().map(|(entry, _)| (entry.household.0[0], entry.why, entry.last)).collect();
    let expected = [
        (7, Unassessed::Refused, Some(Class::Poor)),
        (8, Unassessed::NoLongerWants, None),
        (9, Unassessed::NoMemberLeft, Some(Class::NearPoor)),
    ];
    assert_eq!(named, expected);
    assert_eq!((roster.header().approved, roster.header().unassessed), (6, 3));
}

#[test]
fn missing_points_block_and_say_so() {
    let mut open = deprived(1, 90);
    open.answers.remove("b1_points");
    let blocks = blocks(open);
    let [Block::Undetermined { classes }, Block::Missing { answers }] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert!(classes.contains(Class::Poor) && classes.contains(Class::NotPoor));
    assert_eq!(answers[0].vi, "Tổng điểm B1 trên phiếu giấy đã ký");
}

#[test]
fn a_gap_blocks_even_when_it_cannot_change_the_class() {
    let mut open = deprived(1, 90);
    let answers = open.members.get_mut(&MemberId([1; 10])).unwrap();
    answers.remove("health_insurance");
    let blocks = blocks(open);
    let [Block::Missing { answers }] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert_eq!(answers.len(), 1);
    assert!(answers[0].vi.starts_with("Vàng Thị Mẩy: "), "{}", answers[0].vi);
}

#[test]
fn a_household_without_a_head_with_two_or_with_an_unnamed_member_blocks() {
    let relation = |relation: &str| {
        let mut changed = household(1, 90);
        for answers in changed.members.values_mut() {
            set(answers, "relation", relation);
        }
        changed
    };
    assert_eq!(blocks(relation("child")), [Block::Heads { names: vec![] }]);
    let names = vec!["Vàng Thị Mẩy".to_owned(), "Giàng A Páo 1".to_owned()];
    assert_eq!(blocks(relation("head")), [Block::Heads { names }]);
    let mut unnamed = household(1, 90);
    set(unnamed.members.get_mut(&MemberId([1; 10])).unwrap(), "full_name", " ");
    assert_eq!(blocks(unnamed), [Block::Unnamed { members: vec![MemberId([1; 10])] }]);
}

#[test]
fn a_member_of_whom_nobody_knows_whether_they_count_blocks() {
    let mut open = household(1, 90);
    open.members.get_mut(&MemberId([1; 10])).unwrap().remove("residence");
    let blocks = blocks(open);
    assert!(blocks.contains(&Block::MembersOpen { names: vec!["Vàng Thị Mẩy".to_owned()] }), "{blocks:?}");
}

#[test]
fn every_blocked_household_is_named_and_the_others_are_not() {
    let mut all = commune();
    all[0].household.answers.remove("b1_points");
    all[4].household.members.clear();
    let Err(NotCompiled::Blocked(blocked)) = compiled(all.clone()) else { panic!("compiled") };
    let named: Vec<_> = blocked.iter().map(|one| one.household).collect();
    assert_eq!(named, [all[4].household.household, all[0].household.household]);
}

#[test]
fn each_household_stands_on_the_list_that_its_class_and_the_list_before_say() {
    let roster = compiled(commune()).unwrap();
    let lines: Vec<(u8, List, Movement)> =
        roster.lines().iter().map(|(line, _)| (line.household.0[0], line.list, line.movement)).collect();
    let expected = [
        (2, List::Poor, Movement::New),
        (3, List::EscapedPoor, Movement::FromPoor),
        (4, List::EscapedNearPoor, Movement::FromNearPoor),
        (5, List::NearPoor, Movement::Kept),
        (6, List::Poor, Movement::Kept),
    ];
    assert_eq!(lines, expected);
    assert_eq!(roster.header().approved, 6);
    assert_eq!(roster.header().b1, PointsFrom::Paper);
}

#[test]
fn a_line_says_what_its_household_says() {
    let roster = compiled(vec![approved(deprived(1, 90), None)]).unwrap();
    let (line, _) = &roster.lines()[0];
    assert_eq!((line.b1.points, line.b2.to_string()), (90, "30".to_owned()));
    assert_eq!(line.head().unwrap().name, "Giàng A Páo 1");
    assert_eq!(line.members[1].born.as_deref(), Some("1986"));
    assert_eq!(line.causes.iter().map(|cause| cause.code()).collect::<Vec<_>>(), ["land"]);
    assert_eq!(line.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>(), ["ethnic_minority"]);
    assert!(line.flags_open.is_empty());
}

#[test]
fn a_flag_that_nobody_can_tell_is_open_and_not_off() {
    let mut open = deprived(1, 90);
    open.members.values_mut().for_each(|answers| drop(answers.remove("meritorious")));
    let roster = compiled(vec![approved(open, None)]).unwrap();
    let (line, _) = &roster.lines()[0];
    assert_eq!(line.flags_open.iter().map(|flag| flag.as_str()).collect::<Vec<_>>(), ["meritorious"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_households_does_not_matter(
        approved in Just(commune()).prop_shuffle(),
        unassessed in Just(without_class()).prop_shuffle(),
    ) {
        prop_assert_eq!(compiled_with(approved, unassessed).unwrap(), whole());
    }

    #[test]
    fn every_input_is_in_the_root(at in 0usize..6, what in 0u8..6) {
        let mut changed = commune();
        let one = &mut changed[at];
        match what {
            0 => one.heads[0].0[31] ^= 1,
            1 => one.accepted.0[0] ^= 1,
            2 => one.village.name.push('x'),
            3 => one.past.before = schemas::rules::ClassSet::only(Class::NearPoor),
            4 => one.place.region = schemas::rules::Region::RedRiverDelta,
            _ => drop(changed.remove(at)),
        }
        prop_assert_ne!(compiled(changed).unwrap().root(), compiled(commune()).unwrap().root());
    }

    #[test]
    fn every_input_without_a_class_is_in_the_root(at in 0usize..3, what in 0u8..7) {
        let mut changed = without_class();
        let one = &mut changed[at];
        match what {
            0 => one.heads[0].0[31] ^= 1,
            1 => one.decided.0[0] ^= 1,
            2 => one.village.name.push('x'),
            3 => one.past.before = schemas::rules::ClassSet::only(Class::NearPoor),
            4 => one.why = Unassessed::NotFound,
            5 => one.pin.0[0] ^= 1,
            _ => drop(changed.remove(at)),
        }
        prop_assert_ne!(compiled_with(commune(), changed).unwrap().root(), whole().root());
    }
}
