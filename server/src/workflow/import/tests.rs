//! Imports of made-up workbooks into a real database.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::StdRng;
use schemas::codes::cause::Cause;
use schemas::date::PartialDate;
use schemas::ledger::verify;
use schemas::value::Value;
use sync_protocol::device::View;

use super::*;
use crate::documents::child::Reader;
use crate::documents::workbook::sample::{self, SampleCommune};
use crate::documents::workbook::{RosterBook, Sheet, write_roster};
use crate::domain::listing::{ListedFacts, ListedOn};
use crate::seal::Subject;
use crate::workflow::bench::{Bench, answer, round_id};
use crate::workflow::document;
use crate::workflow::rebuild::rebuild;

struct Office {
    bench: Bench,
}

fn commune(villages: usize, households: usize) -> Vec<SampleCommune> {
    vec![SampleCommune { name: "Xã Tân Trịnh".into(), code: "01243".into(), villages, households, serials_from: 0 }]
}

fn book(villages: usize, households: usize) -> RosterBook {
    sample::book(&commune(villages, households), &mut StdRng::seed_from_u64(7))
}

fn bytes(book: &RosterBook) -> Vec<u8> {
    write_roster(book, sample::LISTED_ON).unwrap()
}

impl Office {
    async fn new() -> Self {
        let mut bench = Bench::new().await;
        bench.app.workbooks = Reader::Here;
        Self { bench }
    }

    fn order(&self, bytes: &[u8], mode: Mode) -> Order {
        let file = self.bench.directory.path().join("danh-sach.xlsx");
        std::fs::write(&file, bytes).unwrap();
        Order { commune: self.bench.commune, round: round_id(), file, mode }
    }

    async fn import_in(&self, mode: Mode, bytes: &[u8]) -> Result<Imported, Refusal> {
        import_as(&self.bench.app, self.bench.lan, self.order(bytes, mode), Arc::new(|_| {})).await
    }

    async fn import(&self, bytes: &[u8]) -> Imported {
        self.import_in(Mode::Write, bytes).await.unwrap()
    }

    /// Everything that an import may write, as far as it is not sealed with fresh chance.
    async fn written(&self) -> (Vec<(HouseholdId, Vec<sync_protocol::hash::ChangeHash>)>, Vec<String>) {
        let (commune, mut read) = (self.bench.commune, self.bench.app.store.read().await.unwrap());
        let documents = store::document::of_commune(&mut read, commune, &round_id()).await.unwrap();
        let ledger = store::ledger::texts(&mut read, commune).await.unwrap();
        (documents.into_iter().map(|state| (state.household, state.heads)).collect(), ledger)
    }

    async fn household(&self, id: HouseholdId) -> schemas::household::Household {
        let mut read = self.bench.app.store.read().await.unwrap();
        let home = store::household::by_id(&mut read, id).await.unwrap().unwrap();
        let opened = document::open(&self.bench.app, &mut read, home, &round_id()).await.unwrap().unwrap();
        opened.history.current()
    }

    /// The household whose head has this name.
    async fn headed_by(&self, name: &str) -> schemas::household::Household {
        let mut read = self.bench.app.store.read().await.unwrap();
        let views = store::view::of_commune(&mut read, self.bench.commune, &round_id()).await.unwrap();
        let view = views.iter().find(|view| view.head_name == name).expect(name);
        self.household(view.household).await
    }
}

fn slugs(imported: &Imported) -> BTreeSet<&str> {
    imported.lines.iter().map(|line| line.slug.as_str()).collect()
}

#[tokio::test]
async fn what_is_no_workbook_or_no_place_for_one_is_refused_and_nothing_is_written() {
    let office = Office::new().await;
    let refused = office.import_in(Mode::Write, b"<html>").await;
    assert!(matches!(refused, Err(Refusal::Workbook(_))), "{refused:?}");
    let book = bytes(&book(1, 2));
    let order = office.order(&book, Mode::Write);
    let elsewhere = |order| import_as(&office.bench.app, office.bench.lan, order, Arc::new(|_| {}));
    let village = Order { commune: office.bench.villages[0], ..order.clone() };
    assert!(matches!(elsewhere(village).await, Err(Refusal::UnitNotFound)));
    let round = Order { round: "2031".parse().unwrap(), ..order };
    assert!(matches!(elsewhere(round).await, Err(Refusal::RoundNotFound)));
    assert_eq!(office.written().await, (vec![], vec![]));
}

#[tokio::test]
async fn a_closed_round_takes_no_list() {
    let office = Office::new().await;
    let closed: Result<(), crate::store::StoreError> = office
        .bench
        .app
        .store
        .write("test", |tx| Box::pin(async move { store::round::set_state(tx, &round_id(), RoundState::Closed).await }))
        .await;
    closed.unwrap();
    let refused = office.import_in(Mode::Write, &bytes(&book(1, 1))).await;
    assert!(matches!(refused, Err(Refusal::RoundClosed)));
}

