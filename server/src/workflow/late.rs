//! What a device that was shut out still brings: kept for a person, whole and with its evidence, and answered with
//! nothing but what became of it.
//!
//! What the server itself had signed and has forgotten is taken from such a device as from any other: whoever brings it has
//! no say in it, and own work waits on the device until that was answered.
//!
//! Such work may be older than the order and honest; that it names a log row from before is no proof, for a device can name
//! an old one at any time. So nothing of it counts until somebody has looked at it.

use sync_protocol::hash::PublicKey;
use sync_protocol::message::{Request, Response, SegmentAnswer};
use sync_protocol::segment::Packed;

use super::{Refusal, give_back, intake, set_back};
use crate::app::App;
use crate::domain::device::Device;
use crate::store;

/// Held changes of one key beyond which no more are taken: a person has to look through them first.
const MOST_HELD: u64 = 2_000;

/// Takes what a device that was shut out brings. One that brings nothing is refused, for this reason.
pub(super) async fn take(app: &App, device: &Device, request: Request, refusal: Refusal) -> Result<Vec<u8>, Refusal> {
    if request.segments.is_empty() && request.chapters.is_none() {
        return Err(refusal);
    }
    app.late_work.attempt(device.id, app.clock.now()).map_err(Refusal::TooManyAttempts)?;
    let chapters = give_back::take_all(app, device, &request).await;
    let mut segments = Vec::with_capacity(request.segments.len());
    for bytes in &request.segments {
        segments.push(take_segment(app, device, bytes).await?);
    }
    let mut read = app.store.read().await?;
    let forgotten = give_back::forgotten(app, &mut read, &request, &[]).await?;
    let response = Response {
        chapters,
        forgotten: (!forgotten.is_empty()).then_some(forgotten),
        set_back: set_back::told(&mut read, &request).await?,
        ..Response::answering(request.version, segments, app.clock.now().as_millisecond())
    };
    Ok(response.to_bytes())
}

async fn take_segment(app: &App, device: &Device, bytes: &[u8]) -> Result<SegmentAnswer, Refusal> {
    // Whether an intent fits would tell what stands in documents that are none of its business any more.
    if Packed::is_packed(bytes) {
        return Ok(SegmentAnswer::SendBytes(Vec::new()));
    }
    let key = PublicKey(device.public_key.to_bytes());
    let held = store::change::held_of_key(&mut app.store.read().await?, &key).await?;
    match held < MOST_HELD {
        true => Ok(intake::take(app, device, bytes).await),
        false => Ok(SegmentAnswer::NotTaken("device/late-work-full".to_owned())),
    }
}
