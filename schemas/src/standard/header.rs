//! `standard.toml`: what the standard is, who counts, ages, income, classes, screening and flags.

use jiff::civil::Date;
use serde::Deserialize;

use super::Status;
use super::fault::Reason;
use super::read::Reading;
use crate::date::PartialDate;
use crate::form::Citation;
use crate::fraction::Fraction;
use crate::ids::StandardId;
use crate::rules::{ByArea, Class, Condition, Side};
use crate::value::Key;

/// The name of the file.
pub(super) const FILE: &str = "standard.toml";

/// The whole file, read but not yet bound to a form.
pub(super) struct Header {
    pub(super) about: About,
    pub(super) members: Members,
    pub(super) age_bands: Vec<(String, AgeBandEntry)>,
    pub(super) income: Option<IncomeEntry>,
    pub(super) classes: Vec<(String, ClassEntry)>,
    pub(super) otherwise: Class,
    pub(super) screening: Option<ScreeningEntry>,
    pub(super) flags: Vec<(String, FlagEntry)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    pub(super) id: StandardId,
    pub(super) vi: String,
    pub(super) en: String,
    pub(super) form_version: u32,
    pub(super) status: Status,
    pub(super) legal: Vec<Citation>,
    valid_from: PartialDate,
    valid_to: PartialDate,
    pub(super) builds_on: Option<StandardId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    pub(super) born: Key,
    pub(super) counted: Condition,
    pub(super) source: Citation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgeBandEntry {
    pub(super) key: Key,
    pub(super) from: i16,
    pub(super) below: Option<i16>,
    pub(super) source: Citation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreaEntry {
    rural: Option<i64>,
    urban: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IncomeEntry {
    pub(super) line: AreaEntry,
    pub(super) cut_off: AreaEntry,
    pub(super) average_up_to: AreaEntry,
    pub(super) paper_points: Key,
    pub(super) measured: Vec<Key>,
    pub(super) months: u32,
    pub(super) source: Citation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassEntry {
    pub(super) class: Class,
    pub(super) income: Option<Side>,
    pub(super) at_least: Option<Fraction>,
    pub(super) below: Option<Fraction>,
    pub(super) source: Citation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScreeningEntry {
    pub(super) criteria: Vec<Condition>,
    pub(super) review_below: u32,
    pub(super) source: Citation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlagEntry {
    pub(super) key: Key,
    pub(super) vi: String,
    pub(super) en: String,
    pub(super) when: Condition,
    pub(super) source: Citation,
}

impl Header {
    /// Reads the file; `None` when something without which nothing can go on is missing.
    pub(super) fn read(reading: &mut Reading, text: &str) -> Option<Self> {
        let mut file = reading.open(FILE, text);
        let about: Option<About> = file.take("standard");
        let members = file.take("members");
        let age_bands = file.take_list("age_band");
        let income = file.take_optional("income");
        let classes = file.take_list("class");
        let otherwise = file.take("otherwise");
        let screening = file.take_optional("screening");
        let flags = file.take_list("flag");
        file.close();
        let about = about?;
        if about.valid().0 > about.valid().1 {
            reading.fault(FILE, "standard", Reason::ValidityReversed);
        }
        let (members, otherwise) = (members?, otherwise?);
        Some(Self { about, members, age_bands, income, classes, otherwise, screening, flags })
    }
}

impl About {
    pub(super) fn valid(&self) -> (Date, Date) {
        (self.valid_from.earliest(), self.valid_to.latest())
    }
}

impl From<&AreaEntry> for ByArea {
    fn from(entry: &AreaEntry) -> Self {
        Self { rural: entry.rural, urban: entry.urban }
    }
}
