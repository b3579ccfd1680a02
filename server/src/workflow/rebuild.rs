//! Making every cache and projection again from what is true, and saying where they differed.
//!
//! The truth is the change log and the ledger: from them come documents' heads and caches, what is shown of households,
//! reviews, and the chains of the villages' logs. Owns the comparison and the mending; a chain that is broken is reported
//! and never mended, because there is nothing to make it from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::{self, Decision, LedgerEntry, Pin};
use sync_protocol::archive;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::ChangeHash;
use sync_protocol::history::History;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Digest, RowEvent, origin};

use super::document::{self, Opened};
use super::projection::Ruling;
use super::shown::Shown;
use super::{Refusal, clue};
use crate::app::App;
use crate::domain::field::{DocumentKey, DocumentState, Home};
use crate::domain::review::{ReviewState, Said};
use crate::domain::round::Round;
use crate::domain::unit::Level;
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read, StoreError};

/// What was looked at, and what differed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Communes looked at.
    pub communes: usize,
    /// Documents made again from their changes.
    pub documents: usize,
    /// Rows of logs whose chain and digest were computed again.
    pub log_rows: usize,
    /// Entries of ledgers whose chain was checked.
    pub ledger_entries: usize,
    /// What differed, in the order in which it was found.
    pub differences: Vec<Difference>,
}

/// Something stored that is not what it should be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The saved document or its heads were not those of its changes: made again.
    Cache(DocumentKey),
    /// What was shown of a household was not what its document says: made again.
    View(DocumentKey),
    /// What doubles and strays are looked for with was not what the document says: made again.
    Clues(DocumentKey),
    /// Which suspicions of a commune were looked at was not what the ledger says: made again.
    Checks(UnitId, RoundId),
    /// Where a household stood with its reviewers was not what the ledger says: made again.
    Review(DocumentKey),
    /// A change in the log does not fit its document, or is missing from it.
    Changes(DocumentKey),
    /// The chain or the digest of a village's log breaks at this position.
    Log(UnitId, Scope, u64),
    /// A commune's ledger breaks.
    Ledger(UnitId, ledger::LedgerFault),
}

impl Difference {
    /// Whether it was made again; chains and changes cannot be.
    pub fn is_mended(&self) -> bool {
        match self {
            Self::Cache(_) | Self::View(_) | Self::Clues(_) | Self::Checks(..) | Self::Review(_) => true,
            Self::Changes(_) | Self::Log(..) | Self::Ledger(..) => false,
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cache(key) => write!(out, "document/cache {}/{}/{}", key.commune, key.round, key.household),
            Self::View(key) => write!(out, "household/view {}/{}/{}", key.commune, key.round, key.household),
            Self::Clues(key) => {
                write!(out, "household/clues {}/{}/{}", key.commune, key.round, key.household)
            }
            Self::Checks(commune, round) => write!(out, "suspicion/checks {commune}/{round}"),
            Self::Review(key) => write!(out, "household/review {}/{}/{}", key.commune, key.round, key.household),
            Self::Changes(key) => write!(out, "document/changes {}/{}/{}", key.commune, key.round, key.household),
            Self::Log(commune, scope, position) => {
                write!(out, "log/chain {commune}/{}/{} {position}", scope.village, scope.round)
            }
            Self::Ledger(commune, fault) => write!(out, "ledger/chain {commune} {fault}"),
        }
    }
}

/// Makes everything again and mends what differs.
pub async fn rebuild(app: &App) -> Result<Rebuilt, Refusal> {
    let mut rebuilt = Rebuilt::default();
    let mut read = app.store.read().await?;
    let rounds = store::round::all(&mut read).await?;
    for commune in store::unit::of_level(&mut read, Level::Commune, app.clock.today()).await? {
        rebuilt.communes += 1;
        let texts = store::ledger::texts(&mut read, commune).await?;
        let entries = check_ledger(&mut rebuilt, commune, &texts);
        for round in &rounds {
            check_logs(&mut rebuilt, &mut read, commune, &round.id).await?;
            rebuild_round(app, &mut rebuilt, &mut read, commune, round, &entries).await?;
        }
    }
    Ok(rebuilt)
}

fn check_ledger(rebuilt: &mut Rebuilt, commune: UnitId, texts: &[String]) -> Vec<LedgerEntry> {
    match ledger::verify(commune, texts.iter().map(String::as_str)) {
        Ok(entries) => {
            rebuilt.ledger_entries += entries.len();
            entries
        }
        Err(fault) => {
            rebuilt.differences.push(Difference::Ledger(commune, fault));
            Vec::new()
        }
    }
}

