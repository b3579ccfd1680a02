//! Boundaries of the communes and villages in a unit, sent as GeoJSON: the step of `rasoat boundaries` while the server
//! runs.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use schemas::ids::UnitId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{PathId, Raw};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::workflow::geography::{self, Boundaries, FeatureRemark};
use crate::workflow::permit::Permit;

/// Bytes of a body, which is held in memory: a province's communes and villages, traced for maps, take some three million.
/// A country's file goes through `rasoat boundaries`, or in parts.
const BODY_BYTES: usize = 16 << 20;

/// The route, with a body limit of its own.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(import)).layer(DefaultBodyLimit::max(BODY_BYTES))
}

/// What became of a file of boundaries.
#[derive(Serialize, ToSchema)]
pub(super) struct BoundariesView {
    /// Boundaries that went in, in place of earlier ones where there were any.
    taken: u64,
    /// What is to be said of single features, in the order of the file.
    remarks: Vec<FeatureView>,
}

/// Something about one feature of a file.
#[derive(Serialize, ToSchema)]
pub(super) struct FeatureView {
    /// Its place in the file, from 0.
    index: usize,
    slug: &'static str,
    vi: String,
    en: String,
    /// Whether it went in all the same.
    taken: bool,
}

impl From<Boundaries> for BoundariesView {
    fn from(boundaries: Boundaries) -> Self {
        let Boundaries { taken, remarks } = boundaries;
        Self { taken, remarks: remarks.into_iter().map(FeatureView::from).collect() }
    }
}

impl From<FeatureRemark> for FeatureView {
    fn from(remark: FeatureRemark) -> Self {
        let FeatureRemark { index, slug, text, taken } = remark;
        Self { index, slug, vi: text.vi, en: text.en, taken }
    }
}

/// Gives communes and villages in a unit their boundaries; what lies outside of the unit is left out and named.
#[utoipa::path(post, path = "/api/units/{unit}/boundaries", tag = "units", params(("unit" = u64, Path)),
    request_body(content_type = "application/geo+json", description = "A FeatureCollection in WGS 84, up to 16 MiB"),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = BoundariesView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 413, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn import(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
    Raw(body): Raw,
) -> Result<Json<BoundariesView>, ApiError> {
    // A task of its own: a file that was begun is written to its end even when whoever sent it hangs up.
    let task = tokio::spawn(async move { geography::import(&app, &permit, unit, &body).await });
    let boundaries = task.await.map_err(|_| ApiError::Panicked)??;
    Ok(Json(BoundariesView::from(boundaries)))
}
