//! The faults that lists of real offices hold, put into a clean list.
//!
//! Owns the kinds of dirt and where they are put. Every kind occurs at least once in a list of fifty households or more.

use jiff::civil::date;
use rand_core::Rng;
use unicode_normalization::UnicodeNormalization;

use super::super::household::Listing;
use super::super::layout::{Field, Sheet};
use super::super::write::{self, Out, OutRow};
use super::{LISTED_ON, below};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirt {
    /// The titles of the columns stand again in the middle.
    RepeatedTitles,
    /// A row stands twice.
    DuplicateRow,
    /// The head's row stands twice.
    HeadTwice,
    /// Two households have one number.
    DuplicateNumber,
    /// A subtotal stands in the middle.
    Subtotal,
    /// The head's row is missing.
    LostHead,
    /// The date of birth is no date.
    GarbledDate,
    /// The date of birth is missing.
    MissingDate,
    /// The date of birth is text.
    TextDate,
    /// The date of birth is the bare number of a day.
    SerialDate,
    /// The year of birth has two digits.
    ShortYear,
    /// The ID was taken for a number and lost its zeros.
    ShortenedId,
    /// The ID has a letter in it.
    BadId,
    /// The ID belongs to the other sex.
    WrongId,
    /// An old ID of nine digits.
    OldId,
    /// The sex is missing.
    MissingSex,
    /// The name is stored with separate marks.
    DecomposedName,
    /// The name has spaces and invisible characters too many.
    SpacedName,
    /// The ethnic group is on no list.
    UnknownEthnicity,
    /// The class is no class.
    UnknownClass,
    /// The commune's code is the one of before July 2025.
    OldCommuneCode,
}

impl Dirt {
    /// All kinds.
    pub const ALL: [Self; 21] = [
        Self::RepeatedTitles,
        Self::DuplicateRow,
        Self::HeadTwice,
        Self::DuplicateNumber,
        Self::Subtotal,
        Self::LostHead,
        Self::GarbledDate,
        Self::MissingDate,
        Self::TextDate,
        Self::SerialDate,
        Self::ShortYear,
        Self::ShortenedId,
        Self::BadId,
        Self::WrongId,
        Self::OldId,
        Self::MissingSex,
        Self::DecomposedName,
        Self::SpacedName,
        Self::UnknownEthnicity,
        Self::UnknownClass,
        Self::OldCommuneCode,
    ];

    /// The finding that an import must make of it; `None` where the value is read without a word.
    pub fn slug(self) -> Option<&'static str> {
        Some(match self {
            Self::RepeatedTitles => "row/titles",
            Self::DuplicateRow => "row/duplicate",
            Self::HeadTwice => "row/head-twice",
            Self::DuplicateNumber => "household/number-twice",
            Self::Subtotal => "row/totals",
            Self::LostHead => "row/member-without-head",
            Self::GarbledDate => "date/unreadable",
            Self::MissingDate => "date/missing",
            Self::TextDate => return None,
            Self::SerialDate => "date/serial",
            Self::ShortYear => "date/century",
            Self::ShortenedId => "citizen-id/zeros-restored",
            Self::BadId => "citizen-id/unreadable",
            Self::WrongId => "citizen-id/sex-differs",
            Self::OldId => "citizen-id/old",
            Self::MissingSex => "sex/from-id",
            Self::DecomposedName => "text/composed",
            Self::SpacedName => "text/spaces",
            Self::UnknownEthnicity => "ethnicity/unknown",
            Self::UnknownClass => "class/unknown",
            Self::OldCommuneCode => "commune/code-differs",
        })
    }
}

/// Rows of the first sheet with dirt in about one household of twelve, and what was put in.
pub(super) fn soil(households: &[Listing], rng: &mut impl Rng) -> (Vec<OutRow>, Vec<Dirt>) {
    let mut rows = Vec::new();
    let mut soiled = Vec::new();
    for (at, household) in households.iter().enumerate() {
        let mut own = write::rows(Sheet::Listed, household, LISTED_ON);
        // The first households get one kind each, so that small samples have them all.
        let kind = match at.checked_sub(2).and_then(|at| (at % 2 == 0).then(|| Dirt::ALL.get(at / 2))?) {
            Some(kind) => Some(*kind),
            None if below(rng, 12) == 0 => Some(Dirt::ALL[super::index(rng, Dirt::ALL.len())]),
            None => None,
        };
        if let Some(kind) = kind.filter(|kind| put(*kind, &mut own)) {
            soiled.push(kind);
        }
        rows.extend(own);
    }
    (rows, soiled)
}

