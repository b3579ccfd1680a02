//! Lists as CSV and JSON.
//!
//! Owns the two plain forms. The CSV of sheet 1 reads back through [`super::read`]; the JSON is that of the types.

use jiff::civil::Date;

use super::household::{Listing, RosterBook};
use super::layout::{Field, Sheet};
use super::write::{Out, rows};

/// Signs by which a spreadsheet takes a text for a formula.
pub(super) const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// One sheet as CSV: UTF-8 with a byte-order mark, so that Excel reads the letters right.
pub fn write_csv(sheet: Sheet, households: &[Listing], created_on: Date) -> Vec<u8> {
    let printed = sheet.columns().iter().filter(|column| !matches!(column.field, Field::Age | Field::Size));
    let last = printed.map(|column| column.at).max().unwrap_or_default();
    let mut titles = vec![String::new(); usize::from(last)];
    for column in sheet.columns().iter().filter(|column| column.at <= last) {
        titles[usize::from(column.at) - 1] = column.title.to_owned();
    }
    let rows = households.iter().flat_map(|household| rows(sheet, household, created_on)).map(|row| {
        let mut texts = vec![String::new(); usize::from(last)];
        for (column, value) in row.into_iter().filter(|(column, _)| *column <= last) {
            texts[usize::from(column) - 1] = text(value);
        }
        texts
    });
    csv_bytes(std::iter::once(titles).chain(rows))
}

/// Rows of values as CSV: UTF-8 with a byte-order mark.
pub(super) fn csv_of(rows: impl Iterator<Item = Vec<Option<Out>>>) -> Vec<u8> {
    csv_bytes(rows.map(|row| row.into_iter().map(|value| value.map(text).unwrap_or_default()).collect()))
}

/// A roster as JSON; the same book gives the same bytes.
pub fn write_json(book: &RosterBook) -> Vec<u8> {
    // Plain data with text keys: nothing here that JSON cannot hold.
    serde_json::to_vec_pretty(book).expect("plain data")
}

fn text(value: Out) -> String {
    match value {
        Out::Text(text) => text,
        Out::Whole(number) => number.to_string(),
        Out::Day(day) => format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year()),
    }
}

/// Rows of texts as CSV; a text that would be a formula gets an apostrophe in front.
pub(super) fn csv_bytes(rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    for row in rows {
        let row = row.into_iter().map(|text| if text.starts_with(FORMULA_STARTS) { format!("'{text}") } else { text });
        // Memory does not fail to be written, and all rows of a table have one length.
        writer.write_record(row).expect("writing to memory");
    }
    // As above.
    writer.into_inner().expect("writing to memory")
}
