//! Listings and boundaries on a real database.

use schemas::ids::HouseholdId;
use schemas::ledger::Listing;

use super::*;
use crate::domain::field::DocumentKey;
use crate::domain::listing::ListedHousehold;

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