async fn rebuild_round(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    commune: UnitId,
    round: &Round,
    entries: &[LedgerEntry],
) -> Result<(), Refusal> {
    rebuild_checks(app, rebuilt, read, (commune, &round.id), entries).await?;
    let reviews = reviews(entries, &round.id);
    let mut rulings: BTreeMap<UnitId, Ruling> = BTreeMap::new();
    for home in store::household::of_commune(read, commune).await? {
        let key = DocumentKey { commune, round: round.id.clone(), household: home.id };
        let review = reviews.get(&home.id).cloned().unwrap_or_default();
        if store::review::by_key(read, &key).await?.unwrap_or_default() != review {
            rebuilt.differences.push(Difference::Review(key.clone()));
            mend_review(app, key.clone(), review).await?;
        }
        if home.wrapped_key.is_none() {
            check_forgotten(app, rebuilt, read, key).await?;
            continue;
        }
        let Some(state) = store::document::by_key(read, &key).await? else { continue };
        rebuilt.documents += 1;
        let village = home.village;
        let ruling = match rulings.entry(village) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(Ruling::of(app, read, round, village).await?),
        };
        rebuild_document(app, rebuilt, read, (home, key), state, ruling).await?;
    }
    Ok(())
}

/// Of a household that was erased nothing can be made again; what is left to find it by goes.
async fn check_forgotten(app: &App, rebuilt: &mut Rebuilt, read: &mut Read, key: DocumentKey) -> Result<(), Refusal> {
    let left = store::clue::by_key(read, &key).await?.is_some();
    if !left && store::clue::marks(read, &key).await?.is_empty() {
        return Ok(());
    }
    rebuilt.differences.push(Difference::Clues(key.clone()));
    let forgotten: Result<(), StoreError> = app
        .store
        .write("rebuild/forget", move |tx| {
            Box::pin(async move { store::clue::forget(tx, key.commune, key.household).await })
        })
        .await;
    Ok(forgotten?)
}

async fn rebuild_document(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    (home, key): (Home, DocumentKey),
    state: DocumentState,
    ruling: &Ruling,
) -> Result<(), Refusal> {
    let household_key = document::key_of(app, &home)?;
    let made = made_again(app, read, &key, &household_key, &state).await?;
    let Some((history, changes)) = made else {
        rebuilt.differences.push(Difference::Changes(key));
        return Ok(());
    };
    let cache_holds =
        state.heads == history.heads() && cached_heads(&state, &household_key, &key.round) == Some(heads(&history));
    let opened = Opened { home, key: household_key, state: Some(DocumentState { saved: None, ..state }), history };
    let shown = Shown::of(app, &opened, ruling)?;
    let view = store::view::by_key(read, &key).await?;
    let kept = store::clue::by_key(read, &key).await?;
    let compared = [
        (cache_holds, Difference::Cache(key.clone())),
        (view.as_ref() == Some(&shown.projection().view), Difference::View(key.clone())),
        (kept.is_some_and(|kept| clue::holds(app, &opened, &kept)), Difference::Clues(key.clone())),
    ];
    let differing = compared.into_iter().filter(|(holds, _)| !holds);
    let differences: Vec<Difference> = differing.map(|(_, difference)| difference).collect();
    match differences.is_empty() {
        true => Ok(()),
        false => {
            rebuilt.differences.extend(differences);
            mend(app, &opened, key, &changes, shown).await
        }
    }
}

