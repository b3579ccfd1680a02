//! Citizen IDs (*số định danh cá nhân*, 12 digits) and the old 9-digit IDs that still stand in lists.
//!
//! Owns their parsing, what they say about a person, and the repair of numbers that a spreadsheet shortened. A number
//! that does not fit the person is a warning, never a refusal: cards and lists both hold mistakes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Remark;
use super::names;
use super::sex::Sex;
use super::table;
use crate::date::PartialDate;
use crate::household::Answers;
use crate::value::Value;

/// Twelve digits, by Circular 07/2016/TT-BCA art. 7. There is no check digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CitizenId([u8; 12]);

/// Nine digits (*chứng minh nhân dân*); says nothing about the person, and is no valid ID since 2025.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OldId([u8; 9]);

/// A number as a list may hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonNumber {
    /// Twelve digits.
    Citizen(CitizenId),
    /// Nine digits.
    Old(OldId),
}

/// Why a text is no person's number.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NumberError {
    /// A character that is neither a digit nor a separator.
    #[error("not a digit: {0:?}")]
    Character(char),
    /// Neither 12 nor 9 digits.
    #[error("{0} digits; a citizen ID has 12, an old ID has 9")]
    Length(usize),
    /// 10 or 11 digits, and with zeros in front the number fits neither the sex nor the birth year that the list gives.
    #[error("{0} digits; padded with zeros the number does not fit the person")]
    Unfitting(usize),
}

/// What is known of the person from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Sex, if known.
    pub sex: Option<Sex>,
    /// Year of birth, if known.
    pub birth_year: Option<i16>,
}

impl Person {
    /// What a member's answers say.
    pub fn of(member: &Answers) -> Self {
        let text = |key: &str| member.get(key).and_then(Value::as_text);
        let sex = [Sex::Male, Sex::Female].into_iter().find(|sex| text("sex") == Some(sex.code()));
        let born = text("born").and_then(|born| born.parse::<PartialDate>().ok());
        Self { sex, birth_year: born.map(PartialDate::year) }
    }
}

/// A number read from a list, with what was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadNumber {
    /// The number.
    pub number: PersonNumber,
    /// Repairs, in words for people; empty when the text was clean.
    pub repairs: Vec<Remark>,
}

impl CitizenId {
    /// Three digits: the province or country where the birth was registered.
    pub fn prefix(&self) -> &str {
        &self.digits()[..3]
    }

    /// Province of birth registration; `None` when the prefix is on no list (other countries included).
    pub fn province(&self) -> Option<&'static str> {
        provinces().get(self.prefix()).map(String::as_str)
    }

    /// Sex, by the fourth digit.
    pub fn sex(&self) -> Sex {
        match self.digit(3) % 2 {
            0 => Sex::Male,
            _ => Sex::Female,
        }
    }

    /// Year of birth, by the fourth digit (century) and the two after it.
    pub fn birth_year(&self) -> i16 {
        1900 + 100 * i16::from(self.digit(3) / 2) + 10 * i16::from(self.digit(4)) + i16::from(self.digit(5))
    }

    /// The last six digits, given at random.
    pub fn serial(&self) -> &str {
        &self.digits()[6..]
    }

    /// All twelve digits.
    pub fn digits(&self) -> &str {
        ascii(&self.0)
    }

    /// Whether the number contradicts nothing that is known of the person.
    pub fn fits(&self, person: Person) -> bool {
        person.sex.is_none_or(|sex| sex == self.sex()) && person.birth_year.is_none_or(|year| year == self.birth_year())
    }

    /// Warnings about a number that does not fit the person, or whose prefix is on no list.
    pub fn warnings(&self, person: Person) -> Vec<Remark> {
        let mut warnings = Vec::new();
        if let Some(sex) = person.sex.filter(|sex| *sex != self.sex()) {
            warnings.push(self.other_sex(sex));
        }
        if let Some(year) = person.birth_year.filter(|year| *year != self.birth_year()) {
            warnings.push(self.other_birth_year(year));
        }
        if self.province().is_none() {
            warnings.push(self.unknown_prefix());
        }
        warnings
    }

    fn other_sex(&self, listed: Sex) -> Remark {
        let (listed, on_card) = (listed.label(), self.sex().label());
        Remark::new(
            "citizen-id/sex-differs",
            format!("giới tính ghi {} nhưng số định danh là của {}", listed.vi, on_card.vi),
            format!("listed as {} but the number is of a {}", listed.en.to_lowercase(), on_card.en.to_lowercase()),
        )
    }

    fn other_birth_year(&self, listed: i16) -> Remark {
        let on_card = self.birth_year();
        Remark::new(
            "citizen-id/birth-year-differs",
            format!("năm sinh ghi {listed} nhưng theo số định danh là {on_card}"),
            format!("listed birth year {listed}, but the number says {on_card}"),
        )
    }

    fn unknown_prefix(&self) -> Remark {
        let prefix = self.prefix();
        Remark::new(
            "citizen-id/unknown-prefix",
            format!("ba số đầu {prefix} không có trong danh mục tỉnh"),
            format!("the first three digits {prefix} are on no list of provinces"),
        )
    }

    fn digit(&self, at: usize) -> u8 {
        self.0[at] - b'0'
    }
}

