//! Parcels: the exchange as a file. A device seals its request to the server, anybody carries it, and the answer travels
//! back the same way.
//!
//! Owns the two files and who proves what in them: the device signs its letter, so that a carrier can neither write one in
//! its name nor have the answer sealed to somebody else; the server signs the answer, which no TLS vouches for here.
//! What is asked and answered is [`crate::message`]'s, what a device makes of it [`crate::device`]'s.

pub(crate) mod sealing;
mod share;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::hash::{ParcelId, PublicKey, SealKey, SealKeyId, Signature, tagged};
use crate::journal::{from_cbor, to_cbor};
use crate::message::MAX_REQUEST_BYTES;
use sealing::{Envelope, Way};

pub use sealing::{PARCEL_VERSION, SealSecret};
pub use share::{Share, Shared};

/// Largest parcel: a request and what surrounds it.
pub const MAX_PARCEL_BYTES: usize = MAX_REQUEST_BYTES + 1_024;
/// Largest answer to a parcel: more than any server sends.
pub const MAX_PARCEL_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// Why a file is no parcel, or no answer to one, that can be taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ParcelFault {
    /// More bytes than a parcel may have.
    #[error("parcel too large")]
    TooLarge,
    /// Not a parcel, or one that was cut.
    #[error("parcel unreadable")]
    Unreadable,
    /// A version that this program does not speak.
    #[error("parcel version not supported")]
    Version,
    /// An answer where a parcel belongs, or a parcel where an answer does.
    #[error("parcel for the other way")]
    OtherWay,
    /// Sealed to a key that is not here.
    #[error("parcel sealed to another key")]
    OtherKey,
    /// A key with which nothing can be sealed.
    #[error("weak seal key")]
    WeakKey,
    /// It was altered on the way.
    #[error("parcel damaged")]
    Damaged,
    /// What is in it was not signed by whom it says.
    #[error("parcel signature wrong")]
    Signature,
    /// An answer to a parcel that this device has not made, or too long ago.
    #[error("no such parcel is waited for")]
    NotAwaited,
}

impl ParcelFault {
    /// The stable name that problem documents use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::TooLarge => "parcel/too-large",
            Self::Unreadable => "parcel/unreadable",
            Self::Version => "parcel/version",
            Self::OtherWay => "parcel/other-way",
            Self::OtherKey => "parcel/other-key",
            Self::WeakKey => "parcel/weak-key",
            Self::Damaged => "parcel/damaged",
            Self::Signature => "parcel/signature",
            Self::NotAwaited => "parcel/not-awaited",
        }
    }
}

/// The key that parcels are sealed to, signed by the server's own key, which every device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ParcelKey {
    #[n(0)]
    key: SealKey,
    #[n(1)]
    signature: Signature,
}

impl ParcelKey {
    /// How many bytes it has.
    pub const BYTES: usize = 101;

    /// Signs a key for parcels.
    pub fn sign(key: SealKey, server: &SigningKey) -> Self {
        let unsigned = Self { key, signature: Signature([0; 64]) };
        Self { key, signature: Signature(server.sign(&unsigned.signed()).to_bytes()) }
    }

    /// Reads a key and makes sure that the server signed it.
    pub fn open(bytes: &[u8], server: &PublicKey) -> Result<Self, ParcelFault> {
        let key: Self = from_cbor(bytes).map_err(|_| ParcelFault::Unreadable)?;
        key.check(server)?;
        Ok(key)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// Its name, which a parcel shows.
    pub fn id(&self) -> SealKeyId {
        self.key.id()
    }

    /// What the server signs.
    pub(crate) fn signed(&self) -> [u8; 32] {
        tagged("rasoat parcel key 1", &[&self.key.0])
    }

    fn check(&self, server: &PublicKey) -> Result<(), ParcelFault> {
        check_signed(server, &self.signed(), &self.signature)
    }
}

pub(crate) fn check_signed(by: &PublicKey, what: &[u8; 32], signature: &Signature) -> Result<(), ParcelFault> {
    let key = VerifyingKey::from_bytes(&by.0).map_err(|_| ParcelFault::Signature)?;
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    key.verify_strict(what, &signature).map_err(|_| ParcelFault::Signature)
}

/// What a device puts into a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Letter {
    #[n(0)]
    device: PublicKey,
    #[n(1)]
    reply: SealKey,
    #[n(2)]
    request: ByteVec,
    #[n(3)]
    signature: Signature,
}

impl Letter {
    /// Reads what was sealed. Who signed it is [`Parcel::open`]'s to check: only the envelope says what it was signed for.
    pub fn read(plain: &[u8]) -> Result<Self, ParcelFault> {
        from_cbor(plain).map_err(|_| ParcelFault::Unreadable)
    }

    /// Its bytes, before they are sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    /// What the device signs: the request in this parcel, for this server, answered to this key.
    pub(crate) fn signed(&self, parcel: &ParcelId, to: &SealKeyId) -> [u8; 32] {
        tagged("rasoat letter 1", &[&parcel.0, &to.0, &self.reply.0, &self.request])
    }
}

