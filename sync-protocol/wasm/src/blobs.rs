//! Photos: announced, queued, answered for. Their bytes never come here; the Worker keeps and sends them.

use schemas::ids::HouseholdId;
use serde_json::json;
use sync_protocol::device::BlobAnswer;
use sync_protocol::field::{BlobLine, FieldFault};
use sync_protocol::hash::BlobHash;

use crate::command::Clocks;
use crate::core::{Open, Reply};
use crate::fault::CoreFault;

/// Announces a photo.
pub(crate) fn attach(
    open: &mut Open,
    household: HouseholdId,
    blob: &str,
    size_bytes: u64,
    clocks: Clocks,
) -> Result<Reply, CoreFault> {
    let records = open.device.attach(household, hash(blob)?, size_bytes, clocks.into())?;
    let attached = open.device.blobs().last().map(BlobLine::from);
    Reply::written(&records, attached.ok_or(FieldFault::NoHousehold(household))?)
}

/// All photos, those that the server waits for, and those that need not be kept.
pub(crate) fn list(open: &Open, room_bytes: u64) -> Result<Reply, CoreFault> {
    let all: Vec<BlobLine> = open.device.blobs().iter().map(BlobLine::from).collect();
    let queue: Vec<BlobLine> = open.device.blob_queue().map(BlobLine::from).collect();
    let superfluous: Vec<String> = open.device.superfluous_blobs(room_bytes).iter().map(BlobHash::to_string).collect();
    Reply::of(json!({ "blobs": all, "queue": queue, "superfluous": superfluous }))
}

/// The server has said something for good.
pub(crate) fn answer(
    open: &mut Open,
    household: HouseholdId,
    blob: &str,
    refused: Option<String>,
) -> Result<Reply, CoreFault> {
    let answer = refused.map_or(BlobAnswer::There, BlobAnswer::Refused);
    Reply::written(&open.device.blob_answered(household, hash(blob)?, answer), json!({}))
}

/// The server does not know a photo that it had acknowledged.
pub(crate) fn unknown(open: &mut Open, household: HouseholdId, blob: &str) -> Result<Reply, CoreFault> {
    Reply::written(&open.device.blob_unknown(household, hash(blob)?), json!({}))
}

fn hash(text: &str) -> Result<BlobHash, CoreFault> {
    text.parse().map_err(|_| CoreFault::Text("blob hash"))
}
