//! Photos at the server: what is refused, what is written down, and what comes of parts that come twice or never.

use schemas::ids::HouseholdId;
use sync_protocol::device::{Clocks, Record};

use super::*;
use crate::domain::log::SecurityEvent;
use crate::domain::role::Role;
use crate::workflow::bench::{Bench, Carried, answer, home, permit, round_id};
use crate::workflow::{household, housekeeping, review};

const CLOCKS: Clocks = Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 1 };

/// A picture as far as its first bytes say.
fn picture(length: usize) -> Vec<u8> {
    let body = (0..length.saturating_sub(4)).map(|at| (at % 251) as u8);
    [0xff, 0xd8, 0xff, 0xe0].into_iter().chain(body).collect()
}

fn named(household: HouseholdId, bytes: &[u8]) -> BlobId {
    BlobId { household, hash: hash_of(bytes) }
}

/// Lan's phone with a household at the server.
async fn lan(bench: &Bench) -> Carried {
    let mut lan = bench.phone(bench.lan, 11).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    lan.sync(bench).await;
    lan
}

/// Announces a blob of so many bytes.
async fn announce(bench: &Bench, phone: &mut Carried, id: BlobId, size_bytes: usize) {
    phone.phone.attach(id.household, id.hash, size_bytes as u64, CLOCKS).unwrap();
    assert_eq!(phone.sync(bench).await, []);
}

