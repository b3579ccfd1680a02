//! Reading a workbook: the one way in for .xlsx and .csv.
//!
//! Owns the order of things: look at the container, stream the three sheets, give out households and report lines. Which
//! sheet is which list is told by its place; our own sheet of households without a class is told by its name and counts for
//! nothing. Pure but for the file itself, so a dry run is the same call.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use calamine::{Reader, SheetType, Xlsx};
use jiff::civil::Date;
use schemas::codes::names;
use serde::{Deserialize, Serialize};

use super::assemble::Assembler;
use super::cells;
use super::container::{self, Kind};
use super::household::Listing;
use super::layout::Sheet;
use super::refusal::Refusal;
use super::report::{Finding, ReportLine, Severity, Summary};
use super::unassessed;

/// What the reader is told about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The day of the list: nothing in it happened later, and commune codes without a decision date are read as of it.
    pub as_of: Date,
}

/// A household, and where in the file it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The sheet.
    pub sheet: Sheet,
    /// The row of each member, counted from 1.
    pub rows: Vec<u32>,
    /// What the list says.
    pub household: Listing,
}

/// What comes out of a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A household.
    Household(Box<Found>),
    /// A line of the report.
    Report(ReportLine),
    /// How far the reader is, about every thousand rows.
    Progress {
        /// The sheet being read.
        sheet: Sheet,
        /// The row just read.
        row: u32,
    },
}

/// Reads a file and gives every household and report line to `sink`. After a refusal, nothing given out before counts.
pub fn read(path: &Path, options: Options, sink: &mut dyn FnMut(Item)) -> Result<Summary, Refusal> {
    match container::inspect(path)? {
        Kind::Csv => read_csv(path, options, sink),
        Kind::Xlsx => {
            // The library is good, yet it subtracts and reserves by numbers of the file; what slips past the look at the
            // container becomes a refusal. Nothing of ours survives the unwinding.
            let reading = AssertUnwindSafe(|| read_xlsx(path, options, sink));
            let failed = |_| Err(Refusal::ReaderFailed { detail: "panic".to_owned() });
            panic::catch_unwind(reading).unwrap_or_else(failed)
        }
    }
}

fn read_xlsx(path: &Path, options: Options, sink: &mut dyn FnMut(Item)) -> Result<Summary, Refusal> {
    let file = BufReader::new(File::open(path)?);
    let mut workbook = Xlsx::new(file).map_err(|error| Refusal::damaged("workbook", error))?;
    let sheets: Vec<_> = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
    let tabs: Vec<String> = sheets.into_iter().map(|sheet| sheet.name.clone()).collect();
    if tabs.is_empty() {
        return Err(Refusal::damaged("workbook", "no sheet"));
    }
    let (apart, tabs): (Vec<String>, Vec<String>) = tabs.into_iter().partition(|tab| unassessed::is_tab(tab));
    let mut assembler = Assembler::new(options.as_of, sink);
    for (tab, sheet) in tabs.iter().zip(Sheet::ALL) {
        assembler.begin(sheet);
        cells::xlsx_rows(&mut workbook, tab, |row| {
            assembler.row(row);
            Ok(())
        })?;
    }
    for tab in tabs.iter().skip(Sheet::ALL.len()) {
        let (vi, en) = ("trang thứ tư trở đi không đọc", "sheets after the third are not read");
        assembler.about_sheet(None, Finding::new(Severity::Warning, "sheet/not-read", vi, en).was(tab.clone()));
    }
    apart.iter().for_each(|tab| assembler.about_sheet(None, unassessed::nothing_taken(tab)));
    Ok(assembler.end())
}

fn read_csv(path: &Path, options: Options, sink: &mut dyn FnMut(Item)) -> Result<Summary, Refusal> {
    let titles = titles(BufReader::new(File::open(path)?))?;
    let mut assembler = Assembler::new(options.as_of, sink);
    if unassessed::are_titles(&titles) {
        assembler.about_sheet(None, unassessed::nothing_taken(&titles));
        return Ok(assembler.end());
    }
    let delimiter = delimiter(&titles);
    assembler.begin(Sheet::Listed);
    cells::csv_rows(BufReader::new(File::open(path)?), delimiter, |row| {
        assembler.row(row);
        Ok(())
    })?;
    Ok(assembler.end())
}

/// The line of the titles; empty when the first lines of the file have none.
fn titles(file: impl BufRead) -> Result<String, Refusal> {
    for line in file.lines().take(20) {
        let line = line?;
        if names::fold(&line).contains("ho va ten") {
            return Ok(line);
        }
    }
    Ok(String::new())
}

/// The sign between the titles: Excel writes semicolons where the decimal sign is a comma, as in Vietnam.
fn delimiter(titles: &str) -> u8 {
    let count = |sign: &u8| titles.bytes().filter(|byte| byte == sign).count();
    // Where none stands more often than the others, as in a file without titles, it is the last of these.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}
