//! Official codes of administrative units, each with the days on which it was valid.
//!
//! Owns `data/units.csv` and `data/unit_changes.csv`: the former district of Quang Bình before July 2025, and Tuyên Quang
//! since. A code alone names nothing: 01243 was Tân Bắc and is Tân Trịnh, so every look-up takes a day. The tree of units
//! with our own ids, and the area type of each, belong to the server.

use std::sync::OnceLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::names;
use super::table;
use crate::date::{DateError, day};
use crate::form::Confidence;

/// Levels of the tree of units, from the top. Two tiers below the nation since July 2025; the district stays for the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitLevel {
    /// *Trung ương.*
    Nation,
    /// *Tỉnh, thành phố.*
    Province,
    /// *Huyện*, until June 2025.
    District,
    /// *Xã, phường, thị trấn.*
    Commune,
    /// *Thôn, bản, tổ dân phố.*
    Village,
}

/// Which official list a code is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Province, district, commune: to 30 June 2025.
    ThreeTier,
    /// Province, commune: since 1 July 2025 (Decision 19/2025/QĐ-TTg).
    TwoTier,
}

/// An official code and the days on which it is valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitCode {
    /// The list.
    pub scheme: Scheme,
    /// The digits, leading zeros included.
    pub code: String,
    /// First day; `None` when older than the list.
    pub valid_from: Option<Date>,
    /// Last day; `None` while it is valid.
    pub valid_to: Option<Date>,
}

impl UnitCode {
    /// Whether the code is valid on a day.
    pub fn valid_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }
}

/// A unit of an official list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "UnitRow")]
pub struct Unit {
    /// Its level.
    pub level: UnitLevel,
    /// Its code.
    pub code: UnitCode,
    /// `Tỉnh`, `Huyện`, `Xã`, `Phường`, `Thị trấn`.
    pub kind: String,
    /// The name without its kind.
    pub name: String,
    /// Code of the unit above, in the same scheme; empty at the top of the list.
    pub parent: String,
    /// Where the line comes from.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

impl Unit {
    /// The name as people write it: `Xã Tân Trịnh`.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

/// The unit that a code means on a day; `None` when the code is on no list that we hold for that day.
pub fn unit_on(level: UnitLevel, code: &str, day: Date) -> Option<&'static Unit> {
    units().iter().find(|unit| unit.level == level && unit.code.code == code && unit.code.valid_on(day))
}

/// The units of a level that carry a name on a day, whatever the case, marks, and with or without `xã`, `phường`, …
pub fn units_named(level: UnitLevel, name: &str, day: Date) -> Vec<&'static Unit> {
    let wanted = names::fold(name);
    let carries = |unit: &&Unit| names::fold(&unit.name) == wanted || names::fold(&unit.full_name()) == wanted;
    units().iter().filter(|unit| unit.level == level && unit.code.valid_on(day)).filter(carries).collect()
}

/// All communes that we hold for a day.
pub fn communes_on(day: Date) -> impl Iterator<Item = &'static Unit> {
    units().iter().filter(move |unit| unit.level == UnitLevel::Commune && unit.code.valid_on(day))
}

/// The commune that took over a commune of the three-tier list; `None` when we hold no change for that code.
pub fn successor(old_code: &str) -> Option<&'static Unit> {
    let change = changes().iter().find(|change| change.old_code == old_code)?;
    unit_on(UnitLevel::Commune, &change.new_code, change.changed_on.0)
}

/// The communes of the three-tier list of which a commune was made; empty when we hold no change for that code.
pub fn predecessors(new_code: &str) -> impl Iterator<Item = &'static Unit> {
    let old = changes().iter().filter(move |change| change.new_code == new_code);
    old.filter_map(|change| {
        units().iter().find(|unit| {
            unit.level == UnitLevel::Commune
                && unit.code.scheme == Scheme::ThreeTier
                && unit.code.code == change.old_code
        })
    })
}

#[derive(Deserialize)]
struct UnitRow {
    scheme: Scheme,
    level: UnitLevel,
    code: String,
    kind: String,
    name: String,
    parent: String,
    valid_from: Option<Day>,
    valid_to: Option<Day>,
    source: String,
    confidence: Confidence,
}

