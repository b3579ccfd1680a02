//! What a missing answer leaves open, and what it does not.

use schemas::form::Scope;
use schemas::ids::{MemberId, VisitId};
use schemas::rules::Verdict::{Deprived, NotDeprived, Undetermined};
use schemas::rules::{Class, ClassSet, Missing, Subject, Truth, counted_members, relevance};

use crate::home::{AS_OF, Home, vn_2022};

fn named(number: u32, key: &str) -> (u32, String) {
    (number, key.to_owned())
}

#[test]
fn a_missing_answer_that_can_matter_is_named_with_its_member() {
    let standard = vn_2022();
    let home = Home::new().member("2015-01-01", &[("school", "primary".into())]);
    let home = home.of_member_without(3, "nutrition").without("latrine");
    assert_eq!(home.verdict(&standard, "nutrition"), Undetermined);
    assert_eq!(home.verdict(&standard, "latrine"), Undetermined);
    assert_eq!(home.missing(&standard), [named(0, "latrine"), named(3, "nutrition")]);
}

#[test]
fn one_certain_member_decides_and_nothing_else_is_missing() {
    let standard = vn_2022();
    let home = Home::new().of_member(1, "health_insurance", false).of_member_without(2, "health_insurance");
    assert_eq!(home.verdict(&standard, "health_insurance"), Deprived);
    assert_eq!(home.missing(&standard), []);
}

#[test]
fn two_bad_structures_decide_without_the_third() {
    let standard = vn_2022();
    let home = Home::new().with("wall", "not_durable").with("pillar", "not_durable").without("roof");
    assert_eq!(home.verdict(&standard, "housing_quality"), Deprived);
    let home = Home::new().with("wall", "not_durable").without("roof");
    assert_eq!(home.verdict(&standard, "housing_quality"), Undetermined);
    assert_eq!(home.missing(&standard), [named(0, "roof")]);
    assert_eq!(Home::new().without("roof").verdict(&standard, "housing_quality"), NotDeprived);
}

#[test]
fn an_answer_of_a_wrong_type_or_an_unknown_code_is_a_missing_one() {
    let standard = vn_2022();
    for home in [Home::new().with("latrine", 7), Home::new().with("latrine", "golden")] {
        assert_eq!(home.missing(&standard), [named(0, "latrine")]);
    }
}

#[test]
fn an_irrelevant_question_is_not_missing() {
    let standard = vn_2022();
    // Nobody asks the school of somebody of forty, or the nutrition of an adult.
    let home = Home::new().of_member_without(1, "school").of_member_without(1, "nutrition");
    assert_eq!(home.missing(&standard), []);
}

#[test]
fn a_stale_answer_to_an_irrelevant_question_decides_nothing() {
    let home = Home::new().member("2009-01-01", &[("nutrition", "stunted".into())]);
    assert_eq!(home.verdict(&vn_2022(), "nutrition"), NotDeprived);
}

#[test]
fn a_year_of_birth_that_straddles_a_limit_asks_for_the_full_date() {
    let standard = vn_2022();
    // Born in 2020: five or six on the day, so insurance may be asked or not.
    let answers = [("health_insurance", false.into()), ("school", "primary".into())];
    let home = Home::new().member("2020", &answers);
    assert_eq!(home.verdict(&standard, "health_insurance"), Undetermined);
    assert_eq!(home.missing(&standard), [named(3, "born")]);
    let assessment = home.assess(&standard, &crate::home::RURAL, &schemas::rules::B1Mode::Paper);
    assert!(matches!(assessment.missing(), [Missing::FullDate { .. }]));
}

#[test]
fn a_year_of_birth_that_straddles_no_limit_is_enough() {
    let standard = vn_2022();
    let home = Home::new().member("2017", &[("school", "primary".into())]);
    assert_eq!(home.missing(&standard), []);
}

#[test]
fn somebody_who_may_not_count_leaves_open_only_what_hangs_on_them() {
    let standard = vn_2022();
    let home =
        Home::new().member("2000-01-01", &[("health_insurance", false.into())]).of_member_without(3, "residence");
    assert_eq!(home.verdict(&standard, "health_insurance"), Undetermined);
    assert_eq!(home.verdict(&standard, "employment"), NotDeprived);
    assert_eq!(home.missing(&standard), [named(3, "residence")]);
}

