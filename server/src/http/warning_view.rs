//! How warnings look in answers, and in what words people read them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::warning::{Checked, Ground, Other, Stray, Suspicion, Warning};

/// Something about a household that a person should look at. It blocks nothing.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum WarningView {
    /// The house was measured outside of its village.
    Stray(StrayView),
    /// The household may be another one, or share a person with it.
    Suspicion(Box<SuspicionView>),
}

/// A house outside of its village by more than the phone's accuracy.
#[derive(Serialize, ToSchema)]
pub(super) struct StrayView {
    village: u64,
    /// Metres to the village's border.
    metres: u32,
    /// What the phone said of its accuracy, in metres.
    accuracy_m: u32,
    /// Metres outside beyond the accuracy.
    beyond_m: u32,
    vi: String,
    en: String,
}

/// A household that may be another one, or share a person with it.
#[derive(Serialize, ToSchema)]
pub(super) struct SuspicionView {
    /// What to name when the two were found to be different; other facts make another one.
    id: String,
    /// `same_number`, `near_names_nearby`, `near_names_same_village`.
    grounds: Vec<&'static str>,
    /// Metres between the houses, where that is a ground.
    metres: Option<u32>,
    /// The household's own members whose number stands in the other one too.
    members: Vec<String>,
    other: OtherView,
    /// Who found on exactly these facts that the two are different.
    checked: Option<CheckedView>,
    vi: String,
    en: String,
}

/// The other household, as far as whoever asks may know of it.
#[derive(Serialize, ToSchema)]
#[serde(tag = "known", rename_all = "snake_case")]
pub(super) enum OtherView {
    /// One that the caller may read.
    Household {
        household: String,
        commune: u64,
        commune_name: String,
        village: u64,
        head_name: String,
        /// Its members whose number stands in both.
        members: Vec<String>,
    },
    /// One that the caller may not read: the office to ask.
    AskOffice { commune_name: String },
}

/// Two households were found to be different.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckedView {
    /// The account.
    by: Option<u64>,
    at: String,
    reason: String,
}

/// All warnings of a household.
pub(super) fn views(warnings: Vec<Warning>) -> Vec<WarningView> {
    warnings.into_iter().map(WarningView::from).collect()
}

impl From<Warning> for WarningView {
    fn from(warning: Warning) -> Self {
        match warning {
            Warning::Stray(stray) => Self::Stray(stray.into()),
            Warning::Suspicion(suspicion) => Self::Suspicion(Box::new(suspicion.into())),
        }
    }
}

impl From<Stray> for StrayView {
    fn from(stray: Stray) -> Self {
        let Stray { village, village_name, metres, accuracy_m } = stray;
        let beyond_m = metres.saturating_sub(accuracy_m);
        Self {
            village: village.0,
            metres,
            accuracy_m,
            beyond_m,
            vi: format!("Nhà được đo ở ngoài {village_name} {metres} m, quá sai số {beyond_m} m"),
            en: format!(
                "The house was measured {metres} m outside of {village_name}, {beyond_m} m beyond the accuracy"
            ),
        }
    }
}

impl From<Suspicion> for SuspicionView {
    fn from(suspicion: Suspicion) -> Self {
        let (vi, en) = words(&suspicion);
        let Suspicion { pin, grounds, members, other, checked } = suspicion;
        Self {
            id: pin.to_string(),
            grounds: grounds.iter().map(code).collect(),
            metres: grounds.iter().find_map(metres),
            members,
            other: other.into(),
            checked: checked.map(CheckedView::from),
            vi,
            en,
        }
    }
}

impl From<Other> for OtherView {
    fn from(other: Other) -> Self {
        match other {
            Other::AskOffice { commune_name } => Self::AskOffice { commune_name },
            Other::Readable { household, commune, commune_name, village, head_name, members } => Self::Household {
                household: household.to_string(),
                commune: commune.0,
                commune_name,
                village: village.0,
                head_name,
                members,
            },
        }
    }
}

impl From<Checked> for CheckedView {
    fn from(checked: Checked) -> Self {
        Self { by: checked.by.map(|by| by.0), at: checked.at.to_string(), reason: checked.reason }
    }
}

fn code(ground: &Ground) -> &'static str {
    match ground {
        Ground::SameNumber => "same_number",
        Ground::NearNamesNearby(_) => "near_names_nearby",
        Ground::NearNamesSameVillage => "near_names_same_village",
    }
}

fn metres(ground: &Ground) -> Option<u32> {
    match ground {
        Ground::NearNamesNearby(metres) => Some(*metres),
        Ground::SameNumber | Ground::NearNamesSameVillage => None,
    }
}

/// The suspicion in Vietnamese and in English.
fn words(suspicion: &Suspicion) -> (String, String) {
    let why = |ground: &Ground| match ground {
        Ground::SameNumber => {
            let members = suspicion.members.join(", ");
            (format!("trùng số định danh của {members}"), format!("the ID number of {members} stands there too"))
        }
        Ground::NearNamesNearby(metres) => (
            format!("chủ hộ tên gần giống, nhà cách nhau {metres} m"),
            format!("the heads' names are near and the houses {metres} m apart"),
        ),
        Ground::NearNamesSameVillage => {
            ("chủ hộ tên gần giống, cùng thôn".to_owned(), "the heads' names are near in one village".to_owned())
        }
    };
    let (vi, en): (Vec<String>, Vec<String>) = suspicion.grounds.iter().map(why).unzip();
    let (vi, en) = (vi.join("; "), en.join("; "));
    match &suspicion.other {
        Other::Readable { head_name, commune_name, .. } => (
            format!("Xem lại với hộ {head_name} ({commune_name}): {vi}"),
            format!("Compare with the household of {head_name} ({commune_name}): {en}"),
        ),
        Other::AskOffice { commune_name } => (
            format!("Có một hộ ở {commune_name}: {vi}; hỏi UBND nơi đó"),
            format!("A household in {commune_name}: {en}; ask the office there"),
        ),
    }
}
