//! A forgotten PIN: what is kept for it when the vault is made, and how the phone asks for it and takes it back.

use schemas::ids::{DeviceId, UnitId};
use serde_json::json;
use sync_protocol::hash::{hex_bytes, to_hex};
use sync_protocol::parcel::SealSecret;
use sync_protocol::recovery::{DataKey, KeptKey, MAX_RECOVERY_BYTES, OpenedKey, RecoveryKey, opening_code};

use crate::core::{Parts, Reply};
use crate::fault::CoreFault;
use crate::identity::{key_at, server, shown};

/// Seals the data key to the commune, in the phone's name.
pub(crate) fn keep(server_key: &str, recovery_key: &str, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let to = hex_bytes(recovery_key, MAX_RECOVERY_BYTES).ok_or(CoreFault::Text("recovery key"))?;
    let to = RecoveryKey::open(&to, &server(server_key)?)?;
    let key = DataKey::from_bytes(parts.array(2)?);
    let kept = KeptKey::seal(key, &key_at(parts, 1)?, &to, &mut parts.chance()?)?;
    Ok(Reply::of(json!({ "commune": to.commune() }))?.with(kept.to_bytes()))
}

/// Asks the commune to open what was kept.
pub(crate) fn ask(commune: UnitId, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let mut chance = parts.chance()?;
    let (secret, kept) = (SealSecret::draw(&mut chance), KeptKey::read(parts.at(1)?)?);
    let (device, reply) = (kept.device(), secret.public());
    let body = json!({
        "device": device,
        "commune": commune,
        "kept_key": to_hex(&kept.to_bytes()),
        "reply_key": reply.to_string(),
    });
    let code = shown(&opening_code(device, &reply, &kept));
    Ok(Reply::of(json!({ "body": body, "code": code }))?.with(secret.as_bytes().to_vec()))
}

/// Takes the data key out of the answer.
pub(crate) fn take(device: DeviceId, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let reply = SealSecret::from_bytes(parts.array(0)?);
    let key = OpenedKey::read(parts.at(1)?)?.open(device, &reply)?;
    Ok(Reply::of(json!({}))?.with(key.as_bytes().to_vec()))
}
