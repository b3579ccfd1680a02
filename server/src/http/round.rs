//! Rounds.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemas::form::FormVersion;
use schemas::ids::{RoundId, StandardId, UnitId};
use schemas::ledger::Hash;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, PathId, name};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::round::{B1Mode, B1Source, LeftOut, Round, RoundState};
use crate::workflow::permit::{Caller, Permit};
use crate::workflow::{self, Refusal};

/// A round to be made.
#[derive(Deserialize, ToSchema)]
pub(super) struct CreateRound {
    /// Lower-case letters, digits and hyphens: `2026-dinh-ky`.
    #[schema(value_type = String)]
    id: RoundId,
    /// The part of the tree that it covers.
    #[schema(value_type = u64)]
    unit: UnitId,
    name: String,
    /// The standards under which every household is scored, the deciding one first.
    #[schema(value_type = Vec<String>)]
    standards: Vec<StandardId>,
    #[schema(value_type = String)]
    form_version: FormVersion,
    /// `paper`, `points`, `training`.
    #[schema(value_type = String)]
    b1_mode: B1Source,
    /// With `points`: the hash of a points table of the unit or of one above it.
    #[schema(value_type = Option<String>)]
    points_table: Option<Hash>,
    /// What the round does without: `point` (where the house stands), `photo`.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    left_out: BTreeSet<LeftOut>,
    /// The day that ages and counts refer to: `2026-10-01`.
    #[schema(value_type = String, format = Date)]
    reference_on: String,
}

/// A round.
#[derive(Serialize, ToSchema)]
pub(super) struct RoundView {
    id: String,
    unit: u64,
    name: String,
    standards: Vec<String>,
    form_version: String,
    b1_mode: &'static str,
    /// Hash of the points table, when one computes the points.
    points_table: Option<String>,
    /// What it does without: `point`, `photo`.
    left_out: Vec<&'static str>,
    reference_on: String,
    /// `planned`, `open`, `closed`.
    state: &'static str,
}

impl From<Round> for RoundView {
    fn from(round: Round) -> Self {
        Self {
            id: round.id.to_string(),
            unit: round.unit.0,
            name: round.name,
            standards: round.standards.into_iter().map(String::from).collect(),
            form_version: round.form_version.0,
            b1_mode: round.b1_mode.source().code(),
            points_table: round.b1_mode.table().map(|table| table.to_string()),
            left_out: round.left_out.iter().map(|left_out| left_out.code()).collect(),
            reference_on: round.reference_on.to_string(),
            state: round.state.code(),
        }
    }
}

impl CreateRound {
    fn parse(self) -> Result<Round, ApiError> {
        let unreadable = |what: &str| ApiError::Unreadable(what.to_owned());
        if self.standards.is_empty() {
            return Err(unreadable("standards: at least one"));
        }
        let b1_mode = B1Mode::new(self.b1_mode, self.points_table).ok_or_else(|| match self.points_table {
            None => ApiError::Workflow(Refusal::PointsTableNeeded),
            Some(_) => unreadable("points_table: only with b1_mode points"),
        })?;
        Ok(Round {
            reference_on: self
                .reference_on
                .parse()
                .map_err(|_| unreadable("reference_on: a day such as 2026-10-01"))?,
            id: self.id,
            unit: self.unit,
            name: name("name", &self.name)?,
            standards: self.standards,
            form_version: FormVersion(name("form_version", &self.form_version.0)?),
            b1_mode,
            left_out: self.left_out.into_iter().collect(),
            state: RoundState::Planned,
        })
    }
}

/// The rounds of the caller's places.
#[utoipa::path(get, path = "/api/rounds", tag = "rounds", security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<RoundView>), (status = 401, body = ProblemView)))]
pub(super) async fn list(State(app): State<AppState>, caller: Caller) -> Result<Json<Vec<RoundView>>, ApiError> {
    let rounds = workflow::round::list(&app, &caller).await?;
    Ok(Json(rounds.into_iter().map(RoundView::from).collect()))
}

/// Makes a round.
#[utoipa::path(post, path = "/api/rounds", tag = "rounds", request_body = CreateRound,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 201, body = RoundView), (status = 403, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn create(
    State(app): State<AppState>,
    permit: Permit,
    Body(body): Body<CreateRound>,
) -> Result<(StatusCode, Json<RoundView>), ApiError> {
    let round = workflow::round::create(&app, &permit, body.parse()?).await?;
    Ok((StatusCode::CREATED, Json(RoundView::from(round))))
}

/// Opens a round: from here on it is surveyed.
#[utoipa::path(post, path = "/api/rounds/{round}/open", tag = "rounds", params(("round" = String, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView)))]
pub(super) async fn open(
    State(app): State<AppState>,
    permit: Permit,
    PathId(round): PathId<RoundId>,
) -> Result<StatusCode, ApiError> {
    workflow::round::open(&app, &permit, round).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes a round: what arrives from here on waits for a person.
#[utoipa::path(post, path = "/api/rounds/{round}/close", tag = "rounds", params(("round" = String, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView)))]
pub(super) async fn close(
    State(app): State<AppState>,
    permit: Permit,
    PathId(round): PathId<RoundId>,
) -> Result<StatusCode, ApiError> {
    workflow::round::close(&app, &permit, round).await?;
    Ok(StatusCode::NO_CONTENT)
}
