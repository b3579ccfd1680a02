//! What every workflow works with: the store, the clock, chance, keys and limits.
//!
//! Owns opening a data directory. Knows nothing of HTTP or of the command line.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use schemas::ids::DeviceId;
use schemas::standard::Faults;
use thiserror::Error;

use crate::clock::{Chance, Clock};
use crate::documents::child::{ChildLimits, Reader};
use crate::password::{Cost, Passwords};
use crate::seal::{MasterKey, MasterKeyError, SealError, Subject};
use crate::standards::Standards;
pub use crate::store::Database;
use crate::store::server_key::SealedServerKey;
use crate::store::{self, Store, StoreError};
use crate::tables::BoundTables;
use crate::throttle::{Rate, Throttle};

/// How a data directory is opened.
#[derive(Debug)]
pub struct Setup {
    /// The directory with the master key and, unless it is elsewhere, the database; made when there is none.
    pub data: PathBuf,
    /// Where the database is; `None` for a file in that directory.
    pub database: Option<Database>,
    /// What says what time it is.
    pub clock: Clock,
    /// Where keys, tokens and codes come from.
    pub chance: Chance,
    /// How much work one password hash is.
    pub password_cost: Cost,
}

impl Setup {
    /// Where the database is.
    fn database(&self) -> Database {
        self.database.clone().unwrap_or_else(|| Database::Sqlite(self.data.join("rasoat.db")))
    }
}

/// Why a data directory could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The directory cannot be made.
    #[error("data directory {path}: {source}")]
    Directory {
        /// Which directory.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The master key cannot be read or made.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A shipped standard does not hold its own examples.
    #[error(transparent)]
    Standards(#[from] Faults),
    /// The server's key does not open: another master key than the one that sealed it.
    #[error("the server's signing key does not open with this master key: {0}")]
    ServerKey(#[from] SealError),
}

/// Everything that a workflow needs.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub store: Store,
    /// What says what time it is.
    pub clock: Clock,
    /// Where random bytes come from.
    pub chance: Chance,
    /// Tells this process from others in their logs.
    pub process: [u8; 4],
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Logins per account name.
    pub logins_by_name: Throttle<String>,
    /// Unauthenticated attempts (logins, enrolments, renewals) per address.
    pub attempts_by_address: Throttle<std::net::IpAddr>,
    /// Requests to be opened per device.
    pub openings_by_device: Throttle<DeviceId>,
    /// Parcels of others per carrier.
    pub parcels_by_carrier: Throttle<DeviceId>,
    /// Requests with late work per device that was shut out.
    pub late_work: Throttle<DeviceId>,
    /// Wraps the keys of households.
    pub master_key: MasterKey,
    /// The standards by which households are classified.
    pub standards: Standards,
    /// The points tables of offices that were used so far.
    pub tables: BoundTables,
    /// Reads the workbooks that offices send.
    pub workbooks: Reader,
    server_key: SigningKey,
}

impl App {
    /// Opens a data directory; the first start makes its keys.
    pub async fn open(setup: Setup) -> Result<Self, OpenError> {
        make_private_directory(&setup.data)?;
        let store = Store::open(&setup.database()).await?;
        Self::with(setup, store).await
    }

    /// The same for work that nobody may come into meanwhile, be it through another server.
    pub async fn open_alone(setup: Setup) -> Result<Self, OpenError> {
        make_private_directory(&setup.data)?;
        let store = Store::open_alone(&setup.database()).await?;
        Self::with(setup, store).await
    }

    async fn with(setup: Setup, store: Store) -> Result<Self, OpenError> {
        let Setup { data, clock, chance, password_cost, .. } = setup;
        let standards = Standards::shipped()?;
        let master_key = MasterKey::load_or_create(&data.join("master.key"), &chance)?;
        let server_key = open_server_key(&store, &master_key, &clock, &chance).await?;
        Ok(Self {
            store,
            clock,
            process: chance.bytes(),
            chance,
            passwords: Passwords::new(password_cost),
            logins_by_name: Throttle::new(Rate { burst: 10, one_more_every: Duration::from_secs(30) }),
            attempts_by_address: Throttle::new(Rate { burst: 60, one_more_every: Duration::from_secs(1) }),
            openings_by_device: Throttle::new(Rate { burst: 5, one_more_every: Duration::from_secs(600) }),
            parcels_by_carrier: Throttle::new(Rate { burst: 120, one_more_every: Duration::from_secs(1) }),
            late_work: Throttle::new(Rate { burst: 120, one_more_every: Duration::from_secs(60) }),
            master_key,
            standards,
            tables: BoundTables::default(),
            workbooks: Reader::Child(ChildLimits::default()),
            server_key,
        })
    }

    /// The server's public key: phones keep it from enrolment on.
    pub fn server_public_key(&self) -> [u8; 32] {
        self.server_key.verifying_key().to_bytes()
    }

    /// The key that signs log heads.
    pub fn server_key(&self) -> &SigningKey {
        &self.server_key
    }
}

fn make_private_directory(path: &Path) -> Result<(), OpenError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| OpenError::Directory { path: path.display().to_string(), source })
}

