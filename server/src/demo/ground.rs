//! The ground of the story on the server: administrator, units, round, last year's lists, and who surveys which village.

use anyhow::{Context, ensure};
use schemas::ids::{RoundId, UnitId};
use serde_json::{Value, json};

use super::desk::{Desk, PASSWORD};
use super::people::{ADMINISTRATOR, People, Post};
use super::place::{CommunePlace, Place};
use crate::app::App;
use crate::domain::unit::Level;
use crate::password::Password;
use crate::workflow::account::{FirstAdministrator, create_administrator};
use crate::workflow::{Refusal, unit};

/// Form and standard of the round.
pub(super) const FORM: &str = "vn-2022-2025/1";
const STANDARD: &str = "vn-2022-2025";

/// Where things stand on the server.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub(super) nation: UnitId,
    pub(super) compiling: UnitId,
    pub(super) round: RoundId,
    pub(super) communes: Vec<Commune>,
}

/// A commune on the server.
#[derive(Clone, Debug)]
pub(super) struct Commune {
    pub(super) id: UnitId,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) place: CommunePlace,
}

impl Ground {
    /// Makes the units that are not there yet.
    pub(super) async fn plant(admin: &Desk, nation: UnitId, place: &Place) -> anyhow::Result<Self> {
        let mut compiling = nation;
        for above in &place.above[1..] {
            let unit = json!({ "level": above.level, "name": above.name, "code": code(above.code.as_deref()) });
            compiling = ensure_unit(admin, compiling, unit, place).await?;
        }
        let mut communes = Vec::new();
        for commune in &place.communes {
            let unit = json!({
                "level": Level::Commune, "name": commune.name, "area": commune.area, "region": place.region,
                "code": code(Some(&commune.code)),
            });
            let id = ensure_unit(admin, compiling, unit, place).await?;
            let (slug, name) = (commune.slug.clone(), commune.name.clone());
            communes.push(Commune { id, slug, name, place: commune.clone() });
        }
        Ok(Self { nation, compiling, round: place.round.clone(), communes })
    }

    /// The path of something of a commune in the round.
    pub(super) fn path(&self, commune: &Commune, what: &str) -> String {
        format!("/api/rounds/{}/communes/{}/{what}", self.round, commune.id)
    }

    /// Makes the round and opens it.
    pub(super) async fn open_round(&self, admin: &Desk, place: &Place) -> anyhow::Result<()> {
        let rounds = admin.list("/api/rounds").await?;
        let known = rounds.iter().find(|round| round["id"] == self.round.as_str());
        let state = match known {
            Some(round) => round["state"].clone(),
            None => {
                let round = json!({
                    "id": self.round, "unit": self.compiling, "name": place.round_name, "standards": [STANDARD],
                    "form_version": FORM, "b1_mode": "paper", "reference_on": place.reference_on.0.to_string(),
                });
                admin.post("/api/rounds", &round).await?["state"].clone()
            }
        };
        if state == "planned" {
            admin.post(&format!("/api/rounds/{}/open", self.round), &Value::Null).await?;
        }
        Ok(())
    }

    /// The villages of a commune, in the order in which they came.
    pub(super) async fn villages(&self, desk: &Desk, commune: &Commune) -> anyhow::Result<Vec<UnitId>> {
        let villages = desk.list(&format!("/api/units/{}/children", commune.id)).await?;
        villages.iter().map(|village| Ok(UnitId(village["id"].as_u64().context("a village's number")?))).collect()
    }
}

/// Makes the first administrator, as `rasoat admin create-account` does, and says where the tree begins.
pub(super) async fn administrator(app: &App, place: &Place) -> anyhow::Result<UnitId> {
    let top = place.above.first().context("a nation")?;
    let login = ADMINISTRATOR.parse()?;
    let password = Password::new(PASSWORD.to_owned());
    let new = FirstAdministrator { login, display_name: "Quản trị".into(), password, nation: top.name.clone() };
    match create_administrator(app, new).await {
        Ok(_) | Err(Refusal::LoginTaken) => Ok(unit::root(app).await?),
        Err(refused) => Err(refused.into()),
    }
}

