//! Points tables as files: numbers as CSV by region, and TOML that says when each row applies.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::{Faults, Reason};
use super::load::folder;
use super::read::Reading;
use super::{Standard, StandardHash};
use crate::form::{Label, Scope};
use crate::rules::{Binder, COLUMNS, Choose, Column, Condition, Item, PointsStatus, PointsTable, Row};

/// Columns that name a row; the others are regions, and `source` is for people.
const ITEM: &str = "item";
const OPTION: &str = "option";
const SOURCE: &str = "source";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableEntry {
    vi: String,
    en: String,
    status: StatusEntry,
    reason_vi: Option<String>,
    reason_en: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusEntry {
    ForRound,
    SampleOnly,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemEntry {
    key: String,
    vi: String,
    en: String,
    choose: ChooseEntry,
    options: Vec<OptionEntry>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChooseEntry {
    First,
    Each,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionEntry {
    key: String,
    vi: String,
    en: String,
    when: Condition,
}

/// An office's points table as it is kept: the two files, under the names by which their hash is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsFiles {
    /// The numbers: CSV, a row for each option, a column for each region.
    pub numbers: String,
    /// The TOML that says when each row applies.
    pub mapping: String,
}

impl PointsFiles {
    /// Name of the numbers, in faults and in the hash.
    pub const NUMBERS: &str = "b1.csv";
    /// Name of the mapping, in faults and in the hash.
    pub const MAPPING: &str = "b1.toml";

    fn named(&self) -> [(&str, &str); 2] {
        [(Self::NUMBERS, &self.numbers), (Self::MAPPING, &self.mapping)]
    }

    /// SHA-256 over both files and their names: what a round and its lists call the table.
    pub fn hash(&self) -> StandardHash {
        StandardHash::of(&self.named())
    }

    /// Checks the files against the form of a standard.
    pub fn load(&self, standard: &Standard) -> Result<PointsTable, Faults> {
        let [numbers, mapping] = self.named();
        load(standard, numbers, mapping)
    }
}

/// The numbers of each row, until the mapping has asked for them.
type Numbers = BTreeMap<(String, String), [Option<u16>; COLUMNS]>;

/// Loads every table in the folder `points/`: each CSV beside the TOML of the same name.
pub(super) fn load_all(standard: &Standard, files: &[(&str, &str)]) -> Result<Vec<PointsTable>, Faults> {
    let (tables, mappings) = (folder(files, "points/", ".csv"), folder(files, "points/", ".toml"));
    let mut reading = Reading::default();
    let stem = |name: &str| name.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    for lone in mappings.iter().filter(|(name, _)| tables.iter().all(|(table, _)| stem(table) != stem(name))) {
        reading.fault(lone.0, "", Reason::MissingFile);
    }
    let mut loaded = Vec::with_capacity(tables.len());
    for table in tables {
        match mappings.iter().find(|(name, _)| stem(name) == stem(table.0)) {
            Some(mapping) => match load(standard, table, *mapping) {
                Ok(table) => loaded.push(table),
                Err(faults) => reading.extend(faults),
            },
            None => reading.fault(table.0, "", Reason::MissingFile),
        }
    }
    reading.finish().map(|()| loaded)
}

/// Loads one table.
pub(super) fn load(standard: &Standard, table: (&str, &str), mapping: (&str, &str)) -> Result<PointsTable, Faults> {
    let mut reading = Reading::default();
    let mut numbers = read_numbers(&mut reading, table);
    let mut file = reading.open(mapping.0, mapping.1);
    let about: Option<TableEntry> = file.take("table");
    let entries: Vec<(String, ItemEntry)> = file.take_list("item");
    file.close();
    // A table without rows would give everybody nothing, and everybody with nothing is at or below the cut-off.
    if entries.is_empty() {
        reading.fault(mapping.0, "item", Reason::MissingEntry);
    }
    let items =
        entries.into_iter().map(|(entry, item)| item.bind(&mut reading, standard, (mapping.0, &entry), &mut numbers));
    let items: Vec<Item> = items.collect();
    for (item, option) in numbers.into_keys() {
        reading.fault(table.0, format!("{item} / {option}"), Reason::RowWithoutCondition);
    }
    let status = about.as_ref().map(TableEntry::status);
    let status = status.and_then(|status| reading.keep(mapping.0, "table", status));
    reading.finish()?;
    // Reading without a fault found the entry `table` and its status.
    let (Some(about), Some(status)) = (about, status) else { return Err(Faults(Vec::new())) };
    let label = Label { vi: about.vi, en: about.en };
    let mut breaks = standard.rules.breaks.clone();
    items.iter().flat_map(|item| &item.rows).for_each(|row| breaks.add(&row.when, Scope::Household));
    let (hash, form) = (StandardHash::of(&[table, mapping]), standard.rules.layout.form());
    Ok(PointsTable { label, status, items, hash, form, breaks: Box::new(breaks) })
}

impl TableEntry {
    fn status(&self) -> Result<PointsStatus, Reason> {
        match (self.status, &self.reason_vi, &self.reason_en) {
            (StatusEntry::ForRound, None, None) => Ok(PointsStatus::ForRound),
            (StatusEntry::SampleOnly, Some(vi), Some(en)) => {
                Ok(PointsStatus::SampleOnly { reason: Label { vi: vi.clone(), en: en.clone() } })
            }
            (StatusEntry::ForRound | StatusEntry::SampleOnly, _, _) => {
                Err(Reason::Malformed("a sample needs its reason in both languages, and only a sample has one".into()))
            }
        }
    }
}

impl ItemEntry {
    fn bind(
        self,
        reading: &mut Reading,
        standard: &Standard,
        (file, entry): (&str, &str),
        numbers: &mut Numbers,
    ) -> Item {
        let mut rows = Vec::with_capacity(self.options.len());
        for option in self.options {
            let name = format!("{entry} / {}", option.key);
            let points = numbers.remove(&(self.key.clone(), option.key.clone()));
            let points = reading.keep(file, &name, points.ok_or(Reason::ConditionWithoutRow));
            let binder = Binder::new(&standard.form, &standard.rules.layout, &standard.age_bands);
            match binder.bind(&option.when, Scope::Household) {
                Ok(when) => rows.extend(points.map(|points| Row {
                    key: option.key,
                    label: Label { vi: option.vi, en: option.en },
                    condition: option.when,
                    when,
                    points,
                })),
                Err(faults) => {
                    for fault in faults {
                        reading.fault(file, &*name, Reason::Condition(fault));
                    }
                }
            }
        }
        let choose = match self.choose {
            ChooseEntry::First => Choose::First,
            ChooseEntry::Each => Choose::Each,
        };
        Item { key: self.key, label: Label { vi: self.vi, en: self.en }, choose, rows }
    }
}

/// What a column of the file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Item,
    Option,
    Points(usize),
    ForPeople,
}

fn read_numbers(reading: &mut Reading, (file, text): (&str, &str)) -> Numbers {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let roles = match csv.headers() {
        Ok(header) => roles(reading, file, header),
        Err(error) => {
            reading.fault(file, "", Reason::Unreadable(error.to_string()));
            return Numbers::new();
        }
    };
    let mut numbers = Numbers::new();
    for (record, line) in csv.records().zip(2..) {
        let line = format!("line {line}");
        match record {
            Ok(record) => read_row(reading, (file, &line), &roles, &record, &mut numbers),
            Err(error) => reading.fault(file, line, Reason::Unreadable(error.to_string())),
        }
    }
    numbers
}

fn roles(reading: &mut Reading, file: &str, header: &csv::StringRecord) -> Vec<Role> {
    let mut roles = Vec::with_capacity(header.len());
    for name in header {
        let role = match name {
            ITEM => Role::Item,
            OPTION => Role::Option,
            SOURCE => Role::ForPeople,
            region => match Column::NAMES.iter().position(|known| *known == region) {
                Some(at) => Role::Points(at),
                None => {
                    reading.fault(file, "line 1", Reason::UnknownColumn(name.to_owned()));
                    Role::ForPeople
                }
            },
        };
        if role != Role::ForPeople && roles.contains(&role) {
            reading.fault(file, "line 1", Reason::Duplicate);
        }
        roles.push(role);
    }
    for (role, name) in [(Role::Item, ITEM), (Role::Option, OPTION)] {
        if !roles.contains(&role) {
            reading.fault(file, "line 1", Reason::MissingColumn(name.to_owned()));
        }
    }
    if !roles.iter().any(|role| matches!(role, Role::Points(_))) {
        reading.fault(file, "line 1", Reason::MissingColumn(Column::NAMES.join(" | ")));
    }
    roles
}

fn read_row(
    reading: &mut Reading,
    (file, line): (&str, &str),
    roles: &[Role],
    record: &csv::StringRecord,
    numbers: &mut Numbers,
) {
    let (mut item, mut option, mut points) = (String::new(), String::new(), [None; COLUMNS]);
    for (role, cell) in roles.iter().zip(record) {
        match role {
            Role::ForPeople => {}
            Role::Item => cell.clone_into(&mut item),
            Role::Option => cell.clone_into(&mut option),
            Role::Points(at) => points[*at] = reading.keep(file, line, read_points(Column::NAMES[*at], cell)),
        }
    }
    for (name, value) in [(ITEM, &item), (OPTION, &option)] {
        if value.is_empty() {
            reading.fault(file, line, Reason::MissingCell(name.to_owned()));
        }
    }
    if numbers.insert((item, option), points).is_some() {
        reading.fault(file, line, Reason::Duplicate);
    }
}

fn read_points(column: &str, cell: &str) -> Result<u16, Reason> {
    if cell.is_empty() {
        return Err(Reason::MissingCell(column.to_owned()));
    }
    let digits_only = cell.bytes().all(|b| b.is_ascii_digit());
    let points = cell.parse().ok().filter(|points| digits_only && *points <= 1000);
    points.ok_or_else(|| Reason::NotPoints { column: column.to_owned(), found: cell.chars().take(20).collect() })
}
