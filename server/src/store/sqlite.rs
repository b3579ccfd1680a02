//! A database in a file: SQLite, for one process, which needs nothing else.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};

use super::{READERS, StoreError, Tx, lock};

#[cfg(test)]
mod migration;

/// How long a connection waits for a lock that another process holds, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An open file.
pub(super) struct Opened {
    pub(super) readers: SqlitePool,
    pub(super) writer: Tx,
    /// The lock that keeps other processes out while it is open.
    pub(super) lock: File,
}

/// Opens the file, makes it when there is none, and runs the migrations that it has not seen.
pub(super) async fn open(path: &Path) -> Result<Opened, StoreError> {
    let lock = lock::hold(path).await?;
    make_private_file(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::migrate!("migrations/sqlite").run(&mut connection).await.map_err(StoreError::Migration)?;
    // Readers cannot write even by mistake: the single writer is what keeps transactions in one order.
    let readers =
        SqlitePoolOptions::new().max_connections(READERS).connect_with(options.pragma("query_only", "ON")).await?;
    Ok(Opened { readers, writer: Tx::sqlite(connection), lock })
}

/// Makes the file for its owner's eyes only; SQLite gives its journal the same permissions.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| StoreError::Database(sqlx::Error::Io(error)))
}
