//! The lock of a database: one process at a time.
//!
//! SQLite itself lets several processes write in turn. We do not: the writer's order, the caches of what is in memory and a
//! migration under a running server all rest on there being one. The kernel lets go of the lock when the process ends,
//! however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::StoreError;

/// How often it is asked for before it counts as held. A process that another has just started shares that one's locks
/// until its own program runs: that is over within milliseconds, and must not look like a second server.
const ATTEMPTS: u32 = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(25);

/// Takes the lock beside a database; it is held for as long as the file that this gives is open.
pub(super) async fn hold(database: &Path) -> Result<File, StoreError> {
    let path = database.with_extension("lock");
    let fault = |error: Error| StoreError::Lock(path.clone(), error);
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = opened.map_err(fault)?;
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => {
                sign(&mut file).map_err(fault)?;
                return Ok(file);
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(BETWEEN_ATTEMPTS).await,
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
    }
    let mut holder = String::new();
    // Only for the message: whoever holds the lock may be writing its number this very moment.
    let _unsigned = file.read_to_string(&mut holder);
    Err(StoreError::InUse(path, holder.trim().to_owned()))
}

/// Writes down which process holds the lock, for the message to others.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Database, Store};

    #[tokio::test]
    async fn a_second_store_is_refused_until_the_first_is_closed_or_gone() {
        let directory = tempfile::tempdir().unwrap();
        let file = Database::Sqlite(directory.path().join("rasoat.db"));
        let first = Store::open(&file).await.unwrap();
        let refused = Store::open(&file).await;
        let own = std::process::id().to_string();
        assert!(matches!(&refused, Err(StoreError::InUse(_, holder)) if *holder == own), "{refused:?}");
        first.close().await;
        drop(Store::open(&file).await.unwrap());
        Store::open(&file).await.unwrap().close().await;
    }
}
