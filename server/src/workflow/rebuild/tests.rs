//! Rebuilding on real databases that somebody has been at.

use schemas::ledger::{Hash, LedgerFault};
use sync_protocol::hash::ChangeHash;

use super::*;
use crate::domain::field::{DocumentKey, DocumentState, StoredChange};
use crate::domain::review::{HouseholdView, ReviewState, Said};
use crate::domain::role::Role;
use crate::store::StoreError;
use crate::store::tampering::{self, tamper};
use crate::workflow::bench::{Bench, answer, home, permit, poor_interview, round_id};
use crate::workflow::case::CaseId;
use crate::workflow::document;
use crate::workflow::review;
use crate::workflow::roster::tests::Commune;

async fn filled() -> Bench {
    let bench = Bench::new().await;
    let mut lan = bench.phone(bench.lan, 11).await;
    for n in 1..4 {
        lan.write(bench.scope(0), home(n), [answer("floor_area", i64::from(n))]);
        lan.write(bench.scope(0), home(n), [answer("internet", true)]);
    }
    assert_eq!(lan.sync(&bench).await, []);
    bench
}

/// A household on whose floor two people disagree.
async fn disagreeing() -> Bench {
    let bench = Bench::new().await;
    let mut lan = bench.phone(bench.lan, 11).await;
    lan.write(bench.scope(0), home(1), poor_interview());
    assert_eq!(lan.sync(&bench).await, []);
    let mut minh = bench.phone(bench.minh, 12).await;
    lan.write(bench.scope(0), home(1), [answer("floor_area", 31)]);
    minh.write(bench.scope(0), home(1), [answer("floor_area", 77)]);
    lan.sync(&bench).await;
    minh.sync(&bench).await;
    assert_eq!(disagreements(&bench).await.len(), 1);
    bench
}

async fn disagreements(bench: &Bench) -> Vec<crate::domain::review::DisagreementView> {
    let mut read = bench.app.store.read().await.unwrap();
    store::view::disagreements(&mut read, bench.commune, &round_id()).await.unwrap()
}

fn key(bench: &Bench, n: u8) -> DocumentKey {
    DocumentKey { commune: bench.commune, round: round_id(), household: home(n) }
}

async fn document_of(bench: &Bench, n: u8) -> Option<DocumentState> {
    store::document::by_key(&mut bench.app.store.read().await.unwrap(), &key(bench, n)).await.unwrap()
}

async fn changes(bench: &Bench, n: u8) -> Vec<StoredChange> {
    store::change::of_document(&mut bench.app.store.read().await.unwrap(), &key(bench, n)).await.unwrap()
}

async fn differences(bench: &Bench) -> Vec<Difference> {
    rebuild(&bench.app).await.unwrap().differences
}

/// The change that the last household's second answer came with.
async fn newest_change(bench: &Bench) -> StoredChange {
    changes(bench, 3).await.into_iter().max_by_key(|change| change.entry).unwrap()
}

#[tokio::test]
async fn a_change_that_is_gone_without_a_witness_is_named_and_its_document_left_alone() {
    let bench = filled().await;
    let (lost, before) = (newest_change(&bench).await.hash, document_of(&bench, 3).await);
    for statement in [tampering::NEWEST_CHANGE, tampering::SEGMENTS] {
        tamper(&bench.app.store, statement).await;
    }
    let expected = [Difference::ChangeLost(key(&bench, 3), lost, Left::InSavedDocument)];
    assert_eq!(differences(&bench).await, expected);
    assert!(!expected[0].is_mended());
    assert_eq!(document_of(&bench, 3).await, before, "it holds the last copy");
    assert_eq!(differences(&bench).await, expected, "and is told again");
}

#[tokio::test]
async fn a_change_of_which_nothing_is_left_is_named_and_nothing_of_its_household_is_made_without_it() {
    let bench = filled().await;
    let lost = newest_change(&bench).await.hash;
    tamper(&bench.app.store, tampering::NEWEST_CHANGE).await;
    tamper(&bench.app.store, tampering::DOCUMENTS).await;
    let found = differences(&bench).await;
    let expected = Difference::ChangeLost(key(&bench, 3), lost, Left::Nothing);
    assert_eq!(found, [Difference::Cache(key(&bench, 1)), Difference::Cache(key(&bench, 2)), expected.clone()]);
    assert_eq!(document_of(&bench, 3).await, None);
    assert_eq!(differences(&bench).await, [expected]);
}

