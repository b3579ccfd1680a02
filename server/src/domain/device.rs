//! Devices: phones whose Ed25519 key was proven at enrolment, and what they sign to prove it.
//!
//! What is signed stands in [`sync_protocol::enrolment`].

use ed25519_dalek::{Signature, VerifyingKey};
use jiff::Timestamp;
use schemas::ids::{AccountId, DeviceId, UnitId};
use sync_protocol::actor::device_id;
use sync_protocol::enrolment;
use sync_protocol::hash::PublicKey;
use thiserror::Error;

use crate::token::{EnrolmentSecret, SecretHash};

/// A device's public key: a point that is safe to check signatures with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceKey(VerifyingKey);

/// The bytes are no key that signatures can be checked with.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not an Ed25519 public key")]
pub struct DeviceKeyError;

impl DeviceKey {
    /// Reads a key; weak points, under which many signatures pass, are refused.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, DeviceKeyError> {
        match VerifyingKey::from_bytes(bytes) {
            Ok(key) if !key.is_weak() => Ok(Self(key)),
            Ok(_) | Err(_) => Err(DeviceKeyError),
        }
    }

    /// The bytes, as stored and sent.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The id of the device that holds this key.
    pub fn device_id(self) -> DeviceId {
        device_id(&PublicKey(self.to_bytes()))
    }

    /// Whether this key signed these bytes.
    pub fn signed(self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// What a phone signs to enrol: the code is the challenge, the server's key names the server it means.
pub fn enrolment_message(server_key: &[u8; 32], code: &EnrolmentSecret) -> Vec<u8> {
    enrolment::enrolment_message(&PublicKey(*server_key), code.letters())
}

/// What a phone signs to renew its token: a challenge that the server gave out minutes ago.
pub fn renewal_message(server_key: &[u8; 32], device: DeviceId, challenge: &[u8]) -> Vec<u8> {
    enrolment::renewal_message(&PublicKey(*server_key), device, challenge)
}

/// An enrolled phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which device: follows from its key.
    pub id: DeviceId,
    /// The key that signs its segments.
    pub public_key: DeviceKey,
    /// Whose phone it is.
    pub account: AccountId,
    /// Where it was enrolled.
    pub unit: UnitId,
    /// What people call it.
    pub name: String,
    /// When it was let in.
    pub enrolled_at: Timestamp,
    /// When it was shut out.
    pub revoked_at: Option<Timestamp>,
    /// How its clock was found to be; `None` before its first sync.
    pub clock: Option<ClockReading>,
    /// When its commune opened it last, after a forgotten PIN.
    pub opened: Option<DeviceOpened>,
}

impl Device {
    /// A phone that has just been let in.
    pub fn enrolled(
        public_key: DeviceKey,
        account: AccountId,
        unit: UnitId,
        name: String,
        enrolled_at: Timestamp,
    ) -> Self {
        let id = public_key.device_id();
        Self { id, public_key, account, unit, name, enrolled_at, revoked_at: None, clock: None, opened: None }
    }
}

/// That two officers have opened a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceOpened {
    /// When.
    pub at: Timestamp,
    /// Who agreed first.
    pub first: AccountId,
    /// Who agreed second.
    pub second: AccountId,
}

/// How a device's clock was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The server's clock less the device's, in milliseconds.
    pub offset_ms: i64,
    /// When that was.
    pub read_at: Timestamp,
}

/// A code that lets one phone in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentCode {
    /// Its name in the store.
    pub hash: SecretHash,
    /// Whose phone it lets in.
    pub account: AccountId,
    /// Where.
    pub unit: UnitId,
    /// Who gave it out.
    pub created_by: AccountId,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// A device's short-lived token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceToken {
    /// Its name in the store.
    pub hash: SecretHash,
    /// Whose it is.
    pub device: DeviceId,
    /// When it stops working.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weak_point_of_all_zeros_is_no_key() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(DeviceKey::from_bytes(&[0; 32]), Err(DeviceKeyError));
        assert_eq!(DeviceKey::from_bytes(&identity), Err(DeviceKeyError));
    }
}
