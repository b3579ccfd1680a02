//! What is asked all day: syncs, the inbox, a household's page, decisions, the list, photos. Whatever it costs, it must not
//! cost more because there are more communes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemas::codes::names::NameSearch;

use super::bench::{answer, home, round_id};
use super::household::page;
use super::review::Settlement;
use super::roster::tests::Commune;
use super::{inbox, review, roster};
use crate::store::copy::{self, Step};
use crate::store::{Database, Store, plans};

/// Communes that stand beside the one that is asked for.
const COMMUNES: u32 = 1_000;
/// Parts of every table that can be split.
const PARTS: u16 = 4;

/// A commune after a day, and every statement of the day with how many parameters it has.
struct Day {
    commune: Commune,
    statements: BTreeMap<String, usize>,
}

async fn day() -> Day {
    let mut commune = Commune::surveyed().await;
    let mut minh = commune.bench.phone(commune.bench.minh, 12).await;
    plans::listen();
    let bench = &commune.bench;
    let scope = bench.scope(0);
    // Both offline, at odds about one household; then a sync with news and one without.
    commune.lan.write(scope.clone(), home(1), [answer("water_source", "tap")]);
    minh.write(scope.clone(), home(1), [answer("water_source", "other")]);
    minh.write(scope, home(4), [answer("floor_area", 40)]);
    for phone in [&mut commune.lan, &mut minh] {
        assert_eq!(phone.sync(bench).await, []);
        assert_eq!(phone.sync(bench).await, []);
    }
    let (app, hoa) = (&bench.app, &commune.hoa);
    inbox::list(app, hoa, bench.commune, &round_id()).await.unwrap();
    inbox::households(app, hoa, (bench.commune, &round_id()), &NameSearch::of("")).await.unwrap();
    let open = page(app, hoa, commune.case(1)).await.unwrap().disagreements;
    let id = open[0].0.id();
    review::settle(app, hoa, commune.case(1), id, Settlement::Side(0)).await.unwrap();
    commune.accept(1, 140).await;
    commune.accept(3, 141).await;
    roster::compile(app, hoa, &round_id(), bench.commune).await.unwrap();
    roster::standing(app, hoa, &round_id(), bench.commune).await.unwrap();
    Day { statements: plans::heard(), commune }
}

async fn assert_by_commune(store: &Store, statements: BTreeMap<String, usize>) {
    assert!(statements.len() > 60, "{} statements heard: the listening is broken", statements.len());
    let faults = plans::faults(store, statements).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn sqlite_reads_what_is_a_communes_by_the_commune() {
    let Day { commune, statements } = day().await;
    assert_by_commune(&commune.bench.app.store, statements).await;
}

#[tokio::test]
async fn postgresql_reads_what_is_a_communes_by_the_commune_among_many() {
    let Day { commune, statements } = day().await;
    let directory = tempfile::tempdir().unwrap();
    let place = crate::store::on_postgres::place(directory.path());
    let server = Store::open_for_copy(&place).await.unwrap();
    copied(&commune.bench.app.store, &server).await;
    plans::fill(&server, COMMUNES).await;
    assert_by_commune(&server, statements).await;
}

/// Copies a database into an empty one; the digest of every table.
async fn copied(from: &Store, to: &Store) -> Vec<Step> {
    let mut proven = Vec::new();
    let mut note = |step| {
        if matches!(step, Step::Proven { .. }) {
            proven.push(step);
        }
    };
    copy::whole((from, "a day"), to, Timestamp::UNIX_EPOCH, &mut note).await.unwrap();
    proven
}

#[tokio::test]
async fn tables_split_by_commune_hold_what_they_held_and_a_commune_is_in_one_part() {
    let Day { commune, statements } = day().await;
    let directory = tempfile::tempdir().unwrap();
    let place = crate::store::on_postgres::place(directory.path());
    let server = Store::open_for_copy(&place).await.unwrap();
    let there = copied(&commune.bench.app.store, &server).await;
    let split = server.partition(PARTS).await.unwrap();
    for table in ["change", "document", "household_view", "ledger", "log_row", "roster_line", "segment"] {
        assert!(split.iter().any(|name| name == table), "{table} is whole: {split:?}");
    }
    assert!(!split.iter().any(|name| name == "household"), "its ids are unique in all communes");
    assert_eq!(server.partition(PARTS).await.unwrap(), Vec::<String>::new(), "what is split stays");
    let back = Store::open_for_copy(&Database::Sqlite(directory.path().join("back.db"))).await.unwrap();
    assert_eq!(copied(&server, &back).await, there);
    let (by_commune, params) =
        statements.into_iter().find(|(text, _)| text.contains("FROM document WHERE commune = $1")).unwrap();
    let plan = plans::of(&server, by_commune, params).await;
    let removed = format!("Subplans Removed: {}", PARTS - 1);
    assert!(plan.iter().any(|line| line.contains(&removed)), "{plan:#?}");
}