#[tokio::test]
async fn households_of_another_commune_are_left_out_row_by_row() {
    let office = Office::new().await;
    let mut list = book(1, 3);
    list.escaped_poor.clear();
    list.escaped_near_poor.clear();
    list.listed[1].place.commune = "Xã Yên Thành".into();
    let imported = office.import(&bytes(&list)).await;
    assert_eq!((imported.counts.added, imported.counts.left_out), (2, 1));
    let rows = imported.lines.iter().filter(|line| line.slug == "commune/other").count();
    assert_eq!(rows, list.listed[1].members.len());
}

#[tokio::test]
async fn a_dry_run_says_what_an_import_does_and_writes_nothing() {
    let office = Office::new().await;
    let file = bytes(&book(2, 6));
    let dry = office.import_in(Mode::DryRun, &file).await.unwrap();
    assert_eq!(office.written().await, (vec![], vec![]));
    let mut read = office.bench.app.store.read().await.unwrap();
    let today = office.bench.app.clock.today();
    assert_eq!(store::unit::children(&mut read, office.bench.commune, today).await.unwrap().len(), 2);
    assert_eq!(office.import(&file).await, dry);
}

#[tokio::test]
async fn a_file_imported_twice_changes_nothing() {
    let office = Office::new().await;
    let file = bytes(&book(2, 10));
    let first = office.import(&file).await;
    let written = office.written().await;
    let second = office.import(&file).await;
    assert_eq!(office.written().await, written);
    assert_eq!(second.counts, Counts { unchanged: first.counts.added, ..Counts::default() });
}

#[tokio::test]
async fn two_servers_make_the_same_changes_of_one_file() {
    let file = bytes(&book(2, 10));
    let (one, other) = (Office::new().await, Office::new().await);
    one.import(&file).await;
    other.import(&file).await;
    assert_eq!(one.written().await.0, other.written().await.0);
    assert!(one.written().await.0.len() > 20);
}

#[tokio::test]
async fn caches_and_views_of_imported_households_are_what_a_rebuild_makes() {
    let office = Office::new().await;
    let mut list = book(2, 8);
    office.import(&bytes(&list)).await;
    list.listed[0].members[0].born = Some("1950".parse::<PartialDate>().unwrap());
    office.import(&bytes(&list)).await;
    let rebuilt = rebuild(&office.bench.app).await.unwrap();
    assert_eq!((rebuilt.documents, rebuilt.differences), (20, vec![]));
}

#[tokio::test]
async fn a_corrected_list_changes_what_differs_and_adds_what_is_new() {
    let office = Office::new().await;
    let mut list = book(1, 5);
    office.import(&bytes(&list)).await;
    let before = office.written().await.0;
    let last = list.listed[0].members.len() - 1;
    let gone = list.listed[0].members.remove(last).name;
    list.listed[1].members[0].born = Some("1950".parse::<PartialDate>().unwrap());
    list.listed[1].causes = vec![Cause::Illness];
    let mut added = list.listed[2].clone();
    added.number = "999".into();
    added.members.truncate(1);
    added.members[0].name = "Vàng Thị Mỷ".into();
    added.members[0].number = None;
    list.listed.push(added);
    let imported = office.import(&bytes(&list)).await;
    let counts = imported.counts;
    assert_eq!((counts.added, counts.changed, counts.left_out), (1, 2, 0), "{:?}", slugs(&imported));
    assert_eq!(office.written().await.0.len(), before.len() + 1);
    let corrected = office.headed_by(&list.listed[1].members[0].name).await;
    assert!(corrected.members.values().any(|person| person.get("born") == Some(&Value::from("1950"))));
    let causes: Vec<&str> =
        corrected.answers.keys().map(|key| key.as_str()).filter(|k| k.starts_with("cause_")).collect();
    assert_eq!(causes, ["cause_illness"]);
    let shortened = office.headed_by(&list.listed[0].members[0].name).await;
    let member = shortened.members.values().find(|person| person.get("full_name") == Some(&Value::from(gone.as_str())));
    assert_eq!(member.unwrap()["status"], Value::from("mistake"));
}

#[tokio::test]
async fn what_a_person_has_edited_is_reported_and_never_overwritten() {
    let office = Office::new().await;
    let mut list = book(1, 4);
    list.listed.iter_mut().for_each(|household| household.place.village = "Bản Một".into());
    list.escaped_poor.clear();
    list.escaped_near_poor.clear();
    office.import(&bytes(&list)).await;
    let mut lan = office.bench.phone(office.bench.lan, 11).await;
    let seen: Vec<HouseholdId> = lan.phone.households().map(|(id, _)| *id).collect();
    assert_eq!(seen.len(), 4, "a phone sees what was imported");
    let target = office.headed_by(&list.listed[0].members[0].name).await.household;
    lan.write(office.bench.scope(0), target, [answer("phone", "0912345678")]);
    assert_eq!(lan.sync(&office.bench).await, []);
    assert_eq!(office.import(&bytes(&list)).await.counts.unchanged, 4);
    list.listed[0].members[0].born = Some("1951".parse().unwrap());
    list.listed[1].members[0].born = Some("1952".parse().unwrap());
    let imported = office.import(&bytes(&list)).await;
    assert_eq!((imported.counts.changed, imported.counts.left_out, imported.counts.unchanged), (1, 1, 2));
    let line = imported.lines.iter().find(|line| line.slug == "household/edited").unwrap();
    assert_eq!(line.text.vi, "đã có người sửa");
    let kept = office.household(target).await;
    assert_eq!(kept.answers["phone"], Value::from("0912345678"));
    assert_ne!(kept.members.values().next().unwrap().get("born"), Some(&Value::from("1951")));
    lan.sync(&office.bench).await;
    assert_eq!(lan.phone.household(&target, View::Accepted).unwrap(), kept);
}

