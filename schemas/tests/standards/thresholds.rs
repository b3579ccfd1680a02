//! The edge of every threshold of the standard of 2022-2025. The day is 1 October 2026.

use schemas::rules::Verdict::{self, Deprived, NotDeprived};
use schemas::value::Value;

use crate::home::{Home, vn_2022};

/// Somebody who has this age in full years on the day, and turns one year older the day after.
const LAST_DAY_OF: [(u16, &str); 10] = [
    (2, "2023-10-02"),
    (5, "2020-10-02"),
    (11, "2014-10-02"),
    (14, "2011-10-02"),
    (15, "2010-10-02"),
    (17, "2008-10-02"),
    (30, "1995-10-02"),
    (59, "1966-10-02"),
    (29, "1996-10-02"),
    (16, "2009-10-02"),
];

fn last_day_of(age: u16) -> &'static str {
    LAST_DAY_OF.iter().find(|(known, _)| *known == age).unwrap().1
}

/// Born so that the day is the birthday of this age.
fn turning(age: u16) -> String {
    format!("{}-10-01", 2026 - age)
}

fn verdict_with(indicator: &str, born: &str, answers: &[(&str, Value)]) -> Verdict {
    Home::new().member(born, answers).verdict(&vn_2022(), indicator)
}

#[test]
fn a_household_that_lacks_nothing_is_deprived_in_nothing() {
    let standard = vn_2022();
    for indicator in standard.indicators() {
        assert_eq!(Home::new().verdict(&standard, indicator.key.as_str()), NotDeprived, "{}", indicator.key);
    }
}

#[test]
fn work_counts_from_15_to_the_last_day_of_59() {
    let looking = [("employment", Value::from("looking"))];
    assert_eq!(verdict_with("employment", last_day_of(14), &looking), NotDeprived);
    assert_eq!(verdict_with("employment", &turning(15), &looking), Deprived);
    assert_eq!(verdict_with("employment", last_day_of(59), &looking), Deprived);
    assert_eq!(verdict_with("employment", &turning(60), &looking), NotDeprived);
}

#[test]
fn only_looking_for_work_or_a_wage_job_without_a_contract_is_a_deprivation() {
    let of = |code: &str| verdict_with("employment", "1990-01-01", &[("employment", code.into())]);
    assert_eq!(of("looking"), Deprived);
    assert_eq!(of("wage_no_contract"), Deprived);
    for code in ["wage_contract", "own_work", "studying", "not_looking", "unable"] {
        assert_eq!(of(code), NotDeprived, "{code}");
    }
}

#[test]
fn exactly_half_dependants_is_no_deprivation_and_one_more_is() {
    let half = Home::new().member("2015-01-01", &[]).member("2016-01-01", &[]);
    assert_eq!(half.verdict(&vn_2022(), "dependants"), NotDeprived);
    assert_eq!(half.member("2017-01-01", &[]).verdict(&vn_2022(), "dependants"), Deprived);
}

#[test]
fn a_child_is_a_dependant_until_the_sixteenth_birthday() {
    let with_third = |born: &str| {
        let half = Home::new().member("2015-01-01", &[]).member("2016-01-01", &[]);
        half.member(born, &[]).verdict(&vn_2022(), "dependants")
    };
    assert_eq!(with_third(last_day_of(15)), Deprived);
    assert_eq!(with_third(&turning(16)), NotDeprived);
}

#[test]
fn the_elderly_and_the_disabled_are_dependants_only_with_monthly_assistance() {
    let with_third = |born: &str, disabled: bool, assisted: bool| {
        let half = Home::new().member("2015-01-01", &[]).member("2016-01-01", &[]);
        let answers = [("disability", disabled.into()), ("monthly_assistance", assisted.into())];
        half.member(born, &answers).verdict(&vn_2022(), "dependants")
    };
    assert_eq!(with_third(&turning(60), false, true), Deprived);
    assert_eq!(with_third(&turning(60), false, false), NotDeprived);
    assert_eq!(with_third(last_day_of(59), false, true), NotDeprived);
    assert_eq!(with_third("1990-01-01", true, true), Deprived);
    assert_eq!(with_third("1990-01-01", true, false), NotDeprived);
}

