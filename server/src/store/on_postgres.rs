//! Every function on PostgreSQL.
#![allow(clippy::duplicate_mod, reason = "one suite for two engines")]

use std::path::Path;

use super::Database;

#[path = "conformance.rs"]
mod conformance;
#[path = "../../tests/support/postgres.rs"]
mod server;

/// Processes that may have one database.
const PROCESSES: usize = 3;

fn place(_directory: &Path) -> Database {
    Database::Postgres(server::database())
}
