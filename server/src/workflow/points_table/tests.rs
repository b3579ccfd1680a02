//! A table on its way from a file to a list, and everything that keeps it from getting there.

use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ledger::Decision;
use schemas::roster::{PointsFrom, PointsSource, RosterFile};
use schemas::rules::{Class, ClassSet, PointsDifference, Region};
use schemas::standard::{Reason, shipped};
use sync_protocol::device::View;
use sync_protocol::hash::ChangeHash;

use super::*;
use crate::domain::field::DocumentKey;
use crate::domain::role::Role;
use crate::domain::round::{B1Mode as RoundMode, RoundState};
use crate::domain::unit::UnitAttributes;
use crate::store::StoreError;
use crate::workflow::bench::{
    Bench, Carried, answer, home, invented_table, permit, permit_on, poor_interview, round_id,
};
use crate::workflow::case::{Case, CaseId};
use crate::workflow::inbox::{self, Matter};
use crate::workflow::roster::export::{self, Format};
use crate::workflow::roster::{self, Outcome};
use crate::workflow::unit::change::{self, Revision};
use crate::workflow::{rebuild, review, round as rounds};

fn vn_2022() -> StandardId {
    "vn-2022-2025".parse().unwrap()
}

fn table_hash() -> Hash {
    Hash(invented_table().hash().0)
}

fn new_table(files: PointsFiles) -> NewTable {
    NewTable { standard: vn_2022(), source: "Bịa ra để thử".to_owned(), files }
}

/// A round of the commune that takes B1 from a table, not yet made.
fn round_by(bench: &Bench, id: &str, hash: Hash) -> Round {
    Round {
        id: id.parse().unwrap(),
        unit: bench.commune,
        name: "Đợt theo bảng điểm".to_owned(),
        standards: vec![vn_2022()],
        form_version: FormVersion("vn-2022-2025/1".to_owned()),
        b1_mode: RoundMode::Points(hash),
        left_out: Vec::new(),
        reference_on: Date::constant(2026, 10, 1),
        state: RoundState::Planned,
    }
}

/// The invented table, loaded by `duc` and confirmed by `hoa`.
async fn signed(bench: &Bench, duc: &Permit, hoa: &Permit) {
    load(&bench.app, duc, bench.commune, new_table(invented_table())).await.unwrap();
    confirm(&bench.app, hoa, bench.commune, table_hash()).await.unwrap();
}

