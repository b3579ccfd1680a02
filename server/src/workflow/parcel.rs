//! Parcels: somebody's exchange with the server that somebody else carries.
//!
//! Owns the keys that parcels are sealed to and the note of who carried what. What is in a parcel is answered like a request
//! of its author, by [`super::exchange`]; the carrier learns nothing from it but that there was an answer.

use sync_protocol::actor::device_id;
use sync_protocol::message::Request;
use sync_protocol::parcel::{Opened, Parcel, ParcelFault, ParcelKey, SealSecret};
use sync_protocol::segment::Segment;

use super::{Refusal, exchange};
use crate::app::App;
use crate::domain::account::Standing;
use crate::domain::device::Device;
use crate::domain::field::Carriage;
use crate::seal::{SealError, Subject};
use crate::store::parcel_key::SealedParcelKey;
use crate::store::{self, StoreError};

/// Takes a parcel in and answers it: the answer is for its author's eyes only. Everything that it says is on disk.
pub async fn deliver(app: &App, carrier: &Device, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    app.parcels_by_carrier.attempt(carrier.id, app.clock.now()).map_err(Refusal::TooManyAttempts)?;
    let parcel = Parcel::read(bytes).map_err(Refusal::Parcel)?;
    let stored = store::parcel_key::by_id(&mut app.store.read().await?, parcel.key()).await?;
    let stored = stored.ok_or(Refusal::Parcel(ParcelFault::OtherKey))?;
    let opened = parcel.open(&open(app, &stored)?).map_err(Refusal::Parcel)?;
    let author = author(app, &opened).await?;
    let carriage = Carriage {
        parcel: parcel.id(),
        carrier: carrier.id,
        author: author.id,
        size_bytes: bytes.len() as u64,
        received_at: app.clock.now(),
    };
    note(app, carriage, &opened).await?;
    let response = exchange::exchange(app, &author, opened.request()).await?;
    let key = key(app).await?;
    let answer = app.chance.with(|rng| opened.answer(response, key, app.server_key(), rng));
    answer.map_err(Refusal::Parcel)
}

/// The device that made a parcel, as long as it may sync by itself.
async fn author(app: &App, opened: &Opened) -> Result<Device, Refusal> {
    let mut read = app.store.read().await?;
    let device = store::device::by_id(&mut read, device_id(&opened.device())).await?;
    let device = device.ok_or(Refusal::ParcelAuthorUnknown)?;
    let holder = store::account::by_id(&mut read, device.account).await?;
    let is_active = holder.is_some_and(|holder| holder.standing == Standing::Active);
    match device.revoked_at.is_none() && is_active {
        true => Ok(device),
        false => Err(Refusal::ParcelAuthorShutOut),
    }
}

/// Writes down who carried what, before it is looked at: it may be evidence.
async fn note(app: &App, carriage: Carriage, opened: &Opened) -> Result<(), Refusal> {
    let request = Request::from_bytes(opened.request()).map_err(Refusal::Message)?;
    let segments = request.segments.iter().filter_map(|bytes| Segment::open(bytes).ok()?.head()).collect::<Vec<_>>();
    let written: Result<(), StoreError> = app
        .store
        .write("parcel/note", move |tx| Box::pin(async move { store::carriage::put(tx, &carriage, &segments).await }))
        .await;
    Ok(written?)
}

/// The key that parcels are sealed to now, signed; the first that asks makes it.
pub async fn key(app: &App) -> Result<ParcelKey, Refusal> {
    let stored = store::parcel_key::newest(&mut app.store.read().await?).await?;
    let secret = match stored {
        Some(stored) => open(app, &stored)?,
        None => rotate(app).await?,
    };
    Ok(ParcelKey::sign(secret.public(), app.server_key()))
}

/// Makes a new key. Parcels that were sealed to an older one still open; devices learn of the new one with their next answer.
pub async fn rotate(app: &App) -> Result<SealSecret, Refusal> {
    let (secret, now) = (app.chance.with(SealSecret::draw), app.clock.now());
    let sealed = app.master_key.seal(Subject::ParcelKey, secret.as_bytes(), &app.chance)?;
    let row = SealedParcelKey { id: secret.public().id(), sealed };
    let written: Result<(), StoreError> = app
        .store
        .write("parcel/rotate", move |tx| Box::pin(async move { store::parcel_key::insert(tx, &row, now).await }))
        .await;
    written?;
    Ok(secret)
}

