//! Photos on a real database: announced, on their way, there and forgotten.

use schemas::ids::HouseholdId;
use sync_protocol::hash::BlobHash;

use super::*;
use crate::domain::blob::{Announcement, BlobId, BlobPart, BlobState, ListedBlob, MediaType, StoredBlob};
use crate::domain::field::Home;

const OWN: HouseholdId = HouseholdId([1; 16]);
const PHOTO: BlobId = BlobId { household: OWN, hash: BlobHash([4; 32]) };
const ONE: DeviceId = DeviceId([1; 16]);
const TWO: DeviceId = DeviceId([2; 16]);

async fn commune(bench: &Bench) -> UnitId {
    let [_, _, commune, _, village] = tree(bench).await;
    let home = Home { id: OWN, commune, village, wrapped_key: Some(vec![7]), created_at: at(1) };
    let announced = |device, size_bytes| Announcement {
        id: PHOTO,
        device,
        account: AccountId(5),
        round: "2026-dinh-ky".parse().unwrap(),
        size_bytes,
        announced_at: at(2),
    };
    let announcements = [announced(ONE, 10), announced(TWO, 12), announced(ONE, 99)];
    let written: Result<(), StoreError> = write!(bench, |tx| {
        household::insert(tx, &home).await?;
        for announcement in &announcements {
            blob::announce(tx, commune, announcement).await?;
        }
        Ok(())
    });
    written.unwrap();
    commune
}

fn part(start: u64, length: u64, seconds: i64) -> BlobPart {
    BlobPart { start, length, received_at: at(seconds), sealed: vec![9] }
}

async fn put_parts(bench: &Bench, commune: UnitId) {
    let written: Result<(), StoreError> = write!(bench, |tx| {
        blob::put_part(tx, commune, PHOTO, ONE, &part(0, 4, 3)).await?;
        blob::put_part(tx, commune, PHOTO, ONE, &part(4, 3, 9)).await?;
        blob::put_part(tx, commune, PHOTO, TWO, &part(0, 2, 3)).await
    });
    written.unwrap();
}

#[tokio::test]
async fn what_a_device_announced_first_stands_and_nobody_elses_counts_for_it() {
    let bench = bench().await;
    let commune = commune(&bench).await;
    let of = async |device| blob::announcement(read!(bench), commune, PHOTO, device).await.unwrap();
    assert_eq!(of(ONE).await.map(|announced| announced.size_bytes), Some(10));
    assert_eq!(of(TWO).await.map(|announced| announced.size_bytes), Some(12));
    assert_eq!(of(DeviceId([3; 16])).await, None);
    let listed = ListedBlob { hash: PHOTO.hash, size_bytes: 10, announced_at: at(2), state: BlobState::Announced };
    assert_eq!(blob::of_household(read!(bench), commune, OWN).await.unwrap(), [listed]);
    assert_eq!(blob::of_household(read!(bench), commune, HouseholdId([9; 16])).await.unwrap(), []);
}

#[tokio::test]
async fn parts_are_each_devices_own_and_forgotten_once_nothing_follows() {
    let bench = bench().await;
    let commune = commune(&bench).await;
    put_parts(&bench, commune).await;
    let twice: Result<(), StoreError> =
        write!(bench, |tx| blob::put_part(tx, commune, PHOTO, ONE, &part(4, 3, 9)).await);
    assert!(twice.is_err());
    assert_eq!(blob::received(read!(bench), commune, PHOTO, ONE).await.unwrap(), 7);
    assert_eq!(blob::received(read!(bench), commune, PHOTO, TWO).await.unwrap(), 2);
    assert_eq!(blob::parts(read!(bench), commune, PHOTO, ONE).await.unwrap(), [part(0, 4, 3), part(4, 3, 9)]);
    let listed = blob::of_household(read!(bench), commune, OWN).await.unwrap();
    assert_eq!(listed[0].state, BlobState::Partly(7));
    assert_eq!(blob::brought_since(read!(bench), ONE, at(0)).await.unwrap(), 7);
    assert_eq!(blob::brought_since(read!(bench), ONE, at(5)).await.unwrap(), 3);
    let forgotten: Result<u64, StoreError> = write!(bench, |tx| blob::forget_parts(tx, at(5)).await);
    assert_eq!(forgotten.unwrap(), 1, "the other's: of the first one something came since");
    let dropped: Result<(), StoreError> = write!(bench, |tx| blob::delete_parts(tx, commune, PHOTO, ONE).await);
    dropped.unwrap();
    assert_eq!(blob::received(read!(bench), commune, PHOTO, ONE).await.unwrap(), 0);
}

#[tokio::test]
async fn a_blob_that_is_there_replaces_its_parts_and_goes_with_its_household() {
    let bench = bench().await;
    let commune = commune(&bench).await;
    put_parts(&bench, commune).await;
    let whole = StoredBlob {
        id: PHOTO,
        device: ONE,
        media_type: MediaType::Jpeg,
        size_bytes: 10,
        completed_at: at(20),
        sealed: vec![8],
    };
    let again = StoredBlob { device: TWO, sealed: vec![7], ..whole.clone() };
    let stored = [whole.clone(), again];
    let written: Result<(), StoreError> = write!(bench, |tx| {
        for blob in &stored {
            blob::put(tx, commune, blob).await?;
        }
        Ok(())
    });
    written.unwrap();
    assert_eq!(blob::by_id(read!(bench), commune, PHOTO).await.unwrap(), Some(whole));
    assert_eq!(blob::received(read!(bench), commune, PHOTO, TWO).await.unwrap(), 0);
    assert_eq!(blob::brought_since(read!(bench), ONE, at(20)).await.unwrap(), 10);
    let listed = blob::of_household(read!(bench), commune, OWN).await.unwrap();
    assert_eq!(listed[0].state, BlobState::There(MediaType::Jpeg));
    let erased: Result<(), StoreError> = write!(bench, |tx| household::erase(tx, commune, OWN).await);
    erased.unwrap();
    assert_eq!(blob::by_id(read!(bench), commune, PHOTO).await.unwrap(), None);
    let forgotten: Result<(), StoreError> = write!(bench, |tx| blob::forget(tx, commune, OWN).await);
    forgotten.unwrap();
    assert_eq!(blob::of_household(read!(bench), commune, OWN).await.unwrap(), []);
}
