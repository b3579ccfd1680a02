//! What an enumerator writes down at a home: every question that applies, answered as a family of the uplands might.
//!
//! Owns the invention of answers. What they come to is the standard's business: nothing here knows a class.

use std::collections::BTreeSet;

use jiff::civil::Date;
use schemas::codes::citizen_id::CitizenId;
use schemas::date::PartialDate;
use schemas::form::Point;
use schemas::household::{Answers, Household};
use schemas::ids::{HouseholdId, MemberId, RoundId, UnitId};
use schemas::value::Value as Answer;
use serde_json::{Value, json};

use super::birth::{births, number};
use super::dice::Dice;
use super::place::CommunePlace;

/// Somebody at the door.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The day.
    pub(super) on: Date,
    /// Which attempt.
    pub(super) attempt: i64,
    /// The day that ages refer to.
    pub(super) as_of: Date,
    /// Where the village is, in degrees.
    pub(super) village: (f64, f64),
}

/// How a family fares: how many things it lacks and what its income comes to on the paper form.
#[derive(Clone, Copy, Debug)]
enum Fortune {
    /// Little of both.
    Bad,
    /// Little income, few things lacking.
    Fair,
    /// Enough income.
    Good,
}

/// What a family may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    House,
    Space,
    Water,
    Latrine,
    Insurance,
    Work,
    Internet,
    Nutrition,
}

const LACKS: [Lack; 8] = [
    Lack::House,
    Lack::Water,
    Lack::Latrine,
    Lack::Insurance,
    Lack::Space,
    Lack::Internet,
    Lack::Work,
    Lack::Nutrition,
];

/// The edits of one file: `[household, path, value]`.
#[derive(Debug, Default)]
pub(super) struct Edits {
    household: Option<HouseholdId>,
    list: Vec<Value>,
}

impl Edits {
    /// Edits of one household.
    pub(super) fn of(household: HouseholdId) -> Self {
        Self { household: Some(household), list: Vec::new() }
    }

    /// Puts a value at a path.
    pub(super) fn put(&mut self, path: &str, value: impl Into<Value>) {
        self.list.push(json!([self.household, path, value.into()]));
    }

    /// As a phone reads them.
    pub(super) fn into_json(self) -> Value {
        Value::Array(self.list)
    }
}

/// Nobody opened, or somebody did and did not want to talk.
pub(super) fn not_met(home: HouseholdId, call: &Call, outcome: &str) -> Value {
    let mut edits = Edits::of(home);
    visit(&mut edits, call, outcome);
    edits.into_json()
}

fn visit(edits: &mut Edits, call: &Call, outcome: &str) {
    edits.put("visits/+call/visited_on", call.on.to_string());
    edits.put("visits/+call/attempt", call.attempt);
    edits.put("visits/+call/outcome", outcome);
}

/// The whole interview.
pub(super) fn interview(home: &Household, call: &Call, dice: &mut Dice) -> Value {
    let fortune = match dice.below(100) {
        0..58 => Fortune::Bad,
        58..82 => Fortune::Fair,
        _ => Fortune::Good,
    };
    let lacks = lacks(fortune, dice);
    let mut edits = Edits::of(home.household);
    visit(&mut edits, call, "met");
    let languages = ["tiếng Tày", "tiếng Dao", "tiếng Mông", "tiếng Việt"];
    edits.put("visits/+call/language", *dice.pick(&languages));
    edits.put("confirmed/membership", "+call");
    household(&mut edits, home, &lacks, dice);
    income(&mut edits, fortune, home, dice);
    edits.put("answers/gps", point(call, dice));
    let births = births(home, call.as_of, dice);
    for (member, answers) in &home.members {
        person(&mut edits, *member, (answers, births[member]), &lacks, (call.as_of, dice));
    }
    edits.into_json()
}