fn open(app: &App, stored: &SealedParcelKey) -> Result<SealSecret, Refusal> {
    let plain = app.master_key.open(Subject::ParcelKey, &stored.sealed)?;
    let bytes = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| SealError::NotGenuine)?;
    Ok(SealSecret::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use schemas::value::Value;
    use sync_protocol::device::{Device as Phone, Identity, Standing};
    use sync_protocol::hash::PublicKey;

    use super::*;
    use crate::workflow::bench::{Bench, Carried, answer, home};

    async fn packed(bench: &Bench, carried: &mut Carried) -> Vec<u8> {
        let key = key(&bench.app).await.unwrap();
        bench.app.chance.with(|rng| carried.phone.parcel(&key, 0, rng)).unwrap().bytes
    }

    async fn two(bench: &Bench) -> (Carried, Carried) {
        (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await)
    }

    #[tokio::test]
    async fn a_parcel_of_a_stranger_is_refused_by_name() {
        let bench = Bench::new().await;
        let (_, minh) = two(&bench).await;
        let server = PublicKey(bench.app.server_public_key());
        let identity = Identity { key: SigningKey::from_bytes(&[99; 32]), account: bench.lan, server };
        let (mut stranger, to) = (Phone::new(identity, Vec::new()), key(&bench.app).await.unwrap());
        let parcel = bench.app.chance.with(|rng| stranger.parcel(&to, 0, rng)).unwrap().bytes;
        let refused = deliver(&bench.app, &minh.device, &parcel).await;
        assert!(matches!(refused, Err(Refusal::ParcelAuthorUnknown)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_parcel_of_a_device_that_was_shut_out_is_refused_by_name() {
        let bench = Bench::new().await;
        let (mut lan, minh) = two(&bench).await;
        let parcel = packed(&bench, &mut lan).await;
        let (id, now) = (lan.device.id, bench.app.clock.now());
        let revoked: Result<(), StoreError> =
            bench.app.store.write("bench", move |tx| Box::pin(store::device::revoke(tx, id, now))).await;
        revoked.unwrap();
        let refused = deliver(&bench.app, &minh.device, &parcel).await;
        assert!(matches!(refused, Err(Refusal::ParcelAuthorShutOut)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_parcel_that_was_cut_or_altered_anywhere_changes_nothing() {
        let bench = Bench::new().await;
        let (mut lan, minh) = two(&bench).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        let parcel = packed(&bench, &mut lan).await;
        for at in (0..parcel.len()).step_by(7) {
            let mut altered = parcel.clone();
            altered[at] ^= 1;
            bench.app.clock.advance(std::time::Duration::from_secs(5));
            for bytes in [&altered, &parcel[..at]] {
                let refused = deliver(&bench.app, &minh.device, bytes).await;
                assert!(matches!(refused, Err(Refusal::Parcel(_))), "byte {at}: {refused:?}");
            }
        }
        let mut read = bench.app.store.read().await.unwrap();
        assert_eq!(store::household::by_id(&mut read, home(1)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_carrier_brings_anothers_work_and_the_answer_says_what_became_of_it() {
        let bench = Bench::new().await;
        let (mut lan, mut minh) = two(&bench).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        let parcel = packed(&bench, &mut lan).await;
        let once = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
        let twice = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
        minh.sync(&bench).await;
        assert_eq!(minh.sees(home(1)).unwrap().answers["floor_area"], Value::Int(40));
        let mut read = bench.app.store.read().await.unwrap();
        let segments = store::segment::of_author(&mut read, &lan.phone.author()).await.unwrap();
        let carried = store::carriage::of_segment(&mut read, segments[0].head).await.unwrap();
        drop(read);
        assert_eq!(carried.iter().map(|carriage| carriage.carrier).collect::<Vec<_>>(), [minh.device.id]);
        for answer in [&once, &twice] {
            let (outcome, _) = lan.phone.parcel_answer(answer, 0).unwrap();
            assert_eq!((lan.phone.waiting(), outcome.remarks), (0, vec![]));
        }
        assert_eq!(lan.sees(home(1)), minh.sees(home(1)));
        assert!(lan.phone.households().all(|(_, document)| document.own.is_empty()));
    }

    #[tokio::test]
    async fn parcels_and_direct_exchanges_of_the_same_work_come_in_any_order() {
        let bench = Bench::new().await;
        let (mut lan, mut minh) = two(&bench).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        let first = packed(&bench, &mut lan).await;
        lan.write(bench.scope(0), home(2), [answer("floor_area", 50)]);
        let second = packed(&bench, &mut lan).await;
        let late = deliver(&bench.app, &minh.device, &second).await.unwrap();
        lan.sync(&bench).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 41)]);
        let later = deliver(&bench.app, &minh.device, &first).await.unwrap();
        for answer in [&later, &late, &later] {
            let (outcome, _) = lan.phone.parcel_answer(answer, 0).unwrap();
            assert_eq!(outcome.remarks, []);
        }
        let own: Vec<Standing> =
            lan.phone.households().flat_map(|(_, document)| &document.own).map(|own| own.standing).collect();
        assert_eq!((own.as_slice(), lan.phone.author().epoch), ([Standing::Waiting].as_slice(), 1));
        lan.sync(&bench).await;
        minh.sync(&bench).await;
        assert_eq!(lan.sees(home(1)), minh.sees(home(1)));
        assert_eq!(lan.sees(home(1)).unwrap().answers["floor_area"], Value::Int(41));
    }

    #[tokio::test]
    async fn a_key_that_was_replaced_still_opens_what_was_sealed_to_it() {
        let bench = Bench::new().await;
        let (mut lan, minh) = two(&bench).await;
        let old = key(&bench.app).await.unwrap();
        let parcel = packed(&bench, &mut lan).await;
        bench.app.clock.advance(std::time::Duration::from_secs(1));
        rotate(&bench.app).await.unwrap();
        let answer = deliver(&bench.app, &minh.device, &parcel).await.unwrap();
        let (_, learnt) = lan.phone.parcel_answer(&answer, 0).unwrap();
        assert_ne!(learnt, old);
        assert_eq!(learnt, key(&bench.app).await.unwrap());
    }
}
