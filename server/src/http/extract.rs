//! What handlers take from a request, with refusals of our own shape.

use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::token::Token;
use crate::workflow::Refusal;
use crate::workflow::permit::{Caller, Permit};

/// Name of the session's cookie.
pub(super) const COOKIE: &str = "rasoat_session";
/// A header that a page of another site cannot set: shows that our own page sent the request.
const OWN_PAGE: &str = "x-rasoat-request";

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(ApiError::TooLarge),
            Err(rejection) => Err(ApiError::Unreadable(reason(&rejection))),
        }
    }
}

/// A body of bytes.
pub(super) struct Raw(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(ApiError::TooLarge),
            Err(_) => Err(ApiError::Unreadable("body cut short".to_owned())),
        }
    }
}

/// The deserialiser's words name the place and the field; they hold nothing but what the sender sent.
fn reason(rejection: &JsonRejection) -> String {
    let cause = std::error::Error::source(rejection).map(ToString::to_string);
    cause.unwrap_or_else(|| rejection.body_text()).chars().take(300).collect()
}

/// An id in the path.
pub(super) struct PathId<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathId<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| ApiError::Unreadable("id in the path".to_owned()))
    }
}

/// Longest name of a person, a phone or a round, in characters.
const NAME_CHARACTERS: usize = 100;

/// A name for people to read: without spaces around it, without control characters, not empty and not endless.
pub(super) fn name(field: &str, text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    let fits = (1..=NAME_CHARACTERS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    match fits {
        true => Ok(text.to_owned()),
        false => {
            Err(ApiError::Unreadable(format!("{field}: 1 to {NAME_CHARACTERS} characters, no control characters")))
        }
    }
}

/// Where the connection comes from.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let info = ConnectInfo::<SocketAddr>::from_request_parts(parts, state).await;
        info.map(|ConnectInfo(address)| Self(address.ip())).map_err(|_| missing("peer address"))
    }
}

/// Put into the request by [`super::access::guard`]; a route whose rule gives none cannot take one.
fn missing(what: &'static str) -> ApiError {
    ApiError::NoRule(what.to_owned())
}

impl<S: Send + Sync> FromRequestParts<S> for Permit {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.remove().ok_or_else(|| missing("permit"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.remove().ok_or_else(|| missing("caller"))
    }
}

/// The device that asks.
#[derive(Clone, Debug)]
pub(super) struct AskingDevice(pub(super) crate::domain::device::Device);

impl<S: Send + Sync> FromRequestParts<S> for AskingDevice {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.remove().ok_or_else(|| missing("device"))
    }
}

/// The token of a session: from the bearer header, or from the cookie when our own page sent it.
pub(super) fn session_token(method: &Method, headers: &HeaderMap) -> Result<Token, ApiError> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer_token(headers).ok_or(Refusal::SessionUnknown.into());
    }
    let text = cookie(headers).ok_or(Refusal::SessionNeeded)?;
    // Browsers attach cookies to requests that other pages make; a page that reads cannot see the answer, so only
    // requests that change something need the proof.
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    if changes && !headers.contains_key(OWN_PAGE) {
        return Err(ApiError::ForgedRequest);
    }
    text.parse().map_err(|_| Refusal::SessionUnknown.into())
}

/// The token in `Authorization: Bearer …`.
pub(super) fn bearer_token(headers: &HeaderMap) -> Option<Token> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")?.parse().ok()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn names_that_are_empty_endless_or_hide_something_are_refused() {
        for text in ["", "  ", "Lan\u{7}", "Lan\nMinh", &"x".repeat(101)] {
            assert!(name("name", text).is_err(), "{text:?}");
        }
        assert_eq!(name("name", " Lò Thị Lan ").unwrap(), "Lò Thị Lan");
    }

    #[test]
    fn a_cookie_alone_changes_nothing() {
        let cookie = format!("{COOKIE}={}", "0".repeat(64));
        let sent = headers(&[("cookie", &cookie)]);
        assert!(matches!(session_token(&Method::POST, &sent), Err(ApiError::ForgedRequest)));
        assert!(matches!(session_token(&Method::DELETE, &sent), Err(ApiError::ForgedRequest)));
        assert!(session_token(&Method::GET, &sent).is_ok());
        assert!(session_token(&Method::POST, &headers(&[("cookie", &cookie), (OWN_PAGE, "1")])).is_ok());
    }

    #[test]
    fn a_damaged_bearer_header_is_not_helped_out_by_a_cookie() {
        let cookie = format!("{COOKIE}={}", "0".repeat(64));
        let sent = headers(&[("cookie", &cookie), ("authorization", "Bearer x")]);
        assert!(matches!(session_token(&Method::GET, &sent), Err(ApiError::Workflow(Refusal::SessionUnknown))));
    }
}