async fn fault(bench: &Bench, device: &Device, id: BlobId, offset: u64, bytes: &[u8]) -> BlobFault {
    match take_part(&bench.app, device, id, offset, bytes).await {
        Err(Refusal::Blob(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// The photos that were written down as refused.
async fn evidence(bench: &Bench) -> Vec<String> {
    let mut read = bench.app.store.read().await.unwrap();
    let events = store::security_event::newest(&mut read, 50).await.unwrap();
    let refused = events.into_iter().filter(|event| event.kind == SecurityEventKind::BlobRefused);
    let slug = |event: SecurityEvent| event.subject.rsplit(' ').next().unwrap().to_owned();
    refused.map(slug).collect()
}

#[tokio::test]
async fn what_nobody_or_only_another_device_announced_is_not_taken() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    let other = bench.phone(bench.lan, 12).await;
    let photo = picture(100);
    let id = named(home(1), &photo);
    assert_eq!(fault(&bench, &lan.device, id, 0, &photo).await, BlobFault::NotAnnounced);
    announce(&bench, &mut lan, id, 100).await;
    assert_eq!(fault(&bench, &other.device, id, 0, &photo).await, BlobFault::NotAnnounced);
    assert_eq!(fault(&bench, &lan.device, named(home(9), &photo), 0, &photo).await, BlobFault::NotAnnounced);
    assert!(evidence(&bench).await.is_empty(), "an honest phone may be early");
}

#[tokio::test]
async fn a_household_outside_of_ones_villages_takes_no_photo_and_gives_none() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    let minh = bench.phone(bench.minh, 12).await;
    let photo = picture(100);
    let id = named(home(1), &photo);
    announce(&bench, &mut lan, id, 100).await;
    take_part(&bench.app, &lan.device, id, 0, &photo).await.unwrap();
    assert_eq!(for_device(&bench.app, &minh.device, id).await.unwrap().bytes, photo);
    let second = picture(90);
    let later = named(home(1), &second);
    announce(&bench, &mut lan, later, 90).await;
    bench.unassign(bench.lan, 0).await;
    assert_eq!(fault(&bench, &lan.device, later, 0, &second).await, BlobFault::OutOfScope);
    let hidden = for_device(&bench.app, &lan.device, id).await;
    assert!(matches!(hidden, Err(Refusal::Blob(BlobFault::NotFound))));
    assert_eq!(evidence(&bench).await, ["blob/out-of-scope"]);
}

#[tokio::test]
async fn a_photo_of_a_household_whose_only_change_is_held_comes_and_is_seen_by_whoever_decides() {
    let bench = Bench::new().await;
    let mut lan = bench.phone(bench.lan, 11).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
    bench.unassign(bench.lan, 0).await;
    let photo = picture(100);
    let id = named(home(1), &photo);
    announce(&bench, &mut lan, id, 100).await;
    // While the village is somebody else's, the phone keeps it.
    assert_eq!(fault(&bench, &lan.device, id, 0, &photo).await, BlobFault::OutOfScope);
    bench.assign(bench.lan, 0).await;
    assert!(take_part(&bench.app, &lan.device, id, 0, &photo).await.unwrap().there);
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    let case = CaseId { round: round_id(), commune: bench.commune, household: home(1) };
    let page = household::page(&bench.app, &hoa, case.clone()).await.unwrap();
    assert_eq!((page.heads.len(), page.changes.len(), page.blobs.len()), (1, 1, 1));
    assert_eq!(for_reader(&bench.app, &hoa, case, id.hash).await.unwrap().bytes, photo);
}

#[tokio::test]
async fn lies_about_size_place_content_and_kind_are_refused_by_name_and_written_down() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    let photo = picture(100);
    let id = named(home(1), &photo);
    announce(&bench, &mut lan, id, 100).await;
    assert_eq!(fault(&bench, &lan.device, id, 1, &photo[1..]).await, BlobFault::Offset(0));
    assert_eq!(fault(&bench, &lan.device, id, u64::MAX, &photo).await, BlobFault::TooLong);
    assert_eq!(fault(&bench, &lan.device, id, 0, &picture(101)).await, BlobFault::TooLong);
    let other = vec![0xff; 100];
    assert_eq!(fault(&bench, &lan.device, id, 0, &other).await, BlobFault::WrongHash);
    assert_eq!(progress(&bench.app, &lan.device, id).await.unwrap().received, 0, "it starts over");
    let text = b"GIF89a is not kept".to_vec();
    let gif = named(home(1), &text);
    announce(&bench, &mut lan, gif, text.len()).await;
    assert_eq!(fault(&bench, &lan.device, gif, 0, &text).await, BlobFault::MediaType);
    let huge = BlobId { household: home(1), hash: BlobHash([5; 32]) };
    announce(&bench, &mut lan, huge, 3 << 20).await;
    assert_eq!(fault(&bench, &lan.device, huge, 0, b"x").await, BlobFault::TooLarge);
    let mut written = evidence(&bench).await;
    written.sort();
    let expected =
        ["blob/media-type", "blob/too-large", "blob/too-long", "blob/too-long", "blob/wrong-hash"].map(str::to_owned);
    assert_eq!(written, expected);
    take_part(&bench.app, &lan.device, id, 0, &photo).await.unwrap();
    assert_eq!(for_device(&bench.app, &lan.device, id).await.unwrap().bytes, photo, "the honest one still comes");
}

#[tokio::test]
async fn a_household_has_room_for_so_many_photos_and_a_day_for_so_many_bytes() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    for n in 0..=MAX_BLOBS_OF_HOUSEHOLD {
        let photo = picture(10 + n);
        let id = named(home(1), &photo);
        announce(&bench, &mut lan, id, photo.len()).await;
        let taken = take_part(&bench.app, &lan.device, id, 0, &photo).await;
        match n < MAX_BLOBS_OF_HOUSEHOLD {
            true => assert!(taken.unwrap().there),
            false => assert!(matches!(taken, Err(Refusal::Blob(BlobFault::HouseholdFull)))),
        }
    }
    lan.write(bench.scope(0), home(2), [answer("floor_area", 41)]);
    lan.sync(&bench).await;
    let filled = StoredBlob {
        id: named(home(2), b"filled"),
        device: lan.device.id,
        media_type: MediaType::Jpeg,
        size_bytes: MAX_BYTES_OF_DAY,
        completed_at: bench.app.clock.now(),
        sealed: Vec::new(),
    };
    let commune = bench.commune;
    let written: Result<(), StoreError> = bench
        .app
        .store
        .write("test", move |tx| Box::pin(async move { store::blob::put(tx, commune, &filled).await }))
        .await;
    written.unwrap();
    let photo = picture(77);
    let id = named(home(2), &photo);
    announce(&bench, &mut lan, id, 77).await;
    assert_eq!(fault(&bench, &lan.device, id, 0, &photo).await, BlobFault::DayFull);
    bench.app.clock.advance(std::time::Duration::from_secs(24 * 3600));
    assert!(take_part(&bench.app, &lan.device, id, 0, &photo).await.unwrap().there, "tomorrow it goes on");
}

#[tokio::test]
async fn parts_may_come_twice_overlap_and_come_from_two_phones_at_once() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    let mut minh = bench.phone(bench.minh, 12).await;
    let photo = picture(1_000);
    let id = named(home(1), &photo);
    announce(&bench, &mut lan, id, 1_000).await;
    announce(&bench, &mut minh, id, 1_000).await;
    let received = async |offset: usize, end: usize| {
        take_part(&bench.app, &lan.device, id, offset as u64, &photo[offset..end]).await.unwrap().received
    };
    assert_eq!(received(0, 400).await, 400);
    assert_eq!(received(0, 400).await, 400, "the answer was lost");
    assert_eq!(received(300, 600).await, 600, "the rest of what overlaps");
    let spoiled = vec![7; 600];
    assert_eq!(take_part(&bench.app, &minh.device, id, 0, &spoiled).await.unwrap().received, 600, "its own parts");
    let (one, two) = tokio::join!(received(600, 900), received(600, 900));
    assert_eq!((one, two), (900, 900));
    assert!(!progress(&bench.app, &lan.device, id).await.unwrap().there);
    assert!(take_part(&bench.app, &lan.device, id, 900, &photo[900..]).await.unwrap().there);
    assert!(take_part(&bench.app, &lan.device, id, 900, &photo[900..]).await.unwrap().there, "once more");
    assert!(progress(&bench.app, &minh.device, id).await.unwrap().there, "nothing is left to bring");
    let bench = bench.restarted().await;
    assert_eq!(for_device(&bench.app, &lan.device, id).await.unwrap().bytes, photo);
}

