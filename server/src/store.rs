//! The store: the only place with SQL.
//!
//! Owns the database file, the reader pool, the single writer task and one file of statements per noun. Decides nothing:
//! what belongs into one transaction is said by `workflow`, which also names it for metrics.
//!
//! Statements keep to what SQLite and PostgreSQL share, with `$1` placeholders; where the engines will differ the
//! statement says so.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub mod access_log;
pub mod account;
pub mod assignment;
pub mod boundary;
pub mod carriage;
pub mod change;
pub mod clue;
#[cfg(test)]
mod conformance;
mod connection;
pub mod device;
pub mod device_token;
pub mod document;
pub mod enrolment_code;
mod error;
pub mod grant;
pub mod household;
pub mod ledger;
pub mod listing;
mod lock;
pub mod log;
pub mod parcel_key;
pub mod points_table;
pub mod review;
pub mod roster;
pub mod round;
mod row;
pub mod security_event;
pub mod segment;
pub mod server_key;
pub mod session;
pub mod suspicion;
pub mod unit;
pub mod view;
mod writer;

pub use connection::{Read, Tx};
pub use error::StoreError;
pub use writer::BoxFuture;
use writer::{Job, Work};

/// Jobs that may wait for the writer; past that, callers wait before they queue.
const QUEUE_JOBS: usize = 1024;
/// Readers that may be at work at once.
const READERS: u32 = 8;
/// How long a connection waits for a lock that another process holds, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An open database. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    readers: SqlitePool,
    jobs: mpsc::Sender<Box<dyn Job>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the database, makes it when there is none, and runs the migrations that it has not seen. Refused while another
    /// process, or another store in this one, has it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
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
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS);
        let writer = tokio::spawn(async move {
            writer::run(Tx::new(connection), queue).await;
            // Held for as long as anything may be written.
            drop(lock);
        });
        Ok(Self { readers, jobs, writer: Mutex::new(Some(writer)) })
    }

    /// Runs a job in the writer's transaction and answers once it is on disk.
    ///
    /// Jobs of several callers share one commit; each has its own savepoint, so a job that fails or panics takes back its
    /// own writes and nobody else's. A job must not wait for anything but the database: everybody stands behind it.
    /// The job runs to its end even when its caller goes away.
    pub async fn write<T, E, F>(&self, name: &'static str, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (work, answer) = Work::new(name, job);
        self.jobs.send(Box::new(work)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Opens a snapshot: everything read through it is as of one moment.
    pub async fn read(&self) -> Result<Read, StoreError> {
        Ok(Read::snapshot(self.readers.begin().await?))
    }

    /// Whether the database can be read and the writer still takes jobs.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut read = self.read().await?;
        sqlx::query("SELECT 1").execute(read.sqlite()).await?;
        if self.jobs.is_closed() { Err(StoreError::Closed) } else { Ok(()) }
    }

    /// Jobs that stand in the queue.
    pub fn queued_jobs(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Lets the jobs that are queued finish, then closes the database. Later jobs and reads are refused.
    pub async fn close(&self) {
        if let Some(writer) = self.writer.lock().await.take() {
            // The last job in the queue; the channel stays open, so the writer needs to be told.
            let told = self.jobs.send(Box::new(writer::Stop)).await;
            if told.is_ok() && writer.await.is_err() {
                tracing::error!("The writer ended abnormally");
            }
        }
        self.readers.close().await;
    }
}

/// Makes the file for its owner's eyes only; SQLite gives its journal the same permissions.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| StoreError::Database(sqlx::Error::Io(error)))
}
