//! The sync endpoint: bytes in, bytes out; what they mean is `sync-protocol`'s business.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header;
use axum::response::IntoResponse;
use sync_protocol::message::MAX_REQUEST_BYTES;
use sync_protocol::parcel::MAX_PARCEL_BYTES;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{AskingDevice, Raw};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::workflow;

/// The media type of sync messages.
const CBOR: &str = "application/cbor";

/// The routes, each with a body limit of its own: a day's work is larger than anything that people type.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    let exchange = OpenApiRouter::new().routes(routes!(exchange)).layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES));
    let deliver = OpenApiRouter::new().routes(routes!(deliver)).layer(DefaultBodyLimit::max(MAX_PARCEL_BYTES));
    exchange.merge(deliver)
}

/// The one exchange of a normal day: brings signed segments, asks for what is new.
#[utoipa::path(post, path = "/api/sync", tag = "sync", security(("device" = [])),
    request_body(content_type = "application/cbor", description = "A request, version 1 or 2 (sync-protocol/PROTOCOL.md)"),
    responses((status = 200, content_type = "application/cbor", description = "A response; all it says is on disk"),
        (status = 401, body = ProblemView), (status = 413, body = ProblemView), (status = 422, body = ProblemView),
        (status = 426, body = ProblemView)))]
pub(super) async fn exchange(
    State(app): State<AppState>,
    AskingDevice(device): AskingDevice,
    Raw(body): Raw,
) -> Result<impl IntoResponse, ApiError> {
    let response = workflow::exchange::exchange(&app, &device, &body).await?;
    Ok(([(header::CONTENT_TYPE, CBOR)], response))
}

/// Brings a parcel of another device; the answer is a file for that device, which nobody else can open.
#[utoipa::path(post, path = "/api/sync/parcels", tag = "sync", security(("device" = [])),
    request_body(content_type = "application/cbor", description = "A parcel, version 1 (sync-protocol/PROTOCOL.md)"),
    responses((status = 200, content_type = "application/cbor", description = "The answer to carry back"),
        (status = 401, body = ProblemView), (status = 403, body = ProblemView), (status = 413, body = ProblemView),
        (status = 422, body = ProblemView), (status = 426, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn deliver(
    State(app): State<AppState>,
    AskingDevice(carrier): AskingDevice,
    Raw(body): Raw,
) -> Result<impl IntoResponse, ApiError> {
    let answer = workflow::parcel::deliver(&app, &carrier, &body).await?;
    Ok(([(header::CONTENT_TYPE, CBOR)], answer))
}
