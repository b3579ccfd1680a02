//! Requests to open a device whose PIN was forgotten.

use rand::SeedableRng;
use rand::rngs::StdRng;
use sync_protocol::hash::SealKey;
use sync_protocol::parcel::SealSecret;
use sync_protocol::recovery::{DataKey, KeptKey, OpenedKey, RecoveryKey};

use super::*;
use crate::domain::device::DeviceOpened;
use crate::domain::opening::{Opening, OpeningState, Word};

fn reply() -> SealKey {
    SealSecret::from_bytes([8; 32]).public()
}

/// What the device with this seed asks.
fn asked(device: DeviceId, commune: UnitId, seed: u8) -> Opening {
    let to = RecoveryKey::sign(commune, SealSecret::from_bytes([3; 32]).public(), &SigningKey::from_bytes(&[5; 32]));
    let (key, rng) = (DataKey::from_bytes([9; 32]), &mut StdRng::seed_from_u64(1));
    Opening {
        device,
        kept: KeptKey::seal(key, &SigningKey::from_bytes(&[seed; 32]), &to, rng).unwrap(),
        kept_for: commune,
        reply: reply(),
        token: SecretHash([seed; 32]),
        asked_at: at(i64::from(seed)),
        expires_at: at(100),
        state: OpeningState::Asked,
    }
}

fn opened(device: DeviceId) -> OpenedKey {
    DataKey::from_bytes([9; 32]).seal(device, &reply(), &mut StdRng::seed_from_u64(2)).unwrap()
}

fn word(by: AccountId, seconds: i64) -> Word {
    Word { by, at: at(seconds), reason: "Biết mặt".to_owned() }
}

/// Devices of lan's in two communes, each with a request.
async fn two_requests(bench: &Bench, lan: AccountId, [own, other, village]: [UnitId; 3]) -> [Opening; 2] {
    let devices = [device_of(lan, village, 1), device_of(lan, other, 2)];
    let requests = [asked(devices[0].id, own, 1), asked(devices[1].id, other, 2)];
    let both = requests.clone();
    let written: Result<(), StoreError> = write!(bench, |tx| {
        for (device, opening) in devices.iter().zip(&both) {
            device::insert(tx, device).await?;
            opening::put(tx, opening).await?;
        }
        Ok(())
    });
    written.unwrap();
    requests
}

#[tokio::test]
async fn a_request_is_read_back_in_every_state() {
    let bench = bench().await;
    let [nation, province, own, other, village] = tree(&bench).await;
    let (lan, hoa) = (person(&bench, "lan", nation).await, person(&bench, "hoa", nation).await);
    let [mine, foreign] = two_requests(&bench, lan, [own, other, village]).await;
    let states = [
        OpeningState::Asked,
        OpeningState::Confirmed(word(hoa, 3)),
        OpeningState::Opened { first: word(hoa, 3), second: word(lan, 4), opened: opened(mine.device) },
        OpeningState::Refused(word(hoa, 5)),
    ];
    for state in states {
        let now = Opening { state, ..mine.clone() };
        let kept = now.clone();
        let written: Result<(), StoreError> = write!(bench, |tx| opening::put(tx, &kept).await);
        written.unwrap();
        let read = read!(bench);
        assert_eq!(opening::of_device(read, now.device).await.unwrap(), Some(now.clone()));
        assert_eq!(opening::by_token(read, now.token).await.unwrap(), Some(now.clone()));
        assert_eq!(opening::within(read, own, TODAY).await.unwrap(), std::slice::from_ref(&now));
        assert_eq!(opening::within(read, province, TODAY).await.unwrap(), [now, foreign.clone()]);
    }
    let read = read!(bench);
    assert_eq!(opening::of_device(read, DeviceId([0; 16])).await.unwrap(), None);
    assert_eq!(opening::by_token(read, SecretHash([9; 32])).await.unwrap(), None);
}

#[tokio::test]
async fn a_device_has_one_request_and_it_is_forgotten_by_age() {
    let bench = bench().await;
    let [nation, _, own, other, village] = tree(&bench).await;
    let lan = person(&bench, "lan", nation).await;
    let [mine, _] = two_requests(&bench, lan, [own, other, village]).await;
    let later = Opening { token: SecretHash([7; 32]), expires_at: at(200), ..mine.clone() };
    let newer = later.clone();
    let forgotten: Result<u64, StoreError> = write!(bench, |tx| {
        opening::put(tx, &newer).await?;
        opening::delete_expired(tx, at(150)).await
    });
    assert_eq!(forgotten.unwrap(), 1);
    let read = read!(bench);
    assert_eq!(opening::by_token(read, mine.token).await.unwrap(), None, "a later request takes its place");
    assert_eq!(opening::within(read, nation, TODAY).await.unwrap(), [later]);
}

#[tokio::test]
async fn a_device_remembers_who_opened_it_last() {
    let bench = bench().await;
    let [nation, .., village] = tree(&bench).await;
    let (lan, hoa) = (person(&bench, "lan", nation).await, person(&bench, "hoa", nation).await);
    let device = device_of(lan, village, 1);
    let (id, added) = (device.id, device.clone());
    let last = DeviceOpened { at: at(9), first: hoa, second: lan };
    let noted: Result<(), StoreError> = write!(bench, |tx| {
        device::insert(tx, &added).await?;
        device::note_opened(tx, id, DeviceOpened { at: at(8), first: lan, second: hoa }).await?;
        device::note_opened(tx, id, last).await
    });
    noted.unwrap();
    let found = device::by_id(read!(bench), id).await.unwrap();
    assert_eq!(found, Some(Device { opened: Some(last), ..device }));
    let unknown: Result<(), StoreError> = write!(bench, |tx| device::note_opened(tx, DeviceId([0; 16]), last).await);
    assert!(matches!(unknown, Err(StoreError::NoSuchRow { .. })), "{unknown:?}");
}
