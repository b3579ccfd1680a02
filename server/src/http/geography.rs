//! What places and people give cause to look at.

use axum::Json;
use axum::extract::State;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::PathId;
use super::problem::ProblemView;
use super::{ApiError, AppState};
use crate::geography::suspect::Reason;
use crate::workflow;
use crate::workflow::geography::Doubts;
use crate::workflow::permit::Permit;

/// Households that may be one, and houses measured outside of their village.
#[derive(Serialize, ToSchema)]
pub(super) struct DoubtsView {
    suspects: Vec<SuspectView>,
    /// Only where the village has a boundary.
    strays: Vec<StrayView>,
}

/// Two households that may be one. A person looks; nothing is merged.
#[derive(Serialize, ToSchema)]
pub(super) struct SuspectView {
    one: HouseholdName,
    other: HouseholdName,
    /// `same_number`, `near_names_nearby`, `near_names_same_village`.
    reasons: Vec<&'static str>,
    /// Metres between the houses, where both were measured and that is a reason.
    metres: Option<u32>,
}

/// A household with the name of its head.
#[derive(Serialize, ToSchema)]
pub(super) struct HouseholdName {
    household: String,
    head_name: String,
}

/// A house outside of its village by more than the phone's accuracy.
#[derive(Serialize, ToSchema)]
pub(super) struct StrayView {
    #[serde(flatten)]
    household: HouseholdName,
    village: u64,
    /// Metres to the village's border.
    metres: u32,
    /// What the phone said of its accuracy, in metres.
    accuracy_m: u32,
}

impl From<Doubts> for DoubtsView {
    fn from(doubts: Doubts) -> Self {
        let named = |id: HouseholdId| HouseholdName {
            household: id.to_string(),
            head_name: doubts.head_names.get(&id).cloned().unwrap_or_default(),
        };
        let code = |reason: &Reason| match reason {
            Reason::SameNumber => "same_number",
            Reason::NearNamesNearby(_) => "near_names_nearby",
            Reason::NearNamesSameVillage => "near_names_same_village",
        };
        let metres = |reason: &Reason| match reason {
            Reason::NearNamesNearby(metres) => Some(*metres),
            Reason::SameNumber | Reason::NearNamesSameVillage => None,
        };
        let suspects = doubts.suspects.iter().map(|suspect| SuspectView {
            one: named(suspect.one),
            other: named(suspect.other),
            reasons: suspect.reasons.iter().map(code).collect(),
            metres: suspect.reasons.iter().find_map(metres),
        });
        let strays = doubts.strays.iter().map(|stray| StrayView {
            household: named(stray.household),
            village: stray.village.0,
            metres: stray.metres,
            accuracy_m: stray.accuracy_m,
        });
        Self { suspects: suspects.collect(), strays: strays.collect() }
    }
}

/// Households of a commune that may be one, and houses measured outside of their village.
#[utoipa::path(get, path = "/api/rounds/{round}/communes/{unit}/suspects", tag = "review",
    params(("round" = String, Path), ("unit" = u64, Path)), security(("session" = []), ("session_cookie" = [])),
    responses((status = 200, body = DoubtsView), (status = 403, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn suspects(
    State(app): State<AppState>,
    permit: Permit,
    PathId((round, commune)): PathId<(RoundId, UnitId)>,
) -> Result<Json<DoubtsView>, ApiError> {
    Ok(Json(workflow::geography::doubts(&app, &permit, commune, &round).await?.into()))
}
