//! Parcels and their answers: what a carrier brings, and what was sealed in it.

use sync_protocol::device::View;
use sync_protocol::parcel::{Letter, Parcel, ParcelAnswer, ParcelFault, Reply, SealSecret, Share, Shared};

use super::ground::{CLOCKS, phone, scope};

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

/// A file that says a colleague has shared it, and what a phone makes of it that has no such village's key.
pub(super) fn share(bytes: &[u8]) {
    let Ok(read) = Share::read(bytes) else { return };
    assert_eq!(Share::read(&read.to_bytes()).as_ref(), Ok(&read));
    assert_eq!(phone().look(bytes).err(), Some(ParcelFault::OtherKey));
}

/// What a colleague has sealed, and what a phone makes of it that surveys the village.
pub(super) fn shared(bytes: &[u8]) {
    let Ok(read) = Shared::read(bytes) else { return };
    assert_eq!(Shared::read(&read.to_bytes()).as_ref(), Ok(&read));
    let mut device = phone();
    let looked = device.look_into(&scope(), &read);
    let mut again = phone();
    looked.records.iter().for_each(|record| again.apply(record));
    assert_eq!(again.seen(), device.seen(), "a phone is what its records make it");
    for seen in device.seen() {
        assert!(device.history(&seen.household, View::Preview).is_some_and(|history| history.knows(&seen.change)));
    }
}
