//! A device as one block of bytes: the same device, or none.

use proptest::prelude::*;
use sync_protocol::device::{Device, Record, SnapshotFault};

use crate::office::Office;
use crate::phone::{NOW, Phone, home, identity};
use crate::support::{answer, form, listed};

/// Lan's phone with accepted work, work that waits, and a household of its own.
fn phone() -> (Office, Phone) {
    let mut office = Office::new();
    let mut lan = Phone::new(1, &office);
    let household = home(1);
    lan.commit(household, [answer("address", "bản A"), listed(1)]);
    lan.sync(&mut office);
    lan.commit(household, [answer("address", "bản B")]);
    (office, lan)
}

fn opened(bytes: &[u8], n: u8, office: &Office) -> Result<Device, SnapshotFault> {
    Device::from_snapshot(bytes, identity(n, office), vec![form()])
}

#[test]
fn a_snapshot_of_another_version_or_device_is_refused() {
    let (office, lan) = phone();
    let snapshot = lan.device.snapshot();
    assert_eq!(opened(&snapshot, 2, &office).err(), Some(SnapshotFault::OtherDevice));
    let newer = [&[snapshot[0] + 1], &snapshot[1..]].concat();
    assert_eq!(opened(&newer, 1, &office).err(), Some(SnapshotFault::Version));
    assert_eq!(opened(&[], 1, &office).err(), Some(SnapshotFault::Damaged));
}

#[test]
fn a_device_goes_on_from_its_snapshot_as_from_its_records() {
    let (mut office, mut lan) = phone();
    let snapshot = lan.device.snapshot();
    let before = lan.disk.len();
    lan.sync(&mut office);
    lan.commit(home(1), [answer("address", "bản C")]);
    let mut of_snapshot = opened(&snapshot, 1, &office).unwrap();
    for record in &lan.disk[before..] {
        of_snapshot.apply(&Record::from_bytes(record).unwrap());
    }
    assert_eq!(of_snapshot.snapshot(), lan.restarted(1, &office).snapshot());
    assert_eq!(of_snapshot.request(NOW.wall_ms, 1 << 20), lan.device.request(NOW.wall_ms, 1 << 20));
}

proptest! {
    #[test]
    fn a_snapshot_that_was_cut_or_spoiled_is_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8, cut in any::<bool>()) {
        let (office, lan) = phone();
        let mut snapshot = lan.device.snapshot();
        let at = at.index(snapshot.len());
        match cut {
            true => snapshot.truncate(at),
            false => snapshot[at] ^= 1 << bit,
        }
        prop_assert!(opened(&snapshot, 1, &office).is_err());
    }
}
