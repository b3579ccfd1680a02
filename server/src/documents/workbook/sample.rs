//! A made-up workbook of last year, with the dirt that real ones have.
//!
//! Owns the invention of households for the demo and the tests. Everybody in it is invented; one seed gives one file.

mod dirt;
mod people;

use jiff::civil::{Date, date};
use rand_core::Rng;
use schemas::codes::cause::Cause;
use schemas::codes::citizen_id::{CitizenId, PersonNumber};
use schemas::codes::ethnicity::{Ethnicity, Kind};
use schemas::codes::listed_class::ListedClass;
use schemas::codes::relation::Relation;
use schemas::codes::sex::Sex;
use schemas::date::PartialDate;

pub use dirt::Dirt;

use super::household::{Flags, Heading, Listing, Member, Place, RosterBook};
use super::layout::Sheet;
use super::write::{self, Table, WriteError};
use people::{People, SHARES, VILLAGE_FIRST, VILLAGE_SECOND};

/// The day of the list: last year's, made after the change of communes of July 2025.
pub const LISTED_ON: Date = date(2025, 12, 12);

/// A commune of the sample and how much of it to invent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleCommune {
    /// Name with its kind: `Xã Tân Trịnh`.
    pub name: String,
    /// Its code on the day of the list.
    pub code: String,
    /// Villages to invent.
    pub villages: usize,
    /// Households on the list in each village.
    pub households: usize,
    /// Citizen IDs of its people are numbered from here; communes that are to share nobody begin far apart.
    pub serials_from: u32,
}

/// The seven communes made of the former district of Quang Bình alone.
pub fn quang_binh(villages: usize, households: usize) -> Vec<SampleCommune> {
    let communes = [
        ("Xã Tiên Nguyên", "01225"),
        ("Xã Yên Thành", "01234"),
        ("Xã Quang Bình", "01237"),
        ("Xã Tân Trịnh", "01243"),
        ("Xã Bằng Lang", "01246"),
        ("Xã Xuân Giang", "01255"),
        ("Xã Tiên Yên", "01261"),
    ];
    let commune = |(name, code): (&str, &str)| SampleCommune {
        name: name.to_owned(),
        code: code.to_owned(),
        villages,
        households,
        serials_from: 0,
    };
    let apart = |(at, commune): (u32, SampleCommune)| SampleCommune { serials_from: at * 100_000, ..commune };
    (0..).zip(communes.map(commune)).map(apart).collect()
}

/// A clean list of invented households.
pub fn book(communes: &[SampleCommune], rng: &mut impl Rng) -> RosterBook {
    let mut book = RosterBook {
        heading: heading(),
        listed: vec![],
        escaped_poor: vec![],
        escaped_near_poor: vec![],
        unassessed: vec![],
    };
    for commune in communes {
        let mut serial = commune.serials_from;
        for village in villages(commune.villages, rng) {
            for _ in 0..commune.households {
                let mut household = household(commune, &village, &mut serial, rng);
                household.number = (book.listed.len() + 1).to_string();
                book.listed.push(household);
            }
            // About a seventh of the poor and near-poor of a year escape, as in Hà Giang from 2023 to 2024.
            for _ in 0..commune.households.div_ceil(7) {
                let (list, note) = match below(rng, 3) {
                    0 => (&mut book.escaped_near_poor, "Vượt chuẩn cận nghèo"),
                    1 => (&mut book.escaped_poor, "Trở thành hộ cận nghèo"),
                    _ => (&mut book.escaped_poor, "Vượt chuẩn cận nghèo"),
                };
                let household = household(commune, &village, &mut serial, rng);
                let number = (list.len() + 1).to_string();
                list.push(escaped(household, number, note, rng));
            }
        }
    }
    book
}

/// A workbook as an office would send it: the clean list with a small share of every kind of dirt.
///
/// Returns the file and what was soiled, so that a test can look for each.
pub fn workbook(communes: &[SampleCommune], rng: &mut impl Rng) -> Result<(Vec<u8>, Vec<Dirt>), WriteError> {
    let book = book(communes, rng);
    let (rows, soiled) = dirt::soil(&book.listed, rng);
    let clean = |sheet, households: &[Listing]| {
        let rows = households.iter().flat_map(|household| write::rows(sheet, household, LISTED_ON)).collect();
        Table { sheet, rows, totals: write::totals(sheet, households) }
    };
    let tables = vec![
        Table { sheet: Sheet::Listed, rows, totals: write::totals(Sheet::Listed, &book.listed) },
        clean(Sheet::EscapedPoor, &book.escaped_poor),
        clean(Sheet::EscapedNearPoor, &book.escaped_near_poor),
    ];
    Ok((write::write_tables(&book.heading, tables, LISTED_ON)?, soiled))
}

