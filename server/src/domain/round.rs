//! Rounds (*đợt rà soát*) and who surveys which village in one.
//!
//! What a standard or a form says stands in `schemas`; here they are only named.

use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, RoundId, StandardId, UnitId};

use super::codes;

codes! {
    /// Where B1 points come from in a round.
    B1Mode("B1 mode") {
        /// Typed from the signed paper form, confirmed by a second person.
        Paper = "paper",
        /// Computed from the office's points table.
        Points = "points",
        /// For exercises: results are marked as not for recognition.
        Training = "training",
    }
}

codes! {
    /// How far a round is.
    RoundState("round state") {
        /// Being prepared; nothing is surveyed yet.
        Planned = "planned",
        /// Being surveyed.
        Open = "open",
        /// Over; later changes are offered to the next round.
        Closed = "closed",
    }
}

/// One review round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Which round.
    pub id: RoundId,
    /// The part of the tree that it covers.
    pub unit: UnitId,
    /// What people call it.
    pub name: String,
    /// The standards under which every household is scored, the deciding one first; at least one.
    pub standards: Vec<StandardId>,
    /// The form that is asked.
    pub form_version: FormVersion,
    /// Where B1 points come from.
    pub b1_mode: B1Mode,
    /// The day that ages and counts refer to.
    pub reference_on: Date,
    /// How far it is.
    pub state: RoundState,
}

/// Somebody surveys a village in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The commune in which the village lies.
    pub commune: UnitId,
    /// In which round.
    pub round: RoundId,
    /// Which village.
    pub village: UnitId,
    /// Who.
    pub account: AccountId,
}