async fn open_server_key(
    store: &Store,
    master_key: &MasterKey,
    clock: &Clock,
    chance: &Chance,
) -> Result<SigningKey, OpenError> {
    let stored = match store::server_key::newest(&mut store.read().await?).await? {
        Some(stored) => stored,
        None => first_server_key(store, master_key, clock, chance).await?,
    };
    let plain = master_key.open(Subject::ServerKey, &stored.sealed)?;
    let secret = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| SealError::NotGenuine)?;
    Ok(SigningKey::from_bytes(&secret))
}

/// Makes the key that the server signs with, unless another process has just made one.
async fn first_server_key(
    store: &Store,
    master_key: &MasterKey,
    clock: &Clock,
    chance: &Chance,
) -> Result<SealedServerKey, OpenError> {
    let key = SigningKey::from_bytes(&chance.bytes());
    let sealed = master_key.seal(Subject::ServerKey, key.as_bytes(), chance)?;
    let made = SealedServerKey { public_key: key.verifying_key().to_bytes(), sealed };
    let now = clock.now();
    let kept: Result<SealedServerKey, StoreError> = store
        .write("server_key/create", move |tx| {
            Box::pin(async move {
                if let Some(there) = store::server_key::newest(tx).await? {
                    return Ok(there);
                }
                store::server_key::insert(tx, &made, now).await?;
                Ok(made)
            })
        })
        .await;
    Ok(kept?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn setup(data: &Path, seed: u64) -> Setup {
        let clock = Clock::manual("2026-10-01T00:00:00Z".parse().unwrap());
        Setup { data: data.to_owned(), database: None, clock, chance: Chance::seeded(seed), password_cost: Cost::Light }
    }

    #[tokio::test]
    async fn a_data_directory_does_not_open_with_another_master_key() {
        let directory = tempfile::tempdir().unwrap();
        App::open(setup(directory.path(), 1)).await.unwrap().store.close().await;
        std::fs::write(directory.path().join("master.key"), [9; 32]).unwrap();
        let refused = App::open(setup(directory.path(), 1)).await;
        assert!(matches!(refused, Err(OpenError::ServerKey(SealError::NotGenuine))));
    }

    #[tokio::test]
    async fn nobody_but_the_owner_can_read_the_data() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        App::open(setup(&data, 1)).await.unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        for entry in std::fs::read_dir(&data).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{path:?}");
        }
    }

    #[tokio::test]
    async fn the_server_keeps_its_key_from_start_to_start() {
        let directory = tempfile::tempdir().unwrap();
        let first = App::open(setup(directory.path(), 1)).await.unwrap();
        first.store.close().await;
        let second = App::open(setup(directory.path(), 2)).await.unwrap();
        assert_eq!(first.server_public_key(), second.server_public_key());
    }
}
