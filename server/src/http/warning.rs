//! What gives cause to look at households again, and the word that two of them are different.

use axum::Json;
use axum::extract::State;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::Pin;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case::{Decided, Why};
use super::extract::{Body, PathId};
use super::problem::ProblemView;
use super::warning_view::{WarningView, views};
use super::{ApiError, AppState};
use crate::workflow;
use crate::workflow::case::CaseId;
use crate::workflow::permit::Permit;
use crate::workflow::warning::Warned;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(found_different))
}

/// A household with something to look at.
#[derive(Serialize, ToSchema)]
pub(super) struct WarnedView {
    household: String,
    head_name: String,
    warnings: Vec<WarningView>,
}

impl From<Warned> for WarnedView {
    fn from(warned: Warned) -> Self {
        let Warned { household, head_name, warnings } = warned;
        Self { household: household.to_string(), head_name, warnings: views(warnings) }
    }
}

/// Households of a commune that may be one or share a person with another, and houses measured outside of their village.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/suspects", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<WarnedView>), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn list(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): PathId<(RoundId, UnitId)>,
) -> Result<Json<Vec<WarnedView>>, ApiError> {
    let warned = workflow::warning::list(&app, &permit, commune, &round).await?;
    Ok(Json(warned.into_iter().map(WarnedView::from).collect()))
}

/// Says, with the reason, that a household and the one it is suspected with are different. Holds until a fact changes.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/suspicions/{suspicion}/different",
    tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path), ("suspicion" = String, Path)),
    request_body = Why, security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Decided), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn found_different(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune, household, suspicion)): PathId<(RoundId, UnitId, HouseholdId, String)>,
    Body(body): Body<Why>,
) -> Result<Json<Decided>, ApiError> {
    let id = CaseId { round, commune, household };
    let suspicion: Pin = suspicion.parse().map_err(|error| ApiError::Unreadable(format!("{error}")))?;
    let ledger = workflow::warning::found_different(&app, &permit, id, suspicion, body.reason).await?;
    Ok(Json(Decided { ledger }))
}
