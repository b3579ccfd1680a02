//! Photos: announced, queued, answered for. Their bytes never come here; the Worker keeps and sends them.

use schemas::ids::HouseholdId;
use serde::Serialize;
use serde_json::json;
use sync_protocol::device::{BlobAnswer, BlobState, OwnBlob};
use sync_protocol::field::FieldFault;
use sync_protocol::hash::BlobHash;

use crate::command::Clocks;
use crate::core::{Open, Reply};
use crate::fault::CoreFault;

/// A photo as it is listed.
#[derive(Debug, Serialize)]
pub struct BlobLine {
    household: HouseholdId,
    blob: String,
    size_bytes: u64,
    /// `phone`, `server` or `needs_you`.
    stands: &'static str,
    /// Why it needs somebody, by its stable name.
    reason: Option<String>,
}

impl From<&OwnBlob> for BlobLine {
    fn from(blob: &OwnBlob) -> Self {
        let (stands, reason) = match &blob.state {
            BlobState::Unannounced | BlobState::Announced => ("phone", None),
            BlobState::There => ("server", None),
            BlobState::Refused(slug) => ("needs_you", Some(slug.clone())),
        };
        let (household, size_bytes) = (blob.household, blob.size_bytes);
        Self { household, blob: blob.hash.to_string(), size_bytes, stands, reason }
    }
}

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
