//! Forgetting what is over: sessions and codes that can no longer be used, and parts of photos that never became whole. What
//! sessions and codes did stands in the security events; a phone that still has a photo brings it again from the first byte.

use std::time::Duration;

use jiff::Timestamp;

use super::Refusal;
use crate::app::App;
use crate::store;

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
}

/// Forgets sessions, codes and parts of photos that ended, or of which nothing came, long ago.
pub async fn forget_ended(app: &App) -> Result<Forgotten, Refusal> {
    let before = app.clock.now().saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
    app.store
        .write("housekeeping/forget_ended", move |tx| {
            Box::pin(async move {
                let sessions = store::session::delete_expired(tx, before).await?;
                let codes = store::enrolment_code::delete_expired(tx, before).await?;
                let blob_parts = store::blob::forget_parts(tx, before).await?;
                Ok(Forgotten { sessions, codes, blob_parts })
            })
        })
        .await
}
