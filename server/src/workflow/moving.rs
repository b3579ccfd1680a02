//! Moving a household to another village of its commune: its document goes on there with its whole history.
//!
//! Owns what the two logs say of it. A household that leaves the commune is no matter of this file: the round ends for it
//! here ([`super::review::unassess`]) and it is surveyed anew where it lives.

use schemas::ids::UnitId;
use schemas::ledger::{Decision, Reason};
use sync_protocol::hash::ChangeHash;

use super::case::{Case, CaseId};
use super::logbook::Logbook;
use super::permit::Permit;
use super::projection::Ruling;
use super::review::{check_reason, check_unmoved};
use super::shown::Shown;
use super::waiting::heads_after;
use super::{Refusal, ledger};
use crate::app::App;
use crate::domain::review::ReviewState;
use crate::domain::round::RoundState;
use crate::domain::unit::Level;
use crate::store::{self, Tx};

/// Moves a household to another village, on the state that the reviewer saw. Its document stays as it is; what was decided
/// on it has to be decided again, because the place may count otherwise. Returns the number of the ledger entry.
pub async fn move_to(
    app: &App,
    permit: &Permit,
    id: CaseId,
    seen: Vec<ChangeHash>,
    village: UnitId,
    reason: Reason,
) -> Result<u64, Refusal> {
    check_reason(&reason)?;
    let mut read = app.store.read().await?;
    let case = Case::open(app, &mut read, permit, &id).await?;
    case.check_seen(&seen)?;
    if case.round.state != RoundState::Open {
        return Err(Refusal::RoundNot(RoundState::Open));
    }
    if case.opened.state.is_none() {
        return Err(Refusal::NothingAccepted);
    }
    let villages = store::unit::children(&mut read, id.commune, case.round.reference_on).await?;
    let is_another = village != case.opened.home.village;
    if !is_another || !villages.iter().any(|unit| unit.id == village && unit.level == Level::Village) {
        return Err(Refusal::NotAnotherVillage);
    }
    let ruling = Ruling::of(app, &mut read, &case.round, village).await?;
    drop(read);
    Move::new(case, village, ruling, reason).write(app).await
}

/// A move that may be made, if nothing comes between: the case as it stands in the new village.
struct Move {
    case: Case,
    from: UnitId,
    ruling: Ruling,
    reason: Reason,
}

impl Move {
    fn new(mut case: Case, village: UnitId, ruling: Ruling, reason: Reason) -> Self {
        let from = std::mem::replace(&mut case.opened.home.village, village);
        if let Some(state) = &mut case.opened.state {
            state.left.retain(|left| *left != village && *left != from);
            state.left.push(from);
        }
        Self { case, from, ruling, reason }
    }

    async fn write(self, app: &App) -> Result<u64, Refusal> {
        let (now, mut logbook) = (app.clock.now(), Logbook::new(app));
        let shown = Shown::of(app, &self.case.opened, &self.ruling)?;
        app.store
            .write_in(self.case.opened.home.commune, "household/move", move |tx| {
                Box::pin(async move {
                    check_unmoved(tx, &self.case).await?;
                    self.log(tx, &mut logbook).await?;
                    logbook.close(tx).await?;
                    self.settle(tx).await?;
                    shown.put(tx, &self.case.place()).await?;
                    let (commune, by) = (self.case.opened.home.commune, self.case.right.account());
                    let (number, _) = ledger::append(tx, commune, now, Some(by), self.decision()).await?;
                    Ok(number)
                })
            })
            .await
    }

    /// The old log says that the household left; the new one that it entered, and its whole history.
    async fn log(&self, tx: &mut Tx, logbook: &mut Logbook) -> Result<(), Refusal> {
        let opened = &self.case.opened;
        logbook.left(tx, opened, self.from).await?;
        logbook.entered(tx, opened).await?;
        let mut heads = Vec::new();
        for node in opened.history.nodes() {
            let after = heads_after(opened, &heads, node.entry.hash);
            logbook.repeated(tx, opened, node.entry.hash, (&heads, &after)).await?;
            heads = after;
        }
        for kept in store::change::outside_of_document(tx, &opened.place()).await? {
            logbook.said(tx, opened, opened.home.village, (kept.hash, kept.verdict)).await?;
        }
        Ok(())
    }

    /// Where the household is from here on, and before a reviewer again.
    async fn settle(&self, tx: &mut Tx) -> Result<(), Refusal> {
        let (opened, place) = (&self.case.opened, self.case.place());
        store::household::settle(tx, &opened.home).await?;
        let saved = opened.state.as_ref().and_then(|state| state.saved.clone());
        store::document::put(tx, &place, &opened.state_with(saved)).await?;
        let review = store::review::by_key(tx, &place).await?.unwrap_or_default();
        Ok(store::review::put(tx, &place, &ReviewState { last: None, ..review }).await?)
    }

    fn decision(&self) -> Decision {
        let (home, round) = (&self.case.opened.home, self.case.round.id.clone());
        let (household, village, reason) = (home.id, home.village, self.reason.clone());
        Decision::Moved { household, round, from: self.from, village, reason }
    }
}

#[cfg(test)]
mod tests;
