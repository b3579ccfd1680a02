//! The one exchange of a normal day: takes what a phone brings, answers with what became of it and what is new.

use schemas::ids::UnitId;
use sync_protocol::journal::Scope;
use sync_protocol::message::{LogEnd, Request, Response, ScopeCursor};

use super::pages::{self, Pages};
use super::{Refusal, give_back, intake, late, parcel, set_back};
use crate::app::App;
use crate::domain::device::{ClockReading, Device};
use crate::domain::round::RoundState;
use crate::store::{self, Read, StoreError};

/// By how much a clock has to differ otherwise than before to be written down.
const NOTABLE_MS: u64 = 60_000;

/// Answers a phone's request. Everything in the answer is on disk.
pub async fn exchange(app: &App, device: &Device, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let request = Request::from_bytes(body).map_err(Refusal::Message);
    if let Some(refusal) = super::device::standing_of(app, device).await?.refusal() {
        let Ok(request) = request else { return Err(refusal) };
        return late::take(app, device, request, refusal).await;
    }
    let request = request?;
    note_clock(app, device, request.sent_at_ms).await?;
    answer(app, device, &request).await
}

/// Answers a request of a device that may ask, on whatever road it came.
pub(super) async fn answer(app: &App, device: &Device, request: &Request) -> Result<Vec<u8>, Refusal> {
    let chapters = give_back::take_all(app, device, request).await;
    let mut segments = Vec::with_capacity(request.segments.len());
    for bytes in &request.segments {
        segments.push(intake::take(app, device, bytes).await);
    }
    let mut read = app.store.read().await?;
    let logs = assigned(&mut read, device).await?;
    let forgotten = give_back::forgotten(app, &mut read, request, &logs).await?;
    let Pages { pages, packed, more, name_scopes } = pages::collect(app, &mut read, device, request, &logs).await?;
    let set_back = set_back::told(&mut read, request).await?;
    let scopes: Vec<Scope> = logs.into_iter().map(|(_, log)| log.at.scope).collect();
    let assigned = if is_known(request, &scopes) { None } else { Some(scopes) };
    let told = assigned.as_ref().filter(|_| request.version > 1);
    let village_keys = told.map(|scopes| scopes.iter().map(|scope| parcel::village_key(app, scope)).collect());
    let response = Response {
        // A device is answered in the version in which it asked.
        version: request.version,
        server_ms: app.clock.now().as_millisecond(),
        segments,
        pages,
        more,
        assigned,
        packed: (!packed.is_empty()).then(|| packed.into_iter().map(Into::into).collect()),
        name_scopes: name_scopes.then_some(true),
        chapters,
        forgotten: (!forgotten.is_empty()).then_some(forgotten),
        village_keys,
        set_back,
    };
    Ok(response.to_bytes())
}

/// Notes how far a device's clock is off, once that is noticeably otherwise than before.
async fn note_clock(app: &App, device: &Device, sent_at_ms: i64) -> Result<(), Refusal> {
    let (id, read_at) = (device.id, app.clock.now());
    let offset_ms = read_at.as_millisecond().saturating_sub(sent_at_ms);
    if device.clock.is_some_and(|known| known.offset_ms.abs_diff(offset_ms) <= NOTABLE_MS) {
        return Ok(());
    }
    let clock = ClockReading { offset_ms, read_at };
    let written: Result<(), StoreError> = app
        .store
        .write_in(device.account, "device/clock", move |tx| {
            Box::pin(async move { store::device::note_clock(tx, id, clock).await })
        })
        .await;
    Ok(written?)
}

/// Whether a device has named exactly the scopes that it is assigned to. Where it sent the hash of its logs' ends instead, the
/// hash says the same: it fits or the scopes are asked for.
fn is_known(request: &Request, assigned: &[Scope]) -> bool {
    let mut named: Vec<&Scope> = request.scopes.iter().map(|ScopeCursor { scope, .. }| scope).collect();
    let mut assigned: Vec<&Scope> = assigned.iter().collect();
    named.sort_unstable();
    assigned.sort_unstable();
    request.version > 1 && (request.holding.is_some() || named == assigned)
}

/// The logs of the villages that the device's holder surveys now, where each ends, with its commune.
pub(super) async fn assigned(read: &mut Read, device: &Device) -> Result<Vec<(UnitId, LogEnd)>, Refusal> {
    let mut logs = Vec::new();
    for round in store::round::all(read).await?.into_iter().filter(|round| round.state == RoundState::Open) {
        logs.extend(store::log::of_account(read, device.account, &round.id).await?);
    }
    Ok(logs)
}

#[cfg(test)]
mod tests {
    use schemas::value::Value;
    use sync_protocol::device::{Standing, View};
    use sync_protocol::message::{MessageFault, SegmentAnswer};
    use sync_protocol::verdict::Hold;

