//! Writing a roster as the review workbook.
//!
//! Owns how it looks and prints. Values are written with real types: dates as dates, points as numbers, IDs as text that no
//! program takes for a formula. The same book and day give the same bytes.

use jiff::civil::Date;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};
use schemas::codes::listed_class::ListedClass;
use schemas::date::PartialDate;
use thiserror::Error;

use super::household::{Heading, Listing, Member, RosterBook};
use super::layout::{Column, Field, Sheet};
use super::unassessed;

/// Height of a line of text, and what a row has beside its lines, in points.
pub(super) const LINE_HEIGHT: u16 = 14;
pub(super) const LINE_SPACE: u16 = 4;

/// A book that cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// A value that no workbook can hold, for example a text of more than 32,767 characters.
    #[error("cannot write the workbook: {0}")]
    Workbook(#[from] XlsxError),
}

/// One value on its way into a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    Text(String),
    Whole(i64),
    Day(Date),
}

impl Out {
    pub(super) fn text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }
}

/// One row: its values by column.
pub(super) type OutRow = Vec<(u16, Out)>;

/// Writes a roster. `created_on` is the day that the file says it was made on.
pub fn write_roster(book: &RosterBook, created_on: Date) -> Result<Vec<u8>, WriteError> {
    Ok(roster_workbook(book, &Looks::new(), created_on)?.save_to_buffer()?)
}

/// The four sheets of a book, open for more.
pub(super) fn roster_workbook(book: &RosterBook, looks: &Looks, created_on: Date) -> Result<Workbook, WriteError> {
    let mut workbook = workbook(&book.heading, tables(book, created_on), looks, created_on)?;
    unassessed::write(workbook.add_worksheet(), &book.heading, &book.unassessed, looks)?;
    Ok(workbook)
}

/// The three lists of a book.
fn tables(book: &RosterBook, created_on: Date) -> Vec<Table> {
    let sheets = [&book.listed, &book.escaped_poor, &book.escaped_near_poor];
    let tables = sheets.into_iter().zip(Sheet::ALL).map(|(households, sheet)| {
        let rows = households.iter().flat_map(|household| rows(sheet, household, created_on)).collect();
        Table { sheet, rows, totals: totals(sheet, households) }
    });
    tables.collect()
}

/// A sheet before it is written.
pub(super) struct Table {
    pub(super) sheet: Sheet,
    pub(super) rows: Vec<OutRow>,
    pub(super) totals: String,
}

pub(super) fn write_tables(heading: &Heading, tables: Vec<Table>, created_on: Date) -> Result<Vec<u8>, WriteError> {
    Ok(workbook(heading, tables, &Looks::new(), created_on)?.save_to_buffer()?)
}

/// A workbook of these tables, open for more sheets.
fn workbook(heading: &Heading, tables: Vec<Table>, looks: &Looks, created_on: Date) -> Result<Workbook, WriteError> {
    let mut workbook = Workbook::new();
    let day = excel_day(created_on)?;
    workbook.set_properties(&DocProperties::new().set_title(&heading.round).set_creation_datetime(&day));
    for table in tables {
        write_table(workbook.add_worksheet(), heading, &table, looks)?;
    }
    Ok(workbook)
}

