//! A database on a server: PostgreSQL, for many communes and several processes at once.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection};

use super::{READERS, StoreError, Tx};

/// Begins a snapshot that cannot write even by mistake.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// An open database.
pub(super) struct Opened {
    pub(super) readers: PgPool,
    pub(super) writer: Tx,
}

/// Connects, and runs the migrations that the database has not seen: one process at a time does.
pub(super) async fn open(address: &str) -> Result<Opened, StoreError> {
    let options = PgConnectOptions::from_str(address)?.application_name("rasoat");
    let mut connection = PgConnection::connect_with(&options).await?;
    sqlx::migrate!("migrations/postgres").run(&mut connection).await.map_err(StoreError::Migration)?;
    let readers = PgPoolOptions::new().max_connections(READERS).connect_with(options.clone()).await?;
    Ok(Opened { readers, writer: Tx::postgres(connection, options) })
}