fn lacks(fortune: Fortune, dice: &mut Dice) -> BTreeSet<Lack> {
    let wanted = match fortune {
        Fortune::Bad => 3 + dice.below(3),
        Fortune::Fair => dice.below(2),
        Fortune::Good => dice.below(3),
    };
    let mut lacks = BTreeSet::new();
    while (lacks.len() as u64) < wanted {
        // The first four are the ones that are found most often.
        let likely = if dice.percent(70) { 4 } else { LACKS.len() };
        lacks.insert(*dice.pick(&LACKS[..likely]));
    }
    lacks
}

fn household(edits: &mut Edits, home: &Household, lacks: &BTreeSet<Lack>, dice: &mut Dice) {
    let is_poor_house = lacks.contains(&Lack::House);
    let durable = |yes: bool| if yes { "durable" } else { "not_durable" };
    edits.put("answers/wall", durable(!is_poor_house));
    edits.put("answers/pillar", durable(true));
    edits.put("answers/roof", durable(!is_poor_house));
    // Square metres in tenths, for each person who lives there.
    let each = if lacks.contains(&Lack::Space) { dice.between(45, 75) } else { dice.between(95, 260) };
    edits.put("answers/floor_area", each * i64::try_from(home.members.len().max(1)).unwrap_or(1));
    let water: &[&str] = match lacks.contains(&Lack::Water) {
        true => &["unprotected_spring", "surface", "unprotected_dug_well"],
        false => &["protected_spring", "tap", "drilled_well", "rain"],
    };
    edits.put("answers/water_source", *dice.pick(water));
    let latrine: &[&str] = match lacks.contains(&Lack::Latrine) {
        true => &["none", "other"],
        false => &["septic", "pour_flush", "double_vault", "dug_pit_with_seat"],
    };
    edits.put("answers/latrine", *dice.pick(latrine));
    edits.put("answers/internet", !lacks.contains(&Lack::Internet));
    for (thing, percent) in [
        ("tv", 72),
        ("radio", 6),
        ("desktop", 3),
        ("telephone", 55),
        ("laptop", 4),
        ("tablet", 2),
        ("smartphone", 78),
        ("motorbike", 81),
        ("refrigerator", 44),
        ("washing_machine", 21),
    ] {
        edits.put(&format!("answers/{thing}"), dice.percent(percent));
    }
    edits.put("answers/land_area", dice.between(2, 90) * 100);
    edits.put("answers/cattle", dice.between(0, 4));
    edits.put("answers/pigs_goats", dice.between(0, 9));
    edits.put("answers/poultry", dice.between(0, 12) * 5);
    edits.put("answers/electricity_month", dice.between(10, 95));
}

fn income(edits: &mut Edits, fortune: Fortune, home: &Household, dice: &mut Dice) {
    let points = match fortune {
        Fortune::Bad => dice.between(11, 27) * 5,
        Fortune::Fair => dice.between(18, 28) * 5,
        Fortune::Good => dice.between(29, 42) * 5,
    };
    edits.put("answers/b1_points", points);
    let causes = ["land", "capital", "labour", "tools", "knowledge", "skills", "illness", "other"];
    let known = causes.iter().any(|cause| home.answers.contains_key(format!("cause_{cause}").as_str()));
    if !known {
        edits.put(&format!("answers/cause_{}", dice.pick(&causes)), true);
    }
}

/// Where the house stands.
fn point(call: &Call, dice: &mut Dice) -> String {
    const REACH: i64 = CommunePlace::REACH_E6;
    let degrees = |middle: f64, dice: &mut Dice| (middle * 1e6) as i32 + dice.between(-REACH, REACH) as i32;
    let (latitude_e6, longitude_e6) = (degrees(call.village.0, dice), degrees(call.village.1, dice));
    let noon = call.on.at(5, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    let measured_at_s = noon.map_or(0, |noon| noon.timestamp().as_second());
    let accuracy_m = u32::try_from(dice.between(4, 25)).unwrap_or(25);
    Point { latitude_e6, longitude_e6, accuracy_m, measured_at_s, source: "gps".to_owned() }.to_string()
}

fn text<'a>(answers: &'a Answers, key: &str) -> Option<&'a str> {
    answers.get(key).and_then(Answer::as_text)
}

