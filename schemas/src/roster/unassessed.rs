//! A household for which the round ended without a class: what was decided, and what the list says of it.
//!
//! It stands on none of the four lists. It is named all the same, so that nobody drops off by silence: whoever was poor on
//! the list before and is on none of this one can be found here, with the reason.

use serde::{Deserialize, Serialize};

use super::line::{Past, VillageName};
use super::tree::Salt;
use crate::canonical;
use crate::ids::HouseholdId;
use crate::ledger::{Hash, Pin, Unassessed};
use crate::rules::Class;

/// One household as somebody decided that this round finds no class for it.
#[derive(Clone, Debug)]
pub struct NotAssessed {
    /// The household.
    pub household: HouseholdId,
    /// The heads that the decision saw.
    pub heads: Vec<Hash>,
    /// The pin that the decision names them by.
    pub pin: Pin,
    /// Hash of the ledger entry that says so.
    pub decided: Hash,
    /// Why.
    pub why: Unassessed,
    /// The salt of its leaf.
    pub salt: Salt,
    /// Its village.
    pub village: VillageName,
    /// What earlier lists said of it.
    pub past: Past,
}

/// What the list says of a household without a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnassessedEntry {
    /// The household.
    pub household: HouseholdId,
    /// The village it belongs to.
    pub village: VillageName,
    /// Why there is no class.
    pub why: Unassessed,
    /// Its class on the list before; `None` when it was not on it.
    pub last: Option<Class>,
    /// Hash of the ledger entry that decided it.
    pub decided: Hash,
    /// The pin of the heads that the decision saw.
    pub heads: Pin,
}

impl UnassessedEntry {
    /// The canonical text, which is hashed.
    pub fn text(&self) -> String {
        // An entry holds texts and whole numbers only, so it always has a canonical form.
        canonical::to_string(self).expect("entries are canonical")
    }
}

impl From<&NotAssessed> for UnassessedEntry {
    fn from(one: &NotAssessed) -> Self {
        Self {
            household: one.household,
            village: one.village.clone(),
            why: one.why,
            last: one.past.last,
            decided: one.decided,
            heads: one.pin,
        }
    }
}
