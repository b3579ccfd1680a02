//! What the server does by itself, without anybody asking.
//!
//! Owns when; what is done stands in `workflow`.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::App;
use crate::workflow::housekeeping;

/// How often a server looks whether anything is due. Of several servers one does it.
const LOOK: Duration = Duration::from_secs(600);

/// Starts the jobs; aborting the handle ends them between two statements of theirs, never within a commit.
pub fn start(app: Arc<App>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut due = tokio::time::interval(LOOK);
        loop {
            due.tick().await;
            match housekeeping::forget_ended(&app).await {
                Ok(None) => {}
                Ok(Some(housekeeping::Forgotten { sessions, codes, blob_parts, openings })) => {
                    tracing::debug!(sessions, codes, blob_parts, openings, "Forgot what is over");
                }
                Err(error) => tracing::error!(%error, "Housekeeping failed; the next try is in ten minutes"),
            }
        }
    })
}