fn person(
    edits: &mut Edits,
    member: MemberId,
    (known, born): (&Answers, PartialDate),
    lacks: &BTreeSet<Lack>,
    (as_of, dice): (Date, &mut Dice),
) {
    let mut put = |key: &str, value: Value| edits.put(&format!("members/{member}/{key}"), value);
    papers(&mut put, known, born, dice);
    // A day of birth that is known leaves one age.
    let (age, _) = born.ages_on(as_of).unwrap_or((0, 0));
    schooling(&mut put, age, dice);
    if (15..60).contains(&age) {
        let job = match (age, lacks.contains(&Lack::Work)) {
            (15..18, _) => "studying",
            (_, true) => *dice.pick(&["looking", "wage_no_contract"]),
            (_, false) => "own_work",
        };
        put("employment", job.into());
        if job != "studying" && job != "looking" {
            put("off_farm", (job == "wage_no_contract").into());
        }
        if job == "wage_no_contract" {
            put("public_job", false.into());
        }
    }
    put("pension", false.into());
    put("health_insurance", (!lacks.contains(&Lack::Insurance) || dice.percent(40)).into());
    if age < 16 {
        let poorly = lacks.contains(&Lack::Nutrition) && dice.percent(70);
        put("nutrition", if poorly { *dice.pick(&["stunted", "underweight"]) } else { "normal" }.into());
    }
    let disabled = dice.percent(3);
    put("disability", disabled.into());
    put("seriously_ill", dice.percent(2).into());
    put("monthly_assistance", (disabled || age >= 80).into());
    put("meritorious", false.into());
}

/// What the list left out, from the papers of the household.
fn papers(put: &mut impl FnMut(&str, Value), known: &Answers, born: PartialDate, dice: &mut Dice) {
    if text(known, "born") != Some(born.to_string().as_str()) {
        put("born", born.to_string().into());
    }
    if text(known, "sex").is_none() {
        let sex = number(known).map(|id| id.sex().code());
        put("sex", sex.unwrap_or_else(|| *dice.pick(&["male", "female"])).into());
    }
    if text(known, "ethnicity").is_none() {
        put("ethnicity", "02".into());
    }
    if text(known, "relation").is_none() {
        put("relation", "other_relative".into());
    }
    if text(known, "citizen_id").is_none() {
        put("no_id_yet", true.into());
    }
}

fn schooling(put: &mut impl FnMut(&str, Value), age: i16, dice: &mut Dice) {
    let school = match age {
        3..6 => Some("preschool"),
        6..12 => Some("primary"),
        12..15 => Some("lower_secondary"),
        15..18 => Some("upper_secondary"),
        18..31 => Some("none"),
        _ => None,
    };
    if let Some(school) = school {
        put("school", school.into());
    }
    if age >= 6 {
        let finished: &[&str] = match age {
            6..12 => &["none"],
            12..16 => &["primary"],
            16..18 => &["lower_secondary"],
            18..31 => &["upper_secondary", "vocational_elementary", "upper_secondary", "lower_secondary"],
            31..60 => &["primary", "lower_secondary", "none"],
            _ => &["none", "primary"],
        };
        put("education", (*dice.pick(finished)).into());
    }
    if (16..31).contains(&age) {
        put("training", dice.percent(20).into());
    }
}

