//! What follows from a commune's ledger alone: where households stand, which suspicions were looked at, and which pins
//! must have their heads kept.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::{self, Decision, Hash, LedgerEntry, Pin};
use sync_protocol::hash::ChangeHash;

use super::{Difference, Rebuilt};
use crate::app::App;
use crate::domain::field::DocumentKey;
use crate::domain::review::{ReviewState, Said};
use crate::domain::round::Round;
use crate::store::{self, Read, StoreError};
use crate::workflow::Refusal;

/// The ledger of a commune, as far as it can be believed.
#[derive(Debug)]
pub(super) struct Decisions {
    entries: Vec<LedgerEntry>,
    trust: Trust,
}

/// What may be made from a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Everything.
    Whole,
    /// Its entries hold, but later ones are missing: what is stored may know more than it.
    Cut,
    /// Nothing: its chain is broken.
    Broken,
}

impl Decisions {
    /// Reads the ledger and checks its chain, and whether anything names an entry behind its end.
    pub(super) async fn of(
        rebuilt: &mut Rebuilt,
        read: &mut Read,
        commune: UnitId,
        rounds: &[Round],
    ) -> Result<Self, StoreError> {
        let texts = store::ledger::texts(read, commune).await?;
        let entries = match ledger::verify(commune, texts.iter().map(String::as_str)) {
            Ok(entries) => entries,
            Err(fault) => {
                rebuilt.differences.push(Difference::Ledger(commune, fault));
                return Ok(Self { entries: Vec::new(), trust: Trust::Broken });
            }
        };
        rebuilt.ledger_entries += entries.len();
        let mut named = 0;
        for round in rounds {
            named = named.max(last_named(read, commune, &round.id).await?);
        }
        if named > entries.len() as u64 {
            rebuilt.differences.push(Difference::LedgerCut(commune, named));
            return Ok(Self { entries, trust: Trust::Cut });
        }
        Ok(Self { entries, trust: Trust::Whole })
    }

    /// Whether what is stored beside the ledger may be written over with what the ledger says.
    pub(super) fn may_mend(&self) -> bool {
        self.trust == Trust::Whole
    }

    /// The entries, when their chain holds.
    pub(super) fn believed(&self) -> Option<&[LedgerEntry]> {
        (self.trust != Trust::Broken).then_some(self.entries.as_slice())
    }

    /// Whether somebody let a held change in.
    pub(super) fn released(&self, key: &DocumentKey, change: ChangeHash) -> bool {
        self.entries.iter().any(|entry| match &entry.decision {
            Decision::Released { household, round, change: released, .. } => {
                (household, round, *released) == (&key.household, &key.round, Hash(change.0))
            }
            _ => false,
        })
    }

    /// The suspicions that somebody looked at.
    fn checks(&self, of: &RoundId) -> BTreeMap<(HouseholdId, Pin), u64> {
        let check = |entry: &LedgerEntry| match &entry.decision {
            Decision::FoundDifferent { household, round, suspicion, .. } if round == of => {
                Some(((*household, *suspicion), entry.number))
            }
            _ => None,
        };
        self.entries.iter().filter_map(check).collect()
    }

    /// Where every household stands with its reviewers.
    pub(super) fn reviews(&self, of: &RoundId) -> BTreeMap<HouseholdId, ReviewState> {
        let mut reviews: BTreeMap<HouseholdId, ReviewState> = BTreeMap::new();
        for entry in &self.entries {
            if let Some((household, said, pin)) = last_word(&entry.decision, of) {
                reviews.entry(household).or_default().last = Some((said, pin, entry.number));
            }
            match &entry.decision {
                Decision::PaperScoreConfirmed { household, round, pin } if round == of => {
                    reviews.entry(*household).or_default().confirmed_points = Some(*pin);
                }
                _ => {}
            }
        }
        reviews
    }

    /// The pins of documents that decisions name.
    pub(super) fn pins(&self, of: &RoundId) -> BTreeMap<HouseholdId, BTreeSet<Pin>> {
        let mut pins: BTreeMap<HouseholdId, BTreeSet<Pin>> = BTreeMap::new();
        for (household, _, pin) in self.entries.iter().filter_map(|entry| last_word(&entry.decision, of)) {
            pins.entry(household).or_default().insert(pin);
        }
        pins
    }
}

/// A reviewer's word on a household, with the pin of the document that it was said of.
fn last_word(decision: &Decision, of: &RoundId) -> Option<(HouseholdId, Said, Pin)> {
    match decision {
        Decision::Accepted { household, round, pin } if round == of => Some((*household, Said::Accepted, *pin)),
        Decision::Returned { household, round, pin, .. } if round == of => Some((*household, Said::Returned, *pin)),
        Decision::Unassessed { household, round, pin, why, .. } if round == of => {
            Some((*household, Said::Unassessed(*why), *pin))
        }
        _ => None,
    }
}

/// The last entry of the ledger that anything stored of a round names.
async fn last_named(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<u64, StoreError> {
    let reviews = store::review::of_commune(read, commune, round).await?;
    let reviews = reviews.into_iter().filter_map(|(_, state)| state.last.map(|(.., number)| number));
    let checks = store::suspicion::of_commune(read, commune, round).await?.into_values();
    let lists = store::roster::of_commune(read, commune, round).await?.into_iter().map(|roster| roster.ledger);
    Ok(reviews.chain(checks).chain(lists).max().unwrap_or_default())
}

/// Makes the marks of looked-at suspicions again.
pub(super) async fn mend_checks(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    (commune, round): (UnitId, &RoundId),
    decisions: &Decisions,
) -> Result<(), Refusal> {
    let checks = decisions.checks(round);
    if !decisions.may_mend() || store::suspicion::of_commune(read, commune, round).await? == checks {
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

/// Makes where a household stands again.
pub(super) async fn mend_review(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    key: &DocumentKey,
    review: ReviewState,
) -> Result<(), Refusal> {
    if store::review::by_key(read, key).await?.unwrap_or_default() == review {
        return Ok(());
    }
    rebuilt.differences.push(Difference::Review(key.clone()));
    let key = key.clone();
    let written: Result<(), StoreError> = app
        .store
        .write("rebuild/review", move |tx| Box::pin(async move { store::review::put(tx, &key, &review).await }))
        .await;
    Ok(written?)
}