/// The rows of a household: one for each member, the household's data on the head's.
pub(super) fn rows(sheet: Sheet, household: &Listing, created_on: Date) -> Vec<OutRow> {
    let about = |(at, member): (usize, &Member)| {
        let place = if at == 0 { RowPlace::Head } else { RowPlace::Member };
        let cells = sheet.columns().iter().filter_map(|column| {
            let value = value(column.field, household, member, place, created_on)?;
            Some((column.at, value))
        });
        cells.collect()
    };
    household.members.iter().enumerate().map(about).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RowPlace {
    Head,
    Member,
}

fn value(field: Field, household: &Listing, member: &Member, row: RowPlace, created_on: Date) -> Option<Out> {
    match field {
        Field::Name => Out::text(&member.name),
        Field::Relation => Out::text(&member.relation_text),
        Field::Born => member.born.map(born),
        Field::Sex => member.sex.map(|sex| Out::Text(sex.label().vi)),
        Field::PersonNumber => member.number.map(|number| Out::Text(number.digits().to_owned())),
        Field::Ethnicity => member.ethnicity.map(|ethnicity| Out::Text(ethnicity.name().to_owned())),
        Field::Age => age(member, created_on).map(Out::Whole),
        _ if row == RowPlace::Member => None,
        field => household_value(field, household),
    }
}

fn household_value(field: Field, household: &Listing) -> Option<Out> {
    let place = &household.place;
    match field {
        Field::Number => Out::text(&household.number),
        Field::HeadName => household.head().and_then(|head| Out::text(&head.name)),
        Field::Province => Out::text(&place.province),
        Field::District => Out::text(&place.district),
        Field::DistrictCode => Out::text(&place.district_code),
        Field::Commune => Out::text(&place.commune),
        Field::CommuneCode => Out::text(&place.commune_code),
        Field::Village => Out::text(&place.village),
        Field::Address => Out::text(&place.address),
        Field::Class => household.class.map(|class| Out::Text(class.label().vi)),
        Field::DecisionNumber => Out::text(&household.decision_number),
        Field::DecisionDate => household.decision_on.map(Out::Day),
        Field::B1 => household.b1.map(|points| Out::Whole(i64::from(points))),
        Field::B2 => household.b2.map(|points| Out::Whole(i64::from(points))),
        Field::Minority => mark(household.flags.minority),
        Field::NoLabour => mark(household.flags.no_labour),
        Field::Meritorious => mark(household.flags.meritorious),
        Field::Causes => Out::text(&causes(household)),
        Field::Note => Out::text(&household.note),
        Field::Size => i64::try_from(household.members.len()).ok().map(Out::Whole),
        // These stand on every row; `value` has answered them.
        Field::Name
        | Field::Relation
        | Field::Born
        | Field::Sex
        | Field::PersonNumber
        | Field::Ethnicity
        | Field::Age => None,
    }
}

pub(super) fn born(date: PartialDate) -> Out {
    match date {
        PartialDate::Year(year) => Out::Whole(i64::from(year)),
        PartialDate::Month(year, month) => Out::Text(format!("{month:02}/{year:04}")),
        PartialDate::Day(day) => Out::Day(day),
    }
}

fn age(member: &Member, on: Date) -> Option<i64> {
    let (youngest, oldest) = member.born?.ages_on(on)?;
    // Where only the year is known the older age is the usual one to print at the end of a year.
    Some(i64::from(oldest.max(youngest)))
}

fn mark(set: bool) -> Option<Out> {
    set.then(|| Out::Text("x".to_owned()))
}

fn causes(household: &Listing) -> String {
    household.causes.iter().map(|cause| cause.label().vi.as_str()).collect::<Vec<_>>().join("; ")
}

pub(super) fn totals(sheet: Sheet, households: &[Listing]) -> String {
    let people: usize = households.iter().map(|household| household.members.len()).sum();
    let of = |class| households.iter().filter(|household| household.class == Some(class)).count();
    match sheet {
        Sheet::Listed => format!(
            "Tổng cộng: {} hộ nghèo, {} hộ cận nghèo, {people} nhân khẩu",
            of(ListedClass::Poor),
            of(ListedClass::NearPoor)
        ),
        Sheet::EscapedPoor => format!("Tổng cộng: {} hộ thoát nghèo, {people} nhân khẩu", households.len()),
        Sheet::EscapedNearPoor => format!("Tổng cộng: {} hộ thoát cận nghèo, {people} nhân khẩu", households.len()),
    }
}

/// The formats of a book.
pub(super) struct Looks {
    pub(super) letterhead: Format,
    motto: Format,
    pub(super) title: Format,
    pub(super) subtitle: Format,
    pub(super) header: Format,
    pub(super) numbering: Format,
    pub(super) text: Format,
    head_text: Format,
    pub(super) centred: Format,
    day: Format,
    pub(super) totals: Format,
    helper: Format,
    signature: Format,
    hint: Format,
}

impl Looks {
    pub(super) fn new() -> Self {
        let base = Format::new().set_font_name("Times New Roman").set_font_size(11);
        let middle = base.clone().set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter);
        let framed = base.clone().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
        // A quote prefix keeps a program from taking an edited text for a formula.
        let text = framed.clone().set_align(FormatAlign::Left).set_indent(1).set_text_wrap().set_quote_prefix();
        let centred = framed.clone().set_align(FormatAlign::Center).set_text_wrap().set_quote_prefix();
        Self {
            letterhead: middle.clone().set_bold(),
            motto: middle.clone().set_bold(),
            title: middle.clone().set_bold().set_font_size(16),
            subtitle: middle.clone().set_italic().set_font_size(12),
            header: centred.clone().set_bold().set_background_color(Color::RGB(0x00E2_EFDA)),
            numbering: centred.clone().set_italic().set_font_size(9),
            head_text: text.clone().set_bold(),
            text,
            day: framed.clone().set_align(FormatAlign::Center).set_num_format("dd/mm/yyyy"),
            centred,
            totals: framed.set_bold().set_align(FormatAlign::Left).set_indent(1),
            helper: base.clone().set_font_color(Color::Gray).set_align(FormatAlign::Center),
            signature: middle.clone().set_bold(),
            hint: middle.set_italic(),
        }
    }
}

