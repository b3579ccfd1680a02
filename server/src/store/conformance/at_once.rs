//! Many who write and read at once, in as many processes as the engine lets in.

use schemas::ids::HouseholdId;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Digest, Row, RowEvent, origin};

use super::super::PROCESSES;
use super::*;
use crate::domain::field::{LogState, LoggedRow};

/// Rows that each writer adds to each log.
const ROWS: u64 = 25;
/// Writers of each process in each village.
const WRITERS: u64 = 2;
const GENERATION: u64 = 7;

/// A database as often as the engine lets it be opened, and the directory that it may be in.
pub(super) async fn processes(bench: Bench) -> (Vec<Arc<Store>>, tempfile::TempDir) {
    let Bench { store, place, _directory: directory } = bench;
    let mut stores = vec![Arc::new(store)];
    while stores.len() < PROCESSES {
        stores.push(Arc::new(Store::open(&place).await.unwrap()));
    }
    (stores, directory)
}

/// Adds the next row to a log, as ingest does: from where the log stands, within one job.
async fn add(store: &Store, commune: UnitId, scope: &Scope, writer: u8) {
    let scope = scope.clone();
    let added: Result<(), StoreError> = store
        .write_in(commune, "at_once", move |tx| {
            Box::pin(async move {
                let state = log::state(tx, commune, &scope).await?;
                let (last, hash) =
                    state.map_or_else(|| (0, origin(&scope, GENERATION)), |state| (state.position, state.row));
                let household = HouseholdId([writer; 16]);
                let row = Row { position: last + 1, written_at_ms: 5, household, event: RowEvent::Entered };
                let (hash, digest) = (row.hash(&hash), Digest::default());
                let position = row.position;
                log::append(tx, commune, &scope, &[LoggedRow { row, hash, digest }]).await?;
                log::put_state(tx, commune, &scope, &LogState { generation: GENERATION, position, row: hash, digest })
                    .await
            })
        })
        .await;
    added.unwrap();
}

/// Reads a log page by page while it is written, up to its last row.
async fn follow(store: &Store, commune: UnitId, scope: &Scope, last: u64) {
    let (mut position, mut hash) = (0, origin(scope, GENERATION));
    while position < last {
        let mut read = store.read().await.unwrap();
        let rows = log::after(&mut read, commune, scope, position, 7).await.unwrap();
        let state = log::state(&mut read, commune, scope).await.unwrap();
        for logged in rows {
            assert_eq!(logged.row.position, position + 1, "nothing is skipped and nothing comes again");
            hash = logged.row.hash(&hash);
            assert_eq!(logged.hash, hash, "a row was put below one that had been read");
            position += 1;
        }
        assert!(state.is_none_or(|state| state.position >= position), "a snapshot is of one moment");
        tokio::task::yield_now().await;
    }
    assert_eq!(position, last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rows_follow_one_another_whoever_writes_and_readers_neither_skip_nor_repeat() {
    let bench = bench().await;
    let [nation, _, commune, other, village] = tree(&bench).await;
    let round = round_of(nation);
    let id = round.id.clone();
    let made: Result<UnitId, StoreError> = write!(bench, |tx| {
        round::insert(tx, &round).await?;
        unit::insert(tx, Level::Village, always(), &named("Bản Hai", Some(other))).await
    });
    let scopes = [(commune, village), (other, made.unwrap())];
    let (stores, _directory) = processes(bench).await;
    let last = stores.len() as u64 * WRITERS * ROWS;
    let mut work = tokio::task::JoinSet::new();
    for (store, (commune, village)) in stores.iter().flat_map(|store| scopes.map(|scope| (store, scope))) {
        let scope = Scope { village, round: id.clone() };
        for writer in 0..WRITERS {
            let (store, scope) = (Arc::clone(store), scope.clone());
            work.spawn(async move {
                for _ in 0..ROWS {
                    add(&store, commune, &scope, writer as u8).await;
                }
            });
        }
        let store = Arc::clone(store);
        work.spawn(async move { follow(&store, commune, &scope, last).await });
    }
    while let Some(done) = work.join_next().await {
        done.unwrap();
    }
}

/// Counts the communes of a province and adds one: were two at it at once, both would find the same number.
async fn one_more(tx: &mut Tx, province: UnitId) -> Result<usize, StoreError> {
    let there = unit::children(tx, province, TODAY).await?.len();
    unit::insert(tx, Level::Commune, always(), &named("Xã Mới", Some(province))).await?;
    Ok(there)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_for_the_house_alone_waits_for_what_is_a_communes_and_the_other_way_round() {
    let bench = bench().await;
    let [_, province, commune, ..] = tree(&bench).await;
    let (stores, _directory) = processes(bench).await;
    let mut work = tokio::task::JoinSet::new();
    for (number, store) in (0..24).zip(stores.iter().cycle()) {
        let store = Arc::clone(store);
        work.spawn(async move {
            match number % 2 {
                0 => store.write("at_once", move |tx| Box::pin(one_more(tx, province))).await.unwrap(),
                _ => store.write_in(commune, "at_once", move |tx| Box::pin(one_more(tx, province))).await.unwrap(),
            }
        });
    }
    let mut found = work.join_all().await;
    found.sort_unstable();
    assert_eq!(found, (2..26).collect::<Vec<_>>());
}
