//! One household in one round: its document, what is shown of it, and where it stands.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{HouseholdId, UnitId};
use schemas::ledger::Pin;
use sync_protocol::archive;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::ChangeHash;
use sync_protocol::history::History;
use sync_protocol::verdict::Verdict;

use super::changes::{self, Kept, Standing};
use super::decisions::{self, Decisions};
use super::logs::Logged;
use super::{Difference, Rebuilt};
use crate::app::App;
use crate::domain::field::{DocumentKey, DocumentState, Home, StoredChange};
use crate::domain::review::{DisagreementView, ReviewState};
use crate::domain::round::Round;
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read, StoreError};
use crate::workflow::document::{self, Opened};
use crate::workflow::projection::Ruling;
use crate::workflow::shown::Shown;
use crate::workflow::{Refusal, clue, ledger};

/// Everything about a commune in a round that its households are made again with.
pub(super) struct Households<'a> {
    app: &'a App,
    commune: UnitId,
    round: &'a Round,
    decisions: &'a Decisions,
    logged: Logged,
    reviews: BTreeMap<HouseholdId, ReviewState>,
    pins: BTreeMap<HouseholdId, BTreeSet<Pin>>,
    disagreements: BTreeMap<HouseholdId, Vec<DisagreementView>>,
    rulings: BTreeMap<UnitId, Ruling>,
}

/// A document as it follows from its changes.
struct Made {
    opened: Opened,
    changes: Vec<Vec<u8>>,
    shown: Shown,
}