#[tokio::test]
async fn a_change_whose_end_was_altered_is_named_and_its_document_left_alone() {
    let bench = filled().await;
    let altered = changes(&bench, 1).await.into_iter().min_by_key(|change| change.entry).unwrap().hash;
    let before = document_of(&bench, 1).await;
    tamper(&bench.app.store, tampering::OLDEST_CHANGE_REJECTED).await;
    let expected = [Difference::Verdict(key(&bench, 1), altered)];
    assert_eq!(differences(&bench).await, expected);
    assert_eq!(document_of(&bench, 1).await, before);
    assert_eq!(differences(&bench).await, expected);
}

#[tokio::test]
async fn a_log_that_was_cut_is_told_by_its_state_and_by_the_change_it_forgot() {
    let bench = filled().await;
    let forgotten = newest_change(&bench).await.hash;
    tamper(&bench.app.store, tampering::NEWEST_LOG_ROW).await;
    let expected = [Difference::Log(bench.commune, bench.scope(0), 9), Difference::Verdict(key(&bench, 3), forgotten)];
    assert_eq!(differences(&bench).await, expected);
    assert_eq!(differences(&bench).await, expected);
}

#[tokio::test]
async fn a_saved_document_that_knows_a_change_which_nothing_else_knows_is_not_written_over() {
    let bench = filled().await;
    let (alone, before) = (newest_change(&bench).await.hash, document_of(&bench, 3).await);
    tamper(&bench.app.store, tampering::NEWEST_CHANGE).await;
    tamper(&bench.app.store, tampering::NEWEST_LOG_ROW).await;
    let expected = [Difference::Log(bench.commune, bench.scope(0), 9), Difference::SavedAlone(key(&bench, 3), alone)];
    assert_eq!(differences(&bench).await, expected);
    assert_eq!(document_of(&bench, 3).await, before);
}

#[tokio::test]
async fn a_household_whose_key_does_not_open_keeps_nobody_from_the_others() {
    let bench = filled().await;
    tamper(&bench.app.store, tampering::HOUSEHOLD_KEY).await;
    tamper(&bench.app.store, tampering::DOCUMENTS).await;
    let (one, two, three) = (key(&bench, 1), key(&bench, 2), key(&bench, 3));
    let expected = [Difference::Household(one), Difference::Cache(two), Difference::Cache(three)];
    assert_eq!(differences(&bench).await, expected);
}

#[tokio::test]
async fn households_that_are_gone_are_named_by_their_log() {
    let bench = filled().await;
    tamper(&bench.app.store, tampering::HOUSEHOLDS).await;
    let expected: Vec<Difference> = (1..4).map(|n| Difference::Household(key(&bench, n))).collect();
    assert_eq!(differences(&bench).await, expected);
    assert!(expected.iter().all(|difference| !difference.is_mended()));
}

#[tokio::test]
async fn a_list_without_its_lines_or_with_altered_ones_is_told() {
    for statement in [tampering::ROSTER_LINE_SEALED, tampering::ROSTER_LINES] {
        let commune = Commune::accepted().await;
        commune.compiled().await;
        tamper(&commune.bench.app.store, statement).await;
        let expected = [Difference::RosterLines(commune.bench.commune, round_id(), 1)];
        assert_eq!(differences(&commune.bench).await, expected, "{statement}");
        assert_eq!(differences(&commune.bench).await, expected, "{statement}");
    }
}

#[tokio::test]
async fn a_list_that_is_gone_is_told_by_the_ledger() {
    let commune = Commune::accepted().await;
    let entry = commune.compiled().await.ledger;
    tamper(&commune.bench.app.store, tampering::NEWEST_ROSTER).await;
    let expected = [Difference::RosterLost(commune.bench.commune, round_id(), entry)];
    assert_eq!(differences(&commune.bench).await, expected);
    assert_eq!(differences(&commune.bench).await, expected);
}

#[tokio::test]
async fn a_ledger_without_its_last_entry_is_told_by_the_list_that_names_it() {
    let commune = Commune::accepted().await;
    let entry = commune.compiled().await.ledger;
    tamper(&commune.bench.app.store, tampering::LAST_DECISION).await;
    let (id, round) = (commune.bench.commune, round_id());
    let expected = [Difference::LedgerCut(id, entry), Difference::Roster(id, round, 1)];
    assert_eq!(differences(&commune.bench).await, expected);
    assert_eq!(differences(&commune.bench).await, expected);
}

