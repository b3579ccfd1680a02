//! What a list says of a household, as plain values: the common ground of import, export and sample.
//!
//! Owns the types and their JSON. A value that the list does not give, or gives in a way nobody can read, is absent here
//! and explained in the report.

use jiff::civil::Date;
use schemas::codes::cause::Cause;
use schemas::codes::citizen_id::PersonNumber;
use schemas::codes::ethnicity::Ethnicity;
use schemas::codes::listed_class::ListedClass;
use schemas::codes::relation::Relation;
use schemas::codes::sex::Sex;
use schemas::date::PartialDate;
use schemas::ledger::Unassessed;
use serde::{Deserialize, Serialize};

/// One household of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Number of the household in its list, as written (*STT hộ*).
    pub number: String,
    /// Where it lives.
    pub place: Place,
    /// What the list says it is; sheets 2 and 3 have no such column.
    pub class: Option<ListedClass>,
    /// Number of the decision that recognised it; empty when not given.
    pub decision_number: String,
    /// Date of that decision.
    #[serde(with = "optional_day")]
    pub decision_on: Option<Date>,
    /// B1 points.
    pub b1: Option<u16>,
    /// B2 points.
    pub b2: Option<u16>,
    /// Marks.
    pub flags: Flags,
    /// Causes of poverty, in the order written.
    pub causes: Vec<Cause>,
    /// Remarks of sheets 2 and 3 (*Ghi chú*).
    pub note: String,
    /// The members, head first.
    pub members: Vec<Member>,
}

impl Listing {
    /// The head, who stands first.
    pub fn head(&self) -> Option<&Member> {
        self.members.first()
    }
}

/// Where a list says that a household lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Province.
    pub province: String,
    /// District, in lists made before July 2025.
    pub district: String,
    /// Its code.
    pub district_code: String,
    /// Commune.
    pub commune: String,
    /// Its code, as written: its meaning depends on the day.
    pub commune_code: String,
    /// Village.
    pub village: String,
    /// The address in one line, as sheets 2 and 3 give it.
    pub address: String,
}

/// Marks of a household.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flags {
    /// *Hộ dân tộc thiểu số.*
    pub minority: bool,
    /// *Hộ không có khả năng lao động.*
    pub no_labour: bool,
    /// *Hộ có thành viên là người có công.*
    pub meritorious: bool,
}

/// One member of a household.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name, cleaned.
    pub name: String,
    /// Relation to the head, if its writing is known.
    pub relation: Option<Relation>,
    /// The relation as written.
    pub relation_text: String,
    /// Date of birth, as far as known.
    pub born: Option<PartialDate>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Citizen ID or old ID.
    #[serde(with = "optional_number")]
    pub number: Option<PersonNumber>,
    /// Ethnic group.
    pub ethnicity: Option<Ethnicity>,
}

/// One household for which the round ended without a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnassessedListing {
    /// Number of the household in this list.
    pub number: String,
    /// Its commune.
    pub commune: String,
    /// Its village.
    pub village: String,
    /// What the list before says it is; `None` when it is not on it.
    pub last: Option<ListedClass>,
    /// Why there is no class.
    pub why: Unassessed,
    /// The same in the words of who decided.
    pub reason: String,
    /// Everybody ever listed, the head first.
    pub members: Vec<Member>,
}

/// What stands above the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// The office, for example `ỦY BAN NHÂN DÂN XÃ TÂN TRỊNH`.
    pub office: String,
    /// The office above, for example `TỈNH TUYÊN QUANG`.
    pub above: String,
    /// The round, for example `Đợt rà soát định kỳ năm 2026`.
    pub round: String,
    /// The standard, for example `Chuẩn nghèo giai đoạn 2022-2025`.
    pub standard: String,
}

/// A roster to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterBook {
    /// What stands above the tables.
    pub heading: Heading,
    /// Poor and near-poor households: sheet 1.
    pub listed: Vec<Listing>,
    /// Households that escaped poverty: sheet 2.
    pub escaped_poor: Vec<Listing>,
    /// Households that escaped near-poverty: sheet 3.
    pub escaped_near_poor: Vec<Listing>,
    /// Households for which the round ended without a class: sheet 4, which is not read back.
    pub unassessed: Vec<UnassessedListing>,
}

mod optional_day {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(day: &Option<Date>, out: S) -> Result<S::Ok, S::Error> {
        day.map(|day| day.to_string()).serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}

mod optional_number {
    use schemas::codes::citizen_id::{Person, PersonNumber};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(number: &Option<PersonNumber>, out: S) -> Result<S::Ok, S::Error> {
        number.as_ref().map(PersonNumber::digits).serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PersonNumber>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let read = |text: String| PersonNumber::read(&text, Person::default()).map_err(de::Error::custom);
        Ok(text.map(read).transpose()?.map(|read| read.number))
    }
}
