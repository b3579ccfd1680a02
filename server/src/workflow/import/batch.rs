//! Writing households of a list: some hundreds in one savepoint, everything about each or nothing.

use jiff::Timestamp;
use schemas::ids::{AccountId, RoundId, UnitId};
use schemas::ledger::{self, Decision};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;

use super::entry::Prepared;
use crate::store::{self, Tx};
use crate::workflow::Refusal;
use crate::workflow::ledger::append;
use crate::workflow::logbook::Logbook;

/// Households that are written together.
pub(super) struct Batch {
    pub(super) commune: UnitId,
    pub(super) round: RoundId,
    pub(super) importer: AccountId,
    pub(super) now: Timestamp,
    pub(super) logbook: Logbook,
    /// Each with its place among the households of the import.
    pub(super) households: Vec<(usize, Prepared)>,
}

impl Batch {
    /// Writes all whose document is still what it was when they were judged; the places of the others.
    pub(super) async fn write(mut self, tx: &mut Tx) -> Result<Vec<usize>, Refusal> {
        let mut moved = Vec::new();
        for (at, prepared) in std::mem::take(&mut self.households) {
            match is_as_judged(tx, &prepared).await? {
                true => self.household(tx, prepared).await?,
                false => moved.push(at),
            }
        }
        self.logbook.close(tx).await?;
        Ok(moved)
    }

    async fn household(&mut self, tx: &mut Tx, prepared: Prepared) -> Result<(), Refusal> {
        let Prepared { opened, changes, saved, shown, listed } = prepared;
        let home = &opened.home;
        if store::household::by_id(tx, home.id).await?.is_none() {
            store::household::insert(tx, home).await?;
        }
        let scope = Scope { village: home.village, round: self.round.clone() };
        if opened.state.is_none() && !changes.is_empty() {
            self.logbook.entered(tx, (self.commune, &scope), home.id).await?;
            let (household, round, village) = (home.id, self.round.clone(), home.village);
            let decision = Decision::Listed { household, round, village, by: ledger::Listing::Carried };
            append(tx, self.commune, self.now, Some(self.importer), decision).await?;
        }
        let mut heads = opened.stored_heads().to_vec();
        store::change::put(tx, self.commune, &self.round, &changes).await?;
        for change in &changes {
            let after = after(&heads, &opened, change.hash);
            let log = (self.commune, &scope);
            self.logbook.changed(tx, log, home.id, change.hash, (&heads, &after)).await?;
            heads = after;
        }
        if !changes.is_empty() {
            let state = opened.state_with(saved);
            store::document::put(tx, &opened.place(), &state).await?;
        }
        if let Some(shown) = shown {
            shown.put(tx, &opened.place()).await?;
        }
        if let Some(listed) = listed {
            store::listing::put(tx, self.commune, &self.round, &listed).await?;
        }
        Ok(())
    }
}

/// The heads after a change.
fn after(before: &[ChangeHash], opened: &crate::workflow::document::Opened, change: ChangeHash) -> Vec<ChangeHash> {
    let deps = opened.history.node(&change).map(|node| node.entry.deps.as_slice()).unwrap_or_default();
    let mut heads: Vec<ChangeHash> = before.iter().copied().filter(|head| !deps.contains(head)).collect();
    heads.push(change);
    heads.sort_unstable();
    heads
}

async fn is_as_judged(tx: &mut Tx, prepared: &Prepared) -> Result<bool, Refusal> {
    let opened = &prepared.opened;
    let stored = store::document::by_key(tx, &opened.place()).await?;
    let home = store::household::by_id(tx, opened.home.id).await?;
    let same_document = stored.map(|state| state.heads) == opened.state.as_ref().map(|state| state.heads.clone());
    let same_home =
        home.is_none_or(|home| home.village == opened.home.village && home.wrapped_key == opened.home.wrapped_key);
    Ok(same_document && same_home)
}
