//! Looking at the tree, each from their own place downwards; changing it stands in [`change`].

use schemas::ids::UnitId;

use super::Refusal;
use super::permit::Permit;
use crate::app::App;
use crate::domain::unit::Unit;
use crate::store;

pub mod change;

/// One unit as it is today.
pub async fn one(app: &App, permit: &Permit, unit: UnitId) -> Result<Unit, Refusal> {
    let today = app.clock.today();
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, unit, today).await?;
    store::unit::by_id(&mut read, right.unit(), today).await?.ok_or(Refusal::UnitNotFound)
}

/// What lies directly in a unit today.
pub async fn children(app: &App, permit: &Permit, unit: UnitId) -> Result<Vec<Unit>, Refusal> {
    let today = app.clock.today();
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, unit, today).await?;
    Ok(store::unit::children(&mut read, right.unit(), today).await?)
}

/// The top of the tree; the first where there are several.
pub async fn root(app: &App) -> Result<UnitId, Refusal> {
    let roots = store::unit::roots(&mut app.store.read().await?, app.clock.today()).await?;
    roots.first().map(|root| root.id).ok_or(Refusal::UnitNotFound)
}
