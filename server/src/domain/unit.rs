//! Units of the tree: nation, province, district, commune, village.
//!
//! A unit keeps its id through reforms; its name, parent, area type and region are dated.

use jiff::civil::Date;
use schemas::ids::UnitId;

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
