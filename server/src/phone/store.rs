//! What a phone has on disk: its identity, its token, and the append-only log of everything that happened to it.
//!
//! Owns files, their order of writing and the lock against a second process. A record counts once [`Store::append`] has
//! returned: it is on disk then. What records mean is `sync_protocol::device`'s.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sync_protocol::device::Record;
use thiserror::Error;

use super::frames::{self, Damage, Frames};

const LOCK: &str = "lock";
const RECORDS: &str = "records";

/// Why the phone's directory cannot be used.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// Another process works with it.
    #[error("another process works with {0}")]
    InUse(PathBuf),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A record in the middle of the log is damaged. Nothing was changed, and a copy was put aside.
    #[error("{path} is damaged at byte {offset}; copied to {copy}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where the damaged record begins.
        offset: usize,
        /// The copy.
        copy: PathBuf,
    },
    /// A file does not hold what it should.
    #[error("{path} is not readable: {reason}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A write failed before: what is in memory may be ahead of the disk, so nothing is written on top of it.
    #[error("a write failed before; open the phone again")]
    Broken,
}

/// The end of a write that a crash cut short: it was never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TornTail {
    /// Where it began.
    pub offset: u64,
    /// How many bytes were cut off.
    pub bytes: u64,
    /// Where they are kept.
    pub kept_in: PathBuf,
}

/// A phone's directory, held by this process alone.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    log: File,
    length: u64,
    state: State,
    _lock: File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Sound,
    Broken,
}

/// What opening a directory gave.
#[derive(Debug)]
pub struct OpenedStore {
    /// The store.
    pub store: Store,
    /// Everything that happened so far.
    pub records: Vec<Record>,
    /// What a crash had left behind the last whole record.
    pub torn: Option<TornTail>,
}

impl Store {
    /// Opens a phone's directory, making it when there is none. A torn end is cut off and kept aside.
    pub fn open(directory: &Path) -> Result<OpenedStore, StoreFault> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(at(directory))?;
        let lock = lock(directory)?;
        let path = directory.join(RECORDS);
        let mut log = private().read(true).append(true).create(true).open(&path).map_err(at(&path))?;
        sync_directory(directory)?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes).map_err(at(&path))?;
        let Frames { records, whole_bytes } = match frames::decode(&bytes) {
            Ok(frames) => frames,
            Err(Damage { offset }) => {
                let copy = keep(directory, "damaged", offset, &bytes)?;
                return Err(StoreFault::Damaged { path, offset, copy });
            }
        };
        let torn = cut(directory, &log, &bytes, whole_bytes)?;
        let directory = directory.to_owned();
        let store = Self { directory, log, length: whole_bytes as u64, state: State::Sound, _lock: lock };
        Ok(OpenedStore { store, records, torn })
    }

    /// Writes records and returns once they are on disk.
    pub fn append(&mut self, records: &[Record]) -> Result<(), StoreFault> {
        if self.state == State::Broken {
            return Err(StoreFault::Broken);
        }
        let bytes = frames::encode(records, self.length);
        let written = self.log.write_all(&bytes).and_then(|()| self.log.sync_data());
        if let Err(source) = written {
            // After a failed sync nobody knows what the disk holds; the next open reads it again.
            self.state = State::Broken;
            return Err(StoreFault::File { path: self.directory.join(RECORDS), source });
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Reads one of the small files; `None` when there is none.
    pub(super) fn read_file(&self, name: &str) -> Result<Option<String>, StoreFault> {
        let bytes = self.read_bytes(name)?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|error| self.unreadable(name, error))
    }

    /// Reads a file beside the log; `None` when there is none.
    pub(super) fn read_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        let path = self.directory.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreFault::File { path, source }),
        }
    }

    /// Replaces a file beside the log as a whole.
    pub(super) fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFault> {
        replace(&self.directory.join(name), bytes)
    }

    /// Removes a file beside the log; one that is not there is none the worse.
    pub(super) fn remove_file(&self, name: &str) -> Result<(), StoreFault> {
        let path = self.directory.join(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(StoreFault::File { path, source }),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Replaces one of the small files as a whole: after a crash it is the old one or the new one.
    pub(super) fn write_file(&self, name: &str, text: &str) -> Result<(), StoreFault> {
        replace(&self.directory.join(name), text.as_bytes())
    }

    /// A fault in one of the small files.
    pub(super) fn unreadable(&self, name: &str, reason: impl ToString) -> StoreFault {
        StoreFault::Unreadable { path: self.directory.join(name), reason: reason.to_string() }
    }
}

/// Replaces a file as a whole, readable by its owner only.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreFault> {
    let new = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = private().write(true).create(true).truncate(true).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(at(path))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_directory(directory.unwrap_or(Path::new(".")))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn lock(directory: &Path) -> Result<File, StoreFault> {
    let path = directory.join(LOCK);
    let file = private().write(true).create(true).truncate(false).open(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreFault::InUse(directory.to_owned())),
        Err(TryLockError::Error(source)) => Err(StoreFault::File { path, source }),
    }
}

