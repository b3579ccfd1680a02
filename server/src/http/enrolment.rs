//! Letting phones in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemas::ids::{AccountId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Peer, name};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::device::DeviceKey;
use crate::token::{hex, unhex};
use crate::workflow;
use crate::workflow::Refusal;
use crate::workflow::enrolment::EnrolmentRequest;
use crate::workflow::permit::Permit;

/// For whom and where a code is asked for.
#[derive(Deserialize, ToSchema)]
pub(super) struct CreateCode {
    #[schema(value_type = u64)]
    account: AccountId,
    #[schema(value_type = u64)]
    unit: UnitId,
}

/// A code, shown once: as letters and in the QR together with the server's key.
#[derive(Serialize, ToSchema)]
pub(super) struct CodeView {
    code: String,
    expires_at: String,
    /// The server's Ed25519 key, hex: the phone keeps it and trusts no other.
    server_key: String,
}

/// Gives out a code that lets one phone in within fifteen minutes.
#[utoipa::path(post, path = "/api/enrolment-codes", tag = "devices", request_body = CreateCode,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 201, body = CodeView), (status = 403, body = ProblemView), (status = 404, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn create_code(
    State(app): State<AppState>,
    permit: Permit,
    Body(body): Body<CreateCode>,
) -> Result<(StatusCode, Json<CodeView>), ApiError> {
    let (secret, code) = workflow::enrolment::create_code(&app, &permit, body.account, body.unit).await?;
    let server_key = hex(&app.server_public_key());
    let view = CodeView { code: secret.reveal(), expires_at: code.expires_at.to_string(), server_key };
    Ok((StatusCode::CREATED, Json(view)))
}

/// What a phone sends to be let in.
#[derive(Deserialize, ToSchema)]
pub(super) struct EnrolDevice {
    code: String,
    /// Ed25519 public key, 64 hex digits.
    public_key: String,
    /// Signature over `"rasoat enrol 1" | server key | code letters`, 128 hex digits.
    signature: String,
    /// What people will call the phone.
    name: String,
}

/// A phone that was let in.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrolledView {
    device: String,
    /// Shown once; renewed in sync.
    token: String,
    /// The server's Ed25519 key, hex.
    server_key: String,
    account: u64,
    unit: u64,
    /// The key that parcels are sealed to, signed by the server, hex.
    parcel_key: String,
    /// The key that the phone's own key is kept under for a forgotten PIN, signed by the server, hex; absent above communes.
    recovery_key: Option<String>,
}

/// Lets a phone in.
#[utoipa::path(post, path = "/api/devices", tag = "devices", request_body = EnrolDevice,
    responses((status = 201, body = EnrolledView), (status = 401, body = ProblemView), (status = 409, body = ProblemView),
        (status = 422, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn enrol(
    State(app): State<AppState>,
    Peer(address): Peer,
    Body(body): Body<EnrolDevice>,
) -> Result<(StatusCode, Json<EnrolledView>), ApiError> {
    let (device, token) = workflow::enrolment::enrol(&app, body.parse()?, address).await?;
    let recovery_key = workflow::opening::key(&app, device.unit).await?;
    let view = EnrolledView {
        device: device.id.to_string(),
        token: token.reveal(),
        server_key: hex(&app.server_public_key()),
        account: device.account.0,
        unit: device.unit.0,
        parcel_key: hex(&workflow::parcel::key(&app).to_bytes()),
        recovery_key: recovery_key.map(|key| hex(&key.to_bytes())),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

impl EnrolDevice {
    fn parse(self) -> Result<EnrolmentRequest, ApiError> {
        let unreadable = |what: &str| ApiError::Unreadable(what.to_owned());
        let key = unhex(&self.public_key).and_then(|bytes| DeviceKey::from_bytes(&bytes).ok());
        Ok(EnrolmentRequest {
            // A text that cannot be a code is refused like a wrong one: people read and type it.
            code: self.code.parse().map_err(|_| Refusal::CodeNotValid)?,
            public_key: key.ok_or_else(|| unreadable("public_key: 64 hex digits of an Ed25519 key"))?,
            signature: unhex(&self.signature).ok_or_else(|| unreadable("signature: 128 hex digits"))?,
            name: name("name", &self.name)?,
        })
    }
}
