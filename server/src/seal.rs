//! Encryption at rest: the master key, the key of each household, and the envelopes they seal.
//!
//! Owns XChaCha20-Poly1305, the envelope's layout and what each envelope is bound to. Where envelopes are kept is the
//! business of `store`. Destroying a household's wrapped key is how its data are erased.
//!
//! An envelope is `version (1) | nonce (24) | ciphertext and tag`. The associated data name what is sealed, so that an
//! envelope moved to another row, or taken for something else, does not open.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use schemas::ids::HouseholdId;
use sha2::Sha256;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::clock::Chance;

/// The first byte of every envelope written now.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SealError {
    /// The envelope's version is one that this release cannot read.
    #[error("envelope of unknown version {0}")]
    UnknownVersion(u8),
    /// The envelope is shorter than any envelope can be.
    #[error("envelope cut short")]
    Short,
    /// Another key, another place or damaged bytes: which of them cannot be told.
    #[error("envelope does not open: wrong key, wrong place or damaged")]
    NotGenuine,
    /// The plain bytes are longer than the cipher can take.
    #[error("too long to seal")]
    TooLong,
}

/// Why the master key could not be read or made.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("master key {path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds something that is not 32 bytes.
    #[error("master key {path}: 32 bytes expected, {found} found")]
    Length {
        /// Which file.
        path: String,
        /// Bytes in the file.
        found: usize,
    },
}

/// What an envelope holds; part of its associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The server's signing key.
    ServerKey,
    /// One change of a household's document, by its hash.
    Change(&'a [u8; 32]),
    /// The saved document of a household in a round.
    Document(&'a str),
    /// One photo, by the hash of its bytes.
    Photo(&'a [u8; 32]),
    /// A part of a photo on its way, by the photo's hash and where the part begins.
    PhotoPart(&'a [u8; 32], u64),
    /// A signed request that came in a journal.
    Command,
    /// What last year's list said of a household, by round.
    Listing(&'a str),
    /// A line of a compiled list, by round.
    RosterLine(&'a str),
    /// What a compiled list says of a household without a class, by round.
    RosterUnassessed(&'a str),
    /// Where the house stands and who has a number, by round.
    Clues(&'a str),
}

impl Subject<'_> {
    /// Tag and name, the tag of fixed length, so that no two subjects give the same bytes.
    fn associated_data(self, household: Option<HouseholdId>) -> Vec<u8> {
        let begins;
        let (tag, name): (u8, &[u8]) = match self {
            Self::ServerKey => (1, b""),
            Self::Change(hash) => (2, hash),
            Self::Document(round) => (3, round.as_bytes()),
            Self::Photo(hash) => (4, hash),
            Self::Command => (5, b""),
            Self::Listing(round) => (6, round.as_bytes()),
            Self::RosterLine(round) => (7, round.as_bytes()),
            Self::RosterUnassessed(round) => (8, round.as_bytes()),
            Self::Clues(round) => (9, round.as_bytes()),
            Self::PhotoPart(hash, start) => {
                begins = [hash.as_slice(), &start.to_be_bytes()].concat();
                (10, &begins)
            }
        };
        associated_data(tag, household, name)
    }
}

const HOUSEHOLD_KEY_TAG: u8 = 0;

fn associated_data(tag: u8, household: Option<HouseholdId>, name: &[u8]) -> Vec<u8> {
    let mut data = b"rasoat seal 1".to_vec();
    data.push(tag);
    match household {
        Some(household) => {
            data.push(1);
            data.extend(household.0);
        }
        None => data.push(0),
    }
    data.extend(name);
    data
}

/// The key that wraps all others: 32 bytes in a file beside the database. Whoever loses it loses every household.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key, or makes it at the first start: readable by its owner only, and on disk before it is used.
    pub fn load_or_create(path: &Path, chance: &Chance) -> Result<Self, MasterKeyError> {
        let file_error = |source| MasterKeyError::File { path: path.display().to_string(), source };
        match std::fs::read(path) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                let key = <[u8; 32]>::try_from(bytes.as_slice());
                key.map(Self)
                    .map_err(|_| MasterKeyError::Length { path: path.display().to_string(), found: bytes.len() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = Self(chance.bytes());
                create_private(path, &key.0).map_err(file_error)?;
                Ok(key)
            }
            Err(error) => Err(file_error(error)),
        }
    }

    /// Seals something that belongs to the server itself.
    pub fn seal(&self, subject: Subject<'_>, plain: &[u8], chance: &Chance) -> Result<Vec<u8>, SealError> {
        seal(&self.0, &subject.associated_data(None), plain, chance)
    }

    /// Opens what [`MasterKey::seal`] sealed.
    pub fn open(&self, subject: Subject<'_>, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open(&self.0, &subject.associated_data(None), envelope)
    }

    /// Wraps a household's key for storage.
    pub fn wrap(&self, key: &HouseholdKey, chance: &Chance) -> Result<Vec<u8>, SealError> {
        seal(&self.0, &associated_data(HOUSEHOLD_KEY_TAG, Some(key.household), b""), &key.bytes, chance)
    }

    /// Unwraps the key of this household and of no other.
    pub fn unwrap(&self, household: HouseholdId, wrapped: &[u8]) -> Result<HouseholdKey, SealError> {
        let plain = open(&self.0, &associated_data(HOUSEHOLD_KEY_TAG, Some(household), b""), wrapped)?;
        let bytes = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| SealError::NotGenuine)?;
        Ok(HouseholdKey { household, bytes })
    }

    /// A secret of the server for one purpose, so that no key serves two.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.0, purpose)
    }
}

/// The key of one household: seals its changes, documents and photos, and derives the secret that salts its pins and leaves.
#[derive(ZeroizeOnDrop)]
pub struct HouseholdKey {
    #[zeroize(skip)]
    household: HouseholdId,
    bytes: [u8; 32],
}

impl std::fmt::Debug for HouseholdKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "HouseholdKey({}, ..)", self.household)
    }
}

