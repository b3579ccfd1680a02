//! Rounds (*đợt rà soát*) and who surveys which village in one.
//!
//! What a standard or a form says stands in `schemas`; here they are only named.

use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, RoundId, StandardId, UnitId};
use schemas::ledger::Hash;

use super::codes;

codes! {
    /// Where B1 points come from in a round, without saying which table.
    B1Source("B1 mode") {
        /// Typed from the signed paper form, confirmed by a second person.
        Paper = "paper",
        /// Computed from the office's points table.
        Points = "points",
        /// For exercises: results are marked as not for recognition.
        Training = "training",
    }
}

/// Where B1 points come from in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum B1Mode {
    /// Typed from the signed paper form, confirmed by a second person.
    Paper,
    /// Computed from the office's points table with this hash.
    Points(Hash),
    /// For exercises: results are marked as not for recognition.
    Training,
}

impl B1Mode {
    /// The mode of a source; `None` when it lacks its table, or has one and needs none.
    pub fn new(source: B1Source, table: Option<Hash>) -> Option<Self> {
        match (source, table) {
            (B1Source::Paper, None) => Some(Self::Paper),
            (B1Source::Points, Some(table)) => Some(Self::Points(table)),
            (B1Source::Training, None) => Some(Self::Training),
            (B1Source::Paper | B1Source::Training, Some(_)) | (B1Source::Points, None) => None,
        }
    }

    /// Its source.
    pub fn source(self) -> B1Source {
        match self {
            Self::Paper => B1Source::Paper,
            Self::Points(_) => B1Source::Points,
            Self::Training => B1Source::Training,
        }
    }

    /// Its points table; `None` when no table computes the points.
    pub fn table(self) -> Option<Hash> {
        match self {
            Self::Points(table) => Some(table),
            Self::Paper | Self::Training => None,
        }
    }
}

codes! {
    /// What a round does without, although the form has it.
    LeftOut("kind of question") {
        /// Where the house stands.
        Points = "point",
        /// Photos.
        Photos = "photo",
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
    /// What is not asked in it; each once, in order.
    pub left_out: Vec<LeftOut>,
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
