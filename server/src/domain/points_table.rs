//! B1 points tables that offices loaded: whose, from where, and who signed them off.
//!
//! What stands in one, and whether it is sound, is the business of `schemas`.

use jiff::Timestamp;
use schemas::ids::{AccountId, StandardId, UnitId};
use schemas::ledger::Hash;
use schemas::standard::PointsFiles;

/// Who did something, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
}

/// A points table as an office keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeTable {
    /// The unit for which it was loaded; it serves rounds there and within.
    pub unit: UnitId,
    /// The hash over its files.
    pub hash: Hash,
    /// The standard whose form it is bound to.
    pub standard: StandardId,
    /// Where the office has it from, in words.
    pub source: String,
    /// The files.
    pub files: PointsFiles,
    /// How far it is.
    pub state: TableState,
}

/// How far a points table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableState {
    /// One person has loaded it; no round may use it.
    Loaded(Signature),
    /// A second person has confirmed it.
    Confirmed {
        /// Who loaded it.
        loaded: Signature,
        /// Who confirmed it: somebody else.
        confirmed: Signature,
    },
}

impl TableState {
    /// Who loaded the table.
    pub fn loaded(self) -> Signature {
        match self {
            Self::Loaded(loaded) | Self::Confirmed { loaded, .. } => loaded,
        }
    }

    /// Who confirmed it; `None` while nobody has.
    pub fn confirmed(self) -> Option<Signature> {
        match self {
            Self::Loaded(_) => None,
            Self::Confirmed { confirmed, .. } => Some(confirmed),
        }
    }
}
