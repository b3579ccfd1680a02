//! A phone as far as enrolment goes: its key and what it signs.

use anyhow::{Context, Result};
use ed25519_dalek::{Signer, SigningKey};
use schemas::ids::{AccountId, DeviceId, UnitId};
use serde_json::{Value, json};
use server::domain::device::{DeviceKey, enrolment_message, renewal_message};
use server::token::{EnrolmentSecret, hex, unhex};

use crate::client::{Answer, Client};

/// A phone that makes its own key.
pub struct Phone {
    key: SigningKey,
}

impl Phone {
    /// A phone whose key follows from a number.
    pub fn new(seed: u32) -> Self {
        let mut secret = [7; 32];
        secret[..4].copy_from_slice(&seed.to_be_bytes());
        Self { key: SigningKey::from_bytes(&secret) }
    }

    /// Its key, for tests that sign what an honest phone would not.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Its id, which follows from its key.
    pub fn id(&self) -> Result<DeviceId> {
        Ok(DeviceKey::from_bytes(&self.key.verifying_key().to_bytes())?.device_id())
    }

    /// What it sends to be let in with a code that it scanned.
    pub fn enrolment(&self, code: &Answer) -> Result<Value> {
        let server_key: [u8; 32] = unhex(code.text("server_key")).context("server key")?;
        let secret: EnrolmentSecret = code.text("code").parse()?;
        let signature = self.key.sign(&enrolment_message(&server_key, &secret));
        Ok(json!({
            "code": code.text("code"),
            "public_key": hex(self.key.verifying_key().as_bytes()),
            "signature": hex(&signature.to_bytes()),
            "name": "Máy thử",
        }))
    }

    /// What it sends for a new token.
    pub fn renewal(&self, server_key: &[u8; 32], challenge: &Answer) -> Result<Value> {
        let text = challenge.text("challenge");
        let bytes: [u8; 56] = unhex(text).context("challenge")?;
        let signature = self.key.sign(&renewal_message(server_key, self.id()?, &bytes));
        Ok(json!({ "device": self.id()?, "challenge": text, "signature": hex(&signature.to_bytes()) }))
    }

    /// Is let in: the office asks for a code, the phone answers it.
    pub async fn enrol(&self, office: &Client, phone: &Client, account: AccountId, unit: UnitId) -> Result<Answer> {
        let code = office.post("/api/enrolment-codes", json!({ "account": account, "unit": unit })).await?;
        phone.post("/api/devices", self.enrolment(&code)?).await
    }
}
