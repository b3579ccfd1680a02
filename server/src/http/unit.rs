//! The tree, each from their own place downwards.

use axum::Json;
use axum::extract::State;
use schemas::ids::UnitId;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::PathId;
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::unit::Unit;
use crate::workflow;
use crate::workflow::permit::Permit;

/// A unit as it is today.
#[derive(Serialize, ToSchema)]
pub(super) struct UnitView {
    id: u64,
    /// `nation`, `province`, `district`, `commune`, `village`.
    level: &'static str,
    parent: Option<u64>,
    name: String,
    name_en: Option<String>,
    /// `rural`, `urban`; absent where the office has not said it.
    area: Option<&'static str>,
    region: Option<String>,
}

impl From<Unit> for UnitView {
    fn from(unit: Unit) -> Self {
        let attributes = unit.attributes;
        Self {
            id: unit.id.0,
            level: unit.level.code(),
            parent: attributes.parent.map(|parent| parent.0),
            name: attributes.name,
            name_en: attributes.name_en,
            area: attributes.area.map(|area| area.code()),
            region: attributes.region,
        }
    }
}

/// One unit.
#[utoipa::path(get, path = "/api/units/{unit}", tag = "units", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = UnitView), (status = 404, body = ProblemView)))]
pub(super) async fn one(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<UnitView>, ApiError> {
    let unit = workflow::unit::one(&app, &permit, unit).await?;
    Ok(Json(UnitView::from(unit)))
}

/// What lies directly in a unit.
#[utoipa::path(get, path = "/api/units/{unit}/children", tag = "units", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<UnitView>), (status = 404, body = ProblemView)))]
pub(super) async fn children(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<Vec<UnitView>>, ApiError> {
    let units = workflow::unit::children(&app, &permit, unit).await?;
    Ok(Json(units.into_iter().map(UnitView::from).collect()))
}
