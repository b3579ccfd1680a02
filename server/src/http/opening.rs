//! Devices whose PIN was forgotten: asked to be opened, agreed to by two, answered.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use schemas::ids::{DeviceId, UnitId};
use serde::{Deserialize, Serialize};
use sync_protocol::hash::hex_bytes;
use sync_protocol::recovery::{KeptKey, MAX_RECOVERY_BYTES};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Body, PathId, Peer, bearer_token};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::opening::{OpeningFault, OpeningState, Word};
use crate::token::hex;
use crate::workflow;
use crate::workflow::Refusal;
use crate::workflow::opening::{OpeningAnswer, OpeningCase, OpeningRequest};
use crate::workflow::permit::Permit;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(answer))
        .routes(routes!(list))
        .routes(routes!(confirm))
        .routes(routes!(refuse))
}

/// What a device asks whose PIN was forgotten.
#[derive(Deserialize, ToSchema)]
pub(super) struct AskOpening {
    #[schema(value_type = String)]
    device: DeviceId,
    /// The commune whose recovery key came with enrolment.
    #[schema(value_type = u64)]
    commune: UnitId,
    /// What the device has kept, hexadecimal: `kept-key` of PROTOCOL.md.
    kept_key: String,
    /// X25519 key that the answer is to be sealed to, 64 hex digits.
    reply_key: String,
}

/// A request that was taken in.
#[derive(Serialize, ToSchema)]
pub(super) struct AskedView {
    /// By which the device asks for the answer; shown once.
    token: String,
    expires_at: String,
}

/// Asks the commune to open a device. In the place of what the device has asked before.
#[utoipa::path(post, path = "/api/openings", tag = "openings", request_body = AskOpening,
    responses((status = 201, body = AskedView), (status = 409, body = ProblemView), (status = 422, body = ProblemView),
        (status = 429, body = ProblemView)))]
pub(super) async fn ask(
    State(app): State<AppState>,
    Peer(address): Peer,
    Body(body): Body<AskOpening>,
) -> Result<(StatusCode, Json<AskedView>), ApiError> {
    let (token, opening) = workflow::opening::ask(&app, body.parse()?, address).await?;
    Ok((StatusCode::CREATED, Json(AskedView { token: token.reveal(), expires_at: opening.expires_at.to_string() })))
}

impl AskOpening {
    fn parse(self) -> Result<OpeningRequest, ApiError> {
        let unreadable = |what: &str| ApiError::Unreadable(what.to_owned());
        let kept = hex_bytes(&self.kept_key, MAX_RECOVERY_BYTES).and_then(|bytes| KeptKey::read(&bytes).ok());
        Ok(OpeningRequest {
            device: self.device,
            kept_for: self.commune,
            kept: kept.ok_or_else(|| unreadable("kept_key: a kept-key in hex digits"))?,
            reply: self.reply_key.parse().map_err(|_| unreadable("reply_key: 64 hex digits"))?,
        })
    }
}

/// How far a request is, for the device that made it.
#[derive(Serialize, ToSchema)]
pub(super) struct AnswerView {
    /// `asked`, `confirmed` (one officer has agreed), `opened`, `refused`.
    state: &'static str,
    expires_at: String,
    /// The names of those who have agreed, or of who has refused.
    by: Vec<String>,
    /// When the last of them did.
    at: Option<String>,
    /// Why it was refused.
    reason: Option<String>,
    /// The device's key, hexadecimal, once it is opened: `opened-key` of PROTOCOL.md.
    opened_key: Option<String>,
}

fn state_code(state: &OpeningState) -> &'static str {
    match state {
        OpeningState::Asked => "asked",
        OpeningState::Confirmed(_) => "confirmed",
        OpeningState::Opened { .. } => "opened",
        OpeningState::Refused(_) => "refused",
    }
}

impl From<OpeningAnswer> for AnswerView {
    fn from(OpeningAnswer { opening, by }: OpeningAnswer) -> Self {
        let (last, reason, opened) = match &opening.state {
            OpeningState::Asked => (None, None, None),
            OpeningState::Confirmed(word) => (Some(word), None, None),
            OpeningState::Opened { second, opened, .. } => (Some(second), None, Some(opened)),
            OpeningState::Refused(word) => (Some(word), Some(word.reason.clone()), None),
        };
        Self {
            state: state_code(&opening.state),
            expires_at: opening.expires_at.to_string(),
            by,
            at: last.map(|word| word.at.to_string()),
            reason,
            opened_key: opened.map(|opened| hex(&opened.to_bytes())),
        }
    }
}

