//! Compiled lists as they are stored.

use jiff::Timestamp;
use schemas::ids::HouseholdId;
use schemas::ledger::Hash;
use schemas::roster::RosterHeader;

/// A compiled list without its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRoster {
    /// Its number in its commune and round, from 1.
    pub number: u64,
    /// The root of its tree.
    pub root: Hash,
    /// What it was made from.
    pub header: RosterHeader,
    /// When.
    pub compiled_at: Timestamp,
    /// Number of the ledger entry that says so.
    pub ledger: u64,
}

/// What a leaf behind the header is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// A line of one of the four lists.
    Line,
    /// A household for which the round ended without a class.
    Unassessed,
}

/// One leaf of it, in the order of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLine {
    /// What it is about.
    pub kind: LeafKind,
    /// The household.
    pub household: HouseholdId,
    /// The hash of its leaf: what is left when the household's key was destroyed.
    pub leaf: Hash,
    /// The canonical text of the line or entry under the household's key.
    pub sealed: Vec<u8>,
}
