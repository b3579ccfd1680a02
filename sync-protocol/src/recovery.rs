//! Recovery: what a device keeps for the day on which somebody forgets its PIN, and how the commune opens it.
//!
//! Everything on a device is encrypted under one data key. When that key is drawn, the device seals it, once and signed, to its
//! commune's recovery key; only the server has the other half. Owns the two envelopes, what each is bound to, and the letters by
//! which people tell one request from another. Who may open a device, and how many have to agree, is the server's business.

use ed25519_dalek::{Signer, SigningKey};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use schemas::ids::{DeviceId, UnitId};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::actor::device_id;
use crate::enrolment::{CODE_ALPHABET, CODE_LETTERS};
use crate::hash::{PublicKey, SealKey, SealKeyId, Signature, tagged};
use crate::journal::{from_cbor, to_cbor};
use crate::parcel::sealing::{Envelope, Way};
use crate::parcel::{ParcelFault, SealSecret, check_signed};
use crate::wire;

/// More bytes than either envelope has.
pub const MAX_RECOVERY_BYTES: usize = 512;
const DATA_KEY_BYTES: usize = 32;

/// Why something of a recovery cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RecoveryFault {
    /// Not what it should be, or cut.
    #[error("recovery envelope unreadable")]
    Unreadable,
    /// A version that this program does not speak.
    #[error("recovery envelope version not supported")]
    Version,
    /// Sealed to a key that is not here: another commune's, another server's, another request's.
    #[error("recovery envelope sealed to another key")]
    OtherKey,
    /// A key with which nothing can be sealed.
    #[error("weak seal key")]
    WeakKey,
    /// It was altered.
    #[error("recovery envelope damaged")]
    Damaged,
    /// Not signed by whom it says.
    #[error("recovery signature wrong")]
    Signature,
    /// Of another device.
    #[error("recovery envelope of another device")]
    OtherDevice,
    /// Of another commune.
    #[error("recovery envelope of another commune")]
    OtherCommune,
}

impl RecoveryFault {
    /// The stable name that problem documents use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Unreadable => "recovery/unreadable",
            Self::Version => "recovery/version",
            Self::OtherKey => "recovery/other-key",
            Self::WeakKey => "recovery/weak-key",
            Self::Damaged => "recovery/damaged",
            Self::Signature => "recovery/signature",
            Self::OtherDevice => "recovery/other-device",
            Self::OtherCommune => "recovery/other-commune",
        }
    }
}

impl From<ParcelFault> for RecoveryFault {
    fn from(fault: ParcelFault) -> Self {
        match fault {
            ParcelFault::Version => Self::Version,
            ParcelFault::OtherKey => Self::OtherKey,
            ParcelFault::WeakKey => Self::WeakKey,
            ParcelFault::Damaged => Self::Damaged,
            ParcelFault::Signature => Self::Signature,
            ParcelFault::TooLarge | ParcelFault::Unreadable | ParcelFault::OtherWay | ParcelFault::NotAwaited => {
                Self::Unreadable
            }
        }
    }
}

/// A commune's recovery key, signed by the server's own key, which every device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RecoveryKey {
    #[n(0)]
    #[cbor(with = "wire::unit_id")]
    commune: UnitId,
    #[n(1)]
    key: SealKey,
    #[n(2)]
    signature: Signature,
}

impl RecoveryKey {
    /// Signs a commune's key.
    pub fn sign(commune: UnitId, key: SealKey, server: &SigningKey) -> Self {
        let unsigned = Self { commune, key, signature: Signature([0; 64]) };
        Self { signature: Signature(server.sign(&unsigned.signed()).to_bytes()), ..unsigned }
    }

    /// Reads a key and makes sure that the server signed it.
    pub fn open(bytes: &[u8], server: &PublicKey) -> Result<Self, RecoveryFault> {
        let key: Self = from_cbor(bytes).map_err(|_| RecoveryFault::Unreadable)?;
        check_signed(server, &key.signed(), &key.signature)?;
        Ok(key)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Whose it is.
    pub fn commune(&self) -> UnitId {
        self.commune
    }

    /// What the server signs.
    pub(crate) fn signed(&self) -> [u8; 32] {
        tagged("rasoat recovery key 1", &[&self.commune.0.to_be_bytes(), &self.key.0])
    }
}

/// The key under which everything on a device is encrypted; wiped when it leaves scope.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey([u8; DATA_KEY_BYTES]);

impl Drop for DataKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("DataKey(..)")
    }
}

impl DataKey {
    /// From its bytes: any 32 bytes are one.
    pub fn from_bytes(bytes: [u8; DATA_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; DATA_KEY_BYTES] {
        &self.0
    }

    /// Seals it for its device, which has forgotten it and asks with this key for the answer.
    pub fn seal(
        &self,
        device: DeviceId,
        reply: &SealKey,
        rng: &mut impl CryptoRng,
    ) -> Result<OpenedKey, RecoveryFault> {
        Ok(OpenedKey(Envelope::seal(&self.0, (Way::Opened, device.0), reply, rng)?))
    }
}

/// What is sealed in a [`KeptKey`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Kept {
    #[n(0)]
    #[cbor(with = "wire::unit_id")]
    commune: UnitId,
    #[n(1)]
    #[cbor(with = "data_key")]
    key: DataKey,
    #[n(2)]
    signature: Signature,
}

impl Kept {
    /// Reads what was sealed. Who signed it is [`KeptKey::open`]'s to check.
    pub fn read(plain: &[u8]) -> Result<Self, RecoveryFault> {
        from_cbor(plain).map_err(|_| RecoveryFault::Unreadable)
    }