/// A day of a data file.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Day(Date);

impl TryFrom<String> for Day {
    type Error = DateError;
    fn try_from(text: String) -> Result<Self, DateError> {
        day(&text).map(Self).ok_or(DateError(text))
    }
}

impl From<UnitRow> for Unit {
    fn from(row: UnitRow) -> Self {
        let UnitRow { scheme, level, code, kind, name, parent, source, confidence, .. } = row;
        let (valid_from, valid_to) = (row.valid_from.map(|day| day.0), row.valid_to.map(|day| day.0));
        Self { level, code: UnitCode { scheme, code, valid_from, valid_to }, kind, name, parent, source, confidence }
    }
}

#[derive(Deserialize)]
struct Change {
    old_code: String,
    new_code: String,
    changed_on: Day,
}

fn units() -> &'static [Unit] {
    static UNITS: OnceLock<Vec<Unit>> = OnceLock::new();
    UNITS.get_or_init(|| table::rows(include_str!("../../data/units.csv")))
}

fn changes() -> &'static [Change] {
    static CHANGES: OnceLock<Vec<Change>> = OnceLock::new();
    CHANGES.get_or_init(|| table::rows(include_str!("../../data/unit_changes.csv")))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const BEFORE: Date = date(2025, 6, 30);
    const SINCE: Date = date(2025, 7, 1);

    fn commune_name(code: &str, day: Date) -> Option<String> {
        unit_on(UnitLevel::Commune, code, day).map(Unit::full_name)
    }

    #[test]
    fn a_code_that_no_list_holds_on_that_day_names_nothing() {
        assert_eq!(commune_name("01240", SINCE), None, "Tân Trịnh gave its code up");
        assert_eq!(commune_name("00691", BEFORE), None);
        assert_eq!(unit_on(UnitLevel::District, "035", SINCE), None);
        assert_eq!(commune_name("1243", SINCE), None);
    }

    #[test]
    fn one_code_means_different_communes_before_and_since_july_2025() {
        assert_eq!(commune_name("01243", BEFORE).as_deref(), Some("Xã Tân Bắc"));
        assert_eq!(commune_name("01243", SINCE).as_deref(), Some("Xã Tân Trịnh"));
        assert_eq!(commune_name("01237", BEFORE).as_deref(), Some("Thị trấn Yên Bình"));
        assert_eq!(commune_name("01237", SINCE).as_deref(), Some("Xã Quang Bình"));
    }

    #[test]
    fn old_communes_lead_to_their_successors_and_back() {
        assert_eq!(successor("01240").map(Unit::full_name).as_deref(), Some("Xã Tân Trịnh"));
        assert_eq!(successor("00691"), None);
        let made_of: Vec<_> = predecessors("01261").map(|unit| unit.name.as_str()).collect();
        assert_eq!(made_of, ["Hương Sơn", "Tiên Yên", "Vĩ Thượng"]);
    }

    #[test]
    fn communes_are_found_by_name_without_marks_or_kind() {
        let found = units_named(UnitLevel::Commune, "XA TAN TRINH", SINCE);
        assert_eq!(found.iter().map(|unit| unit.code.code.as_str()).collect::<Vec<_>>(), ["01243"]);
        assert_eq!(units_named(UnitLevel::Commune, "Tân Trịnh", BEFORE)[0].code.code, "01240");
        assert!(units_named(UnitLevel::Commune, "Tân Bắc", SINCE).is_empty());
    }

    #[test]
    fn the_lists_are_whole_and_no_code_is_valid_twice() {
        assert_eq!(communes_on(SINCE).count(), 124);
        assert_eq!(communes_on(BEFORE).count(), 16);
        assert_eq!(changes().len(), 16);
        assert!(changes().iter().all(|change| successor(&change.old_code).is_some()));
        for unit in units() {
            let day = unit.code.valid_from.or(unit.code.valid_to).unwrap();
            assert_eq!(unit_on(unit.level, &unit.code.code, day), Some(unit));
        }
    }
}
