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
    /// Other processes work with the database, and this needs it alone.
    #[error(
        "cơ sở dữ liệu đang được tiến trình khác dùng ({0}): dừng các máy chủ rồi làm lại.\n\
         Other processes work with this database ({0}): stop the servers first."
    )]
    Shared(String),
    /// Another database was being copied into this one, and that did not end.
    #[error(
        "cơ sở dữ liệu này mới được sao chép một phần từ {0}: chạy lại `rasoat copy`.\n\
         This database holds only a part of {0}, from a copy that did not end: run `rasoat copy` again."
    )]
    HalfCopied(String),
    /// Something else is in the database that another one was to be copied into.
    #[error(
        "cơ sở dữ liệu đích không trống ({0}): hãy chọn một cơ sở dữ liệu trống.\n\
         The database to copy into is not empty ({0}): take an empty one."
    )]
    NotEmpty(String),
    /// Two databases cannot be copied into one another.
    #[error("the databases do not hold the same tables: {0}")]
    Unlike(String),
    /// What was copied does not read back as it was.
    #[error(
        "bản sao khác bản gốc ở bảng {0}; cơ sở dữ liệu đích không dùng được.\n\
         The copy differs from what was copied in table {0}; do not use it."
    )]
    CopyDiffers(String),
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
