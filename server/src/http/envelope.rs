//! What surrounds every request: its name, its span, its time limit, and what every response carries.

use std::any::Any;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::error::{ApiError, Carried, problem};
use super::{AppState, Transport};
use crate::clock::Stopwatch;

/// Past this the caller is told that it took too long. A write that was queued is done all the same.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(30);

/// Whole lists take longer; see [`limit_time`].
const IMPORT_TIME: Duration = Duration::from_secs(15 * 60);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names the request, times it, writes refusals out, logs faults once and sets the headers that every answer carries.
pub(super) async fn finish(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let request_id = state.request_id();
    // The route's pattern, not the path: ids in paths have no place in logs.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %request_id, %method, %route);
    let working = Stopwatch::start();
    let mut response = write_out(next.run(request).instrument(span.clone()).await, &request_id, &span);
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, "Answered"));
    metrics::histogram!("rasoat_http_seconds", "route" => route, "method" => method.to_string(), "status" => status.to_string())
        .record(working.elapsed().as_secs_f64());
    set_headers(response.headers_mut(), state.transport());
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn write_out(response: Response, request_id: &str, span: &tracing::Span) -> Response {
    let Some(Carried(error)) = response.extensions().get::<Carried>() else {
        return response;
    };
    let problem = problem(error);
    if problem.status.is_server_error() {
        span.in_scope(|| tracing::error!(incident = request_id, error = %error, "Request failed"));
    }
    problem.respond(request_id)
}

fn set_headers(headers: &mut HeaderMap, transport: Transport) {
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set(header::CACHE_CONTROL, "no-store");
    match transport {
        Transport::Tls => set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        Transport::Plain => {}
    }
}

/// Gives a request up that takes longer than this, or than what a list takes where one is imported.
pub(super) async fn limit_time(State(at_most): State<Duration>, request: Request, next: Next) -> Response {
    let imports = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str().ends_with("/imports"));
    let at_most = if imports { IMPORT_TIME } else { at_most };
    match tokio::time::timeout(at_most, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => ApiError::TimedOut.into_response(),
    }
}

/// Answers for a handler that panicked. The panic's words go to the log by the panic hook, never to the caller.
pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::Panicked.into_response()
}

/// Answers where a route takes other methods.
pub(super) async fn no_such_method() -> ApiError {
    ApiError::NoSuchMethod
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    async fn panics() {
        panic!("household 42 has a secret");
    }

    /// Refusals as `finish` writes them, without a state.
    async fn written_out(request: Request, next: Next) -> Response {
        write_out(next.run(request).await, "incident-1", &tracing::Span::none())
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_an_incident_and_nothing_else_and_the_server_goes_on() {
        let router = Router::new()
            .route("/panics", get(panics))
            .route("/works", get(|| async { "works" }))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(written_out));
        let ask = |path: &str| router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap());
        let response = ask("/panics").await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap();
        assert!(body.contains("incident-1") && !body.contains("secret"), "{body}");
        assert_eq!(ask("/works").await.unwrap().status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn work_that_takes_too_long_is_given_up_with_a_problem() {
        let router = Router::new()
            .route("/endless", get(std::future::pending::<()>))
            .layer(from_fn_with_state(Duration::ZERO, limit_time))
            .layer(from_fn(written_out));
        let response = router.oneshot(Request::get("/endless").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