fn code(code: Option<&str>) -> Option<Value> {
    code.map(|code| json!({ "scheme": "gso", "code": code }))
}

/// Finds a unit by its name within another, or makes it.
async fn ensure_unit(admin: &Desk, parent: UnitId, mut unit: Value, place: &Place) -> anyhow::Result<UnitId> {
    let children = format!("/api/units/{parent}/children");
    let known = admin.list(&children).await?.into_iter().find(|known| known["name"] == unit["name"]);
    let unit = match known {
        Some(known) => known,
        None => {
            unit["from"] = place.valid_from.0.to_string().into();
            admin.post(&children, &unit).await?
        }
    };
    Ok(UnitId(unit["id"].as_u64().context("a unit's number")?))
}

/// Who surveys which villages: the first half, the second half, and the last one both of them.
pub(super) fn beat(post: Post, villages: &[UnitId]) -> Vec<UnitId> {
    let Some((shared, own)) = villages.split_last() else { return Vec::new() };
    let (first, second) = own.split_at(own.len().div_ceil(2));
    let own = if post == Post::Lan { first } else { second };
    own.iter().chain([shared]).copied().collect()
}

/// Sends the two enumerators of a commune to their villages.
pub(super) async fn assign(
    reviewer: &Desk,
    (ground, commune): (&Ground, &Commune),
    people: &People,
    villages: &[UnitId],
) -> anyhow::Result<()> {
    ensure!(villages.len() >= 3, "{}: three villages are the least for two enumerators", commune.name);
    for post in Post::ENUMERATORS {
        let account = people[&post.login(&commune.slug)];
        for village in beat(post, villages) {
            let assignment = json!({ "village": village, "account": account });
            reviewer.post(&ground.path(commune, "assignments"), &assignment).await?;
        }
    }
    Ok(())
}

/// Brings last year's list of a commune: tried first, then read in.
pub(super) async fn import(
    compiler: &Desk,
    ground: &Ground,
    commune: &Commune,
    workbook: Vec<u8>,
) -> anyhow::Result<Value> {
    let tried = compiler.bring(&ground.path(commune, "imports?dry_run=true"), workbook.clone()).await?;
    let imported = compiler.bring(&ground.path(commune, "imports?dry_run=false"), workbook).await?;
    ensure!(
        tried["added"] == imported["added"],
        "{}: the dry run said {}, the import {}",
        commune.name,
        tried["added"],
        imported["added"]
    );
    Ok(imported)
}

/// Gives the villages of a commune their borders: eight corners around all houses that will be measured there.
pub(super) async fn bound(admin: &Desk, commune: &Commune, villages: &[UnitId]) -> anyhow::Result<()> {
    // A little beyond the last house; the sides bulge by a fifth more.
    let (near, far) = (1.05, 1.25);
    let corners =
        [(near, near), (0.0, far), (-near, near), (-far, 0.0), (-near, -near), (0.0, -far), (near, -near), (far, 0.0)];
    let feature = |(at, village): (usize, &UnitId)| {
        let (latitude, longitude) = commune.place.village(at, villages.len());
        let reach = CommunePlace::REACH_E6 as f64 / 1e6;
        let closed = corners.iter().chain(&corners[..1]);
        let ring: Vec<_> = closed.map(|(x, y)| [longitude + x * reach, latitude + y * reach]).collect();
        json!({ "type": "Feature", "properties": { "unit": village },
            "geometry": { "type": "Polygon", "coordinates": [ring] } })
    };
    let features: Vec<Value> = villages.iter().enumerate().map(feature).collect();
    let file = json!({ "type": "FeatureCollection", "features": features });
    let taken = admin.post(&format!("/api/units/{}/boundaries", commune.id), &file).await?;
    ensure!(taken["taken"] == villages.len(), "{}: {taken}", commune.name);
    Ok(())
}