fn heading() -> Heading {
    Heading {
        above: "TỈNH TUYÊN QUANG".to_owned(),
        office: "CÁC XÃ THUỘC HUYỆN QUANG BÌNH CŨ".to_owned(),
        round: "Đợt rà soát định kỳ năm 2025".to_owned(),
        standard: "Chuẩn nghèo đa chiều giai đoạn 2022-2025 (Nghị định 07/2021/NĐ-CP)".to_owned(),
    }
}

fn villages(count: usize, rng: &mut impl Rng) -> Vec<String> {
    let all = VILLAGE_FIRST.len() * VILLAGE_SECOND.len();
    // A walk with a step prime to the number of names meets every name once before it repeats.
    let (start, step) = (index(rng, all), 37);
    let name = |at: usize| {
        let at = (start + at * step) % all;
        format!("Thôn {} {}", VILLAGE_FIRST[at % VILLAGE_FIRST.len()], VILLAGE_SECOND[at / VILLAGE_FIRST.len()])
    };
    (0..count.min(all)).map(name).collect()
}

fn household(commune: &SampleCommune, village: &str, serial: &mut u32, rng: &mut impl Rng) -> Listing {
    let people = pick_people(rng);
    let members = members(people, serial, rng);
    // Hà Giang 2024: 49,760 poor and 19,980 near-poor households.
    let class = if below(rng, 69_740) < 49_760 { ListedClass::Poor } else { ListedClass::NearPoor };
    let b1 = 40 + below(rng, 21) * 5;
    let b2 = match class {
        ListedClass::Poor => 30 + below(rng, 5) * 10,
        ListedClass::NearPoor | ListedClass::NotPoor => below(rng, 3) * 10,
    };
    let minority = members.first().and_then(|head| head.ethnicity).is_some_and(|group| group.kind() == Kind::Minority);
    Listing {
        number: String::new(),
        place: Place {
            province: "Tỉnh Tuyên Quang".to_owned(),
            commune: commune.name.clone(),
            commune_code: commune.code.clone(),
            village: village.to_owned(),
            ..Place::default()
        },
        class: Some(class),
        decision_number: format!("{}/QĐ-UBND", 100 + below(rng, 80)),
        decision_on: Some(LISTED_ON),
        b1: u16::try_from(b1).ok(),
        b2: u16::try_from(b2).ok(),
        flags: Flags { minority, no_labour: below(rng, 20) == 0, meritorious: below(rng, 40) == 0 },
        causes: causes(rng),
        note: String::new(),
        members,
    }
}

fn escaped(household: Listing, number: String, note: &str, rng: &mut impl Rng) -> Listing {
    let Place { village, commune, province, .. } = &household.place;
    let address = format!("{village}, {commune}, {province}");
    let members = household.members;
    Listing {
        number,
        place: Place { address, ..Place::default() },
        b1: u16::try_from(145 + below(rng, 12) * 5).ok(),
        b2: u16::try_from(below(rng, 3) * 10).ok(),
        note: note.to_owned(),
        members,
        ..Listing::default()
    }
}

fn causes(rng: &mut impl Rng) -> Vec<Cause> {
    let first = index(rng, Cause::ALL.len());
    let second = index(rng, Cause::ALL.len());
    let mut causes = vec![Cause::ALL[first]];
    if second != first && below(rng, 3) == 0 {
        causes.push(Cause::ALL[second]);
    }
    causes
}

fn pick_people(rng: &mut impl Rng) -> &'static People {
    let mut left = below(rng, 100);
    for (share, people) in SHARES {
        if left < share {
            return people;
        }
        left -= share;
    }
    SHARES[0].1
}

