//! Exact fractions: weights, shares and the results of the multidimensional index.
//!
//! Owns their text form and comparison. Decimals exist only as text at the very end; nothing here decides with floats.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A fraction of whole numbers, zero or more, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fraction {
    numerator: u64,
    denominator: u64,
}

/// The text is not `3` or `1/18`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("not a fraction (10 or 1/18): {0:?}")]
pub struct FractionError(pub String);

impl Fraction {
    /// Zero.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// Makes a fraction; `None` when the denominator is zero.
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        match greatest_common_divisor(numerator, denominator) {
            _ if denominator == 0 => None,
            divisor => Some(Self { numerator: numerator / divisor, denominator: denominator / divisor }),
        }
    }

    /// The upper number, in lowest terms.
    pub fn numerator(self) -> u64 {
        self.numerator
    }

    /// The lower number, in lowest terms; never zero.
    pub fn denominator(self) -> u64 {
        self.denominator
    }

    /// This many times the unit fraction 1/`scale`; `None` when that is not a whole number or too large.
    pub fn in_units_of(self, scale: u64) -> Option<u64> {
        match scale % self.denominator {
            0 => self.numerator.checked_mul(scale / self.denominator),
            _ => None,
        }
    }

    /// The decimal text with so many places, rounded half up, with a dot.
    pub fn decimal(self, places: u32) -> String {
        let places = places.min(18);
        let power = 10u128.pow(places);
        let doubled = 2 * u128::from(self.numerator) * power / u128::from(self.denominator);
        let rounded = doubled.div_ceil(2);
        match places {
            0 => rounded.to_string(),
            _ => format!("{}.{:0width$}", rounded / power, rounded % power, width = places as usize),
        }
    }
}

/// The greatest common divisor; of zero and a number, the number.
pub(crate) fn greatest_common_divisor(left: u64, right: u64) -> u64 {
    match right {
        0 => left,
        _ => greatest_common_divisor(right, left % right),
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = u128::from(self.numerator) * u128::from(other.denominator);
        left.cmp(&(u128::from(other.numerator) * u128::from(self.denominator)))
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<u32> for Fraction {
    fn from(whole: u32) -> Self {
        Self { numerator: whole.into(), denominator: 1 }
    }
}

impl FromStr for Fraction {
    type Err = FractionError;
    fn from_str(text: &str) -> Result<Self, FractionError> {
        let error = || FractionError(text.chars().take(40).collect());
        let number = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
            true => part.parse::<u64>().map_err(|_| error()),
            false => Err(error()),
        };
        let (upper, lower) = text.split_once('/').unwrap_or((text, "1"));
        Self::new(number(upper)?, number(lower)?).ok_or_else(error)
    }
}

impl TryFrom<String> for Fraction {
    type Error = FractionError;
    fn try_from(text: String) -> Result<Self, FractionError> {
        text.parse()
    }
}

impl From<Fraction> for String {
    fn from(fraction: Fraction) -> String {
        fraction.to_string()
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => self.numerator.fmt(out),
            _ => write!(out, "{}/{}", self.numerator, self.denominator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_not_fractions_are_refused() {
        for text in ["", "/", "1/0", "-1", "0.5", "1/", "1/2/3", "+1", "99999999999999999999"] {
            assert!(text.parse::<Fraction>().is_err(), "{text}");
        }
    }

    #[test]
    fn decimals_round_half_up_and_only_at_the_end() {
        let decimal = |text: &str, places| text.parse::<Fraction>().unwrap().decimal(places);
        assert_eq!(decimal("1/3", 4), "0.3333");
        assert_eq!(decimal("2/3", 2), "0.67");
        assert_eq!(decimal("1/8", 2), "0.13");
        assert_eq!(decimal("7/2", 0), "4");
        assert_eq!(decimal("10", 1), "10.0");
    }

    #[test]
    fn fractions_compare_exactly() {
        let fraction = |text: &str| text.parse::<Fraction>().unwrap();
        assert!(fraction("333333333/1000000000") < fraction("1/3"));
        assert_eq!(fraction("6/18"), fraction("1/3"));
        assert_eq!(fraction("1/6").in_units_of(18), Some(3));
        assert_eq!(fraction("1/7").in_units_of(18), None);
    }
}
