//! Logging in and out, and one's own account.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, COOKIE, Peer};
use super::grant::GrantView;
use super::problem::ProblemView;
use super::{ApiError, AppState, Transport};
use crate::domain::account::{Login, PasswordKind};
use crate::password::Password;
use crate::workflow;
use crate::workflow::permit::Caller;

/// How the session's token is kept.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keep {
    /// The answer holds it; the caller sends it as a bearer token.
    Bearer,
    /// A cookie that scripts cannot read holds it; changes need the header `X-Rasoat-Request`.
    Cookie,
}

/// A login and its password.
#[derive(Deserialize, ToSchema)]
pub(super) struct LogIn {
    login: String,
    #[schema(value_type = String, format = Password)]
    password: Password,
    keep: Keep,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    /// The token, unless a cookie keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// When the session ends by itself.
    expires_at: String,
    /// Who logged in.
    me: MeView,
}

/// One's own account.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    account: u64,
    login: String,
    display_name: String,
    unit: u64,
    /// Whether the session began with a one-time password: then it may do nothing but choose another.
    password_change_needed: bool,
    grants: Vec<GrantView>,
}

impl From<&Caller> for MeView {
    fn from(caller: &Caller) -> Self {
        let account = &caller.account;
        Self {
            account: account.id.0,
            login: account.login.as_str().to_owned(),
            display_name: account.display_name.clone(),
            unit: account.unit.0,
            password_change_needed: account.password != PasswordKind::Own,
            grants: caller.grants.iter().map(GrantView::from).collect(),
        }
    }
}

type SetCookie = AppendHeaders<Option<(HeaderName, HeaderValue)>>;

/// Begins a session.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = LogIn, responses(
    (status = 200, body = SessionView), (status = 401, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn log_in(
    State(app): State<AppState>,
    Peer(address): Peer,
    Body(body): Body<LogIn>,
) -> Result<(SetCookie, Json<SessionView>), ApiError> {
    // A text that cannot be a login is the login of nobody.
    let login: Login = body.login.parse().map_err(|_| workflow::Refusal::WrongPassword)?;
    let (token, caller) = workflow::session::log_in(&app, login, body.password, address).await?;
    let (cookie, token) = match body.keep {
        Keep::Bearer => (None, Some(token.reveal())),
        Keep::Cookie => (set_cookie(&token.reveal(), app.transport()), None),
    };
    let view = SessionView { token, expires_at: caller.session.expires_at.to_string(), me: MeView::from(&caller) };
    Ok((AppendHeaders(cookie), Json(view)))
}

/// Cookie of the session, or with an empty value the order to forget it.
fn set_cookie(value: &str, transport: Transport) -> Option<(HeaderName, HeaderValue)> {
    let secure = match transport {
        Transport::Tls => "; Secure",
        Transport::Plain => "",
    };
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}");
    HeaderValue::from_str(&text).ok().map(|value| (header::SET_COOKIE, value))
}

/// Ends the session.
#[utoipa::path(delete, path = "/api/session", tag = "session", security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 401, body = ProblemView)))]
pub(super) async fn log_out(State(app): State<AppState>, caller: Caller) -> Result<impl IntoResponse, ApiError> {
    workflow::session::log_out(&app, &caller).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders(set_cookie("", app.transport()))))
}

/// Who is logged in, and what they hold.
#[utoipa::path(get, path = "/api/me", tag = "session", security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = MeView), (status = 401, body = ProblemView)))]
pub(super) async fn me(caller: Caller) -> Json<MeView> {
    Json(MeView::from(&caller))
}

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
pub(super) struct ChangePassword {
    #[schema(value_type = String, format = Password)]
    old: Password,
    #[schema(value_type = String, format = Password)]
    new: Password,
}

/// Replaces one's password and ends one's other sessions.
#[utoipa::path(post, path = "/api/me/password", tag = "session", security(("session" = []), ("session_cookie" = [])),
    request_body = ChangePassword, responses((status = 204), (status = 401, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn change_password(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<ChangePassword>,
) -> Result<StatusCode, ApiError> {
    workflow::session::change_password(&app, &caller, body.old, body.new).await?;
    Ok(StatusCode::NO_CONTENT)
}
