//! The sheet of totals behind the lists of several communes: counts, shares, and the root of each list.
//!
//! Owns its layout. Shares are of the households that were reviewed: how many live in a commune at all is not known here.

use jiff::civil::Date;
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::household::RosterBook;
use super::write::{Looks, WriteError, tables, workbook};

/// Name on the tab.
const TAB: &str = "4. Tổng hợp";
const TITLE: &str = "TỔNG HỢP KẾT QUẢ RÀ SOÁT HỘ NGHÈO, HỘ CẬN NGHÈO";
/// Titles and widths of the columns.
const COLUMNS: [(&str, u16); 15] = [
    ("STT", 6),
    ("Xã", 24),
    ("Mã xã", 8),
    ("Số hộ được rà soát", 10),
    ("Hộ nghèo: số hộ", 9),
    ("Hộ nghèo: tỷ lệ trong số hộ được rà soát", 12),
    ("Hộ nghèo: nhân khẩu", 9),
    ("Hộ cận nghèo: số hộ", 9),
    ("Hộ cận nghèo: tỷ lệ trong số hộ được rà soát", 12),
    ("Hộ cận nghèo: nhân khẩu", 9),
    ("Hộ thoát nghèo: số hộ", 9),
    ("Hộ thoát nghèo: nhân khẩu", 9),
    ("Hộ thoát cận nghèo: số hộ", 9),
    ("Hộ thoát cận nghèo: nhân khẩu", 9),
    ("Mã gốc của danh sách", 68),
];
const TITLES_ROW: u32 = 6;

/// What the sheet says of one commune.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommuneTotals {
    /// Its name.
    pub name: String,
    /// Its official code; empty when it has none.
    pub code: String,
    /// Its list; `None` when none was compiled yet.
    pub list: Option<ListTotals>,
}

/// Counts of one list; pairs are households and people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTotals {
    /// Households that were approved, those on no list included.
    pub reviewed: u64,
    /// *Hộ nghèo.*
    pub poor: (u64, u64),
    /// *Hộ cận nghèo.*
    pub near_poor: (u64, u64),
    /// *Hộ thoát nghèo.*
    pub escaped_poor: (u64, u64),
    /// *Hộ thoát cận nghèo.*
    pub escaped_near_poor: (u64, u64),
    /// The root of the list.
    pub root: String,
}

/// Writes the lists of several communes with their totals. `created_on` is the day that the file says it was made on.
pub fn write_compiled(book: &RosterBook, totals: &[CommuneTotals], created_on: Date) -> Result<Vec<u8>, WriteError> {
    let looks = Looks::new();
    let mut workbook = workbook(&book.heading, tables(book, created_on), &looks, created_on)?;
    write_totals(workbook.add_worksheet(), book, totals, &looks)?;
    Ok(workbook.save_to_buffer()?)
}

fn write_totals(
    page: &mut Worksheet,
    book: &RosterBook,
    totals: &[CommuneTotals],
    looks: &Looks,
) -> Result<(), XlsxError> {
    page.set_name(TAB)?;
    write_heading(page, book, looks)?;
    let mut at = TITLES_ROW + 2;
    for (commune, number) in totals.iter().zip(1u32..) {
        write_row(page, at, &number.to_string(), commune, (&looks.text, &looks.centred))?;
        at += 1;
    }
    write_row(page, at, "", &sum(totals), (&looks.header, &looks.header))?;
    page.set_print_area(0, 0, at, last())?;
    Ok(())
}

fn last() -> u16 {
    COLUMNS.len() as u16 - 1
}

fn write_heading(page: &mut Worksheet, book: &RosterBook, looks: &Looks) -> Result<(), XlsxError> {
    page.set_landscape().set_paper_size(8).set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
    page.set_margins(0.3, 0.3, 0.4, 0.5, 0.2, 0.2).set_footer("&L&A&RTrang &P/&N");
    page.set_freeze_panes(TITLES_ROW + 2, 2)?.set_repeat_rows(TITLES_ROW, TITLES_ROW + 1)?;
    page.merge_range(0, 0, 0, 5, &book.heading.above, &looks.letterhead)?;
    page.merge_range(1, 0, 1, 5, &book.heading.office, &looks.letterhead)?;
    page.merge_range(3, 0, 3, last(), TITLE, &looks.title)?;
    page.set_row_height(3, 26)?;
    page.merge_range(4, 0, 4, last(), &book.heading.round, &looks.subtitle)?;
    page.merge_range(5, 0, 5, last(), &book.heading.standard, &looks.subtitle)?;
    page.set_row_height(TITLES_ROW, 64)?;
    for ((title, width), column) in COLUMNS.into_iter().zip(0u16..) {
        page.set_column_width(column, width)?;
        page.write_string_with_format(TITLES_ROW, column, title, &looks.header)?;
        page.write_string_with_format(TITLES_ROW + 1, column, format!("({})", column + 1), &looks.numbering)?;
    }
    Ok(())
}

fn write_row(
    page: &mut Worksheet,
    at: u32,
    number: &str,
    commune: &CommuneTotals,
    (text, centred): (&Format, &Format),
) -> Result<(), XlsxError> {
    page.set_row_height(at, 18)?;
    for column in 0..=last() {
        page.write_blank(at, column, centred)?;
    }
    page.write_string_with_format(at, 0, number, centred)?;
    page.write_string_with_format(at, 1, &commune.name, text)?;
    page.write_string_with_format(at, 2, &commune.code, centred)?;
    match &commune.list {
        Some(list) => write_counts(page, at, list, centred),
        None => page.write_string_with_format(at, 14, "chưa lập danh sách", centred).map(drop),
    }
}

fn write_counts(page: &mut Worksheet, at: u32, list: &ListTotals, centred: &Format) -> Result<(), XlsxError> {
    let whole = [
        (3, list.reviewed),
        (4, list.poor.0),
        (6, list.poor.1),
        (7, list.near_poor.0),
        (9, list.near_poor.1),
        (10, list.escaped_poor.0),
        (11, list.escaped_poor.1),
        (12, list.escaped_near_poor.0),
        (13, list.escaped_near_poor.1),
    ];
    for (column, number) in whole {
        // Counts of people: far below 2^53.
        page.write_number_with_format(at, column, number as f64, centred)?;
    }
    let percent = centred.clone().set_num_format("0.00%");
    for (column, households) in [(5, list.poor.0), (8, list.near_poor.0)].into_iter().filter(|_| list.reviewed > 0) {
        page.write_number_with_format(at, column, households as f64 / list.reviewed as f64, &percent)?;
    }
    page.write_string_with_format(at, 14, &list.root, centred)?;
    Ok(())
}

/// All lists together.
fn sum(totals: &[CommuneTotals]) -> CommuneTotals {
    let add = |(households, people): &mut (u64, u64), (more, heads): (u64, u64)| {
        *households += more;
        *people += heads;
    };
    let mut all = ListTotals::default();
    for list in totals.iter().filter_map(|commune| commune.list.as_ref()) {
        all.reviewed += list.reviewed;
        add(&mut all.poor, list.poor);
        add(&mut all.near_poor, list.near_poor);
        add(&mut all.escaped_poor, list.escaped_poor);
        add(&mut all.escaped_near_poor, list.escaped_near_poor);
    }
    CommuneTotals { name: "Tổng cộng".to_owned(), code: String::new(), list: Some(all) }
}
