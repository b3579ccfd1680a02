//! Warnings of a commune on a real database, brought in by a phone.

use schemas::codes::names::NameSearch;
use schemas::household::STATUS;
use schemas::ids::{MemberId, RoundId};
use schemas::value::Value;
use sync_protocol::change::{Slot, Write};

use super::*;
use crate::domain::role::Role;
use crate::domain::warning::{Ground, Other, Stray};
use crate::workflow::bench::{Bench, Carried, answer, home, permit, round_id};
use crate::workflow::geography::import_boundaries;
use crate::workflow::inbox::{self, Matter};
use crate::workflow::rebuild::{Difference, rebuild};

type Writes = Vec<(Slot, Write)>;

fn said(n: u8, key: &str, value: &str) -> (Slot, Write) {
    (Slot::MemberAnswer(MemberId([n; 10]), key.parse().unwrap()), Write::Put(Value::from(value)))
}

/// A household of one: its head with a name and a number, and the house.
fn head(n: u8, name: &str, number: &str, gps: &str) -> Writes {
    let mut writes = vec![
        (Slot::Member(MemberId([n; 10])), Write::Make),
        said(n, "full_name", name),
        said(n, "relation", "head"),
        said(n, STATUS, "present"),
        said(n, "citizen_id", number),
    ];
    writes.extend((!gps.is_empty()).then(|| answer("gps", gps)));
    writes
}

/// Hoa's commune with the households that lan brought in.
struct Office {
    bench: Bench,
    lan: Carried,
    hoa: Permit,
}

impl Office {
    async fn with(households: &[Writes]) -> Self {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        for (writes, n) in households.iter().zip(1..) {
            lan.write(bench.scope(0), home(n), writes.clone());
        }
        lan.sync(&bench).await;
        let hoa = permit(&bench, "hoa", Role::Reviewer).await;
        Self { bench, lan, hoa }
    }

    async fn edit(&mut self, n: u8, writes: Writes) {
        self.lan.write(self.bench.scope(0), home(n), writes);
        self.lan.sync(&self.bench).await;
    }

    async fn warnings(&self) -> Warnings {
        let warned = list(&self.bench.app, &self.hoa, self.bench.commune, &round_id()).await.unwrap();
        warned.into_iter().map(|warned| (warned.household, warned.warnings)).collect()
    }

    /// The only suspicion of a household.
    async fn suspicion(&self, n: u8) -> Suspicion {
        let warnings = self.warnings().await.remove(&home(n)).unwrap_or_default();
        let [Warning::Suspicion(suspicion)] = &warnings[..] else { panic!("{warnings:?}") };
        suspicion.clone()
    }

    /// Gives the village a border: a square of a hundredth of a degree.
    async fn bound(&self) {
        let square = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Bản Một"},"geometry":
            {"type":"Polygon","coordinates":[[[104.6,22.3],[104.61,22.3],[104.61,22.31],[104.6,22.31],[104.6,22.3]]]}}]}"#;
        import_boundaries(&self.bench.app, self.bench.commune, square.as_bytes()).await.unwrap();
    }

    fn case(&self, n: u8) -> CaseId {
        CaseId { round: round_id(), commune: self.bench.commune, household: home(n) }
    }

    async fn different(&self, n: u8, suspicion: Pin, reason: &str) -> Result<u64, Refusal> {
        found_different(&self.bench.app, &self.hoa, self.case(n), suspicion, reason.to_owned()).await
    }
}

fn other(suspicion: &Suspicion) -> HouseholdId {
    match &suspicion.other {
        Other::Readable { household, .. } => *household,
        Other::AskOffice { commune_name } => panic!("in {commune_name}"),
    }
}

const NUMBER: &str = "002085000002";

/// Two households with one number, typed differently.
async fn doubled() -> Office {
    Office::with(&[head(1, "Lù Sèo Sinh", NUMBER, ""), head(2, "Vàng Thị Mỷ", "002 085 000 002", "")]).await
}

#[tokio::test]
async fn a_member_who_moved_or_was_a_mistake_is_no_double() {
    for status in ["left", "mistake"] {
        let mut office = doubled().await;
        assert_eq!(office.warnings().await.len(), 2);
        office.edit(1, vec![said(1, STATUS, status)]).await;
        assert_eq!(office.warnings().await, Warnings::new(), "{status}");
        office.edit(1, vec![said(1, STATUS, "died")]).await;
        assert_eq!(office.warnings().await.len(), 2, "dead in one and alive in the other is looked at");
    }
}

