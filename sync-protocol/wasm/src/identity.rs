//! Who the phone is: its key and what it signs, and opening the device that it is.

use std::sync::Arc;

use ed25519_dalek::{Signer, SigningKey};
use jiff::civil::Date;
use rand::Rng;
use schemas::form::FormVersion;
use schemas::ids::AccountId;
use schemas::standards::Standards;
use serde_json::{Value as Json, json};
use sync_protocol::actor::device_id;
use sync_protocol::device::{Device, Identity, Portion, SnapshotFault};
use sync_protocol::enrolment::{CHALLENGE_BYTES, CODE_LETTERS, code_letters, enrolment_message, renewal_message};
use sync_protocol::field::{Listing, Surveys};
use sync_protocol::hash::{PublicKey, from_hex, to_hex};
use zeroize::Zeroizing;

use crate::core::{Open, Parts, Reply};
use crate::fault::CoreFault;
use crate::frames;
use crate::message::{block, put};

/// Letters of a code that stand together.
const GROUP: usize = 4;

/// Makes a key and proves it.
pub(crate) fn enrol(server_key: &str, code: &str, name: &str, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let server = server(server_key)?;
    let code = code_letters(code).ok_or(CoreFault::Text("code"))?;
    let mut secret = Zeroizing::new([0; 32]);
    parts.chance()?.fill_bytes(&mut *secret);
    let key = SigningKey::from_bytes(&secret);
    let public = PublicKey(key.verifying_key().to_bytes());
    let body = json!({
        "code": shown(&code),
        "public_key": public.to_string(),
        "signature": to_hex(&key.sign(&enrolment_message(&server, &code)).to_bytes()),
        "name": name,
    });
    Ok(Reply::of(json!({ "device": device_id(&public), "body": body }))?.with(secret.to_vec()))
}

/// Signs a challenge.
pub(crate) fn sign(server_key: &str, challenge: &str, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let server = server(server_key)?;
    let bytes: [u8; CHALLENGE_BYTES] = from_hex("challenge", challenge).map_err(|_| CoreFault::Text("challenge"))?;
    let key = key(parts)?;
    let device = device_id(&PublicKey(key.verifying_key().to_bytes()));
    let signature = to_hex(&key.sign(&renewal_message(&server, device, &bytes)).to_bytes());
    Reply::of(json!({ "body": { "device": device, "challenge": challenge, "signature": signature } }))
}

/// The identity of the device that is opened.
pub(crate) fn read(account: AccountId, server_key: &str, parts: &Parts<'_>) -> Result<Identity, CoreFault> {
    Ok(Identity { key: key(parts)?, account, server: server(server_key)? })
}

/// An identity of which nobody knows.
pub(crate) fn nobody(parts: &Parts<'_>) -> Result<Identity, CoreFault> {
    let mut secret = Zeroizing::new([0; 32]);
    parts.chance()?.fill_bytes(&mut *secret);
    let key = SigningKey::from_bytes(&secret);
    let server = PublicKey(key.verifying_key().to_bytes());
    Ok(Identity { key, account: AccountId(0), server })
}

fn key(parts: &Parts<'_>) -> Result<SigningKey, CoreFault> {
    key_at(parts, 0)
}

/// The secret key of a phone, as it came along.
pub(crate) fn key_at(parts: &Parts<'_>, at: usize) -> Result<SigningKey, CoreFault> {
    let secret: Zeroizing<[u8; 32]> = Zeroizing::new(parts.array(at)?);
    Ok(SigningKey::from_bytes(&secret))
}

/// The server's key, as it was scanned.
pub(crate) fn server(key: &str) -> Result<PublicKey, CoreFault> {
    key.parse().map_err(|_| CoreFault::Text("server key"))
}

/// A code as people read it.
pub(crate) fn shown(code: &[u8; CODE_LETTERS]) -> String {
    let groups = code.chunks(GROUP).map(|group| group.iter().copied().map(char::from).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

impl Open {
    /// Opens a device from its snapshot and the records after it.
    pub(crate) fn new(
        identity: Identity,
        (standards, today): (Arc<Standards>, Date),
        form: Option<FormVersion>,
        parts: &Parts<'_>,
    ) -> Result<Self, CoreFault> {
        let current = form.or_else(|| standards.current_form().cloned());
        let current = current.ok_or_else(|| CoreFault::Standards("no standard is in force".to_owned()))?;
        let first = standards.form(&current).ok_or_else(|| CoreFault::FormUnknown(current.0.clone()))?;
        let others = standards.forms().filter(|form| form.version != current);
        let forms = std::iter::once(first).chain(others).cloned().collect();
        let (mut device, listing) = match parts.at(1)? {
            [] => (Device::new(identity, forms), Listing::default()),
            bytes => {
                let (snapshot, rest) = block(bytes).ok_or(SnapshotFault::Damaged)?;
                // A list that is not readable is made anew; it costs time, and no data.
                (Device::from_snapshot(snapshot, identity, forms)?, Listing::from_bytes(rest))
            }
        };
        for records in parts.0.iter().skip(2) {
            frames::each(records, |record| device.apply(&record))?;
        }
        let surveys = Surveys::unknown(today);
        Ok(Self { device, standards, surveys, listing, sync: None, portion: Portion::default() })
    }

    /// Takes in what the server says of the villages.
    pub(crate) fn told(&mut self, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
        self.surveys.told(serde_json::from_slice(parts.at(0)?).map_err(CoreFault::Command)?);
        Reply::of(json!({}))
    }

    /// Begins a new epoch.
    pub(crate) fn begin_epoch(&mut self) -> Result<Reply, CoreFault> {
        let records = self.device.begin_epoch();
        Reply::written(&records, self.stands())
    }

    /// Everything that the device is.
    pub(crate) fn snapshot(&mut self) -> Vec<u8> {
        self.listing.refresh(&self.device, &self.standards, &self.surveys);
        let mut bytes = Vec::new();
        put(&mut bytes, &self.device.snapshot());
        bytes.extend(self.listing.to_bytes());
        bytes
    }

    /// How things stand, in a few numbers.
    pub(crate) fn stands(&self) -> Json {
        let device = &self.device;
        let scopes: Vec<Json> =
            device.scopes().map(|(scope, _)| json!({ "village": scope.village, "round": scope.round })).collect();
        json!({
            "epoch": device.author().epoch,
            "households": device.households().count(),
            "waiting": device.waiting(),
            "scopes": scopes,
            "clock_offset_ms": device.clock_offset_ms(),
            "has_put_off": device.has_put_off(),
        })
    }
}
