//! Devices of a unit, and what a device asks about itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemas::ids::{DeviceId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{AskingDevice, Body, PathId, Peer};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::device::Device;
use crate::geography::Spot;
use crate::token::{hex, unhex};
use crate::workflow;
use crate::workflow::Refusal;
use crate::workflow::assignment::SurveyedVillage;
use crate::workflow::permit::Permit;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(own))
        .routes(routes!(own_villages))
        .routes(routes!(own_writers))
        .routes(routes!(revoke))
        .routes(routes!(challenge))
        .routes(routes!(renew))
}

/// An enrolled phone.
#[derive(Serialize, ToSchema)]
pub(super) struct DeviceView {
    id: String,
    name: String,
    account: u64,
    unit: u64,
    enrolled_at: String,
    /// Absent while the device may sync.
    revoked_at: Option<String>,
    /// The server's clock less the device's, in milliseconds, as it was last found noticeably otherwise than before.
    clock_offset_ms: Option<i64>,
    /// When that was.
    clock_read_at: Option<String>,
    /// When it was opened last after a forgotten PIN, and by whom.
    opened: Option<OpenedView>,
}

/// That two officers have opened a device.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenedView {
    at: String,
    /// Their accounts, in the order in which they agreed.
    by: [u64; 2],
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        Self {
            id: device.id.to_string(),
            name: device.name,
            account: device.account.0,
            unit: device.unit.0,
            enrolled_at: device.enrolled_at.to_string(),
            revoked_at: device.revoked_at.map(|at| at.to_string()),
            clock_offset_ms: device.clock.map(|clock| clock.offset_ms),
            clock_read_at: device.clock.map(|clock| clock.read_at.to_string()),
            opened: device
                .opened
                .map(|opened| OpenedView { at: opened.at.to_string(), by: [opened.first.0, opened.second.0] }),
        }
    }
}

/// The devices enrolled at a unit and everything within it.
#[utoipa::path(get, path = "/api/units/{unit}/devices", tag = "devices", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<DeviceView>), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn list(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<Vec<DeviceView>>, ApiError> {
    let devices = workflow::device::list(&app, &permit, unit).await?;
    Ok(Json(devices.into_iter().map(DeviceView::from).collect()))
}

/// The device that asks.
#[utoipa::path(get, path = "/api/devices/self", tag = "devices", security(("device" = [])),
    responses((status = 200, body = DeviceView), (status = 401, body = ProblemView)))]
pub(super) async fn own(AskingDevice(device): AskingDevice) -> Json<DeviceView> {
    Json(DeviceView::from(device))
}

/// A village that a device's holder surveys in an open round.
#[derive(Serialize, ToSchema)]
pub(super) struct SurveyedVillageView {
    round: String,
    round_name: String,
    /// The day to which ages and everything else are counted.
    reference_on: String,
    /// Where B1 points come from: `paper`, `points`, `training`.
    b1_mode: &'static str,
    /// Kinds of questions that the round does without: `point`, `photo`.
    left_out: Vec<&'static str>,
    village: u64,
    village_name: String,
    commune: u64,
    commune_name: String,
    /// `rural` or `urban`; absent where the office has not said it.
    area: Option<&'static str>,
    /// Its border with few corners, to be drawn: rings of longitude and latitude in degrees, each ending where it begins,
    /// borders of holes among them. Absent where the office has not given it.
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<Vec<Vec<[f64; 2]>>>,
}

impl From<SurveyedVillage> for SurveyedVillageView {
    fn from(surveyed: SurveyedVillage) -> Self {
        let SurveyedVillage { round, village, name, commune, commune_name, area, outline } = surveyed;
        // At most six decimals, because the nearest number to a millionth is written with so many.
        let degrees = |spot: Spot| [f64::from(spot.longitude_e6) / 1e6, f64::from(spot.latitude_e6) / 1e6];
        let ring = |ring: Vec<Spot>| ring.into_iter().map(degrees).collect();
        Self {
            round: round.id.to_string(),
            round_name: round.name,
            reference_on: round.reference_on.to_string(),
            b1_mode: round.b1_mode.source().code(),
            left_out: round.left_out.iter().map(|left_out| left_out.code()).collect(),
            village: village.0,
            village_name: name,
            commune: commune.0,
            commune_name,
            area: area.map(|area| area.code()),
            boundary: outline.map(|rings| rings.into_iter().map(ring).collect()),
        }
    }
}