#[test]
fn a_badly_fed_child_counts_until_the_sixteenth_birthday() {
    for code in ["stunted", "underweight", "both"] {
        assert_eq!(verdict_with("nutrition", last_day_of(15), &[("nutrition", code.into())]), Deprived);
        assert_eq!(verdict_with("nutrition", &turning(16), &[("nutrition", code.into())]), NotDeprived);
    }
    assert_eq!(verdict_with("nutrition", "2020-01-01", &[("nutrition", "normal".into())]), NotDeprived);
}

#[test]
fn insurance_is_asked_from_the_sixth_birthday() {
    let uninsured = [("health_insurance", Value::from(false))];
    assert_eq!(verdict_with("health_insurance", last_day_of(5), &uninsured), NotDeprived);
    assert_eq!(verdict_with("health_insurance", &turning(6), &uninsured), Deprived);
    assert_eq!(verdict_with("health_insurance", "1940-01-01", &uninsured), Deprived);
}

#[test]
fn the_certificate_of_an_adult_is_asked_from_16_to_the_last_day_of_30() {
    let none = [("education", Value::from("primary"))];
    assert_eq!(verdict_with("adult_education", last_day_of(15), &none), NotDeprived);
    assert_eq!(verdict_with("adult_education", &turning(16), &none), Deprived);
    assert_eq!(verdict_with("adult_education", &turning(30), &none), Deprived);
    assert_eq!(verdict_with("adult_education", last_day_of(30), &none), Deprived);
    assert_eq!(verdict_with("adult_education", &turning(31), &none), NotDeprived);
}

#[test]
fn lower_secondary_is_enough_until_the_eighteenth_birthday() {
    let lower = [("education", Value::from("lower_secondary"))];
    assert_eq!(verdict_with("adult_education", last_day_of(17), &lower), NotDeprived);
    assert_eq!(verdict_with("adult_education", &turning(18), &lower), Deprived);
    let attending = [("education", "primary".into()), ("school", "lower_secondary".into())];
    assert_eq!(verdict_with("adult_education", last_day_of(17), &attending), NotDeprived);
    assert_eq!(verdict_with("adult_education", &turning(18), &attending), Deprived);
}

#[test]
fn school_vocation_or_training_on_the_job_is_enough_at_29() {
    let with = |key: &'static str, value: Value| {
        verdict_with("adult_education", last_day_of(29), &[("education", "primary".into()), (key, value)])
    };
    for school in ["upper_secondary", "vocational", "university"] {
        assert_eq!(with("school", school.into()), NotDeprived, "{school}");
    }
    for certificate in ["vocational_elementary", "vocational_intermediate", "vocational_college", "university"] {
        assert_eq!(with("education", certificate.into()), NotDeprived, "{certificate}");
    }
    assert_eq!(with("training", true.into()), NotDeprived);
    assert_eq!(with("training", false.into()), Deprived);
}

#[test]
fn children_are_expected_in_school_from_3_to_the_last_day_of_15() {
    assert_eq!(verdict_with("schooling", last_day_of(2), &[]), NotDeprived);
    assert_eq!(verdict_with("schooling", &turning(3), &[]), Deprived);
    assert_eq!(verdict_with("schooling", last_day_of(15), &[]), Deprived);
    assert_eq!(verdict_with("schooling", &turning(16), &[]), NotDeprived);
}

