//! The official list: who is on it, why, and the one hash that stands for all of it.
//!
//! Owns what a line says, how the lines follow from what was approved ([`compile`]), what is said of households for which
//! the round ended without a class ([`UnassessedEntry`]), and the tree over all of them ([`Salt`], [`Proof`]). Does not
//! find out what was decided, keeps nothing and prints nothing: that is the server's.
//!
//! The root is that of RFC 6962 (SHA-256, leaf prefix 0, node prefix 1). Leaf 0 is the header under a salt of zeros; after
//! it come the lines in the order of their household ids, then the households without a class in the same order. The data
//! of a leaf are its salt (32 bytes) and the canonical JSON of the header or line; of a household without a class, its
//! salt, `unassessed`, a zero byte and the canonical JSON, so that neither can be shown as the other. A salt comes from the
//! secret of its household, so one leaf can be proven ([`verify_line`], [`verify_unassessed`]) without giving a hold on
//! any other.

mod compile;
mod file;
mod header;
mod line;
mod tree;
mod unassessed;

pub use compile::{Approved, Block, Blocked, NotCompiled, Setting, compile};
pub use file::{FileFault, RosterFile, SaltedLine, SaltedUnassessed};
pub use header::{CommuneName, HashedId, PointsFrom, Previous, ROSTER_VERSION, RosterHeader};
pub use line::{B1Points, List, Movement, Past, PointsSource, RosterLine, RosterMember, VillageName};
pub use tree::{Proof, Salt, leaf_hash, root, root_of_leaves, unassessed_leaf_hash, verify_line, verify_unassessed};
pub use unassessed::{NotAssessed, UnassessedEntry};

use crate::canonical;
use crate::ids::UnitId;
use crate::ledger::Hash;

/// A compiled list: the header, then the lines and the households without a class, each with the salt of its leaf and in
/// the order of their household ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    header: RosterHeader,
    lines: Vec<(RosterLine, Salt)>,
    unassessed: Vec<(UnassessedEntry, Salt)>,
}

impl Roster {
    /// What the list was made from.
    pub fn header(&self) -> &RosterHeader {
        &self.header
    }

    /// The lines with their salts, in the order of the tree; the first of them is leaf 1.
    pub fn lines(&self) -> &[(RosterLine, Salt)] {
        &self.lines
    }

    /// The households without a class with their salts, in the order of the tree, behind the lines.
    pub fn unassessed(&self) -> &[(UnassessedEntry, Salt)] {
        &self.unassessed
    }

    /// The root of the tree, which the decision carries.
    pub fn root(&self) -> Hash {
        tree::root(&self.header, salted(&self.lines), salted(&self.unassessed))
    }

    /// The proof of every line, in the order of the lines.
    pub fn proofs(&self) -> Vec<Proof> {
        let mut proofs = self.all_proofs();
        proofs.truncate(self.lines.len());
        proofs
    }

    /// The proof of every household without a class, in their order.
    pub fn unassessed_proofs(&self) -> Vec<Proof> {
        self.all_proofs().split_off(self.lines.len())
    }

    fn all_proofs(&self) -> Vec<Proof> {
        tree::proofs(&self.header, salted(&self.lines), salted(&self.unassessed))
    }
}

fn salted<T>(entries: &[(T, Salt)]) -> impl Iterator<Item = (&T, Salt)> {
    entries.iter().map(|(entry, salt)| (entry, *salt))
}

/// The root of a list compiled from those of communes: the canonical hash of their ids and roots, sorted by id. Whoever has
/// the roots, which stand in the compiled workbook, can compute it again.
pub fn compiled_root(communes: &[(UnitId, Hash)]) -> Hash {
    let mut communes = communes.to_vec();
    communes.sort_unstable();
    // Numbers and texts only, so they always have a canonical form.
    Hash(canonical::hash("rasoat compiled list 1", &communes).expect("roots are canonical"))
}
