//! What an earlier list said of a household: the ground from which a review starts, never an answer in it.

use jiff::civil::Date;
use schemas::codes::cause::Cause;
use schemas::codes::listed_class::ListedClass;
use schemas::ids::HouseholdId;
use schemas::ledger::Listing;
use serde::{Deserialize, Serialize};

/// How a household came to be reviewed, and what the list said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedHousehold {
    /// Which household.
    pub household: HouseholdId,
    /// How it came to be reviewed.
    pub how: Listing,
    /// [`ListedFacts`] as JSON under the household's key; `None` for a household that no list named.
    pub sealed: Option<Vec<u8>>,
}

/// Which of the three lists of a year a household stood on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListedOn {
    /// Poor and near-poor households.
    Current,
    /// Households that escaped poverty that year.
    EscapedPoor,
    /// Households that escaped near-poverty that year.
    EscapedNearPoor,
}

/// What the list said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedFacts {
    /// On which list.
    pub list: ListedOn,
    /// Number of the household in it, as written.
    pub number: String,
    /// The class; only the list of poor and near-poor households has one.
    pub class: Option<ListedClass>,
    /// B1 points.
    pub b1: Option<u16>,
    /// B2 points.
    pub b2: Option<u16>,
    /// Number of the decision; empty when not given.
    pub decision_number: String,
    /// Date of the decision.
    pub decision_on: Option<Day>,
    /// *Hộ dân tộc thiểu số.*
    pub minority: bool,
    /// *Hộ không có khả năng lao động.*
    pub no_labour: bool,
    /// *Hộ có thành viên là người có công.*
    pub meritorious: bool,
    /// Causes of poverty, in the order written.
    pub causes: Vec<Cause>,
    /// Remarks; empty when there are none.
    pub note: String,
}

/// A day in JSON: `2025-12-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(pub Date);

impl TryFrom<String> for Day {
    type Error = jiff::Error;
    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse().map(Self)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.0.to_string()
    }
}
