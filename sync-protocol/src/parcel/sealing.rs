//! Sealing bytes to a key: an X25519 exchange with a fresh key, HKDF-SHA256, ChaCha20-Poly1305.
//!
//! Owns the envelope that is seen from outside and nothing of what is in it. Whoever has sealed something cannot open it
//! again, and neither can whoever finds the sender's key later.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use curve25519_dalek::montgomery::MontgomeryPoint;
use hkdf::Hkdf;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::ParcelFault;
use crate::hash::{SealKey, SealKeyId, tagged};
use crate::journal::{from_cbor, to_cbor};

/// Version of parcels and of their answers.
pub const PARCEL_VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// The private half of a [`SealKey`]; wiped when it leaves scope.
#[derive(Clone, PartialEq, Eq)]
pub struct SealSecret([u8; 32]);

impl Drop for SealSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<C> Encode<C> for SealSecret {
    fn encode<W: encode::Write>(&self, out: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        out.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SealSecret {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = from.position();
        let bytes = from.bytes()?;
        bytes.try_into().map(Self).map_err(|_| decode::Error::message("seal secret: wrong length").at(at))
    }
}

impl std::fmt::Debug for SealSecret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SealSecret(..)")
    }
}

impl SealSecret {
    /// Draws a secret.
    pub fn draw(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// From its bytes: any 32 bytes are one.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be kept under another key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its public half.
    pub fn public(&self) -> SealKey {
        SealKey(MontgomeryPoint::mul_base_clamped(self.0).to_bytes())
    }

    /// What both halves come to; `None` for a key of small order, with which it would come to nothing.
    pub(crate) fn shared_with(&self, other: &SealKey) -> Option<Zeroizing<[u8; 32]>> {
        let shared = Zeroizing::new(MontgomeryPoint(other.0).mul_clamped(self.0).to_bytes());
        (*shared != [0; 32]).then_some(shared)
    }
}

impl SealKey {
    /// Its name.
    pub fn id(&self) -> SealKeyId {
        let hash = tagged("rasoat seal key 1", &[&self.0]);
        SealKeyId(std::array::from_fn(|at| hash[at]))
    }

    /// Whether something can be sealed to it. With a key of small order every secret comes to nothing, so one tells.
    pub fn is_usable(&self) -> bool {
        SealSecret::from_bytes([1; KEY_BYTES]).shared_with(self).is_some()
    }
}

/// Which way an envelope goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Way {
    /// From a device to the server.
    #[n(0)]
    Up,
    /// From the server to a device.
    #[n(1)]
    Down,
    /// From a device to colleagues.
    #[n(2)]
    Aside,
    /// What a device keeps for the day on which its PIN is forgotten ([`crate::recovery`]).
    #[n(3)]
    Kept,
    /// The same, opened for the device by the server.
    #[n(4)]
    Opened,
}

/// What a carrier sees.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Envelope {
    #[n(0)]
    version: u8,
    #[n(1)]
    way: Way,
    /// The key that it is sealed to.
    #[n(2)]
    pub(crate) to: SealKeyId,
    /// The parcel, or the one that this answers; the device whose key it is.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub(crate) of: [u8; 16],
    #[n(4)]
    ephemeral: SealKey,
    #[n(5)]
    sealed: ByteVec,
}

impl Envelope {
    /// Seals bytes to a key.
    pub(crate) fn seal(
        plain: &[u8],
        (way, of): (Way, [u8; 16]),
        to: &SealKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ParcelFault> {
        let secret = SealSecret::draw(rng);
        let shared = secret.shared_with(to).ok_or(ParcelFault::WeakKey)?;
        let sealed = ByteVec::from(Vec::new());
        let ephemeral = secret.public();
        let mut envelope = Self { version: PARCEL_VERSION, way, to: to.id(), of, ephemeral, sealed };
        let (cipher, nonce) = envelope.cipher(&shared, to);
        let payload = Payload { msg: plain, aad: &envelope.outside() };
        envelope.sealed = cipher.encrypt(&nonce, payload).map_err(|_| ParcelFault::TooLarge)?.into();
        Ok(envelope)
    }

    /// Reads an envelope. The version is looked at first, so that one of a later version is named as such.
    pub(crate) fn read(bytes: &[u8], way: Way) -> Result<Self, ParcelFault> {
        let mut decoder = Decoder::new(bytes);
        decoder.array().map_err(|_| ParcelFault::Unreadable)?;
        match decoder.u8() {
            Ok(PARCEL_VERSION) => {}
            Ok(_) => return Err(ParcelFault::Version),
            Err(_) => return Err(ParcelFault::Unreadable),
        }
        let envelope: Self = from_cbor(bytes).map_err(|_| ParcelFault::Unreadable)?;
        match envelope.way == way {
            true => Ok(envelope),
            false => Err(ParcelFault::OtherWay),
        }
    }

    /// What is in it, for whoever has the key.
    pub(crate) fn open(&self, secret: &SealSecret) -> Result<Zeroizing<Vec<u8>>, ParcelFault> {
        let own = secret.public();
        if own.id() != self.to {
            return Err(ParcelFault::OtherKey);
        }
        let shared = secret.shared_with(&self.ephemeral).ok_or(ParcelFault::Damaged)?;
        let (cipher, nonce) = self.cipher(&shared, &own);
        let payload = Payload { msg: &self.sealed, aad: &self.outside() };
        cipher.decrypt(&nonce, payload).map(Zeroizing::new).map_err(|_| ParcelFault::Damaged)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Everything that is seen from outside but for the sealed bytes: it cannot be altered without their failing to open.
    fn outside(&self) -> Vec<u8> {
        to_cbor(&Self { sealed: Vec::new().into(), ..self.clone() })
    }

    /// The shared secret is new with every envelope, so key and nonce are used once.
    fn cipher(&self, shared: &[u8; 32], to: &SealKey) -> (ChaCha20Poly1305, Nonce) {
        let info = tagged("rasoat parcel 1", &[&self.ephemeral.0, &to.0]);
        let mut made = Zeroizing::new([0; KEY_BYTES + NONCE_BYTES]);
        // HKDF-SHA256 gives up to 8,160 bytes; 44 are asked for.
        Hkdf::<Sha256>::new(None, shared).expand(&info, &mut *made).expect("44 bytes of 8,160");
        let key: [u8; KEY_BYTES] = std::array::from_fn(|at| made[at]);
        let nonce: [u8; NONCE_BYTES] = std::array::from_fn(|at| made[KEY_BYTES + at]);
        (ChaCha20Poly1305::new(&Key::from(key)), Nonce::from(nonce))
    }
}
