//! Rows of cells from a sheet or a CSV file, one at a time.
//!
//! Owns the step from a spreadsheet's loose values to a few kinds, floats ending here. Knows no column's meaning.

use std::collections::BTreeMap;
use std::io::{BufRead, Read, Seek};

use calamine::{DataRef, Dimensions, Xlsx};
use jiff::civil::Date;
use schemas::codes::names;

use super::limits;
use super::refusal::{Measure, Refusal};

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Whole(i64),
    /// A number with a fraction, as it would be typed.
    Fraction(String),
    Day(Date),
}

impl Cell {
    /// The cell as a person would type it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Fraction(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Day(day) => format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year()),
        }
    }

    fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if names::clean(text).text.is_empty())
    }
}

/// A row with at least one cell that is not blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Counted from 1.
    pub(super) number: u32,
    /// By column, counted from 0; blank cells are absent.
    pub(super) cells: BTreeMap<u16, Cell>,
}

impl Row {
    /// Everything in the row, for the report.
    pub(super) fn text(&self) -> String {
        let text = self.cells.values().map(Cell::text).collect::<Vec<_>>().join(" | ");
        text.chars().take(limits::CELL_CHARACTERS).collect()
    }
}

/// Gives every row of a sheet that holds anything to `give`, in the order of the file.
pub(super) fn xlsx_rows<R: Read + Seek>(
    workbook: &mut Xlsx<R>,
    sheet: &str,
    mut give: impl FnMut(Row) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let merged = workbook.merge_cells_by_sheet_name(sheet).map_err(|error| Refusal::damaged(sheet, error))?;
    let mut merged = MergedAreas::new(merged);
    let mut cells = workbook.worksheet_cells_reader(sheet).map_err(|error| Refusal::damaged(sheet, error))?;
    let mut row = Row::default();
    loop {
        let at = || format!("{sheet}!{}", row.number);
        let Some(cell) = cells.next_cell().map_err(|error| Refusal::damaged(at(), error))? else { break };
        let (number, column) = cell.get_position();
        let number = number.saturating_add(1);
        if number > limits::ROWS {
            return Err(Refusal::too_much(Measure::Rows, limits::ROWS));
        }
        let Some(value) = kept(cell.get_value()) else { continue };
        if column >= limits::COLUMNS {
            return Err(Refusal::too_much(Measure::Columns, limits::COLUMNS));
        }
        // COLUMNS is far below 65,536.
        let column = column as u16;
        // A broken file may name one place twice; both values must be seen.
        if number != row.number || row.cells.contains_key(&column) {
            flush(&mut row, number, &mut merged, &mut give)?;
        }
        row.cells.insert(column, value);
    }
    flush(&mut row, 0, &mut merged, &mut give)
}

fn flush(
    row: &mut Row,
    next: u32,
    merged: &mut MergedAreas,
    give: &mut impl FnMut(Row) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut full = std::mem::replace(row, Row { number: next, cells: BTreeMap::new() });
    if full.cells.is_empty() {
        return Ok(());
    }
    merged.fill(&mut full);
    give(full)
}

fn kept(value: &DataRef<'_>) -> Option<Cell> {
    let cell = match value {
        DataRef::Empty => return None,
        DataRef::String(text) => Cell::Text(cut(text)),
        DataRef::SharedString(text) => Cell::Text(cut(text)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(cut(text)),
        DataRef::Int(number) => Cell::Whole(*number),
        DataRef::Float(number) => from_float(*number),
        DataRef::DateTime(moment) => from_moment(moment),
        DataRef::Bool(flag) => Cell::Text(if *flag { "có" } else { "không" }.to_owned()),
        DataRef::Error(error) => Cell::Text(error.to_string()),
    };
    (!cell.is_blank()).then_some(cell)
}

fn cut(text: &str) -> String {
    text.chars().take(limits::CELL_CHARACTERS).collect()
}

fn from_float(number: f64) -> Cell {
    // Whole numbers up to 2^53 are exact in a double, and a citizen ID has twelve digits.
    match number.fract() == 0.0 && number.abs() < 9e15 {
        true => Cell::Whole(number as i64),
        false => Cell::Fraction(number.to_string()),
    }
}

fn from_moment(moment: &calamine::ExcelDateTime) -> Cell {
    let serial = moment.as_f64();
    // A year typed into a cell with a date format: serial 1985 would be a day in 1905, before anybody now listed.
    if moment.is_duration() || !(2_101.0..2_958_466.0).contains(&serial) {
        return from_float(serial);
    }
    let (year, month, day, ..) = moment.to_ymd_hms_milli();
    let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
    let day = match parts {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    };
    day.map_or_else(|| from_float(serial), Cell::Day)
}

/// Areas merged over several rows, whose value stands only in the first.
struct MergedAreas {
    /// By first row, from 0, the last area first.
    waiting: Vec<Dimensions>,
    open: Vec<(Dimensions, Cell)>,
}

impl MergedAreas {
    fn new(mut areas: Vec<Dimensions>) -> Self {
        areas.retain(|area| area.end.0 > area.start.0);
        areas.sort_by_key(|area| std::cmp::Reverse(area.start));
        Self { waiting: areas, open: Vec::new() }
    }

    /// Repeats the values of merged areas in the rows below their first.
    fn fill(&mut self, row: &mut Row) {
        let at = row.number.saturating_sub(1);
        self.open.retain(|(area, _)| area.end.0 >= at);
        while let Some(area) = self.waiting.pop_if(|area| area.start.0 <= at) {
            let column = u16::try_from(area.start.1).ok();
            let value = column.and_then(|column| row.cells.get(&column)).filter(|_| area.start.0 == at);
            if let Some(value) = value {
                self.open.push((area, value.clone()));
            }
        }
        for (area, value) in &self.open {
            if let Ok(column) = u16::try_from(area.start.1) {
                row.cells.entry(column).or_insert_with(|| value.clone());
            }
        }
    }
}

/// Gives every record of a CSV file to `give`; the columns are shifted so that the first title stands in column B.
pub(super) fn csv_rows(
    source: impl BufRead,
    delimiter: u8,
    mut give: impl FnMut(Row) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(source);
    let mut shift = 0;
    for (record, number) in reader.records().zip(1u32..) {
        let record = record.map_err(|error| Refusal::damaged(format!("csv!{number}"), error))?;
        if number > limits::ROWS {
            return Err(Refusal::too_much(Measure::Rows, limits::ROWS));
        }
        if record.len() > limits::COLUMNS as usize {
            return Err(Refusal::too_much(Measure::Columns, limits::COLUMNS));
        }
        // Saved from the workbook, the empty column A comes along; written by us or by hand, it does not.
        if record.get(0).is_some_and(|title| names::fold(title) == "stt ho") {
            shift = 1;
        }
        let cells = record.iter().zip(shift..).map(|(text, column)| (column, Cell::Text(cut(bare(text)))));
        let cells: BTreeMap<u16, Cell> = cells.filter(|(_, cell)| !cell.is_blank()).collect();
        if !cells.is_empty() {
            give(Row { number, cells })?;
        }
    }
    Ok(())
}

/// Takes off the apostrophe that keeps a spreadsheet from taking a text for a formula.
fn bare(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(super::plain::FORMULA_STARTS) => rest,
        Some(_) | None => text,
    }
}