/// A household of one to nine people, 4.7 in the mean: a head, mostly a spouse, children, sometimes the old and the young.
fn members(people: &People, serial: &mut u32, rng: &mut impl Rng) -> Vec<Member> {
    const SIZES: [usize; 20] = [1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 7, 7, 9];
    let size = SIZES[index(rng, SIZES.len())];
    let head_sex = if below(rng, 7) == 0 { Sex::Female } else { Sex::Male };
    let head_year = 1955 + year(rng, 45);
    let surname = people.surnames[index(rng, people.surnames.len())];
    // Children carry their father's surname.
    let mut fathers = surname;
    let mut members = vec![person(people, surname, Relation::Head, "Chủ hộ", head_sex, head_year, serial, rng)];
    if size > 1 && below(rng, 8) > 0 {
        let (sex, text) = if head_sex == Sex::Male { (Sex::Female, "Vợ") } else { (Sex::Male, "Chồng") };
        let own = people.surnames[index(rng, people.surnames.len())];
        let born = head_year - 3 + year(rng, 7);
        if sex == Sex::Male {
            fathers = own;
        }
        members.push(person(people, own, Relation::Spouse, text, sex, born, serial, rng));
    }
    if size > 4 && below(rng, 4) == 0 {
        let own = people.surnames[index(rng, people.surnames.len())];
        let (sex, text, name) = match below(rng, 3) {
            0 => (Sex::Male, "Bố", surname),
            _ => (Sex::Female, "Mẹ", own),
        };
        members.push(person(people, name, Relation::Parent, text, sex, head_year - 20 - year(rng, 8), serial, rng));
    }
    while members.len() < size {
        let sex = if below(rng, 2) == 0 { Sex::Male } else { Sex::Female };
        let grown = head_year < 1975 && below(rng, 4) == 0;
        let (relation, text, after) = match grown {
            true => (Relation::Grandchild, "Cháu", 42),
            false => (Relation::Child, "Con", 20),
        };
        let born = (head_year + after + year(rng, 18)).min(2025);
        members.push(person(people, fathers, relation, text, sex, born, serial, rng));
    }
    members
}

#[expect(clippy::too_many_arguments, reason = "the eight facts that make a person")]
fn person(
    people: &People,
    surname: &str,
    relation: Relation,
    relation_text: &str,
    sex: Sex,
    year: i16,
    serial: &mut u32,
    rng: &mut impl Rng,
) -> Member {
    let (middle, given) = match sex {
        Sex::Male => (people.male_middle, people.male_given),
        Sex::Female => (people.female_middle, people.female_given),
    };
    let name = format!("{surname} {} {}", middle[index(rng, middle.len())], given[index(rng, given.len())]);
    Member {
        name,
        relation: Some(relation),
        relation_text: relation_text.to_owned(),
        born: Some(birthday(year, rng)),
        sex: Some(sex),
        number: citizen_id(sex, year, serial).map(PersonNumber::Citizen),
        ethnicity: Ethnicity::read(people.ethnicity),
    }
}

fn birthday(year: i16, rng: &mut impl Rng) -> PartialDate {
    // Many of the old know only their year.
    if year < 1965 && below(rng, 3) == 0 {
        return PartialDate::Year(year);
    }
    let last = if year == 2025 { 11 } else { 12 };
    let month = 1 + below(rng, last);
    let day = 1 + below(rng, 28);
    let date = Date::new(year, i8::try_from(month).unwrap_or(1), i8::try_from(day).unwrap_or(1));
    date.map_or(PartialDate::Year(year), PartialDate::Day)
}

/// A number of Hà Giang that fits sex and year; the serial makes it this person's own.
fn citizen_id(sex: Sex, year: i16, serial: &mut u32) -> Option<CitizenId> {
    *serial += 1;
    let century = (year - 1900) / 100 * 2 + i16::from(sex == Sex::Female);
    format!("002{century}{:02}{:06}", year % 100, *serial % 1_000_000).parse().ok()
}

fn year(rng: &mut impl Rng, span: u64) -> i16 {
    i16::try_from(below(rng, span)).unwrap_or_default()
}

/// A number below `end`, even enough for names and ages.
fn below(rng: &mut impl Rng, end: u64) -> u64 {
    rng.next_u64() % end.max(1)
}

fn index(rng: &mut impl Rng, length: usize) -> usize {
    // A remainder of a length fits in a usize.
    below(rng, length as u64) as usize
}
