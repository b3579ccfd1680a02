//! Handles on the database: [`Read`] for a snapshot, [`Tx`] inside the writer.
//!
//! Which engine it is, SQLite or PostgreSQL, is known here and in [`super::statement`]; the functions of the nouns do not ask.

use std::ops::{Deref, DerefMut};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, Executor, PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

use super::writer::Turn;
use super::{StoreError, postgres};

/// A snapshot that can be asked. Everything that reads takes one of these.
#[derive(Debug)]
pub struct Read(Source);

#[derive(Debug)]
enum Source {
    Sqlite(Transaction<'static, Sqlite>),
    SqliteWriter(SqliteConnection),
    Postgres(Transaction<'static, Postgres>),
    /// With the way to get another connection when this one breaks.
    PostgresWriter(PgConnection, Box<PgConnectOptions>),
}

/// The engine's own handle.
pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Read {
    pub(super) fn sqlite(transaction: Transaction<'static, Sqlite>) -> Self {
        Self(Source::Sqlite(transaction))
    }

    pub(super) fn postgres(transaction: Transaction<'static, Postgres>) -> Self {
        Self(Source::Postgres(transaction))
    }

    pub(super) fn connection(&mut self) -> Connection<'_> {
        match &mut self.0 {
            Source::Sqlite(transaction) => Connection::Sqlite(transaction),
            Source::SqliteWriter(connection) => Connection::Sqlite(connection),
            Source::Postgres(transaction) => Connection::Postgres(transaction),
            Source::PostgresWriter(connection, _) => Connection::Postgres(connection),
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
    pub(super) fn sqlite(connection: SqliteConnection) -> Self {
        Self { read: Read(Source::SqliteWriter(connection)), broken: None }
    }

    pub(super) fn postgres(connection: PgConnection, options: PgConnectOptions) -> Self {
        Self { read: Read(Source::PostgresWriter(connection, Box::new(options))), broken: None }
    }

    /// Opens the group's transaction. SQLite locks the file, PostgreSQL what its statements meet.
    pub(super) async fn begin(&mut self, turn: Turn) -> Result<(), StoreError> {
        self.broken = None;
        let Source::PostgresWriter(connection, options) = &mut self.read.0 else {
            return self.execute("BEGIN IMMEDIATE").await;
        };
        if connection.execute(postgres::begin(turn)).await.is_err() {
            // The server may have been restarted, or another one stands in its place now.
            *connection = PgConnection::connect_with(options).await?;
            connection.execute(postgres::begin(turn)).await?;
        }
        Ok(())
    }

    /// Whether a job may join a group that has another job's turn. In a file a group has everything for itself.
    pub(super) fn may_share(&self, turn: Turn, next: Turn) -> bool {
        match &self.read.0 {
            Source::Sqlite(_) | Source::SqliteWriter(_) => true,
            Source::Postgres(_) | Source::PostgresWriter(..) => turn == next,
        }
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
        match self.connection() {
            Connection::Sqlite(connection) => connection.execute(statement).await.map(drop)?,
            Connection::Postgres(connection) => connection.execute(statement).await.map(drop)?,
        }
        Ok(())
    }
}
