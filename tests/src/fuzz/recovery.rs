//! What a device kept for a forgotten PIN, as anybody may send it, and what is opened for it.

use schemas::ids::UnitId;
use sync_protocol::hash::PublicKey;
use sync_protocol::parcel::SealSecret;
use sync_protocol::recovery::{Kept, KeptKey, OpenedKey};

/// A file that says it is a device's kept key, and what a server makes of it whose key it is not sealed to.
pub(super) fn kept_key(bytes: &[u8]) {
    let Ok(read) = KeptKey::read(bytes) else { return };
    assert_eq!(KeptKey::read(&read.to_bytes()).as_ref(), Ok(&read));
    assert!(read.open(&PublicKey([7; 32]), UnitId(1), &SealSecret::from_bytes([7; 32])).is_err());
}

/// What a device has sealed.
pub(super) fn kept(bytes: &[u8]) {
    if let Ok(read) = Kept::read(bytes) {
        assert_eq!(Kept::read(&read.to_bytes()), Ok(read));
    }
}

/// An answer to a request, and what a phone makes of it that has not made the request.
pub(super) fn opened_key(bytes: &[u8]) {
    let Ok(read) = OpenedKey::read(bytes) else { return };
    assert_eq!(OpenedKey::read(&read.to_bytes()).as_ref(), Ok(&read));
    assert!(read.open(schemas::ids::DeviceId([7; 16]), &SealSecret::from_bytes([7; 32])).is_err());
}
