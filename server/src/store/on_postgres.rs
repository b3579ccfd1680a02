//! Every function on PostgreSQL.
#![allow(clippy::duplicate_mod, reason = "one suite for two engines")]

use std::path::Path;

use schemas::ids::UnitId;
use sqlx::{Connection as _, PgConnection};

use super::{Database, Store, StoreError};

#[path = "conformance.rs"]
mod conformance;
#[path = "../../tests/support/postgres.rs"]
mod server;

/// Processes that may have one database.
const PROCESSES: usize = 3;

/// A new, empty database.
pub(crate) fn place(_directory: &Path) -> Database {
    Database::Postgres(server::database())
}

/// The line on which news come breaks: whoever watches is told to look, and is told again from then on.
#[tokio::test]
async fn news_come_again_after_their_line_broke() {
    let address = server::database();
    let store = Store::open(&Database::Postgres(address.clone())).await.unwrap();
    let mut watcher = store.watch();
    let mut other = PgConnection::connect(&address).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let ended: Vec<(bool,)> = sqlx::query_as(cut).fetch_all(&mut other).await.unwrap();
    assert_eq!(ended, [(true,)], "one line for each process");
    assert!(watcher.wait(UnitId(7)).await, "what was told meanwhile nobody knows");
    let written: Result<(), StoreError> = store.write_in(UnitId(7), "told", |_| Box::pin(async { Ok(()) })).await;
    written.unwrap();
    assert!(watcher.wait(UnitId(7)).await);
}