impl OldId {
    /// All nine digits.
    pub fn digits(&self) -> &str {
        ascii(&self.0)
    }
}

impl PersonNumber {
    /// Reads a number as lists hold it: spaces, dots, dashes and a leading apostrophe are left out, and 10 or 11 digits
    /// get their zeros back when the result fits what is known of the person.
    pub fn read(text: &str, person: Person) -> Result<ReadNumber, NumberError> {
        let text = names::clean(text).text;
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\'' | '’')).collect();
        if let Some(stray) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(NumberError::Character(stray));
        }
        let mut repairs = Vec::new();
        if digits.len() != text.len() {
            repairs.push(separators_removed());
        }
        let number = match digits.len() {
            9 => Self::Old(digits.parse()?),
            12 => Self::Citizen(digits.parse()?),
            10 | 11 => {
                repairs.push(zeros_restored(digits.len()));
                Self::Citizen(padded(&digits, person)?)
            }
            other => return Err(NumberError::Length(other)),
        };
        Ok(ReadNumber { number, repairs })
    }

    /// The digits.
    pub fn digits(&self) -> &str {
        match self {
            Self::Citizen(id) => id.digits(),
            Self::Old(id) => id.digits(),
        }
    }
}

fn padded(digits: &str, person: Person) -> Result<CitizenId, NumberError> {
    let id: CitizenId = format!("{digits:0>12}").parse()?;
    // With nothing to compare against, any ten digits would pass for an ID that lost two zeros.
    let comparable = person.sex.is_some() || person.birth_year.is_some();
    let plausible = comparable && id.fits(person) && id.province().is_some();
    plausible.then_some(id).ok_or(NumberError::Unfitting(digits.len()))
}

fn separators_removed() -> Remark {
    Remark::new(
        "citizen-id/separators",
        "đã bỏ dấu cách, dấu chấm trong số định danh".to_owned(),
        "separators in the number were removed".to_owned(),
    )
}

fn zeros_restored(found: usize) -> Remark {
    let missing = 12 - found;
    Remark::new(
        "citizen-id/zeros-restored",
        format!("đã thêm lại {missing} số 0 ở đầu do bảng tính làm mất"),
        format!("{missing} leading zero(s) that the spreadsheet dropped were put back"),
    )
}

fn ascii(digits: &[u8]) -> &str {
    // Only digits are ever put in.
    std::str::from_utf8(digits).expect("ASCII digits")
}

fn exactly<const N: usize>(text: &str) -> Result<[u8; N], NumberError> {
    match text.chars().find(|c| !c.is_ascii_digit()) {
        Some(stray) => Err(NumberError::Character(stray)),
        None => text.as_bytes().try_into().map_err(|_| NumberError::Length(text.len())),
    }
}

