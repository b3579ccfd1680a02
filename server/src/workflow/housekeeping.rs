//! Housekeeping, by one of several servers: forgetting what is over: sessions and codes that can no longer be used, parts of photos that
//! never became whole, and requests to open a device. What sessions and codes did stands in the security events, who opened a
//! device in the ledger too; a phone that still has a photo brings it again from the first byte.

use std::time::Duration;

use jiff::Timestamp;

use super::Refusal;
use crate::app::App;
use crate::store;

/// How often it is due.
const EVERY: Duration = Duration::from_secs(3600);
/// Kept so long past its end that somebody who asks why they were put out can still be told.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Sessions.
    pub sessions: u64,
    /// Enrolment codes.
    pub codes: u64,
    /// Parts of photos that never became whole.
    pub blob_parts: u64,
    /// Requests to open a device.
    pub openings: u64,
}

/// Forgets sessions, codes and parts of photos that ended, or of which nothing came, long ago. `None` when it is not due:
/// whichever server did it last.
pub async fn forget_ended(app: &App) -> Result<Option<Forgotten>, Refusal> {
    let now = app.clock.now();
    let [before, due] = [KEPT, EVERY].map(|span| now.saturating_sub(span).unwrap_or(Timestamp::MIN));
    app.store
        .write("housekeeping/forget_ended", move |tx| {
            Box::pin(async move {
                if !store::background_job::claim(tx, "housekeeping", due, now).await? {
                    return Ok(None);
                }
                let sessions = store::session::delete_expired(tx, before).await?;
                let codes = store::enrolment_code::delete_expired(tx, before).await?;
                let blob_parts = store::blob::forget_parts(tx, before).await?;
                // At once: what a device has kept, and its key for it, are kept no longer than they serve.
                let openings = store::opening::delete_expired(tx, now).await?;
                Ok(Some(Forgotten { sessions, codes, blob_parts, openings }))
            })
        })
        .await
}
