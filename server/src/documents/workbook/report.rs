//! The report of an import: for every row that was mended, doubted or left out, what was there and what was done.
//!
//! Owns its lines, counts and text forms. The rule it serves: a row of the file is in the data, in the report, or in both.

use std::collections::BTreeMap;
use std::fmt::Write;

use schemas::codes::Remark;
use schemas::form::Label;
use serde::{Deserialize, Serialize};

use super::layout::Sheet;
use super::plain;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know; nobody needs to act.
    Note,
    /// Somebody should look.
    Warning,
    /// Something of the list is not in the data.
    Error,
}

/// What was done with what was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Taken over as it is.
    Kept,
    /// Taken over mended; this is the new value.
    Mended(String),
    /// The value is left out, the row is kept.
    CellLeftOut,
    /// The row is not in the data.
    RowLeftOut,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportLine {
    /// Which sheet; `None` for a sheet that is not one of the three.
    pub sheet: Option<Sheet>,
    /// Row, counted from 1 as the spreadsheet shows it; 0 for the sheet as a whole.
    pub row: u32,
    /// Letters of the column; empty for the row as a whole.
    pub column: String,
    /// How much it matters.
    pub severity: Severity,
    /// Stable name of the finding.
    pub slug: String,
    /// The finding in words.
    pub text: Label,
    /// What was there.
    pub was: String,
    /// What was done.
    pub done: Done,
}

/// Counts of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Rows that hold anything.
    pub rows: u64,
    /// Rows that became a member.
    pub members: u64,
    /// Households.
    pub households: u64,
    /// Rows left out, headings and totals not counted.
    pub rows_left_out: u64,
    /// Values mended.
    pub mended: u64,
    /// Lines of the report by slug.
    pub findings: BTreeMap<String, u64>,
}

impl Summary {
    pub(super) fn count(&mut self, line: &ReportLine) {
        *self.findings.entry(line.slug.clone()).or_default() += 1;
        match line.done {
            Done::RowLeftOut if line.severity > Severity::Note => self.rows_left_out += 1,
            Done::Mended(_) => self.mended += 1,
            Done::RowLeftOut | Done::Kept | Done::CellLeftOut => {}
        }
    }
}

/// A finding that does not yet know where it was made.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) slug: &'static str,
    pub(super) text: Label,
    pub(super) was: String,
    pub(super) done: Done,
}

impl Finding {
    pub(super) fn new(severity: Severity, slug: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        let text = Label { vi: vi.into(), en: en.into() };
        Self { severity, slug, text, was: String::new(), done: Done::Kept }
    }

    pub(super) fn from_remark(severity: Severity, remark: Remark) -> Self {
        Self { severity, slug: remark.slug, text: remark.text, was: String::new(), done: Done::Kept }
    }

    pub(super) fn was(mut self, was: impl Into<String>) -> Self {
        self.was = was.into();
        self
    }

    pub(super) fn mended(mut self, now: impl Into<String>) -> Self {
        self.done = Done::Mended(now.into());
        self
    }

    pub(super) fn cell_left_out(mut self) -> Self {
        self.done = Done::CellLeftOut;
        self
    }

    pub(super) fn row_left_out(mut self) -> Self {
        self.done = Done::RowLeftOut;
        self
    }
}

impl ReportLine {
    fn place(&self) -> String {
        let tab = self.sheet.map_or("", Sheet::tab);
        match (self.row, self.column.as_str()) {
            (0, _) => format!("[{tab}]"),
            (row, column) => format!("[{tab}] {column}{row}"),
        }
    }

    fn done_texts(&self) -> (String, String) {
        match &self.done {
            Done::Kept => ("giữ nguyên".to_owned(), "kept".to_owned()),
            Done::Mended(now) => (format!("sửa thành “{now}”"), format!("mended to “{now}”")),
            Done::CellLeftOut => ("bỏ giá trị này".to_owned(), "value left out".to_owned()),
            Done::RowLeftOut => ("không nhập dòng này".to_owned(), "row left out".to_owned()),
        }
    }
}

/// The report as text, Vietnamese first, one finding in two lines.
pub fn render_text(lines: &[ReportLine], summary: &Summary) -> String {
    let mut text = format!(
        "{} dòng, {} hộ, {} người; {} dòng không nhập, {} chỗ đã sửa\n\
         {} rows, {} households, {} people; {} rows left out, {} values mended\n\n",
        summary.rows,
        summary.households,
        summary.members,
        summary.rows_left_out,
        summary.mended,
        summary.rows,
        summary.households,
        summary.members,
        summary.rows_left_out,
        summary.mended,
    );
    for line in lines {
        let (done_vi, done_en) = line.done_texts();
        let was = if line.was.is_empty() { String::new() } else { format!(" (“{}”)", line.was) };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {}{was}: {done_vi}", line.place(), line.text.vi);
        let _ = writeln!(text, "    {}: {done_en}", line.text.en);
    }
    text
}

/// The report as CSV with a byte-order mark, for Excel.
pub fn render_csv(lines: &[ReportLine]) -> Vec<u8> {
    let titles = ["Trang", "Dòng", "Cột", "Mức", "Mã", "Nội dung", "Finding", "Giá trị gốc", "Xử lý", "Done"];
    let titles = titles.map(str::to_owned).to_vec();
    let rows = lines.iter().map(|line| {
        let (done_vi, done_en) = line.done_texts();
        let severity = match line.severity {
            Severity::Note => "ghi chú",
            Severity::Warning => "cảnh báo",
            Severity::Error => "lỗi",
        };
        vec![
            line.sheet.map_or("", Sheet::tab).to_owned(),
            line.row.to_string(),
            line.column.clone(),
            severity.to_owned(),
            line.slug.clone(),
            line.text.vi.clone(),
            line.text.en.clone(),
            line.was.clone(),
            done_vi,
            done_en,
        ]
    });
    plain::csv_bytes(std::iter::once(titles).chain(rows))
}
