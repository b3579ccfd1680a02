//! A forgotten PIN: who can open what a device kept, and for whom.

use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schemas::ids::{DeviceId, UnitId};
use sync_protocol::actor::device_id;
use sync_protocol::hash::{PublicKey, SealKey};
use sync_protocol::parcel::{Parcel, ParcelFault, SealSecret};
use sync_protocol::recovery::{DataKey, KeptKey, OpenedKey, RecoveryFault, RecoveryKey, opening_code};

const COMMUNE: UnitId = UnitId(7);

fn signing(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn public(n: u8) -> PublicKey {
    PublicKey(signing(n).verifying_key().to_bytes())
}

fn data_key() -> DataKey {
    DataKey::from_bytes([0xda; 32])
}

fn office() -> SealSecret {
    SealSecret::from_bytes([3; 32])
}

fn chance() -> StdRng {
    StdRng::seed_from_u64(4)
}

/// What device 1 keeps, sealed to a key of the commune's.
fn kept_for(secret: &SealSecret, commune: UnitId) -> KeptKey {
    let to = RecoveryKey::sign(commune, secret.public(), &signing(5));
    KeptKey::seal(data_key(), &signing(1), &to, &mut chance()).unwrap()
}

fn kept() -> KeptKey {
    kept_for(&office(), COMMUNE)
}

#[test]
fn a_recovery_key_of_another_server_or_commune_is_refused() {
    let key = RecoveryKey::sign(COMMUNE, office().public(), &signing(5));
    let forged = RecoveryKey::sign(COMMUNE, office().public(), &signing(9));
    assert_eq!(RecoveryKey::open(&forged.to_bytes(), &public(5)), Err(RecoveryFault::Signature));
    for at in 0..key.to_bytes().len() {
        let mut altered = key.to_bytes();
        altered[at] ^= 1;
        assert!(RecoveryKey::open(&altered, &public(5)).is_err(), "byte {at}");
    }
    assert_eq!(RecoveryKey::open(&key.to_bytes(), &public(5)), Ok(key));
}

#[test]
fn what_is_kept_opens_with_the_key_of_its_own_commune_only() {
    assert_eq!(kept().open(&public(1), COMMUNE, &SealSecret::from_bytes([4; 32])), Err(RecoveryFault::OtherKey));
    // As if two communes had one key: the signature names the commune all the same.
    assert_eq!(kept().open(&public(1), UnitId(8), &office()), Err(RecoveryFault::OtherCommune));
}

#[test]
fn what_one_device_kept_is_not_opened_as_anothers() {
    assert_eq!(kept().open(&public(2), COMMUNE, &office()), Err(RecoveryFault::OtherDevice));
    // Put under the name of device 1 afterwards: the name is bound.
    let to = RecoveryKey::sign(COMMUNE, office().public(), &signing(5));
    let mut bytes = KeptKey::seal(data_key(), &signing(2), &to, &mut chance()).unwrap().to_bytes();
    let at = bytes.windows(16).position(|run| run == device_id(&public(2)).0).unwrap();
    bytes[at..at + 16].copy_from_slice(&device_id(&public(1)).0);
    let renamed = KeptKey::read(&bytes).unwrap();
    assert_eq!(renamed.open(&public(1), COMMUNE, &office()), Err(RecoveryFault::Damaged));
}

#[test]
fn no_byte_of_an_envelope_can_be_altered_or_left_out() {
    let honest = kept().to_bytes();
    for at in 0..honest.len() {
        let mut altered = honest.clone();
        altered[at] ^= 1;
        let opened = KeptKey::read(&altered).and_then(|kept| kept.open(&public(1), COMMUNE, &office()));
        assert!(opened.is_err(), "byte {at}");
        assert!(KeptKey::read(&honest[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(KeptKey::read(&[honest.as_slice(), &[0]].concat()), Err(RecoveryFault::Unreadable));
    assert_eq!(KeptKey::read(&[0; 600]), Err(RecoveryFault::Unreadable));
    let mut later = honest;
    later[1] = 2;
    assert_eq!(KeptKey::read(&later), Err(RecoveryFault::Version));
}

#[test]
fn one_kind_of_envelope_is_not_taken_for_another() {
    let reply = SealSecret::from_bytes([8; 32]);
    let opened = data_key().seal(kept().device(), &reply.public(), &mut chance()).unwrap();
    assert_eq!(KeptKey::read(&opened.to_bytes()), Err(RecoveryFault::Unreadable));
    assert_eq!(OpenedKey::read(&kept().to_bytes()), Err(RecoveryFault::Unreadable));
    assert_eq!(Parcel::read(&kept().to_bytes()), Err(ParcelFault::OtherWay));
}

#[test]
fn nothing_is_sealed_to_a_weak_key() {
    let mut one = [0; 32];
    one[0] = 1;
    for weak in [SealKey([0; 32]), SealKey(one)] {
        assert!(!weak.is_usable());
        assert_eq!(data_key().seal(kept().device(), &weak, &mut chance()), Err(RecoveryFault::WeakKey));
    }
    assert!(office().public().is_usable());
}

#[test]
fn an_answer_opens_for_the_request_and_the_device_that_it_answers() {
    let reply = SealSecret::from_bytes([8; 32]);
    let opened = data_key().seal(kept().device(), &reply.public(), &mut chance()).unwrap();
    let earlier = SealSecret::from_bytes([9; 32]);
    assert_eq!(opened.open(kept().device(), &earlier), Err(RecoveryFault::OtherKey));
    assert_eq!(opened.open(DeviceId([0; 16]), &reply), Err(RecoveryFault::OtherDevice));
    assert_eq!(OpenedKey::read(&opened.to_bytes()).unwrap().open(kept().device(), &reply), Ok(data_key()));
}

#[test]
fn a_request_that_somebody_slips_in_has_other_letters() {
    let (device, own) = (kept().device(), SealSecret::from_bytes([8; 32]).public());
    let code = opening_code(device, &own, &kept());
    assert_ne!(opening_code(device, &SealSecret::from_bytes([9; 32]).public(), &kept()), code);
    assert_ne!(opening_code(device, &own, &kept_for(&office(), UnitId(8))), code);
    assert_ne!(opening_code(DeviceId([0; 16]), &own, &kept()), code);
    assert_eq!(opening_code(device, &own, &KeptKey::read(&kept().to_bytes()).unwrap()), code);
}

#[test]
fn what_is_kept_gives_the_data_key_back() {
    let read = KeptKey::read(&kept().to_bytes()).unwrap();
    assert_eq!((read.device(), read.open(&public(1), COMMUNE, &office())), (device_id(&public(1)), Ok(data_key())));
    assert_eq!(format!("{:?}", data_key()), "DataKey(..)");
}
