//! Who this phone is and whom it trusts: made once at enrolment, kept in a file of its own that only its owner can read.

use ed25519_dalek::{Signer, SigningKey};
use schemas::form::FormVersion;
use schemas::ids::{AccountId, DeviceId, UnitId};
use serde::{Deserialize, Serialize};
use sync_protocol::device;
use sync_protocol::hash::PublicKey;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::connection::Road;
use super::fault::PhoneFault;
use super::store::{Store, StoreFault};
use crate::domain::device::renewal_message;
use crate::token::{Token, hex, unhex};

const IDENTITY: &str = "identity.json";
const TOKEN: &str = "token";

/// Who the phone is.
#[derive(Clone)]
pub struct Identity {
    /// Its key.
    pub key: SigningKey,
    /// The server's key; answers that another key signed are not believed.
    pub server_key: [u8; 32],
    /// Its id at the server.
    pub device: DeviceId,
    /// Whose phone it is.
    pub account: AccountId,
    /// Where it was enrolled.
    pub unit: UnitId,
    /// How the server is reached.
    pub road: Road,
    /// The form on which it founds new households.
    pub form: FormVersion,
}

/// The key as it stands in the file; wiped when it leaves scope.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct SecretHex(String);

#[derive(Serialize, Deserialize)]
struct IdentityFile {
    secret_key: SecretHex,
    server_key: String,
    device: DeviceId,
    account: AccountId,
    unit: UnitId,
    #[serde(flatten)]
    road: Road,
    form: FormVersion,
}

impl Identity {
    /// Reads the identity of a phone; `None` when it has none yet.
    pub(super) fn load(store: &Store) -> Result<Option<Self>, StoreFault> {
        let Some(mut text) = store.read_file(IDENTITY)? else { return Ok(None) };
        let parsed = serde_json::from_str(&text);
        text.zeroize();
        let file: IdentityFile = parsed.map_err(|error| store.unreadable(IDENTITY, error))?;
        let secret = unhex(&file.secret_key.0).ok_or_else(|| store.unreadable(IDENTITY, "secret_key"))?;
        let server_key = unhex(&file.server_key).ok_or_else(|| store.unreadable(IDENTITY, "server_key"))?;
        let IdentityFile { device, account, unit, road, form, .. } = file;
        let key = SigningKey::from_bytes(&secret);
        Ok(Some(Self { key, server_key, device, account, unit, road, form }))
    }

    /// Writes the identity; it never changes afterwards.
    pub(super) fn save(&self, store: &Store) -> Result<(), StoreFault> {
        let file = IdentityFile {
            secret_key: SecretHex(hex(self.key.as_bytes())),
            server_key: hex(&self.server_key),
            device: self.device,
            account: self.account,
            unit: self.unit,
            road: self.road.clone(),
            form: self.form.clone(),
        };
        let mut text = serde_json::to_string_pretty(&file).map_err(|error| store.unreadable(IDENTITY, error))?;
        let written = store.write_file(IDENTITY, &text);
        text.zeroize();
        written
    }

    /// What the protocol's half needs of it.
    pub(super) fn for_device(&self) -> device::Identity {
        device::Identity { key: self.key.clone(), account: self.account, server: PublicKey(self.server_key) }
    }

    /// Signs a challenge for a new token.
    pub(super) fn answer(&self, challenge: &[u8; 56]) -> [u8; 64] {
        self.key.sign(&renewal_message(&self.server_key, self.device, challenge)).to_bytes()
    }
}

/// Reads the token, which is replaced whenever it is over.
pub(super) fn load_token(store: &Store) -> Result<Token, PhoneFault> {
    let text = store.read_file(TOKEN)?.ok_or(PhoneFault::NotEnrolled)?;
    text.trim().parse().map_err(|error| store.unreadable(TOKEN, error).into())
}

/// Writes the token.
pub(super) fn save_token(store: &Store, token: &Token) -> Result<(), StoreFault> {
    store.write_file(TOKEN, &token.reveal())
}
