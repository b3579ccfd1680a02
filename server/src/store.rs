//! The store: the only place with SQL.
//!
//! Owns the database, in a file or on a server, the readers, the writer task and one file of statements per noun. Decides
//! nothing: what belongs into one transaction is said by `workflow`, which also names it for metrics.
//!
//! Statements keep to what SQLite and PostgreSQL share, with `$1` placeholders.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::{PgPool, SqlitePool};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

pub mod access_log;
pub mod account;
pub mod assignment;
pub mod background_job;
pub mod blob;
pub mod boundary;
pub mod carriage;
mod catalogue;
pub mod change;
pub mod chapter;
pub mod clue;
mod connection;
pub mod copy;
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
mod news;
pub mod opening;
mod partition;
#[cfg(test)]
pub(crate) mod plans;
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
mod turn;
pub mod unit;
pub mod view;
mod writer;

#[cfg(test)]
pub(crate) mod on_postgres;
#[cfg(test)]
mod on_sqlite;

pub use connection::{Read, Tx};
pub use error::StoreError;
pub use news::Watcher;
use news::{Courier, Written};
use statement::{scalar, sql};
use turn::Turn;
pub use turn::{Part, Parts};
pub use writer::BoxFuture;
use writer::{Answered, Queued, Work};

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

impl fmt::Display for Database {
    /// Where it is, for people: without the password that an address may hold.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(out, "sqlite:{}", path.display()),
            Self::Postgres(address) => out.write_str(&postgres::shown(address)),
        }
    }
}

/// Who else may work with a database. A file has one process in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    Others,
    Nobody,
}

/// An open database. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    readers: Readers,
    /// The writers' queues: one for a file, several for a server.
    jobs: Vec<mpsc::Sender<Queued>>,
    writers: Mutex<Vec<JoinHandle<()>>>,
    courier: Courier,
}

#[derive(Debug)]
enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Store {
    /// Opens the database, makes it when there is none, and runs the migrations that it has not seen. A file is refused
    /// while another process, or another store in this one, has it. Half a copy of another database is refused.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        Self::begin(database, Company::Others).await?.whole().await
    }

    /// The same for work that nobody may come into: a server is refused too while another process has it, and others have
    /// to wait with what they write until this is closed.
    pub async fn open_alone(database: &Database) -> Result<Self, StoreError> {
        Self::begin(database, Company::Nobody).await?.whole().await
    }

    /// The same, for a copy to begin: half of another one may be in it.
    pub async fn open_for_copy(database: &Database) -> Result<Self, StoreError> {
        Self::begin(database, Company::Nobody).await
    }

    async fn whole(self) -> Result<Self, StoreError> {
        let unfinished = copy::unfinished(&mut self.read().await?).await?;
        match unfinished {
            None => Ok(self),
            Some(copy::Unfinished { source, .. }) => {
                self.close().await;
                Err(StoreError::HalfCopied(source))
            }
        }
    }

    async fn begin(database: &Database, company: Company) -> Result<Self, StoreError> {
        let (readers, txs, lock) = match database {
            Database::Sqlite(path) => {
                let sqlite::Opened { readers, writer, lock } = sqlite::open(path).await?;
                (Readers::Sqlite(readers), vec![writer], Some(lock))
            }
            Database::Postgres(address) => {
                let postgres::Opened { readers, writers } = postgres::open(address, company).await?;
                (Readers::Postgres(readers), writers, None)
            }
        };
        // Held for as long as anything may be written.
        let lock = Arc::new(lock);
        let written = Arc::new(Written::default());
        let courier = match &readers {
            Readers::Sqlite(_) => Courier::within(written.clone()),
            Readers::Postgres(pool) => Courier::between(written.clone(), pool.clone()).await?,
        };
        let (mut jobs, mut writers) = (Vec::new(), Vec::new());
        for tx in txs {
            let (sender, queue) = mpsc::channel(QUEUE_JOBS);
            jobs.push(sender);
            let (lock, written) = (Arc::clone(&lock), Arc::clone(&written));
            writers.push(tokio::spawn(async move {
                writer::run(tx, queue, written).await;
                drop(lock);
            }));
        }
        Ok(Self { readers, jobs, writers: Mutex::new(writers), courier })
    }

    /// Runs a job in the writer's transaction and answers once it is on disk. Nobody else writes meanwhile.
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
        self.queue(Work::new(name, Turn::House, 0, job)).await
    }

    /// The same for a job that writes only in some parts of the house: a commune, what an account has. Where several write,
    /// others do in other parts meanwhile. What a job reads to decide and is no part's (units, rights, rounds) is written
    /// with the house only, and stands still.
    pub async fn write_in<T, E, F>(&self, parts: impl Into<Parts>, name: &'static str, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_much_in(parts, name, 0, job).await
    }

    /// The same for a job that writes much: about how many bytes, so that no group grows without bounds.
    pub async fn write_much_in<T, E, F>(
        &self,
        parts: impl Into<Parts>,
        name: &'static str,
        bytes: usize,
        job: F,
    ) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.queue(Work::new(name, Turn::Parts(parts.into()), bytes, job)).await
    }

    async fn queue<T, E, F>(&self, (work, answer): (Work<T, E, F>, Answered<T, E>)) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let number = work.turn.queue(self.jobs.len());
        self.jobs[number].send(Queued::Job(Box::new(work))).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Opens a snapshot: everything read through it is as of one moment.
    pub async fn read(&self) -> Result<Read, StoreError> {
        Ok(match &self.readers {
            Readers::Sqlite(readers) => Read::sqlite(readers.begin().await?),
            Readers::Postgres(readers) => Read::postgres(readers.begin_with(postgres::SNAPSHOT).await?),
        })
    }

    /// Tells of what is written from now on, by whatever process.
    pub fn watch(&self) -> Watcher {
        self.courier.watch()
    }

    /// Ends all watching, before a stop that waits for those who watch.
    pub fn end_watching(&self) {
        self.courier.end();
    }

    /// Whether the database can be read and the writer still takes jobs.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut read = self.read().await?;
        sql("SELECT 1").execute(&mut read).await?;
        if self.jobs.iter().any(mpsc::Sender::is_closed) { Err(StoreError::Closed) } else { Ok(()) }
    }

    /// The number of the last migration that the database has seen.
    pub async fn schema(&self) -> Result<i64, StoreError> {
        scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut self.read().await?).await
    }

    /// Jobs that stand in the queue.
    pub fn queued_jobs(&self) -> usize {
        self.jobs.iter().map(|jobs| jobs.max_capacity() - jobs.capacity()).sum()
    }

    /// Lets the jobs that are queued finish, then closes the database. Later jobs and reads are refused.
    pub async fn close(&self) {
        self.end_watching();
        let writers = std::mem::take(&mut *self.writers.lock().await);
        for (writer, jobs) in writers.into_iter().zip(&self.jobs) {
            // The last job in the queue; the channel stays open, so the writer needs to be told.
            let told = jobs.send(Queued::Stop).await;
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
