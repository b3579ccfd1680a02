//! Households that move between two villages, on a real database: what both logs say, and what each phone makes of it.

use schemas::ids::HouseholdId;
use schemas::ledger::LedgerEntry;
use schemas::value::Value;
use sync_protocol::device::{Standing, Status, View};
use sync_protocol::verdict::Hold;

use super::*;
use crate::domain::blob::{BlobId, hash_of};
use crate::domain::field::DocumentKey;
use crate::domain::review::Said;
use crate::domain::role::Role;
use crate::workflow::bench::{Bench, Carried, answer, home, permit, poor_interview, round_id};
use crate::workflow::inbox::Matter;
use crate::workflow::{blob, household, inbox, quarantine, rebuild, review, round};

const REASON: &str = "chuyển nhà sang bản bên";

/// A commune in which Lan surveys the first village and Minh the second; home 1 is in the first.
struct Field {
    bench: Bench,
    lan: Carried,
    minh: Carried,
    hoa: Permit,
}

impl Field {
    async fn new() -> Self {
        let bench = Bench::new().await;
        bench.assign(bench.minh, 1).await;
        bench.unassign(bench.minh, 0).await;
        let (mut lan, minh) = (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await);
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        lan.sync(&bench).await;
        lan.write(bench.scope(0), home(1), [answer("internet", true)]);
        lan.sync(&bench).await;
        let hoa = permit(&bench, "hoa", Role::Reviewer).await;
        Self { bench, lan, minh, hoa }
    }

    fn case(&self) -> CaseId {
        CaseId { round: round_id(), commune: self.bench.commune, household: home(1) }
    }

    async fn heads(&self) -> Vec<ChangeHash> {
        household::page(&self.bench.app, &self.hoa, self.case()).await.unwrap().heads
    }

    async fn try_move(&self, village: UnitId, reason: &str) -> Result<u64, Refusal> {
        let seen = self.heads().await;
        move_to(&self.bench.app, &self.hoa, self.case(), seen, village, reason.to_owned()).await
    }

    async fn move_to(&self, village: usize) -> u64 {
        self.try_move(self.bench.villages[village], REASON).await.unwrap()
    }

    async fn sync(&mut self) {
        assert_eq!(self.lan.sync(&self.bench).await, []);
        assert_eq!(self.minh.sync(&self.bench).await, []);
    }

    async fn assert_sound(&self) {
        assert_eq!(rebuild::rebuild(&self.bench.app).await.unwrap().differences, []);
    }

    fn needs(&self, phone: &Carried) -> Vec<&'static str> {
        status(phone, home(1)).needs.into_iter().map(|need| need.slug).collect()
    }
}

fn status(phone: &Carried, id: HouseholdId) -> Status {
    let (household, document) = phone.phone.households().find(|(household, _)| **household == id).unwrap();
    phone.phone.status(household, document)
}

fn standings(phone: &Carried) -> Vec<Standing> {
    let (_, document) = phone.phone.households().find(|(household, _)| **household == home(1)).unwrap();
    document.own.iter().map(|own| own.standing).collect()
}

#[tokio::test]
async fn a_household_moves_only_for_a_reason_from_what_was_seen_and_to_another_village_of_its_commune() {
    let mut field = Field::new().await;
    let [own, other] = field.bench.villages;
    assert!(matches!(field.try_move(other, " ").await, Err(Refusal::ReasonNeeded)));
    for nowhere in [own, field.bench.commune, UnitId(999)] {
        assert!(matches!(field.try_move(nowhere, REASON).await, Err(Refusal::NotAnotherVillage)), "{nowhere}");
    }
    let seen = field.heads().await;
    field.lan.write(field.bench.scope(0), home(1), [answer("radio", true)]);
    field.sync().await;
    let stale = move_to(&field.bench.app, &field.hoa, field.case(), seen, other, REASON.to_owned()).await;
    assert!(matches!(stale, Err(Refusal::StaleHeads)));
    let compiler = permit(&field.bench, "phuc", Role::Compiler).await;
    round::close(&field.bench.app, &compiler, round_id()).await.unwrap();
    assert!(matches!(field.try_move(other, REASON).await, Err(Refusal::RoundNot(RoundState::Open))));
    field.assert_sound().await;
}

