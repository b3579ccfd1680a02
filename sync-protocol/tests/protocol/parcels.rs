//! Parcels: who can open them, who can answer them, and what of an answer is believed.

use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand::rngs::StdRng;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Clocks, Device, Identity, MOST_AWAITED, Mend, ParcelAnswerFault, Record, Standing};
use sync_protocol::hash::PublicKey;
use sync_protocol::journal::Scope;
use sync_protocol::message::{Request, Response, SegmentAnswer};
use sync_protocol::parcel::{Parcel, ParcelAnswer, ParcelFault, ParcelKey, SealSecret};
use sync_protocol::verdict::Verdict;

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
        let mut device = Device::new(identity, vec![form()]);
        device.apply(&Record::Assigned(vec![scope(1)]));
        Self { device, server, secret, rng: StdRng::seed_from_u64(4) }
    }

    fn key(&self) -> ParcelKey {
        ParcelKey::sign(self.secret.public(), &self.server)
    }

    fn pack(&mut self) -> Vec<u8> {
        let key = self.key();
        self.device.parcel(&key, 0, &mut self.rng).unwrap().bytes
    }

    /// What a server with this key answers when it takes everything.
    fn answer(&mut self, parcel: &[u8], server: &SigningKey) -> Vec<u8> {
        self.answer_with(parcel, server, |response| response)
    }

    fn answer_with(&mut self, parcel: &[u8], server: &SigningKey, with: impl FnOnce(Response) -> Response) -> Vec<u8> {
        let opened = Parcel::read(parcel).unwrap().open(&self.secret).unwrap();
        let request = Request::from_bytes(opened.request()).unwrap();
        let response = with(response(&request));
        let key = ParcelKey::sign(self.secret.public(), server);
        opened.answer(response.to_bytes(), key, server, &mut self.rng).unwrap()
    }

    /// Answers as the true server.
    fn answered(&mut self, parcel: &[u8]) -> Vec<u8> {
        let server = self.server.clone();
        self.answer(parcel, &server)
    }

    /// One household is founded: an entry waits.
    fn write(&mut self) {
        let clocks = Clocks { wall_ms: 0, uptime_ms: 0 };
        let writes = [(Slot::Answer("floor_area".parse().unwrap()), Write::Put(40.into()))].into();
        self.device.found(scope(1), HouseholdId([7; 16]), &writes, clocks).unwrap();
    }

    /// A direct exchange in which the server takes everything and has no news.
    fn exchange(&mut self) {
        let sync = self.device.request(0, 1_000);
        let response = response(&Request::from_bytes(&sync.bytes).unwrap());
        self.device.answer(&sync, &response.to_bytes(), 0).unwrap();
    }

    fn standing(&self) -> Vec<Standing> {
        self.device.households().flat_map(|(_, document)| &document.own).map(|own| own.standing).collect()
    }
}

fn scope(village: u64) -> Scope {
    Scope { village: UnitId(village), round: "2026-dinh-ky".parse().unwrap() }
}

fn response(request: &Request) -> Response {
    let taken = request.segments.iter().map(|_| SegmentAnswer::Taken(vec![Verdict::Accepted])).collect();
    // Where the log ends is not told: work that it has no row for is not doubted.
    Response { more: true, ..Response::answering(request.version, taken, 9) }
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
    assert_eq!((outcome.remarks, outcome.clock_offset_ms, key), (Vec::new(), 9, road.key()));
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

#[test]
fn an_answer_from_before_a_doubt_ends_no_wait() {
    let mut road = Road::new();
    road.write();
    let parcel = road.pack();
    let before = road.answered(&parcel);
    road.device.apply(&Record::Mend(Mend::SetBack(77)));
    road.device.parcel_answer(&before, 0).unwrap();
    assert_eq!((road.standing(), road.device.waiting()), (vec![Standing::Waiting], 1));
    let parcel = road.pack();
    let after = road.answered(&parcel);
    road.device.parcel_answer(&after, 0).unwrap();
    assert_eq!((road.standing(), road.device.waiting()), (vec![Standing::Acknowledged], 0));
}

#[test]
fn work_that_had_to_go_again_is_not_acknowledged_by_what_was_said_before() {
    let mut road = Road::new();
    road.write();
    let parcel = road.pack();
    let answer = road.answered(&parcel);
    road.device.parcel_answer(&answer, 0).unwrap();
    road.device.apply(&Record::Mend(Mend::Resend(vec![(1, 1)])));
    for _ in 0..2 {
        road.device.parcel_answer(&answer, 0).unwrap();
        assert_eq!(road.device.waiting(), 1);
    }
}

#[test]
fn villages_are_given_and_taken_by_the_newest_that_was_heard() {
    let mut road = Road::new();
    let server = road.server.clone();
    let (first, second) = (road.pack(), road.pack());
    let held = |road: &Road| road.device.scopes().map(|(scope, _)| scope.village.0).collect::<Vec<_>>();
    let assigned = |villages: &[u64]| Some(villages.iter().copied().map(scope).collect());
    let none = road.answer_with(&first, &server, |response| Response { assigned: assigned(&[]), ..response });
    let both = road.answer_with(&second, &server, |response| Response { assigned: assigned(&[1, 2]), ..response });
    road.device.parcel_answer(&both, 0).unwrap();
    assert_eq!(held(&road), [1, 2]);
    road.device.parcel_answer(&none, 0).unwrap();
    assert_eq!(held(&road), [1, 2], "the first parcel was overtaken by the second");
    let third = road.pack();
    let none = road.answer_with(&third, &server, |response| Response { assigned: assigned(&[]), ..response });
    road.exchange();
    road.device.parcel_answer(&none, 0).unwrap();
    assert_eq!(held(&road), [1, 2], "the third by a direct exchange");
}

#[test]
fn a_phone_started_again_knows_which_parcels_were_overtaken_and_void() {
    let mut road = Road::new();
    road.write();
    let (key, server) = (road.key(), road.server.clone());
    let packed = road.device.parcel(&key, 0, &mut road.rng).unwrap();
    let answer =
        road.answer_with(&packed.bytes, &server, |response| Response { assigned: Some(vec![scope(2)]), ..response });
    let sync = road.device.request(0, 1_000);
    let direct = response(&Request::from_bytes(&sync.bytes).unwrap());
    let direct = Response { set_back: Some(77), segments: vec![SegmentAnswer::NotTaken("sync/busy".into())], ..direct };
    let outcome = road.device.answer(&sync, &direct.to_bytes(), 0).unwrap();
    let mut again = Road::new();
    again.write();
    for record in packed.records.iter().chain(&outcome.records) {
        again.device.apply(&Record::from_bytes(&record.to_bytes()).unwrap());
    }
    again.device.parcel_answer(&answer, 0).unwrap();
    let held: Vec<u64> = again.device.scopes().map(|(scope, _)| scope.village.0).collect();
    assert_eq!((held, again.device.waiting()), (vec![1], 1));
}