fn provinces() -> &'static BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Row {
        prefix: String,
        province: String,
    }
    static PROVINCES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    PROVINCES.get_or_init(|| {
        let rows: Vec<Row> = table::rows(include_str!("../../data/citizen_id_prefixes.csv"));
        rows.into_iter().map(|row| (row.prefix, row.province)).collect()
    })
}

macro_rules! text_forms {
    ($name:ident) => {
        impl FromStr for $name {
            type Err = NumberError;
            fn from_str(text: &str) -> Result<Self, NumberError> {
                exactly(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NumberError;
            fn try_from(text: String) -> Result<Self, NumberError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.digits().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.digits())
            }
        }

        // Logs hold no personal data, and a debug print ends in a log sooner or later.
        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({}…)"), &self.digits()[..3])
            }
        }
    };
}

text_forms!(CitizenId);
text_forms!(OldId);

#[cfg(test)]
mod tests {
    use super::*;

    fn person(sex: Sex, birth_year: i16) -> Person {
        Person { sex: Some(sex), birth_year: Some(birth_year) }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        let nobody = Person::default();
        assert_eq!(PersonNumber::read("00218500O123", nobody), Err(NumberError::Character('O')));
        assert_eq!(PersonNumber::read("12345678", nobody), Err(NumberError::Length(8)));
        assert_eq!(PersonNumber::read("", nobody), Err(NumberError::Length(0)));
        assert_eq!(PersonNumber::read("٠٠٢١٨٥٠٠٠١٢٣", nobody), Err(NumberError::Character('٠')));
        assert!("002 185000123".parse::<CitizenId>().is_err());
    }

    #[test]
    fn lost_zeros_are_put_back_only_when_the_number_fits_the_person() {
        let read = PersonNumber::read("2185000123", person(Sex::Female, 1985)).unwrap();
        assert_eq!(read.number.digits(), "002185000123");
        assert_eq!(read.repairs[0].slug, "citizen-id/zeros-restored");
        let unfitting = Err(NumberError::Unfitting(10));
        assert_eq!(PersonNumber::read("2185000123", person(Sex::Male, 1985)), unfitting);
        assert_eq!(PersonNumber::read("2185000123", person(Sex::Female, 1986)), unfitting);
        assert_eq!(PersonNumber::read("2185000123", Person::default()), unfitting);
        let eleven = PersonNumber::read("10099000123", Person { birth_year: Some(1999), sex: None }).unwrap();
        assert_eq!(eleven.number.digits(), "010099000123");
    }

    #[test]
    fn nine_digits_are_an_old_number() {
        let read = PersonNumber::read("073.123.456", Person::default()).unwrap();
        assert!(matches!(read.number, PersonNumber::Old(id) if id.digits() == "073123456"));
        assert_eq!(read.repairs[0].slug, "citizen-id/separators");
    }

    #[test]
    fn the_parts_of_a_number_are_told_apart() {
        let id: CitizenId = "002305000987".parse().unwrap();
        assert_eq!((id.prefix(), id.province(), id.serial()), ("002", Some("Hà Giang"), "000987"));
        assert_eq!((id.sex(), id.birth_year()), (Sex::Female, 2005));
    }

    #[test]
    fn a_number_that_does_not_fit_is_a_warning() {
        let id: CitizenId = "999085000123".parse().unwrap();
        let slugs: Vec<_> = id.warnings(person(Sex::Female, 1986)).iter().map(|w| w.slug).collect();
        assert_eq!(slugs, ["citizen-id/sex-differs", "citizen-id/birth-year-differs", "citizen-id/unknown-prefix"]);
        let id: CitizenId = "002085000123".parse().unwrap();
        assert_eq!(id.warnings(person(Sex::Male, 1985)), []);
    }

    #[test]
    fn all_63_provinces_are_on_the_list() {
        assert_eq!(provinces().len(), 63);
        assert!(provinces().keys().all(|prefix| prefix.len() == 3));
    }

    #[test]
    fn a_debug_print_does_not_give_the_number_away() {
        let id: CitizenId = "002085000123".parse().unwrap();
        assert_eq!(format!("{id:?}"), "CitizenId(002…)");
    }
}