#[tokio::test]
async fn an_acceptance_outlives_a_ledger_that_was_cut() {
    let commune = Commune::accepted().await;
    let before = review_of(&commune.bench, 3).await;
    let (.., number) = before.last.unwrap();
    tamper(&commune.bench.app.store, tampering::LAST_DECISION).await;
    assert_eq!(differences(&commune.bench).await, [Difference::LedgerCut(commune.bench.commune, number)]);
    assert_eq!(review_of(&commune.bench, 3).await, before);
}

#[tokio::test]
async fn an_acceptance_outlives_a_ledger_that_was_altered() {
    let commune = Commune::accepted().await;
    let before = review_of(&commune.bench, 3).await;
    tamper(&commune.bench.app.store, tampering::FIRST_DECISION).await;
    let broken = Difference::Ledger(commune.bench.commune, LedgerFault::Order(1, 7));
    assert_eq!(differences(&commune.bench).await, [broken]);
    assert_eq!(review_of(&commune.bench, 3).await, before);
}

#[tokio::test]
async fn heads_that_do_not_give_their_pin_are_told_and_kept() {
    let commune = Commune::accepted().await;
    tamper(&commune.bench.app.store, tampering::PIN_HEADS).await;
    let found = differences(&commune.bench).await;
    let lost =
        |n| move |difference: &Difference| matches!(difference, Difference::Pin(key, _) if key.household == home(n));
    assert_eq!(found.len(), 3);
    assert!((1..=3).all(|n| found.iter().any(lost(n))), "{found:?}");
    assert_eq!(differences(&commune.bench).await, found);
}

#[tokio::test]
async fn a_pin_of_a_document_as_it_once_was_is_found_again_too() {
    let bench = filled().await;
    let hoa = permit(&bench, "hoa", Role::Reviewer).await;
    let id = CaseId { round: round_id(), commune: bench.commune, household: home(3) };
    let seen = document_of(&bench, 3).await.unwrap().heads;
    review::give_back(&bench.app, &hoa, id, seen, "đo lại".to_owned()).await.unwrap();
    let mut lan = bench.phone(bench.lan, 12).await;
    lan.write(bench.scope(0), home(3), [answer("floor_area", 40)]);
    assert_eq!(lan.sync(&bench).await, []);
    tamper(&bench.app.store, tampering::PINS).await;
    assert!(matches!(&differences(&bench).await[..], [Difference::PinFound(found, _)] if *found == key(&bench, 3)));
    assert_eq!(differences(&bench).await, []);
}

#[tokio::test]
async fn a_sound_database_has_no_differences() {
    let bench = filled().await;
    let rebuilt = rebuild(&bench.app).await.unwrap();
    assert_eq!(rebuilt.differences, []);
    assert_eq!((rebuilt.documents, rebuilt.log_rows), (3, 9));
    let commune = Commune::accepted().await;
    commune.compiled().await;
    assert_eq!(differences(&commune.bench).await, []);
    assert_eq!(differences(&disagreeing().await).await, []);
}

#[tokio::test]
async fn a_lost_change_that_the_saved_document_holds_is_given_back_as_its_author_signed_it() {
    let bench = filled().await;
    let lost = newest_change(&bench).await;
    tamper(&bench.app.store, tampering::NEWEST_CHANGE).await;
    assert_eq!(differences(&bench).await, [Difference::GivenBack(key(&bench, 3), lost.hash)]);
    let back = newest_change(&bench).await;
    // Sealed anew, so the sealed bytes are others; that they open to the change is what the next rebuild shows.
    assert_eq!(StoredChange { sealed: lost.sealed.clone(), ..back }, lost);
    assert_eq!(differences(&bench).await, []);
}

#[tokio::test]
async fn documents_without_their_rows_are_made_again_from_their_changes() {
    let bench = filled().await;
    let before: Vec<(u64, Vec<ChangeHash>)> = document_states(&bench).await;
    tamper(&bench.app.store, tampering::DOCUMENTS).await;
    let expected: Vec<Difference> = (1..4).map(|n| Difference::Cache(key(&bench, n))).collect();
    assert_eq!(differences(&bench).await, expected);
    assert_eq!(document_states(&bench).await, before);
    assert_eq!(differences(&bench).await, []);
}