#[test]
fn a_child_behind_the_level_is_deprived_and_a_child_ahead_is_not() {
    let at = |born: &str, school: &str| verdict_with("schooling", born, &[("school", school.into())]);
    assert_eq!(at(last_day_of(5), "preschool"), NotDeprived);
    assert_eq!(at(last_day_of(5), "primary"), NotDeprived);
    assert_eq!(at(&turning(6), "preschool"), Deprived);
    assert_eq!(at(last_day_of(11), "primary"), NotDeprived);
    assert_eq!(at(last_day_of(11), "lower_secondary"), NotDeprived);
    assert_eq!(at(&turning(12), "primary"), Deprived);
    assert_eq!(at(last_day_of(15), "lower_secondary"), NotDeprived);
    assert_eq!(at(last_day_of(15), "upper_secondary"), NotDeprived);
}

#[test]
fn one_bad_structure_of_three_is_no_deprivation_and_two_are() {
    let standard = vn_2022();
    let parts = ["wall", "pillar", "roof"];
    for part in parts {
        let one = Home::new().with(part, "not_durable");
        assert_eq!(one.verdict(&standard, "housing_quality"), NotDeprived);
        for other in parts.into_iter().filter(|other| *other != part) {
            let two = one.clone().with(other, "not_durable");
            assert_eq!(two.verdict(&standard, "housing_quality"), Deprived);
        }
    }
}

#[test]
fn exactly_eight_square_metres_per_person_is_no_deprivation() {
    let standard = vn_2022();
    let family = Home::new().member("2015-01-01", &[]);
    assert_eq!(family.clone().with("floor_area", 240).verdict(&standard, "housing_area"), NotDeprived);
    assert_eq!(family.with("floor_area", 239).verdict(&standard, "housing_area"), Deprived);
}

#[test]
fn area_is_shared_only_by_those_who_count() {
    let standard = vn_2022();
    let home = Home::new().member("2015-01-01", &[]).with("floor_area", 239);
    for (key, value) in [("status", "left"), ("status", "died"), ("status", "mistake"), ("residence", "none")] {
        assert_eq!(home.clone().of_member(3, key, value).verdict(&standard, "housing_area"), NotDeprived, "{value}");
    }
    assert_eq!(home.clone().of_member(3, "residence", "temporary").verdict(&standard, "housing_area"), Deprived);
    // Nobody counts before being born.
    assert_eq!(home.of_member(3, "born", "2026-10-02").verdict(&standard, "housing_area"), NotDeprived);
}

#[test]
fn only_the_listed_waters_are_clean() {
    let of = |code: &str| Home::new().with("water_source", code).verdict(&vn_2022(), "water");
    for code in ["tap", "drilled_well", "protected_dug_well", "protected_spring", "rain", "bottled"] {
        assert_eq!(of(code), NotDeprived, "{code}");
    }
    for code in ["unprotected_dug_well", "unprotected_spring", "surface", "other"] {
        assert_eq!(of(code), Deprived, "{code}");
    }
}

#[test]
fn only_the_listed_latrines_are_hygienic() {
    let of = |code: &str| Home::new().with("latrine", code).verdict(&vn_2022(), "latrine");
    for code in ["septic", "pour_flush", "vip", "dug_pit_with_seat", "double_vault"] {
        assert_eq!(of(code), NotDeprived, "{code}");
    }
    assert_eq!(of("other"), Deprived);
    assert_eq!(of("none"), Deprived);
}

#[test]
fn nobody_on_the_internet_is_a_deprivation() {
    assert_eq!(Home::new().with("internet", false).verdict(&vn_2022(), "telecom"), Deprived);
}

#[test]
fn one_device_of_seven_is_enough() {
    let standard = vn_2022();
    let none = Home::new().with("smartphone", false);
    assert_eq!(none.verdict(&standard, "information_means"), Deprived);
    for device in ["tv", "radio", "desktop", "telephone", "laptop", "tablet", "smartphone"] {
        assert_eq!(none.clone().with(device, true).verdict(&standard, "information_means"), NotDeprived, "{device}");
    }
}
