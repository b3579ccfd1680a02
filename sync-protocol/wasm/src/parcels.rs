//! The exchange as files: own parcels, others' parcels, and what colleagues share.

use schemas::ids::{RoundId, UnitId};
use serde_json::json;
use sync_protocol::device::{Clocks, Looked};
use sync_protocol::hash::{from_hex, to_hex};
use sync_protocol::parcel::{Parcel, ParcelAnswer, ParcelKey};

use crate::command;
use crate::core::{Open, Parts, Reply};
use crate::exchange::turn;
use crate::fault::CoreFault;

/// Puts everything that waits into a parcel.
pub(crate) fn pack(open: &mut Open, key: &str, clocks: command::Clocks, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let bytes: [u8; ParcelKey::BYTES] = from_hex("parcel key", key).map_err(|_| CoreFault::Text("parcel key"))?;
    let key = ParcelKey::open(&bytes, &open.device.server())?;
    let packed = open.device.parcel(&key, Clocks::from(clocks).wall_ms, &mut parts.chance()?)?;
    Ok(Reply::written(&packed.records, json!({ "entries": packed.entries }))?.with(packed.bytes))
}

/// Takes the answer to a parcel.
pub(crate) fn answer(open: &mut Open, clocks: command::Clocks, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let before = open.device.waiting();
    let (outcome, key) = open.device.parcel_answer(parts.at(0)?, Clocks::from(clocks).wall_ms)?;
    let (turn, records) = turn(open, before, outcome);
    Reply::written(&records, json!({ "turn": turn, "key": to_hex(&key.to_bytes()) }))
}

/// Which parcel a file is, or answers: whoever carries one has to know that an answer is for it.
pub(crate) fn which(parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let file = parts.at(0)?;
    let (parcel, is_answer) = match Parcel::read(file) {
        Ok(parcel) => (parcel.id(), false),
        Err(fault) => (ParcelAnswer::read(file).map_err(|_| fault)?.parcel(), true),
    };
    Reply::of(json!({ "parcel": parcel.to_string(), "is_answer": is_answer }))
}

/// Own work that no log tells of, for colleagues.
pub(crate) fn share(
    open: &Open,
    village: Option<UnitId>,
    round: Option<&RoundId>,
    parts: &Parts<'_>,
) -> Result<Reply, CoreFault> {
    let scope = open.device.scope_of(village, round).ok_or(CoreFault::NoVillage)?;
    let (bytes, changes) = open.device.share(&scope, &mut parts.chance()?)?;
    Ok(Reply::of(json!({ "changes": changes }))?.with(bytes))
}

/// Looks at what a colleague has shared.
pub(crate) fn look(open: &mut Open, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let Looked { records, shown, known, left_out } = open.device.look(parts.at(0)?)?;
    Reply::written(&records, json!({ "shown": shown, "known": known, "left_out": left_out }))
}
