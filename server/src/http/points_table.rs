//! B1 points tables of offices: loaded, looked at, confirmed by a second person.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use schemas::ids::{StandardId, UnitId};
use schemas::ledger::Hash;
use schemas::rules::{PointsDifference, PointsRow};
use schemas::standard::PointsFiles;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Body, PathId, name};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::points_table::{OfficeTable, Signature};
use crate::workflow;
use crate::workflow::permit::Permit;
use crate::workflow::points_table::{NewTable, Preview};

/// Both files of a table together, in JSON: some hundred rows are well below this.
const TABLE_BYTES: usize = 512 * 1024;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, load))
        .routes(routes!(preview))
        .routes(routes!(confirm))
        .layer(DefaultBodyLimit::max(TABLE_BYTES))
}

/// A points table to be loaded.
#[derive(Deserialize, ToSchema)]
pub(super) struct LoadPointsTable {
    /// The standard that it is for.
    #[schema(value_type = String)]
    standard: StandardId,
    /// Where the office has it from: number and date of the document.
    source: String,
    /// The CSV file: columns `item`, `option`, one for each region, and `source`.
    numbers: String,
    /// The TOML file that says when each row of the CSV applies.
    mapping: String,
}

/// Who did something, and when.
#[derive(Serialize, ToSchema)]
pub(super) struct SignatureView {
    account: u64,
    at: String,
}

/// A points table of a unit.
#[derive(Serialize, ToSchema)]
pub(super) struct PointsTableView {
    unit: u64,
    /// SHA-256 over its files, hexadecimal: what a round and its lists call it.
    hash: String,
    standard: String,
    source: String,
    loaded: SignatureView,
    /// Absent while no second person has confirmed it: until then no round may use it.
    confirmed: Option<SignatureView>,
}

/// A row of a points table.
#[derive(Serialize, ToSchema)]
pub(super) struct RowView {
    item: String,
    option: String,
    vi: String,
    en: String,
    /// The points by column.
    #[schema(value_type = Object)]
    points: serde_json::Map<String, serde_json::Value>,
}

/// A row that differs from the table before.
#[derive(Serialize, ToSchema)]
pub(super) struct DifferenceView {
    /// `added`, `removed`, `points`, `condition`.
    what: &'static str,
    /// The row in the table before.
    before: Option<RowView>,
    /// The row in this table.
    after: Option<RowView>,
}

/// A points table in front of whoever is to sign it.
#[derive(Serialize, ToSchema)]
pub(super) struct PreviewView {
    #[serde(flatten)]
    table: PointsTableView,
    vi: String,
    en: String,
    rows: Vec<RowView>,
    /// Hash of the table that was confirmed last before this one was loaded.
    compared_with: Option<String>,
    /// How it differs from that one.
    differences: Vec<DifferenceView>,
    /// The CSV file as it was sent.
    numbers: String,
    /// The TOML file as it was sent.
    mapping: String,
}

impl From<Signature> for SignatureView {
    fn from(signature: Signature) -> Self {
        Self { account: signature.by.0, at: signature.at.to_string() }
    }
}

impl From<&OfficeTable> for PointsTableView {
    fn from(table: &OfficeTable) -> Self {
        Self {
            unit: table.unit.0,
            hash: table.hash.to_string(),
            standard: table.standard.to_string(),
            source: table.source.clone(),
            loaded: table.state.loaded().into(),
            confirmed: table.state.confirmed().map(SignatureView::from),
        }
    }
}

impl From<PointsRow<'_>> for RowView {
    fn from(row: PointsRow<'_>) -> Self {
        Self {
            vi: format!("{}: {}", row.item.vi, row.option.vi),
            en: format!("{}: {}", row.item.en, row.option.en),
            item: row.key.item,
            option: row.key.option,
            points: row.points.into_iter().map(|(column, points)| (column.to_owned(), points.into())).collect(),
        }
    }
}

impl From<PointsDifference<'_>> for DifferenceView {
    fn from(difference: PointsDifference<'_>) -> Self {
        let (what, before, after) = match difference {
            PointsDifference::Added(row) => ("added", None, Some(row)),
            PointsDifference::Removed(row) => ("removed", Some(row), None),
            PointsDifference::Points { before, after } => ("points", Some(before), Some(after)),
            PointsDifference::Condition(row) => ("condition", None, Some(row)),
        };
        Self { what, before: before.map(RowView::from), after: after.map(RowView::from) }
    }
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        let Preview { kept, table, before } = preview;
        let differences = before.as_ref().map_or_else(Vec::new, |(_, before)| table.differences(before));
        Self {
            table: PointsTableView::from(&kept),
            vi: table.label().vi.clone(),
            en: table.label().en.clone(),
            rows: table.rows().map(RowView::from).collect(),
            compared_with: before.as_ref().map(|(hash, _)| hash.to_string()),
            differences: differences.into_iter().map(DifferenceView::from).collect(),
            numbers: kept.files.numbers,
            mapping: kept.files.mapping,
        }
    }
}

/// The points tables of a unit.
#[utoipa::path(get, path = "/api/units/{unit}/points-tables", tag = "points tables", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<PointsTableView>), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView)))]
pub(super) async fn list(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<Vec<PointsTableView>>, ApiError> {
    let tables = workflow::points_table::list(&app, &permit, unit).await?;
    Ok(Json(tables.iter().map(PointsTableView::from).collect()))
}

/// Loads a points table. A second person has to confirm it before a round may use it.
#[utoipa::path(post, path = "/api/units/{unit}/points-tables", tag = "points tables", params(("unit" = u64, Path)),
    request_body = LoadPointsTable, security(("session" = []), ("session_cookie" = [])),
    responses((status = 201, body = PointsTableView), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView), (status = 409, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn load(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
    Body(body): Body<LoadPointsTable>,
) -> Result<(StatusCode, Json<PointsTableView>), ApiError> {
    let LoadPointsTable { standard, source, numbers, mapping } = body;
    let new = NewTable { standard, source: name("source", &source)?, files: PointsFiles { numbers, mapping } };
    let table = workflow::points_table::load(&app, &permit, unit, new).await?;
    Ok((StatusCode::CREATED, Json(PointsTableView::from(&table))))
}

/// A points table row by row, and how it differs from the one before.
#[utoipa::path(get, path = "/api/units/{unit}/points-tables/{hash}", tag = "points tables",
    params(("unit" = u64, Path), ("hash" = String, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = PreviewView), (status = 403, body = ProblemView),
        (status = 404, body = ProblemView)))]
pub(super) async fn preview(
    State(app): State<AppState>,
    permit: Permit,
    PathId((unit, hash)): PathId<(UnitId, Hash)>,
) -> Result<Json<PreviewView>, ApiError> {
    let preview = workflow::points_table::preview(&app, &permit, unit, hash).await?;
    Ok(Json(PreviewView::from(preview)))
}

/// Confirms a points table that somebody else has loaded.
#[utoipa::path(post, path = "/api/units/{unit}/points-tables/{hash}/confirm", tag = "points tables",
    params(("unit" = u64, Path), ("hash" = String, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 204), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView)))]
pub(super) async fn confirm(
    State(app): State<AppState>,
    permit: Permit,
    PathId((unit, hash)): PathId<(UnitId, Hash)>,
) -> Result<StatusCode, ApiError> {
    workflow::points_table::confirm(&app, &permit, unit, hash).await?;
    Ok(StatusCode::NO_CONTENT)
}
