//! Rounds: made for a part of the tree, seen by everybody who works in it.

use jiff::civil::Date;
use schemas::ids::{AccountId, RoundId, StandardId};
use schemas::ledger::{Decision, Hash};

use super::permit::{Caller, Permit};
use super::{Refusal, ledger};
use crate::app::App;
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::round::{B1Mode, Round, RoundState};
use crate::domain::unit::Level;
use crate::store::round::Created;
use crate::store::{self, Tx};

/// Makes a round.
pub async fn create(app: &App, permit: &Permit, round: Round) -> Result<Round, Refusal> {
    check_standards(app, &round)?;
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("round/create", move |tx| {
            Box::pin(async move {
                let right = permit.on(tx, round.unit, today).await?;
                match store::round::insert(tx, &round).await? {
                    Created::Added => {}
                    Created::IdTaken => return Err(Refusal::RoundIdTaken),
                }
                let (kind, actor) = (SecurityEventKind::RoundCreated, Some(right.account()));
                let event = SecurityEvent { at: now, kind, actor, subject: round.id.to_string() };
                store::security_event::append(tx, &event).await?;
                Ok(round)
            })
        })
        .await
}

/// A round is scored by standards that this server has, and asked on the form of the deciding one.
fn check_standards(app: &App, round: &Round) -> Result<(), Refusal> {
    for id in &round.standards {
        app.standards.get(id).ok_or_else(|| Refusal::StandardUnknown(id.clone()))?;
    }
    let deciding = round.standards.first().and_then(|id| app.standards.get(id));
    match deciding.is_some_and(|standard| standard.form().version == round.form_version) {
        true => Ok(()),
        false => Err(Refusal::FormOfAnotherStandard),
    }
}

/// Opens a planned round, and writes so to the ledger of every commune that it covers.
pub async fn open(app: &App, permit: &Permit, id: RoundId) -> Result<(), Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    let round = store::round::by_id(&mut app.store.read().await?, &id).await?.ok_or(Refusal::RoundNotFound)?;
    if round.b1_mode == B1Mode::Points {
        return Err(Refusal::PointsTableNeeded);
    }
    let standards = standards(app, &round)?;
    app.store
        .write("round/open", move |tx| {
            Box::pin(async move {
                let by = enter(tx, &permit, &round, today, RoundState::Planned).await?;
                store::round::set_state(tx, &id, RoundState::Open).await?;
                for commune in store::unit::of_level(tx, Level::Commune, today).await? {
                    if store::unit::is_within(tx, commune, round.unit, today).await? {
                        let decision = Decision::RoundOpened { round: id.clone(), standards: standards.clone() };
                        ledger::append(tx, commune, now, Some(by), decision).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

/// Closes an open round.
pub async fn close(app: &App, permit: &Permit, id: RoundId) -> Result<(), Refusal> {
    let (today, permit) = (app.clock.today(), permit.clone());
    app.store
        .write("round/close", move |tx| {
            Box::pin(async move {
                let round = store::round::by_id(tx, &id).await?.ok_or(Refusal::RoundNotFound)?;
                enter(tx, &permit, &round, today, RoundState::Open).await?;
                Ok(store::round::set_state(tx, &id, RoundState::Closed).await?)
            })
        })
        .await
}

/// Proves the right on the round's unit and that the round is in a state. A foreign round looks like none.
async fn enter(
    tx: &mut Tx,
    permit: &Permit,
    round: &Round,
    today: Date,
    state: RoundState,
) -> Result<AccountId, Refusal> {
    let right = permit.on(tx, round.unit, today).await.map_err(|refusal| match refusal {
        Refusal::UnitNotFound => Refusal::RoundNotFound,
        other => other,
    })?;
    let now = store::round::by_id(tx, &round.id).await?.ok_or(Refusal::RoundNotFound)?;
    match now.state == state {
        true => Ok(right.account()),
        false => Err(Refusal::RoundNot(state)),
    }
}

fn standards(app: &App, round: &Round) -> Result<Vec<(StandardId, Hash)>, Refusal> {
    let named = |id: &StandardId| {
        let standard = app.standards.get(id).ok_or_else(|| Refusal::StandardUnknown(id.clone()))?;
        Ok((id.clone(), Hash(standard.hash().0)))
    };
    round.standards.iter().map(named).collect()
}

/// The rounds that cover a place where the caller holds a role, or that lie within one.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Round>, Refusal> {
    let today = app.clock.today();
    let mut read = app.store.read().await?;
    let mut visible = Vec::new();
    for round in store::round::all(&mut read).await? {
        for grant in &caller.grants {
            let covers = store::unit::is_within(&mut read, grant.unit, round.unit, today).await?;
            if covers || store::unit::is_within(&mut read, round.unit, grant.unit, today).await? {
                visible.push(round);
                break;
            }
        }
    }
    Ok(visible)
}
