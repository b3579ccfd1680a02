//! From points to classes: cut-offs, class rules, screening, flags.

use jiff::civil::date;
use schemas::rules::{B1Mode, Class, ClassSet, Missing, Outcome, Screening, Truth, classify, counted_members, screen};
use schemas::standard::shipped;

use crate::home::{AS_OF, Home, RURAL, URBAN, income, vn_2022};

fn deprived_in(home: Home, number: usize) -> Home {
    let answers = [("water_source", "surface"), ("latrine", "none")];
    let home = answers.into_iter().take(number).fold(home, |home, (key, value)| home.with(key, value));
    if number > 2 { home.with("internet", false) } else { home }
}

#[test]
fn b1_of_exactly_140_is_at_the_cut_off_in_the_country_and_175_in_town() {
    let standard = vn_2022();
    for (place, cut_off) in [(RURAL, 140), (URBAN, 175)] {
        let class =
            |points: i64| Home::new().with("b1_points", points).assess(&standard, &place, &B1Mode::Paper).outcome();
        assert_eq!(class(cut_off), Outcome::Determined(Class::NearPoor));
        assert_eq!(class(cut_off + 1), Outcome::Determined(Class::NotPoor));
    }
}

#[test]
fn three_deprived_indicators_are_exactly_30_points_and_poor() {
    let standard = vn_2022();
    let result = |number| deprived_in(Home::new(), number).assess(&standard, &RURAL, &B1Mode::Paper);
    assert_eq!(standard.points(result(2).units().lowest).to_string(), "20");
    assert_eq!(result(2).outcome(), Outcome::Determined(Class::NearPoor));
    assert_eq!(standard.points(result(3).units().lowest).to_string(), "30");
    assert_eq!(result(3).outcome(), Outcome::Determined(Class::Poor));
}

#[test]
fn above_the_cut_off_no_number_of_deprivations_makes_a_household_poor() {
    let home = deprived_in(Home::new(), 3).with("b1_points", 141);
    assert_eq!(home.classes(&vn_2022()), ClassSet::only(Class::NotPoor));
}

#[test]
fn fewer_than_four_criteria_of_form_a_put_a_household_on_the_list() {
    let standard = vn_2022();
    let criteria = [
        "a_vehicle",
        "a_cooling",
        "a_washing",
        "a_let_out",
        "a_electricity",
        "a_area",
        "a_salary",
        "a_degree",
        "a_livestock",
    ];
    let met = |number: usize| {
        let answered = criteria.iter().enumerate().fold(Home::new(), |home, (at, key)| home.with(key, at < number));
        screen(&standard, &standard.facts(&answered.0), AS_OF)
    };
    assert_eq!(met(3), Some(Screening::Review));
    assert_eq!(met(4), Some(Screening::NoReview));
    let unasked = screen(&standard, &standard.facts(&Home::new().0), AS_OF);
    assert!(matches!(unasked, Some(Screening::Undetermined(missing)) if missing.len() == 9));
    assert_eq!(screen(&shipped::load("global-mpi").unwrap(), &standard.facts(&Home::new().0), AS_OF), None);
}

#[test]
fn flags_follow_from_the_answers_or_stay_open() {
    let standard = vn_2022();
    let flag = |home: &Home, key: &str| {
        let flags = standard.flags(&standard.facts(&home.0), AS_OF);
        flags.iter().find(|(flag, _)| flag.key.as_str() == key).unwrap().1
    };
    let home = Home::new();
    assert_eq!(flag(&home, "ethnic_minority"), Truth::True);
    assert_eq!(flag(&home.clone().of_member(1, "ethnicity", "01"), "ethnic_minority"), Truth::False);
    assert_eq!(flag(&home.clone().of_member_without(1, "ethnicity"), "ethnic_minority"), Truth::Unknown);
    assert_eq!(flag(&home, "no_labour"), Truth::False);
    let unable = home.clone().of_member(1, "employment", "unable").of_member(2, "employment", "unable");
    assert_eq!(flag(&unable, "no_labour"), Truth::True);
    assert_eq!(flag(&home.of_member(2, "meritorious", true), "meritorious"), Truth::True);
}

#[test]
fn unknown_thresholds_leave_the_class_open_below_the_line_and_not_above_it() {
    let standard = shipped::load("vn-2027-2030").unwrap();
    let earning = |amount: i64| {
        let parts = [("income_agriculture", amount), ("income_wages", 0), ("income_business", 0), ("income_other", 0)];
        parts.into_iter().fold(Home::new(), |home, (key, value)| home.with(key, value))
    };
    let line = 2_200_000 * 12 * 2;
    let at_line = earning(line).assess(&standard, &RURAL, &income()).possible_classes();
    assert_eq!(at_line, ClassSet::from_iter([Class::Poor, Class::NearPoor]));
    let above = earning(line + 1).assess(&standard, &RURAL, &income()).outcome();
    assert_eq!(above, Outcome::Determined(Class::NotPoor));
    // The cut-off in points is not known either, so points say nothing.
    assert_eq!(earning(0).assess(&standard, &RURAL, &B1Mode::Paper).possible_classes(), ClassSet::ALL);
}

#[test]
fn a_household_in_which_nobody_counts_is_not_judged() {
    let standard = vn_2022();
    let gone = Home::new().of_member(1, "status", "left").of_member(2, "status", "died").with("b1_points", 400);
    assert_eq!(gone.classes(&standard), ClassSet::ALL);
    assert_eq!(gone.missing(&standard), [(0, "members".to_owned())]);
}

#[test]
fn facts_of_one_standard_claim_nothing_under_another() {
    let (old, new) = (vn_2022(), shipped::load("vn-2027-2030").unwrap());
    let home = Home::new().with("b1_points", 400);
    let facts = old.facts(&home.0);
    let result = classify(&new, &facts, &RURAL, AS_OF, &B1Mode::Paper);
    assert_eq!(result.missing().first(), Some(&Missing::Members));
    assert_eq!(result.possible_classes(), ClassSet::ALL);
    assert_eq!(counted_members(&new, &facts, AS_OF), []);
    // A province's overlay keeps the form, so the facts serve both.
    let overlay = "[overlay]\nid = \"a\"\nover = \"vn-2022-2025\"\nvi = \"A\"\nen = \"A\"\n\
        source = { article = \"-\", confidence = \"ours\" }\n";
    let raised = old.with_overlay(("a.toml", overlay)).unwrap();
    assert_eq!(counted_members(&raised, &facts, AS_OF).len(), 2);
}

#[test]
fn the_day_that_nobody_named_is_the_first_of_the_newest_review_that_the_standard_knows() {
    let standard = shipped::load("vn-2022-2025").unwrap();
    let (first, last) = standard.valid();
    assert_eq!(standard.review_day(date(1999, 1, 1)), first, "never before the standard applies");
    assert_eq!(standard.review_day(date(2022, 8, 31)), date(2022, 8, 31), "no review has begun under it");
    assert_eq!(standard.review_day(date(2024, 8, 31)), date(2023, 9, 1));
    assert_eq!(standard.review_day(date(2024, 11, 23)), date(2024, 9, 1));
    assert_eq!(standard.review_day(date(2040, 1, 1)), date(last.year(), 9, 1));
    let mpi = shipped::load("global-mpi").unwrap();
    assert_eq!(mpi.review_day(date(2024, 8, 31)), date(2024, 8, 31), "a standard without a yearly review");
}