fn write_table(page: &mut Worksheet, heading: &Heading, table: &Table, looks: &Looks) -> Result<(), XlsxError> {
    let sheet = table.sheet;
    page.set_name(sheet.tab())?;
    set_up_page(page, sheet)?;
    write_heading(page, sheet, heading, looks)?;
    write_titles(page, sheet, looks)?;
    let mut at = sheet.first_row() - 1;
    for row in &table.rows {
        write_row(page, sheet, at, row, looks)?;
        at += 1;
    }
    page.merge_range(at, 1, at, last_printed(sheet), &table.totals, &looks.totals)?;
    page.set_row_height(at, 20)?;
    page.set_print_area(0, 1, at + 6, last_printed(sheet))?;
    write_signatures(page, sheet, at + 2, looks)
}

/// The last column that is printed: ages and sizes help whoever works on the screen.
fn last_printed(sheet: Sheet) -> u16 {
    let printed = sheet.columns().iter().filter(|column| !matches!(column.field, Field::Age | Field::Size));
    printed.map(|column| column.at).max().unwrap_or_default()
}

fn is_used(sheet: Sheet, column: u16) -> bool {
    sheet.columns().iter().any(|known| known.at == column)
}

fn set_up_page(page: &mut Worksheet, sheet: Sheet) -> Result<(), XlsxError> {
    let first = sheet.first_row() - 1;
    page.set_landscape().set_paper_size(8).set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
    page.set_margins(0.3, 0.3, 0.4, 0.5, 0.2, 0.2).set_footer("&L&A&RTrang &P/&N");
    page.set_repeat_rows(first - 2, first - 1)?;
    page.set_freeze_panes(first, 4)?;
    page.set_column_width(0, 2)?;
    // Columns that the layout leaves empty keep their place but not their room.
    for column in (1..=last_printed(sheet)).filter(|column| !is_used(sheet, *column)) {
        page.set_column_hidden(column)?;
    }
    for Column { at, width, .. } in sheet.columns() {
        page.set_column_width(*at, *width)?;
    }
    Ok(())
}

