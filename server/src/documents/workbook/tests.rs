//! Files read and written, whole. Tests of single values stand beside their modules.

mod dirt;
mod fuzz;
mod hostile;
mod round_trip;

use std::io::Write;

use jiff::civil::{Date, date};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::layout::{Field, Sheet};
use super::sample;
use super::write::{Out, OutRow, Table, write_tables};
use super::{Done, Found, Heading, Item, Options, Refusal, ReportLine, Summary, read};

const AS_OF: Date = date(2025, 12, 15);

/// What came out of a file.
struct Reading {
    found: Vec<Found>,
    lines: Vec<ReportLine>,
    summary: Summary,
}

impl Reading {
    /// The lines of one finding.
    fn lines(&self, slug: &str) -> Vec<&ReportLine> {
        self.lines.iter().filter(|line| line.slug == slug).collect()
    }

    fn slugs(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.slug.as_str()).collect()
    }

    /// Every row that is in the data or is said to be left out.
    fn rows_accounted_for(&self, sheet: Sheet) -> std::collections::BTreeSet<u32> {
        let data = self.found.iter().filter(|found| found.sheet == sheet).flat_map(|found| found.rows.iter().copied());
        let left_out = self.lines.iter().filter(|line| line.sheet == Some(sheet) && line.done == Done::RowLeftOut);
        data.chain(left_out.map(|line| line.row)).collect()
    }
}

fn read_bytes(bytes: &[u8], suffix: &str) -> Result<Reading, Refusal> {
    let mut file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let (mut found, mut lines) = (Vec::new(), Vec::new());
    let summary = read(file.path(), Options { as_of: AS_OF }, &mut |item| match item {
        Item::Household(household) => found.push(*household),
        Item::Report(line) => lines.push(line),
        Item::Progress { .. } => {}
    })?;
    Ok(Reading { found, lines, summary })
}

fn heading() -> Heading {
    Heading {
        above: "TỈNH TUYÊN QUANG".into(),
        office: "ỦY BAN NHÂN DÂN XÃ TÂN TRỊNH".into(),
        round: "Đợt rà soát định kỳ năm 2025".into(),
        standard: "Chuẩn nghèo giai đoạn 2022-2025".into(),
    }
}

/// A workbook whose first sheet has these rows from row 8 on.
fn workbook_of(rows: Vec<OutRow>) -> Vec<u8> {
    let table = |sheet, rows| Table { sheet, rows, totals: "Tổng cộng".into() };
    let tables =
        vec![table(Sheet::Listed, rows), table(Sheet::EscapedPoor, vec![]), table(Sheet::EscapedNearPoor, vec![])];
    write_tables(&heading(), tables, AS_OF).unwrap()
}

fn read_rows(rows: Vec<OutRow>) -> Reading {
    read_bytes(&workbook_of(rows), ".xlsx").unwrap()
}

fn text(field: Field, text: &str) -> (u16, Out) {
    (Sheet::Listed.column_of(field).unwrap(), Out::Text(text.into()))
}

fn whole(field: Field, number: i64) -> (u16, Out) {
    (Sheet::Listed.column_of(field).unwrap(), Out::Whole(number))
}

/// The row of a head: Hoàng Văn Tuân, born 1985, of Tân Trịnh.
fn head() -> OutRow {
    vec![
        text(Field::Number, "1"),
        text(Field::HeadName, "Hoàng Văn Tuân"),
        text(Field::Name, "Hoàng Văn Tuân"),
        text(Field::Relation, "Chủ hộ"),
        text(Field::Born, "02/03/1985"),
        text(Field::Sex, "Nam"),
        text(Field::PersonNumber, "002085000123"),
        text(Field::Province, "Tỉnh Tuyên Quang"),
        text(Field::Commune, "Xã Tân Trịnh"),
        text(Field::CommuneCode, "01243"),
        text(Field::Village, "Thôn Nà Chì"),
        text(Field::Ethnicity, "Tày"),
        text(Field::Class, "Hộ nghèo"),
        whole(Field::B1, 120),
        whole(Field::B2, 40),
    ]
}

/// The row of his wife, Nông Thị Lan, born 1988.
fn wife() -> OutRow {
    vec![
        text(Field::Name, "Nông Thị Lan"),
        text(Field::Relation, "Vợ"),
        text(Field::Born, "05/06/1988"),
        text(Field::Sex, "Nữ"),
        text(Field::PersonNumber, "002188000456"),
        text(Field::Ethnicity, "Tày"),
    ]
}

/// A row with one cell put in or replaced.
fn with(mut row: OutRow, cell: (u16, Out)) -> OutRow {
    row.retain(|(column, _)| *column != cell.0);
    row.push(cell);
    row
}

fn without(mut row: OutRow, field: Field) -> OutRow {
    row.retain(|(column, _)| Some(*column) != Sheet::Listed.column_of(field));
    row
}

fn chance(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}
