//! The server's log of one scope: one row after another, hash-chained, with a running digest of what all documents of the
//! scope have come to. Phones keep the last signed head: a server that forgets or rewrites is found out.
//!
//! Owns rows, digests, heads and cursors. Who stores them and how is the server's.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};
use schemas::ids::HouseholdId;

use crate::hash::{ChangeHash, PublicKey, RowHash, Signature, tagged};
use crate::journal::{Scope, from_cbor, to_cbor};
use crate::message::MessageFault;
use crate::verdict::Verdict;

/// How far a device has read a scope's log. A server restored from a backup starts a new generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Cursor {
    /// Generation of the log.
    #[n(0)]
    pub generation: u64,
    /// Position of the last row that was read; 0 before the first.
    #[n(1)]
    pub position: u64,
}

/// One row of a log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Row {
    /// Its position, from 1, without gaps.
    #[n(0)]
    pub position: u64,
    /// When the server wrote it, in milliseconds since 1970.
    #[n(1)]
    pub written_at_ms: i64,
    /// The household it is about.
    #[n(2)]
    #[cbor(with = "crate::wire::household_id")]
    pub household: HouseholdId,
    /// What happened.
    #[n(3)]
    pub event: RowEvent,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RowEvent {
    /// A change was accepted (or released): it belongs to the document from here on.
    #[n(0)]
    Change(#[n(0)] ChangeHash),
    /// Another verdict on a change: it belongs to nothing until a later row says so.
    #[n(1)]
    Verdict {
        /// The change.
        #[n(0)]
        hash: ChangeHash,
        /// What became of it.
        #[n(1)]
        verdict: Verdict,
    },
    /// The household belongs to this village from here on; its whole history follows.
    #[n(2)]
    Entered,
    /// The household belongs to another village from here on.
    #[n(3)]
    Left,
}

impl RowEvent {
    /// Its CBOR, for storage.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// From storage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageFault> {
        from_cbor(bytes).map_err(|_| MessageFault::Unreadable)
    }
}

impl Row {
    /// Its hash, which names the row before it.
    pub fn hash(&self, previous: &RowHash) -> RowHash {
        RowHash(tagged("rasoat row 1", &[&previous.0, &to_cbor(self)]))
    }
}

/// What a log's first row names as the one before it.
pub fn origin(scope: &Scope, generation: u64) -> RowHash {
    RowHash(tagged("rasoat log 1", &[&generation.to_be_bytes(), &to_cbor(scope)]))
}

/// The sum of all documents' states in a scope. Adding and taking away one document is cheap, and the order does not
/// matter, so two copies can compare everything by comparing 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Digest {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    sum: [u8; 32],
    #[n(1)]
    count: u64,
}

impl Digest {
    /// Takes a document in with its heads.
    pub fn add(&mut self, household: &HouseholdId, heads: &[ChangeHash]) {
        let mut carry = 0u16;
        for (byte, more) in self.sum.iter_mut().zip(state(household, heads)) {
            carry += u16::from(*byte) + u16::from(more);
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        self.count += 1;
    }

    /// Takes a document out that was taken in with these heads.
    pub fn remove(&mut self, household: &HouseholdId, heads: &[ChangeHash]) {
        let mut borrow = 0i16;
        for (byte, less) in self.sum.iter_mut().zip(state(household, heads)) {
            let difference = i16::from(*byte) - i16::from(less) - borrow;
            borrow = i16::from(difference < 0);
            *byte = (difference & 0xff) as u8;
        }
        self.count = self.count.saturating_sub(1);
    }

    /// The 16 bytes that travel.
    pub fn short(&self) -> [u8; 16] {
        std::array::from_fn(|at| self.sum[at])
    }

    /// How many documents are in it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of it, for storage: 32 bytes of sum.
    pub fn sum(&self) -> [u8; 32] {
        self.sum
    }

    /// From storage.
    pub fn stored(sum: [u8; 32], count: u64) -> Self {
        Self { sum, count }
    }
}

fn state(household: &HouseholdId, heads: &[ChangeHash]) -> [u8; 32] {
    let mut heads = heads.to_vec();
    heads.sort_unstable();
    let heads: Vec<u8> = heads.iter().flat_map(|head| head.0).collect();
    tagged("rasoat document state 1", &[&household.0, &heads])
}

/// Where a log stands, signed by the server.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedHead {
    /// The log.
    #[n(0)]
    pub scope: Scope,
    /// Generation and position of its last row.
    #[n(1)]
    pub cursor: Cursor,
    /// The last row.
    #[n(2)]
    pub row: RowHash,
    /// The digest after it.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub digest: [u8; 16],
    /// How many documents the scope has.
    #[n(4)]
    pub count: u64,
    #[n(5)]
    signature: Signature,
}

impl SignedHead {
    /// Signs where a log stands.
    pub fn sign(scope: Scope, cursor: Cursor, row: RowHash, digest: &Digest, key: &SigningKey) -> Self {
        let unsigned = Signature([0; 64]);
        let (digest, count) = (digest.short(), digest.count());
        let mut head = Self { scope, cursor, row, digest, count, signature: unsigned };
        head.signature = Signature(key.sign(&head.signed_bytes()).to_bytes());
        head
    }

    /// A head as it came, to be checked.
    pub(crate) fn assembled(
        scope: Scope,
        cursor: Cursor,
        row: RowHash,
        (digest, count): ([u8; 16], u64),
        signature: Signature,
    ) -> Self {
        Self { scope, cursor, row, digest, count, signature }
    }

    pub(crate) fn signature(&self) -> Signature {
        self.signature
    }

    /// Whether the server with this key signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&self.signature.0);
        let key = VerifyingKey::from_bytes(&key.0);
        key.is_ok_and(|key| key.verify_strict(&self.signed_bytes(), &signature).is_ok())
    }

    pub(crate) fn signed_bytes(&self) -> [u8; 32] {
        let cursor = to_cbor(&self.cursor);
        let count = self.count.to_be_bytes();
        tagged("rasoat head 1", &[&self.row.0, &self.digest, &count, &cursor, &to_cbor(&self.scope)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_forgets_exactly_what_is_taken_out() {
        let households: Vec<HouseholdId> = (0..50).map(|n| HouseholdId([n; 16])).collect();
        let heads = |n: u8| [ChangeHash([n; 32]), ChangeHash([n ^ 0xff; 32])];
        let mut digest = Digest::default();
        households.iter().for_each(|household| digest.add(household, &heads(1)));
        let before = digest;
        digest.remove(&households[7], &heads(1));
        digest.add(&households[7], &heads(2));
        assert_ne!(digest.short(), before.short());
        digest.remove(&households[7], &heads(2));
        digest.add(&households[7], &heads(1));
        assert_eq!(digest, before);
        households.iter().rev().for_each(|household| digest.remove(household, &heads(1)));
        assert_eq!(digest, Digest::default());
    }
}
