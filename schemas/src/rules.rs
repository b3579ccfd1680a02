//! The rules: from the facts of a household to its class, with reasons.
//!
//! Owns conditions, three-valued evaluation and results. Which conditions there are is data of a
//! [`crate::standard::Standard`]; nothing here knows any country's law.

mod assessment;
mod b1;
mod bind;
mod classify;
mod completions;
mod condition;
mod explain;
mod facts;
mod points;
mod scene;
mod truth;

use serde::{Deserialize, Serialize};

pub use assessment::{
    Assessment, Class, ClassSet, Finding, MOST_INDICATORS, MemberSet, Missing, Outcome, Units, Verdict,
};
pub use b1::{B1, B1Mode, B1Source, ByArea, Training};
pub use bind::{BindFault, Slot};
pub use classify::{Screening, classify, counted_members, relevance, screen};
pub use condition::Condition;
pub use explain::{B1Report, Cause, IndicatorReport, ItemReport, Language, MissingReport, Person, Report, Text};
pub use facts::{Facts, Subject};
pub use points::{
    ItemPoints, PointsDifference, PointsRow, PointsStatus, PointsTable, RoundTable, RowKey, SampleRefused,
};
pub use truth::Truth;

pub(crate) use b1::IncomeRule;
pub(crate) use bind::{AgeBand, Binder, Layout, MOST_CHOICES, Node};
pub(crate) use classify::{ClassRule, IndicatorRule, Rules, ScreeningRule, Side, flags};
pub(crate) use completions::Breaks;
pub(crate) use points::{COLUMNS, Choose, Column, Item, Row};

/// Whether a place is country or town, a fact of the server with dates of its own; never derived from a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaType {
    /// *Nông thôn*.
    Rural,
    /// *Thành thị*.
    Urban,
}

/// The six rural regions of the points tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// *Đồng bằng sông Hồng*.
    RedRiverDelta,
    /// *Trung du và miền núi phía Bắc*.
    NorthernMidlandMountain,
    /// *Bắc Trung Bộ và Duyên hải miền Trung*.
    NorthCentralCoast,
    /// *Tây Nguyên*.
    CentralHighlands,
    /// *Đông Nam Bộ*.
    SouthEast,
    /// *Đồng bằng sông Cửu Long*.
    MekongDelta,
}

impl Region {
    /// Every region, from north to south.
    pub const ALL: [Self; 6] = [
        Self::RedRiverDelta,
        Self::NorthernMidlandMountain,
        Self::NorthCentralCoast,
        Self::CentralHighlands,
        Self::SouthEast,
        Self::MekongDelta,
    ];

    /// The region of this name; `None` for a name that no table knows.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.name() == name)
    }

    /// The name under which it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Self::RedRiverDelta => "red_river_delta",
            Self::NorthernMidlandMountain => "northern_midland_mountain",
            Self::NorthCentralCoast => "north_central_coast",
            Self::CentralHighlands => "central_highlands",
            Self::SouthEast => "south_east",
            Self::MekongDelta => "mekong_delta",
        }
    }
}

/// Where a household lives, as the rules need it. A fact of the server, never of the household's document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Country or town.
    pub area: AreaType,
    /// Which region.
    pub region: Region,
}