/// How far a request is. The bearer token is the one that the request was answered with.
#[utoipa::path(get, path = "/api/openings/own", tag = "openings", security(("opening" = [])),
    responses((status = 200, body = AnswerView), (status = 404, body = ProblemView)))]
pub(super) async fn answer(State(app): State<AppState>, headers: HeaderMap) -> Result<Json<AnswerView>, ApiError> {
    let token = bearer_token(&headers).ok_or(Refusal::Opening(OpeningFault::NotFound))?;
    Ok(Json(AnswerView::from(workflow::opening::answer(&app, &token).await?)))
}

/// An officer's word.
#[derive(Serialize, ToSchema)]
pub(super) struct WordView {
    account: u64,
    at: String,
    reason: String,
}

impl From<&Word> for WordView {
    fn from(word: &Word) -> Self {
        Self { account: word.by.0, at: word.at.to_string(), reason: word.reason.clone() }
    }
}

/// A request that waits. Its letters are not told: whoever agrees has read them off the device.
#[derive(Serialize, ToSchema)]
pub(super) struct OpeningView {
    device: String,
    device_name: String,
    holder: u64,
    holder_name: String,
    asked_at: String,
    expires_at: String,
    /// Who has agreed; absent while nobody has.
    confirmed: Option<WordView>,
}

impl From<OpeningCase> for OpeningView {
    fn from(OpeningCase { opening, device_name, holder, holder_name }: OpeningCase) -> Self {
        let confirmed = match &opening.state {
            OpeningState::Confirmed(word) => Some(WordView::from(word)),
            OpeningState::Asked | OpeningState::Opened { .. } | OpeningState::Refused(_) => None,
        };
        Self {
            device: opening.device.to_string(),
            device_name,
            holder: holder.0,
            holder_name,
            asked_at: opening.asked_at.to_string(),
            expires_at: opening.expires_at.to_string(),
            confirmed,
        }
    }
}

/// The requests that wait for the officers of a unit and everything within it.
#[utoipa::path(get, path = "/api/units/{unit}/openings", tag = "openings", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<OpeningView>), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn list(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<Vec<OpeningView>>, ApiError> {
    let cases = workflow::opening::list(&app, &permit, unit).await?;
    Ok(Json(cases.into_iter().map(OpeningView::from).collect()))
}

/// An officer agrees.
#[derive(Deserialize, ToSchema)]
pub(super) struct ConfirmOpening {
    /// The letters on the device's screen: `7K2M-0QXZ-B4T9`.
    code: String,
    /// How its holder is known.
    reason: String,
}

/// What agreeing came to.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfirmedView {
    /// `confirmed`: another officer has to agree as well; `opened`.
    state: &'static str,
}

/// Agrees to open a device; the second officer's word opens it.
#[utoipa::path(post, path = "/api/devices/{device}/opening/confirm", tag = "openings", params(("device" = String, Path)),
    request_body = ConfirmOpening, security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = ConfirmedView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn confirm(
    State(app): State<AppState>,
    permit: Permit,
    PathId(device): PathId<DeviceId>,
    Body(body): Body<ConfirmOpening>,
) -> Result<Json<ConfirmedView>, ApiError> {
    // A text that cannot be a code is refused like a wrong one: people read and type it.
    let code = body.code.parse().map_err(|_| Refusal::Opening(OpeningFault::CodeDiffers))?;
    let state = workflow::opening::confirm(&app, &permit, device, code, body.reason).await?;
    Ok(Json(ConfirmedView { state: state_code(&state) }))
}

/// Why an officer does not agree.
#[derive(Deserialize, ToSchema)]
pub(super) struct RefuseOpening {
    /// Shown on the device.
    reason: String,
}

/// Refuses to open a device.
#[utoipa::path(post, path = "/api/devices/{device}/opening/refuse", tag = "openings", params(("device" = String, Path)),
    request_body = RefuseOpening, security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn refuse(
    State(app): State<AppState>,
    permit: Permit,
    PathId(device): PathId<DeviceId>,
    Body(body): Body<RefuseOpening>,
) -> Result<StatusCode, ApiError> {
    workflow::opening::refuse(&app, &permit, device, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