/// Puts one kind of dirt into the rows of a household; false when this household has no place for it.
fn put(kind: Dirt, rows: &mut Vec<OutRow>) -> bool {
    let several = rows.len() > 1;
    match kind {
        Dirt::RepeatedTitles => rows.insert(0, titles()),
        Dirt::Subtotal => rows.insert(0, subtotal()),
        Dirt::DuplicateRow if several => rows.push(rows[rows.len() - 1].clone()),
        Dirt::HeadTwice => rows.insert(0, rows[0].clone()),
        // A subtotal stands above: without one nobody could tell these members from the household before them.
        Dirt::LostHead if several => rows[0] = subtotal(),
        Dirt::DuplicateRow | Dirt::LostHead => return false,
        Dirt::DuplicateNumber => set(rows, Field::Number, text("1")),
        Dirt::GarbledDate => set(rows, Field::Born, text("không nhớ")),
        Dirt::MissingDate => unset(rows, Field::Born),
        Dirt::TextDate => return reform(rows, Field::Born, |cell| day(cell).map(|day| text(&day))),
        Dirt::SerialDate => return reform(rows, Field::Born, serial),
        Dirt::ShortYear => return reform(rows, Field::Born, |cell| day(cell).and_then(|day| short_year(&day))),
        Dirt::ShortenedId => return reform(rows, Field::PersonNumber, shortened),
        Dirt::BadId => {
            return reform(rows, Field::PersonNumber, |cell| Some(text(&as_text(cell)?.replacen('0', "O", 1))));
        }
        Dirt::WrongId => return reform(rows, Field::Sex, |cell| Some(text(other_sex(&as_text(cell)?)))),
        Dirt::OldId => return reform(rows, Field::PersonNumber, |cell| Some(text(&old(&as_text(cell)?)?))),
        Dirt::MissingSex => unset(rows, Field::Sex),
        Dirt::DecomposedName => return reform(rows, Field::Name, decomposed),
        Dirt::SpacedName => {
            return reform(rows, Field::Name, |cell| Some(text(&as_text(cell)?.replace(' ', " \u{200b} "))));
        }
        Dirt::UnknownEthnicity => set(rows, Field::Ethnicity, text("Dân tộc khác")),
        Dirt::UnknownClass => set(rows, Field::Class, text("Hộ khó khăn")),
        Dirt::OldCommuneCode => set(rows, Field::CommuneCode, text("01240")),
    }
    true
}

fn titles() -> OutRow {
    Sheet::Listed.columns().iter().map(|column| (column.at, text(column.title))).collect()
}

fn subtotal() -> OutRow {
    vec![(1, text("Tổng số hộ của thôn: 12"))]
}

fn text(text: &str) -> Out {
    Out::Text(text.to_owned())
}

fn as_text(cell: &Out) -> Option<String> {
    match cell {
        Out::Text(text) => Some(text.clone()),
        Out::Whole(_) | Out::Day(_) => None,
    }
}

fn day(cell: &Out) -> Option<String> {
    match cell {
        Out::Day(day) => Some(format!("{}/{}/{}", day.day(), day.month(), day.year())),
        Out::Text(_) | Out::Whole(_) => None,
    }
}

fn short_year(day: &str) -> Option<Out> {
    let (days, year) = day.rsplit_once('/')?;
    Some(text(&format!("{days}/{}", year.get(2..)?)))
}

fn shortened(cell: &Out) -> Option<Out> {
    as_text(cell)?.parse().ok().map(Out::Whole)
}

/// The number of the day as spreadsheets count: 1 is 1900-01-01, and 1900 had a 29 February.
fn serial(cell: &Out) -> Option<Out> {
    match cell {
        Out::Day(day) => Some(Out::Whole(i64::from(day.since(date(1899, 12, 30)).ok()?.get_days()))),
        Out::Text(_) | Out::Whole(_) => None,
    }
}

/// The old number of somebody who has a new one: nobody else's.
fn old(number: &str) -> Option<String> {
    Some(format!("073{}", number.get(6..)?))
}

fn other_sex(sex: &str) -> &'static str {
    if sex == "Nam" { "Nữ" } else { "Nam" }
}

fn decomposed(cell: &Out) -> Option<Out> {
    let name = as_text(cell)?;
    let apart: String = name.nfd().collect();
    (apart != name).then(|| text(&apart))
}

/// Changes one cell of the head's row; false when it does not hold what the change needs.
fn reform(rows: &mut [OutRow], field: Field, change: impl Fn(&Out) -> Option<Out>) -> bool {
    let cell = cell(rows, field);
    let changed = cell.as_deref().and_then(change);
    match (cell, changed) {
        (Some(cell), Some(changed)) => {
            *cell = changed;
            true
        }
        _ => false,
    }
}

fn set(rows: &mut [OutRow], field: Field, value: Out) {
    match cell(rows, field) {
        Some(cell) => *cell = value,
        None => {
            if let (Some(row), Some(column)) = (rows.first_mut(), Sheet::Listed.column_of(field)) {
                row.push((column, value));
            }
        }
    }
}

fn unset(rows: &mut [OutRow], field: Field) {
    let column = Sheet::Listed.column_of(field);
    if let Some(row) = rows.first_mut() {
        row.retain(|(at, _)| Some(*at) != column);
    }
}

fn cell(rows: &mut [OutRow], field: Field) -> Option<&mut Out> {
    let column = Sheet::Listed.column_of(field)?;
    rows.first_mut()?.iter_mut().find(|(at, _)| *at == column).map(|(_, out)| out)
}
