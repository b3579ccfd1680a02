//! Accounts of a unit.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemas::ids::{AccountId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, PathId, name};
use super::grant::GrantView;
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::account::{Account, Login, Standing};
use crate::domain::role::Grant;
use crate::password::Password;
use crate::workflow;
use crate::workflow::account::NewAccount;
use crate::workflow::permit::Permit;

/// An account to be made.
#[derive(Deserialize, ToSchema)]
pub(super) struct CreateAccount {
    /// 2 to 40 lower-case letters, digits, dots, hyphens and underscores.
    login: String,
    display_name: String,
    /// The unit that will look after it.
    #[schema(value_type = u64)]
    unit: UnitId,
    #[schema(value_type = String, format = Password)]
    password: Password,
}

/// An account and what it holds now.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountView {
    id: u64,
    login: String,
    display_name: String,
    unit: u64,
    created_at: String,
    /// Absent while the account may be used.
    disabled_at: Option<String>,
    grants: Vec<GrantView>,
}

impl AccountView {
    fn new(account: Account, grants: &[Grant]) -> Self {
        Self {
            id: account.id.0,
            login: account.login.as_str().to_owned(),
            display_name: account.display_name,
            unit: account.unit.0,
            created_at: account.created_at.to_string(),
            disabled_at: match account.standing {
                Standing::Active => None,
                Standing::Disabled(at) => Some(at.to_string()),
            },
            grants: grants.iter().map(GrantView::from).collect(),
        }
    }
}

/// The accounts that a unit and everything within it look after.
#[utoipa::path(get, path = "/api/units/{unit}/accounts", tag = "accounts", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<AccountView>), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn list(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<Vec<AccountView>>, ApiError> {
    let accounts = workflow::account::list(&app, &permit, unit).await?;
    Ok(Json(accounts.into_iter().map(|found| AccountView::new(found.account, &found.grants)).collect()))
}

/// Makes an account without rights.
#[utoipa::path(post, path = "/api/accounts", tag = "accounts", request_body = CreateAccount,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 201, body = AccountView), (status = 403, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn create(
    State(app): State<AppState>,
    permit: Permit,
    Body(body): Body<CreateAccount>,
) -> Result<(StatusCode, Json<AccountView>), ApiError> {
    let CreateAccount { login, display_name, unit, password } = body;
    let login: Login = login.parse().map_err(|error| ApiError::Unreadable(format!("login: {error}")))?;
    let new = NewAccount { login, display_name: name("display_name", &display_name)?, unit, password };
    let account = workflow::account::create(&app, &permit, new).await?;
    Ok((StatusCode::CREATED, Json(AccountView::new(account, &[]))))
}

/// A password that an administrator gave out.
#[derive(Serialize, ToSchema)]
pub(super) struct OneTimePasswordView {
    /// Shown this once. It opens one session, in which its holder has to choose another before anything else.
    password: String,
    /// From when on it opens nothing.
    until: String,
}

/// Gives an account a one-time password and ends its sessions.
#[utoipa::path(post, path = "/api/accounts/{account}/reset-password", tag = "accounts",
    params(("account" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = OneTimePasswordView), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView)))]
pub(super) async fn reset_password(
    State(app): State<AppState>,
    permit: Permit,
    PathId(account): PathId<AccountId>,
) -> Result<Json<OneTimePasswordView>, ApiError> {
    let given = workflow::account::reset_password(&app, &permit, account).await?;
    Ok(Json(OneTimePasswordView { password: given.text, until: given.until.to_string() }))
}

/// Shuts an account and ends its sessions.
#[utoipa::path(post, path = "/api/accounts/{account}/disable", tag = "accounts", params(("account" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn disable(
    State(app): State<AppState>,
    permit: Permit,
    PathId(account): PathId<AccountId>,
) -> Result<StatusCode, ApiError> {
    workflow::account::disable(&app, &permit, account).await?;
    Ok(StatusCode::NO_CONTENT)
}
