//! Compiled lists as rows of the review workbook: codes become the words that offices print.

use jiff::civil::Date;
use schemas::codes::citizen_id::{Person, PersonNumber};
use schemas::codes::ethnicity::Ethnicity;
use schemas::codes::listed_class::ListedClass;
use schemas::codes::relation::Relation;
use schemas::codes::sex::Sex;
use schemas::roster::{List, PointsFrom, PointsSource, RosterLine, RosterMember};
use schemas::rules::Class;

use super::export::OpenedRoster;
use super::without_class::Described;
use crate::app::App;
use crate::documents::workbook::{Flags, Heading, Listing, Member, Place, RosterBook, UnassessedListing};
use crate::domain::roster::StoredRoster;
use crate::domain::round::Round;
use crate::domain::unit::{Level, Unit};
use crate::store::{self, Read};
use crate::workflow::Refusal;

/// How a unit and what it lies in are called on a list.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The unit directly above.
    above: String,
    province: String,
    district: String,
    district_code: String,
    /// The commune, or whatever unit the list is of.
    pub(super) commune: String,
    pub(super) commune_code: String,
}

impl Names {
    pub(super) async fn of(read: &mut Read, unit: &Unit, code: Option<String>, on: Date) -> Result<Self, Refusal> {
        let mut names = Self {
            above: String::new(),
            province: String::new(),
            district: String::new(),
            district_code: String::new(),
            commune: unit.attributes.name.clone(),
            commune_code: code.unwrap_or_default(),
        };
        for ancestor in store::unit::lineage(read, unit.id, on).await?.into_iter().skip(1) {
            let Some(found) = store::unit::by_id(read, ancestor, on).await? else { continue };
            let name = found.attributes.name;
            if names.above.is_empty() {
                names.above.clone_from(&name);
            }
            match found.level {
                Level::Province => names.province = name,
                Level::District => {
                    names.district = name;
                    let code = store::unit::code_of(read, ancestor, on).await?;
                    names.district_code = code.map(|(_, code)| code).unwrap_or_default();
                }
                Level::Nation | Level::Commune | Level::Village => {}
            }
        }
        Ok(names)
    }

    fn office(&self) -> String {
        format!("ỦY BAN NHÂN DÂN {}", self.commune.to_uppercase())
    }
}

/// What stands above the list of one commune: with the root, so that paper and file can be told to be the same list.
pub(super) fn heading(app: &App, round: &Round, names: &Names, roster: &StoredRoster) -> Heading {
    let points = match roster.header.b1 {
        PointsFrom::Table { .. } => PointsSource::Table,
        PointsFrom::Paper => PointsSource::Paper,
    };
    Heading {
        office: names.office(),
        above: names.above.to_uppercase(),
        round: format!("{}, ngày xét {}, danh sách lập lần {}", round.name, printed(round.reference_on), roster.number),
        standard: format!("{}; B1: {}; mã gốc {}", standard(app, round), points.label().vi, roster.root),
    }
}

/// What stands above the lists of several communes.
pub(super) fn compiled_heading(app: &App, round: &Round, names: &Names) -> Heading {
    Heading {
        office: names.office(),
        above: names.above.to_uppercase(),
        round: format!("{}, ngày xét {}, tổng hợp danh sách các xã", round.name, printed(round.reference_on)),
        standard: format!("{}; mã gốc của từng xã ở trang tổng hợp", standard(app, round)),
    }
}

