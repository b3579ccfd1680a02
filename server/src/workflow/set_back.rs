//! A server that was set back to an older copy of itself: every log starts a new generation, and the ledgers say that
//! there is a gap.
//!
//! Owns the restart. What phones give back is [`super::give_back`]'s.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemas::ids::{DeviceId, RoundId, UnitId};
use schemas::ledger::{Decision, LedgerEntry};
use sync_protocol::journal::Scope;
use sync_protocol::log::origin;
use sync_protocol::message::Request;

use super::logbook::generation_at;
use super::permit::Permit;
use super::{Refusal, inbox, ledger};
use crate::app::App;
use crate::domain::field::{EndedGeneration, LogState};
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::unit::Level;
use crate::store::{self, Read, Tx};

/// What a restart came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restarted {
    /// Logs that have a new generation.
    pub logs: usize,
    /// Communes whose ledgers say so.
    pub communes: usize,
}

/// A log of which a phone has shown a head that this server does not know, although it signed it.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    /// Who has shown it.
    pub(super) device: DeviceId,
    /// The commune.
    pub(super) commune: UnitId,
    /// The log.
    pub(super) scope: Scope,
    /// Its generation.
    pub(super) generation: u64,
    /// Up to where the rows that were shown are those of this server.
    pub(super) known: u64,
}

/// What a device is told of the last set-back. Version 1 mends nothing.
pub(super) async fn told(read: &mut Read, request: &Request) -> Result<Option<u64>, Refusal> {
    let last = store::generation::last_set_back(read).await?;
    Ok(last.filter(|_| request.version > 1))
}

/// Starts every log anew, because whoever keeps the machine says that the server was set back.
pub async fn declare(app: &App) -> Result<Restarted, Refusal> {
    begin(app, None).await
}

/// Starts every log anew. A proof counts once: several phones may bring the same.
pub(super) async fn begin(app: &App, proof: Option<Proof>) -> Result<Restarted, Refusal> {
    let (now, today) = (app.clock.now(), app.clock.today());
    app.store
        .write("log/restart", move |tx| {
            Box::pin(async move {
                if let Some(proof) = &proof {
                    if is_over(tx, proof).await? {
                        return Ok(Restarted::default());
                    }
                    let subject = format!("{} {}/{}", proof.device, proof.scope.village, proof.scope.round);
                    let kind = SecurityEventKind::SetBackProven;
                    store::security_event::append(tx, &SecurityEvent { at: now, kind, actor: None, subject }).await?;
                    store::generation::end(tx, proof.commune, &proof.ended(now)).await?;
                }
                let communes = store::unit::of_level(tx, Level::Commune, today).await?;
                restart(tx, now, communes, proof.map_or(0, |proof| proof.generation)).await
            })
        })
        .await
}

impl Proof {
    fn ended(&self, now: Timestamp) -> EndedGeneration {
        EndedGeneration {
            scope: self.scope.clone(),
            generation: self.generation,
            position: self.known,
            shown: self.known,
            ended_at: now,
        }
    }
}

/// Whether the generation that a proof is about has ended already.
async fn is_over(read: &mut Read, proof: &Proof) -> Result<bool, Refusal> {
    let ended = store::generation::ended(read, proof.commune, &proof.scope, proof.generation).await?;
    let state = store::log::state(read, proof.commune, &proof.scope).await?;
    Ok(ended.is_some() || state.is_some_and(|state| state.generation > proof.generation))
}

async fn restart(tx: &mut Tx, now: Timestamp, communes: Vec<UnitId>, shown: u64) -> Result<Restarted, Refusal> {
    let logs = store::generation::logs(tx).await?;
    let mut states = Vec::with_capacity(logs.len());
    for (commune, scope) in logs {
        let state = store::log::state(tx, commune, &scope).await?;
        states.extend(state.map(|state| (commune, scope, state)));
    }
    // Above every generation that anybody has seen, even where the clock was set back with the server.
    let highest = states.iter().map(|(_, _, state)| state.generation).max().unwrap_or_default().max(shown);
    let earlier = store::generation::last_set_back(tx).await?.unwrap_or_default();
    let generation = generation_at(now).max(highest.max(earlier).saturating_add(1));
    store::generation::note_set_back(tx, generation, now).await?;
    let mut since: BTreeMap<UnitId, i64> = BTreeMap::new();
    let restarted = states.len();
    for (commune, scope, state) in states {
        let written_at_ms = restart_log(tx, now, (commune, &scope), state, generation).await?;
        let last = since.entry(commune).or_insert(written_at_ms);
        *last = (*last).max(written_at_ms);
    }
    let communes: BTreeSet<UnitId> = communes.into_iter().chain(since.keys().copied()).collect();
    let mut told = 0;
    for commune in communes {
        told += usize::from(tell(tx, now, commune, since.get(&commune).copied()).await?);
    }
    Ok(Restarted { logs: restarted, communes: told })
}

/// Gives a log a new generation: the same rows in a chain of their own. Returns when the last of them was written.
async fn restart_log(
    tx: &mut Tx,
    now: Timestamp,
    (commune, scope): (UnitId, &Scope),
    state: LogState,
    generation: u64,
) -> Result<i64, Refusal> {
    let LogState { generation: old, position, digest, .. } = state;
    let scope_of = scope.clone();
    let ended = EndedGeneration { scope: scope_of, generation: old, position, shown: position, ended_at: now };
    store::generation::end(tx, commune, &ended).await?;
    let (mut row, mut written_at_ms) = (origin(scope, generation), 0);
    for logged in store::log::after(tx, commune, scope, 0, u32::MAX).await? {
        row = logged.row.hash(&row);
        written_at_ms = logged.row.written_at_ms;
        store::generation::rehash(tx, commune, scope, logged.row.position, &row).await?;
    }
    store::log::put_state(tx, commune, scope, &LogState { generation, position, row, digest }).await?;
    Ok(written_at_ms)
}

/// Has a commune's ledger say that there is a gap; `false` for a commune of which the server knows nothing.
async fn tell(tx: &mut Tx, now: Timestamp, commune: UnitId, written_at_ms: Option<i64>) -> Result<bool, Refusal> {
    let decided_at_ms = match store::ledger::last(tx, commune).await? {
        None => None,
        Some((number, _)) => {
            let text = store::ledger::text(tx, commune, number).await?;
            text.and_then(|text| serde_json::from_str::<LedgerEntry>(&text).ok()).map(|entry| entry.at_ms)
        }
    };
    let Some(since_ms) = written_at_ms.max(decided_at_ms) else { return Ok(false) };
    ledger::append(tx, commune, now, None, Decision::SetBack { since_ms }).await?;
    Ok(true)
}

/// The generations of a commune's logs that have ended: how far the server knows each, and how far each had come.
pub async fn gaps(
    app: &App,
    permit: &Permit,
    commune: UnitId,
    round: &RoundId,
) -> Result<Vec<EndedGeneration>, Refusal> {
    let mut read = app.store.read().await?;
    inbox::enter(app, &mut read, permit, commune, round).await?;
    Ok(store::generation::of_commune(&mut read, commune, round).await?)
}
