//! Phones that are let in, known again and shut out.

use super::*;
use crate::domain::device::ClockReading;

const CLOCK: ClockReading = ClockReading { offset_ms: -7_200_000, read_at: Timestamp::UNIX_EPOCH };

#[tokio::test]
async fn an_enrolment_code_is_taken_once_and_in_time() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let lan = person(&bench, "lan", nation).await;
    let code = move |byte: u8| EnrolmentCode {
        hash: SecretHash([byte; 32]),
        account: lan,
        unit: nation,
        created_by: lan,
        expires_at: at(900),
    };
    let taken: Result<_, StoreError> = write!(bench, |tx| {
        enrolment_code::insert(tx, &code(1)).await?;
        enrolment_code::insert(tx, &code(2)).await?;
        let late = enrolment_code::take(tx, SecretHash([2; 32]), at(900)).await?;
        let unknown = enrolment_code::take(tx, SecretHash([3; 32]), at(1)).await?;
        let first = enrolment_code::take(tx, SecretHash([1; 32]), at(899)).await?;
        let second = enrolment_code::take(tx, SecretHash([1; 32]), at(899)).await?;
        let forgotten = enrolment_code::delete_expired(tx, at(901)).await?;
        Ok((late, unknown, first, second, forgotten))
    });
    assert_eq!(taken.unwrap(), (None, None, Some(code(1)), None, 2));
}

#[tokio::test]
async fn a_device_is_known_by_its_key_and_keeps_the_time_of_its_revocation() {
    let bench = bench().await;
    let [nation, province, _, other, village] = tree(&bench).await;
    let lan = person(&bench, "lan", nation).await;
    let device = device_of(lan, village, 1);
    let (id, added) = (device.id, device.clone());
    let enrolled: Result<_, StoreError> = write!(bench, |tx| {
        let first = device::insert(tx, &added).await?;
        let again = device::insert(tx, &Device { unit: other, ..added }).await?;
        device::revoke(tx, id, at(5)).await?;
        device::revoke(tx, id, at(6)).await?;
        device::note_clock(tx, id, ClockReading { offset_ms: 9, read_at: at(2) }).await?;
        device::note_clock(tx, id, CLOCK).await?;
        Ok((first, again))
    });
    assert_eq!(enrolled.unwrap(), (device::Enrolled::Added, device::Enrolled::KnownAlready));
    let read = read!(bench);
    let found = device::by_id(read, id).await.unwrap().unwrap();
    assert_eq!(found, Device { revoked_at: Some(at(5)), clock: Some(CLOCK), ..device });
    let unknown = write!(bench, |tx| device::note_clock(tx, DeviceId([0; 16]), CLOCK).await);
    assert!(unknown.is_err());
    let read = read!(bench);
    assert_eq!(device::by_id(read, DeviceId([0; 16])).await.unwrap(), None);
    assert_eq!(device::within(read, province, TODAY).await.unwrap(), [found]);
    assert!(device::within(read, other, TODAY).await.unwrap().is_empty());
}

#[tokio::test]
async fn device_tokens_are_found_by_their_hash_and_forgotten_by_age() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let lan = person(&bench, "lan", nation).await;
    let device = device_of(lan, nation, 1);
    let id = device.id;
    let token =
        move |byte: u8, seconds| DeviceToken { hash: SecretHash([byte; 32]), device: id, expires_at: at(seconds) };
    let forgotten: Result<u64, StoreError> = write!(bench, |tx| {
        device::insert(tx, &device).await?;
        device_token::insert(tx, &token(1, 10)).await?;
        device_token::insert(tx, &token(2, 20)).await?;
        device_token::delete_expired(tx, id, at(15)).await
    });
    assert_eq!(forgotten.unwrap(), 1);
    let read = read!(bench);
    assert_eq!(device_token::by_hash(read, SecretHash([1; 32])).await.unwrap(), None);
    assert_eq!(device_token::by_hash(read, SecretHash([2; 32])).await.unwrap(), Some(token(2, 20)));
}
