//! Shares: own work as a file for colleagues in the same village, before the server has it.
//!
//! Owns the file. Whoever can open it holds the village's key, which the server gives to those who survey there, and so does
//! whoever made it; each segment in it is signed by its author. Whether that author is let in only the server can tell: what is
//! in a share is shown, and nothing is built upon it ([`crate::device`]).

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::sealing::{Envelope, SealSecret, Way};
use super::{MAX_PARCEL_BYTES, ParcelFault};
use crate::hash::{ParcelId, SealKey, SealKeyId};
use crate::journal::{from_cbor, to_cbor};
use crate::message::MAX_SEGMENTS;

/// A share as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share(Envelope);

impl Share {
    /// Reads what is seen from outside.
    pub fn read(bytes: &[u8]) -> Result<Self, ParcelFault> {
        match bytes.len() > MAX_PARCEL_BYTES {
            true => Err(ParcelFault::TooLarge),
            false => Envelope::read(bytes, Way::Aside).map(Self),
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The village key that it is sealed to.
    pub fn key(&self) -> SealKeyId {
        self.0.to
    }

    /// What is in it, for whoever surveys the village.
    pub fn open(&self, village: &SealSecret) -> Result<Shared, ParcelFault> {
        Shared::read(&self.0.open(village)?)
    }
}

/// What is sealed in a share.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Shared {
    /// Signed segments, plain.
    #[n(0)]
    pub segments: Vec<ByteVec>,
}

impl Shared {
    /// Reads what was sealed.
    pub fn read(plain: &[u8]) -> Result<Self, ParcelFault> {
        let shared: Self = from_cbor(plain).map_err(|_| ParcelFault::Unreadable)?;
        match shared.segments.len() > MAX_SEGMENTS {
            true => Err(ParcelFault::TooLarge),
            false => Ok(shared),
        }
    }

    /// Its bytes, before they are sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Seals it for a village: the file's bytes.
    pub(crate) fn seal(
        &self,
        share: ParcelId,
        village: &SealKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, ParcelFault> {
        let plain = Zeroizing::new(self.to_bytes());
        let bytes = Envelope::seal(&plain, (Way::Aside, share.0), village, rng)?.to_bytes();
        match bytes.len() > MAX_PARCEL_BYTES {
            true => Err(ParcelFault::TooLarge),
            false => Ok(bytes),
        }
    }
}