#[tokio::test]
async fn a_photo_that_is_missing_holds_up_neither_data_nor_acceptance_and_erasure_takes_it_along() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    let photo = picture(500);
    let id = named(home(1), &photo);
    announce(&bench, &mut lan, id, 500).await;
    take_part(&bench.app, &lan.device, id, 0, &photo[..200]).await.unwrap();
    lan.write(bench.scope(0), home(1), [answer("floor_area", 41)]);
    assert_eq!(lan.sync(&bench).await, []);
    assert_eq!(lan.sees(home(1)).unwrap().answers["floor_area"], schemas::value::Value::Int(41));
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    let case = CaseId { round: round_id(), commune: bench.commune, household: home(1) };
    let page = household::page(&bench.app, &hoa, case.clone()).await.unwrap();
    assert_eq!(page.blobs.iter().map(|blob| blob.state).collect::<Vec<_>>(), [BlobState::Partly(200)]);
    let refused = review::accept(&bench.app, &hoa, case.clone(), page.heads).await;
    assert!(!matches!(refused, Err(Refusal::Blob(_))), "what an acceptance misses is never a photo");
    let not_yet = for_reader(&bench.app, &hoa, case.clone(), id.hash).await;
    assert!(matches!(not_yet, Err(Refusal::Blob(BlobFault::NotFound))));
    take_part(&bench.app, &lan.device, id, 200, &photo[200..]).await.unwrap();
    assert_eq!(for_reader(&bench.app, &hoa, case.clone(), id.hash).await.unwrap().bytes, photo);
    let commune = bench.commune;
    let erased: Result<(), StoreError> = bench
        .app
        .store
        .write("test", move |tx| Box::pin(async move { store::household::erase(tx, commune, home(1)).await }))
        .await;
    erased.unwrap();
    assert!(matches!(for_reader(&bench.app, &hoa, case, id.hash).await, Err(Refusal::Erased)));
    let mut read = bench.app.store.read().await.unwrap();
    assert_eq!(store::blob::by_id(&mut read, commune, id).await.unwrap(), None);
}

#[tokio::test]
async fn parts_of_a_photo_that_never_becomes_whole_are_forgotten_and_may_begin_again() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    let photo = picture(500);
    let id = named(home(1), &photo);
    announce(&bench, &mut lan, id, 500).await;
    take_part(&bench.app, &lan.device, id, 0, &photo[..200]).await.unwrap();
    assert_eq!(housekeeping::forget_ended(&bench.app).await.unwrap().blob_parts, 0);
    bench.app.clock.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    assert_eq!(housekeeping::forget_ended(&bench.app).await.unwrap().blob_parts, 1);
    assert!(take_part(&bench.app, &lan.device, id, 0, &photo).await.unwrap().there);
}

#[tokio::test]
async fn a_segment_that_was_cut_otherwise_brings_its_commands_once() {
    let bench = Bench::new().await;
    let mut lan = lan(&bench).await;
    let waiting: Vec<Record> =
        (0..3).flat_map(|n| lan.phone.command(bench.scope(0), vec![n], CLOCKS).unwrap()).collect();
    assert_eq!(waiting.len(), 3);
    let whole = lan.phone.request(CLOCKS.wall_ms, 0);
    exchange::exchange(&bench.app, &lan.device, &whole.bytes).await.unwrap();
    // Its answer was lost, and the phone goes on in smaller portions.
    let portion = sync_protocol::device::Portion::of(1, 0);
    while lan.phone.waiting() > 0 {
        let sync = lan.phone.request_in(CLOCKS.wall_ms, portion);
        let response = exchange::exchange(&bench.app, &lan.device, &sync.bytes).await.unwrap();
        lan.phone.answer(&sync, &response, CLOCKS.wall_ms).unwrap();
    }
    let mut read = bench.app.store.read().await.unwrap();
    assert_eq!(store::segment::commands(&mut read, bench.commune).await.unwrap().len(), 3);
}