/// The villages that the asking device's holder surveys in the open rounds: names, and by what they are classified.
#[utoipa::path(get, path = "/api/devices/self/villages", tag = "devices", security(("device" = [])),
    responses((status = 200, body = Vec<SurveyedVillageView>), (status = 401, body = ProblemView)))]
pub(super) async fn own_villages(
    State(app): State<AppState>,
    AskingDevice(device): AskingDevice,
) -> Result<Json<Vec<SurveyedVillageView>>, ApiError> {
    let surveyed = workflow::assignment::of_device(&app, &device).await?;
    Ok(Json(surveyed.into_iter().map(SurveyedVillageView::from).collect()))
}

/// Somebody who has written where a device's holder surveys.
#[derive(Serialize, ToSchema)]
pub(super) struct WriterView {
    /// As changes name them, hexadecimal: a person on a device, in one of its epochs.
    actor: String,
    name: String,
}

/// Who has written in the communes where the asking device's holder surveys: a phone shows who said what.
#[utoipa::path(get, path = "/api/devices/self/writers", tag = "devices", security(("device" = [])),
    responses((status = 200, body = Vec<WriterView>), (status = 401, body = ProblemView)))]
pub(super) async fn own_writers(
    State(app): State<AppState>,
    AskingDevice(device): AskingDevice,
) -> Result<Json<Vec<WriterView>>, ApiError> {
    let writers = workflow::assignment::writers(&app, &device).await?;
    Ok(Json(
        writers.into_iter().map(|writer| WriterView { actor: writer.actor.to_string(), name: writer.name }).collect(),
    ))
}

/// Shuts a device out.
#[utoipa::path(post, path = "/api/devices/{device}/revoke", tag = "devices", params(("device" = String, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn revoke(
    State(app): State<AppState>,
    permit: Permit,
    PathId(device): PathId<DeviceId>,
) -> Result<StatusCode, ApiError> {
    workflow::device::revoke(&app, &permit, device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Something fresh to sign.
#[derive(Serialize, ToSchema)]
pub(super) struct ChallengeView {
    /// Hex digits; good for five minutes.
    challenge: String,
    /// The server's Ed25519 key, hex: for a phone that was given the letters of a code without the QR that holds it.
    server_key: String,
}

/// Gives a device whose token is over something to sign.
#[utoipa::path(post, path = "/api/device-challenges", tag = "devices", responses((status = 200, body = ChallengeView)))]
pub(super) async fn challenge(State(app): State<AppState>) -> Json<ChallengeView> {
    let challenge = hex(&workflow::device::challenge(&app));
    Json(ChallengeView { challenge, server_key: hex(&app.server_public_key()) })
}

/// A challenge, signed.
#[derive(Deserialize, ToSchema)]
pub(super) struct RenewToken {
    #[schema(value_type = String)]
    device: DeviceId,
    challenge: String,
    /// Signature over `"rasoat renew 1" | server key | device id | challenge`, 128 hex digits.
    signature: String,
}

/// A device's token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    token: String,
}

/// Gives a device a new token for its signature.
#[utoipa::path(post, path = "/api/device-tokens", tag = "devices", request_body = RenewToken,
    responses((status = 201, body = TokenView), (status = 401, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn renew(
    State(app): State<AppState>,
    Peer(address): Peer,
    Body(body): Body<RenewToken>,
) -> Result<(StatusCode, Json<TokenView>), ApiError> {
    let challenge = unhex(&body.challenge).ok_or(Refusal::ChallengeStale)?;
    let signature = unhex(&body.signature).ok_or(Refusal::ProofWrong)?;
    let token = workflow::device::renew(&app, body.device, &challenge, &signature, address).await?;
    Ok((StatusCode::CREATED, Json(TokenView { token: token.reveal() })))
}