fn printed(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

fn standard(app: &App, round: &Round) -> String {
    let known = round.standards.first().and_then(|id| app.standards.get(id));
    known.map(|standard| standard.label().vi.clone()).unwrap_or_default()
}

/// One commune's list, ready for a book.
pub(super) struct OfCommune {
    pub(super) names: Names,
    pub(super) opened: OpenedRoster,
    pub(super) described: Vec<Described>,
}

/// The lists of some communes as one book, commune by commune; inside, village by village and by name of the head.
pub(super) fn book(heading: Heading, lists: &[OfCommune]) -> RosterBook {
    let mut book =
        RosterBook { heading, listed: vec![], escaped_poor: vec![], escaped_near_poor: vec![], unassessed: vec![] };
    for OfCommune { names, opened, described } in lists {
        let mut lines: Vec<&RosterLine> = opened.lines.iter().map(|(line, _)| line).collect();
        lines.sort_by_cached_key(|line| {
            let head = line.head().map(|head| head.name.clone());
            (line.list, line.village.name.clone(), head, line.household)
        });
        for line in lines {
            let rows = match line.list {
                List::Poor | List::NearPoor => &mut book.listed,
                List::EscapedPoor => &mut book.escaped_poor,
                List::EscapedNearPoor => &mut book.escaped_near_poor,
            };
            let number = rows.len() + 1;
            rows.push(listing(number, line, names));
        }
        let mut described: Vec<&Described> = described.iter().collect();
        described.sort_by_cached_key(|one| (one.entry.village.name.clone(), one.head().cloned(), one.entry.household));
        for one in described {
            let number = book.unassessed.len() + 1;
            book.unassessed.push(unassessed(number, one, names));
        }
    }
    book
}

fn unassessed(number: usize, one: &Described, names: &Names) -> UnassessedListing {
    UnassessedListing {
        number: number.to_string(),
        commune: names.commune.clone(),
        village: one.entry.village.name.clone(),
        last: one.entry.last.map(|class| match class {
            Class::Poor => ListedClass::Poor,
            Class::NearPoor => ListedClass::NearPoor,
            Class::NotPoor => ListedClass::NotPoor,
        }),
        why: one.entry.why,
        reason: one.reason.clone(),
        members: one.members.iter().map(member).collect(),
    }
}

fn listing(number: usize, line: &RosterLine, names: &Names) -> Listing {
    let flag = |key: &str| line.flags.iter().any(|flag| flag.as_str() == key);
    Listing {
        number: number.to_string(),
        place: place(line, names),
        class: match line.list {
            List::Poor => Some(ListedClass::Poor),
            List::NearPoor => Some(ListedClass::NearPoor),
            List::EscapedPoor | List::EscapedNearPoor => None,
        },
        b1: u16::try_from(line.b1.points).ok(),
        b2: u16::try_from(line.b2.numerator()).ok().filter(|_| line.b2.denominator() == 1),
        flags: Flags {
            minority: flag("ethnic_minority"),
            no_labour: flag("no_labour"),
            meritorious: flag("meritorious"),
        },
        causes: line.causes.clone(),
        members: line.members.iter().map(member).collect(),
        ..Listing::default()
    }
}

fn place(line: &RosterLine, names: &Names) -> Place {
    let village = line.village.name.clone();
    let parts = [line.address.as_deref(), Some(&village), Some(&names.commune), Some(&names.district)];
    let parts = parts.into_iter().flatten().chain([names.province.as_str()]).filter(|part| !part.is_empty());
    Place {
        province: names.province.clone(),
        district: names.district.clone(),
        district_code: names.district_code.clone(),
        commune: names.commune.clone(),
        commune_code: names.commune_code.clone(),
        address: parts.collect::<Vec<_>>().join(", "),
        village,
    }
}

fn member(member: &RosterMember) -> Member {
    let sex = match member.sex.as_deref() {
        Some(code) => [Sex::Male, Sex::Female].into_iter().find(|sex| sex.code() == code),
        None => None,
    };
    let relation = member.relation.as_deref();
    let relation = Relation::ALL.into_iter().find(|known| Some(known.code()) == relation);
    let number = member.citizen_id.as_deref().and_then(|text| PersonNumber::read(text, Person::default()).ok());
    Member {
        name: member.name.clone(),
        relation,
        relation_text: relation.map(|relation| relation_text(relation, sex)).unwrap_or_default(),
        born: member.born.as_deref().and_then(|born| born.parse().ok()),
        sex,
        number: number.map(|read| read.number),
        ethnicity: member.ethnicity.clone().and_then(|code| Ethnicity::try_from(code).ok()),
    }
}

/// The word that lists print: wife or husband where the sex says which.
fn relation_text(relation: Relation, sex: Option<Sex>) -> String {
    match (relation, sex) {
        (Relation::Spouse, Some(Sex::Female)) => "Vợ".to_owned(),
        (Relation::Spouse, Some(Sex::Male)) => "Chồng".to_owned(),
        (Relation::Parent, Some(Sex::Female)) => "Mẹ".to_owned(),
        (Relation::Parent, Some(Sex::Male)) => "Bố".to_owned(),
        (relation, _) => relation.label().vi,
    }
}
