//! Dates as lists hold them: real dates, serial numbers, years, and text in many habits.
//!
//! Owns their reading. Never guesses a century: two digits count only where the ID or the calendar leaves one choice.

use jiff::civil::Date;
use schemas::date::PartialDate;

use super::cells::Cell;
use super::report::{Finding, Severity};

/// What is known from elsewhere when a date is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// The day of the list: nothing in it happened later.
    pub(super) as_of: Date,
    /// Year of birth by the citizen ID.
    pub(super) year_by_id: Option<i16>,
}

/// Reads a date. The finding says what was mended or why there is none.
pub(super) fn read(cell: &Cell, known: Known) -> (Option<PartialDate>, Option<Finding>) {
    let (date, finding) = match cell {
        Cell::Day(day) => (Some(PartialDate::Day(*day)), None),
        Cell::Whole(number) => from_number(*number),
        Cell::Fraction(_) => (None, Some(unreadable())),
        Cell::Text(text) => from_text(text, known),
    };
    let finding = finding.map(|finding| finding.was(cell.text()));
    match date {
        Some(date) if !(1880..=2200).contains(&date.year()) => (None, Some(unreadable().was(cell.text()))),
        Some(date) if date.earliest() > known.as_of => (Some(date), Some(in_the_future().was(cell.text()))),
        date => (date, finding),
    }
}

fn from_number(number: i64) -> (Option<PartialDate>, Option<Finding>) {
    // Serial 2200 is a day in 1906, so a small number is a year and a large one a day.
    let year = i16::try_from(number).ok().filter(|year| (1880..=2200).contains(year));
    if let Some(year) = year {
        return (Some(PartialDate::Year(year)), None);
    }
    // Day 1 is 1900-01-01, and spreadsheets believe that 1900 had a 29 February.
    let serial = i32::try_from(number).ok().filter(|serial| (2_201..=109_574).contains(serial));
    let day = serial.and_then(|serial| {
        let before = Date::constant(1899, 12, 30);
        before.checked_add(jiff::Span::new().days(serial)).ok()
    });
    match day {
        Some(day) => {
            let now = as_written(PartialDate::Day(day));
            let finding = Finding::new(
                Severity::Note,
                "date/serial",
                "số thứ tự ngày của bảng tính",
                "the serial number of a spreadsheet's day",
            );
            (Some(PartialDate::Day(day)), Some(finding.mended(now)))
        }
        None => (None, Some(unreadable())),
    }
}

fn from_text(text: &str, known: Known) -> (Option<PartialDate>, Option<Finding>) {
    let text = schemas::codes::names::clean(text).text;
    // A time of day behind the date is of no use here.
    let date = text.split([' ', 'T']).next().unwrap_or_default().trim_matches('\'');
    let parts: Option<Vec<i64>> = date.split(['/', '-', '.']).map(number).collect();
    match parts.as_deref() {
        Some([year]) => from_number(*year),
        Some([month, year]) if *year >= 1000 => from_parts(0, *month, *year),
        Some([year, month, day]) if *year >= 1000 => from_parts(*day, *month, *year),
        Some([day, month, year]) if *year >= 1000 => from_parts(*day, *month, *year),
        Some([day, month, short @ 0..=99]) => with_century(*day, *month, *short, known),
        Some(_) | None => (None, Some(unreadable())),
    }
}

fn number(part: &str) -> Option<i64> {
    let digits = (1..=5).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| part.parse().ok()).flatten()
}

/// Builds a date of which day, or day and month, may be written as zero.
fn from_parts(day: i64, month: i64, year: i64) -> (Option<PartialDate>, Option<Finding>) {
    let whole =
        |day, month| Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    let short_year = i16::try_from(year).ok().filter(|year| (1880..=2200).contains(year));
    match (short_year, day, month) {
        (Some(year), 0, 0) => (Some(PartialDate::Year(year)), None),
        (Some(year), 0, 1..=12) => (i8::try_from(month).ok().map(|month| PartialDate::Month(year, month)), None),
        (Some(_), 1.., 1..=12) if whole(day, month).is_some() => (whole(day, month).map(PartialDate::Day), None),
        (Some(_), 1..=12, 13..) if whole(month, day).is_some() => {
            let date = whole(month, day);
            let now = date.map(|day| as_written(PartialDate::Day(day))).unwrap_or_default();
            let finding = Finding::new(
                Severity::Warning,
                "date/swapped",
                "tháng viết trước ngày",
                "the month stands before the day",
            );
            (date.map(PartialDate::Day), Some(finding.mended(now)))
        }
        _ => (None, Some(unreadable())),
    }
}

