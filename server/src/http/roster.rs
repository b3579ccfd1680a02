//! The official list: compiling it, where it stands, and its files.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use schemas::ids::{RoundId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::PathId;
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::workflow::permit::Permit;
use crate::workflow::roster::export::{self, Format};
use crate::workflow::roster::{self, Compiled, Count, Outcome, Standing, Waiting, WithoutClass};

const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV: &str = "text/csv; charset=utf-8";
const JSON: &str = "application/json";

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(standing, compile))
        .routes(routes!(workbook))
        .routes(routes!(csv))
        .routes(routes!(json))
        .routes(routes!(compiled_workbook))
}

type InCommune = PathId<(RoundId, UnitId)>;

/// Households and people.
#[derive(Serialize, ToSchema)]
pub(super) struct CountView {
    households: u64,
    people: u64,
}

/// A compiled list.
#[derive(Serialize, ToSchema)]
pub(super) struct RosterView {
    /// Its number in its commune and round, from 1.
    number: u64,
    /// The RFC 6962 root of its tree, hexadecimal: what the decision carries.
    root: String,
    /// What it was made from: leaf 0 of the tree.
    #[schema(value_type = Object)]
    header: schemas::roster::RosterHeader,
    poor: CountView,
    near_poor: CountView,
    escaped_poor: CountView,
    escaped_near_poor: CountView,
    /// When it was compiled, in UTC.
    compiled_at: String,
    /// Number of the entry in the commune's ledger that says so.
    ledger: u64,
}

/// A household that the list waits for.
#[derive(Serialize, ToSchema)]
pub(super) struct WaitingView {
    household: String,
    village: u64,
    /// `why`: `not_reviewed`, `returned`, `changed_since`, `disagreements`, `place_unknown`, `not_ready`, each with its own facts.
    #[schema(value_type = Vec<Object>)]
    obstacles: Vec<roster::Obstacle>,
}

/// A household for which the round ended without a class.
#[derive(Serialize, ToSchema)]
pub(super) struct WithoutClassView {
    household: String,
    village: u64,
    /// `refused`, `moved`, `not_found`, `no_longer_wants`, `no_member_left`.
    why: &'static str,
    /// The same in the words of who decided.
    reason: String,
    /// Number of the entry in the commune's ledger that says so.
    ledger: u64,
}

/// What came of compiling.
#[derive(Serialize, ToSchema)]
pub(super) struct CompileView {
    /// `new`, `unchanged` (the newest list says the same already) or `waiting` (nothing was written).
    outcome: &'static str,
    roster: Option<RosterView>,
    waiting: Vec<WaitingView>,
}

/// Where a commune stands with its list.
#[derive(Serialize, ToSchema)]
pub(super) struct StandingView {
    newest: Option<RosterView>,
    /// Households for which the round ended without a class, as far as that still holds.
    unassessed: Vec<WithoutClassView>,
    /// Households that are in the way of the next list, as far as can be seen without opening them.
    waiting: Vec<WaitingView>,
}

/// Whether the salts of the lines go into the file.
#[derive(Deserialize)]
pub(super) struct WithSalts {
    #[serde(default)]
    salts: bool,
}

/// Which households go into the file.
#[derive(Deserialize)]
pub(super) struct OrUnassessed {
    #[serde(default)]
    unassessed: bool,
}

impl From<Count> for CountView {
    fn from(count: Count) -> Self {
        Self { households: count.households, people: count.people }
    }
}

impl From<Compiled> for RosterView {
    fn from(compiled: Compiled) -> Self {
        Self {
            number: compiled.number,
            root: compiled.root.to_string(),
            header: compiled.header,
            poor: compiled.counts.poor.into(),
            near_poor: compiled.counts.near_poor.into(),
            escaped_poor: compiled.counts.escaped_poor.into(),
            escaped_near_poor: compiled.counts.escaped_near_poor.into(),
            compiled_at: compiled.compiled_at.to_string(),
            ledger: compiled.ledger,
        }
    }
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        let Waiting { household, village, obstacles } = waiting;
        Self { household: household.to_string(), village: village.0, obstacles }
    }
}

impl From<WithoutClass> for WithoutClassView {
    fn from(without_class: WithoutClass) -> Self {
        let WithoutClass { household, village, why, reason, ledger } = without_class;
        Self { household: household.to_string(), village: village.0, why: why.code(), reason, ledger }
    }
}

