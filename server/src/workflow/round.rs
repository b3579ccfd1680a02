//! Rounds: made for a part of the tree, seen by everybody who works in it.

use jiff::civil::Date;
use schemas::ids::{AccountId, RoundId, StandardId};
use schemas::ledger::{Decision, Hash};
use schemas::rules::B1Mode;

use super::permit::{Caller, Permit};
use super::projection::Ruling;
use super::{Refusal, ledger, points_table};
use crate::app::App;
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::points_table::OfficeTable;
use crate::domain::round::{Round, RoundState};
use crate::domain::unit::Level;
use crate::store::round::Created;
use crate::store::{self, Read, Tx};

/// Makes a round.
pub async fn create(app: &App, permit: &Permit, round: Round) -> Result<Round, Refusal> {
    check_standards(app, &round)?;
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("round/create", move |tx| {
            Box::pin(async move {
                let right = permit.on(tx, round.unit, today).await?;
                // It may still be confirmed until the round is opened.
                table_of(tx, &round, today).await?;
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
    let mut read = app.store.read().await?;
    let round = store::round::by_id(&mut read, &id).await?.ok_or(Refusal::RoundNotFound)?;
    let uncovered = uncovered_place(app, &mut read, &round).await?;
    drop(read);
    let (standards, points_table) = (standards(app, &round)?, round.b1_mode.table());
    app.store
        .write("round/open", move |tx| {
            Box::pin(async move {
                let by = enter(tx, &permit, &round, today, RoundState::Planned).await?;
                if table_of(tx, &round, today).await?.is_some_and(|table| table.state.confirmed().is_none()) {
                    return Err(Refusal::TableNotConfirmed);
                }
                if let Some(name) = uncovered {
                    return Err(Refusal::TableLacksPlace(name));
                }
                store::round::set_state(tx, &id, RoundState::Open).await?;
                for commune in store::unit::of_level(tx, Level::Commune, today).await? {
                    if store::unit::is_within(tx, commune, round.unit, today).await? {
                        let (round, standards) = (id.clone(), standards.clone());
                        let decision = Decision::RoundOpened { round, standards, points_table };
                        ledger::append(tx, commune, now, Some(by), decision).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

/// The points table of a round: one of its own unit or of a unit above it, for the standard that decides.
async fn table_of(read: &mut Read, round: &Round, today: Date) -> Result<Option<OfficeTable>, Refusal> {
    let Some((hash, standard)) = round.b1_mode.table().zip(round.standards.first()) else { return Ok(None) };
    points_table::reachable(read, round.unit, today, (standard, hash)).await.map(Some)
}

/// A place in the round, by name, of whose kind the points table says nothing. Places of which nobody has said what kind
/// they are come up when a household there is to be accepted.
async fn uncovered_place(app: &App, read: &mut Read, round: &Round) -> Result<Option<String>, Refusal> {
    if round.b1_mode.table().is_none() {
        return Ok(None);
    }
    for level in [Level::Commune, Level::Village] {
        for unit in store::unit::within(read, round.unit, level, round.reference_on).await? {
            let ruling = Ruling::of(app, read, round, unit.id).await?;
            let covers = match (ruling.modes.deciding(), &ruling.place) {
                (B1Mode::Table(table), Some(place)) => table.table().covers(place),
                _ => true,
            };
            if !covers {
                return Ok(Some(unit.attributes.name));
            }
        }
    }
    Ok(None)
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
