//! What gives cause to look at a household again. It never blocks and never merges.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use schemas::ledger::{Pin, Reason};

/// Something about a household that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The house was measured outside of its village.
    Stray(Stray),
    /// The household, or somebody in it, may stand elsewhere too.
    Suspicion(Suspicion),
}

impl Warning {
    /// Whether it is a suspicion that nobody has looked at yet.
    pub fn is_open_suspicion(&self) -> bool {
        match self {
            Self::Suspicion(suspicion) => suspicion.checked.is_none(),
            Self::Stray(_) => false,
        }
    }
}

/// A house outside of its village by more than the phone's accuracy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The village.
    pub village: UnitId,
    /// Its name; empty when the unit no longer exists.
    pub village_name: String,
    /// Metres to the village's border.
    pub metres: u32,
    /// What the phone said of its accuracy, in metres; less than `metres`.
    pub accuracy_m: u32,
}

/// A household that may be another one, or share a person with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The pin of all facts that it rests on: another name, place or number is another suspicion.
    pub pin: Pin,
    /// Why; each reason once.
    pub grounds: BTreeSet<Ground>,
    /// Names of the household's own members whose number stands in the other one too.
    pub members: Vec<String>,
    /// The other household, as far as the person who asks may know of it.
    pub other: Other,
    /// Who looked at it on exactly these facts; `None` while nobody did.
    pub checked: Option<Checked>,
}

/// Why two households may be one or share a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// A member's number stands in both.
    SameNumber,
    /// The heads' names are near, and the houses stand so many metres from each other.
    NearNamesNearby(u32),
    /// The heads' names are near, the village is the same, and not both houses were measured.
    NearNamesSameVillage,
}

/// The other household of a suspicion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// One that the person may read.
    Readable {
        /// The household.
        household: HouseholdId,
        /// Its commune.
        commune: UnitId,
        /// Name of the commune.
        commune_name: String,
        /// Its village.
        village: UnitId,
        /// Name of its head; empty while unknown.
        head_name: String,
        /// Names of its members whose number stands in both.
        members: Vec<String>,
    },
    /// One that the person may not read: only whose office to ask.
    AskOffice {
        /// Name of the commune.
        commune_name: String,
    },
}

/// Two households were found to be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// By whom.
    pub by: Option<AccountId>,
    /// When.
    pub at: Timestamp,
    /// How that was found out.
    pub reason: Reason,
}
