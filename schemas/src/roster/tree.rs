//! The RFC 6962 tree over a header and its lines: root, proofs, and checking one line.

use ct_merkle::digest::Output;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{HashableLeaf, InclusionProof, RootHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::header::RosterHeader;
use super::line::RosterLine;
use crate::ledger::Hash;

/// What keeps a line from being guessed by its hash: 32 bytes that follow from its household's secret and the round.
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

/// Shows that one line stands on the list with a given root.
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

impl HashableLeaf for Leaf {
    fn hash<H: ct_merkle::digest::Update>(&self, hasher: &mut H) {
        hasher.update(self.salt.bytes());
        hasher.update(self.text.as_bytes());
    }
}

/// No list has more leaves; beyond, the arithmetic of the tree library may overflow, and proofs come from strangers.
const MOST_LEAVES: u64 = 1 << 32;

type Tree = MemoryBackedTree<Sha256, Leaf>;

fn tree<'a>(header: &RosterHeader, lines: impl IntoIterator<Item = (&'a RosterLine, Salt)>) -> Tree {
    let mut tree = Tree::new();
    tree.push(Leaf { salt: Salt::HEADER, text: header.text() });
    for (line, salt) in lines {
        tree.push(Leaf { salt, text: line.text() });
    }
    tree
}

/// The hash of one line's leaf: what is left of a line whose household was erased.
pub fn leaf_hash(line: &RosterLine, salt: Salt) -> Hash {
    let leaf = Leaf { salt, text: line.text() };
    let mut hasher = Sha256::new_with_prefix([0]);
    leaf.hash(&mut hasher);
    Hash(hasher.finalize().into())
}

/// The root over a header and lines in the given order.
pub fn root<'a>(header: &RosterHeader, lines: impl IntoIterator<Item = (&'a RosterLine, Salt)>) -> Hash {
    Hash((*tree(header, lines).root().as_bytes()).into())
}

/// The proof of every line, in their order.
pub(super) fn proofs<'a>(header: &RosterHeader, lines: impl IntoIterator<Item = (&'a RosterLine, Salt)>) -> Vec<Proof> {
    let tree = tree(header, lines);
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
    if proof.leaf == 0 || proof.leaves > MOST_LEAVES {
        return false;
    }
    let root = RootHash::<Sha256>::new(root.0.into(), proof.leaves);
    let path: Vec<Output<Sha256>> = proof.path.iter().map(|hash| hash.0.into()).collect();
    let path = InclusionProof::from_digests(path.iter());
    root.verify_inclusion(&Leaf { salt, text: line.text() }, proof.leaf, &path).is_ok()
}
