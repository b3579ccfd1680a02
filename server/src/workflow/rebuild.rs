//! Making every cache and projection again from what is true, and saying where they differed.
//!
//! The truth is the change log and the ledger: from them come documents' heads and caches, what is shown of households,
//! reviews, pins and the chains of the villages' logs. Owns the comparison and the mending. Where the truth itself has a
//! hole (a broken chain, a lost change, a ledger that was cut, a list without its lines) it is reported and nothing that
//! hangs on it is written over: what is stored beside it may be the last that knows.

use schemas::ids::UnitId;

use super::Refusal;
use crate::app::App;
use crate::domain::round::Round;
use crate::domain::unit::Level;
use crate::store::{self, Read};

mod changes;
mod decisions;
mod difference;
mod household;
mod logs;
mod rosters;
#[cfg(test)]
mod tests;

use decisions::Decisions;
pub use difference::{Difference, Left};
use household::Households;

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

/// Makes everything again and mends what differs.
pub async fn rebuild(app: &App) -> Result<Rebuilt, Refusal> {
    let mut rebuilt = Rebuilt::default();
    let mut read = app.store.read().await?;
    let rounds = store::round::all(&mut read).await?;
    for commune in store::unit::of_level(&mut read, Level::Commune, app.clock.today()).await? {
        rebuilt.communes += 1;
        let decisions = Decisions::of(&mut rebuilt, &mut read, commune, &rounds).await?;
        for round in &rounds {
            rebuild_round(app, &mut rebuilt, &mut read, (commune, round), &decisions).await?;
        }
    }
    Ok(rebuilt)
}

async fn rebuild_round(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    (commune, round): (UnitId, &Round),
    decisions: &Decisions,
) -> Result<(), Refusal> {
    let logged = logs::check(rebuilt, read, commune, &round.id).await?;
    decisions::mend_checks(app, rebuilt, read, (commune, &round.id), decisions).await?;
    rosters::check(app, rebuilt, read, (commune, &round.id), decisions.believed()).await?;
    Households::of(app, read, (commune, round), decisions, logged).await?.rebuild(rebuilt, read).await
}
