//! Who writes changes. An actor id is computed from who and what is behind it, so that the server can check that a
//! change was written by the device, the person and the epoch that its journal names.
//!
//! Epochs rise when a device is installed or restored, when it loses its single-writer lock, and when a pending change of
//! its own was rejected: after any of these the old sequence of changes must never be continued.

use schemas::ids::{AccountId, DeviceId, RoundId, UnitId};

use crate::hash::{ActorId, PublicKey, tagged};

/// Epochs in which an author is looked for: far more than any device comes to.
pub const MOST_EPOCHS: u32 = 256;

/// The device of a public key.
pub fn device_id(key: &PublicKey) -> DeviceId {
    DeviceId(first_16(tagged("rasoat device 1", &[&key.0])))
}

/// A person writing on a device, in one epoch of that device. The office's own "device" is the server's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Author {
    /// The key of the device, or of the server.
    #[n(0)]
    pub key: PublicKey,
    /// Who wrote.
    #[n(1)]
    #[cbor(with = "crate::wire::account_id")]
    pub account: AccountId,
    /// Which run of the device's single writer.
    #[n(2)]
    pub epoch: u32,
}

impl Author {
    /// The actor id of this author's changes, in every document.
    pub fn actor(&self) -> ActorId {
        let account = self.account.0.to_be_bytes();
        ActorId(first_16(tagged("rasoat actor 1", &[&self.key.0, &account, &self.epoch.to_be_bytes()])))
    }

    /// The same person on the same device, in this epoch and in those after it.
    pub fn from_here_on(&self) -> impl Iterator<Item = Self> {
        let author = *self;
        (author.epoch..=author.epoch.saturating_add(MOST_EPOCHS)).map(move |epoch| Self { epoch, ..author })
    }

    /// The device behind the key.
    pub fn device(&self) -> DeviceId {
        device_id(&self.key)
    }
}

/// The actor of changes that an import makes: the same import makes the same changes again, so that importing a file
/// twice changes nothing.
pub fn import_actor(round: &RoundId, commune: UnitId) -> ActorId {
    ActorId(first_16(tagged("rasoat import 1", &[&commune.0.to_be_bytes(), round.as_str().as_bytes()])))
}

/// The actor of the one change that carries a closed document into the next round.
pub fn carry_over_actor(round: &RoundId) -> ActorId {
    ActorId(first_16(tagged("rasoat carry-over 1", &[round.as_str().as_bytes()])))
}

pub(crate) fn first_16(hash: [u8; 32]) -> [u8; 16] {
    std::array::from_fn(|at| hash[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_person_epoch_or_key_is_another_actor() {
        let author = Author { key: PublicKey([7; 32]), account: AccountId(3), epoch: 1 };
        for other in [
            Author { key: PublicKey([8; 32]), ..author },
            Author { account: AccountId(4), ..author },
            Author { epoch: 2, ..author },
        ] {
            assert_ne!(author.actor(), other.actor());
        }
        assert_eq!(author.actor(), Author { ..author }.actor());
    }
}
