//! Roles given and taken.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemas::ids::{AccountId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, PathId};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::role::{Grant, GrantId, Role};
use crate::workflow;
use crate::workflow::permit::Permit;

/// A role to be given.
#[derive(Deserialize, ToSchema)]
pub(super) struct GiveRole {
    #[schema(value_type = u64)]
    account: AccountId,
    /// `enumerator`, `village_head`, `reviewer`, `committee`, `commune_chair`, `compiler`, `auditor`, `administrator`.
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = u64)]
    unit: UnitId,
}

/// A role that an account holds on a unit.
#[derive(Serialize, ToSchema)]
pub(super) struct GrantView {
    id: u64,
    account: u64,
    role: &'static str,
    unit: u64,
    from_at: String,
    /// Absent until further notice.
    to_at: Option<String>,
}

impl From<&Grant> for GrantView {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.0,
            account: grant.account.0,
            role: grant.role.code(),
            unit: grant.unit.0,
            from_at: grant.from_at.to_string(),
            to_at: grant.to_at.map(|at| at.to_string()),
        }
    }
}

/// Gives a role on a unit.
#[utoipa::path(post, path = "/api/grants", tag = "grants", request_body = GiveRole,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 201, body = GrantView), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn give(
    State(app): State<AppState>,
    permit: Permit,
    Body(body): Body<GiveRole>,
) -> Result<(StatusCode, Json<GrantView>), ApiError> {
    let grant = workflow::grant::give(&app, &permit, body.account, body.role, body.unit).await?;
    Ok((StatusCode::CREATED, Json(GrantView::from(&grant))))
}

/// Takes a role back.
#[utoipa::path(delete, path = "/api/grants/{grant}", tag = "grants", params(("grant" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn take(
    State(app): State<AppState>,
    permit: Permit,
    PathId(grant): PathId<u64>,
) -> Result<StatusCode, ApiError> {
    workflow::grant::take(&app, &permit, GrantId(grant)).await?;
    Ok(StatusCode::NO_CONTENT)
}
