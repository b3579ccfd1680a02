//! The canonical hash of a set of files.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// SHA-256 over the files of a standard, a table or an overlay, sorted by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StandardHash(pub [u8; 32]);

impl StandardHash {
    /// Hashes names and contents, each led by its length so that no two sets of files read the same.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut sorted = files.to_vec();
        sorted.sort_unstable();
        let mut hash = Sha256::new();
        for part in sorted.iter().flat_map(|(name, text)| [name, text]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for StandardHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for StandardHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StandardHash({self})")
    }
}

impl Serialize for StandardHash {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_sees_every_byte_and_not_the_order_of_files() {
        let hash = StandardHash::of(&[("a", "1"), ("b", "2")]);
        assert_eq!(hash, StandardHash::of(&[("b", "2"), ("a", "1")]));
        assert_ne!(hash, StandardHash::of(&[("a", "1"), ("b", "3")]));
        assert_ne!(hash, StandardHash::of(&[("a", "1b"), ("", "2")]));
        assert_eq!(StandardHash::of(&[]).to_string().len(), 64);
    }
}