#[tokio::test]
async fn what_was_never_suspected_cannot_be_found_different_and_a_reason_is_asked() {
    let office = doubled().await;
    let pin = office.suspicion(1).await.pin;
    assert!(matches!(office.different(1, pin, " ").await, Err(Refusal::ReasonNeeded)));
    let never = office.different(1, schemas::ledger::Hash([0; 32]), "đã gặp").await;
    assert!(matches!(never, Err(Refusal::SuspicionNotFound)));
    let of_another = office.different(2, pin, "đã gặp").await;
    assert!(matches!(of_another, Err(Refusal::SuspicionNotFound)), "a pin names one side");
    let outsider = permit(&office.bench, "tam", Role::Enumerator).await;
    let unknown_round: RoundId = "khong-co".parse().unwrap();
    let listed = list(&office.bench.app, &outsider, office.bench.commune, &unknown_round).await;
    assert!(matches!(listed, Err(Refusal::RoundNotFound)));
}

#[tokio::test]
async fn a_check_that_the_ledger_does_not_say_is_nobodys_word() {
    let office = doubled().await;
    let (app, commune, pin) = (&office.bench.app, office.bench.commune, office.suspicion(2).await.pin);
    let forged: Result<(), StoreError> = app
        .store
        .write("test", move |tx| {
            Box::pin(async move {
                let key = DocumentKey { commune, round: round_id(), household: home(2) };
                store::suspicion::put(tx, &key, pin, 1).await
            })
        })
        .await;
    forged.unwrap();
    assert_eq!(office.suspicion(2).await.checked, None, "there is no such entry");
    office.different(1, office.suspicion(1).await.pin, "đã gặp").await.unwrap();
    assert_eq!(office.suspicion(2).await.checked.map(|checked| checked.reason), Some("đã gặp".to_owned()));
    assert_eq!(rebuild(app).await.unwrap().differences, [Difference::Checks(commune, round_id())]);
}

#[tokio::test]
async fn one_number_in_two_households_is_seen_from_both_however_it_was_typed() {
    let office = doubled().await;
    let (one, two) = (office.suspicion(1).await, office.suspicion(2).await);
    assert_eq!((other(&one), other(&two)), (home(2), home(1)));
    assert_eq!(one.grounds, [Ground::SameNumber].into());
    assert_eq!((one.members, two.members), (vec!["Lù Sèo Sinh".to_owned()], vec!["Vàng Thị Mỷ".to_owned()]));
    let Other::Readable { head_name, members, .. } = &one.other else { panic!("{:?}", one.other) };
    assert_eq!((head_name.as_str(), &members[..]), ("Vàng Thị Mỷ", &["Vàng Thị Mỷ".to_owned()][..]));
}

