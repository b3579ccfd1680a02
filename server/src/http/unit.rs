//! The tree, each from their own place downwards: looked at, and changed by administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use schemas::ids::UnitId;
use schemas::rules::Region;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, PathId, name};
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::domain::unit::{Area, Level, OfficialCode, Unit};
use crate::workflow;
use crate::workflow::permit::Permit;
use crate::workflow::unit::change::{self, NewUnit, Revision};

/// A unit as it is today.
#[derive(Serialize, ToSchema)]
pub(super) struct UnitView {
    id: u64,
    /// `nation`, `province`, `district`, `commune`, `village`.
    level: &'static str,
    parent: Option<u64>,
    name: String,
    name_en: Option<String>,
    /// `rural`, `urban`; absent where the office has not said it.
    area: Option<&'static str>,
    region: Option<String>,
}

impl From<Unit> for UnitView {
    fn from(unit: Unit) -> Self {
        let attributes = unit.attributes;
        Self {
            id: unit.id.0,
            level: unit.level.code(),
            parent: attributes.parent.map(|parent| parent.0),
            name: attributes.name,
            name_en: attributes.name_en,
            area: attributes.area.map(|area| area.code()),
            region: attributes.region,
        }
    }
}

/// One unit.
#[utoipa::path(get, path = "/api/units/{unit}", tag = "units", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = UnitView), (status = 404, body = ProblemView)))]
pub(super) async fn one(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<UnitView>, ApiError> {
    let unit = workflow::unit::one(&app, &permit, unit).await?;
    Ok(Json(UnitView::from(unit)))
}

/// What lies directly in a unit.
#[utoipa::path(get, path = "/api/units/{unit}/children", tag = "units", params(("unit" = u64, Path)),
    security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = Vec<UnitView>), (status = 404, body = ProblemView)))]
pub(super) async fn children(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
) -> Result<Json<Vec<UnitView>>, ApiError> {
    let units = workflow::unit::children(&app, &permit, unit).await?;
    Ok(Json(units.into_iter().map(UnitView::from).collect()))
}

/// An official code.
#[derive(Deserialize, ToSchema)]
pub(super) struct CodeBody {
    /// Whose code it is: `gso`.
    scheme: String,
    code: String,
}

/// A unit to be made.
#[derive(Deserialize, ToSchema)]
pub(super) struct CreateUnit {
    /// `province`, `district`, `commune`, `village`.
    #[schema(value_type = String)]
    level: Level,
    name: String,
    name_en: Option<String>,
    /// `rural`, `urban`; left out where the office has not said it.
    #[schema(value_type = Option<String>)]
    area: Option<Area>,
    /// Region of the points tables: `northern_midland_mountain`.
    #[schema(value_type = Option<String>)]
    region: Option<Region>,
    /// The first day on which it exists: `2026-01-01`.
    #[schema(value_type = String, format = Date)]
    from: String,
    code: Option<CodeBody>,
}

/// What becomes different about a unit; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct ReviseUnit {
    /// The first day on which it holds: `2026-01-01`.
    #[schema(value_type = String, format = Date)]
    from: String,
    name: Option<String>,
    name_en: Option<String>,
    /// `rural`, `urban`.
    #[schema(value_type = Option<String>)]
    area: Option<Area>,
    /// Region of the points tables.
    #[schema(value_type = Option<String>)]
    region: Option<Region>,
    /// The code in its scheme; the one before ends.
    code: Option<CodeBody>,
}

impl CodeBody {
    fn parse(self) -> Result<OfficialCode, ApiError> {
        OfficialCode::new(self.scheme, self.code).map_err(|error| ApiError::Unreadable(format!("code: {error}")))
    }
}

fn day(text: &str) -> Result<Date, ApiError> {
    text.parse().map_err(|_| ApiError::Unreadable("from: a day such as 2026-01-01".to_owned()))
}

impl CreateUnit {
    fn parse(self) -> Result<NewUnit, ApiError> {
        Ok(NewUnit {
            level: self.level,
            from: day(&self.from)?,
            name: name("name", &self.name)?,
            name_en: self.name_en.map(|text| name("name_en", &text)).transpose()?,
            area: self.area,
            region: self.region,
            code: self.code.map(CodeBody::parse).transpose()?,
        })
    }
}

impl ReviseUnit {
    fn parse(self) -> Result<Revision, ApiError> {
        let nothing = self.name.is_none() && self.name_en.is_none() && self.code.is_none();
        if nothing && self.area.is_none() && self.region.is_none() {
            return Err(ApiError::Unreadable("name, name_en, area, region, code: at least one".to_owned()));
        }
        Ok(Revision {
            from: day(&self.from)?,
            name: self.name.map(|text| name("name", &text)).transpose()?,
            name_en: self.name_en.map(|text| name("name_en", &text)).transpose()?,
            area: self.area,
            region: self.region,
            code: self.code.map(CodeBody::parse).transpose()?,
        })
    }
}

/// Makes a unit directly in another.
#[utoipa::path(post, path = "/api/units/{unit}/children", tag = "units", params(("unit" = u64, Path)),
    request_body = CreateUnit, security(("session" = []), ("session_cookie" = [])),
    responses((status = 201, body = UnitView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn create(
    State(app): State<AppState>,
    permit: Permit,
    PathId(parent): PathId<UnitId>,
    Body(body): Body<CreateUnit>,
) -> Result<(StatusCode, Json<UnitView>), ApiError> {
    let unit = change::create(&app, &permit, parent, body.parse()?).await?;
    Ok((StatusCode::CREATED, Json(UnitView::from(unit))))
}

/// Gives a unit another name, area, region or code from a day on; what held before stays answerable.
#[utoipa::path(post, path = "/api/units/{unit}/revisions", tag = "units", params(("unit" = u64, Path)),
    request_body = ReviseUnit, security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = UnitView), (status = 403, body = ProblemView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn revise(
    State(app): State<AppState>,
    permit: Permit,
    PathId(unit): PathId<UnitId>,
    Body(body): Body<ReviseUnit>,
) -> Result<Json<UnitView>, ApiError> {
    let revision = body.parse()?;
    // A task of its own: what is shown of the households is made to the end even when whoever asked hangs up.
    let task = tokio::spawn(async move { change::revise(&app, &permit, unit, revision).await });
    let unit = task.await.map_err(|_| ApiError::Panicked)??;
    Ok(Json(UnitView::from(unit)))
}
