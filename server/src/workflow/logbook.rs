//! Writing to the logs of villages: rows one after another, each with the chain and the digest after it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemas::ids::{HouseholdId, UnitId};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Digest, Row, RowEvent, origin};
use sync_protocol::verdict::Verdict;

use crate::app::App;
use crate::domain::field::{LogState, LoggedRow};
use crate::store::{self, StoreError, Tx};

/// The logs that one transaction writes to. Nothing is written before [`Logbook::close`].
#[derive(Debug)]
pub struct Logbook {
    now_ms: i64,
    fresh_generation: u64,
    logs: BTreeMap<(UnitId, Scope), Open>,
}

/// A log that is written to.
#[derive(Debug)]
struct Open {
    state: LogState,
    /// Rows that are written when the book is closed.
    rows: Vec<LoggedRow>,
}

impl Logbook {
    /// A book with nothing open yet.
    pub fn new(app: &App) -> Self {
        let now = app.clock.now();
        Self { now_ms: now.as_millisecond(), fresh_generation: generation_at(now), logs: BTreeMap::new() }
    }

    async fn open(&mut self, tx: &mut Tx, commune: UnitId, scope: &Scope) -> Result<&mut Open, StoreError> {
        let key = (commune, scope.clone());
        let known = match self.logs.contains_key(&key) {
            true => None,
            false => store::log::state(tx, commune, scope).await?,
        };
        let generation = self.fresh_generation;
        let begun = || Open { state: known.unwrap_or_else(|| fresh(scope, generation)), rows: Vec::new() };
        Ok(self.logs.entry(key).or_insert_with(begun))
    }

    async fn append(
        &mut self,
        tx: &mut Tx,
        (commune, scope): (UnitId, &Scope),
        household: HouseholdId,
        event: RowEvent,
        digest: impl FnOnce(&mut Digest),
    ) -> Result<(), StoreError> {
        let now_ms = self.now_ms;
        let Open { state, rows } = self.open(tx, commune, scope).await?;
        digest(&mut state.digest);
        state.position += 1;
        let row = Row { position: state.position, written_at_ms: now_ms, household, event };
        state.row = row.hash(&state.row);
        rows.push(LoggedRow { row, hash: state.row, digest: state.digest });
        Ok(())
    }

    /// The household belongs to the village from here on.
    pub async fn entered(
        &mut self,
        tx: &mut Tx,
        log: (UnitId, &Scope),
        household: HouseholdId,
    ) -> Result<(), StoreError> {
        self.append(tx, log, household, RowEvent::Entered, |digest| digest.add(&household, &[])).await
    }

    /// A change was accepted: the document moves from heads to heads.
    pub async fn changed(
        &mut self,
        tx: &mut Tx,
        log: (UnitId, &Scope),
        household: HouseholdId,
        change: ChangeHash,
        (before, after): (&[ChangeHash], &[ChangeHash]),
    ) -> Result<(), StoreError> {
        let moved = |digest: &mut Digest| {
            digest.remove(&household, before);
            digest.add(&household, after);
        };
        self.append(tx, log, household, RowEvent::Change(change), moved).await
    }

    /// Another verdict on a change.
    pub async fn judged(
        &mut self,
        tx: &mut Tx,
        log: (UnitId, &Scope),
        household: HouseholdId,
        hash: ChangeHash,
        verdict: Verdict,
    ) -> Result<(), StoreError> {
        self.append(tx, log, household, RowEvent::Verdict { hash, verdict }, |_| {}).await
    }

    /// Writes the rows, and where every log stands now.
    pub async fn close(self, tx: &mut Tx) -> Result<(), StoreError> {
        for ((commune, scope), Open { state, rows }) in &self.logs {
            store::log::append(tx, *commune, scope, rows).await?;
            store::log::put_state(tx, *commune, scope, state).await?;
        }
        Ok(())
    }
}

/// The generation of a log that begins now. It rises from one to the next, so that a phone knows an old answer by it, and is
/// never 0: that is what a phone that has read nothing says.
pub fn generation_at(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or_default().max(1)
}

fn fresh(scope: &Scope, generation: u64) -> LogState {
    LogState { generation, position: 0, row: origin(scope, generation), digest: Digest::default() }
}
