//! The RFC 6962 tree over a header, its lines and the households without a class: root, proofs, and checking one leaf.

use ct_merkle::digest::Output;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{HashableLeaf, InclusionProof, RootHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::header::RosterHeader;
use super::line::RosterLine;
use super::unassessed::UnassessedEntry;
use crate::ledger::Hash;

/// What keeps a leaf from being guessed by its hash: 32 bytes that follow from its household's secret and the round.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Salt(Hash);

impl Salt {
    /// The salt of the header, which is no secret.
    const HEADER: Self = Self(Hash([0; 32]));

    /// A salt from its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Hash(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Salt(..)")
    }
}

/// Shows that one leaf stands on the list with a given root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Number of the leaf; the header is leaf 0.
    pub leaf: u64,
    /// How many leaves there are, the header included.
    pub leaves: u64,
    /// The hashes beside the path, from the leaf up.
    pub path: Vec<Hash>,
}

/// What one leaf is the hash of.
struct Leaf {
    salt: Salt,
    text: String,
}

/// What stands before the text of a household without a class: no canonical JSON of a line begins like this.
const UNASSESSED: &str = "unassessed\0";

impl Leaf {
    fn header(header: &RosterHeader) -> Self {
        Self { salt: Salt::HEADER, text: header.text() }
    }

    fn line(line: &RosterLine, salt: Salt) -> Self {
        Self { salt, text: line.text() }
    }

    fn unassessed(entry: &UnassessedEntry, salt: Salt) -> Self {
        Self { salt, text: format!("{UNASSESSED}{}", entry.text()) }
    }

    /// The hash of this leaf alone.
    fn digest(&self) -> Hash {
        let mut hasher = Sha256::new_with_prefix([0]);
        self.hash(&mut hasher);
        Hash(hasher.finalize().into())
    }

    fn stands_on(&self, root: Hash, proof: &Proof) -> bool {
        if proof.leaf == 0 || proof.leaves > MOST_LEAVES {
            return false;
        }
        let root = RootHash::<Sha256>::new(root.0.into(), proof.leaves);
        let path: Vec<Output<Sha256>> = proof.path.iter().map(|hash| hash.0.into()).collect();
        let path = InclusionProof::from_digests(path.iter());
        root.verify_inclusion(self, proof.leaf, &path).is_ok()
    }
}

impl HashableLeaf for Leaf {
    fn hash<H: ct_merkle::digest::Update>(&self, hasher: &mut H) {
        hasher.update(self.salt.bytes());
        hasher.update(self.text.as_bytes());
    }
}

/// No list has more leaves; beyond, the arithmetic of the tree library may overflow, and proofs come from strangers.
const MOST_LEAVES: u64 = 1 << 32;

type Tree = MemoryBackedTree<Sha256, Leaf>;

fn tree<'a>(
    header: &RosterHeader,
    lines: impl IntoIterator<Item = (&'a RosterLine, Salt)>,
    unassessed: impl IntoIterator<Item = (&'a UnassessedEntry, Salt)>,
) -> Tree {
    let mut tree = Tree::new();
    tree.push(Leaf::header(header));
    for (line, salt) in lines {
        tree.push(Leaf::line(line, salt));
    }
    for (entry, salt) in unassessed {
        tree.push(Leaf::unassessed(entry, salt));
    }
    tree
}

/// The hash of one line's leaf: what is left of a line whose household was erased.
pub fn leaf_hash(line: &RosterLine, salt: Salt) -> Hash {
    Leaf::line(line, salt).digest()
}

/// The same of a household without a class.
pub fn unassessed_leaf_hash(entry: &UnassessedEntry, salt: Salt) -> Hash {
    Leaf::unassessed(entry, salt).digest()
}

/// The root over a header, lines and households without a class in the given order.
pub fn root<'a>(
    header: &RosterHeader,
    lines: impl IntoIterator<Item = (&'a RosterLine, Salt)>,
    unassessed: impl IntoIterator<Item = (&'a UnassessedEntry, Salt)>,
) -> Hash {
    Hash((*tree(header, lines, unassessed).root().as_bytes()).into())
}

/// The same root from the hashes of the leaves behind the header: what can still be computed of a list after a household
/// on it was erased.
pub fn root_of_leaves(header: &RosterHeader, leaves: impl IntoIterator<Item = Hash>) -> Hash {
    let all: Vec<Hash> = std::iter::once(Leaf::header(header).digest()).chain(leaves).collect();
    over(&all)
}

/// RFC 6962, 2.1: the larger power of two goes to the left.
fn over(leaves: &[Hash]) -> Hash {
    let [_, _, ..] = leaves else { return leaves.first().copied().unwrap_or_else(|| Hash(Sha256::digest([]).into())) };
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let hasher = Sha256::new_with_prefix([1]).chain_update(over(left).0).chain_update(over(right).0);
    Hash(hasher.finalize().into())
}

/// The proof of every leaf but the header, in their order.
pub(super) fn proofs<'a>(
    header: &RosterHeader,
    lines: impl IntoIterator<Item = (&'a RosterLine, Salt)>,
    unassessed: impl IntoIterator<Item = (&'a UnassessedEntry, Salt)>,
) -> Vec<Proof> {
    let tree = tree(header, lines, unassessed);
    let leaves = tree.len();
    let proof = |leaf: u64| {
        // Numbers of leaves that are in memory fit.
        let path = tree.prove_inclusion(leaf as usize);
        let path = path.as_bytes().as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect();
        Proof { leaf, leaves, path }
    };
    (1..leaves).map(proof).collect()
}

/// Whether a line under its salt stands on the list with this root; leaf 0 is the header and never a line.
pub fn verify_line(root: Hash, line: &RosterLine, salt: Salt, proof: &Proof) -> bool {
    Leaf::line(line, salt).stands_on(root, proof)
}

/// Whether the list with this root says this of a household without a class.
pub fn verify_unassessed(root: Hash, entry: &UnassessedEntry, salt: Salt, proof: &Proof) -> bool {
    Leaf::unassessed(entry, salt).stands_on(root, proof)
}
