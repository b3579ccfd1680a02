//! Households in front of a reviewer: the inbox, the lists, the page of one, and the decisions.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use schemas::codes::names::NameSearch;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::Unassessed;
use schemas::value::{Key, Value};
use serde::{Deserialize, Serialize};
use sync_protocol::hash::{ChangeHash, DisagreementId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::case_view::{HouseholdPage, HouseholdRow, ItemView};
use super::extract::{Body, PathId};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::workflow;
use crate::workflow::case::CaseId;
use crate::workflow::permit::Permit;
use crate::workflow::review::Settlement;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(inbox))
        .routes(routes!(households))
        .routes(routes!(household))
        .routes(routes!(accept))
        .routes(routes!(give_back))
        .routes(routes!(unassess))
        .routes(routes!(confirm_points))
        .routes(routes!(settle))
        .routes(routes!(release))
        .routes(routes!(salvage))
        .routes(routes!(set_aside))
}

type InCommune = PathId<(RoundId, UnitId)>;
type OfHousehold = PathId<(RoundId, UnitId, HouseholdId)>;
type OfChange = PathId<(RoundId, UnitId, HouseholdId, String)>;

fn case((round, commune, household): (RoundId, UnitId, HouseholdId)) -> CaseId {
    CaseId { round, commune, household }
}

fn hash(text: &str) -> Result<ChangeHash, ApiError> {
    text.parse().map_err(|error| ApiError::Unreadable(format!("{error}")))
}

fn hashes(texts: &[String]) -> Result<Vec<ChangeHash>, ApiError> {
    texts.iter().map(|text| hash(text)).collect()
}

/// A decision on the state that the person saw.
#[derive(Deserialize, ToSchema)]
pub(super) struct Seen {
    /// The heads of the household as they were shown, hexadecimal.
    seen: Vec<String>,
}

/// A household that is sent back.
#[derive(Deserialize, ToSchema)]
pub(super) struct GiveBack {
    /// The heads of the household as they were shown, hexadecimal.
    seen: Vec<String>,
    /// What has to be looked at again.
    reason: String,
}

/// A household for which the round ends without a class.
#[derive(Deserialize, ToSchema)]
pub(super) struct Unassess {
    /// The heads of the household as they were shown, hexadecimal.
    seen: Vec<String>,
    /// `refused`, `moved`, `not_found`, `no_longer_wants`: what the latest visit says; `no_member_left`.
    #[schema(value_type = String)]
    why: Unassessed,
    /// The same in words.
    reason: String,
}

/// Points that a second person has read on the signed paper form.
#[derive(Deserialize, ToSchema)]
pub(super) struct ConfirmPoints {
    points: i64,
}

/// How a disagreement is decided: `side` (from 0), or `values` by question where no side is right.
#[derive(Deserialize, ToSchema)]
pub(super) struct Settle {
    side: Option<usize>,
    #[schema(value_type = Option<Object>)]
    values: Option<BTreeMap<Key, Value>>,
}

/// Whom to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ByName {
    /// The beginnings of words of the head's name, in any case and with or without marks; everybody when left out.
    name: Option<String>,
}

/// Why something is done, in words.
#[derive(Deserialize, ToSchema)]
pub(super) struct Why {
    pub(super) reason: String,
}

/// A decision that stands in the ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct Decided {
    /// Number of its entry in the commune's ledger.
    pub(super) ledger: u64,
}

/// A change that the office wrote.
#[derive(Serialize, ToSchema)]
pub(super) struct Wrote {
    /// Its hash.
    change: String,
}

/// What waits for a person in a commune, the most consequential first.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/inbox", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<ItemView>), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn inbox(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): InCommune,
) -> Result<Json<Vec<ItemView>>, ApiError> {
    let items = workflow::inbox::list(&app, &permit, commune, &round).await?;
    Ok(Json(items.into_iter().map(ItemView::from).collect()))
}

/// The households of a commune, by village and name; with `name`, those whose head is called so.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/households", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ByName), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<HouseholdRow>), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 422, body = ProblemView)))]
pub(super) async fn households(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): InCommune,
    query: Result<Query<ByName>, QueryRejection>,
) -> Result<Json<Vec<HouseholdRow>>, ApiError> {
    let Query(wanted) = query.map_err(|_| ApiError::Unreadable("name: one text".to_owned()))?;
    let search = NameSearch::of(&wanted.name.unwrap_or_default());
    let households = workflow::inbox::households(&app, &permit, (commune, &round), &search).await?;
    Ok(Json(households.into_iter().map(HouseholdRow::from).collect()))
}

