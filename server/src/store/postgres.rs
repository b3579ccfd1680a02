//! A database on a server: PostgreSQL, for many communes and several processes at once.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::row::stored;
use super::writer::Turn;
use super::{READERS, StoreError, Tx};

/// Begins a snapshot that cannot write even by mistake.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Connections that write at once, each with its own queue: a commune's jobs go through one of them.
const WRITERS: usize = 4;
/// The advisory lock that stands for everything. A commune's is its number, which is never negative.
const HOUSE: i64 = -1;

/// An open database.
pub(super) struct Opened {
    pub(super) readers: PgPool,
    pub(super) writers: Vec<Tx>,
}

/// Begins a transaction that has its turn: with the house nobody else writes, with a commune nobody else writes in it, in
/// whatever process. Every transaction takes the house first, in common or for itself, and one commune at most: nobody
/// waits in a circle. What is read after this was committed before it.
pub(super) fn begin(turn: Turn) -> AssertSqlSafe<String> {
    AssertSqlSafe(match turn {
        Turn::House => format!("BEGIN; SELECT pg_advisory_xact_lock({HOUSE})"),
        Turn::Commune(commune) => format!(
            "BEGIN; SELECT pg_advisory_xact_lock_shared({HOUSE}); SELECT pg_advisory_xact_lock({})",
            stored(commune.0)
        ),
    })
}

/// Connects, and runs the migrations that the database has not seen: one process at a time does.
pub(super) async fn open(address: &str) -> Result<Opened, StoreError> {
    let options = PgConnectOptions::from_str(address)?.application_name("rasoat");
    let mut first = PgConnection::connect_with(&options).await?;
    sqlx::migrate!("migrations/postgres").run(&mut first).await.map_err(StoreError::Migration)?;
    let mut writers = vec![Tx::postgres(first, options.clone())];
    for _ in 1..WRITERS {
        writers.push(Tx::postgres(PgConnection::connect_with(&options).await?, options.clone()));
    }
    let readers = PgPoolOptions::new().max_connections(READERS).connect_with(options).await?;
    Ok(Opened { readers, writers })
}