    use super::*;
    use crate::domain::field::DocumentKey;
    use crate::workflow::bench::{Bench, answer, home, round_id};
    use crate::workflow::document;

    #[tokio::test]
    async fn bytes_that_are_no_message_are_refused_by_name() {
        let bench = Bench::new().await;
        let lan = bench.phone(bench.lan, 11).await;
        let refused = exchange(&bench.app, &lan.device, b"hello").await;
        assert!(matches!(refused, Err(Refusal::Message(MessageFault::Unreadable))));
    }

    #[tokio::test]
    async fn anothers_segment_is_refused_and_written_down() {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        let minh = bench.phone(bench.minh, 12).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        let mut answers = Vec::new();
        for _ in 0..3 {
            let sync = lan.phone.request(0, 0);
            let response = exchange(&bench.app, &minh.device, &sync.bytes).await.unwrap();
            lan.phone.answer(&sync, &response, 0).unwrap();
            answers.extend(Response::from_bytes(&response).unwrap().segments);
        }
        // An intent is made in the name of whoever brings it: nothing fits until the segment comes as it was signed.
        assert!(answers[..2].iter().all(|answer| matches!(answer, SegmentAnswer::SendBytes(_))));
        assert_eq!(answers[2], SegmentAnswer::Refused("segment/foreign-author".to_owned()));
    }

    #[tokio::test]
    async fn work_in_a_village_one_is_not_assigned_to_waits_for_a_person() {
        let bench = Bench::new().await;
        bench.assign(bench.minh, 1).await;
        let mut minh = bench.phone(bench.minh, 12).await;
        minh.write(bench.scope(1), home(2), [answer("floor_area", 20)]);
        minh.sync(&bench).await;
        let mut lan = bench.phone(bench.lan, 11).await;
        // Lan's phone is made to hold Minh's village: a modified app, or an assignment that was taken back.
        let scope = bench.scope(1);
        lan.phone.apply(&sync_protocol::device::Record::Assigned(vec![bench.scope(0), scope.clone()]));
        lan.write(scope, home(3), [answer("floor_area", 9)]);
        lan.write(bench.scope(0), home(4), [answer("floor_area", 30)]);
        lan.sync(&bench).await;
        let standing = |household| {
            let (_, document) = lan.phone.households().find(|(id, _)| **id == household).unwrap();
            document.own.iter().map(|own| own.standing).collect::<Vec<_>>()
        };
        assert_eq!(standing(home(3)), [Standing::Held(Hold::OutOfScope)]);
        assert_eq!(standing(home(4)), []);
    }

    #[tokio::test]
    async fn work_passes_through_the_database_from_phone_to_phone() {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        let mut minh = bench.phone(bench.minh, 12).await;
        for n in 1..6 {
            lan.write(bench.scope(0), home(n), [answer("floor_area", i64::from(n)), answer("internet", true)]);
        }
        assert_eq!(lan.sync(&bench).await, []);
        assert_eq!(minh.sync(&bench).await, []);
        minh.write(bench.scope(0), home(3), [answer("floor_area", 33)]);
        lan.write(bench.scope(0), home(3), [answer("floor_area", 34)]);
        assert_eq!(minh.sync(&bench).await, []);
        assert_eq!(lan.sync(&bench).await, []);
        assert_eq!(minh.sync(&bench).await, []);
        assert_eq!(lan.sees(home(3)), minh.sees(home(3)));
        assert_eq!(lan.phone.disagreements(&home(3), View::Accepted).len(), 1);
        let bench = bench.restarted().await;
        assert_eq!(lan.sync(&bench).await, []);
        let mut fresh = bench.phone(bench.minh, 13).await;
        assert_eq!(fresh.sync(&bench).await, []);
        assert_eq!(fresh.sees(home(3)), lan.sees(home(3)));
        assert_eq!(fresh.sees(home(5)).unwrap().answers["floor_area"], Value::Int(5));
    }

    #[tokio::test]
    async fn the_cache_and_the_change_log_say_the_same() {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        lan.sync(&bench).await;
        for area in 41..50 {
            lan.write(bench.scope(0), home(1), [answer("floor_area", area)]);
        }
        lan.sync(&bench).await;
        let mut read = bench.app.store.read().await.unwrap();
        let known = store::household::by_id(&mut read, home(1)).await.unwrap().unwrap();
        let opened = document::open(&bench.app, &mut read, known, &round_id()).await.unwrap().unwrap();
        let place = DocumentKey { commune: bench.commune, round: round_id(), household: home(1) };
        assert_eq!(document::from_log(&mut read, &place, &opened.key).await.unwrap().len(), 10);
        assert_eq!(opened.history.nodes().len(), 10);
        assert_eq!(opened.history.heads(), opened.stored_heads());
    }
}
