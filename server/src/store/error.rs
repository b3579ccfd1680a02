//! What can go wrong in the store.

use std::path::PathBuf;

use thiserror::Error;

/// A fault of the store. None of these is the fault of whoever asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database refused a statement or is not reachable.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// Another process has the database.
    #[error(
        "thư mục dữ liệu đang được tiến trình khác dùng ({0}, tiến trình {1}): dừng máy chủ rồi làm lại, \
         hoặc làm việc này qua máy chủ đang chạy.\n\
         Another process works with this data directory ({0}, process {1}): stop the server first, or do this through it."
    )]
    InUse(PathBuf, String),
    /// Neither a file nor a server.
    #[error(
        "địa chỉ cơ sở dữ liệu phải là sqlite:ĐƯỜNG_DẪN hoặc postgres://…\n\
         The address of a database is sqlite:PATH or postgres://…"
    )]
    Place,
    /// The lock of the database cannot be asked for.
    #[error("lock {0}: {1}")]
    Lock(PathBuf, #[source] std::io::Error),
    /// The migrations do not fit the database, such as one made by a newer release.
    #[error("migration: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A stored value is not what its column holds.
    #[error("bad row: table {table}, column {column}, id {id}: {reason}")]
    BadRow {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A row that was to be changed is not there.
    #[error("no row to change: table {table}, id {id}")]
    NoSuchRow {
        /// Which table.
        table: &'static str,
        /// Which row.
        id: String,
    },
    /// The job panicked; its writes were taken back.
    #[error("write {0} panicked")]
    Panicked(&'static str),
    /// The group that the job belonged to could not be committed: nothing of it is on disk.
    #[error("commit: {0}")]
    Commit(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}