#[tokio::test]
async fn the_new_village_has_the_whole_history_and_the_old_one_lets_go() {
    let mut field = Field::new().await;
    let before = field.lan.sees(home(1)).unwrap();
    field.lan.write(field.bench.scope(0), home(2), [answer("floor_area", 22)]);
    let number = field.move_to(1).await;
    field.sync().await;
    assert_eq!(field.minh.sees(home(1)), Some(before.clone()));
    assert_eq!(field.lan.sees(home(1)), None);
    assert!(field.lan.sees(home(2)).is_some());
    field.minh.write(field.bench.scope(1), home(1), [answer("floor_area", 44)]);
    field.sync().await;
    let mut fresh = field.bench.phone(field.bench.minh, 13).await;
    assert_eq!(fresh.sync(&field.bench).await, []);
    assert_eq!(fresh.sees(home(1)), field.minh.sees(home(1)));
    assert_eq!(fresh.phone.history(&home(1), View::Accepted).unwrap().nodes().len(), 3);
    let mut late = field.bench.phone(field.bench.lan, 14).await;
    assert_eq!(late.sync(&field.bench).await, []);
    assert_eq!(late.sees(home(1)), None);
    let texts = store::ledger::texts(&mut field.bench.app.store.read().await.unwrap(), field.bench.commune).await;
    let entry: LedgerEntry = serde_json::from_str(&texts.unwrap()[number as usize - 1]).unwrap();
    assert!(matches!(entry.decision, Decision::Moved { from, village, .. } if [from, village] == field.bench.villages));
    field.assert_sound().await;
}

#[tokio::test]
async fn what_was_written_before_the_move_waits_for_a_person_and_its_author_hears_the_end() {
    let mut field = Field::new().await;
    field.lan.write(field.bench.scope(0), home(1), [answer("radio", true)]);
    field.move_to(1).await;
    field.sync().await;
    assert_eq!(standings(&field.lan), [Standing::Held(Hold::OutOfScope)]);
    assert_eq!(field.needs(&field.lan), ["change/out-of-scope", "household/left"]);
    let held = field.lan.phone.history(&home(1), View::Mine).unwrap().heads()[0];
    quarantine::release(&field.bench.app, &field.hoa, field.case(), held, REASON.to_owned()).await.unwrap();
    field.sync().await;
    assert!(field.lan.phone.households().all(|(household, _)| *household != home(1)), "told, and let go");
    let seen = field.minh.sees(home(1)).unwrap();
    assert_eq!(seen.answers["radio"], Value::Bool(true));
    field.assert_sound().await;
}

#[tokio::test]
async fn what_is_left_out_after_the_move_is_told_where_it_was_written() {
    let mut field = Field::new().await;
    field.lan.write(field.bench.scope(0), home(1), [answer("radio", true)]);
    field.move_to(1).await;
    field.sync().await;
    let held = field.lan.phone.history(&home(1), View::Mine).unwrap().heads()[0];
    quarantine::set_aside(&field.bench.app, &field.hoa, field.case(), held, REASON.to_owned()).await.unwrap();
    field.sync().await;
    assert_eq!(field.needs(&field.lan), ["change/rejected-by-reviewer", "household/left"]);
    field.assert_sound().await;
}