/// One household: answers, class with reasons, disagreements, what came and what became of it.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/households/{household}", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = HouseholdPage), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn household(
    State(app): State<AppState>,
    permit: Permit,
    PathId(id): OfHousehold,
) -> Result<Json<HouseholdPage>, ApiError> {
    let page = workflow::household::page(&app, &permit, case(id)).await?;
    Ok(Json(HouseholdPage::from(page)))
}

/// Finds a household complete and right.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/accept", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path)), request_body = Seen,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Decided), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn accept(
    State(app): State<AppState>,
    permit: Permit,
    PathId(id): OfHousehold,
    Body(body): Body<Seen>,
) -> Result<Json<Decided>, ApiError> {
    let ledger = workflow::review::accept(&app, &permit, case(id), hashes(&body.seen)?).await?;
    Ok(Json(Decided { ledger }))
}

/// Sends a household back.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/return", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path)), request_body = GiveBack,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Decided), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn give_back(
    State(app): State<AppState>,
    permit: Permit,
    PathId(id): OfHousehold,
    Body(body): Body<GiveBack>,
) -> Result<Json<Decided>, ApiError> {
    let ledger = workflow::review::give_back(&app, &permit, case(id), hashes(&body.seen)?, body.reason).await?;
    Ok(Json(Decided { ledger }))
}

/// Ends the round for a household without a class.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/unassessed", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path)), request_body = Unassess,
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Decided), (status = 404, body = ProblemView), (status = 409, body = ProblemView),
        (status = 422, body = ProblemView)))]
pub(super) async fn unassess(
    State(app): State<AppState>,
    permit: Permit,
    PathId(id): OfHousehold,
    Body(body): Body<Unassess>,
) -> Result<Json<Decided>, ApiError> {
    let Unassess { seen, why, reason } = body;
    let ledger = workflow::review::unassess(&app, &permit, case(id), hashes(&seen)?, why, reason).await?;
    Ok(Json(Decided { ledger }))
}

/// Confirms, as a second person, the points on the signed paper form.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/confirm-points",
    tag = "review", params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path)),
    request_body = ConfirmPoints, security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Decided), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn confirm_points(
    State(app): State<AppState>,
    permit: Permit,
    PathId(id): OfHousehold,
    Body(body): Body<ConfirmPoints>,
) -> Result<Json<Decided>, ApiError> {
    let ledger = workflow::review::confirm_points(&app, &permit, case(id), body.points).await?;
    Ok(Json(Decided { ledger }))
}

/// Settles a disagreement.
#[utoipa::path(post,
    path = "/api/rounds/{round}/communes/{unit}/households/{household}/disagreements/{disagreement}", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path), ("disagreement" = String, Path)),
    request_body = Settle, security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Wrote), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn settle(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune, household, id)): OfChange,
    Body(body): Body<Settle>,
) -> Result<Json<Wrote>, ApiError> {
    let id: DisagreementId = id.parse().map_err(|error| ApiError::Unreadable(format!("{error}")))?;
    let settlement = body.parse()?;
    let change = workflow::review::settle(&app, &permit, case((round, commune, household)), id, settlement).await?;
    Ok(Json(Wrote { change: change.to_string() }))
}

impl Settle {
    fn parse(self) -> Result<Settlement, ApiError> {
        match (self.side, self.values) {
            (Some(side), None) => Ok(Settlement::Side(side)),
            (None, Some(values)) => Ok(Settlement::Values(values)),
            _ => Err(ApiError::Unreadable("side or values, one of the two".to_owned())),
        }
    }
}

/// Lets a held change in unchanged.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/changes/{change}/release",
    tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path), ("change" = String, Path)),
    request_body = Why, security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn release(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune, household, change)): OfChange,
    Body(body): Body<Why>,
) -> Result<axum::http::StatusCode, ApiError> {
    let id = case((round, commune, household));
    workflow::quarantine::release(&app, &permit, id, hash(&change)?, body.reason).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Says again, in one's own name, what a refused change wanted.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/changes/{change}/salvage",
    tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path), ("change" = String, Path)),
    request_body = Why, security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Wrote), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn salvage(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune, household, change)): OfChange,
    Body(body): Body<Why>,
) -> Result<Json<Wrote>, ApiError> {
    let id = case((round, commune, household));
    let change = workflow::quarantine::salvage(&app, &permit, id, hash(&change)?, body.reason).await?;
    Ok(Json(Wrote { change: change.to_string() }))
}

/// Leaves a refused change out for good.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/households/{household}/changes/{change}/set-aside",
    tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path), ("household" = String, Path), ("change" = String, Path)),
    request_body = Why, security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn set_aside(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune, household, change)): OfChange,
    Body(body): Body<Why>,
) -> Result<axum::http::StatusCode, ApiError> {
    let id = case((round, commune, household));
    workflow::quarantine::set_aside(&app, &permit, id, hash(&change)?, body.reason).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