/// Puts a request into a parcel: the file's bytes. `reply`: the key that the answer will be sealed to.
pub(crate) fn pack(
    request: Vec<u8>,
    (parcel, reply): (ParcelId, SealKey),
    to: &ParcelKey,
    device: &SigningKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, ParcelFault> {
    let key = PublicKey(device.verifying_key().to_bytes());
    let mut letter = Letter { device: key, reply, request: request.into(), signature: Signature([0; 64]) };
    letter.signature = Signature(device.sign(&letter.signed(&parcel, &to.id())).to_bytes());
    let plain = Zeroizing::new(letter.to_bytes());
    let bytes = Envelope::seal(&plain, (Way::Up, parcel.0), &to.key, rng)?.to_bytes();
    match bytes.len() > MAX_PARCEL_BYTES {
        true => Err(ParcelFault::TooLarge),
        false => Ok(bytes),
    }
}

/// A parcel as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel(Envelope);

impl Parcel {
    /// Reads what is seen from outside.
    pub fn read(bytes: &[u8]) -> Result<Self, ParcelFault> {
        match bytes.len() > MAX_PARCEL_BYTES {
            true => Err(ParcelFault::TooLarge),
            false => Envelope::read(bytes, Way::Up).map(Self),
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Its name.
    pub fn id(&self) -> ParcelId {
        ParcelId(self.0.of)
    }

    /// What is in it, once its device's signature was checked. Whether the device is known is for the register to say.
    pub fn open(&self, secret: &SealSecret) -> Result<Opened, ParcelFault> {
        let plain = self.0.open(secret)?;
        let letter = Letter::read(&plain)?;
        check_signed(&letter.device, &letter.signed(&self.id(), &self.0.to), &letter.signature)?;
        Ok(Opened { parcel: self.id(), letter })
    }
}

/// A parcel that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    parcel: ParcelId,
    letter: Letter,
}

impl Opened {
    /// What was sealed.
    pub fn letter(&self) -> &Letter {
        &self.letter
    }

    /// Its name.
    pub fn parcel(&self) -> ParcelId {
        self.parcel
    }

    /// Who made it.
    pub fn device(&self) -> PublicKey {
        self.letter.device
    }

    /// The request, as [`crate::message::Request::from_bytes`] reads it.
    pub fn request(&self) -> &[u8] {
        &self.letter.request
    }

    /// Puts the answer into a file that only the device that asked can open. `key`: what parcels are sealed to from now on.
    pub fn answer(
        &self,
        response: Vec<u8>,
        key: ParcelKey,
        server: &SigningKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, ParcelFault> {
        let mut reply = Reply { response: response.into(), key, signature: Signature([0; 64]) };
        reply.signature = Signature(server.sign(&reply.signed(&self.parcel)).to_bytes());
        let plain = Zeroizing::new(reply.to_bytes());
        Ok(Envelope::seal(&plain, (Way::Down, self.parcel.0), &self.letter.reply, rng)?.to_bytes())
    }
}

/// What the server puts into an answer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reply {
    #[n(0)]
    response: ByteVec,
    #[n(1)]
    key: ParcelKey,
    #[n(2)]
    signature: Signature,
}

impl Reply {
    /// Reads what was sealed. Who signed it is checked when the answer is opened.
    pub fn read(plain: &[u8]) -> Result<Self, ParcelFault> {
        from_cbor(plain).map_err(|_| ParcelFault::Unreadable)
    }

    /// Its bytes, before they are sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_cbor(self)
    }

    fn signed(&self, parcel: &ParcelId) -> [u8; 32] {
        tagged("rasoat parcel answer 1", &[&parcel.0, &self.key.key.0, &self.response])
    }
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelAnswer(Envelope);

impl ParcelAnswer {
    /// Reads what is seen from outside.
    pub fn read(bytes: &[u8]) -> Result<Self, ParcelFault> {
        match bytes.len() > MAX_PARCEL_ANSWER_BYTES {
            true => Err(ParcelFault::TooLarge),
            false => Envelope::read(bytes, Way::Down).map(Self),
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The parcel that it answers.
    pub fn parcel(&self) -> ParcelId {
        ParcelId(self.0.of)
    }

    /// What was sealed, whoever signed it.
    pub(crate) fn unsealed(&self, secret: &SealSecret) -> Result<Reply, ParcelFault> {
        Reply::read(&self.0.open(secret)?)
    }

    /// The response and the key for the next parcel, once the server's signatures were checked.
    pub(crate) fn open(&self, secret: &SealSecret, server: &PublicKey) -> Result<(Vec<u8>, ParcelKey), ParcelFault> {
        let reply = self.unsealed(secret)?;
        check_signed(server, &reply.signed(&self.parcel()), &reply.signature)?;
        reply.key.check(server)?;
        Ok((reply.response.into(), reply.key))
    }
}