#[tokio::test]
async fn near_names_at_near_places_and_a_house_outside_its_village_are_on_the_rows_and_the_reading_is_written_down() {
    let office = Office::with(&[
        head(1, "Lù Seo Sính", "002085000001", "22.305,104.605,5,1790000000,gps"),
        head(2, "LU SÈO SINH", "002085000002", "22.3051,104.605,5,1790000000,gps"),
        head(3, "Vàng Thị Mỷ", "002085000003", "22.305,104.612,8,1790000000,gps"),
        head(4, "Lù Seo Sính", "002085000004", "22.307,104.605,5,1790000000,gps"),
    ])
    .await;
    let near = office.suspicion(1).await;
    assert_eq!((other(&near), near.grounds), (home(2), [Ground::NearNamesNearby(11)].into()));
    assert_eq!(office.warnings().await.into_keys().collect::<Vec<_>>(), [home(1), home(2)], "no boundary, no stray");
    office.bound().await;
    let (village, village_name) = (office.bench.villages[0], "Bản Một".to_owned());
    let stray = Warning::Stray(Stray { village, village_name, metres: 206, accuracy_m: 8 });
    assert_eq!(office.warnings().await.get(&home(3)), Some(&vec![stray.clone()]));
    let read = &mut office.bench.app.store.read().await.unwrap();
    let lines =
        inbox::households(&office.bench.app, &office.hoa, (office.bench.commune, &round_id()), &NameSearch::default())
            .await
            .unwrap();
    let line = lines.iter().find(|line| line.view.household == home(3)).unwrap();
    assert_eq!(line.warnings, [stray]);
    assert_eq!(store::access_log::newest(read, office.bench.commune, 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_point_noted_elsewhere_is_no_stray_and_near_to_nothing() {
    let mut office = Office::with(&[
        head(1, "Vàng Thị Mỷ", "002085000001", "22.305,104.612,8,1790000000,elsewhere"),
        head(2, "Lù Seo Sính", "002085000002", "22.305,104.612,8,1790000000,gps"),
    ])
    .await;
    office.bound().await;
    assert_eq!(office.warnings().await.into_keys().collect::<Vec<_>>(), [home(2)], "the one that was measured there");
    office.edit(1, vec![answer("gps", "22.305,104.612,8,1790000000,gps")]).await;
    assert_eq!(office.warnings().await.into_keys().collect::<Vec<_>>(), [home(1), home(2)]);
}

#[tokio::test]
async fn found_different_holds_for_both_until_a_fact_changes() {
    let mut office = doubled().await;
    let number = office.different(1, office.suspicion(1).await.pin, "hai người, đã xem thẻ").await.unwrap();
    let checked = office.suspicion(2).await.checked.unwrap();
    assert_eq!((checked.reason.as_str(), checked.by.is_some()), ("hai người, đã xem thẻ", true));
    let again = office.different(2, office.suspicion(2).await.pin, "lần nữa").await;
    assert!(matches!(again, Err(Refusal::AlreadyDecided)));
    office.edit(2, vec![answer("floor_area", 400), answer("gps", "22.305,104.605,5,1790000000,gps")]).await;
    assert!(office.suspicion(1).await.checked.is_some(), "the number is the only ground");
    office.edit(2, vec![said(2, "full_name", "Lù Sèo Sinh")]).await;
    let reopened = office.suspicion(1).await;
    assert_eq!((reopened.grounds.len(), reopened.checked), (2, None), "another name, and near now");
    office.edit(2, vec![said(2, "full_name", "Vàng Thị Mỷ")]).await;
    assert!(office.suspicion(1).await.checked.is_some(), "the facts are again those that were looked at");
    assert_eq!(number, 1);
}

#[tokio::test]
async fn a_suspicion_waits_in_the_inbox_until_somebody_has_looked() {
    let office = doubled().await;
    let inbox = async || inbox::list(&office.bench.app, &office.hoa, office.bench.commune, &round_id()).await.unwrap();
    let items = inbox().await;
    let waiting: Vec<_> = items.iter().map(|item| (item.household, &item.matter, item.warnings.len())).collect();
    assert_eq!(waiting, [(home(1), &Matter::Suspected, 1), (home(2), &Matter::Suspected, 1)]);
    office.different(2, office.suspicion(2).await.pin, "trùng số do cấp nhầm").await.unwrap();
    assert_eq!(inbox().await, []);
}

#[tokio::test]
async fn an_erased_household_raises_nothing_and_leaves_nothing_to_find_it_by() {
    let office = doubled().await;
    let (app, commune) = (&office.bench.app, office.bench.commune);
    let erased: Result<(), StoreError> = app
        .store
        .write("test", move |tx| Box::pin(async move { store::household::erase(tx, commune, home(2)).await }))
        .await;
    erased.unwrap();
    assert_eq!(office.warnings().await, Warnings::new());
    let key = DocumentKey { commune, round: round_id(), household: home(2) };
    let read = &mut app.store.read().await.unwrap();
    assert_eq!(store::clue::by_key(read, &key).await.unwrap(), None);
    assert!(store::clue::marks(read, &key).await.unwrap().is_empty());
    assert_eq!(rebuild(app).await.unwrap().differences, [], "the others can be made again without it");
    let one = DocumentKey { household: home(1), ..key.clone() };
    let left: Result<(), StoreError> = app
        .store
        .write("test", move |tx| {
            Box::pin(async move {
                let clues = store::clue::by_key(tx, &one).await?.unwrap();
                store::clue::put(tx, &DocumentKey { household: home(2), ..one }, &clues).await
            })
        })
        .await;
    left.unwrap();
    assert_eq!(office.warnings().await, Warnings::new(), "a row that was left behind finds nothing");
    assert_eq!(rebuild(app).await.unwrap().differences, [Difference::Clues(key)]);
    assert_eq!(rebuild(app).await.unwrap().differences, []);
}

#[tokio::test]
async fn planted_clues_and_checks_are_found_and_made_again() {
    let office = doubled().await;
    let (app, commune, pin) = (&office.bench.app, office.bench.commune, office.suspicion(1).await.pin);
    office.different(1, pin, "đã gặp").await.unwrap();
    assert_eq!(rebuild(app).await.unwrap().differences, []);
    let key = |n: u8| DocumentKey { commune, round: round_id(), household: home(n) };
    let (one, two) = (key(1), key(2));
    let planted: Result<(), StoreError> = app
        .store
        .write("test", move |tx| {
            Box::pin(async move {
                // The number of the first is taken away; the second gets the sealed clues of the first; the check is lost.
                let mut first = store::clue::by_key(tx, &one).await?.unwrap();
                let mut second = store::clue::by_key(tx, &two).await?.unwrap();
                second.sealed = first.sealed.clone();
                first.marks.clear();
                store::clue::put(tx, &one, &first).await?;
                store::clue::put(tx, &two, &second).await?;
                store::suspicion::clear(tx, commune, &round_id()).await
            })
        })
        .await;
    planted.unwrap();
    assert_eq!(office.warnings().await, Warnings::new(), "what does not open keeps nobody from the rest");
    let differences = rebuild(app).await.unwrap().differences;
    let expected = [Difference::Checks(commune, round_id()), Difference::Clues(key(1)), Difference::Clues(key(2))];
    assert_eq!(differences, expected);
    assert!(office.suspicion(2).await.checked.is_some(), "as before");
    assert_eq!(rebuild(app).await.unwrap().differences, []);
}