/// The history of a document made from its changes, and their bytes; `None` when they do not fit together.
async fn made_again(
    app: &App,
    read: &mut Read,
    key: &DocumentKey,
    household_key: &HouseholdKey,
    state: &DocumentState,
) -> Result<Option<(History, Vec<Vec<u8>>)>, Refusal> {
    let form = app.standards.form(&state.form).ok_or_else(|| Refusal::FormUnknown(state.form.clone()))?;
    let genesis = Genesis { household: key.household, round: key.round.clone(), form: state.form.clone() };
    let changes = match document::from_log(read, key, household_key).await {
        Ok(changes) => changes,
        Err(Refusal::Archive(_) | Refusal::Seal(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let history = archive::history(genesis, form.clone(), changes.iter().map(Vec::as_slice));
    Ok(history.ok().map(|history| (history, changes)))
}

fn heads(history: &History) -> Vec<ChangeHash> {
    history.heads().to_vec()
}

/// The heads that the saved cache loads back with; `None` when it does not open.
fn cached_heads(state: &DocumentState, key: &HouseholdKey, round: &RoundId) -> Option<Vec<ChangeHash>> {
    let saved = key.open(Subject::Document(round.as_str()), state.saved.as_ref()?).ok()?;
    archive::heads(&saved).ok()
}

async fn mend(app: &App, opened: &Opened, key: DocumentKey, changes: &[Vec<u8>], shown: Shown) -> Result<(), Refusal> {
    let state = opened.state_with(Some(opened.extended(app, changes)?));
    app.store
        .write("rebuild/document", move |tx| {
            Box::pin(async move {
                store::document::put(tx, &key, &state).await?;
                shown.put(tx, &key).await?;
                Ok(())
            })
        })
        .await
}

async fn mend_review(app: &App, key: DocumentKey, review: ReviewState) -> Result<(), Refusal> {
    let written: Result<(), StoreError> = app
        .store
        .write("rebuild/review", move |tx| Box::pin(async move { store::review::put(tx, &key, &review).await }))
        .await;
    Ok(written?)
}

async fn rebuild_checks(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    (commune, round): (UnitId, &RoundId),
    entries: &[LedgerEntry],
) -> Result<(), Refusal> {
    let checks = checks(entries, round);
    if store::suspicion::of_commune(read, commune, round).await? == checks {
        return Ok(());
    }
    rebuilt.differences.push(Difference::Checks(commune, round.clone()));
    let round = round.clone();
    let written: Result<(), StoreError> = app
        .store
        .write("rebuild/checks", move |tx| {
            Box::pin(async move {
                store::suspicion::clear(tx, commune, &round).await?;
                for ((household, suspicion), number) in checks {
                    let key = DocumentKey { commune, round: round.clone(), household };
                    store::suspicion::put(tx, &key, suspicion, number).await?;
                }
                Ok(())
            })
        })
        .await;
    Ok(written?)
}

/// The suspicions that somebody looked at, by the ledger.
fn checks(entries: &[LedgerEntry], of: &RoundId) -> BTreeMap<(HouseholdId, Pin), u64> {
    let check = |entry: &LedgerEntry| match &entry.decision {
        Decision::FoundDifferent { household, round, suspicion, .. } if round == of => {
            Some(((*household, *suspicion), entry.number))
        }
        _ => None,
    };
    entries.iter().filter_map(check).collect()
}

/// Where every household stands with its reviewers, by the ledger.
fn reviews(entries: &[LedgerEntry], of: &RoundId) -> BTreeMap<HouseholdId, ReviewState> {
    let mut reviews: BTreeMap<HouseholdId, ReviewState> = BTreeMap::new();
    for entry in entries {
        match &entry.decision {
            Decision::Accepted { household, round, pin } if round == of => {
                reviews.entry(*household).or_default().last = Some((Said::Accepted, *pin, entry.number));
            }
            Decision::Returned { household, round, pin, .. } if round == of => {
                reviews.entry(*household).or_default().last = Some((Said::Returned, *pin, entry.number));
            }
            Decision::Unassessed { household, round, pin, why, .. } if round == of => {
                reviews.entry(*household).or_default().last = Some((Said::Unassessed(*why), *pin, entry.number));
            }
            Decision::PaperScoreConfirmed { household, round, pin } if round == of => {
                reviews.entry(*household).or_default().confirmed_points = Some(*pin);
            }
            _ => {}
        }
    }
    reviews
}

async fn check_logs(rebuilt: &mut Rebuilt, read: &mut Read, commune: UnitId, round: &RoundId) -> Result<(), Refusal> {
    for village in store::log::villages(read, commune, round).await? {
        let scope = Scope { village, round: round.clone() };
        let Some(state) = store::log::state(read, commune, &scope).await? else { continue };
        let mut previous = origin(&scope, state.generation);
        let mut last = (0, Digest::default());
        for logged in store::log::after(read, commune, &scope, 0, u32::MAX).await? {
            rebuilt.log_rows += 1;
            let counted = digest_count(last.1.count(), &logged.row.event);
            let follows = logged.row.position == last.0 + 1 && logged.digest.count() == counted;
            if !follows || logged.row.hash(&previous) != logged.hash {
                rebuilt.differences.push(Difference::Log(commune, scope.clone(), logged.row.position));
            }
            previous = logged.hash;
            last = (logged.row.position, logged.digest);
        }
        if (state.position, state.row, state.digest) != (last.0, previous, last.1) {
            rebuilt.differences.push(Difference::Log(commune, scope, state.position));
        }
    }
    Ok(())
}

fn digest_count(before: u64, event: &RowEvent) -> u64 {
    match event {
        RowEvent::Entered => before + 1,
        RowEvent::Left => before.saturating_sub(1),
        RowEvent::Change(_) | RowEvent::Verdict { .. } => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::bench::{Bench, answer, home, round_id};

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

    fn key(bench: &Bench, n: u8) -> DocumentKey {
        DocumentKey { commune: bench.commune, round: round_id(), household: home(n) }
    }

    #[tokio::test]
    async fn a_sound_database_has_no_differences() {
        let bench = filled().await;
        let rebuilt = rebuild(&bench.app).await.unwrap();
        assert_eq!(rebuilt.differences, []);
        assert_eq!((rebuilt.documents, rebuilt.log_rows), (3, 9));
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
        let rebuilt = rebuild(&bench.app).await.unwrap();
        assert_eq!(rebuilt.differences, [Difference::View(one), Difference::Cache(two)]);
        assert_eq!(rebuild(&bench.app).await.unwrap().differences, []);
    }

    #[tokio::test]
    async fn a_review_that_the_ledger_does_not_know_is_taken_back() {
        let bench = filled().await;
        let key = key(&bench, 1);
        let stored = key.clone();
        let pin = schemas::ledger::Hash([1; 32]);
        let forged = ReviewState { last: Some((Said::Accepted, pin, 1)), confirmed_points: None };
        let spoiled: Result<(), StoreError> = bench
            .app
            .store
            .write("spoil", move |tx| Box::pin(async move { store::review::put(tx, &stored, &forged).await }))
            .await;
        spoiled.unwrap();
        assert_eq!(rebuild(&bench.app).await.unwrap().differences, [Difference::Review(key)]);
        assert_eq!(rebuild(&bench.app).await.unwrap().differences, []);
    }
}
