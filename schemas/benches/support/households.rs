//! Made-up households for benchmarks: three to seven members, every answer that form B asks for, told apart by number.

use schemas::household::{Answers, Household};
use schemas::ids::{HouseholdId, MemberId};
use schemas::value::Value;

/// A number that looks random and depends only on the household and the purpose.
fn pick(household: u64, purpose: u64) -> u64 {
    let mixed = (household * 1_000 + purpose).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

fn put(answers: &mut Answers, key: &str, value: impl Into<Value>) {
    answers.insert(key.parse().expect("keys of the benchmark are keys"), value.into());
}

/// The household of this number.
pub(crate) fn household(number: u64) -> Household {
    let choose = |purpose, from: &[&'static str]| from[(pick(number, purpose) % from.len() as u64) as usize];
    let yes = |purpose, of_ten| pick(number, purpose) % 10 < of_ten;
    let mut household = Household::empty(HouseholdId(u128::from(number).to_be_bytes()));
    let answers = &mut household.answers;
    put(answers, "b1_points", 80 + (pick(number, 1) % 120) as i64);
    for (purpose, part) in ["wall", "pillar", "roof"].into_iter().enumerate() {
        put(answers, part, if yes(10 + purpose as u64, 7) { "durable" } else { "not_durable" });
    }
    put(answers, "floor_area", 200 + (pick(number, 2) % 1_200) as i64);
    put(answers, "water_source", choose(3, &["tap", "protected_spring", "unprotected_spring", "rain"]));
    put(answers, "latrine", choose(4, &["septic", "double_vault", "none", "other"]));
    put(answers, "internet", yes(5, 9));
    for (purpose, device) in
        ["tv", "radio", "desktop", "telephone", "laptop", "tablet", "smartphone"].into_iter().enumerate()
    {
        put(answers, device, yes(20 + purpose as u64, 3));
    }
    for member in 0..3 + pick(number, 6) % 5 {
        let mut id = [0; 10];
        id[0] = member as u8;
        household.members.insert(MemberId(id), person(number, member));
    }
    household
}

fn person(household: u64, member: u64) -> Answers {
    let chance = |purpose| pick(household, 100 * (member + 1) + purpose);
    let age = if member < 2 { 22 + chance(1) % 50 } else { chance(1) % 30 };
    let mut answers = Answers::new();
    put(&mut answers, "full_name", "Phàn Thị Mẩy");
    put(&mut answers, "sex", if chance(2) % 2 == 0 { "male" } else { "female" });
    let (year, month, day) = (2026 - age, chance(3) % 12 + 1, chance(4) % 28 + 1);
    put(&mut answers, "born", &*format!("{year}-{month:02}-{day:02}"));
    put(&mut answers, "ethnicity", "09");
    put(&mut answers, "relation", if member == 0 { "head" } else { "child" });
    put(&mut answers, "status", "present");
    put(&mut answers, "residence", "permanent");
    put(&mut answers, "months_away", 0);
    put(&mut answers, "school", ["none", "primary", "lower_secondary"][(chance(5) % 3) as usize]);
    put(&mut answers, "education", ["none", "primary", "upper_secondary"][(chance(6) % 3) as usize]);
    put(&mut answers, "training", false);
    put(&mut answers, "employment", ["own_work", "wage_no_contract", "wage_contract"][(chance(7) % 3) as usize]);
    put(&mut answers, "off_farm", chance(8) % 4 == 0);
    put(&mut answers, "public_job", false);
    put(&mut answers, "pension", false);
    put(&mut answers, "health_insurance", chance(9) % 8 != 0);
    put(&mut answers, "nutrition", if chance(10) % 6 == 0 { "stunted" } else { "normal" });
    put(&mut answers, "disability", false);
    put(&mut answers, "seriously_ill", false);
    put(&mut answers, "monthly_assistance", chance(11) % 9 == 0);
    put(&mut answers, "meritorious", false);
    answers
}
