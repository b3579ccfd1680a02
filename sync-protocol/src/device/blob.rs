//! Photos and other files of a device: announced in its journal, sent in a queue of their own after the data.
//!
//! Owns where each of them stands. The bytes are the caller's, in files named by their hash.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};
use schemas::ids::HouseholdId;

use super::{Clocks, CommitError, Device, Record, Standing};
use crate::hash::BlobHash;
use crate::journal::{Body, Scope};

/// Where a blob stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BlobState {
    /// The server has not answered for its announcement.
    #[n(0)]
    Unannounced,
    /// The server expects it: its bytes may go.
    #[n(1)]
    Announced,
    /// The server has all of it, checked.
    #[n(2)]
    There,
    /// The server will not take it, by this reason's name: it needs its author.
    #[n(3)]
    Refused(#[n(0)] String),
}

/// A blob that this device has announced.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OwnBlob {
    /// Epoch and number of the journal entry that announces it.
    #[n(0)]
    pub entry: (u32, u64),
    /// The household it belongs to.
    #[n(1)]
    #[cbor(with = "crate::wire::household_id")]
    pub household: HouseholdId,
    /// SHA-256 of its bytes.
    #[n(2)]
    pub hash: BlobHash,
    /// How many bytes it has.
    #[n(3)]
    pub size_bytes: u64,
    /// Where it stands.
    #[n(4)]
    pub state: BlobState,
    /// Whether the server has shown once that it forgot the announcement.
    #[n(5)]
    pub is_doubted: bool,
}

/// What the server said of a blob for good.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BlobAnswer {
    /// It has all of it.
    #[n(0)]
    There,
    /// It will not take it, by this reason's name.
    #[n(1)]
    Refused(#[n(0)] String),
}

impl Device {
    /// Announces a blob of a household that is here. Its bytes have to be on disk before.
    pub fn attach(
        &mut self,
        household: HouseholdId,
        hash: BlobHash,
        size_bytes: u64,
        clocks: Clocks,
    ) -> Result<Vec<Record>, CommitError> {
        let document = self.documents.get(&household).ok_or(CommitError::NoHousehold)?;
        let scope = document.scope.clone();
        let mut known = self.blobs.iter().filter(|blob| (blob.household, blob.hash) == (household, hash));
        if known.any(|blob| !matches!(blob.state, BlobState::Refused(_))) {
            return Err(CommitError::Nothing);
        }
        let body = Body::Blob { household, hash, size_bytes };
        let entry = self.entry(&scope, clocks, body).ok_or(CommitError::NoScope)?;
        Ok(self.applied(vec![Record::Own { epoch: self.epoch, scope, entry, change: None }]))
    }

    /// Every blob that it has announced, in order.
    pub fn blobs(&self) -> &[OwnBlob] {
        &self.blobs
    }

    /// The blobs whose bytes the server waits for, in order.
    pub fn blob_queue(&self) -> impl Iterator<Item = &OwnBlob> {
        self.blobs.iter().filter(|blob| blob.state == BlobState::Announced)
    }

    /// The blobs whose bytes need not be kept: the server has them, and newer ones that it has too take all the room there
    /// is. Until then they are kept: a server that is set back to an older copy has only devices to get them from again.
    pub fn superfluous_blobs(&self, mut room_bytes: u64) -> Vec<BlobHash> {
        let waits = |blob: &&OwnBlob| matches!(blob.state, BlobState::Unannounced | BlobState::Announced);
        // Another household may wait for the same bytes.
        let mut kept: BTreeSet<BlobHash> = self.blobs.iter().filter(waits).map(|blob| blob.hash).collect();
        let mut superfluous = Vec::new();
        for blob in self.blobs.iter().rev().filter(|blob| blob.state == BlobState::There) {
            match room_bytes.checked_sub(blob.size_bytes) {
                Some(left) => room_bytes = if kept.insert(blob.hash) { left } else { room_bytes },
                None => superfluous.extend((!kept.contains(&blob.hash)).then_some(blob.hash)),
            }
        }
        superfluous
    }