async fn document_states(bench: &Bench) -> Vec<(u64, Vec<ChangeHash>)> {
    let mut states = Vec::new();
    for n in 1..4 {
        let state = document_of(bench, n).await.unwrap();
        states.push((state.changes, state.heads));
    }
    states
}

#[tokio::test]
async fn disagreements_that_were_hidden_or_turned_are_shown_again() {
    for statement in [tampering::DISAGREEMENTS, tampering::BLOCKING] {
        let bench = disagreeing().await;
        let before = disagreements(&bench).await;
        tamper(&bench.app.store, statement).await;
        assert_ne!(disagreements(&bench).await, before, "{statement}");
        assert_eq!(differences(&bench).await, [Difference::Disagreements(key(&bench, 1))], "{statement}");
        assert_eq!(disagreements(&bench).await, before, "{statement}");
        assert_eq!(differences(&bench).await, [], "{statement}");
    }
}

#[tokio::test]
async fn the_heads_behind_pins_are_found_again_in_the_history() {
    let commune = Commune::accepted().await;
    tamper(&commune.bench.app.store, tampering::PINS).await;
    let found = differences(&commune.bench).await;
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|difference| matches!(difference, Difference::PinFound(..))), "{found:?}");
    assert_eq!(differences(&commune.bench).await, []);
}

#[tokio::test]
async fn a_stale_view_and_a_lost_cache_are_found_and_made_again() {
    let bench = filled().await;
    let (one, two) = (key(&bench, 1), key(&bench, 2));
    let (stored_one, stored_two) = (one.clone(), two.clone());
    let spoiled: Result<(), StoreError> = bench
        .app
        .store
        .write("spoil", move |tx| {
            Box::pin(async move {
                let mut view = store::view::by_key(tx, &stored_one).await?.unwrap();
                view.head_name = "Người khác".to_owned();
                store::view::put(tx, &stored_one, &view, &[]).await?;
                let state = store::document::by_key(tx, &stored_two).await?.unwrap();
                store::document::put(tx, &stored_two, &DocumentState { saved: Some(vec![1]), ..state }).await
            })
        })
        .await;
    spoiled.unwrap();
    assert_eq!(differences(&bench).await, [Difference::View(one), Difference::Cache(two)]);
    assert_eq!(differences(&bench).await, []);
}

#[tokio::test]
async fn what_is_shown_of_a_household_without_a_document_is_taken_away() {
    let bench = filled().await;
    let (of, stray) = (key(&bench, 1), DocumentKey { household: home(9), ..key(&bench, 1) });
    let (new, _) = document::new_home(&bench.app, home(9), bench.commune, bench.villages[0]).unwrap();
    let planted = stray.clone();
    let spoiled: Result<(), StoreError> = bench
        .app
        .store
        .write("spoil", move |tx| {
            Box::pin(async move {
                store::household::insert(tx, &new).await?;
                let view = store::view::by_key(tx, &of).await?.unwrap();
                let view = HouseholdView { household: planted.household, ..view };
                store::view::put(tx, &planted, &view, &[]).await
            })
        })
        .await;
    spoiled.unwrap();
    assert_eq!(differences(&bench).await, [Difference::View(stray)]);
    assert_eq!(differences(&bench).await, []);
}

async fn review_of(bench: &Bench, n: u8) -> ReviewState {
    let mut read = bench.app.store.read().await.unwrap();
    store::review::by_key(&mut read, &key(bench, n)).await.unwrap().unwrap_or_default()
}

#[tokio::test]
async fn a_review_that_the_ledger_does_not_know_is_taken_back() {
    let commune = Commune::surveyed().await;
    commune.accept(1, 140).await;
    let (bench, key) = (&commune.bench, key(&commune.bench, 2));
    let stored = key.clone();
    let forged = ReviewState { last: Some((Said::Accepted, Hash([1; 32]), 1)), confirmed_points: None };
    let spoiled: Result<(), StoreError> = bench
        .app
        .store
        .write("spoil", move |tx| Box::pin(async move { store::review::put(tx, &stored, &forged).await }))
        .await;
    spoiled.unwrap();
    assert_eq!(differences(bench).await, [Difference::Review(key)]);
    assert_eq!(differences(bench).await, []);
}