#[tokio::test]
async fn files_with_faults_are_refused_with_every_line() {
    let bench = Bench::new().await;
    let duc = permit(&bench, "duc", Role::Compiler).await;
    let broken = PointsFiles {
        numbers: invented_table().numbers.replace("150", "x").replace("pillar", "post"),
        ..invented_table()
    };
    let refused = load(&bench.app, &duc, bench.commune, new_table(broken)).await;
    let Err(Refusal::TableFaulty(faults)) = refused else { panic!("{refused:?}") };
    let entries: Vec<_> = faults.0.iter().map(|fault| (&*fault.file, &*fault.entry)).collect();
    assert_eq!(entries, [("b1.csv", "line 2"), ("b1.toml", "item house / pillar"), ("b1.csv", "house / post")]);
    assert!(matches!(&faults.0[0].reason, Reason::NotPoints { found, .. } if found == "x"));
    assert!(list(&bench.app, &duc, bench.commune).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_table_of_2016_is_refused_even_under_another_label() {
    let bench = Bench::new().await;
    let duc = permit(&bench, "duc", Role::Compiler).await;
    let files = shipped::FOLDERS.iter().find(|(id, _)| *id == "vn-2022-2025").unwrap().1;
    let text = |name: &str| files.iter().find(|(found, _)| *found == name).unwrap().1.to_owned();
    let [numbers, mapping] = ["points/b1-2016-2020-part.csv", "points/b1-2016-2020-part.toml"].map(text);
    let honest = PointsFiles { numbers, mapping };
    let kept = |line: &&str| !line.starts_with("reason_");
    let mapping: Vec<&str> = honest.mapping.lines().filter(kept).collect();
    let mapping = mapping.join("\n").replace("sample_only", "for_round");
    let dressed_up = PointsFiles { mapping, numbers: honest.numbers.clone() };
    for files in [honest, dressed_up] {
        let refused = load(&bench.app, &duc, bench.commune, new_table(files)).await;
        let Err(Refusal::TableIsSample(sample)) = refused else { panic!("{refused:?}") };
        assert!(sample.to_string().contains("Thông tư 17/2016/TT-BLĐTBXH đã hết hiệu lực"), "{sample}");
    }
}

#[tokio::test]
async fn nobody_confirms_their_own_table_or_one_twice() {
    let bench = Bench::new().await;
    let (duc, hoa) = (permit(&bench, "duc", Role::Compiler).await, permit(&bench, "hoa", Role::Administrator).await);
    let unknown = confirm(&bench.app, &hoa, bench.commune, table_hash()).await;
    assert!(matches!(unknown, Err(Refusal::TableNotFound)));
    let first = load(&bench.app, &duc, bench.commune, new_table(invented_table())).await.unwrap();
    let own = confirm(&bench.app, &duc, bench.commune, table_hash()).await;
    assert!(matches!(own, Err(Refusal::TableNeedsAnother)));
    confirm(&bench.app, &hoa, bench.commune, table_hash()).await.unwrap();
    let twice = confirm(&bench.app, &hoa, bench.commune, table_hash()).await;
    assert!(matches!(twice, Err(Refusal::AlreadyDecided)));
    // Loaded once more by the second person, it is still the first person's table.
    let again = load(&bench.app, &hoa, bench.commune, new_table(invented_table())).await.unwrap();
    assert_eq!(again.state.loaded(), first.state.loaded());
    let mut read = bench.app.store.read().await.unwrap();
    let events = store::security_event::newest(&mut read, 100).await.unwrap();
    let said = |kind| events.iter().filter(|event| event.kind == kind).count();
    let kinds = [SecurityEventKind::PointsTableLoaded, SecurityEventKind::PointsTableConfirmed];
    assert_eq!(kinds.map(said), [1, 1]);
}

#[tokio::test]
async fn a_table_is_for_one_standard() {
    let bench = Bench::new().await;
    let duc = permit(&bench, "duc", Role::Compiler).await;
    load(&bench.app, &duc, bench.commune, new_table(invented_table())).await.unwrap();
    let other = NewTable { standard: "vn-2027-2030".parse().unwrap(), ..new_table(invented_table()) };
    let refused = load(&bench.app, &duc, bench.commune, other).await;
    assert!(matches!(refused, Err(Refusal::TableOfAnotherStandard)));
    let unknown = NewTable { standard: "vn-1990".parse().unwrap(), ..new_table(invented_table()) };
    let refused = load(&bench.app, &duc, bench.commune, unknown).await;
    assert!(matches!(refused, Err(Refusal::StandardUnknown(_))));
}

#[tokio::test]
async fn no_round_opens_by_a_table_that_is_missing_unconfirmed_or_silent_about_its_places() {
    let bench = Bench::new().await;
    let (app, commune) = (&bench.app, bench.commune);
    let (duc, hoa) = (permit(&bench, "duc", Role::Compiler).await, permit(&bench, "hoa", Role::Administrator).await);
    let unknown = rounds::create(app, &duc, round_by(&bench, "dot-2", table_hash())).await;
    assert!(matches!(unknown, Err(Refusal::TableNotFound)));
    load(app, &duc, commune, new_table(invented_table())).await.unwrap();
    rounds::create(app, &duc, round_by(&bench, "dot-2", table_hash())).await.unwrap();
    let unconfirmed = rounds::open(app, &duc, "dot-2".parse().unwrap()).await;
    assert!(matches!(unconfirmed, Err(Refusal::TableNotConfirmed)));
    let towns = PointsFiles {
        numbers: invented_table().numbers.replace("rural_northern_midland_mountain", "urban"),
        ..invented_table()
    };
    let urban = load(app, &duc, commune, new_table(towns)).await.unwrap().hash;
    confirm(app, &hoa, commune, urban).await.unwrap();
    rounds::create(app, &duc, round_by(&bench, "dot-3", urban)).await.unwrap();
    let silent = rounds::open(app, &duc, "dot-3".parse().unwrap()).await;
    assert!(matches!(&silent, Err(Refusal::TableLacksPlace(name)) if name == "Xã Tân Trịnh"), "{silent:?}");
    confirm(app, &hoa, commune, table_hash()).await.unwrap();
    rounds::open(app, &duc, "dot-2".parse().unwrap()).await.unwrap();
    let texts = store::ledger::texts(&mut app.store.read().await.unwrap(), commune).await.unwrap();
    let opened: schemas::ledger::LedgerEntry = serde_json::from_str(&texts[0]).unwrap();
    assert!(
        matches!(opened.decision, Decision::RoundOpened { points_table: Some(table), .. } if table == table_hash()),
        "{opened:?}"
    );
}

#[tokio::test]
async fn a_preview_names_the_rows_and_what_differs_from_the_table_before() {
    let bench = Bench::new().await;
    let (app, commune) = (&bench.app, bench.commune);
    let (duc, hoa) = (permit(&bench, "duc", Role::Compiler).await, permit(&bench, "hoa", Role::Administrator).await);
    signed(&bench, &duc, &hoa).await;
    let first = preview(app, &hoa, commune, table_hash()).await.unwrap();
    assert_eq!((first.table.rows().count(), first.before.is_none()), (4, true));
    let raised = PointsFiles { numbers: invented_table().numbers.replace("wall,30", "wall,35"), ..invented_table() };
    let raised = load(app, &hoa, commune, new_table(raised)).await.unwrap().hash;
    let second = preview(app, &duc, commune, raised).await.unwrap();
    let (compared_with, before) = second.before.as_ref().unwrap();
    assert_eq!(*compared_with, table_hash());
    let differences = second.table.differences(before);
    let [PointsDifference::Points { before, after }] = &differences[..] else { panic!("{differences:?}") };
    assert_eq!((before.points[0].1, after.points[0].1), (30, 35));
}

/// A round by the invented table in which lan has surveyed the poor household, without typing any points.
struct Surveyed {
    bench: Bench,
    lan: Carried,
    hoa: Permit,
}

impl Surveyed {
    async fn new() -> Self {
        let bench = Bench::in_mode(RoundMode::Points(table_hash())).await;
        let duc = permit(&bench, "duc", Role::Compiler).await;
        let hoa = permit(&bench, "hoa", Role::Administrator).await;
        signed(&bench, &duc, &hoa).await;
        let mut lan = bench.phone(bench.lan, 11).await;
        let no_points = poor_interview().into_iter().filter(|write| write.0 != answer("b1_points", 0).0);
        lan.write(bench.scope(0), home(1), no_points);
        assert_eq!(lan.sync(&bench).await, []);
        Self { bench, lan, hoa }
    }

    fn id(&self) -> CaseId {
        CaseId { round: round_id(), commune: self.bench.commune, household: home(1) }
    }

    async fn heads(&self) -> Vec<ChangeHash> {
        let place = DocumentKey { commune: self.bench.commune, round: round_id(), household: home(1) };
        let mut read = self.bench.app.store.read().await.unwrap();
        store::document::by_key(&mut read, &place).await.unwrap().unwrap().heads
    }

    async fn shown(&self) -> ClassSet {
        let mut read = self.bench.app.store.read().await.unwrap();
        store::view::of_commune(&mut read, self.bench.commune, &round_id()).await.unwrap().remove(0).classes
    }

    /// Takes the region away from the village and everything above it; gives the province.
    async fn forget_regions(&self) -> UnitId {
        let village = self.bench.villages[0];
        let forgotten: Result<UnitId, StoreError> = self
            .bench
            .app
            .store
            .write("bench", move |tx| {
                Box::pin(async move {
                    let on = Date::constant(2026, 1, 1);
                    let lineage = store::unit::lineage(tx, village, on).await?;
                    for unit in &lineage {
                        let attributes = store::unit::by_id(tx, *unit, on).await?.unwrap().attributes;
                        store::unit::revise(tx, *unit, on, &UnitAttributes { region: None, ..attributes }).await?;
                    }
                    Ok(*lineage.last().unwrap())
                })
            })
            .await;
        forgotten.unwrap()
    }

    async fn points(&self) -> Option<(i64, i64)> {
        let mut read = self.bench.app.store.read().await.unwrap();
        let case = Case::open(&self.bench.app, &mut read, &self.hoa, &self.id()).await.unwrap();
        case.assessment().unwrap().b1().amount
    }
}

#[tokio::test]
async fn points_that_somebody_typed_are_not_looked_at_where_the_table_gives_them() {
    let mut surveyed = Surveyed::new().await;
    surveyed.lan.write(surveyed.bench.scope(0), home(1), [answer("b1_points", 999)]);
    surveyed.lan.sync(&surveyed.bench).await;
    assert_eq!(surveyed.points().await, Some((120, 120)));
    assert_eq!(surveyed.shown().await, ClassSet::only(Class::Poor));
    let refused = review::confirm_points(&surveyed.bench.app, &surveyed.hoa, surveyed.id(), 999).await;
    assert!(matches!(refused, Err(Refusal::PointsNotTyped)));
}

#[tokio::test]
async fn the_region_of_a_place_is_not_guessed_and_once_it_is_said_the_table_counts() {
    let mut surveyed = Surveyed::new().await;
    let province = surveyed.forget_regions().await;
    surveyed.lan.write(surveyed.bench.scope(0), home(1), [answer("radio", true)]);
    surveyed.lan.sync(&surveyed.bench).await;
    assert_eq!(surveyed.shown().await, ClassSet::ALL);
    let seen = surveyed.heads().await;
    let refused = review::accept(&surveyed.bench.app, &surveyed.hoa, surveyed.id(), seen).await;
    assert!(matches!(refused, Err(Refusal::PlaceNotSaid)), "{refused:?}");
    let admin = permit_on(&surveyed.bench, "admin", Role::Administrator, province).await;
    let said = |region| Revision {
        from: Date::constant(2026, 1, 2),
        name: None,
        name_en: None,
        area: None,
        region: Some(region),
        code: None,
    };
    change::revise(&surveyed.bench.app, &admin, province, said(Region::NorthernMidlandMountain)).await.unwrap();
    assert_eq!(surveyed.shown().await, ClassSet::only(Class::Poor), "nobody touched the household");
    let otherwise = Revision { from: Date::constant(2026, 1, 3), ..said(Region::MekongDelta) };
    let refused = change::revise(&surveyed.bench.app, &admin, province, otherwise).await;
    assert!(matches!(refused, Err(Refusal::RoundLooksAtUnit(round)) if round == round_id()));
}

#[tokio::test]
async fn a_disagreement_that_moves_the_points_past_the_cut_off_shows_both_classes() {
    let mut surveyed = Surveyed::new().await;
    let mut minh = surveyed.bench.phone(surveyed.bench.minh, 12).await;
    surveyed.lan.write(surveyed.bench.scope(0), home(1), [answer("wall", "durable")]);
    minh.write(surveyed.bench.scope(0), home(1), [answer("wall", "not_durable"), answer("floor_area", 610)]);
    surveyed.lan.sync(&surveyed.bench).await;
    minh.sync(&surveyed.bench).await;
    assert_eq!(minh.phone.disagreements(&home(1), View::Accepted).len(), 1);
    let waiting = inbox::list(&surveyed.bench.app, &surveyed.hoa, surveyed.bench.commune, &round_id()).await.unwrap();
    let Matter::Disagreement(view) = &waiting[0].matter else { panic!("{waiting:?}") };
    assert_eq!(view.impact, Some(ClassSet::from_iter([Class::Poor, Class::NotPoor])));
    let seen = surveyed.heads().await;
    let refused = review::accept(&surveyed.bench.app, &surveyed.hoa, surveyed.id(), seen).await;
    assert!(matches!(refused, Err(Refusal::DisagreementsOpen(1))));
}

#[tokio::test]
async fn without_any_paper_score_a_household_comes_onto_the_list_and_a_rebuild_finds_the_same() {
    let surveyed = Surveyed::new().await;
    let (app, commune) = (&surveyed.bench.app, surveyed.bench.commune);
    let waiting = inbox::list(app, &surveyed.hoa, commune, &round_id()).await.unwrap();
    assert!(matches!(waiting[0].matter, Matter::ReadyToAccept), "{waiting:?}");
    review::accept(app, &surveyed.hoa, surveyed.id(), surveyed.heads().await).await.unwrap();
    let Outcome::New(list) = roster::compile(app, &surveyed.hoa, &round_id(), commune).await.unwrap() else {
        panic!("no list")
    };
    assert_eq!(list.header.b1, PointsFrom::Table { hash: table_hash() });
    let chair = permit_on(&surveyed.bench, "chair", Role::CommuneChair, commune).await;
    let file = export::of_commune(app, &chair, &round_id(), commune, Format::SaltedJson).await.unwrap();
    let file = RosterFile::read(&file).unwrap();
    file.verify(list.root).unwrap();
    let line = &file.lines[0].line;
    assert_eq!((line.class, line.b1.points, line.b1.source), (Class::Poor, 120, PointsSource::Table));
    // Another process has bound no table yet.
    let Surveyed { bench, .. } = surveyed;
    let bench = bench.restarted().await;
    let rebuilt = rebuild::rebuild(&bench.app).await.unwrap();
    assert_eq!((rebuilt.documents, &rebuilt.differences[..]), (1, &[][..]));
}
