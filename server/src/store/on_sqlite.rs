//! Every function on SQLite.
#![allow(clippy::duplicate_mod, reason = "one suite for two engines")]

use std::path::Path;

use super::Database;

#[path = "conformance.rs"]
mod conformance;

/// Processes that may have one database.
const PROCESSES: usize = 1;

fn place(directory: &Path) -> Database {
    Database::Sqlite(directory.join("rasoat.db"))
}
