//! Parcels and their answers: what a carrier brings, and what was sealed in it.

use sync_protocol::parcel::{Letter, Parcel, ParcelAnswer, ParcelFault, Reply, SealSecret};

use super::ground::{CLOCKS, phone};

/// A file that says it is a parcel, up to the seal.
pub(super) fn parcel(bytes: &[u8]) {
    let Ok(read) = Parcel::read(bytes) else { return };
    assert_eq!(Parcel::read(&read.to_bytes()).as_ref(), Ok(&read));
    let opened = read.open(&SealSecret::from_bytes([7; 32]));
    assert!(matches!(opened, Err(ParcelFault::OtherKey | ParcelFault::Damaged)), "nobody has sealed to this key");
}

/// A file that says it is an answer, and what a phone makes of it that has made no such parcel.
pub(super) fn answer(bytes: &[u8]) {
    let Ok(read) = ParcelAnswer::read(bytes) else { return };
    assert_eq!(ParcelAnswer::read(&read.to_bytes()).as_ref(), Ok(&read));
    assert!(phone().parcel_answer(bytes, CLOCKS.wall_ms).is_err());
}

/// What a device has sealed.
pub(super) fn letter(bytes: &[u8]) {
    if let Ok(read) = Letter::read(bytes) {
        assert_eq!(Letter::read(&read.to_bytes()), Ok(read));
    }
}

/// What the server has sealed.
pub(super) fn reply(bytes: &[u8]) {
    if let Ok(read) = Reply::read(bytes) {
        assert_eq!(Reply::read(&read.to_bytes()), Ok(read));
    }
}
