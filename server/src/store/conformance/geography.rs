//! Listings and boundaries on a real database.

use schemas::ids::HouseholdId;
use schemas::ledger::Listing;

use super::*;
use crate::domain::field::DocumentKey;
use crate::domain::listing::ListedHousehold;
use crate::geography::shape::Shape;

#[tokio::test]
async fn what_a_list_said_of_a_household_is_kept_by_round() {
    let bench = bench().await;
    let [nation, _, commune, other, _] = tree(&bench).await;
    let round = round_of(nation);
    let id = round.id.clone();
    let listed = |n: u8, sealed: Option<Vec<u8>>| ListedHousehold {
        household: HouseholdId([n; 16]),
        how: if sealed.is_some() { Listing::Carried } else { Listing::Requested },
        sealed,
    };
    let (first, second, corrected) = (listed(2, Some(vec![1])), listed(1, None), listed(2, Some(vec![2])));
    let written: Result<(), StoreError> = write!(bench, |tx| {
        round::insert(tx, &round).await?;
        for listed in [&first, &second, &corrected] {
            listing::put(tx, commune, &round.id, listed).await?;
        }
        Ok(())
    });
    written.unwrap();
    let read = read!(bench);
    let all = listing::of_commune(read, commune, &id).await.unwrap();
    assert_eq!(all, [listed(1, None), listed(2, Some(vec![2]))]);
    assert!(listing::of_commune(read, other, &id).await.unwrap().is_empty());
    let key = |n: u8| DocumentKey { commune, round: id.clone(), household: HouseholdId([n; 16]) };
    assert_eq!(listing::by_key(read, &key(1)).await.unwrap(), Some(listed(1, None)));
    assert_eq!(listing::by_key(read, &key(3)).await.unwrap(), None);
}

#[tokio::test]
async fn a_boundary_takes_the_place_of_the_one_before() {
    let bench = bench().await;
    let [_, _, commune, other, village] = tree(&bench).await;
    let square = |size: i32| -> Shape {
        serde_json::from_value(serde_json::json!([[[[0, 0], [size, 0], [size, size], [0, 0]]]])).unwrap()
    };
    let shapes = [square(1), square(2), square(3)];
    let written: Result<(), StoreError> = write!(bench, |tx| {
        boundary::put(tx, commune, village, &shapes[0], at(0)).await?;
        boundary::put(tx, commune, commune, &shapes[1], at(0)).await?;
        boundary::put(tx, commune, village, &shapes[2], at(1)).await
    });
    written.unwrap();
    let read = read!(bench);
    let all = boundary::of_commune(read, commune).await.unwrap();
    assert_eq!(all, [(commune, square(2)), (village, square(3))]);
    assert!(boundary::of_commune(read, other).await.unwrap().is_empty());
    assert_eq!(boundary::of_unit(read, commune, village).await.unwrap(), Some(square(3)));
    assert_eq!(boundary::of_unit(read, other, village).await.unwrap(), None);
}

#[tokio::test]
async fn units_are_found_by_code_in_any_scheme_and_by_level_within_a_place() {
    let bench = bench().await;
    let [nation, province, commune, other, village] = tree(&bench).await;
    let written: Result<(), StoreError> = write!(bench, |tx| {
        unit::insert_code(tx, commune, "gso", "01243", Validity { from: BEFORE, to: Some(REFORM) }).await?;
        unit::insert_code(tx, other, "gso-2025", "01243", Validity { from: REFORM, to: None }).await
    });
    written.unwrap();
    let read = read!(bench);
    assert_eq!(unit::coded(read, "01243", BEFORE).await.unwrap(), [commune]);
    assert_eq!(unit::coded(read, "01243", TODAY).await.unwrap(), [other]);
    assert!(unit::coded(read, "1243", TODAY).await.unwrap().is_empty());
    let ids = |units: Vec<crate::domain::unit::Unit>| units.into_iter().map(|unit| unit.id).collect::<Vec<_>>();
    assert_eq!(ids(unit::within(read, nation, Level::Commune, TODAY).await.unwrap()), [commune, other]);
    assert_eq!(ids(unit::within(read, province, Level::Village, TODAY).await.unwrap()), [village]);
    assert_eq!(ids(unit::within(read, other, Level::Village, TODAY).await.unwrap()), []);
    assert_eq!(ids(unit::within(read, village, Level::Village, TODAY).await.unwrap()), [village]);
}