#[tokio::test]
async fn a_number_given_to_another_head_does_not_turn_one_household_into_another() {
    let office = Office::new().await;
    let mut list = book(1, 2);
    office.import(&bytes(&list)).await;
    list.listed[0].members[0].name = "Sùng A Chứ".into();
    list.listed[0].members[0].born = Some("1971-02-03".parse().unwrap());
    let imported = office.import(&bytes(&list)).await;
    assert_eq!(imported.counts.left_out, 1);
    assert!(slugs(&imported).contains("household/number-of-another"));
}

#[tokio::test]
async fn everything_about_an_imported_household_is_in_its_place() {
    let office = Office::new().await;
    let list = book(2, 5);
    let imported = office.import(&bytes(&list)).await;
    let head = &list.listed[3].members[0];
    let household = office.headed_by(&head.name).await;
    assert_eq!(household.members.len(), list.listed[3].members.len());
    assert!(household.members.values().all(|person| person["status"] == Value::from("present")));
    assert!(household.visits.is_empty() && household.confirmed.is_empty());
    let mut read = office.bench.app.store.read().await.unwrap();
    let home = store::household::by_id(&mut read, household.household).await.unwrap().unwrap();
    let today = office.bench.app.clock.today();
    let village = store::unit::by_id(&mut read, home.village, today).await.unwrap().unwrap();
    assert_eq!(village.attributes.name, list.listed[3].place.village);
    assert_eq!(village.attributes.region.as_deref(), Some("northern_midland_mountain"));
    let place = crate::domain::field::DocumentKey { commune: home.commune, round: round_id(), household: home.id };
    let listed = store::listing::by_key(&mut read, &place).await.unwrap().unwrap();
    let key = document::key_of(&office.bench.app, &home).unwrap();
    let facts = key.open(Subject::Listing(round_id().as_str()), &listed.sealed.unwrap()).unwrap();
    let facts: ListedFacts = serde_json::from_slice(&facts).unwrap();
    assert_eq!((facts.list, facts.b1, facts.class), (ListedOn::Current, list.listed[3].b1, list.listed[3].class));
    let kept = store::change::of_document(&mut read, &place).await.unwrap();
    assert_eq!(kept[0].author.account, office.bench.lan);
    let (_, ledger) = office.written().await;
    let entries = verify(office.bench.commune, ledger.iter().map(String::as_str)).unwrap();
    let listings = entries.iter().filter(|entry| matches!(entry.decision, Decision::Listed { .. })).count() as u64;
    assert_eq!(listings, imported.counts.added);
    let all = imported.counts.added;
    assert!(matches!(entries.last().unwrap().decision, Decision::ListImported { households, .. } if households == all));
}

#[tokio::test]
async fn every_row_of_a_dirty_list_ends_in_the_data_or_in_the_report() {
    let office = Office::new().await;
    let (file, _) = sample::workbook(&commune(8, 60), &mut StdRng::seed_from_u64(3)).unwrap();
    let mut rows = 0;
    let path = office.bench.directory.path().join("rows.xlsx");
    std::fs::write(&path, &file).unwrap();
    let options = Options { as_of: office.bench.app.clock.today() };
    let mut found = Vec::new();
    workbook::read(&path, options, &mut |item| match item {
        workbook::Item::Household(household) => found.push(*household),
        workbook::Item::Report(_) | workbook::Item::Progress { .. } => rows += 1,
    })
    .unwrap();
    assert!(rows > 60, "the list is dirty: {rows}");
    let imported = office.import(&file).await;
    let counts = imported.counts;
    assert_eq!(counts.added, office.written().await.0.len() as u64);
    assert_eq!(counts.added + counts.left_out, found.len() as u64);
    assert_eq!(counts.added, imported.summary.households);
    let mut members = 0;
    for (household, _) in office.written().await.0 {
        members += office.household(household).await.members.len() as u64;
    }
    assert_eq!(members, imported.summary.members);
    let left_out: BTreeSet<(Option<Sheet>, u32)> =
        imported.lines.iter().filter(|line| line.done == Done::RowLeftOut).map(|line| (line.sheet, line.row)).collect();
    assert_eq!(members + left_out.len() as u64, imported.summary.rows);
}
