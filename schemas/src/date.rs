//! Dates as people in villages know them: a day, a month, or only a year.
//!
//! Owns their text form and ages. The calendar of working days belongs to the procedure, not here.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A date known to the day, the month or the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PartialDate {
    /// Only the year is known.
    Year(i16),
    /// Year and month.
    Month(i16, i8),
    /// The day itself.
    Day(Date),
}

/// The text is not `2019`, `2019-05` or `2019-05-31`, or names a day that does not exist.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("not a date (2019, 2019-05 or 2019-05-31): {0:?}")]
pub struct DateError(pub String);

impl PartialDate {
    /// The year, which is always known.
    pub fn year(self) -> i16 {
        match self {
            Self::Year(year) | Self::Month(year, _) => year,
            Self::Day(day) => day.year(),
        }
    }

    /// First day that this date may mean.
    pub fn earliest(self) -> Date {
        match self {
            Self::Year(year) => Date::constant(year, 1, 1),
            Self::Month(year, month) => Date::constant(year, month, 1),
            Self::Day(day) => day,
        }
    }

    /// Last day that this date may mean.
    pub fn latest(self) -> Date {
        match self {
            Self::Year(year) => Date::constant(year, 12, 31),
            Self::Month(year, month) => Date::constant(year, month, 1).last_of_month(),
            Self::Day(day) => day,
        }
    }

    /// Full years lived on a day, from the youngest to the oldest that this date of birth allows.
    ///
    /// `None` when the person was born after that day for certain. A date known only to the year gives a range of up to
    /// two ages, so that a rule with an age limit can say that it needs the day instead of guessing.
    pub fn ages_on(self, day: Date) -> Option<(i16, i16)> {
        let oldest = age_on(self.earliest(), day);
        let youngest = age_on(self.latest(), day);
        (oldest >= 0).then_some((youngest.max(0), oldest))
    }
}

fn age_on(born: Date, day: Date) -> i16 {
    let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
    day.year() - born.year() - i16::from(!had_birthday)
}

impl FromStr for PartialDate {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let error = || DateError(text.chars().take(20).collect());
        let number = |part: &str| part.parse::<i16>().map_err(|_| error());
        let digits_only = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = match (digits_only, text.len()) {
            (true, 4) => Self::Year(number(text)?),
            (true, 7) if text.as_bytes()[4] == b'-' => {
                Self::Month(number(&text[..4])?, i8::try_from(number(&text[5..])?).map_err(|_| error())?)
            }
            (true, 10) => Self::Day(day(text).ok_or_else(error)?),
            _ => return Err(error()),
        };
        match date {
            Self::Month(_, month) if !(1..=12).contains(&month) => Err(error()),
            date if !(1800..=2200).contains(&date.year()) => Err(error()),
            date => Ok(date),
        }
    }
}

/// A day, written as people in offices write it in files: `2019-05-31`. `None` when it is another text, or no day. Not
/// jiff's own: that reads much else too, and would be a thirtieth of what goes to the browser.
pub fn day(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let is_written = [(year, 4), (month, 2), (day, 2)]
        .iter()
        .all(|(part, length)| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_digit()));
    is_written.then(|| Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()).flatten()
}

impl TryFrom<String> for PartialDate {
    type Error = DateError;
    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> String {
        date.to_string()
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(out, "{year:04}"),
            Self::Month(year, month) => write!(out, "{year:04}-{month:02}"),
            Self::Day(day) => write!(out, "{:04}-{:02}-{:02}", day.year(), day.month(), day.day()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in [
            "2023-02-30",
            "2023-13",
            "1-1-2020",
            "20-05-2020",
            "2020-5",
            "",
            "٢٠٢٠",
            "-020",
            "0020",
            "2020-05-3a",
            "2020-5-031",
            "202-05-031",
            "2020-05031",
            "2020-+5-31",
        ] {
            assert!(text.parse::<PartialDate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_year_alone_leaves_two_ages_open() {
        let born: PartialDate = "2010".parse().unwrap();
        assert_eq!(born.ages_on(Date::constant(2026, 10, 1)), Some((15, 16)));
        let born: PartialDate = "2010-11-02".parse().unwrap();
        assert_eq!(born.ages_on(Date::constant(2026, 10, 1)), Some((15, 15)));
        let born: PartialDate = "2026".parse().unwrap();
        assert_eq!(born.ages_on(Date::constant(2026, 10, 1)), Some((0, 0)));
        let born: PartialDate = "2027-01".parse().unwrap();
        assert_eq!(born.ages_on(Date::constant(2026, 10, 1)), None);
    }

    #[test]
    fn dates_read_back_as_written() {
        for text in ["1931", "1999-12", "2024-02-29"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
    }
}