#[test]
fn missing_answers_are_listed_although_the_class_is_determined() {
    let standard = vn_2022();
    let home = Home::new().with("b1_points", 200).without("water_source");
    assert_eq!(home.classes(&standard), ClassSet::only(Class::NotPoor));
    assert_eq!(home.missing(&standard), [named(0, "water_source")]);
}

#[test]
fn missing_points_leave_the_side_of_the_cut_off_open() {
    let standard = vn_2022();
    let home = Home::new().without("b1_points");
    assert_eq!(home.classes(&standard), ClassSet::from_iter([Class::NearPoor, Class::NotPoor]));
    assert_eq!(home.missing(&standard), [named(0, "b1_points")]);
}

#[test]
fn a_class_is_determined_when_every_completion_agrees_although_no_indicator_is() {
    let standard = vn_2022();
    // Two certain deprivations, and a boy of fifteen or sixteen who left school after primary: before the birthday the
    // school of a child is missing, after it the certificate of an adult. Either way there are three.
    let boy = [("education", "primary".into()), ("school", "none".into()), ("employment", "unable".into())];
    let home = Home::new().with("water_source", "surface").with("latrine", "none").member("2010", &boy);
    assert_eq!(home.verdict(&standard, "schooling"), Undetermined);
    assert_eq!(home.verdict(&standard, "adult_education"), Undetermined);
    assert_eq!(home.missing(&standard), [named(3, "born")]);
    assert_eq!(home.classes(&standard), ClassSet::only(Class::Poor));
}

#[test]
fn too_many_gaps_fall_back_to_the_careful_answer() {
    let standard = vn_2022();
    let mut home = Home::new();
    for key in ["wall", "pillar", "roof", "water_source", "latrine", "internet", "floor_area", "smartphone"] {
        home = home.without(key);
    }
    assert_eq!(home.classes(&standard), ClassSet::from_iter([Class::Poor, Class::NearPoor]));
}

#[test]
fn who_counts_is_said_member_by_member() {
    let standard = vn_2022();
    let home = Home::new().member("1990-01-01", &[("residence", "none".into())]).member("1991-01-01", &[]);
    let home = home.of_member_without(4, "status").member("1992", &[("status", "left".into())]);
    let counts = counted_members(&standard, &standard.facts(&home.0), AS_OF);
    assert_eq!(counts, [Truth::True, Truth::True, Truth::False, Truth::Unknown, Truth::False]);
}

#[test]
fn what_is_missing_stands_together_for_each_member() {
    let standard = vn_2022();
    let home = Home::new().member("2020", &[("school", "primary".into()), ("health_insurance", false.into())]);
    let home = home.of_member_without(3, "nutrition").of_member_without(2, "health_insurance").without("latrine");
    let expected = [named(0, "latrine"), named(2, "health_insurance"), named(3, "born"), named(3, "nutrition")];
    assert_eq!(home.missing(&standard), expected);
}

#[test]
fn questions_of_a_visit_are_relevant_by_its_own_answers() {
    let standard = vn_2022();
    let mut home = Home::new();
    for (at, outcome) in [(1, Some("met")), (2, Some("absent")), (3, None)] {
        let answers = home.0.visits.entry(VisitId([at; 10])).or_default();
        if let Some(outcome) = outcome {
            crate::home::set(answers, "outcome", outcome);
        }
    }
    let slot = standard.slot(Scope::Visit, &"respondent".parse().unwrap()).unwrap();
    let facts = standard.facts(&home.0);
    let at = |visit| relevance(&standard, &facts, AS_OF, Subject::Visit(visit), slot);
    assert_eq!([at(0), at(1), at(2), at(9)], [Truth::True, Truth::False, Truth::Unknown, Truth::Unknown]);
}

#[test]
fn a_household_of_a_thousand_members_is_judged_like_any_other() {
    let standard = vn_2022();
    let mut home = Home::new();
    let somebody = home.0.members.values().next().unwrap().clone();
    for number in 0u16..1_000 {
        let mut id = [9; 10];
        id[..2].copy_from_slice(&number.to_be_bytes());
        home.0.members.insert(MemberId(id), somebody.clone());
    }
    assert_eq!(home.verdict(&standard, "housing_area"), Deprived);
    assert_eq!(home.verdict(&standard, "dependants"), NotDeprived);
    assert_eq!(home.classes(&standard), ClassSet::only(Class::NearPoor));
}
