//! Handles on the database: [`Read`] for a snapshot, [`Tx`] inside the writer.
//!
//! The one place that names the engine, so that PostgreSQL can become a second one behind the same functions.

use std::ops::{Deref, DerefMut};

use sqlx::{Executor, Sqlite, SqliteConnection, Transaction};

use super::StoreError;

/// A snapshot that can be asked. Everything that reads takes one of these.
#[derive(Debug)]
pub struct Read(Source);

#[derive(Debug)]
enum Source {
    Snapshot(Transaction<'static, Sqlite>),
    Writer(SqliteConnection),
}

impl Read {
    pub(super) fn snapshot(transaction: Transaction<'static, Sqlite>) -> Self {
        Self(Source::Snapshot(transaction))
    }

    pub(super) fn sqlite(&mut self) -> &mut SqliteConnection {
        match &mut self.0 {
            Source::Snapshot(transaction) => transaction,
            Source::Writer(connection) => connection,
        }
    }
}

/// The writer's transaction. Everything that writes takes one; it can be asked like a [`Read`] and sees its own writes.
#[derive(Debug)]
pub struct Tx {
    read: Read,
    /// Set when a savepoint could not be rolled back: then nothing of the group may be committed.
    broken: Option<String>,
}

impl Deref for Tx {
    type Target = Read;
    fn deref(&self) -> &Read {
        &self.read
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Read {
        &mut self.read
    }
}

impl Tx {
    pub(super) fn new(connection: SqliteConnection) -> Self {
        Self { read: Read(Source::Writer(connection)), broken: None }
    }

    /// Opens the group's transaction. PostgreSQL will say `BEGIN`: it takes its locks row by row.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.broken = None;
        self.execute("BEGIN IMMEDIATE").await
    }

    pub(super) async fn begin_job(&mut self) -> Result<(), StoreError> {
        self.execute("SAVEPOINT job").await
    }

    /// Ends a job whose writes stay in the group.
    pub(super) async fn keep_job(&mut self) -> Result<(), StoreError> {
        let kept = self.execute("RELEASE SAVEPOINT job").await;
        self.note_break(kept)
    }

    /// Takes back everything that the job wrote.
    pub(super) async fn undo_job(&mut self) -> Result<(), StoreError> {
        let undone = match self.execute("ROLLBACK TO SAVEPOINT job").await {
            Ok(()) => self.execute("RELEASE SAVEPOINT job").await,
            Err(error) => Err(error),
        };
        self.note_break(undone)
    }

    fn note_break(&mut self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &outcome {
            self.broken.get_or_insert_with(|| error.to_string());
        }
        outcome
    }

    /// Commits the group, or takes all of it back.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        let outcome = match self.broken.take() {
            Some(reason) => Err(StoreError::Commit(reason)),
            None => self.execute("COMMIT").await.map_err(|error| StoreError::Commit(error.to_string())),
        };
        if outcome.is_err() {
            // The engine may have rolled back already and say so here; the next BEGIN finds out what is true.
            let _already_rolled_back = self.execute("ROLLBACK").await;
        }
        outcome
    }

    async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.sqlite().execute(statement).await?;
        Ok(())
    }
}
