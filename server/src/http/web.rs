//! The apps: files that `make web` has built and that are part of the binary; and beside them what an office has recorded.
//!
//! Owns their addresses and headers. They are the same for everybody and hold nothing of anybody, so no rule of access is
//! asked. What has a hash in its name is kept by browsers for ever; everything else is asked for again each time.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::{ApiError, AppState};
use crate::app::App;
use crate::workflow;

include!(concat!(env!("OUT_DIR"), "/apps.rs"));

/// Scripts, styles, pictures and the core come from here, and nothing is asked of anybody else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; \
     media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);
/// The camera for codes and photos, the place for households; nothing else of the device.
const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(self), geolocation=(self), microphone=(), payment=(), usb=()");
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Where files have the hash of what is in them in their names.
const HASHED: &str = "assets/";
/// Copies that are smaller, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// A file of the apps or a recording; the problem of an unknown address where there is none.
pub(super) async fn file(State(app): State<AppState>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    match uri.path().strip_prefix("/recordings/") {
        Some(name) if method == Method::GET => recording(&app, name).await,
        _ => of_the_apps(&method, &uri, &headers),
    }
}

/// A question read aloud.
async fn recording(app: &App, name: &str) -> Response {
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("opus" | "ogg") => "audio/ogg",
        Some("mp3") => "audio/mpeg",
        Some("m4a") => "audio/mp4",
        _ => return ApiError::NoSuchPath.into_response(),
    };
    match workflow::recording::read(app, name).await {
        Some(bytes) => ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], bytes).into_response(),
        None => ApiError::NoSuchPath.into_response(),
    }
}

fn of_the_apps(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    match (media_type(name), find(name)) {
        (Some(kind), Some(whole)) if *method == Method::GET || *method == Method::HEAD => {
            served(name, kind, whole, headers)
        }
        _ => ApiError::NoSuchPath.into_response(),
    }
}

fn find(name: &str) -> Option<&'static [u8]> {
    FILES.binary_search_by_key(&name, |(file, _)| file).ok().map(|at| FILES[at].1)
}

/// What browsers are told that a file is; copies that are smaller have no address of their own.
fn media_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

fn served(name: &str, kind: &'static str, whole: &'static [u8], asked: &HeaderMap) -> Response {
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let smaller = ENCODINGS.iter().find_map(|(encoding, ending)| {
        let is_accepted = accepted.split(',').any(|one| one.trim() == *encoding);
        find(&format!("{name}{ending}")).filter(|_| is_accepted).map(|bytes| (*encoding, bytes))
    });
    let mut response = (StatusCode::OK, smaller.map_or(whole, |(_, bytes)| bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, if name.starts_with(HASHED) { FOR_EVER } else { ASK_AGAIN });
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert("permissions-policy", PERMISSIONS);
    if let Some((encoding, _)) = smaller {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_the_apps_is_no_address() {
        for path in ["/no-such-file", "/assets/../index.html", "/index.html.br", "/%2e%2e/Cargo.toml"] {
            let answered = of_the_apps(&Method::GET, &path.parse().unwrap(), &HeaderMap::new());
            assert_eq!(answered.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let posted = of_the_apps(&Method::POST, &Uri::from_static("/"), &HeaderMap::new());
        assert_eq!(posted.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn files_are_found_by_their_names() {
        assert!(FILES.is_sorted_by_key(|(name, _)| name), "or a search would miss them");
        for (name, bytes) in FILES {
            assert_eq!(find(name), Some(*bytes));
        }
    }
}
