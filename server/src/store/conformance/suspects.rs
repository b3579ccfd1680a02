//! Clues, the marks of numbers and the suspicions that were looked at, on a real database.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, MemberId};
use schemas::ledger::{Hash, LedgerEntry};

use super::*;
use crate::domain::clue::{Holder, KeptClues, NumberMark};
use crate::domain::field::{DocumentKey, Home};

const ONE: HouseholdId = HouseholdId([1; 16]);
const TWO: HouseholdId = HouseholdId([2; 16]);
const FAR: HouseholdId = HouseholdId([3; 16]);

/// Two households in a commune and one in its neighbour, in one round.
struct Clued {
    bench: Bench,
    communes: [UnitId; 2],
    round: RoundId,
}

impl Clued {
    async fn start() -> Self {
        let bench = bench().await;
        let [nation, _, own, other, village] = tree(&bench).await;
        let round = round_of(nation);
        let id = round.id.clone();
        let made: Result<(), StoreError> = write!(bench, |tx| {
            round::insert(tx, &round).await?;
            for (id, commune) in [(ONE, own), (TWO, own), (FAR, other)] {
                let home = Home { id, commune, village, wrapped_key: Some(vec![7]), created_at: at(1) };
                household::insert(tx, &home).await?;
            }
            Ok(())
        });
        made.unwrap();
        Self { bench, communes: [own, other], round: id }
    }

    fn key(&self, household: HouseholdId) -> DocumentKey {
        let commune = self.communes[usize::from(household == FAR)];
        DocumentKey { commune, round: self.round.clone(), household }
    }

    async fn put(&self, household: HouseholdId, sealed: u8, marks: &[(u8, u8)]) -> KeptClues {
        let marks = marks.iter().map(|(member, mark)| (MemberId([*member; 10]), NumberMark([*mark; 32])));
        let kept = KeptClues { sealed: vec![sealed], marks: marks.collect() };
        let (key, stored) = (self.key(household), kept.clone());
        let written: Result<(), StoreError> = write!(self.bench, |tx| clue::put(tx, &key, &stored).await);
        written.unwrap();
        kept
    }

    async fn shared(&self, commune: usize) -> Vec<(HouseholdId, u8)> {
        let found = clue::shared_numbers(read!(self.bench), self.communes[commune], &self.round).await.unwrap();
        assert!(found.is_sorted() && found.iter().all(|Holder { mark, .. }| *mark == NumberMark([9; 32])));
        found.iter().map(|holder| (holder.household, holder.member.0[0])).collect()
    }
}

#[tokio::test]
async fn clues_take_the_place_of_those_before_with_all_their_marks() {
    let clued = Clued::start().await;
    let key = clued.key(ONE);
    assert_eq!(clue::by_key(read!(clued.bench), &key).await.unwrap(), None);
    clued.put(ONE, 1, &[(1, 9), (2, 8)]).await;
    clued.put(ONE, 2, &[(1, 9), (2, 8)]).await;
    let last = clued.put(ONE, 3, &[(2, 9)]).await;
    assert_eq!(clue::by_key(read!(clued.bench), &key).await.unwrap(), Some(last.clone()));
    assert_eq!(clue::marks(read!(clued.bench), &key).await.unwrap(), last.marks);
    let all = clue::of_commune(read!(clued.bench), clued.communes[0], &clued.round).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|(home, sealed)| (home.id, home.wrapped_key, sealed)).collect();
    assert_eq!(all, [(ONE, Some(vec![7]), vec![3])]);
    assert!(clue::of_commune(read!(clued.bench), clued.communes[1], &clued.round).await.unwrap().is_empty());
    let forgotten: Result<(), StoreError> =
        write!(clued.bench, |tx| clue::forget(tx, key.commune, key.household).await);
    forgotten.unwrap();
    let key = clued.key(ONE);
    assert_eq!(clue::by_key(read!(clued.bench), &key).await.unwrap(), None);
    assert!(clue::marks(read!(clued.bench), &key).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_number_in_two_households_is_found_across_communes_and_never_with_an_erased_one() {
    let clued = Clued::start().await;
    clued.put(ONE, 1, &[(1, 9), (2, 7), (3, 7)]).await;
    assert_eq!(clued.shared(0).await, [], "one number twice in one household is no matter of two");
    clued.put(TWO, 1, &[(4, 6)]).await;
    clued.put(FAR, 1, &[(5, 9), (6, 5)]).await;
    for commune in [0, 1] {
        assert_eq!(clued.shared(commune).await, [(ONE, 1), (FAR, 5)]);
    }
    let far = clued.key(FAR);
    let erased: Result<(), StoreError> = write!(clued.bench, |tx| household::erase(tx, far.commune, FAR).await);
    erased.unwrap();
    assert_eq!(household::by_id(read!(clued.bench), FAR).await.unwrap().unwrap().wrapped_key, None);
    assert!(clue::marks(read!(clued.bench), &clued.key(FAR)).await.unwrap().is_empty());
    clued.put(FAR, 1, &[(5, 9)]).await;
    assert_eq!(clued.shared(0).await, [(ONE, 1)], "not even where a row was left");
    assert!(clue::of_commune(read!(clued.bench), clued.communes[1], &clued.round).await.unwrap().is_empty());
    let unknown: Result<(), StoreError> =
        write!(clued.bench, |tx| household::erase(tx, far.commune, HouseholdId([9; 16])).await);
    assert!(matches!(unknown, Err(StoreError::NoSuchRow { .. })));
}

#[tokio::test]
async fn what_was_looked_at_is_kept_with_its_entry_until_it_is_cleared() {
    let clued = Clued::start().await;
    let (commune, round) = (clued.communes[0], clued.round.clone());
    let (one, two, pins) = (clued.key(ONE), clued.key(TWO), [Hash([1; 32]), Hash([2; 32])]);
    let written: Result<(), StoreError> = write!(clued.bench, |tx| {
        suspicion::put(tx, &one, pins[0], 1).await?;
        suspicion::put(tx, &one, pins[1], 2).await?;
        suspicion::put(tx, &two, pins[0], 3).await?;
        suspicion::put(tx, &one, pins[0], 4).await
    });
    written.unwrap();
    let all = suspicion::of_commune(read!(clued.bench), commune, &clued.round).await.unwrap();
    assert_eq!(all, BTreeMap::from([((ONE, pins[0]), 4), ((ONE, pins[1]), 2), ((TWO, pins[0]), 3)]));
    let cleared: Result<(), StoreError> = write!(clued.bench, |tx| suspicion::clear(tx, commune, &round).await);
    cleared.unwrap();
    assert!(suspicion::of_commune(read!(clued.bench), commune, &clued.round).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_entry_of_a_ledger_is_found_by_its_number() {
    let clued = Clued::start().await;
    let (commune, village, round) = (clued.communes[0], UnitId(1), clued.round.clone());
    let account = person(&clued.bench, "lan", commune).await;
    let decision = schemas::ledger::Decision::Assigned { round, village, account };
    let entry = LedgerEntry { v: 1, commune, number: 1, previous: None, at_ms: 5, by: Some(account), decision };
    let text = entry.text();
    let written: Result<(), StoreError> = write!(clued.bench, |tx| ledger::append(tx, &entry).await);
    written.unwrap();
    assert_eq!(ledger::text(read!(clued.bench), commune, 1).await.unwrap(), Some(text));
    assert_eq!(ledger::text(read!(clued.bench), commune, 2).await.unwrap(), None);
    assert_eq!(ledger::text(read!(clued.bench), clued.communes[1], 1).await.unwrap(), None);
}
