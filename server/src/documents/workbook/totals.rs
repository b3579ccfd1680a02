//! The sheet of totals behind the lists of several communes: counts, shares, and the root of each list.
//!
//! Owns its layout. Shares are of the households that were reviewed: how many live in a commune at all is not known here.

use jiff::civil::Date;
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::frame::{FIRST_ROW, Frame};
use super::household::RosterBook;
use super::write::{Looks, WriteError, roster_workbook};

const FRAME: Frame = Frame {
    tab: "5. Tổng hợp",
    title: "TỔNG HỢP KẾT QUẢ RÀ SOÁT HỘ NGHÈO, HỘ CẬN NGHÈO",
    columns: &[
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
        ("Hộ không xếp loại", 9),
        ("Mã gốc của danh sách", 68),
    ],
};
/// The column of the roots.
const ROOT: u16 = 15;

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
    /// Households that were approved, those on no list included; those without a class are not among them.
    pub reviewed: u64,
    /// *Hộ nghèo.*
    pub poor: (u64, u64),
    /// *Hộ cận nghèo.*
    pub near_poor: (u64, u64),
    /// *Hộ thoát nghèo.*
    pub escaped_poor: (u64, u64),
    /// *Hộ thoát cận nghèo.*
    pub escaped_near_poor: (u64, u64),
    /// Households for which the round ended without a class.
    pub unassessed: u64,
    /// The root of the list.
    pub root: String,
}

/// What the sheet says of all communes together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledTotals {
    /// One after the other.
    pub communes: Vec<CommuneTotals>,
    /// The root of the compiled list; `None` while a commune has no list yet.
    pub root: Option<String>,
}

/// Writes the lists of several communes with their totals. `created_on` is the day that the file says it was made on.
pub fn write_compiled(book: &RosterBook, totals: &CompiledTotals, created_on: Date) -> Result<Vec<u8>, WriteError> {
    let looks = Looks::new();
    let mut workbook = roster_workbook(book, &looks, created_on)?;
    write_totals(workbook.add_worksheet(), book, totals, &looks)?;
    Ok(workbook.save_to_buffer()?)
}

fn write_totals(
    page: &mut Worksheet,
    book: &RosterBook,
    totals: &CompiledTotals,
    looks: &Looks,
) -> Result<(), XlsxError> {
    FRAME.write(page, &book.heading, looks)?;
    let mut at = FIRST_ROW;
    for (commune, number) in totals.communes.iter().zip(1u32..) {
        write_row(page, at, &number.to_string(), commune, (&looks.text, &looks.centred))?;
        at += 1;
    }
    write_row(page, at, "", &sum(totals), (&looks.header, &looks.header))?;
    page.set_print_area(0, 0, at, FRAME.last())?;
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
    for column in 0..=FRAME.last() {
        page.write_blank(at, column, centred)?;
    }
    page.write_string_with_format(at, 0, number, centred)?;
    page.write_string_with_format(at, 1, &commune.name, text)?;
    page.write_string_with_format(at, 2, &commune.code, centred)?;
    match &commune.list {
        Some(list) => write_counts(page, at, list, centred),
        None => page.write_string_with_format(at, ROOT, "chưa lập danh sách", centred).map(drop),
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
        (14, list.unassessed),
    ];
    for (column, number) in whole {
        // Counts of people: far below 2^53.
        page.write_number_with_format(at, column, number as f64, centred)?;
    }
    let percent = centred.clone().set_num_format("0.00%");
    for (column, households) in [(5, list.poor.0), (8, list.near_poor.0)].into_iter().filter(|_| list.reviewed > 0) {
        page.write_number_with_format(at, column, households as f64 / list.reviewed as f64, &percent)?;
    }
    page.write_string_with_format(at, ROOT, &list.root, centred)?;
    Ok(())
}

/// All lists together.
fn sum(totals: &CompiledTotals) -> CommuneTotals {
    let add = |(households, people): &mut (u64, u64), (more, heads): (u64, u64)| {
        *households += more;
        *people += heads;
    };
    let mut all = ListTotals { root: totals.root.clone().unwrap_or_default(), ..ListTotals::default() };
    for list in totals.communes.iter().filter_map(|commune| commune.list.as_ref()) {
        all.reviewed += list.reviewed;
        all.unassessed += list.unassessed;
        add(&mut all.poor, list.poor);
        add(&mut all.near_poor, list.near_poor);
        add(&mut all.escaped_poor, list.escaped_poor);
        add(&mut all.escaped_near_poor, list.escaped_near_poor);
    }
    CommuneTotals { name: "Tổng cộng".to_owned(), code: String::new(), list: Some(all) }
}
