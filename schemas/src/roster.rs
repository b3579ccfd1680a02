//! The official list: who is on it, why, and the one hash that stands for all of it.
//!
//! Owns what a line says, how the lines follow from what was approved ([`compile`]), and the tree over them ([`Salt`],
//! [`Proof`]). Does not find out what was approved, keeps nothing and prints nothing: that is the server's.
//!
//! The root is that of RFC 6962 (SHA-256, leaf prefix 0, node prefix 1). Leaf 0 is the header under a salt of zeros; the
//! leaves after it are the lines in the order of their household ids. The data of a leaf are its salt (32 bytes) and the
//! canonical JSON of the header or line. A salt comes from the secret of its household, so one line can be proven
//! ([`verify_line`]) without giving a hold on any other.

mod compile;
mod file;
mod header;
mod line;
mod tree;

pub use compile::{Approved, Block, Blocked, NotCompiled, Setting, compile};
pub use file::{FileFault, RosterFile, SaltedLine};
pub use header::{CommuneName, HashedId, PointsFrom, Previous, ROSTER_VERSION, RosterHeader};
pub use line::{B1Points, List, Movement, Past, PointsSource, RosterLine, RosterMember, VillageName};
pub use tree::{Proof, Salt, leaf_hash, root, verify_line};

use crate::canonical;
use crate::ids::UnitId;
use crate::ledger::Hash;

/// The root of a list compiled from those of communes: the canonical hash of their ids and roots, sorted by id. Whoever has
/// the roots, which stand in the compiled workbook, can compute it again.
pub fn compiled_root(communes: &[(UnitId, Hash)]) -> Hash {
    let mut communes = communes.to_vec();
    communes.sort_unstable();
    // Numbers and texts only, so they always have a canonical form.
    Hash(canonical::hash("rasoat compiled list 1", &communes).expect("roots are canonical"))
}

/// A compiled list: the header, and the lines with their salts in the order of their household ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    header: RosterHeader,
    lines: Vec<SaltedRow>,
}

/// A line and the salt of its leaf.
type SaltedRow = (RosterLine, Salt);

impl Roster {
    /// What the list was made from.
    pub fn header(&self) -> &RosterHeader {
        &self.header
    }

    /// The lines with their salts, in the order of the tree; the first of them is leaf 1.
    pub fn lines(&self) -> &[(RosterLine, Salt)] {
        &self.lines
    }

    /// The root of the tree, which the decision carries.
    pub fn root(&self) -> Hash {
        tree::root(&self.header, self.lines.iter().map(|(line, salt)| (line, *salt)))
    }

    /// The proof of every line, in the order of the lines.
    pub fn proofs(&self) -> Vec<Proof> {
        tree::proofs(&self.header, self.lines.iter().map(|(line, salt)| (line, *salt)))
    }
}
