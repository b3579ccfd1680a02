//! Parcels against a real store: whose they are, what comes of them, and in what order they may come.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use schemas::ids::DeviceId;
use schemas::value::Value;
use sync_protocol::device::{Device as Phone, Identity, Mend, Record, Remark, Standing};
use sync_protocol::hash::PublicKey;
use sync_protocol::log::{Cursor, Row, SignedHead};
use sync_protocol::message::{Page, Response, ScopeCursor};
use sync_protocol::verdict::Hold;

use super::*;
use crate::domain::device::ClockReading;
use crate::workflow::bench::{Bench, Carried, answer, home};

fn packed(bench: &Bench, carried: &mut Carried) -> Vec<u8> {
    let key = key(&bench.app);
    bench.app.chance.with(|rng| carried.phone.parcel(&key, 0, rng)).unwrap().bytes
}

/// What an answer is remarked on.
fn take(carried: &mut Carried, answer: &[u8]) -> Vec<Remark> {
    carried.phone.parcel_answer(answer, 0).unwrap().0.remarks
}

fn standing(carried: &Carried) -> Vec<Standing> {
    carried.phone.households().flat_map(|(_, document)| &document.own).map(|own| own.standing).collect()
}

async fn two(bench: &Bench) -> (Carried, Carried) {
    (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await)
}

async fn shut_out(bench: &Bench, id: DeviceId) {
    let now = bench.app.clock.now();
    let revoked: Result<(), StoreError> =
        bench.app.store.write("bench", move |tx| Box::pin(store::device::revoke(tx, id, now))).await;
    revoked.unwrap();
}

async fn carriers(bench: &Bench, author: &Carried) -> Vec<DeviceId> {
    let mut read = bench.app.store.read().await.unwrap();
    let carried = store::carriage::of_author(&mut read, &author.phone.author()).await.unwrap();
    carried.iter().map(|(_, carriage)| carriage.carrier).collect()
}

#[tokio::test]
async fn a_parcel_of_a_stranger_is_refused_by_name() {
    let bench = Bench::new().await;
    let (_, minh) = two(&bench).await;
    let server = PublicKey(bench.app.server_public_key());
    let identity = Identity { key: SigningKey::from_bytes(&[99; 32]), account: bench.lan, server };
    let (mut stranger, to) = (Phone::new(identity, Vec::new()), key(&bench.app));
    let parcel = bench.app.chance.with(|rng| stranger.parcel(&to, 0, rng)).unwrap().bytes;
    let refused = deliver(&bench.app, &minh.device, &parcel).await;
    assert!(matches!(refused, Err(Refusal::ParcelAuthorUnknown)), "{refused:?}");
}

#[tokio::test]
async fn a_parcel_of_a_device_that_was_shut_out_and_brings_nothing_is_refused_by_name() {
    let bench = Bench::new().await;
    let (mut lan, minh) = two(&bench).await;
    let parcel = packed(&bench, &mut lan);
    shut_out(&bench, lan.device.id).await;
    let refused = deliver(&bench.app, &minh.device, &parcel).await;
    assert!(matches!(refused, Err(Refusal::ParcelAuthorShutOut)), "{refused:?}");
}

