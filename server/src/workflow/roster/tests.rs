//! The list on a real database: what is in its way, what it says, and what leaves the house.

use schemas::codes::listed_class::ListedClass;
use schemas::ids::VisitId;
use schemas::ledger::Listing as How;
use schemas::roster::{FileFault, PointsFrom, Previous, RosterFile, verify_unassessed};
use schemas::rules::Class;
use sync_protocol::change::{Slot, Write};
use sync_protocol::hash::ChangeHash;

use super::export::Format;
use super::*;
use crate::documents::workbook;
use crate::domain::field::DocumentKey;
use crate::domain::listing::{ListedFacts, ListedHousehold, ListedOn};
use crate::domain::log::AccessAction;
use crate::domain::role::Role;
use crate::store::StoreError;
use crate::workflow::bench::{Bench, Carried, answer, home, permit, permit_on, poor_interview, round_id};
use crate::workflow::case::CaseId;
use crate::workflow::review;

/// A surveyed commune, its reviewer and a phone.
pub(in crate::workflow) struct Commune {
    pub(in crate::workflow) bench: Bench,
    lan: Carried,
    hoa: Permit,
}

impl Commune {
    /// Three households: poor, near-poor with 20 points, and not poor with 141 points.
    pub(in crate::workflow) async fn surveyed() -> Self {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        for n in 1..=3 {
            lan.write(bench.scope(0), home(n), poor_interview());
        }
        let comfortable = [answer("water_source", "tap"), answer("latrine", "septic"), answer("internet", true)];
        lan.write(bench.scope(0), home(2), comfortable);
        lan.write(bench.scope(0), home(3), [answer("b1_points", 141)]);
        assert_eq!(lan.sync(&bench).await, []);
        let hoa = permit(&bench, "hoa", Role::Reviewer).await;
        Self { bench, lan, hoa }
    }

    pub(in crate::workflow) async fn accepted() -> Self {
        let commune = Self::surveyed().await;
        for (n, points) in [(1, 140), (2, 140), (3, 141)] {
            commune.accept(n, points).await;
        }
        commune
    }

    fn case(&self, n: u8) -> CaseId {
        CaseId { round: round_id(), commune: self.bench.commune, household: home(n) }
    }

    async fn heads(&self, n: u8) -> Vec<ChangeHash> {
        let place = DocumentKey { commune: self.bench.commune, round: round_id(), household: home(n) };
        let mut read = self.bench.app.store.read().await.unwrap();
        store::document::by_key(&mut read, &place).await.unwrap().unwrap().heads
    }

    pub(in crate::workflow) async fn accept(&self, n: u8, points: i64) {
        let (app, case) = (&self.bench.app, self.case(n));
        review::confirm_points(app, &self.hoa, case.clone(), points).await.unwrap();
        review::accept(app, &self.hoa, case, self.heads(n).await).await.unwrap();
    }

    /// A household that refused on a day of October: its visit, and the decision on it.
    async fn refuse(&mut self, n: u8, day: u8) {
        let visit = VisitId([day; 10]);
        let said = |key: &str, value: String| {
            (Slot::VisitAnswer(visit, key.parse().unwrap()), Write::Put(value.as_str().into()))
        };
        let day = said("visited_on", format!("2026-10-{day:02}"));
        self.lan.write(
            self.bench.scope(0),
            home(n),
            [(Slot::Visit(visit), Write::Make), day, said("outcome", "refused".to_owned())],
        );
        assert_eq!(self.lan.sync(&self.bench).await, []);
        let (app, seen, reason) = (&self.bench.app, self.heads(n).await, "=đã đến ba lần".to_owned());
        review::unassess(app, &self.hoa, self.case(n), seen, Unassessed::Refused, reason).await.unwrap();
    }

    /// Says what last year's list said of a household.
    async fn listed_last_year(&self, n: u8, class: ListedClass) {
        let facts = ListedFacts {
            list: ListedOn::Current,
            number: n.to_string(),
            class: Some(class),
            b1: None,
            b2: None,
            decision_number: String::new(),
            decision_on: None,
            minority: true,
            no_labour: false,
            meritorious: false,
            causes: vec![],
            note: String::new(),
        };
        let (app, commune) = (&self.bench.app, self.bench.commune);
        let kept = store::household::by_id(&mut app.store.read().await.unwrap(), home(n)).await.unwrap().unwrap();
        let facts = serde_json::to_vec(&facts).unwrap();
        let sealed = key_of(app, &kept).unwrap().seal(Subject::Listing("2026-dinh-ky"), &facts, &app.chance).unwrap();
        let listed = ListedHousehold { household: home(n), how: How::Carried, sealed: Some(sealed) };
        let written: Result<(), StoreError> = app
            .store
            .write("bench", move |tx| {
                Box::pin(async move { store::listing::put(tx, commune, &round_id(), &listed).await })
            })
            .await;
        written.unwrap();
    }

