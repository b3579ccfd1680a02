//! The HTTP interface: routes, who may use them, and how answers and refusals look.
//!
//! The only place that knows axum and status codes. Every handler calls one workflow and turns its result into a view.
//!
//! To add an endpoint: a handler with `#[utoipa::path]` in the file of its noun, a line in `routes` below, a line in
//! [`access::RULES`], a way to ask it in `tests/tests/access.rs`, and `openapi.json` written anew (`RASOAT_BLESS=1`). A
//! handler takes [`Permit`](crate::workflow::permit::Permit) when its rule names roles, `Caller` when it asks for any
//! session, `AskingDevice` when it asks for a device.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod access;
mod account;
mod assignment;
mod blob;
mod boundary;
mod case;
mod case_view;
mod device;
mod enrolment;
mod envelope;
mod error;
mod event;
mod extract;
mod gap;
mod grant;
mod health;
mod import;
mod meter;
mod openapi;
mod opening;
mod points_table;
mod problem;
mod roster;
mod round;
pub mod serve;
mod session;
mod state;
mod sync;
mod unit;
mod warning;
mod warning_view;
mod web;

pub use error::ApiError;
pub use state::{AppState, Transport};

/// Bodies are small here; what is larger (sync, imports) sets its own limit on its own route.
const BODY_BYTES: usize = 64 * 1024;

/// What the interface says about itself.
#[derive(OpenApi)]
#[openapi(info(
    title = "Rasoat",
    description = "Rà soát hộ nghèo, hộ cận nghèo. Review of poor and near-poor households."
))]
struct Description;

/// Routes and their description; each handler stands here once.
fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::document))
        .routes(routes!(session::log_in, session::log_out))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        .routes(routes!(unit::one))
        .routes(routes!(unit::children, unit::create))
        .routes(routes!(unit::revise))
        .routes(routes!(account::list))
        .routes(routes!(account::create))
        .routes(routes!(account::disable))
        .routes(routes!(account::reset_password))
        .routes(routes!(grant::give))
        .routes(routes!(grant::take))
        .routes(routes!(enrolment::create_code))
        .routes(routes!(enrolment::enrol))
        .routes(routes!(round::list, round::create))
        .routes(routes!(import::import))
        .routes(routes!(round::open))
        .routes(routes!(round::close))
        .merge(assignment::routes())
        .merge(blob::routes())
        .merge(boundary::routes())
        .merge(device::routes())
        .merge(event::routes())
        .merge(gap::routes())
        .merge(opening::routes())
        .merge(case::routes())
        .merge(points_table::routes())
        .merge(roster::routes())
        .merge(sync::routes())
        .merge(warning::routes())
}

/// The OpenAPI document, as it is served and as it is checked in.
pub fn description() -> utoipa::openapi::OpenApi {
    let (_, mut document) = routes().split_for_parts();
    let bearer = |what: &str| {
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build())
    };
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(extract::COOKIE)));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("session", bearer("Token of a session"));
    components.add_security_scheme("session_cookie", cookie);
    components.add_security_scheme("device", bearer("Token of a device"));
    components.add_security_scheme("opening", bearer("Token of a request to open a device"));
    document
}

/// The whole interface, ready to serve.
pub fn router(state: AppState) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route_layer(from_fn_with_state(state.clone(), access::guard))
        .fallback(web::file)
        .method_not_allowed_fallback(envelope::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(envelope::panicked))
        .layer(from_fn_with_state(envelope::REQUEST_TIME, envelope::limit_time))
        .layer(from_fn_with_state(state.clone(), envelope::finish))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_that_is_checked_in_is_the_one_that_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let served = description().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("RASOAT_BLESS").is_some() {
            std::fs::write(path, &served).unwrap();
        }
        let checked_in = std::fs::read_to_string(path).unwrap();
        assert!(checked_in == served, "openapi.json is stale: run this test once with RASOAT_BLESS=1");
    }
}