impl<'a> Households<'a> {
    /// Reads what is shared by all of them.
    pub(super) async fn of(
        app: &'a App,
        read: &mut Read,
        (commune, round): (UnitId, &'a Round),
        decisions: &'a Decisions,
        logged: Logged,
    ) -> Result<Self, Refusal> {
        let mut disagreements: BTreeMap<HouseholdId, Vec<DisagreementView>> = BTreeMap::new();
        for shown in store::view::disagreements(read, commune, &round.id).await? {
            disagreements.entry(shown.household).or_default().push(shown);
        }
        let (reviews, pins) = (decisions.reviews(&round.id), decisions.pins(&round.id));
        let rulings = BTreeMap::new();
        Ok(Self { app, commune, round, decisions, logged, reviews, pins, disagreements, rulings })
    }

    /// Makes all of them again: those that are there, and those that a log names.
    pub(super) async fn rebuild(mut self, rebuilt: &mut Rebuilt, read: &mut Read) -> Result<(), Refusal> {
        let homes = store::household::of_commune(read, self.commune).await?;
        let mut homes: BTreeMap<HouseholdId, Option<Home>> =
            homes.into_iter().map(|home| (home.id, Some(home))).collect();
        for named in self.logged.households() {
            homes.entry(named).or_default();
        }
        for (household, home) in homes {
            let key = DocumentKey { commune: self.commune, round: self.round.id.clone(), household };
            match home {
                Some(home) => self.household(rebuilt, read, home, key).await?,
                None => rebuilt.differences.push(Difference::Household(key)),
            }
        }
        Ok(())
    }

    async fn household(
        &mut self,
        rebuilt: &mut Rebuilt,
        read: &mut Read,
        home: Home,
        key: DocumentKey,
    ) -> Result<(), Refusal> {
        let secret = match document::key_of(self.app, &home) {
            Ok(secret) => Some(secret),
            Err(Refusal::Erased) => None,
            Err(Refusal::Seal(_)) => {
                rebuilt.differences.push(Difference::Household(key));
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        let state = store::document::by_key(read, &key).await?;
        let stored = self.changes(rebuilt, read, &key, (secret.as_ref(), state.as_ref())).await?;
        let Some(stored) = stored else { return Ok(()) };
        if self.decisions.may_mend() {
            let review = self.reviews.get(&home.id).cloned().unwrap_or_default();
            decisions::mend_review(self.app, rebuilt, read, &key, review).await?;
        }
        let Some(secret) = secret else { return self.forgotten(rebuilt, read, key).await };
        if state.is_none() && !stored.iter().any(is_in_document) {
            return self.unshown(rebuilt, read, key).await;
        }
        rebuilt.documents += 1;
        let made = self.make(read, (home, &key), secret, state.as_ref(), &stored).await?;
        match made {
            Some(made) => self.compare(rebuilt, read, key, state, made).await,
            None => {
                rebuilt.differences.push(Difference::Changes(key));
                Ok(())
            }
        }
    }

    /// The changes of a household, all that its log names; `None` when they are not, and nothing may be made of them.
    async fn changes(
        &self,
        rebuilt: &mut Rebuilt,
        read: &mut Read,
        key: &DocumentKey,
        (household_key, state): (Option<&HouseholdKey>, Option<&DocumentState>),
    ) -> Result<Option<Vec<StoredChange>>, Refusal> {
        let stored = store::change::of_document(read, key).await?;
        let kept = Kept { key, household_key, state, changes: &stored };
        match changes::check(self.app, rebuilt, read, kept, (&self.logged, self.decisions)).await? {
            Standing::Whole => Ok(Some(stored)),
            Standing::GivenBack => Ok(Some(store::change::of_document(&mut self.app.store.read().await?, key).await?)),
            Standing::Broken => Ok(None),
        }
    }

    /// The document made from its changes; `None` when they do not open or do not fit together.
    async fn make(
        &mut self,
        read: &mut Read,
        (home, key): (Home, &DocumentKey),
        secret: HouseholdKey,
        state: Option<&DocumentState>,
        stored: &[StoredChange],
    ) -> Result<Option<Made>, Refusal> {
        // Without its row, the form is the round's: no other can found a document in it.
        let form = state.map_or(&self.round.form_version, |state| &state.form);
        let form = self.app.standards.form(form).ok_or_else(|| Refusal::FormUnknown(form.clone()))?;
        let genesis = Genesis { household: key.household, round: key.round.clone(), form: form.version.clone() };
        let changes = match document::in_order(stored, &secret) {
            Ok(changes) => changes,
            Err(Refusal::Archive(_) | Refusal::Seal(_)) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Ok(history) = archive::history(genesis, form.clone(), changes.iter().map(Vec::as_slice)) else {
            return Ok(None);
        };
        if !self.rulings.contains_key(&home.village) {
            let ruling = Ruling::of(self.app, read, self.round, home.village).await?;
            self.rulings.insert(home.village, ruling);
        }
        let ruling = &self.rulings[&home.village];
        let state = state.map(|state| DocumentState { saved: None, ..state.clone() });
        let opened = Opened { home, key: secret, state, history };
        let shown = Shown::of(self.app, &opened, ruling)?;
        Ok(Some(Made { opened, changes, shown }))
    }

    /// Compares what is stored with what was made, and writes the latter where they differ.
    async fn compare(
        &mut self,
        rebuilt: &mut Rebuilt,
        read: &mut Read,
        key: DocumentKey,
        state: Option<DocumentState>,
        made: Made,
    ) -> Result<(), Refusal> {
        let (opened, shown) = (&made.opened, &made.shown);
        let cache_holds = state.as_ref().is_some_and(|state| cache_holds(state, opened));
        if !cache_holds && let Some(alone) = state.as_ref().and_then(|state| saved_alone(state, opened)) {
            rebuilt.differences.push(Difference::SavedAlone(key, alone));
            return Ok(());
        }
        let view = store::view::by_key(read, &key).await?;
        let clues = store::clue::by_key(read, &key).await?;
        let shown_before = self.disagreements.remove(&key.household).unwrap_or_default();
        let compared = [
            (cache_holds, Difference::Cache(key.clone())),
            (view.as_ref() == Some(&shown.projection().view), Difference::View(key.clone())),
            (same(shown_before, &shown.projection().disagreements), Difference::Disagreements(key.clone())),
            (clues.is_some_and(|kept| clue::holds(self.app, opened, &kept)), Difference::Clues(key.clone())),
        ];
        let before = rebuilt.differences.len();
        rebuilt.differences.extend(compared.into_iter().filter_map(|(holds, found)| (!holds).then_some(found)));
        self.check_pins(rebuilt, read, &key, opened).await?;
        match rebuilt.differences[before..].iter().any(Difference::is_of_document) {
            true => self.mend(key, made).await,
            false => Ok(()),
        }
    }

    async fn mend(&self, key: DocumentKey, made: Made) -> Result<(), Refusal> {
        let state = made.opened.state_with(Some(made.opened.extended(self.app, &made.changes)?));
        self.app
            .store
            .write("rebuild/document", move |tx| {
                Box::pin(async move {
                    store::document::put(tx, &key, &state).await?;
                    made.shown.put(tx, &key).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Whether the heads behind every pin of the household are kept; those that are found in its history are kept again.
    async fn check_pins(
        &self,
        rebuilt: &mut Rebuilt,
        read: &mut Read,
        key: &DocumentKey,
        opened: &Opened,
    ) -> Result<(), Refusal> {
        for pin in self.pins.get(&key.household).into_iter().flatten() {
            let kept = store::review::heads_of_pin(read, key, *pin).await?;
            let found = match &kept {
                Some(heads) if ledger::pin(&opened.key, heads) == *pin => continue,
                // Heads that give another pin were altered: they are evidence, and are not written over.
                Some(_) => None,
                None => heads_behind(opened, *pin),
            };
            let Some(heads) = found else {
                rebuilt.differences.push(Difference::Pin(key.clone(), *pin));
                continue;
            };
            rebuilt.differences.push(Difference::PinFound(key.clone(), *pin));
            let (key, pin) = (key.clone(), *pin);
            let written: Result<(), StoreError> = self
                .app
                .store
                .write("rebuild/pin", move |tx| {
                    Box::pin(async move { store::review::put_pin(tx, &key, pin, &heads).await })
                })
                .await;
            written?;
        }
        Ok(())
    }

    /// Of a household that was erased nothing can be made again; what is left to find it by goes.
    async fn forgotten(&mut self, rebuilt: &mut Rebuilt, read: &mut Read, key: DocumentKey) -> Result<(), Refusal> {
        let marked =
            store::clue::by_key(read, &key).await?.is_some() || !store::clue::marks(read, &key).await?.is_empty();
        self.unshown(rebuilt, read, key.clone()).await?;
        if !marked {
            return Ok(());
        }
        rebuilt.differences.push(Difference::Clues(key.clone()));
        let forgotten: Result<(), StoreError> = self
            .app
            .store
            .write("rebuild/forget", move |tx| {
                Box::pin(async move { store::clue::forget(tx, key.commune, key.household).await })
            })
            .await;
        Ok(forgotten?)
    }

    /// Where there is no document, nothing is shown of one.
    async fn unshown(&mut self, rebuilt: &mut Rebuilt, read: &mut Read, key: DocumentKey) -> Result<(), Refusal> {
        let disagreed = self.disagreements.remove(&key.household).is_some();
        if !disagreed && store::view::by_key(read, &key).await?.is_none() {
            return Ok(());
        }
        rebuilt.differences.push(Difference::View(key.clone()));
        let forgotten: Result<(), StoreError> = self
            .app
            .store
            .write("rebuild/unshow", move |tx| Box::pin(async move { store::view::forget(tx, &key).await }))
            .await;
        Ok(forgotten?)
    }
}

fn is_in_document(change: &StoredChange) -> bool {
    matches!(change.verdict, Verdict::Accepted | Verdict::Released)
}

fn cache_holds(state: &DocumentState, opened: &Opened) -> bool {
    let heads = opened.history.heads();
    let saved = || {
        let sealed = state.saved.as_ref()?;
        let saved = opened.key.open(Subject::Document(opened.place().round.as_str()), sealed).ok()?;
        archive::heads(&saved).ok()
    };
    state.heads == heads && state.changes == opened.history.nodes().len() as u64 && saved().as_deref() == Some(heads)
}

/// A change in the saved document that is not among those it should be made of: writing it over would lose the change.
fn saved_alone(state: &DocumentState, opened: &Opened) -> Option<ChangeHash> {
    let saved = changes::saved_changes(&opened.key, state, &opened.place().round)?;
    saved.into_keys().find(|hash| !opened.history.knows(hash))
}

fn same(mut before: Vec<DisagreementView>, made: &[DisagreementView]) -> bool {
    let mut made = made.to_vec();
    before.sort_by_key(|shown| shown.id);
    made.sort_by_key(|shown| shown.id);
    before == made
}

/// The heads of the document that give a pin, at any moment of its history as far as its order is known.
fn heads_behind(opened: &Opened, pin: Pin) -> Option<Vec<ChangeHash>> {
    let empty = History::new(opened.history.genesis().clone(), opened.history.form().clone());
    let mut heads: BTreeSet<ChangeHash> = empty.heads().iter().copied().collect();
    let mut nodes = opened.history.nodes().iter();
    loop {
        let now: Vec<ChangeHash> = heads.iter().copied().collect();
        if ledger::pin(&opened.key, &now) == pin {
            return Some(now);
        }
        let node = nodes.next()?;
        heads.retain(|head| !node.entry.deps.contains(head));
        heads.insert(node.entry.hash);
    }
}