    /// Its bytes, before they are sealed.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(to_cbor(self))
    }

    /// What the device signs: that this is its key, kept for this commune.
    pub(crate) fn signed(&self, device: DeviceId, to: &SealKeyId) -> [u8; 32] {
        tagged("rasoat kept key 1", &[&device.0, &self.commune.0.to_be_bytes(), &to.0, &self.key.0])
    }
}

/// A device's data key, sealed to its commune's recovery key: what the device keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptKey(Envelope);

impl KeptKey {
    /// Seals a device's data key in its own name, so that nobody else can have one opened as this device's.
    pub fn seal(
        key: DataKey,
        device: &SigningKey,
        to: &RecoveryKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, RecoveryFault> {
        let id = device_id(&PublicKey(device.verifying_key().to_bytes()));
        let mut kept = Kept { commune: to.commune, key, signature: Signature([0; 64]) };
        kept.signature = Signature(device.sign(&kept.signed(id, &to.key.id())).to_bytes());
        Ok(Self(Envelope::seal(&kept.to_bytes(), (Way::Kept, id.0), &to.key, rng)?))
    }

    /// Reads what is seen from outside.
    pub fn read(bytes: &[u8]) -> Result<Self, RecoveryFault> {
        read(bytes, Way::Kept).map(Self)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The device that it says it is of.
    pub fn device(&self) -> DeviceId {
        DeviceId(self.0.of)
    }

    /// What was sealed, whoever signed it.
    pub(crate) fn sealed(&self, secret: &SealSecret) -> Result<Kept, RecoveryFault> {
        Kept::read(&self.0.open(secret)?)
    }

    /// The data key in it, once it is certain that this device sealed it for this commune.
    pub fn open(&self, device: &PublicKey, commune: UnitId, secret: &SealSecret) -> Result<DataKey, RecoveryFault> {
        if self.device() != device_id(device) {
            return Err(RecoveryFault::OtherDevice);
        }
        let kept = self.sealed(secret)?;
        check_signed(device, &kept.signed(self.device(), &self.0.to), &kept.signature)?;
        match kept.commune == commune {
            true => Ok(kept.key),
            false => Err(RecoveryFault::OtherCommune),
        }
    }
}

/// A device's data key, sealed to the key with which the device asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedKey(Envelope);

impl OpenedKey {
    /// Reads what is seen from outside.
    pub fn read(bytes: &[u8]) -> Result<Self, RecoveryFault> {
        read(bytes, Way::Opened).map(Self)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The data key in it. Whether it is the right one shows when it opens what the device has.
    pub fn open(&self, device: DeviceId, reply: &SealSecret) -> Result<DataKey, RecoveryFault> {
        if self.0.of != device.0 {
            return Err(RecoveryFault::OtherDevice);
        }
        let plain = self.0.open(reply)?;
        plain.as_slice().try_into().map(DataKey).map_err(|_| RecoveryFault::Unreadable)
    }
}

fn read(bytes: &[u8], way: Way) -> Result<Envelope, RecoveryFault> {
    match bytes.len() > MAX_RECOVERY_BYTES {
        true => Err(RecoveryFault::Unreadable),
        false => Ok(Envelope::read(bytes, way)?),
    }
}

/// The letters by which people know a request: the phone shows them, officers type them. Both make them of what was asked, so a
/// request that somebody else slips in has other letters.
pub fn opening_code(device: DeviceId, reply: &SealKey, kept: &KeptKey) -> [u8; CODE_LETTERS] {
    let hash = tagged("rasoat opening code 1", &[&device.0, &reply.0, &kept.to_bytes()]);
    std::array::from_fn(|at| CODE_ALPHABET[usize::from(hash[at] & 31)])
}

/// A data key within CBOR.
mod data_key {
    use minicbor::decode::{self, Decoder};
    use minicbor::encode::{self, Encoder, Write};

    use super::DataKey;

    pub(super) fn encode<C, W: Write>(
        key: &DataKey,
        out: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        out.bytes(&key.0)?.ok()
    }

    pub(super) fn decode<'b, C>(from: &mut Decoder<'b>, _: &mut C) -> Result<DataKey, decode::Error> {
        let at = from.position();
        let bytes = from.bytes()?;
        bytes.try_into().map(DataKey).map_err(|_| decode::Error::message("data key: wrong length").at(at))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_key_that_a_stranger_sealed_in_a_devices_name_is_not_opened() {
        let [own, stranger] = [1, 2].map(|n| SigningKey::from_bytes(&[n; 32]));
        let device = PublicKey(own.verifying_key().to_bytes());
        let (secret, commune, id) = (SealSecret::from_bytes([3; 32]), UnitId(7), device_id(&device));
        let mut kept = Kept { commune, key: DataKey([9; 32]), signature: Signature([0; 64]) };
        let mut sealed_by = |signer: &SigningKey| {
            kept.signature = Signature(signer.sign(&kept.signed(id, &secret.public().id())).to_bytes());
            let rng = &mut StdRng::seed_from_u64(1);
            KeptKey(Envelope::seal(&kept.to_bytes(), (Way::Kept, id.0), &secret.public(), rng).unwrap())
        };
        assert_eq!(sealed_by(&stranger).open(&device, commune, &secret), Err(RecoveryFault::Signature));
        assert_eq!(sealed_by(&own).open(&device, commune, &secret), Ok(DataKey([9; 32])));
    }
}
