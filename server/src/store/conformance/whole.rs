//! What is done with a whole database: copied, split, had alone.

use super::*;
use crate::store::copy::{Step, Unfinished};

/// A database file beside the one that is tested.
async fn file(directory: &std::path::Path, name: &str) -> Store {
    Store::open_for_copy(&Database::Sqlite(directory.join(name))).await.unwrap()
}

async fn copied(from: &Store, to: &Store) -> Result<Vec<Step>, StoreError> {
    let mut steps = Vec::new();
    copy::whole((from, "here"), to, at(7), &mut |step| steps.push(step)).await.map(|()| steps)
}

fn digests(steps: &[Step]) -> Vec<&Step> {
    steps.iter().filter(|step| matches!(step, Step::Proven { .. } | Step::Root { .. })).collect()
}

#[tokio::test]
async fn nothing_is_copied_into_a_database_that_holds_something() {
    let bench = bench().await;
    tree(&bench).await;
    let directory = tempfile::tempdir().unwrap();
    let other = file(directory.path(), "other.db").await;
    let refused = copied(&other, &bench.store).await;
    assert!(matches!(&refused, Err(StoreError::NotEmpty(what)) if what == "unit, unit_version"), "{refused:?}");
    assert_eq!(copy::unfinished(read!(bench)).await.unwrap(), None, "it is not spoilt either");
    assert_eq!(unit::roots(read!(bench), TODAY).await.unwrap().len(), 1);
}

#[tokio::test]
async fn half_a_copy_is_opened_by_nobody_and_the_next_copy_names_and_replaces_it() {
    let bench = bench().await;
    let directory = tempfile::tempdir().unwrap();
    let from = file(directory.path(), "from.db").await;
    let nation: Result<UnitId, StoreError> = from
        .write("conformance", |tx| {
            Box::pin(async move { unit::insert(tx, Level::Nation, always(), &named("Việt Nam", None)).await })
        })
        .await;
    let nation = nation.unwrap();
    // As a kill leaves it: marked, and a part of the rows there.
    tree(&bench).await;
    let killed: Result<(), StoreError> = write!(bench, |tx| {
        sql("INSERT INTO unfinished_copy (source, begun_at) VALUES ('elsewhere', 0)").execute(tx).await.map(drop)
    });
    killed.unwrap();
    bench.store.close().await;
    let refused = Store::open(&bench.place).await;
    assert!(matches!(&refused, Err(StoreError::HalfCopied(source)) if source == "elsewhere"), "{refused:?}");
    let refused = Store::open_alone(&bench.place).await;
    assert!(matches!(refused, Err(StoreError::HalfCopied(_))), "{refused:?}");
    let to = Store::open_for_copy(&bench.place).await.unwrap();
    let steps = copied(&from, &to).await.unwrap();
    let left = Unfinished { source: "elsewhere".to_owned(), begun_at: Timestamp::UNIX_EPOCH };
    assert_eq!(steps[0], Step::Removed(left, 10), "five units with a version each");
    assert!(steps[0].to_string().contains("elsewhere"));
    to.close().await;
    let whole = Store::open(&bench.place).await.unwrap();
    let roots = unit::roots(&mut whole.read().await.unwrap(), TODAY).await.unwrap();
    assert_eq!(roots.iter().map(|unit| unit.id).collect::<Vec<_>>(), [nation]);
}

#[tokio::test]
async fn a_copy_there_and_back_gives_the_same_digests_and_numbers_go_on_after_it() {
    let bench = bench().await;
    let [nation, .., village] = tree(&bench).await;
    person(&bench, "lan", village).await;
    let directory = tempfile::tempdir().unwrap();
    let (there, back) = (file(directory.path(), "there.db").await, super::bench().await);
    let first = copied(&bench.store, &there).await.unwrap();
    let second = copied(&there, &back.store).await.unwrap();
    assert_eq!(digests(&first), digests(&second));
    assert!(first.contains(&Step::Written { table: "unit_version".to_owned(), rows: 5 }), "{first:?}");
    assert_eq!(unit::lineage(read!(back), village, TODAY).await.unwrap().last(), Some(&nation));
    assert!(
        person(&back, "minh", village).await
            > account::by_login(read!(back), &"lan".parse().unwrap()).await.unwrap().unwrap().id
    );
}
