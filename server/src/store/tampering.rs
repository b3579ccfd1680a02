//! What somebody with the database file in their hands could do to it: for tests of what finds it out.

use super::statement::sql;
use super::{Store, StoreError};

/// The last change of the last household is deleted; its row of the log stays.
pub(crate) const NEWEST_CHANGE: &str = "DELETE FROM change WHERE (household, entry) IN \
     (SELECT household, entry FROM change ORDER BY household DESC, entry DESC LIMIT 1)";
/// The first change of the first household is said to have been rejected.
pub(crate) const OLDEST_CHANGE_REJECTED: &str = "UPDATE change SET verdict = 34 WHERE (household, entry) IN \
     (SELECT household, entry FROM change ORDER BY household, entry LIMIT 1)";
/// The journals that name the changes are deleted.
pub(crate) const SEGMENTS: &str = "DELETE FROM segment";
/// The last row of a log is deleted.
pub(crate) const NEWEST_LOG_ROW: &str = "DELETE FROM log_row WHERE rowid = (SELECT max(rowid) FROM log_row)";
/// Nobody disagrees any more.
pub(crate) const DISAGREEMENTS: &str = "DELETE FROM disagreement_view";
/// What blocked blocks no longer.
pub(crate) const BLOCKING: &str = "UPDATE disagreement_view SET blocking = 1 - blocking";
/// Every row of documents is deleted.
pub(crate) const DOCUMENTS: &str = "DELETE FROM document";
/// The key of the first household is replaced.
pub(crate) const HOUSEHOLD_KEY: &str =
    "UPDATE household SET wrapped_key = zeroblob(60) WHERE id = (SELECT min(id) FROM household)";
/// Every household is deleted.
pub(crate) const HOUSEHOLDS: &str = "DELETE FROM household";
/// The lines of every list are deleted.
pub(crate) const ROSTER_LINES: &str = "DELETE FROM roster_line";
/// What a line says is replaced.
pub(crate) const ROSTER_LINE_SEALED: &str = "UPDATE roster_line SET sealed = zeroblob(60) WHERE position = 1";
/// The newest list is deleted, its lines stay.
pub(crate) const NEWEST_ROSTER: &str = "DELETE FROM roster WHERE rowid = (SELECT max(rowid) FROM roster)";
/// The heads behind every pin are deleted.
pub(crate) const PINS: &str = "DELETE FROM pin";
/// The heads behind every pin are replaced.
pub(crate) const PIN_HEADS: &str = "UPDATE pin SET heads = zeroblob(32)";
/// The last entry of every ledger is deleted.
pub(crate) const LAST_DECISION: &str = "DELETE FROM ledger WHERE rowid = (SELECT max(rowid) FROM ledger)";
/// The first entry of every ledger is altered.
pub(crate) const FIRST_DECISION: &str =
    "UPDATE ledger SET entry = replace(entry, '\"number\":1', '\"number\":7') WHERE number = 1";

/// Does it, past everything that keeps the store honest.
pub(crate) async fn tamper(store: &Store, statement: &'static str) {
    let done: Result<u64, StoreError> =
        store.write("tamper", move |tx| Box::pin(async move { sql(statement).execute(tx).await })).await;
    assert!(done.unwrap() > 0, "met nothing: {statement}");
}
