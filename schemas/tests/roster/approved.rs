//! A commune's decided households to start from.

use std::sync::OnceLock;

use jiff::civil::{Date, date};
use schemas::household::{Answers, Household};
use schemas::ids::{HouseholdId, MemberId, UnitId};
use schemas::ledger::{Hash, Unassessed};
use schemas::roster::{
    Approved, CommuneName, NotAssessed, NotCompiled, Past, Previous, Roster, Salt, Setting, VillageName, compile,
};
use schemas::rules::{AreaType, B1Mode, Class, ClassSet, Place, Region};
use schemas::standard::{Standard, shipped};
use schemas::value::Value;

pub(crate) const AS_OF: Date = date(2026, 10, 1);
pub(crate) const RURAL: Place = Place { area: AreaType::Rural, region: Region::NorthernMidlandMountain };

pub(crate) fn vn_2022() -> &'static Standard {
    static STANDARD: OnceLock<Standard> = OnceLock::new();
    STANDARD.get_or_init(|| shipped::load("vn-2022-2025").unwrap())
}

pub(crate) fn setting<'a>(standard: &'a Standard, mode: &'a B1Mode) -> Setting<'a> {
    Setting {
        round: "2026-dinh-ky".parse().unwrap(),
        commune: CommuneName { id: UnitId(3), code: Some("01243".to_owned()), name: "Xã Tân Trịnh".to_owned() },
        reference_on: AS_OF,
        standard,
        mode,
        merge_policy: 1,
        units: Hash([0xaa; 32]),
        previous: Previous::File { hash: Hash([0xbb; 32]) },
    }
}

pub(crate) fn set(answers: &mut Answers, key: &str, value: impl Into<Value>) {
    answers.insert(key.parse().unwrap(), value.into());
}

fn person(name: &str, relation: &str, born: &str, sex: &str) -> Answers {
    let mut answers = Answers::new();
    for (key, text) in [
        ("full_name", name),
        ("relation", relation),
        ("sex", sex),
        ("ethnicity", "08"),
        ("born", born),
        ("status", "present"),
        ("residence", "permanent"),
        ("school", "none"),
        ("education", "upper_secondary"),
        ("employment", "own_work"),
        ("nutrition", "normal"),
    ] {
        set(&mut answers, key, text);
    }
    for key in ["training", "disability", "monthly_assistance", "meritorious"] {
        set(&mut answers, key, false);
    }
    set(&mut answers, "health_insurance", true);
    answers
}

/// A household of two adults with these B1 points that lacks nothing.
pub(crate) fn household(number: u8, b1_points: i64) -> Household {
    let mut household = Household::empty(HouseholdId([number; 16]));
    let answers = &mut household.answers;
    set(answers, "b1_points", b1_points);
    for key in ["wall", "pillar", "roof"] {
        set(answers, key, "durable");
    }
    for key in ["tv", "radio", "desktop", "telephone", "laptop", "tablet"] {
        set(answers, key, false);
    }
    set(answers, "smartphone", true);
    set(answers, "internet", true);
    set(answers, "floor_area", 1_000);
    set(answers, "water_source", "tap");
    set(answers, "latrine", "septic");
    set(answers, "cause_land", true);
    let head = person(&format!("Giàng A Páo {number}"), "head", "1984-01-15", "male");
    household.members.insert(MemberId([2; 10]), head);
    household.members.insert(MemberId([1; 10]), person("Vàng Thị Mẩy", "spouse", "1986", "female"));
    household
}

/// The same, deprived in house, water and latrine: 30 points.
pub(crate) fn deprived(number: u8, b1_points: i64) -> Household {
    let mut household = household(number, b1_points);
    set(&mut household.answers, "wall", "not_durable");
    set(&mut household.answers, "roof", "not_durable");
    set(&mut household.answers, "water_source", "unprotected_spring");
    set(&mut household.answers, "latrine", "none");
    household
}

pub(crate) fn approved(household: Household, last: Option<Class>) -> Approved {
    let [number, ..] = household.household.0;
    Approved {
        household,
        heads: vec![Hash([number; 32]), Hash([1; 32])],
        pin: Hash([number.wrapping_add(100); 32]),
        accepted: Hash([number.wrapping_add(200); 32]),
        salt: Salt::new([number.wrapping_mul(7); 32]),
        village: village(number),
        place: RURAL,
        past: Past { last, before: ClassSet::NONE },
    }
}

fn village(number: u8) -> VillageName {
    VillageName { id: UnitId(30 + u64::from(number % 2)), name: format!("Thôn {}", number % 2) }
}

pub(crate) fn not_assessed(number: u8, why: Unassessed, last: Option<Class>) -> NotAssessed {
    NotAssessed {
        household: HouseholdId([number; 16]),
        heads: vec![Hash([number; 32]), Hash([1; 32])],
        pin: Hash([number.wrapping_add(100); 32]),
        decided: Hash([number.wrapping_add(200); 32]),
        why,
        salt: Salt::new([number.wrapping_mul(9); 32]),
        village: village(number),
        past: Past { last, before: ClassSet::NONE },
    }
}

/// Three households without a class: one that was poor, one that was near-poor, one that was never listed.
pub(crate) fn without_class() -> Vec<NotAssessed> {
    vec![
        not_assessed(9, Unassessed::NoMemberLeft, Some(Class::NearPoor)),
        not_assessed(7, Unassessed::Refused, Some(Class::Poor)),
        not_assessed(8, Unassessed::NoLongerWants, None),
    ]
}

/// Six households: kept poor, newly poor, kept near-poor, escaped from each class, and one that was never listed.
pub(crate) fn commune() -> Vec<Approved> {
    vec![
        approved(deprived(6, 120), Some(Class::Poor)),
        approved(deprived(2, 140), None),
        approved(household(5, 100), Some(Class::NearPoor)),
        approved(household(3, 141), Some(Class::Poor)),
        approved(household(4, 150), Some(Class::NearPoor)),
        approved(household(1, 190), None),
    ]
}

/// The list of approved households alone.
pub(crate) fn compiled(approved: Vec<Approved>) -> Result<Roster, NotCompiled> {
    compiled_with(approved, vec![])
}

pub(crate) fn compiled_with(approved: Vec<Approved>, unassessed: Vec<NotAssessed>) -> Result<Roster, NotCompiled> {
    compile(&setting(vn_2022(), &B1Mode::Paper), approved, unassessed)
}

/// The list of the whole commune, with those without a class.
pub(crate) fn whole() -> Roster {
    compiled_with(commune(), without_class()).unwrap()
}