fn with_century(day: i64, month: i64, short: i64, known: Known) -> (Option<PartialDate>, Option<Finding>) {
    let by_id = known.year_by_id.map(i64::from).filter(|year| year % 100 == short);
    // Past the day of the list the present century is ruled out.
    let present = i64::from(known.as_of.year());
    let by_calendar = (short > present % 100).then_some(present / 100 * 100 - 100 + short);
    match by_id.or(by_calendar).map(|year| from_parts(day, month, year)) {
        Some((Some(date), _)) => {
            let finding = Finding::new(
                Severity::Note,
                "date/century",
                "đã viết đủ bốn chữ số của năm",
                "the century was written out",
            );
            (Some(date), Some(finding.mended(as_written(date))))
        }
        Some((None, finding)) => (None, finding),
        None => {
            let finding = Finding::new(
                Severity::Error,
                "date/two-digit-year",
                "năm chỉ có hai chữ số, không rõ thế kỷ",
                "a year of two digits, of either century",
            );
            (None, Some(finding.cell_left_out()))
        }
    }
}

/// As lists write dates, and as people read them in the report: day, month, year, as far as they are known.
fn as_written(date: PartialDate) -> String {
    match date {
        PartialDate::Day(day) => Cell::Day(day).text(),
        PartialDate::Month(year, month) => format!("{month:02}/{year:04}"),
        PartialDate::Year(year) => format!("{year:04}"),
    }
}

fn unreadable() -> Finding {
    Finding::new(Severity::Error, "date/unreadable", "không đọc được ngày", "not a date").cell_left_out()
}

fn in_the_future() -> Finding {
    Finding::new(Severity::Warning, "date/future", "ngày sau ngày của danh sách", "a day after the day of the list")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known { as_of: Date::constant(2025, 12, 15), year_by_id: None };

    fn text(text: &str) -> (Option<String>, Option<&'static str>) {
        let (date, finding) = read(&Cell::Text(text.to_owned()), KNOWN);
        (date.map(|date| date.to_string()), finding.map(|finding| finding.slug))
    }

    #[test]
    fn garbled_dates_are_left_out_and_reported() {
        for garbled in ["31/02/1980", "khoảng 1960", "12/13/14/15", "0/5/85a", "//", "1/1/99999", "-5", "٣"] {
            assert_eq!(text(garbled), (None, Some("date/unreadable")), "{garbled}");
        }
        let (date, finding) = read(&Cell::Whole(500), KNOWN);
        assert_eq!((date, finding.map(|f| f.slug)), (None, Some("date/unreadable")));
    }

    #[test]
    fn a_year_of_two_digits_is_refused_unless_one_century_is_left() {
        assert_eq!(text("12/03/18"), (None, Some("date/two-digit-year")));
        assert_eq!(text("12/03/85"), (Some("1985-03-12".into()), Some("date/century")));
        let known = Known { year_by_id: Some(2018), ..KNOWN };
        let (date, _) = read(&Cell::Text("12/03/18".into()), known);
        assert_eq!(date.map(|date| date.to_string()).as_deref(), Some("2018-03-12"));
    }

    #[test]
    fn a_future_birth_is_kept_with_a_warning() {
        assert_eq!(text("01/01/2026"), (Some("2026-01-01".into()), Some("date/future")));
    }

    #[test]
    fn months_before_days_are_turned_round_where_nothing_else_fits() {
        assert_eq!(text("05/25/1990"), (Some("1990-05-25".into()), Some("date/swapped")));
        assert_eq!(text("05/06/1990"), (Some("1990-06-05".into()), None));
    }

    #[test]
    fn habits_of_writing_a_date_are_read() {
        for (written, date) in [
            ("1/5/1990", "1990-05-01"),
            ("01-05-1990", "1990-05-01"),
            ("01.05.1990", "1990-05-01"),
            ("1990-05-01", "1990-05-01"),
            ("01/05/1990 00:00:00", "1990-05-01"),
            ("1990", "1990"),
            ("05/1990", "1990-05"),
            ("00/00/1990", "1990"),
            ("00/05/1990", "1990-05"),
        ] {
            assert_eq!(text(written), (Some(date.to_owned()), None), "{written}");
        }
        assert_eq!(read(&Cell::Whole(1985), KNOWN).0, Some(PartialDate::Year(1985)));
    }

    #[test]
    fn every_mended_date_is_reported_as_lists_write_it() {
        use super::super::report::Done;
        for (cell, now) in [
            (Cell::Text("5/6/60".into()), "05/06/1960"),
            (Cell::Text("0/6/60".into()), "06/1960"),
            (Cell::Text("0/0/60".into()), "1960"),
            (Cell::Text("12/25/1960".into()), "25/12/1960"),
            (Cell::Whole(29_952), "01/01/1982"),
        ] {
            let finding = read(&cell, KNOWN).1.unwrap();
            assert_eq!(finding.done, Done::Mended(now.to_owned()), "{cell:?}");
        }
    }

    #[test]
    fn serial_numbers_of_days_are_mended() {
        let (date, finding) = read(&Cell::Whole(32_874), KNOWN);
        assert_eq!(date.map(|date| date.to_string()).as_deref(), Some("1990-01-01"));
        assert_eq!(finding.map(|finding| finding.done), Some(super::super::report::Done::Mended("01/01/1990".into())));
    }
}
