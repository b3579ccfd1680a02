//! Photos and other files of a household: what may be kept, and how far each has come.

use jiff::Timestamp;
use schemas::ids::{AccountId, DeviceId, HouseholdId, RoundId};
use sha2::{Digest, Sha256};
use sync_protocol::hash::BlobHash;

use super::codes;

/// Largest blob, in bytes: a photo of a form that can be read, several times over.
pub const MAX_BLOB_BYTES: u64 = 2 * 1024 * 1024;
/// Most blobs of one household.
pub const MAX_BLOBS_OF_HOUSEHOLD: usize = 32;
/// Most bytes that one device brings on one day.
pub const MAX_BYTES_OF_DAY: u64 = 128 * 1024 * 1024;

codes! {
    /// What a blob is, by its first bytes.
    MediaType("media type") {
        /// A JPEG picture.
        Jpeg = "image/jpeg",
        /// A PNG picture.
        Png = "image/png",
        /// A WebP picture.
        WebP = "image/webp",
    }
}

impl MediaType {
    /// What these bytes are; `None` when it is nothing that is kept. What a name or a header says does not count.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }
}

/// The name of bytes.
pub fn hash_of(bytes: &[u8]) -> BlobHash {
    BlobHash(Sha256::digest(bytes).into())
}

/// Which blob of which household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlobId {
    /// The household.
    pub household: HouseholdId,
    /// SHA-256 of the bytes.
    pub hash: BlobHash,
}

/// A blob that a device has announced in its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Which blob.
    pub id: BlobId,
    /// The device that will bring it.
    pub device: DeviceId,
    /// Whose device it is.
    pub account: AccountId,
    /// The round in which it was taken.
    pub round: RoundId,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// When the server was told.
    pub announced_at: Timestamp,
}

/// A part of a blob on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobPart {
    /// Where it begins.
    pub start: u64,
    /// How many bytes it has.
    pub length: u64,
    /// When it came.
    pub received_at: Timestamp,
    /// Its bytes, sealed.
    pub sealed: Vec<u8>,
}

/// A blob that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// Which blob.
    pub id: BlobId,
    /// The device that brought it.
    pub device: DeviceId,
    /// What it is.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Since when it is there.
    pub completed_at: Timestamp,
    /// Its bytes, sealed.
    pub sealed: Vec<u8>,
}

/// How far a blob has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobState {
    /// A journal says that it will follow.
    Announced,
    /// So many bytes of it have come.
    Partly(u64),
    /// All of it is there, and is this.
    There(MediaType),
}

/// A blob as the page of its household names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBlob {
    /// Its hash.
    pub hash: BlobHash,
    /// How many bytes it has, as its announcement says.
    pub size_bytes: u64,
    /// When it was announced first.
    pub announced_at: Timestamp,
    /// How far it has come.
    pub state: BlobState,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_nothing_that_is_kept_is_not_kept() {
        for bytes in [&b""[..], b"\xff\xd8", b"<svg xmlns", b"GIF89a", b"RIFF1234WAVE", b"%PDF-1.7", b"PK\x03\x04"] {
            assert_eq!(MediaType::of(bytes), None, "{bytes:?}");
        }
        assert_eq!(MediaType::of(b"\xff\xd8\xff\xe0"), Some(MediaType::Jpeg));
        assert_eq!(MediaType::of(b"\x89PNG\r\n\x1a\n...."), Some(MediaType::Png));
        assert_eq!(MediaType::of(b"RIFF\x10\0\0\0WEBPVP8 "), Some(MediaType::WebP));
    }
}
