//! Where a household stands with its reviewers, and what the inbox shows of it.

use schemas::ids::{HouseholdId, UnitId};
use schemas::ledger::{Pin, Unassessed};
use schemas::rules::ClassSet;
use sync_protocol::hash::{ChangeHash, DisagreementId};

/// What a reviewer last said of a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Complete and right.
    Accepted,
    /// To be looked at again.
    Returned,
    /// The round ends for it without a class, for this reason.
    Unassessed(Unassessed),
}

impl Said {
    /// The code under which it is stored and sent.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Returned => "returned",
            Self::Unassessed(_) => "unassessed",
        }
    }

    /// Why there is no class; `None` for any other word.
    pub fn why(self) -> Option<Unassessed> {
        match self {
            Self::Unassessed(why) => Some(why),
            Self::Accepted | Self::Returned => None,
        }
    }
}

/// Where a household stands with its reviewers; made from the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewState {
    /// The last word on the household: what, on which state of the document, and the number of its ledger entry. `None`
    /// while nobody said anything.
    pub last: Option<(Said, Pin, u64)>,
    /// The points that a second person has read on the paper form, as a pin.
    pub confirmed_points: Option<Pin>,
}

/// What lists and screens show of a household; made from its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdView {
    /// Which household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// The accepted heads that this was made from.
    pub heads: Vec<ChangeHash>,
    /// Name of the head; empty while unknown.
    pub head_name: String,
    /// Every class that is possible under the deciding standard.
    pub classes: ClassSet,
    /// Whether nothing is missing under the deciding standard.
    pub complete: bool,
    /// Open disagreements, and how many of them a person has to settle.
    pub open_disagreements: u32,
    /// Disagreements that block acceptance.
    pub blocking: u32,
    /// Outcome of the visit with the latest date; `None` while nobody went.
    pub last_outcome: Option<String>,
    /// The house: latitude and longitude in millionths of a degree, accuracy in metres.
    pub point: Option<(i32, i32, u32)>,
    /// The rest, as JSON: members, points, class sets by standard, warnings.
    pub summary: String,
}

/// One open disagreement; made from the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisagreementView {
    /// The household.
    pub household: HouseholdId,
    /// Its name: see `sync_protocol::disagreement`.
    pub id: DisagreementId,
    /// The section.
    pub section: String,
    /// Whether a person has to settle it before the household can be accepted.
    pub blocking: bool,
    /// Whether it is about who somebody is or about what the list prints.
    pub roster: bool,
    /// The classes that taking sides can lead to under any standard of the round; `None`: too many ways, may change.
    pub impact: Option<ClassSet>,
}