#[tokio::test]
async fn whoever_surveys_both_villages_goes_on_whatever_log_is_read_first() {
    let mut field = Field::new().await;
    for (account, village) in [(field.bench.lan, 1), (field.bench.minh, 0)] {
        field.bench.assign(account, village).await;
    }
    field.sync().await;
    field.lan.write(field.bench.scope(0), home(1), [answer("radio", true)]);
    field.move_to(1).await;
    field.minh.write(field.bench.scope(0), home(1), [answer("floor_area", 41)]);
    field.sync().await;
    field.lan.write(field.bench.scope(1), home(1), [answer("floor_area", 42)]);
    field.sync().await;
    field.sync().await;
    assert_eq!(field.lan.sees(home(1)), field.minh.sees(home(1)));
    assert_eq!(field.lan.phone.history(&home(1), View::Accepted).unwrap().nodes().len(), 5);
    field.move_to(0).await;
    field.sync().await;
    field.move_to(1).await;
    field.move_to(0).await;
    field.minh.write(field.bench.scope(0), home(1), [answer("internet", false)]);
    field.sync().await;
    field.sync().await;
    assert_eq!(field.lan.sees(home(1)), field.minh.sees(home(1)));
    assert_eq!(field.lan.phone.history(&home(1), View::Accepted).unwrap().nodes().len(), 6);
    field.assert_sound().await;
}

#[tokio::test]
async fn what_was_accepted_is_to_be_accepted_again_where_it_is_now() {
    let mut field = Field::new().await;
    field.lan.write(field.bench.scope(0), home(1), poor_interview());
    field.sync().await;
    let page = household::page(&field.bench.app, &field.hoa, field.case()).await.unwrap();
    let Value::Int(points) = page.household.answers["b1_points"] else { panic!("points") };
    review::confirm_points(&field.bench.app, &field.hoa, field.case(), points).await.unwrap();
    review::accept(&field.bench.app, &field.hoa, field.case(), page.heads.clone()).await.unwrap();
    field.move_to(1).await;
    let items = inbox::list(&field.bench.app, &field.hoa, field.bench.commune, &round_id()).await.unwrap();
    let matters: Vec<_> = items.into_iter().map(|item| (item.matter, item.village)).collect();
    assert_eq!(matters, [(Matter::ReadyToAccept, Some(field.bench.villages[1]))]);
    review::accept(&field.bench.app, &field.hoa, field.case(), page.heads).await.unwrap();
    let place = DocumentKey { commune: field.bench.commune, round: round_id(), household: home(1) };
    let mut read = field.bench.app.store.read().await.unwrap();
    let review = store::review::by_key(&mut read, &place).await.unwrap().unwrap();
    assert!(matches!(review.last, Some((Said::Accepted, ..))));
    field.assert_sound().await;
}

#[tokio::test]
async fn a_photo_that_was_announced_before_the_move_comes_after_it() {
    let mut field = Field::new().await;
    let photo = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 60]].concat();
    let id = BlobId { household: home(1), hash: hash_of(&photo) };
    let clocks = sync_protocol::device::Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 1 };
    field.lan.phone.attach(id.household, id.hash, photo.len() as u64, clocks).unwrap();
    field.sync().await;
    field.move_to(1).await;
    field.sync().await;
    assert!(blob::take_part(&field.bench.app, &field.lan.device, id, 0, &photo).await.unwrap().there);
    assert_eq!(blob::for_device(&field.bench.app, &field.minh.device, id).await.unwrap().bytes, photo);
}

#[tokio::test]
async fn a_log_that_never_heard_of_the_household_is_named_by_rebuilding() {
    let field = Field::new().await;
    let place = DocumentKey { commune: field.bench.commune, round: round_id(), household: home(1) };
    let (key, village) = (place.clone(), field.bench.villages[1]);
    let spoiled: Result<(), Refusal> = field
        .bench
        .app
        .store
        .write("spoil", move |tx| {
            Box::pin(async move {
                let state = store::document::by_key(tx, &key).await?.unwrap();
                let state = crate::domain::field::DocumentState { village, ..state };
                Ok(store::document::put(tx, &key, &state).await?)
            })
        })
        .await;
    spoiled.unwrap();
    let rebuilt = rebuild::rebuild(&field.bench.app).await.unwrap();
    assert!(rebuilt.differences.contains(&rebuild::Difference::Village(place)), "{:?}", rebuilt.differences);
}
