//! Leaf 0: everything that the lines follow from, by name and hash.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::ids::{RoundId, StandardId, UnitId};
use crate::ledger::Hash;

/// Version of the list's format.
pub const ROSTER_VERSION: u8 = 1;

/// What a list was made from. It holds no time and no person: who compiled it, and when, stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterHeader {
    /// [`ROSTER_VERSION`].
    pub v: u8,
    /// The round.
    pub round: RoundId,
    /// The commune.
    pub commune: CommuneName,
    /// The day on which ages and places are looked at.
    #[serde(with = "day")]
    pub reference_on: Date,
    /// The standard that decides.
    pub standard: HashedId,
    /// The province's higher standard laid over it.
    pub overlay: Option<HashedId>,
    /// Where B1 points come from.
    pub b1: PointsFrom,
    /// Version of the rules by which edits merge.
    pub merge_policy: u32,
    /// Hash of the commune and its villages as of the day: names, kinds of area, regions.
    pub units: Hash,
    /// The list before this one.
    pub previous: Previous,
    /// How many households were approved, those without a line included.
    pub approved: u64,
    /// For how many households the round ended without a class.
    pub unassessed: u64,
    /// Hash of both, sorted by id: of each household its kind, id, heads, deciding entry, village and earlier classes; of
    /// the approved also the place, of the others why they have no class.
    pub inputs: Hash,
}

/// A commune as the list names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommuneName {
    /// The unit.
    pub id: UnitId,
    /// Its official code on the reference day; `None` when it has none.
    pub code: Option<String>,
    /// Its name on the reference day.
    pub name: String,
}

/// A standard or an overlay, and the hash of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashedId {
    /// Which.
    pub id: StandardId,
    /// SHA-256 over its files.
    pub hash: Hash,
}

/// Where the B1 points of a list come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum PointsFrom {
    /// The office's points table.
    Table {
        /// SHA-256 over its files.
        hash: Hash,
    },
    /// Signed paper forms.
    Paper,
}

/// The list before this one, from which movements are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum Previous {
    /// There is none: every household counts as new.
    Nothing,
    /// A file that the commune read in.
    File {
        /// SHA-256 of the file.
        hash: Hash,
    },
}

impl RosterHeader {
    /// The canonical text, which is hashed.
    pub fn text(&self) -> String {
        // A header holds texts and whole numbers only, so it always has a canonical form.
        canonical::to_string(self).expect("headers are canonical")
    }
}

/// A day as text: `2026-10-01`.
mod day {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(day: &Date, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
