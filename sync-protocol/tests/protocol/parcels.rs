//! Parcels: who can open them, who can answer them, and what of an answer is believed.

use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schemas::ids::AccountId;
use sync_protocol::device::{Device, Identity, MOST_AWAITED, ParcelAnswerFault, Record};
use sync_protocol::hash::PublicKey;
use sync_protocol::message::{Request, Response};
use sync_protocol::parcel::{Parcel, ParcelAnswer, ParcelFault, ParcelKey, SealSecret};

use crate::support::form;

struct Road {
    device: Device,
    server: SigningKey,
    secret: SealSecret,
    rng: StdRng,
}

impl Road {
    fn new() -> Self {
        let (server, key) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let public = PublicKey(server.verifying_key().to_bytes());
        let identity = Identity { key, account: AccountId(7), server: public };
        let secret = SealSecret::from_bytes([3; 32]);
        Self { device: Device::new(identity, vec![form()]), server, secret, rng: StdRng::seed_from_u64(4) }
    }

    fn key(&self) -> ParcelKey {
        ParcelKey::sign(self.secret.public(), &self.server)
    }

    fn pack(&mut self) -> Vec<u8> {
        let key = self.key();
        self.device.parcel(&key, 0, &mut self.rng).unwrap().bytes
    }

    /// What a server with this key answers when it has nothing to say.
    fn answer(&mut self, parcel: &[u8], server: &SigningKey) -> Vec<u8> {
        let opened = Parcel::read(parcel).unwrap().open(&self.secret).unwrap();
        let request = Request::from_bytes(opened.request()).unwrap();
        let response = Response {
            version: request.version,
            server_ms: 9,
            segments: Vec::new(),
            pages: Vec::new(),
            more: false,
            assigned: None,
            packed: None,
            name_scopes: None,
        };
        let key = ParcelKey::sign(self.secret.public(), server);
        opened.answer(response.to_bytes(), key, server, &mut self.rng).unwrap()
    }
}

#[test]
fn a_key_that_another_server_signed_is_refused() {
    let road = Road::new();
    let forged = ParcelKey::sign(road.secret.public(), &SigningKey::from_bytes(&[9; 32]));
    let server = PublicKey(road.server.verifying_key().to_bytes());
    assert_eq!(ParcelKey::open(&forged.to_bytes(), &server), Err(ParcelFault::Signature));
    assert_eq!(ParcelKey::open(&road.key().to_bytes(), &server), Ok(road.key()));
    assert_eq!(road.key().to_bytes().len(), ParcelKey::BYTES);
}

#[test]
fn a_parcel_opens_with_its_key_only_and_tells_a_carrier_nothing() {
    let mut road = Road::new();
    let parcel = road.pack();
    let read = Parcel::read(&parcel).unwrap();
    assert_eq!(read.open(&SealSecret::from_bytes([8; 32])).err(), Some(ParcelFault::OtherKey));
    let device = road.device.author().key;
    assert!(!parcel.windows(32).any(|seen| seen == device.0), "the author's key is not seen from outside");
    assert_eq!(read.open(&road.secret).unwrap().device(), device);
}

#[test]
fn a_parcel_cut_or_altered_at_any_byte_is_refused() {
    let mut road = Road::new();
    let parcel = road.pack();
    for at in 0..parcel.len() {
        for bits in [1, 0x80] {
            let mut altered = parcel.clone();
            altered[at] ^= bits;
            assert!(Parcel::read(&altered).and_then(|read| read.open(&road.secret)).is_err(), "byte {at}");
        }
        assert!(Parcel::read(&parcel[..at]).is_err(), "{at} bytes");
    }
    assert_eq!(ParcelAnswer::read(&parcel).err(), Some(ParcelFault::OtherWay));
}

#[test]
fn an_answer_that_the_server_did_not_sign_is_refused_though_it_opens() {
    let mut road = Road::new();
    let parcel = road.pack();
    let forged = road.answer(&parcel, &SigningKey::from_bytes(&[9; 32]));
    assert_eq!(road.device.parcel_answer(&forged, 0), Err(ParcelAnswerFault::Parcel(ParcelFault::Signature)));
    let server = road.server.clone();
    let answer = road.answer(&parcel, &server);
    let (outcome, key) = road.device.parcel_answer(&answer, 0).unwrap();
    assert_eq!((outcome.records, outcome.clock_offset_ms, key), (Vec::new(), 9, road.key()));
}

#[test]
fn an_answer_is_for_one_parcel_of_one_device_and_for_the_last_sixteen_of_them() {
    let mut road = Road::new();
    let server = road.server.clone();
    let first = road.pack();
    let answer = road.answer(&first, &server);
    let mut other = Road::new();
    let not_awaited = Err(ParcelAnswerFault::Parcel(ParcelFault::NotAwaited));
    assert_eq!(other.device.parcel_answer(&answer, 0), not_awaited);
    for _ in 1..MOST_AWAITED {
        road.pack();
    }
    assert!(road.device.parcel_answer(&answer, 0).is_ok());
    road.pack();
    assert_eq!(road.device.parcel_answer(&answer, 0), not_awaited);
}

#[test]
fn a_device_started_again_from_its_records_opens_the_answer() {
    let mut road = Road::new();
    let key = road.key();
    let packed = road.device.parcel(&key, 0, &mut road.rng).unwrap();
    let server = road.server.clone();
    let answer = road.answer(&packed.bytes, &server);
    let mut again = Road::new().device;
    for record in &packed.records {
        again.apply(&Record::from_bytes(&record.to_bytes()).unwrap());
    }
    assert!(again.parcel_answer(&answer, 0).is_ok());
}
