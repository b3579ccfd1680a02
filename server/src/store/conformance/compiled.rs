//! What earlier lists said, and the lists that were compiled, on a real database.

use schemas::ids::HouseholdId;
use schemas::ledger::{Hash, Listing};
use schemas::roster::{CommuneName, HashedId, PointsFrom, Previous, ROSTER_VERSION, RosterHeader};

use super::*;
use crate::domain::field::{DocumentKey, Home};
use crate::domain::listing::ListedHousehold;
use crate::domain::roster::{LeafKind, StoredLine, StoredRoster};

const OWN: HouseholdId = HouseholdId([1; 16]);
const OTHER: HouseholdId = HouseholdId([2; 16]);

/// A commune with a round and two households.
async fn commune() -> (Bench, UnitId, RoundId) {
    let bench = bench().await;
    let [nation, _, commune, _, village] = tree(&bench).await;
    let round = round_of(nation);
    let id = round.id.clone();
    let made: Result<(), StoreError> = write!(bench, |tx| {
        round::insert(tx, &round).await?;
        for id in [OWN, OTHER] {
            let home = Home { id, commune, village, wrapped_key: Some(vec![7]), created_at: at(1) };
            household::insert(tx, &home).await?;
        }
        Ok(())
    });
    made.unwrap();
    (bench, commune, id)
}

fn roster(commune: UnitId, round: &RoundId, number: u64) -> StoredRoster {
    let hash = Hash([number as u8; 32]);
    let header = RosterHeader {
        v: ROSTER_VERSION,
        round: round.clone(),
        commune: CommuneName { id: commune, code: None, name: "Xã Một".to_owned() },
        reference_on: TODAY,
        standard: HashedId { id: "vn-2022-2025".parse().unwrap(), hash },
        overlay: None,
        b1: PointsFrom::Paper,
        merge_policy: 1,
        units: hash,
        previous: Previous::Nothing,
        approved: 2,
        unassessed: 0,
        inputs: hash,
    };
    StoredRoster { number, root: hash, header, compiled_at: at(5), ledger: number }
}

fn line(household: HouseholdId) -> StoredLine {
    let leaf = Hash(household.0.repeat(2).try_into().unwrap());
    StoredLine { kind: LeafKind::Line, household, leaf, sealed: vec![1, 2] }
}

fn without_class(household: HouseholdId) -> StoredLine {
    StoredLine { kind: LeafKind::Unassessed, ..line(household) }
}

#[tokio::test]
async fn one_number_of_a_list_is_given_once() {
    let (bench, commune, round) = commune().await;
    let twice: Result<(), StoreError> = write!(bench, |tx| {
        roster::insert(tx, commune, &round, &roster(commune, &round, 1), &[]).await?;
        roster::insert(tx, commune, &round, &roster(commune, &round, 1), &[]).await
    });
    assert!(matches!(twice, Err(StoreError::Database(_))), "{twice:?}");
}

#[tokio::test]
async fn the_newest_list_and_its_leaves_read_back_in_the_order_of_the_tree() {
    let (bench, commune, round) = commune().await;
    let (first, second) = (roster(commune, &round, 1), roster(commune, &round, 2));
    let (newest, id) = (second.clone(), round.clone());
    assert_eq!(roster::newest(read!(bench), commune, &round).await.unwrap(), None);
    let written: Result<(), StoreError> = write!(bench, |tx| {
        roster::insert(tx, commune, &id, &first, &[line(OWN)]).await?;
        roster::insert(tx, commune, &id, &second, &[line(OTHER), without_class(OWN)]).await
    });
    written.unwrap();
    assert_eq!(roster::newest(read!(bench), commune, &round).await.unwrap(), Some(newest));
    let all = roster::of_commune(read!(bench), commune, &round).await.unwrap();
    assert_eq!(all, [roster(commune, &round, 1), roster(commune, &round, 2)]);
    assert_eq!(roster::of_commune(read!(bench), UnitId(99), &round).await.unwrap(), []);
    assert_eq!(roster::lines(read!(bench), commune, &round, 1).await.unwrap(), [line(OWN)]);
    assert_eq!(roster::lines(read!(bench), commune, &round, 2).await.unwrap(), [line(OTHER), without_class(OWN)]);
    assert_eq!(roster::lines(read!(bench), UnitId(99), &round, 2).await.unwrap(), []);
}

#[tokio::test]
async fn listings_are_written_over_and_found_by_household_and_commune() {
    let (bench, commune, id) = commune().await;
    let listed = |sealed| ListedHousehold { household: OWN, how: Listing::Carried, sealed };
    let requested = ListedHousehold { household: OTHER, how: Listing::Requested, sealed: None };
    let (rows, round) = ([listed(None), listed(Some(vec![9])), requested.clone()], id.clone());
    let written: Result<(), StoreError> = write!(bench, |tx| {
        for row in &rows {
            listing::put(tx, commune, &round, row).await?;
        }
        Ok(())
    });
    written.unwrap();
    let key = |household| DocumentKey { commune, round: id.clone(), household };
    assert_eq!(listing::by_key(read!(bench), &key(OWN)).await.unwrap(), Some(listed(Some(vec![9]))));
    assert_eq!(listing::by_key(read!(bench), &key(HouseholdId([3; 16]))).await.unwrap(), None);
    assert_eq!(listing::of_commune(read!(bench), commune, &id).await.unwrap(), [listed(Some(vec![9])), requested]);
}

#[tokio::test]
async fn a_unit_has_the_code_that_was_given_last_as_of_a_day() {
    let bench = bench().await;
    let [_, _, commune, other, _] = tree(&bench).await;
    let until = Validity { from: always().from, to: Some(REFORM) };
    let since = Validity { from: REFORM, to: None };
    let written: Result<(), StoreError> = write!(bench, |tx| {
        unit::insert_code(tx, commune, "gso", "01240", until).await?;
        unit::insert_code(tx, commune, "gso", "01243", since).await
    });
    written.unwrap();
    let code = |code: &str| Some(("gso".to_owned(), code.to_owned()));
    assert_eq!(unit::code_of(read!(bench), commune, BEFORE).await.unwrap(), code("01240"));
    assert_eq!(unit::code_of(read!(bench), commune, TODAY).await.unwrap(), code("01243"));
    assert_eq!(unit::code_of(read!(bench), other, TODAY).await.unwrap(), None);
}