/// A family that asks to be reviewed and is on no list (Mẫu số 01, form A), as a phone founds it. The dice of the head
/// say who he is.
pub(super) fn asking_family((village, round): (UnitId, &RoundId), head: &mut Dice, dice: &mut Dice) -> Value {
    let household = HouseholdId(dice.bytes());
    let surname = *head.pick(&["Hoàng", "Nông", "Phàn", "Lù", "Tẩn", "Vàng"]);
    let person = |given: &str, relation: &str, sex: &str, born: &str, dice: &mut Dice| {
        json!({
            "full_name": format!("{surname} {given}"), "relation": relation, "sex": sex, "born": born,
            "ethnicity": "02", "status": "present", "residence": "permanent",
            "citizen_id": citizen_id(sex, born, dice),
        })
    };
    let members = json!([
        person("Văn Đức", "head", "male", "1991-04-17", head),
        person("Thị Hiền", "spouse", "female", "1994-11-02", dice),
        person("Minh Khôi", "child", "male", "2017-08-25", dice),
    ]);
    json!({
        "village": village, "round": round, "household": household, "members": members,
        "answers": {
            "address": "Mới tách hộ năm 2024", "a_vehicle": false, "a_cooling": false, "a_washing": false,
            "a_let_out": false, "a_electricity": false, "a_area": false, "a_salary": false, "a_degree": false,
            "a_livestock": false,
        },
    })
}

/// A number of Hà Giang that fits sex and year, above those of the workbooks' people.
fn citizen_id(sex: &str, born: &str, dice: &mut Dice) -> Option<String> {
    let year: u64 = born.get(..4)?.parse().ok()?;
    let century = (year - 1900) / 100 * 2 + u64::from(sex == "female");
    let number = format!("002{century}{:02}{:06}", year % 100, 900_000 + dice.below(100_000));
    number.parse::<CitizenId>().ok().map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use schemas::rules::{AreaType, B1Mode, Place, Region, classify};

    use super::*;
    use crate::documents::workbook::sample;
    use crate::standards::Standards;

    #[test]
    #[expect(clippy::print_stdout, reason = "the shares are looked at by whoever changes the story")]
    fn whoever_was_interviewed_can_be_classified_and_every_class_occurs() {
        let standards = Standards::shipped().unwrap();
        let standard = standards.get(&"vn-2022-2025".parse().unwrap()).unwrap();
        let mut dice = Dice::of(1, "test");
        let book = sample::book(&sample::quang_binh(2, 10), dice.rng());
        let call = Call { on: date(2026, 9, 14), attempt: 1, as_of: date(2026, 10, 1), village: (22.4, 104.6) };
        let place = Place { area: AreaType::Rural, region: Region::NorthernMidlandMountain };
        let mut classes = std::collections::BTreeMap::new();
        for listing in &book.listed {
            let home = applied(listing, &call, &mut dice);
            let assessment = classify(standard, &standard.facts(&home), &place, call.as_of, &B1Mode::Paper);
            assert_eq!(assessment.missing(), &[], "{home:?}");
            *classes.entry(format!("{:?}", assessment.outcome())).or_insert(0) += 1;
        }
        println!("{classes:?}");
        assert_eq!(classes.len(), 3);
    }

    /// A household of the list after its interview.
    fn applied(listing: &crate::documents::workbook::Listing, call: &Call, dice: &mut Dice) -> Household {
        let mut home = Household::empty(HouseholdId(dice.bytes()));
        for person in &listing.members {
            let relation = person.relation.map_or("other_relative", |relation| relation.code());
            let mut answers = Answers::new();
            let mut put = |key: &str, value: &str| drop(answers.insert(key.parse().unwrap(), value.into()));
            put("relation", relation);
            put("status", "present");
            put("residence", "permanent");
            if let Some(born) = person.born {
                put("born", &born.to_string());
            }
            home.members.insert(MemberId(dice.bytes()), answers);
        }
        let edits = interview(&home, call, dice);
        for edit in edits.as_array().unwrap() {
            let (path, value) = (edit[1].as_str().unwrap(), serde_json::from_value(edit[2].clone()).unwrap());
            match path.split('/').collect::<Vec<_>>().as_slice() {
                ["answers", key] => drop(home.answers.insert(key.parse().unwrap(), value)),
                ["members", member, key] => {
                    let member = home.members.get_mut(&member.parse().unwrap()).unwrap();
                    member.insert(key.parse().unwrap(), value);
                }
                _ => {}
            }
        }
        home
    }
}