impl HouseholdKey {
    /// Draws the key of a new household.
    pub fn draw(household: HouseholdId, chance: &Chance) -> Self {
        Self { household, bytes: chance.bytes() }
    }

    /// Seals bytes of this household.
    pub fn seal(&self, subject: Subject<'_>, plain: &[u8], chance: &Chance) -> Result<Vec<u8>, SealError> {
        seal(&self.bytes, &subject.associated_data(Some(self.household)), plain, chance)
    }

    /// Opens what [`HouseholdKey::seal`] sealed for the same subject.
    pub fn open(&self, subject: Subject<'_>, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open(&self.bytes, &subject.associated_data(Some(self.household)), envelope)
    }

    /// A secret of this household for one purpose: it dies with the key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.bytes, purpose)
    }
}

fn create_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => std::fs::File::open(directory)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

fn seal(key: &[u8; 32], associated: &[u8], plain: &[u8], chance: &Chance) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_BYTES] = chance.bytes();
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: associated });
    let sealed = sealed.map_err(|_| SealError::TooLong)?;
    let mut envelope = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
    envelope.push(VERSION);
    envelope.extend(nonce);
    envelope.extend(sealed);
    Ok(envelope)
}

fn open(key: &[u8; 32], associated: &[u8], envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (version, rest) = envelope.split_first().ok_or(SealError::Short)?;
    if *version != VERSION {
        return Err(SealError::UnknownVersion(*version));
    }
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Short)?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let plain = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: associated });
    plain.map(Zeroizing::new).map_err(|_| SealError::NotGenuine)
}

fn derive(key: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let digest = keyed_hash(key).chain_update(b"rasoat derive 1").chain_update(purpose).finalize();
    Zeroizing::new(digest.into_bytes().into())
}

