//! The interface's own description.

use axum::Json;

/// Describes this interface.
#[utoipa::path(get, path = "/api/openapi.json", tag = "server", responses((status = 200, description = "OpenAPI document")))]
pub(super) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(super::description())
}
