//! What the points, people and numbers of a commune's households give cause to look at, and the word of a person who did.
//!
//! Owns who may see the warnings and who may say that two households are different. A warning blocks nothing and merges
//! nothing. Nothing is opened but the clues; what is near and what makes a pair is `geography`'s.

use std::collections::BTreeMap;

use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::ledger::{Decision, Pin, Reason};

use super::case::CaseId;
use super::inbox::enter;
use super::permit::{Permit, Right};
use super::{Refusal, ledger};
use crate::app::App;
use crate::domain::field::DocumentKey;
use crate::domain::log::{Access, AccessAction};
use crate::domain::warning::{Suspicion, Warning};
use crate::store::{self, Read, StoreError};

mod evidence;
mod survey;
#[cfg(test)]
mod tests;

use survey::Survey;

/// Warnings by household; whoever has none is left out.
pub type Warnings = BTreeMap<HouseholdId, Vec<Warning>>;

/// A household with something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warned {
    /// The household.
    pub household: HouseholdId,
    /// Name of its head; empty while unknown.
    pub head_name: String,
    /// What there is to look at.
    pub warnings: Vec<Warning>,
}

/// The households of a commune with something to look at. Reading it is written down.
pub async fn list(app: &App, permit: &Permit, commune: UnitId, round: &RoundId) -> Result<Vec<Warned>, Refusal> {
    let mut read = app.store.read().await?;
    enter(app, &mut read, permit, commune, round).await?;
    let right = permit.on(&mut read, commune, app.clock.today()).await?;
    let mut survey = Survey::of(app, &mut read, permit, commune, round).await?;
    let warnings = survey.warnings(&mut read).await?;
    note(app, right.account(), commune).await?;
    let warned = warnings.into_iter().map(|(household, warnings)| {
        let head_name = survey.head_name(&household).to_owned();
        Warned { household, head_name, warnings }
    });
    Ok(warned.collect())
}

/// The warnings of a commune. Whoever calls has proven the right on it.
pub(super) async fn of_commune(
    app: &App,
    read: &mut Read,
    permit: &Permit,
    commune: UnitId,
    round: &RoundId,
) -> Result<Warnings, Refusal> {
    Survey::of(app, read, permit, commune, round).await?.warnings(read).await
}

async fn note(app: &App, account: AccountId, commune: UnitId) -> Result<(), StoreError> {
    let (at, action) = (app.clock.now(), AccessAction::Viewed);
    let access = Access { commune, at, account, action, subject: "suspects".to_owned() };
    app.store
        .write_in(commune, "suspects/view", move |tx| {
            Box::pin(async move { store::access_log::append(tx, &access).await })
        })
        .await
}

/// Writes down that a person looked at a suspicion on exactly these facts, and that the two are different. Returns the
/// number of the ledger entry.
pub async fn found_different(
    app: &App,
    permit: &Permit,
    id: CaseId,
    suspicion: Pin,
    reason: Reason,
) -> Result<u64, Refusal> {
    let mut read = app.store.read().await?;
    enter(app, &mut read, permit, id.commune, &id.round).await?;
    let right = permit.on(&mut read, id.commune, app.clock.today()).await?;
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonNeeded);
    }
    let warnings = of_commune(app, &mut read, permit, id.commune, &id.round).await?.remove(&id.household);
    match find(warnings.unwrap_or_default(), suspicion).ok_or(Refusal::SuspicionNotFound)?.checked {
        Some(_) => Err(Refusal::AlreadyDecided),
        None => write(app, right, id, suspicion, reason).await,
    }
}

fn find(warnings: Vec<Warning>, pin: Pin) -> Option<Suspicion> {
    warnings.into_iter().find_map(|warning| match warning {
        Warning::Suspicion(suspicion) => Some(suspicion).filter(|suspicion| suspicion.pin == pin),
        Warning::Stray(_) => None,
    })
}

async fn write(app: &App, right: Right, id: CaseId, suspicion: Pin, reason: Reason) -> Result<u64, Refusal> {
    let now = app.clock.now();
    app.store
        .write_in(id.commune, "suspicion/check", move |tx| {
            Box::pin(async move {
                let CaseId { round, commune, household } = id;
                if store::suspicion::of_commune(tx, commune, &round).await?.contains_key(&(household, suspicion)) {
                    return Err(Refusal::AlreadyDecided);
                }
                let place = DocumentKey { commune, round: round.clone(), household };
                let decision = Decision::FoundDifferent { household, round, suspicion, reason };
                let (number, _) = ledger::append(tx, commune, now, Some(right.account()), decision).await?;
                store::suspicion::put(tx, &place, suspicion, number).await?;
                Ok(number)
            })
        })
        .await
}
