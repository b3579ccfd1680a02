//! Every function on SQLite.
#![allow(clippy::duplicate_mod, reason = "one suite for two engines")]

use std::path::Path;

use super::Database;

#[path = "conformance/mod.rs"]
mod conformance;

async fn place(directory: &Path) -> Database {
    Database::Sqlite(directory.join("rasoat.db"))
}
