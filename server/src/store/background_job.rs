//! What servers do by themselves: done by one of several, the others find that it was.

use jiff::Timestamp;

use super::row::milliseconds;
use super::statement::sql;
use super::{StoreError, Tx};

/// Claims a job that was not done after `before`, and notes that it is done `now`: true for one of all that ask. What is
/// done with it belongs into the same transaction, so that a server that dies leaves it to the next one. A job that was
/// done in the future, by a clock that was wrong, is due.
pub async fn claim(tx: &mut Tx, name: &str, before: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let done = sql("INSERT INTO background_job (name, done_at) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at \
         WHERE background_job.done_at <= $3 OR background_job.done_at > excluded.done_at")
    .bind(name)
    .bind(milliseconds(now))
    .bind(milliseconds(before))
    .execute(tx)
    .await?;
    Ok(done > 0)
}
