//! Photos: brought by phones in parts, read by phones in scope and by whoever may read the household.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use serde::{Deserialize, Serialize};
use sync_protocol::hash::BlobHash;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{AskingDevice, PathId, Raw};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::blob::BlobId;
use crate::workflow;
use crate::workflow::blob::{Picture, Progress};
use crate::workflow::case::CaseId;
use crate::workflow::permit::Permit;

/// The routes of this file. Parts are no larger than other bodies: a cut one is sent again.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(progress)).routes(routes!(take_part, for_device)).routes(routes!(for_reader))
}

type OfDevice = PathId<(HouseholdId, String)>;
type OfReader = PathId<(RoundId, UnitId, HouseholdId, String)>;

fn hash(text: &str) -> Result<BlobHash, ApiError> {
    text.parse().map_err(|error| ApiError::Unreadable(format!("{error}")))
}

fn id((household, blob): (HouseholdId, String)) -> Result<BlobId, ApiError> {
    Ok(BlobId { household, hash: hash(&blob)? })
}

/// Where a part begins.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PartQuery {
    /// How many bytes of the blob come before it.
    offset: u64,
}

/// How far a blob has come.
#[derive(Serialize, ToSchema)]
pub(super) struct ProgressView {
    /// Bytes that are on the server's disk, from the first on: where the next part begins.
    received: u64,
    /// Bytes that were announced.
    size_bytes: u64,
    /// Whether all of it is there and is what its hash says. Until then a part is to be sent, an empty one if need be.
    there: bool,
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> Self {
        let Progress { received, size_bytes, there } = progress;
        Self { received, size_bytes, there }
    }
}

/// How far a blob has come that the asking device has announced in its journal.
#[utoipa::path(get, path = "/api/sync/households/{household}/blobs/{blob}/progress", tag = "sync",
    params(("household" = String, Path), ("blob" = String, Path, description = "SHA-256 of the bytes, hexadecimal")),
    security(("device" = [])),
    responses((status = 200, body = ProgressView), (status = 401, body = ProblemView),
        (status = 403, body = ProblemView), (status = 404, body = ProblemView), (status = 410, body = ProblemView)))]
pub(super) async fn progress(
    State(app): State<AppState>,
    AskingDevice(device): AskingDevice,
    PathId(path): OfDevice,
) -> Result<Json<ProgressView>, ApiError> {
    Ok(Json(workflow::blob::progress(&app, &device, id(path)?).await?.into()))
}

/// Brings a part of a blob, at most 64 KB. May be repeated: what is there is not taken twice.
#[utoipa::path(patch, path = "/api/sync/households/{household}/blobs/{blob}", tag = "sync",
    params(("household" = String, Path), ("blob" = String, Path, description = "SHA-256 of the bytes, hexadecimal"),
        PartQuery),
    request_body(content_type = "application/octet-stream", description = "The bytes from the offset on"),
    security(("device" = [])),
    responses((status = 200, body = ProgressView), (status = 401, body = ProblemView),
        (status = 403, body = ProblemView), (status = 404, body = ProblemView), (status = 409, body = ProblemView),
        (status = 410, body = ProblemView), (status = 413, body = ProblemView), (status = 415, body = ProblemView),
        (status = 422, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn take_part(
    State(app): State<AppState>,
    AskingDevice(device): AskingDevice,
    PathId(path): OfDevice,
    Query(query): Query<PartQuery>,
    Raw(body): Raw,
) -> Result<Json<ProgressView>, ApiError> {
    Ok(Json(workflow::blob::take_part(&app, &device, id(path)?, query.offset, &body).await?.into()))
}

/// A photo of a household in a village that the device's holder surveys.
#[utoipa::path(get, path = "/api/sync/households/{household}/blobs/{blob}", tag = "sync",
    params(("household" = String, Path), ("blob" = String, Path, description = "SHA-256 of the bytes, hexadecimal")),
    security(("device" = [])),
    responses((status = 200, content_type = "image/*"), (status = 401, body = ProblemView),
        (status = 404, body = ProblemView), (status = 410, body = ProblemView)))]
pub(super) async fn for_device(
    State(app): State<AppState>,
    AskingDevice(device): AskingDevice,
    PathId(path): OfDevice,
) -> Result<impl IntoResponse, ApiError> {
    Ok(answer(workflow::blob::for_device(&app, &device, id(path)?).await?))
}

/// A photo, for whoever may read the household. That it was seen is written down.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/households/{household}/blobs/{blob}", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path), ("blob" = String, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, content_type = "image/*"), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView), (status = 410, body = ProblemView)))]
pub(super) async fn for_reader(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune, household, blob)): OfReader,
) -> Result<impl IntoResponse, ApiError> {
    let case = CaseId { round, commune, household };
    Ok(answer(workflow::blob::for_reader(&app, &permit, case, hash(&blob)?).await?))
}

/// A picture under the type that its own bytes gave it.
fn answer(picture: Picture) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, picture.media_type.code())], picture.bytes)
}
