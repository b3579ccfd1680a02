//! Who surveys which village.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemas::ids::{AccountId, RoundId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Body, PathId};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::round::Assignment;
use crate::workflow;
use crate::workflow::permit::Permit;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, assign)).routes(routes!(unassign))
}

/// Somebody surveys a village.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct AssignmentView {
    #[schema(value_type = u64)]
    village: UnitId,
    #[schema(value_type = u64)]
    account: AccountId,
}

impl From<Assignment> for AssignmentView {
    fn from(assignment: Assignment) -> Self {
        Self { village: assignment.village, account: assignment.account }
    }
}

/// Who surveys which village of a commune.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/assignments", tag = "rounds",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<AssignmentView>), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView)))]
pub(super) async fn list(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): PathId<(RoundId, UnitId)>,
) -> Result<Json<Vec<AssignmentView>>, ApiError> {
    let assignments = workflow::assignment::list(&app, &permit, commune, &round).await?;
    Ok(Json(assignments.into_iter().map(AssignmentView::from).collect()))
}

/// Has somebody survey a village; twice changes nothing.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/assignments", tag = "rounds",
    params(("round" = String, Path), ("unit" = u64, Path)), request_body = AssignmentView,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = AssignmentView), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn assign(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): PathId<(RoundId, UnitId)>,
    Body(body): Body<AssignmentView>,
) -> Result<Json<AssignmentView>, ApiError> {
    let who = (body.village, body.account);
    let assignment = workflow::assignment::assign(&app, &permit, commune, round, who).await?;
    Ok(Json(AssignmentView::from(assignment)))
}

/// Takes a village from somebody.
#[utoipa::path(delete, path = "/api/rounds/{round}/communes/{unit}/assignments/{village}/{account}", tag = "rounds",
    params(("round" = String, Path), ("unit" = u64, Path), ("village" = u64, Path), ("account" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn unassign(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune, village, account)): PathId<(RoundId, UnitId, UnitId, AccountId)>,
) -> Result<StatusCode, ApiError> {
    workflow::assignment::unassign(&app, &permit, commune, round, (village, account)).await?;
    Ok(StatusCode::NO_CONTENT)
}
