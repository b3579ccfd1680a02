//! One household of the list, and the four lists it can stand on.

use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::codes::cause::Cause;
use crate::form::Label;
use crate::fraction::Fraction;
use crate::ids::{HouseholdId, MemberId, UnitId};
use crate::ledger::{Hash, Pin};
use crate::rules::{AreaType, Class, ClassSet};
use crate::value::Key;

/// What the list says of one household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterLine {
    /// The household.
    pub household: HouseholdId,
    /// The village it belongs to.
    pub village: VillageName,
    /// Country or town: the cut-off depends on it.
    pub area: AreaType,
    /// The address inside the village, as answered.
    pub address: Option<String>,
    /// Which list it stands on.
    pub list: List,
    /// Its class.
    pub class: Class,
    /// Where it comes from.
    pub movement: Movement,
    /// Income side.
    pub b1: B1Points,
    /// Deprivation points.
    pub b2: Fraction,
    /// Everybody who counts, the head first.
    pub members: Vec<RosterMember>,
    /// Flags of the standard that hold.
    pub flags: Vec<Key>,
    /// Flags that a missing answer leaves open: nobody may read them as "no".
    pub flags_open: Vec<Key>,
    /// Causes of poverty, in the order of the reports.
    pub causes: Vec<Cause>,
    /// Hash of the ledger entry that accepted the household.
    pub accepted: Hash,
    /// The pin of the heads that were accepted.
    pub heads: Pin,
}

/// A village as the list names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VillageName {
    /// The unit.
    pub id: UnitId,
    /// Its name on the reference day.
    pub name: String,
}

/// The lists of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// *Hộ nghèo.*
    Poor,
    /// *Hộ cận nghèo.*
    NearPoor,
    /// *Hộ thoát nghèo*: poor on the list before, not poor now.
    EscapedPoor,
    /// *Hộ thoát cận nghèo*: near-poor on the list before, not poor now.
    EscapedNearPoor,
}

/// Where a household comes from, by the list before and by earlier lists as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// *Cũ*: the same class on the list before.
    Kept,
    /// Poor on the list before.
    FromPoor,
    /// Near-poor on the list before.
    FromNearPoor,
    /// *Tái nghèo, tái cận nghèo*: in the same class on an earlier list, not on the one before.
    Returned,
    /// *Phát sinh mới.*
    New,
}

/// What earlier lists said of a household.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Past {
    /// Its class on the list before; `None` when it is not on it.
    pub last: Option<Class>,
    /// Its classes on the lists before that, as far as they are known.
    pub before: ClassSet,
}

/// B1 points that a recognition rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct B1Points {
    /// The points.
    pub points: i64,
    /// Where they come from.
    pub source: PointsSource,
}

/// The sources of B1 that serve recognition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointsSource {
    /// By the office's points table.
    Table,
    /// *Điểm nhập từ phiếu giấy.*
    Paper,
}

/// One person of a household, with codes as the form stores them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterMember {
    /// The member.
    pub id: MemberId,
    /// Full name.
    pub name: String,
    /// Relation to the head.
    pub relation: Option<String>,
    /// Date of birth, as far as known.
    pub born: Option<String>,
    /// Sex.
    pub sex: Option<String>,
    /// Citizen ID.
    pub citizen_id: Option<String>,
    /// Ethnic group.
    pub ethnicity: Option<String>,
}

impl RosterLine {
    /// The canonical text, which is hashed.
    pub fn text(&self) -> String {
        // A line holds texts and whole numbers only, so it always has a canonical form.
        canonical::to_string(self).expect("lines are canonical")
    }

    /// The head, who stands first.
    pub fn head(&self) -> Option<&RosterMember> {
        self.members.first()
    }
}

impl List {
    /// All lists, in the order of a decision.
    pub const ALL: [Self; 4] = [Self::Poor, Self::NearPoor, Self::EscapedPoor, Self::EscapedNearPoor];

    /// What people see.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::Poor => ("Hộ nghèo", "Poor household"),
            Self::NearPoor => ("Hộ cận nghèo", "Near-poor household"),
            Self::EscapedPoor => ("Hộ thoát nghèo", "Household that escaped poverty"),
            Self::EscapedNearPoor => ("Hộ thoát cận nghèo", "Household that escaped near-poverty"),
        };
        Label { vi: vi.to_owned(), en: en.to_owned() }
    }
}

impl PointsSource {
    /// How a household is marked whose points come from here.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::Table => ("theo bảng điểm", "by the points table"),
            Self::Paper => ("điểm nhập từ phiếu giấy", "points typed from the paper form"),
        };
        Label { vi: vi.to_owned(), en: en.to_owned() }
    }
}

impl Past {
    /// The list and the movement that follow from the class now; `None` when the household stands on no list.
    pub(super) fn moved_to(self, now: Class) -> Option<(List, Movement)> {
        let returned = if self.before.contains(now) { Movement::Returned } else { Movement::New };
        match (now, self.last) {
            (Class::Poor, Some(Class::Poor)) => Some((List::Poor, Movement::Kept)),
            (Class::Poor, Some(Class::NearPoor)) => Some((List::Poor, Movement::FromNearPoor)),
            (Class::Poor, Some(Class::NotPoor) | None) => Some((List::Poor, returned)),
            (Class::NearPoor, Some(Class::NearPoor)) => Some((List::NearPoor, Movement::Kept)),
            (Class::NearPoor, Some(Class::Poor)) => Some((List::NearPoor, Movement::FromPoor)),
            (Class::NearPoor, Some(Class::NotPoor) | None) => Some((List::NearPoor, returned)),
            (Class::NotPoor, Some(Class::Poor)) => Some((List::EscapedPoor, Movement::FromPoor)),
            (Class::NotPoor, Some(Class::NearPoor)) => Some((List::EscapedNearPoor, Movement::FromNearPoor)),
            (Class::NotPoor, Some(Class::NotPoor) | None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_poor_and_was_not_listed_stands_nowhere() {
        for last in [None, Some(Class::NotPoor)] {
            assert_eq!(Past { last, before: ClassSet::ALL }.moved_to(Class::NotPoor), None);
        }
    }

    #[test]
    fn a_household_comes_back_only_to_the_class_it_had() {
        let once_poor = Past { last: None, before: ClassSet::only(Class::Poor) };
        assert_eq!(once_poor.moved_to(Class::Poor), Some((List::Poor, Movement::Returned)));
        assert_eq!(once_poor.moved_to(Class::NearPoor), Some((List::NearPoor, Movement::New)));
    }

    #[test]
    fn the_list_before_decides_before_any_earlier_one() {
        let was = |last| Past { last: Some(last), before: ClassSet::ALL };
        assert_eq!(was(Class::NearPoor).moved_to(Class::Poor), Some((List::Poor, Movement::FromNearPoor)));
        assert_eq!(was(Class::Poor).moved_to(Class::NearPoor), Some((List::NearPoor, Movement::FromPoor)));
        assert_eq!(
            was(Class::NearPoor).moved_to(Class::NotPoor),
            Some((List::EscapedNearPoor, Movement::FromNearPoor))
        );
        assert_eq!(was(Class::Poor).moved_to(Class::Poor), Some((List::Poor, Movement::Kept)));
    }
}