    /// Remembers what the server said of a blob for good.
    pub fn blob_answered(&mut self, household: HouseholdId, hash: BlobHash, answer: BlobAnswer) -> Vec<Record> {
        let open = self.blob_queue().any(|blob| (blob.household, blob.hash) == (household, hash));
        let records = if open { vec![Record::Blob { household, hash, answer }] } else { Vec::new() };
        self.applied(records)
    }

    pub(super) fn apply_blob(&mut self, household: HouseholdId, hash: BlobHash, answer: &BlobAnswer) {
        let open = |blob: &&mut OwnBlob| {
            (blob.household, blob.hash) == (household, hash) && blob.state == BlobState::Announced
        };
        self.blobs.iter_mut().filter(open).for_each(|blob| {
            blob.state = match answer {
                BlobAnswer::There => BlobState::There,
                BlobAnswer::Refused(slug) => BlobState::Refused(slug.clone()),
            };
        });
    }

    pub(super) fn apply_unknown(&mut self, household: &HouseholdId, hash: &BlobHash) {
        let mut blobs = self.blobs.iter_mut();
        if let Some(blob) = blobs.find(|blob| (&blob.household, &blob.hash) == (household, hash)) {
            blob.is_doubted = true;
        }
    }

    /// Its announcement goes again: the server has to be asked for the blob once more, whatever it said before.
    pub(super) fn apply_announced_anew(&mut self, entry: (u32, u64)) {
        let open = |blob: &&mut OwnBlob| blob.entry == entry && !matches!(blob.state, BlobState::Refused(_));
        self.blobs.iter_mut().filter(open).for_each(|blob| blob.state = BlobState::Unannounced);
    }

    /// Forgets blobs of a place that is given up: like all else that the server has of it. What it refused stays to be seen.
    pub(super) fn forget_blobs(&mut self, scope: &Scope) {
        let answered = &self.answered;
        let of_place = |blob: &OwnBlob| answered.get(&blob.entry).is_some_and(|own| own.scope == *scope);
        self.blobs.retain(|blob| blob.state != BlobState::There || !of_place(blob));
    }

    /// What became of the announcement.
    pub(super) fn apply_announced(&mut self, entry: (u32, u64), standing: Standing) {
        let waits = |blob: &&mut OwnBlob| blob.entry == entry && blob.state == BlobState::Unannounced;
        self.blobs.iter_mut().filter(waits).for_each(|blob| {
            blob.state = match standing {
                Standing::Acknowledged => BlobState::Announced,
                Standing::Waiting => BlobState::Unannounced,
                Standing::Held(_) | Standing::Rejected(_) | Standing::Refused | Standing::Superseded => {
                    BlobState::Refused("segment/refused".to_owned())
                }
            };
        });
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use schemas::ids::AccountId;

    use super::super::Identity;
    use super::*;
    use crate::hash::PublicKey;

    const ROOM: u64 = 1_000;

    fn device(blobs: &[(u8, u64, BlobState)]) -> Device {
        let identity =
            Identity { key: SigningKey::from_bytes(&[1; 32]), account: AccountId(5), server: PublicKey([2; 32]) };
        let mut device = Device::new(identity, Vec::new());
        device.blobs.extend(blobs.iter().map(|(n, size_bytes, state)| OwnBlob {
            entry: (1, u64::from(*n)),
            household: HouseholdId([1; 16]),
            hash: BlobHash([*n; 32]),
            size_bytes: *size_bytes,
            state: state.clone(),
            is_doubted: false,
        }));
        device
    }

    #[test]
    fn the_newest_blobs_that_the_server_has_are_kept_within_bounds_and_all_that_it_lacks() {
        let half = ROOM / 2;
        let there = |n, size| (n, size, BlobState::There);
        let refused = (2, half, BlobState::Refused("blob/media-type".to_owned()));
        let waiting = [(1, half, BlobState::Announced), refused, (3, half, BlobState::Unannounced)];
        let all = [there(9, half), there(1, 1), there(4, half), there(5, half)];
        assert_eq!(device(&[&all[..], &waiting].concat()).superfluous_blobs(ROOM), [BlobHash([9; 32])]);
        let again = [all[0].clone(), there(4, 1), there(9, half), there(6, half - 1)];
        assert_eq!(device(&again).superfluous_blobs(ROOM), []);
        assert_eq!(device(&waiting).superfluous_blobs(ROOM), []);
    }
}
