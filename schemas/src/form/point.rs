//! One point on the map as a single answer, so that half of it can never merge with half of another.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A measured point: place, accuracy, time and source in one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Latitude in millionths of a degree, north positive.
    pub latitude_e6: i32,
    /// Longitude in millionths of a degree, east positive.
    pub longitude_e6: i32,
    /// Radius in metres within which the device believes itself to be.
    pub accuracy_m: u32,
    /// When it was measured, Unix seconds.
    pub measured_at_s: i64,
    /// What measured it: `gps`, `map`, `import`, or [`Point::ELSEWHERE`]; lower-case letters, digits, `_`.
    pub source: String,
}

impl Point {
    /// The source of a point that was noted by somebody who did not stand at the house.
    pub const ELSEWHERE: &str = "elsewhere";

    /// Whether this is where the house stands, as far as anybody knows.
    pub fn is_at_house(&self) -> bool {
        self.source != Self::ELSEWHERE
    }
}

/// Which part of a point is badly written.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PointError {
    /// Not five parts between commas.
    #[error("point: five parts expected")]
    Parts,
    /// Not degrees with at most 6 decimals, or past the pole.
    #[error("point: latitude")]
    Latitude,
    /// Not degrees with at most 6 decimals, or past 180.
    #[error("point: longitude")]
    Longitude,
    /// Not whole metres.
    #[error("point: accuracy")]
    Accuracy,
    /// Not whole seconds.
    #[error("point: time")]
    Time,
    /// Empty, too long, or with other characters.
    #[error("point: source")]
    Source,
}

impl FromStr for Point {
    type Err = PointError;
    fn from_str(text: &str) -> Result<Self, PointError> {
        let parts: Vec<&str> = text.split(',').collect();
        let &[latitude, longitude, accuracy, time, source] = parts.as_slice() else {
            return Err(PointError::Parts);
        };
        let source_fits =
            (1..=20).contains(&source.len()) && source.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        Ok(Self {
            latitude_e6: millionths(latitude, 90).ok_or(PointError::Latitude)?,
            longitude_e6: millionths(longitude, 180).ok_or(PointError::Longitude)?,
            accuracy_m: digits(accuracy).ok_or(PointError::Accuracy)?,
            measured_at_s: digits(time).ok_or(PointError::Time)?,
            source: source_fits.then(|| source.to_owned()).ok_or(PointError::Source)?,
        })
    }
}

/// A whole number written with digits only: no sign, no spaces.
fn digits<N: FromStr>(text: &str) -> Option<N> {
    let only_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    only_digits.then(|| text.parse().ok()).flatten()
}

fn millionths(text: &str, limit: i32) -> Option<i32> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let whole: i32 = (whole.len() <= 3).then(|| digits(whole)).flatten()?;
    let fraction: i32 = (decimals.len() <= 6).then(|| digits(decimals)).flatten()?;
    let scale = 10i32.pow(6 - decimals.len() as u32);
    let value = whole * 1_000_000 + fraction * scale;
    (value <= limit * 1_000_000).then_some(if negative { -value } else { value })
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_degrees(out, self.latitude_e6)?;
        out.write_str(",")?;
        write_degrees(out, self.longitude_e6)?;
        write!(out, ",{},{},{}", self.accuracy_m, self.measured_at_s, self.source)
    }
}

fn write_degrees(out: &mut fmt::Formatter<'_>, value_e6: i32) -> fmt::Result {
    let sign = if value_e6 < 0 { "-" } else { "" };
    let value = value_e6.unsigned_abs();
    write!(out, "{sign}{}.{:06}", value / 1_000_000, value % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn badly_written_points_say_which_part() {
        let error = |text: &str| text.parse::<Point>().unwrap_err();
        assert_eq!(error("22.4,104.5"), PointError::Parts);
        assert_eq!(error("90.000001,104.5,5,1,gps"), PointError::Latitude);
        assert_eq!(error("22.1234567,104.5,5,1,gps"), PointError::Latitude);
        assert_eq!(error("22.,104.5,5,1,gps"), PointError::Latitude);
        assert_eq!(error("22,999999999999,5,1,gps"), PointError::Longitude);
        assert_eq!(error("22,104,-5,1,gps"), PointError::Accuracy);
        assert_eq!(error("22,104,5,+1,gps"), PointError::Time);
        assert_eq!(error("22,104,5,1,"), PointError::Source);
    }

    #[test]
    fn a_point_noted_elsewhere_is_not_where_the_house_stands() {
        let is_at_house = |source: &str| format!("22.4,104.6,8,1,{source}").parse::<Point>().unwrap().is_at_house();
        assert!(!is_at_house("elsewhere"));
        assert!(is_at_house("gps") && is_at_house("map") && is_at_house("import"));
    }

    #[test]
    fn a_point_reads_back_as_written() {
        for text in ["22.404100,104.598700,8,1790000000,gps", "-0.500000,-180.000000,0,0,map"] {
            assert_eq!(text.parse::<Point>().unwrap().to_string(), text);
        }
        assert_eq!("22.4,104,8,1,gps".parse::<Point>().unwrap().latitude_e6, 22_400_000);
    }
}
