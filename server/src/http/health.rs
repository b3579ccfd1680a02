//! Whether the server lives, whether it can work, and what it measured.

use axum::extract::State;

use super::{ApiError, AppState, meter};

/// Answers as long as the process lives.
#[utoipa::path(get, path = "/health/live", tag = "server", responses((status = 200, body = String)))]
pub(super) async fn live() -> &'static str {
    "live"
}

/// Answers when the database can be read.
#[utoipa::path(get, path = "/health/ready", tag = "server", responses((status = 200, body = String), (status = 500)))]
pub(super) async fn ready(State(app): State<AppState>) -> Result<&'static str, ApiError> {
    app.store.check().await?;
    Ok("ready")
}

/// What was measured, in the text form of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server", responses((status = 200, body = String), (status = 401), (status = 403)))]
pub(super) async fn metrics() -> String {
    meter::render()
}
