//! What the server does by itself, without anybody asking.
//!
//! Owns when; what is done stands in `workflow`.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::App;
use crate::workflow::housekeeping;

/// How often what is over is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(3600);

/// Starts the jobs; aborting the handle ends them between two statements of theirs, never within a commit.
pub fn start(app: Arc<App>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut due = tokio::time::interval(HOUSEKEEPING);
        loop {
            due.tick().await;
            match housekeeping::forget_ended(&app).await {
                Ok(forgotten) => {
                    let housekeeping::Forgotten { sessions, codes, blob_parts } = forgotten;
                    tracing::debug!(sessions, codes, blob_parts, "Forgot what is over");
                }
                Err(error) => tracing::error!(%error, "Housekeeping failed; the next one is in an hour"),
            }
        }
    })
}
