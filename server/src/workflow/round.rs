//! Rounds: made for a part of the tree, seen by everybody who works in it.

use super::Refusal;
use super::permit::{Caller, Permit};
use crate::app::App;
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::round::Round;
use crate::store;
use crate::store::round::Created;

/// Makes a round.
pub async fn create(app: &App, permit: &Permit, round: Round) -> Result<Round, Refusal> {
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
