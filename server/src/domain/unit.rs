//! Units of the tree: nation, province, district, commune, village.
//!
//! A unit keeps its id through reforms; its name, parent, area type and region are dated.

use jiff::civil::Date;
use schemas::ids::UnitId;
use thiserror::Error;

use super::codes;

codes! {
    /// How high a unit stands. Levels may be left out: since July 2025 communes lie directly in provinces.
    Level("level") {
        /// The whole country.
        Nation = "nation",
        /// Tỉnh, thành phố.
        Province = "province",
        /// Huyện; until July 2025, and in other countries still.
        District = "district",
        /// Xã, phường, đặc khu.
        Commune = "commune",
        /// Thôn, bản, tổ dân phố.
        Village = "village",
    }
}

codes! {
    /// Which income line holds. Stored, not derived from the name: a former township may lie in a rural commune.
    Area("area") {
        /// Nông thôn.
        Rural = "rural",
        /// Thành thị.
        Urban = "urban",
    }
}

/// From one day up to, not including, another; without an end it holds until further notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First day.
    pub from: Date,
    /// First day on which it no longer holds.
    pub to: Option<Date>,
}

/// What a reform may change about a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitAttributes {
    /// What it lies in; `None` for the top of the tree.
    pub parent: Option<UnitId>,
    /// Official name.
    pub name: String,
    /// English name, where one is in use.
    pub name_en: Option<String>,
    /// Area type; `None` where the office has not said it.
    pub area: Option<Area>,
    /// Region of the points table; `None` where the office has not said it.
    pub region: Option<String>,
}

/// An official code and the scheme that it belongs to, such as `gso` and `02674`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficialCode {
    scheme: String,
    code: String,
}

/// The texts cannot be an official code.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a scheme is 1 to 20 lower-case letters, digits and hyphens, a code 1 to 20 letters, digits, dots and hyphens")]
pub struct OfficialCodeError;

impl OfficialCode {
    /// Takes both texts when they can be one.
    pub fn new(scheme: String, code: String) -> Result<Self, OfficialCodeError> {
        let short = |text: &str| (1..=20).contains(&text.len());
        let scheme_fits = scheme.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let code_fits = code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        match short(&scheme) && short(&code) && scheme_fits && code_fits {
            true => Ok(Self { scheme, code }),
            false => Err(OfficialCodeError),
        }
    }

    /// The scheme.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The code in it.
    pub fn code(&self) -> &str {
        &self.code
    }
}

/// A unit as of some day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Which unit.
    pub id: UnitId,
    /// How high it stands.
    pub level: Level,
    /// When it exists.
    pub validity: Validity,
    /// What holds about it on that day.
    pub attributes: UnitAttributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_empty_endless_or_hide_something_are_refused() {
        for (scheme, code) in
            [("", "1"), ("gso", ""), ("GSO", "1"), ("gso", "0 1"), ("gso", "xã"), ("gso", &"1".repeat(21))]
        {
            assert_eq!(
                OfficialCode::new(scheme.to_owned(), code.to_owned()),
                Err(OfficialCodeError),
                "{scheme} {code}"
            );
        }
        assert!(OfficialCode::new("gso-2025".to_owned(), "02674".to_owned()).is_ok());
    }
}
