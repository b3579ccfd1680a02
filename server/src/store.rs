//! The store: the only place with SQL.
//!
//! Owns the database, in a file or on a server, the readers, the writer task and one file of statements per noun. Decides
//! nothing: what belongs into one transaction is said by `workflow`, which also names it for metrics.
//!
//! Statements keep to what SQLite and PostgreSQL share, with `$1` placeholders.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::{PgPool, SqlitePool};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub mod access_log;
pub mod account;
pub mod assignment;
pub mod blob;
pub mod boundary;
pub mod change;
pub mod chapter;
pub mod clue;
mod connection;
pub mod device;
pub mod device_token;
pub mod document;
pub mod enrolment_code;
mod error;
pub mod generation;
pub mod grant;
pub mod household;
pub mod ledger;
pub mod listing;
mod lock;
pub mod log;
pub mod points_table;
mod postgres;
pub mod review;
pub mod roster;
pub mod round;
mod row;
pub mod security_event;
pub mod segment;
pub mod server_key;
pub mod session;
mod sqlite;
mod statement;
pub mod suspicion;
#[cfg(test)]
pub(crate) mod tampering;
pub mod unit;
pub mod view;
mod writer;

#[cfg(test)]
mod on_postgres;
#[cfg(test)]
mod on_sqlite;

pub use connection::{Read, Tx};
pub use error::StoreError;
use statement::sql;
pub use writer::BoxFuture;
use writer::{Job, Work};

/// Jobs that may wait for the writer; past that, callers wait before they queue.
const QUEUE_JOBS: usize = 1024;
/// Readers that may be at work at once.
const READERS: u32 = 8;

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file of SQLite's, for one process.
    Sqlite(PathBuf),
    /// A server of PostgreSQL's, for as many processes as it serves, by its address.
    Postgres(String),
}

impl FromStr for Database {
    type Err = StoreError;
    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.trim_start_matches("//").into())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            _ => Err(StoreError::Place),
        }
    }
}

/// An open database. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    readers: Readers,
    jobs: mpsc::Sender<Box<dyn Job>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Store {
    /// Opens the database, makes it when there is none, and runs the migrations that it has not seen. A file is refused
    /// while another process, or another store in this one, has it.
    pub async fn open(place: &Database) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS);
        let (readers, writer) = match place {
            Database::Sqlite(path) => {
                let sqlite::Opened { readers, writer, lock } = sqlite::open(path).await?;
                let writer = tokio::spawn(async move {
                    writer::run(writer, queue).await;
                    // Held for as long as anything may be written.
                    drop(lock);
                });
                (Readers::Sqlite(readers), writer)
            }
            Database::Postgres(address) => {
                let postgres::Opened { readers, writer } = postgres::open(address).await?;
                (Readers::Postgres(readers), tokio::spawn(writer::run(writer, queue)))
            }
        };
        Ok(Self { readers, jobs, writer: Mutex::new(Some(writer)) })
    }

    /// Opens the database in this file.
    pub async fn open_file(path: &Path) -> Result<Self, StoreError> {
        Self::open(&Database::Sqlite(path.to_owned())).await
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
        self.write_bytes(name, 0, job).await
    }

    /// The same for a job that writes much: about how many bytes, so that no group grows without bounds.
    pub async fn write_bytes<T, E, F>(&self, name: &'static str, bytes: usize, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (work, answer) = Work::new(name, bytes, job);
        self.jobs.send(Box::new(work)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Opens a snapshot: everything read through it is as of one moment.
    pub async fn read(&self) -> Result<Read, StoreError> {
        Ok(match &self.readers {
            Readers::Sqlite(readers) => Read::sqlite(readers.begin().await?),
            Readers::Postgres(readers) => Read::postgres(readers.begin_with(postgres::SNAPSHOT).await?),
        })
    }

    /// Whether the database can be read and the writer still takes jobs.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut read = self.read().await?;
        sql("SELECT 1").execute(&mut read).await?;
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
        match &self.readers {
            Readers::Sqlite(readers) => readers.close().await,
            Readers::Postgres(readers) => readers.close().await,
        }
    }
}