fn write_heading(page: &mut Worksheet, sheet: Sheet, heading: &Heading, looks: &Looks) -> Result<(), XlsxError> {
    let last = last_printed(sheet);
    let left = last / 3;
    page.merge_range(0, 1, 0, left, &heading.above, &looks.letterhead)?;
    page.merge_range(1, 1, 1, left, &heading.office, &looks.letterhead)?;
    page.merge_range(0, last - left, 0, last, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", &looks.motto)?;
    page.merge_range(1, last - left, 1, last, "Độc lập - Tự do - Hạnh phúc", &looks.motto)?;
    // The titles of the columns stand two rows above the data.
    let title = sheet.first_row() - 6;
    page.merge_range(title, 1, title, last, sheet.title(), &looks.title)?;
    page.set_row_height(title, 26)?;
    page.merge_range(title + 1, 1, title + 1, last, &heading.round, &looks.subtitle)?;
    page.merge_range(title + 2, 1, title + 2, last, &heading.standard, &looks.subtitle)?;
    page.set_row_height(title + 2, 24)?;
    Ok(())
}

fn write_titles(page: &mut Worksheet, sheet: Sheet, looks: &Looks) -> Result<(), XlsxError> {
    let row = sheet.first_row() - 3;
    page.set_row_height(row, 64)?;
    let printed = 1..=last_printed(sheet);
    for (column, number) in printed.filter(|column| is_used(sheet, *column)).zip(1..) {
        page.write_blank(row, column, &looks.header)?;
        page.write_string_with_format(row + 1, column, format!("({number})"), &looks.numbering)?;
    }
    for Column { field, at, title, .. } in sheet.columns() {
        let look = if matches!(field, Field::Age | Field::Size) { &looks.helper } else { &looks.header };
        page.write_string_with_format(row, *at, *title, look)?;
    }
    Ok(())
}

fn write_row(page: &mut Worksheet, sheet: Sheet, at: u32, row: &OutRow, looks: &Looks) -> Result<(), XlsxError> {
    let head = sheet.column_of(Field::Number).is_some_and(|number| row.iter().any(|(column, _)| *column == number));
    for column in 1..=last_printed(sheet) {
        page.write_blank(at, column, &looks.text)?;
    }
    page.set_row_height(at, LINE_HEIGHT * lines(sheet, row) + LINE_SPACE)?;
    for (column, value) in row {
        write_value(page, (at, *column), value, look_of(sheet, *column, head, looks), looks)?;
    }
    Ok(())
}

pub(super) fn write_value(
    page: &mut Worksheet,
    (at, column): (u32, u16),
    value: &Out,
    look: &Format,
    looks: &Looks,
) -> Result<(), XlsxError> {
    match value {
        Out::Text(text) => page.write_string_with_format(at, column, text, look)?,
        // Points, ages and years: far below 2^53.
        Out::Whole(number) => page.write_number_with_format(at, column, *number as f64, look)?,
        Out::Day(day) => match excel_day(*day) {
            Ok(date) => page.write_datetime_with_format(at, column, &date, &looks.day)?,
            // Spreadsheets know no day before 1900.
            Err(_) => page.write_string_with_format(at, column, day.strftime("%d/%m/%Y").to_string(), look)?,
        },
    };
    Ok(())
}

/// Lines that the longest text of a row needs: a file does not say how high a row of wrapped text is.
fn lines(sheet: Sheet, row: &OutRow) -> u16 {
    let of = |column: &Column| {
        let text = row.iter().find_map(|(at, value)| match value {
            Out::Text(text) if *at == column.at => Some(text),
            Out::Text(_) | Out::Whole(_) | Out::Day(_) => None,
        });
        text.map_or(1, |text| lines_of(text, column.width))
    };
    sheet.columns().iter().map(of).max().unwrap_or(1)
}

/// Lines that a text needs in a column of this width.
pub(super) fn lines_of(text: &str, width: u16) -> u16 {
    // Letters are narrower than the digits that widths count by, about six of seven.
    let fit = usize::from(width + width / 6);
    u16::try_from(text.chars().count().div_ceil(fit)).unwrap_or(u16::MAX).clamp(1, 6)
}

fn look_of(sheet: Sheet, column: u16, head: bool, looks: &Looks) -> &Format {
    let field = sheet.columns().iter().find(|known| known.at == column).map(|known| known.field);
    match field {
        Some(Field::Age | Field::Size) => &looks.helper,
        Some(Field::Name | Field::HeadName) if head => &looks.head_text,
        Some(
            Field::Name
            | Field::HeadName
            | Field::Province
            | Field::District
            | Field::Commune
            | Field::Village
            | Field::Address
            | Field::Causes
            | Field::Note,
        ) => &looks.text,
        Some(_) | None => &looks.centred,
    }
}

fn write_signatures(page: &mut Worksheet, sheet: Sheet, at: u32, looks: &Looks) -> Result<(), XlsxError> {
    let last = last_printed(sheet);
    let left = last / 3;
    page.merge_range(at, last - left, at, last, "…………, ngày …… tháng …… năm ………", &looks.hint)?;
    page.merge_range(at + 1, 1, at + 1, left, "NGƯỜI LẬP BIỂU", &looks.signature)?;
    page.merge_range(at + 1, last - left, at + 1, last, "TM. ỦY BAN NHÂN DÂN", &looks.signature)?;
    page.merge_range(at + 2, 1, at + 2, left, "(Ký, ghi rõ họ tên)", &looks.hint)?;
    page.merge_range(at + 2, last - left, at + 2, last, "CHỦ TỊCH", &looks.signature)?;
    page.merge_range(at + 3, last - left, at + 3, last, "(Ký, ghi rõ họ tên, đóng dấu)", &looks.hint)?;
    Ok(())
}

fn excel_day(day: Date) -> Result<ExcelDateTime, XlsxError> {
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    ExcelDateTime::from_ymd(u16::try_from(day.year()).unwrap_or_default(), part(day.month()), part(day.day()))
}