/// HMAC-SHA256 under a 32-byte key, ready for its message.
pub fn keyed_hash(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC pads a key to its block with zeros; a padded block makes the constructor one that cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    Hmac::<Sha256>::new(&(*block).into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const HASH: [u8; 32] = [9; 32];
    const OWN: HouseholdId = HouseholdId([1; 16]);
    const FOREIGN: HouseholdId = HouseholdId([2; 16]);

    #[test]
    fn another_households_key_opens_nothing() {
        let chance = Chance::seeded(1);
        let (own, foreign) = (HouseholdKey::draw(OWN, &chance), HouseholdKey::draw(FOREIGN, &chance));
        let envelope = own.seal(Subject::Change(&HASH), b"answers", &chance).unwrap();
        assert_eq!(foreign.open(Subject::Change(&HASH), &envelope), Err(SealError::NotGenuine));
    }

    #[test]
    fn an_envelope_does_not_open_as_something_else() {
        let chance = Chance::seeded(1);
        let key = HouseholdKey::draw(OWN, &chance);
        let envelope = key.seal(Subject::Change(&HASH), b"answers", &chance).unwrap();
        for other in [Subject::Change(&[8; 32]), Subject::Photo(&HASH), Subject::Document("2026"), Subject::ServerKey] {
            assert_eq!(key.open(other, &envelope), Err(SealError::NotGenuine), "{other:?}");
        }
    }

    #[test]
    fn a_wrapped_key_is_not_taken_for_another_households() {
        let (chance, master) = (Chance::seeded(1), MasterKey::from_bytes([7; 32]));
        let wrapped = master.wrap(&HouseholdKey::draw(OWN, &chance), &chance).unwrap();
        assert!(matches!(master.unwrap(FOREIGN, &wrapped), Err(SealError::NotGenuine)));
        assert!(matches!(MasterKey::from_bytes([8; 32]).unwrap(OWN, &wrapped), Err(SealError::NotGenuine)));
    }

    #[test]
    fn damaged_short_and_future_envelopes_are_refused() {
        let (chance, master) = (Chance::seeded(1), MasterKey::from_bytes([7; 32]));
        let envelope = master.seal(Subject::ServerKey, b"key", &chance).unwrap();
        for at in 1..envelope.len() {
            let mut damaged = envelope.clone();
            damaged[at] ^= 1;
            assert_eq!(master.open(Subject::ServerKey, &damaged), Err(SealError::NotGenuine), "byte {at}");
        }
        assert_eq!(master.open(Subject::ServerKey, &[]), Err(SealError::Short));
        assert_eq!(master.open(Subject::ServerKey, &envelope[..20]), Err(SealError::Short));
        let mut future = envelope;
        future[0] = 2;
        assert_eq!(master.open(Subject::ServerKey, &future), Err(SealError::UnknownVersion(2)));
    }

    #[test]
    fn a_master_key_file_of_the_wrong_length_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        std::fs::write(&path, b"short").unwrap();
        let refused = MasterKey::load_or_create(&path, &Chance::seeded(1));
        assert!(matches!(refused, Err(MasterKeyError::Length { found: 5, .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
    }

    #[test]
    fn the_master_key_is_made_once_for_its_owners_eyes_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let made = MasterKey::load_or_create(&path, &Chance::seeded(1)).unwrap();
        let read = MasterKey::load_or_create(&path, &Chance::seeded(2)).unwrap();
        assert_eq!(made.0, read.0);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_household_key_survives_wrapping_and_opens_what_it_sealed() {
        let (chance, master) = (Chance::seeded(1), MasterKey::from_bytes([7; 32]));
        let key = HouseholdKey::draw(OWN, &chance);
        let envelope = key.seal(Subject::Document("2026"), b"document", &chance).unwrap();
        let wrapped = master.wrap(&key, &chance).unwrap();
        let unwrapped = master.unwrap(OWN, &wrapped).unwrap();
        assert_eq!(unwrapped.open(Subject::Document("2026"), &envelope).unwrap().as_slice(), b"document");
        assert_eq!(unwrapped.derive("pin"), key.derive("pin"));
        assert_ne!(unwrapped.derive("pin"), key.derive("leaf"));
    }
}
