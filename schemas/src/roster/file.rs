//! The list as a file of JSON, from which anybody can compute the root again without asking us.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Roster;
use super::header::{ROSTER_VERSION, RosterHeader};
use super::line::RosterLine;
use super::tree::{self, Salt};
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
    /// Reads a file; a field that we do not know makes it another file.
    pub fn read(json: &[u8]) -> Result<Self, FileFault> {
        serde_json::from_slice(json).map_err(|error| FileFault::Unreadable(error.to_string()))
    }

    /// The root that the lines and their salts give.
    pub fn computed_root(&self) -> Result<Hash, FileFault> {
        if self.header.v != ROSTER_VERSION {
            return Err(FileFault::Version(self.header.v));
        }
        let out_of_order = self.lines.windows(2).find(|pair| pair[0].line.household >= pair[1].line.household);
        if let Some(pair) = out_of_order {
            return Err(FileFault::Order(pair[1].line.household));
        }
        let salted = |entry: &SaltedLine| entry.salt.ok_or(FileFault::NoSalts);
        let salts: Vec<Salt> = self.lines.iter().map(salted).collect::<Result<_, _>>()?;
        Ok(tree::root(&self.header, self.lines.iter().map(|entry| &entry.line).zip(salts)))
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
        self
    }
}

impl From<&Roster> for RosterFile {
    fn from(roster: &Roster) -> Self {
        let line = |(line, salt): &(RosterLine, Salt)| SaltedLine { line: line.clone(), salt: Some(*salt) };
        Self { root: roster.root(), header: roster.header.clone(), lines: roster.lines.iter().map(line).collect() }
    }
}
