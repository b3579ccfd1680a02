//! Whoever watches a commune is told of what is written there, by whatever process.

use super::at_once::processes;
use super::*;

const COMMUNE: UnitId = UnitId(7);

async fn write(store: &Store, parts: impl Into<Parts>) {
    let written: Result<(), StoreError> = store
        .write_in(parts, "told", |tx| {
            Box::pin(async move {
                sql("SELECT 1").execute(tx).await?;
                Ok(())
            })
        })
        .await;
    written.unwrap();
}

#[tokio::test]
async fn every_process_hears_of_what_was_written_in_a_commune() {
    let (stores, _directory) = processes(bench().await).await;
    for writer in &stores {
        for reader in &stores {
            let mut watcher = reader.watch();
            write(writer, COMMUNE).await;
            assert!(watcher.wait(COMMUNE).await);
        }
    }
    let mut watcher = stores[0].watch();
    let house: Result<(), StoreError> = stores[0].write("told", |_| Box::pin(async { Ok(()) })).await;
    house.unwrap();
    assert!(watcher.wait(COMMUNE).await, "what is written with the house may be anywhere");
}

#[tokio::test]
async fn watching_ends_with_the_store_and_does_not_begin_after_it() {
    let bench = bench().await;
    let mut watcher = bench.store.watch();
    bench.store.close().await;
    assert!(!watcher.wait(COMMUNE).await);
    assert!(!bench.store.watch().wait(COMMUNE).await);
}