/// Cuts off what a crash left behind the last whole record, after keeping it aside.
fn cut(directory: &Path, log: &File, bytes: &[u8], whole_bytes: usize) -> Result<Option<TornTail>, StoreFault> {
    let tail = &bytes[whole_bytes..];
    if tail.is_empty() {
        return Ok(None);
    }
    let kept_in = keep(directory, "torn", whole_bytes, tail)?;
    let offset = whole_bytes as u64;
    log.set_len(offset).and_then(|()| log.sync_all()).map_err(at(&directory.join(RECORDS)))?;
    Ok(Some(TornTail { offset, bytes: tail.len() as u64, kept_in }))
}

/// Keeps bytes aside under a name that says what they are; the same bytes again replace themselves.
fn keep(directory: &Path, what: &str, offset: usize, bytes: &[u8]) -> Result<PathBuf, StoreFault> {
    let sum = sync_protocol::hash::tagged("rasoat kept 1", &[bytes]);
    let path = directory.join(format!("{RECORDS}.{what}-{offset}-{}", crate::token::hex(&sum[..4])));
    replace(&path, bytes)?;
    Ok(path)
}

fn sync_directory(directory: &Path) -> Result<(), StoreFault> {
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(at(directory))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> StoreFault + '_ {
    |source| StoreFault::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn records(n: u32) -> Vec<Record> {
        (1..=n).map(Record::Epoch).collect()
    }

    /// The bytes of a log with so many records.
    fn written(directory: &Path, n: u32) -> Vec<u8> {
        let mut opened = Store::open(directory).unwrap();
        for record in records(n) {
            opened.store.append(&[record]).unwrap();
        }
        std::fs::read(directory.join(RECORDS)).unwrap()
    }

    #[test]
    fn a_second_process_is_kept_out_until_the_first_is_done() {
        let directory = tempfile::tempdir().unwrap();
        let first = Store::open(directory.path()).unwrap();
        assert!(matches!(Store::open(directory.path()), Err(StoreFault::InUse(_))));
        drop(first);
        assert!(Store::open(directory.path()).is_ok());
    }

    #[test]
    fn a_damaged_record_in_the_middle_is_named_and_nothing_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let mut bytes = written(directory.path(), 3);
        let second = bytes.len() / 3;
        bytes[second + 18] ^= 1;
        let path = directory.path().join(RECORDS);
        std::fs::write(&path, &bytes).unwrap();
        let Err(StoreFault::Damaged { offset, copy, .. }) = Store::open(directory.path()) else { panic!("opened") };
        assert_eq!(offset, second);
        assert_eq!(std::fs::read(copy).unwrap(), bytes);
        assert_eq!(std::fs::read(path).unwrap(), bytes);
    }

    #[test]
    fn a_log_cut_at_any_byte_opens_keeps_the_rest_aside_and_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let bytes = written(directory.path(), 3);
        let frame = bytes.len() / 3;
        for length in 0..=bytes.len() {
            std::fs::write(directory.path().join(RECORDS), &bytes[..length]).unwrap();
            let mut opened = Store::open(directory.path()).unwrap();
            let whole = length / frame;
            assert_eq!(opened.records, records(3)[..whole]);
            let kept = opened.torn.map_or(Vec::new(), |torn| std::fs::read(torn.kept_in).unwrap());
            assert_eq!(kept, bytes[whole * frame..length]);
            opened.store.append(&[Record::Epoch(9)]).unwrap();
            drop(opened.store);
            let again = Store::open(directory.path()).unwrap();
            assert_eq!(again.records.last(), Some(&Record::Epoch(9)));
            assert_eq!((again.records.len(), again.torn), (whole + 1, None));
        }
    }

    #[test]
    fn nobody_but_the_owner_can_read_the_files() {
        let directory = tempfile::tempdir().unwrap();
        let opened = Store::open(&directory.path().join("phone")).unwrap();
        opened.store.write_file("identity.json", "{}").unwrap();
        for entry in std::fs::read_dir(directory.path().join("phone")).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        }
    }
}