fn views(waiting: Vec<Waiting>) -> Vec<WaitingView> {
    waiting.into_iter().map(WaitingView::from).collect()
}

impl From<Outcome> for CompileView {
    fn from(outcome: Outcome) -> Self {
        let with = |outcome, roster: Compiled| Self { outcome, roster: Some(roster.into()), waiting: Vec::new() };
        match outcome {
            Outcome::New(roster) => with("new", roster),
            Outcome::Unchanged(roster) => with("unchanged", roster),
            Outcome::Waiting(waiting) => Self { outcome: "waiting", roster: None, waiting: views(waiting) },
        }
    }
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        let Standing { newest, unassessed, waiting } = standing;
        Self {
            newest: newest.map(RosterView::from),
            unassessed: unassessed.into_iter().map(WithoutClassView::from).collect(),
            waiting: views(waiting),
        }
    }
}

/// Where the commune stands with its list.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/roster", tag = "roster",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = StandingView), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn standing(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): InCommune,
) -> Result<Json<StandingView>, ApiError> {
    let standing = roster::standing(&app, &permit, &round, commune).await?;
    Ok(Json(StandingView::from(standing)))
}

/// Compiles the list from everything that was decided; doing it again changes nothing.
#[utoipa::path(post, path = "/api/rounds/{round}/communes/{unit}/roster", tag = "roster",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = CompileView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView)))]
pub(super) async fn compile(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): InCommune,
) -> Result<Json<CompileView>, ApiError> {
    let outcome = roster::compile(&app, &permit, &round, commune).await?;
    Ok(Json(CompileView::from(outcome)))
}

/// The newest list as the review workbook.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/roster.xlsx", tag = "roster",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, content_type = WORKBOOK), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn workbook(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): InCommune,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = export::of_commune(&app, &permit, &round, commune, Format::Workbook).await?;
    Ok(file(WORKBOOK, format!("danh-sach-{round}-{commune}.xlsx"), bytes))
}

/// The poor and near-poor of the newest list as CSV, or the households for which the round ended without a class.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/roster.csv", tag = "roster",
    params(("round" = String, Path), ("unit" = u64, Path), ("unassessed" = Option<bool>, Query,
        description = "The households without a class instead of the poor and near-poor")),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, content_type = "text/csv"), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn csv(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): InCommune,
    Query(which): Query<OrUnassessed>,
) -> Result<impl IntoResponse, ApiError> {
    let (format, name) = match which.unassessed {
        true => (Format::UnassessedCsv, "khong-xep-loai"),
        false => (Format::Csv, "danh-sach"),
    };
    let bytes = export::of_commune(&app, &permit, &round, commune, format).await?;
    Ok(file(CSV, format!("{name}-{round}-{commune}.csv"), bytes))
}

/// The newest list as JSON; with its salts, anybody can compute the root again (`rasoat roster verify`).
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/roster.json", tag = "roster",
    params(("round" = String, Path), ("unit" = u64, Path), ("salts" = Option<bool>, Query,
        description = "With the salts: for the chair, compilers and auditors")),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, content_type = "application/json"), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView)))]
pub(super) async fn json(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): InCommune,
    Query(with): Query<WithSalts>,
) -> Result<impl IntoResponse, ApiError> {
    let format = if with.salts { Format::SaltedJson } else { Format::Json };
    let bytes = export::of_commune(&app, &permit, &round, commune, format).await?;
    Ok(file(JSON, format!("danh-sach-{round}-{commune}.json"), bytes))
}

/// The newest lists of all communes in a unit as one workbook, with their totals and roots.
#[utoipa::path(get, path = "/api/rounds/{round}/units/{unit}/list.xlsx", tag = "roster",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, content_type = WORKBOOK), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn compiled_workbook(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, unit)): InCommune,
) -> Result<impl IntoResponse, ApiError> {
    let bytes = export::of_unit(&app, &permit, &round, unit).await?;
    Ok(file(WORKBOOK, format!("tong-hop-{round}-{unit}.xlsx"), bytes))
}

/// A download. Names are made of slugs and numbers, so they need no quoting.
fn file(media_type: &'static str, name: String, bytes: Vec<u8>) -> impl IntoResponse {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
}
