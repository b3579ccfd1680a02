//! The sheet of households for which the round ended without a class, behind the three lists.
//!
//! Owns its layout, as a sheet and as CSV, and how it is told from the lists when a file comes back: nothing is taken from
//! it, wherever in the file it stands.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};
use schemas::codes::names;

use super::frame::{FIRST_ROW, Frame};
use super::household::{Heading, Member, UnassessedListing};
use super::plain::csv_of;
use super::report::{Finding, Severity};
use super::write::{LINE_HEIGHT, LINE_SPACE, Looks, Out, born, lines_of, write_value};

/// The column that no other sheet has.
const WHY: &str = "Lý do không xếp loại";

const FRAME: Frame = Frame {
    tab: "4. Không xếp loại",
    title: "HỘ KHÔNG XẾP LOẠI TRONG ĐỢT RÀ SOÁT",
    columns: &[
        ("STT hộ", 6),
        ("Họ và tên chủ hộ", 24),
        ("Họ và tên thành viên", 24),
        ("Quan hệ với chủ hộ", 12),
        ("Ngày, tháng, năm sinh", 12),
        ("Giới tính", 7),
        ("Số CCCD/định danh cá nhân", 15),
        ("Xã", 18),
        ("Thôn", 20),
        ("Phân loại ở danh sách trước", 14),
        (WHY, 24),
        ("Diễn giải của người quyết định", 44),
    ],
};

/// Columns whose texts stand in the middle; names, places and words stand at the left.
const CENTRED: [u16; 6] = [0, 3, 4, 5, 6, 9];

/// Writes the sheet.
pub(super) fn write(
    page: &mut Worksheet,
    heading: &Heading,
    households: &[UnassessedListing],
    looks: &Looks,
) -> Result<(), XlsxError> {
    FRAME.write(page, heading, looks)?;
    let mut at = FIRST_ROW;
    for row in households.iter().flat_map(rows) {
        write_row(page, at, &row, looks)?;
        at += 1;
    }
    let totals = format!("Tổng cộng: {} hộ không xếp loại", households.len());
    page.merge_range(at, 0, at, FRAME.last(), &totals, &looks.totals)?;
    page.set_row_height(at, 20)?.set_print_area(0, 0, at, FRAME.last())?;
    Ok(())
}

fn write_row(page: &mut Worksheet, at: u32, row: &[Option<Out>], looks: &Looks) -> Result<(), XlsxError> {
    let mut lines = 1;
    for ((value, (_, width)), column) in row.iter().zip(FRAME.columns).zip(0u16..) {
        let look: &Format = if CENTRED.contains(&column) { &looks.centred } else { &looks.text };
        match value {
            Some(value) => write_value(page, (at, column), value, look, looks)?,
            None => page.write_blank(at, column, look).map(drop)?,
        }
        if let Some(Out::Text(text)) = value {
            lines = lines.max(lines_of(text, *width));
        }
    }
    page.set_row_height(at, LINE_HEIGHT * lines + LINE_SPACE)?;
    Ok(())
}

/// The rows of a household: one for each person ever listed, the household's data on the first. A household of which
/// nobody is known has a row all the same.
fn rows(household: &UnassessedListing) -> Vec<Vec<Option<Out>>> {
    let nobody = [Member::default()];
    let members = if household.members.is_empty() { &nobody } else { household.members.as_slice() };
    let row = |(at, member): (usize, &Member)| {
        let once = |text: &str| if at == 0 { Out::text(text) } else { None };
        vec![
            once(&household.number),
            once(household.members.first().map_or("", |head| &head.name)),
            Out::text(&member.name),
            Out::text(&member.relation_text),
            member.born.map(born),
            member.sex.and_then(|sex| Out::text(&sex.label().vi)),
            member.number.and_then(|number| Out::text(number.digits())),
            once(&household.commune),
            once(&household.village),
            once(&household.last.map_or_else(|| "Không có tên".to_owned(), |class| class.label().vi)),
            once(&household.why.label().vi),
            once(&household.reason),
        ]
    };
    members.iter().enumerate().map(row).collect()
}

/// The households as CSV: UTF-8 with a byte-order mark, so that Excel reads the letters right.
pub fn write_unassessed_csv(households: &[UnassessedListing]) -> Vec<u8> {
    let titles = FRAME.columns.iter().map(|(title, _)| Some(Out::Text((*title).to_owned()))).collect();
    csv_of(std::iter::once(titles).chain(households.iter().flat_map(rows)))
}

/// Whether a sheet is this one, by the name on its tab.
pub(super) fn is_tab(name: &str) -> bool {
    names::fold(name).contains("khong xep loai")
}

/// Whether a table is this one, by the line of its titles.
pub(super) fn are_titles(line: &str) -> bool {
    names::fold(line).contains(&names::fold(WHY))
}

/// Said of a sheet or file that is this one.
pub(super) fn nothing_taken(was: &str) -> Finding {
    let (vi, en) =
        ("hộ không xếp loại: không nhập gì từ đây", "households without a class: nothing is imported from here");
    Finding::new(Severity::Note, "sheet/unassessed", vi, en).was(was)
}
