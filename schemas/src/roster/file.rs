//! The list as a file of JSON, from which anybody can compute the root again without asking us.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Roster;
use super::header::{ROSTER_VERSION, RosterHeader};
use super::line::RosterLine;
use super::tree::{self, Salt};
use super::unassessed::UnassessedEntry;
use crate::ids::HouseholdId;
use crate::ledger::Hash;

/// A list as it is exported. Salts are given only to offices that answer for the list: with a salt and a guess, a line
/// could be confirmed by its leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterFile {
    /// The root that the file claims.
    pub root: Hash,
    /// Leaf 0.
    pub header: RosterHeader,
    /// The leaves after it.
    pub lines: Vec<SaltedLine>,
    /// The leaves behind those: households without a class.
    pub unassessed: Vec<SaltedUnassessed>,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaltedLine {
    /// The line.
    pub line: RosterLine,
    /// The salt of its leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// A household without a class in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaltedUnassessed {
    /// What the list says of it.
    pub entry: UnassessedEntry,
    /// The salt of its leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// Why a file is not the list with a given root.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FileFault {
    /// The file is not a list as we export it.
    #[error("không phải tệp danh sách (not a roster file): {0}")]
    Unreadable(String),
    /// The file is of a version that this release does not know.
    #[error("phiên bản danh sách chưa biết (roster of unknown version): {0}")]
    Version(u8),
    /// The file was exported without salts, so its root cannot be computed.
    #[error(
        "tệp xuất không kèm muối, không tính lại được mã gốc (exported without salts: the root cannot be recomputed)"
    )]
    NoSalts,
    /// A household stands at the wrong place, or twice.
    #[error("hộ {0} đứng sai thứ tự hoặc lặp lại (household {0} is out of order or repeated)")]
    Order(HouseholdId),
    /// The lines give another root.
    #[error("mã gốc tính được là {found}, khác với {expected} (the file gives the root {found}, not {expected})")]
    Root {
        /// The root that was asked for.
        expected: Hash,
        /// The root that the file gives.
        found: Hash,
    },
}

impl RosterFile {
    /// The file of a list, with its salts.
    pub fn new(
        root: Hash,
        header: RosterHeader,
        lines: &[(RosterLine, Salt)],
        unassessed: &[(UnassessedEntry, Salt)],
    ) -> Self {
        let line = |(line, salt): &(RosterLine, Salt)| SaltedLine { line: line.clone(), salt: Some(*salt) };
        let without_class = |(entry, salt): &(UnassessedEntry, Salt)| {
            let (entry, salt) = (entry.clone(), Some(*salt));
            SaltedUnassessed { entry, salt }
        };
        let (lines, unassessed) = (lines.iter().map(line), unassessed.iter().map(without_class));
        Self { root, header, lines: lines.collect(), unassessed: unassessed.collect() }
    }

    /// Reads a file; a field that we do not know makes it another file.
    pub fn read(json: &[u8]) -> Result<Self, FileFault> {
        serde_json::from_slice(json).map_err(|error| FileFault::Unreadable(error.to_string()))
    }

    /// The root that the entries and their salts give.
    pub fn computed_root(&self) -> Result<Hash, FileFault> {
        if self.header.v != ROSTER_VERSION {
            return Err(FileFault::Version(self.header.v));
        }
        self.check_order()?;
        let lines: Result<Vec<_>, _> = self.lines.iter().map(|one| salted(&one.line, one.salt)).collect();
        let unassessed: Result<Vec<_>, _> = self.unassessed.iter().map(|one| salted(&one.entry, one.salt)).collect();
        Ok(tree::root(&self.header, lines?, unassessed?))
    }

    /// Both parts ascend, and no household stands in both.
    fn check_order(&self) -> Result<(), FileFault> {
        let lines: Vec<HouseholdId> = self.lines.iter().map(|one| one.line.household).collect();
        let unassessed: Vec<HouseholdId> = self.unassessed.iter().map(|one| one.entry.household).collect();
        let falling = |ids: &[HouseholdId]| ids.windows(2).find(|pair| pair[0] >= pair[1]).map(|pair| pair[1]);
        let twice = || unassessed.iter().copied().find(|id| lines.binary_search(id).is_ok());
        match falling(&lines).or_else(|| falling(&unassessed)).or_else(twice) {
            Some(household) => Err(FileFault::Order(household)),
            None => Ok(()),
        }
    }

    /// Checks that the file is the list with this root, and that it claims no other.
    pub fn verify(&self, expected: Hash) -> Result<(), FileFault> {
        let found = self.computed_root()?;
        match found == expected && self.root == expected {
            true => Ok(()),
            false if found == expected => Err(FileFault::Root { expected, found: self.root }),
            false => Err(FileFault::Root { expected, found }),
        }
    }

    /// The same file without salts, for readers who do not answer for the list.
    #[must_use]
    pub fn without_salts(mut self) -> Self {
        self.lines.iter_mut().for_each(|entry| entry.salt = None);
        self.unassessed.iter_mut().for_each(|entry| entry.salt = None);
        self
    }
}

impl From<&Roster> for RosterFile {
    fn from(roster: &Roster) -> Self {
        Self::new(roster.root(), roster.header.clone(), &roster.lines, &roster.unassessed)
    }
}

fn salted<T>(entry: &T, salt: Option<Salt>) -> Result<(&T, Salt), FileFault> {
    salt.map(|salt| (entry, salt)).ok_or(FileFault::NoSalts)
}