#[tokio::test]
async fn a_parcel_that_was_cut_or_altered_anywhere_changes_nothing() {
    let bench = Bench::new().await;
    let (mut lan, minh) = two(&bench).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    let parcel = packed(&bench, &mut lan);
    for at in (0..parcel.len()).step_by(7) {
        let mut altered = parcel.clone();
        altered[at] ^= 1;
        bench.app.clock.advance(Duration::from_secs(5));
        for bytes in [&altered, &parcel[..at]] {
            let refused = deliver(&bench.app, &minh.device, bytes).await;
            assert!(matches!(refused, Err(Refusal::Parcel(_))), "byte {at}: {refused:?}");
        }
    }
    let mut read = bench.app.store.read().await.unwrap();
    assert_eq!(store::household::by_id(&mut read, home(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_carrier_brings_at_most_so_many_parcels_at_a_time() {
    let bench = Bench::new().await;
    let (mut lan, minh) = two(&bench).await;
    let parcel = packed(&bench, &mut lan);
    let mut refused = None;
    for _ in 0..200 {
        refused = refused.or(deliver(&bench.app, &minh.device, &parcel).await.err());
    }
    assert!(matches!(refused, Some(Refusal::TooManyAttempts(_))), "{refused:?}");
}

#[tokio::test]
async fn what_a_device_wrote_before_it_was_shut_out_is_held_as_if_it_had_come_itself() {
    let bench = Bench::new().await;
    let (mut lan, mut minh) = two(&bench).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    let parcel = packed(&bench, &mut lan);
    shut_out(&bench, lan.device.id).await;
    let answer = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
    assert_eq!(take(&mut lan, &answer), []);
    assert_eq!((standing(&lan), lan.phone.waiting()), (vec![Standing::Held(Hold::DeviceRevoked)], 0));
    minh.sync(&bench).await;
    assert_eq!(minh.sees(home(1)), None);
}

#[tokio::test]
async fn a_carrier_brings_anothers_work_and_the_answer_says_what_became_of_it() {
    let bench = Bench::new().await;
    let (mut lan, mut minh) = two(&bench).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    let parcel = packed(&bench, &mut lan);
    let once = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
    let twice = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
    bench.app.clock.advance(Duration::from_secs(1));
    let by_another = deliver(&bench.app, &lan.device, &parcel).await.unwrap();
    minh.sync(&bench).await;
    assert_eq!(minh.sees(home(1)).unwrap().answers["floor_area"], Value::Int(40));
    assert_eq!(carriers(&bench, &lan).await, [minh.device.id, lan.device.id]);
    for answer in [&once, &twice, &by_another] {
        assert_eq!((take(&mut lan, answer), lan.phone.waiting()), (vec![], 0));
    }
    assert_eq!(lan.sees(home(1)), minh.sees(home(1)));
    assert_eq!(standing(&lan), []);
}

#[tokio::test]
async fn parcels_and_direct_exchanges_of_the_same_work_come_in_any_order() {
    let bench = Bench::new().await;
    let (mut lan, mut minh) = two(&bench).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    let first = packed(&bench, &mut lan);
    lan.write(bench.scope(0), home(2), [answer("floor_area", 50)]);
    let second = packed(&bench, &mut lan);
    let late = deliver(&bench.app, &minh.device, &second).await.unwrap();
    lan.sync(&bench).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 41)]);
    let later = deliver(&bench.app, &minh.device, &first).await.unwrap();
    for answer in [&later, &late, &later] {
        assert_eq!(take(&mut lan, answer), []);
    }
    assert_eq!((standing(&lan), lan.phone.author().epoch), (vec![Standing::Waiting], 1));
    lan.sync(&bench).await;
    minh.sync(&bench).await;
    assert_eq!(lan.sees(home(1)), minh.sees(home(1)));
    assert_eq!(lan.sees(home(1)).unwrap().answers["floor_area"], Value::Int(41));
}

#[tokio::test]
async fn an_old_answer_takes_no_village_from_a_phone_that_has_been_given_it_since() {
    let bench = Bench::new().await;
    let (mut lan, minh) = two(&bench).await;
    let scopes = |carried: &Carried| carried.phone.scopes().map(|(scope, _)| scope.clone()).collect::<Vec<Scope>>();
    let parcel = packed(&bench, &mut lan);
    let alone = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
    bench.assign(bench.lan, 1).await;
    let both = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
    take(&mut lan, &both);
    assert_eq!(scopes(&lan), [bench.scope(0), bench.scope(1)]);
    take(&mut lan, &alone);
    assert_eq!(scopes(&lan), [bench.scope(0), bench.scope(1)]);
}

#[tokio::test]
async fn the_clock_in_a_parcel_is_not_believed() {
    let bench = Bench::new().await;
    let (mut lan, minh) = two(&bench).await;
    let clock = async || {
        let device = store::device::by_id(&mut bench.app.store.read().await.unwrap(), lan.device.id).await;
        device.unwrap().unwrap().clock
    };
    let before: Option<ClockReading> = clock().await;
    bench.app.clock.advance(Duration::from_secs(30 * 86_400));
    let key = key(&bench.app);
    let (made_ms, read_ms) = (1_790_000_000_000, 1_790_600_000_000);
    let parcel = bench.app.chance.with(|rng| lan.phone.parcel(&key, made_ms, rng)).unwrap().bytes;
    let answer = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
    let known = lan.phone.clock_offset_ms();
    lan.phone.parcel_answer(&answer, read_ms).unwrap();
    assert_eq!(lan.phone.clock_offset_ms(), known);
    let device = store::device::by_id(&mut bench.app.store.read().await.unwrap(), lan.device.id).await;
    assert_eq!(device.unwrap().unwrap().clock, before);
}

#[tokio::test]
async fn what_was_answered_before_the_server_was_set_back_is_doubted_in_parcels_too() {
    let bench = Bench::new().await;
    let (mut lan, minh) = two(&bench).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    let parcel = packed(&bench, &mut lan);
    let before = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
    lan.phone.apply(&Record::Mend(Mend::SetBack(u64::from(u32::MAX))));
    take(&mut lan, &before);
    assert_eq!(lan.phone.waiting(), 1);
    assert_eq!(lan.sync(&bench).await, []);
    assert_eq!((lan.phone.waiting(), standing(&lan)), (0, vec![]));
}

#[tokio::test]
async fn what_the_server_has_forgotten_is_told_by_file_and_comes_back_by_file() {
    let bench = Bench::new().await;
    let (mut lan, minh) = two(&bench).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    lan.sync(&bench).await;
    let (_, state) = lan.phone.scopes().next().unwrap();
    let read = state.cursor;
    lan.phone.apply(&Record::Page(lost_page(&bench, &minh, read).await));
    let mut remarks = Vec::new();
    for _ in 0..4 {
        let parcel = packed(&bench, &mut lan);
        let answer = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
        remarks.extend(take(&mut lan, &answer));
    }
    let scope = bench.scope(0);
    assert_eq!(remarks, [Remark::Forgotten(scope.clone()), Remark::NewGeneration(scope.clone())]);
    let mut read_store = bench.app.store.read().await.unwrap();
    let log = store::log::state(&mut read_store, bench.commune, &scope).await.unwrap().unwrap();
    assert!(log.generation > read.generation);
    drop(read_store);
    assert_eq!(lan.sync(&bench).await, []);
    assert_eq!(lan.sees(home(1)).unwrap().answers["floor_area"], Value::Int(40));
}

/// A row that the server wrote after a copy that was put back since, as a phone had read it.
async fn lost_page(bench: &Bench, reader: &Carried, after: Cursor) -> Page {
    let scopes = vec![ScopeCursor { scope: bench.scope(0), cursor: Cursor::default() }];
    let request = Request { version: 1, scopes, want_bytes: 1 << 20, ..Request::bringing(Vec::new(), 9, 0) };
    let response = exchange::exchange(&bench.app, &reader.device, &request.to_bytes()).await.unwrap();
    let page = Response::from_bytes(&response).unwrap().pages.remove(0);
    let lost = Row { position: after.position + 1, ..page.rows[1].clone() };
    let (cursor, row) = (Cursor { position: after.position + 1, ..after }, lost.hash(&page.head.row));
    let mut read = bench.app.store.read().await.unwrap();
    let state = store::log::state(&mut read, bench.commune, &bench.scope(0)).await.unwrap().unwrap();
    // The change is there already: the row moves no heads.
    let head = SignedHead::sign(bench.scope(0), cursor, row, &state.digest, bench.app.server_key());
    Page { scope: bench.scope(0), after, rows: vec![lost], changes: page.changes, head }
}