    async fn compile(&self) -> Outcome {
        compile(&self.bench.app, &self.hoa, &round_id(), self.bench.commune).await.unwrap()
    }

    pub(in crate::workflow) async fn compiled(&self) -> Compiled {
        match self.compile().await {
            Outcome::New(compiled) => compiled,
            other => panic!("{other:?}"),
        }
    }

    async fn waiting(&self) -> Vec<(HouseholdId, Vec<Obstacle>)> {
        match self.compile().await {
            Outcome::Waiting(waiting) => waiting.into_iter().map(|one| (one.household, one.obstacles)).collect(),
            other => panic!("{other:?}"),
        }
    }

    async fn export(&self, permit: &Permit, format: Format) -> Result<Vec<u8>, Refusal> {
        export::of_commune(&self.bench.app, permit, &round_id(), self.bench.commune, format).await
    }

    async fn ledger_length(&self) -> usize {
        store::ledger::texts(&mut self.bench.app.store.read().await.unwrap(), self.bench.commune).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_household_nobody_reviewed_keeps_the_list_from_being_compiled() {
    let commune = Commune::surveyed().await;
    commune.accept(1, 140).await;
    commune.accept(3, 141).await;
    let before = commune.ledger_length().await;
    assert_eq!(commune.waiting().await, [(home(2), vec![Obstacle::NotReviewed])]);
    assert_eq!(commune.ledger_length().await, before, "nothing is written");
    let refused = commune.export(&commune.hoa, Format::Json).await;
    assert!(matches!(refused, Err(Refusal::RosterNotFound)));
}

#[tokio::test]
async fn a_household_that_was_sent_back_or_has_changed_since_is_named() {
    let mut commune = Commune::accepted().await;
    commune.lan.write(commune.bench.scope(0), home(1), [answer("radio", true)]);
    commune.lan.sync(&commune.bench).await;
    let (app, seen) = (&commune.bench.app, commune.heads(2).await);
    review::give_back(app, &commune.hoa, commune.case(2), seen, "thiếu ảnh".to_owned()).await.unwrap();
    let waiting = commune.waiting().await;
    assert_eq!(waiting, [(home(1), vec![Obstacle::ChangedSince]), (home(2), vec![Obstacle::Returned])]);
    let standing = standing(app, &commune.hoa, &round_id(), commune.bench.commune).await.unwrap();
    assert_eq!(standing.waiting.len(), 2);
    assert_eq!(standing.newest, None);
}

#[tokio::test]
async fn an_open_disagreement_keeps_an_accepted_household_off_the_list() {
    let mut commune = Commune::accepted().await;
    let mut minh = commune.bench.phone(commune.bench.minh, 12).await;
    commune.lan.write(commune.bench.scope(0), home(1), [answer("water_source", "tap")]);
    minh.write(commune.bench.scope(0), home(1), [answer("water_source", "other")]);
    commune.lan.sync(&commune.bench).await;
    minh.sync(&commune.bench).await;
    let obstacles = vec![Obstacle::Disagreements { open: 1 }, Obstacle::ChangedSince];
    assert_eq!(commune.waiting().await, [(home(1), obstacles)]);
}

#[tokio::test]
async fn a_household_of_a_place_that_nobody_described_keeps_the_list_waiting() {
    let commune = Commune::accepted().await;
    let village = commune.bench.villages[0];
    let written: Result<(), StoreError> = commune
        .bench
        .app
        .store
        .write("bench", move |tx| {
            Box::pin(async move { store::unit::close(tx, village, jiff::civil::date(2026, 9, 30)).await })
        })
        .await;
    written.unwrap();
    let (waiting, place) = (commune.waiting().await, vec![Obstacle::PlaceUnknown]);
    assert_eq!(waiting, [1, 2, 3].map(|n| (home(n), place.clone())));
}

#[tokio::test]
async fn a_household_that_changed_after_it_ended_without_a_class_keeps_the_list_waiting_again() {
    let mut commune = Commune::surveyed().await;
    commune.accept(1, 140).await;
    commune.accept(3, 141).await;
    commune.refuse(2, 9).await;
    assert_eq!(commune.compiled().await.header.unassessed, 1);
    commune.lan.write(commune.bench.scope(0), home(2), [answer("radio", true)]);
    commune.lan.sync(&commune.bench).await;
    assert_eq!(commune.waiting().await, [(home(2), vec![Obstacle::ChangedSince])]);
    let (app, unit) = (&commune.bench.app, commune.bench.commune);
    let standing = standing(app, &commune.hoa, &round_id(), unit).await.unwrap();
    assert_eq!((standing.unassessed, standing.waiting.len()), (vec![], 1), "it does not hold any more");
    commune.accept(2, 140).await;
    let second = commune.compiled().await;
    assert_eq!((second.number, second.header.approved, second.header.unassessed), (2, 3, 0));
}

#[tokio::test]
async fn a_household_without_a_class_that_was_sent_back_is_in_the_way() {
    let mut commune = Commune::accepted().await;
    commune.refuse(2, 9).await;
    let (app, seen) = (&commune.bench.app, commune.heads(2).await);
    review::give_back(app, &commune.hoa, commune.case(2), seen, "đến lại lần nữa".to_owned()).await.unwrap();
    assert_eq!(commune.waiting().await, [(home(2), vec![Obstacle::Returned])]);
}

#[tokio::test]
async fn places_that_have_no_list_and_rounds_that_do_not_exist_are_not_found() {
    let commune = Commune::surveyed().await;
    let (app, hoa) = (&commune.bench.app, &commune.hoa);
    let village = compile(app, hoa, &round_id(), commune.bench.villages[0]).await;
    assert!(matches!(village, Err(Refusal::UnitNotFound)));
    let round = compile(app, hoa, &"2027-dinh-ky".parse().unwrap(), commune.bench.commune).await;
    assert!(matches!(round, Err(Refusal::RoundNotFound)));
}

#[tokio::test]
async fn a_list_whose_lines_do_not_give_its_root_does_not_leave_the_house() {
    let commune = Commune::accepted().await;
    commune.compiled().await;
    let (app, unit) = (&commune.bench.app, commune.bench.commune);
    let mut read = app.store.read().await.unwrap();
    let honest = store::roster::newest(&mut read, unit, &round_id()).await.unwrap().unwrap();
    let lines = store::roster::lines(&mut read, unit, &round_id(), honest.number).await.unwrap();
    drop(read);
    let forged = StoredRoster { number: 2, ..honest };
    let written: Result<(), StoreError> = app
        .store
        .write("bench", move |tx| {
            Box::pin(async move { store::roster::insert(tx, unit, &round_id(), &forged, &lines[1..]).await })
        })
        .await;
    written.unwrap();
    assert!(matches!(commune.export(&commune.hoa, Format::Workbook).await, Err(Refusal::RosterAltered)));
}

#[tokio::test]
async fn salts_are_only_for_offices_that_answer_for_the_list() {
    let commune = Commune::accepted().await;
    let root = commune.compiled().await.root;
    let refused = commune.export(&commune.hoa, Format::SaltedJson).await;
    assert!(matches!(refused, Err(Refusal::RoleNeeded)));
    let plain = commune.export(&commune.hoa, Format::Json).await.unwrap();
    assert_eq!(RosterFile::read(&plain).unwrap().verify(root), Err(FileFault::NoSalts));
    let chair = permit(&commune.bench, "chair", Role::CommuneChair).await;
    let salted = commune.export(&chair, Format::SaltedJson).await.unwrap();
    RosterFile::read(&salted).unwrap().verify(root).unwrap();
}

#[tokio::test]
async fn what_was_accepted_stands_on_its_list_and_in_a_ledger_that_verifies() {
    let commune = Commune::accepted().await;
    commune.listed_last_year(3, ListedClass::Poor).await;
    let compiled = commune.compiled().await;
    assert_eq!((compiled.number, compiled.header.approved), (1, 3));
    assert_eq!((&compiled.header.b1, &compiled.header.previous), (&PointsFrom::Paper, &Previous::Nothing));
    let Counts { poor, near_poor, escaped_poor, escaped_near_poor } = compiled.counts;
    let households = [poor, near_poor, escaped_poor, escaped_near_poor].map(|count| count.households);
    assert_eq!(households, [1, 1, 1, 0]);
    let texts = store::ledger::texts(&mut commune.bench.app.store.read().await.unwrap(), commune.bench.commune).await;
    let texts = texts.unwrap();
    let entries = schemas::ledger::verify(commune.bench.commune, texts.iter().map(String::as_str)).unwrap();
    let last = entries.last().unwrap();
    let decision = Decision::RosterCompiled { round: round_id(), root: compiled.root, households: 3 };
    assert_eq!((last.number, &last.decision), (compiled.ledger, &decision));
}

#[tokio::test]
async fn compiling_again_adds_nothing_and_a_new_acceptance_gives_a_new_list() {
    let mut commune = Commune::accepted().await;
    let first = commune.compiled().await;
    let length = commune.ledger_length().await;
    assert_eq!(commune.compile().await, Outcome::Unchanged(first.clone()));
    assert_eq!(commune.ledger_length().await, length);
    commune.lan.write(commune.bench.scope(0), home(1), [answer("cause_capital", true)]);
    commune.lan.sync(&commune.bench).await;
    let (app, seen) = (&commune.bench.app, commune.heads(1).await);
    review::accept(app, &commune.hoa, commune.case(1), seen).await.unwrap();
    let second = commune.compiled().await;
    assert_eq!(second.number, 2);
    assert_ne!(second.root, first.root);
}

#[tokio::test]
async fn the_same_work_on_two_servers_gives_the_same_root() {
    let (one, other) = (Commune::accepted().await, Commune::accepted().await);
    assert_eq!(one.compiled().await.root, other.compiled().await.root);
}

#[tokio::test]
async fn the_workbook_reads_back_to_the_households_of_the_list_and_every_copy_is_logged() {
    let commune = Commune::accepted().await;
    commune.listed_last_year(3, ListedClass::NearPoor).await;
    commune.compiled().await;
    let bytes = commune.export(&commune.hoa, Format::Workbook).await.unwrap();
    assert_eq!(bytes, commune.export(&commune.hoa, Format::Workbook).await.unwrap(), "one list, one file");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("danh-sach.xlsx");
    std::fs::write(&path, bytes).unwrap();
    let mut found = Vec::new();
    let options = workbook::Options { as_of: commune.bench.app.clock.today() };
    workbook::read(&path, options, &mut |item| {
        if let workbook::Item::Household(found_one) = item {
            found.push((found_one.sheet, found_one.household.class));
        }
    })
    .unwrap();
    let expected = [
        (workbook::Sheet::Listed, Some(ListedClass::Poor)),
        (workbook::Sheet::Listed, Some(ListedClass::NearPoor)),
        (workbook::Sheet::EscapedNearPoor, None),
    ];
    assert_eq!(found, expected);
    let mut read = commune.bench.app.store.read().await.unwrap();
    let logged = store::access_log::newest(&mut read, commune.bench.commune, 10).await.unwrap();
    assert_eq!(logged.len(), 2);
    assert_eq!((logged[0].action, logged[0].subject.as_str()), (AccessAction::Exported, "roster/2026-dinh-ky/1"));
}

#[tokio::test]
async fn a_household_without_a_class_is_named_behind_the_lists_with_what_it_was_and_why() {
    let mut commune = Commune::surveyed().await;
    commune.listed_last_year(2, ListedClass::Poor).await;
    commune.accept(1, 140).await;
    commune.accept(3, 141).await;
    commune.refuse(2, 9).await;
    let compiled = commune.compiled().await;
    assert_eq!((compiled.header.approved, compiled.header.unassessed), (2, 1));
    assert_eq!(commune.compile().await, Outcome::Unchanged(compiled.clone()));
    let (app, unit) = (&commune.bench.app, commune.bench.commune);
    let standing = standing(app, &commune.hoa, &round_id(), unit).await.unwrap();
    let [ended] = &standing.unassessed[..] else { panic!("{:?}", standing.unassessed) };
    assert_eq!((ended.household, ended.why, ended.ledger), (home(2), Unassessed::Refused, 5));
    let chair = permit(&commune.bench, "chair", Role::CommuneChair).await;
    let file = RosterFile::read(&commune.export(&chair, Format::SaltedJson).await.unwrap()).unwrap();
    file.verify(compiled.root).unwrap();
    let named = &file.unassessed[0].entry;
    assert_eq!((named.household, named.why, named.last), (home(2), Unassessed::Refused, Some(Class::Poor)));
    let plain = RosterFile::read(&commune.export(&commune.hoa, Format::Json).await.unwrap()).unwrap();
    assert_eq!(plain, file.without_salts());
    let csv = String::from_utf8(commune.export(&commune.hoa, Format::UnassessedCsv).await.unwrap()).unwrap();
    assert!(csv.contains("Lý Thị Mai") && csv.contains("Bản Một,Hộ nghèo,Từ chối,'=đã đến ba lần"), "{csv}");
    assert_eq!(csv.lines().count(), 5, "titles and four people");
    let listed = String::from_utf8(commune.export(&commune.hoa, Format::Csv).await.unwrap()).unwrap();
    assert_eq!(listed.lines().count(), 5, "titles and the four people of the first household");
}

#[tokio::test]
async fn the_leaf_of_a_household_without_a_class_has_a_salt_of_its_own() {
    let mut commune = Commune::surveyed().await;
    commune.accept(1, 140).await;
    commune.accept(3, 141).await;
    commune.refuse(2, 9).await;
    let root = commune.compiled().await.root;
    let mut read = commune.bench.app.store.read().await.unwrap();
    let opened = export::newest(&commune.bench.app, &mut read, &round_id(), commune.bench.commune).await;
    let opened = opened.unwrap().unwrap();
    let (entry, salt) = &opened.unassessed[0];
    let leaves = store::roster::lines(&mut read, commune.bench.commune, &round_id(), 1).await.unwrap();
    let leaf = leaves.last().unwrap();
    assert_eq!((leaf.kind, leaf.leaf), (LeafKind::Unassessed, unassessed_leaf_hash(entry, *salt)));
    let home = store::household::by_id(&mut read, entry.household).await.unwrap().unwrap();
    let key = key_of(&commune.bench.app, &home).unwrap();
    assert_ne!(*salt, gather::salt(&key, &round_id()), "its line on the next list tells nothing about this one");
    let alone = schemas::roster::Proof { leaf: 0, leaves: 1, path: vec![] };
    assert!(!verify_unassessed(root, entry, *salt, &alone));
}

#[tokio::test]
async fn the_province_gets_one_workbook_of_all_its_communes_with_their_roots() {
    let mut commune = Commune::accepted().await;
    commune.refuse(2, 9).await;
    let root = commune.compiled().await.root;
    let (app, bench) = (&commune.bench.app, &commune.bench);
    let lineage = store::unit::lineage(&mut app.store.read().await.unwrap(), bench.commune, app.clock.today()).await;
    let province = lineage.unwrap()[1];
    let duc = permit_on(bench, "duc", Role::Compiler, province).await;
    let bytes = export::of_unit(app, &duc, &round_id(), province).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tong-hop.xlsx");
    std::fs::write(&path, bytes).unwrap();
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&path).unwrap();
    let totals = calamine::Reader::worksheet_range(&mut book, "5. Tổng hợp").unwrap();
    let texts: Vec<String> = totals.cells().map(|(.., cell)| cell.to_string()).collect();
    assert!(texts.contains(&root.to_string()) && texts.contains(&"Xã Tân Trịnh".to_owned()), "{texts:?}");
    let sum = totals.rows().next_back().unwrap();
    assert_eq!(
        (sum[3].to_string(), sum[14].to_string()),
        ("2".to_owned(), "1".to_owned()),
        "reviewed, without a class"
    );
    let ended = calamine::Reader::worksheet_range(&mut book, "4. Không xếp loại").unwrap();
    assert!(ended.cells().any(|(.., cell)| *cell == calamine::Data::String("Lý Thị Mai".to_owned())));
    let refused = export::of_unit(app, &commune.hoa, &round_id(), province).await;
    assert!(matches!(refused, Err(Refusal::UnitNotFound)), "a reviewer of one commune does not see the province");
}

#[tokio::test]
async fn a_line_is_proven_by_its_salt_and_its_proof_alone() {
    let commune = Commune::accepted().await;
    let compiled = commune.compiled().await;
    let mut read = commune.bench.app.store.read().await.unwrap();
    let opened = export::newest(&commune.bench.app, &mut read, &round_id(), commune.bench.commune).await;
    let opened = opened.unwrap().unwrap();
    let (line, salt) = &opened.lines[0];
    assert_eq!((line.household, line.class), (home(1), Class::Poor));
    let stored = store::roster::lines(&mut read, commune.bench.commune, &round_id(), compiled.number).await.unwrap();
    assert_eq!(stored[0].leaf, leaf_hash(line, *salt));
}
