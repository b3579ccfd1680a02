//! Watching a commune: who works on it is told what went on, as soon as it has.
//!
//! Owns what is told and when the database is asked. A hint makes it look at once, and it looks from time to time in any
//! case: what is told is always what stands in the database, never the hint.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemas::ids::{HouseholdId, RoundId, UnitId};
use sync_protocol::journal::Scope;
use sync_protocol::log::Cursor;

use super::permit::Permit;
use super::{Refusal, inbox};
use crate::app::App;
use crate::store::{self, Read, Watcher};

/// How often whoever was told nothing looks.
pub const LOOK: Duration = Duration::from_secs(15);
/// Rows of a log whose households are named; where there are more, none is.
pub const MOST_ROWS: usize = 200;

/// Where a commune stands in a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How far each village's log has come.
    pub logs: BTreeMap<UnitId, Cursor>,
    /// How many decisions the commune's ledger has.
    pub decisions: u64,
}

/// What went on in a commune since it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneOn {
    /// The logs that have gone on.
    pub logs: Vec<LogGoneOn>,
    /// How many decisions the ledger has now.
    pub decisions: u64,
}

/// A log that has gone on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGoneOn {
    /// The village.
    pub village: UnitId,
    /// How far it has come.
    pub cursor: Cursor,
    /// The households that it tells something of; `None` where they are too many, or the log began anew.
    pub households: Option<BTreeSet<HouseholdId>>,
}

/// Somebody who watches a commune.
#[derive(Debug)]
pub struct Watch {
    commune: UnitId,
    round: RoundId,
    watcher: Watcher,
    seen: Standing,
}

/// Begins to watch a commune.
pub async fn begin(app: &App, permit: &Permit, commune: UnitId, round: RoundId) -> Result<Watch, Refusal> {
    // Before the first look: what is written after that look is told.
    let watcher = app.store.watch();
    let mut read = app.store.read().await?;
    inbox::enter(app, &mut read, permit, commune, &round).await?;
    let seen = look(&mut read, commune, &round).await?;
    Ok(Watch { commune, round, watcher, seen })
}

async fn look(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Standing, Refusal> {
    let states = store::log::states(read, commune, round).await?;
    let logs = states.into_iter().map(|(village, state)| (village, state.cursor())).collect();
    let decisions = store::ledger::last(read, commune).await?.map_or(0, |(number, _)| number);
    Ok(Standing { logs, decisions })
}

impl Watch {
    /// Where the commune stood when it was last looked at.
    pub fn standing(&self) -> &Standing {
        &self.seen
    }

    /// Waits until something has gone on; looks once after `within` at the latest. `None` when nothing will be told any more.
    pub async fn next(&mut self, app: &App, within: Duration) -> Result<Option<GoneOn>, Refusal> {
        loop {
            if let Ok(false) = tokio::time::timeout(within, self.watcher.wait(self.commune)).await {
                return Ok(None);
            }
            let mut read = app.store.read().await?;
            let now = look(&mut read, self.commune, &self.round).await?;
            if now != self.seen {
                let gone_on = self.since(&mut read, &now).await?;
                self.seen = now;
                return Ok(Some(gone_on));
            }
        }
    }

    async fn since(&self, read: &mut Read, now: &Standing) -> Result<GoneOn, Refusal> {
        let mut logs = Vec::new();
        for (village, cursor) in &now.logs {
            let seen = self.seen.logs.get(village).copied();
            if seen != Some(*cursor) {
                let households = self.households(read, *village, seen, *cursor).await?;
                logs.push(LogGoneOn { village: *village, cursor: *cursor, households });
            }
        }
        Ok(GoneOn { logs, decisions: now.decisions })
    }

    async fn households(
        &self,
        read: &mut Read,
        village: UnitId,
        seen: Option<Cursor>,
        now: Cursor,
    ) -> Result<Option<BTreeSet<HouseholdId>>, Refusal> {
        let seen = seen.unwrap_or(Cursor { position: 0, ..now });
        if seen.generation != now.generation {
            return Ok(None);
        }
        let scope = Scope { village, round: self.round.clone() };
        let most = MOST_ROWS as u32 + 1;
        let rows = store::log::after(read, self.commune, &scope, seen.position, most).await?;
        let households: BTreeSet<HouseholdId> = rows.iter().map(|logged| logged.row.household).collect();
        Ok((rows.len() <= MOST_ROWS).then_some(households))
    }
}

#[cfg(test)]
mod tests {
    use schemas::ledger::Decision;

    use super::super::bench::{Bench, permit, round_id};
    use super::super::ledger;
    use super::*;
    use crate::domain::role::Role;

    #[tokio::test]
    async fn what_nobody_was_told_of_is_seen_all_the_same() {
        let bench = Bench::new().await;
        let (app, commune, now) = (&bench.app, bench.commune, bench.app.clock.now());
        let reviewer = permit(&bench, "hoa", Role::Reviewer).await;
        let mut watch = begin(app, &reviewer, commune, round_id()).await.unwrap();
        // In the turn of an account nothing is told of a commune: as if the news had been lost.
        let written: Result<_, Refusal> = app
            .store
            .write_in(bench.lan, "test/untold", move |tx| {
                Box::pin(async move { ledger::append(tx, commune, now, None, Decision::SetBack { since_ms: 1 }).await })
            })
            .await;
        written.unwrap();
        let seen = watch.next(app, Duration::from_millis(1)).await.unwrap();
        assert_eq!(seen, Some(GoneOn { logs: Vec::new(), decisions: 1 }));
    }
}
