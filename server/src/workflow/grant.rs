//! Giving and taking roles: within one's own unit, never above one's own role.

use schemas::ids::{AccountId, UnitId};

use super::Refusal;
use super::account::reachable;
use super::permit::Permit;
use crate::app::App;
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::role::{Grant, GrantId, Role};
use crate::store;

/// Gives a role on a unit to an account, both within the caller's reach. Giving what is held already changes nothing, so
/// that taking it once takes it.
pub async fn give(app: &App, permit: &Permit, account: AccountId, role: Role, unit: UnitId) -> Result<Grant, Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("grant/give", move |tx| {
            Box::pin(async move {
                let right = permit.on(tx, unit, today).await?;
                right.check_gives(role)?;
                let (account, _) = reachable(tx, &permit, account, today).await?;
                let held = store::grant::effective(tx, account.id, now).await?;
                if let Some(same) = held.into_iter().find(|held| held.role == role && held.unit == unit) {
                    return Ok(same);
                }
                let id = store::grant::insert(tx, account.id, role, right.unit(), now).await?;
                let (kind, actor) = (SecurityEventKind::GrantGiven, Some(right.account()));
                store::security_event::append(tx, &SecurityEvent { at: now, kind, actor, subject: id.to_string() })
                    .await?;
                store::grant::by_id(tx, id).await?.ok_or(Refusal::GrantNotFound)
            })
        })
        .await
}

/// Takes a role back from now on.
pub async fn take(app: &App, permit: &Permit, id: GrantId) -> Result<(), Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("grant/take", move |tx| {
            Box::pin(async move {
                let grant = store::grant::by_id(tx, id).await?.ok_or(Refusal::GrantNotFound)?;
                let right = permit.on(tx, grant.unit, today).await.map_err(|refusal| match refusal {
                    Refusal::UnitNotFound => Refusal::GrantNotFound,
                    other => other,
                })?;
                right.check_gives(grant.role)?;
                store::grant::end(tx, grant.id, now).await?;
                let (kind, actor) = (SecurityEventKind::GrantTaken, Some(right.account()));
                let event = SecurityEvent { at: now, kind, actor, subject: grant.id.to_string() };
                Ok(store::security_event::append(tx, &event).await?)
            })
        })
        .await
}
