//! What a commune has lost because the server was set back to an older copy.

use axum::Json;
use axum::extract::State;
use schemas::ids::{RoundId, UnitId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::PathId;
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::field::EndedGeneration;
use crate::workflow;
use crate::workflow::permit::Permit;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A generation of a village's log that has ended. Phones give back the changes between the two positions; decisions of
/// that time are lost and have to be made again.
#[derive(Serialize, ToSchema)]
pub(super) struct GapView {
    #[schema(value_type = u64)]
    village: UnitId,
    generation: u64,
    /// The last row that the server still knows.
    known: u64,
    /// The last row that a phone has proven; `known` where none has shown more.
    shown: u64,
    /// When the log began anew.
    ended_at: String,
}

impl From<EndedGeneration> for GapView {
    fn from(ended: EndedGeneration) -> Self {
        let EndedGeneration { scope, generation, position, shown, ended_at } = ended;
        Self { village: scope.village, generation, known: position, shown, ended_at: ended_at.to_string() }
    }
}

/// What was lost when the server was set back to an older copy, the oldest first.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/gaps", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<GapView>), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView)))]
pub(super) async fn list(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): PathId<(RoundId, UnitId)>,
) -> Result<Json<Vec<GapView>>, ApiError> {
    let gaps = workflow::set_back::gaps(&app, &permit, commune, &round).await?;
    Ok(Json(gaps.into_iter().map(GapView::from).collect()))
}
