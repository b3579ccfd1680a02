//! Boundaries into the database, and what they and the houses' points say: who is measured outside of the village, and
//! which households may be one.
//!
//! Boundaries are optional: where there is none, nothing is said. Everything here is shown to a person; nothing is merged,
//! moved or refused because of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use schemas::codes::names;
use schemas::date::PartialDate;
use schemas::form::Label;
use schemas::household::{Answers, Household};
use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::value::Value;

use super::document;
use super::inbox::enter;
use super::permit::Permit;
use super::{Refusal, projection};
use crate::app::App;
use crate::domain::field::Home;
use crate::domain::log::{Access, AccessAction};
use crate::domain::unit::{Level, Unit};
use crate::geography::Spot;
use crate::geography::collection::{self, Whose};
use crate::geography::shape::{Shape, Standing};
use crate::geography::suspect::{Candidate, Suspect, suspects};
use crate::store::{self, Read, StoreError};

/// Boundaries that are written together.
const BATCH: usize = 200;

/// What became of a file of boundaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boundaries {
    /// Boundaries that went in, in place of earlier ones where there were any.
    pub taken: u64,
    /// What is to be said of single features, in the order of the file.
    pub remarks: Vec<FeatureRemark>,
}

/// Something about one feature of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureRemark {
    /// Its place in the file, from 0.
    pub index: usize,
    /// Stable name of the finding.
    pub slug: &'static str,
    /// The finding in words.
    pub text: Label,
    /// Whether the feature went in all the same.
    pub taken: bool,
}

/// A household whose house was measured outside of its village.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// Metres to the village's border.
    pub metres: u32,
    /// What the phone said of its accuracy, in metres.
    pub accuracy_m: u32,
}

/// What the houses and people of a commune give cause to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Pairs that may be one household.
    pub suspects: Vec<Suspect>,
    /// Houses outside of their village by more than the phone's accuracy.
    pub strays: Vec<Stray>,
    /// Names of the heads in the two lists.
    pub head_names: BTreeMap<HouseholdId, String>,
}

/// Reads a file of boundaries for the communes and villages within a place. Later files take the place of earlier ones.
pub async fn import_boundaries(app: &App, place: UnitId, bytes: &[u8]) -> Result<Boundaries, Refusal> {
    let features = collection::read(bytes)?;
    let today = app.clock.today();
    let mut read = app.store.read().await?;
    let index = Index {
        communes: store::unit::within(&mut read, place, Level::Commune, today).await?,
        villages: store::unit::within(&mut read, place, Level::Village, today).await?,
    };
    let mut boundaries = Boundaries::default();
    let mut found: BTreeMap<(UnitId, UnitId), Shape> = BTreeMap::new();
    for (at, feature) in features.into_iter().enumerate() {
        let placed = match feature {
            Ok(feature) => index.find(&mut read, &feature.whose, today).await?.map(|place| (place, feature.shape)),
            Err(fault) => Err((fault.slug(), fault.label())),
        };
        let mut remark = |(slug, text), taken| boundaries.remarks.push(FeatureRemark { index: at, slug, text, taken });
        match placed {
            Err(fault) => remark(fault, false),
            Ok((place, shape)) => {
                if shape.is_tangled() {
                    let (vi, en) = ("ranh giới tự cắt hoặc chồng lên nhau", "the border crosses itself or overlaps");
                    remark(said("boundary/tangled", vi, en), true);
                }
                if found.insert(place, shape).is_some() {
                    let (vi, en) = ("thay cho hình trước trong cùng tệp", "in the place of an earlier one of the file");
                    remark(said("boundary/twice", vi, en), true);
                }
            }
        }
    }
    boundaries.taken = found.len() as u64;
    write(app, found.into_iter().collect()).await?;
    Ok(boundaries)
}

fn said(slug: &'static str, vi: &str, en: &str) -> (&'static str, Label) {
    (slug, Label { vi: vi.to_owned(), en: en.to_owned() })
}

async fn write(app: &App, found: Vec<((UnitId, UnitId), Shape)>) -> Result<(), Refusal> {
    let now = app.clock.now();
    for some in found.chunks(BATCH) {
        let some = some.to_vec();
        let written: Result<(), StoreError> = app
            .store
            .write("boundaries/put", move |tx| {
                Box::pin(async move {
                    for ((commune, unit), shape) in &some {
                        store::boundary::put(tx, *commune, *unit, shape, now).await?;
                    }
                    Ok(())
                })
            })
            .await;
        written?;
    }
    Ok(())
}

/// The communes and villages that a file may be about.
struct Index {
    communes: Vec<Unit>,
    villages: Vec<Unit>,
}

impl Index {
    /// Whose boundary it is, with the commune: by number, then by code, then by name.
    async fn find(
        &self,
        read: &mut Read,
        whose: &Whose,
        on: Date,
    ) -> Result<Result<(UnitId, UnitId), (&'static str, Label)>, Refusal> {
        let by_number: Vec<&Unit> = match (whose.unit, &whose.code) {
            (Some(unit), _) => self.all().filter(|known| known.id.0 == unit).collect(),
            (None, Some(code)) => {
                let coded = store::unit::coded(read, code, on).await?;
                self.all().filter(|known| coded.contains(&known.id)).collect()
            }
            (None, None) => Vec::new(),
        };
        let found = if by_number.is_empty() { self.named(whose) } else { by_number };
        let unknown = || said("boundary/unknown-unit", "không có xã, thôn nào như vậy", "no such commune or village");
        Ok(match found.as_slice() {
            [] => Err(unknown()),
            [only] if only.level == Level::Commune => Ok((only.id, only.id)),
            [only] => only.attributes.parent.map(|commune| (commune, only.id)).ok_or_else(unknown),
            _ => {
                let (vi, en) =
                    ("nhiều đơn vị cùng tên; ghi thêm xã hoặc mã", "several of that name; add commune or code");
                Err(said("boundary/ambiguous", vi, en))
            }
        })
    }

    fn all(&self) -> impl Iterator<Item = &Unit> {
        self.communes.iter().chain(&self.villages)
    }

    fn named(&self, whose: &Whose) -> Vec<&Unit> {
        let called = |unit: &&Unit, name: &str| names::fold(&unit.attributes.name) == names::fold(name);
        let communes = |name: &str| self.communes.iter().filter(|unit| called(unit, name)).collect::<Vec<_>>();
        match (&whose.name, &whose.commune) {
            (None, None) => Vec::new(),
            (None, Some(commune)) => communes(commune),
            (Some(name), None) => self.all().filter(|unit| called(unit, name)).collect(),
            (Some(name), Some(commune)) => {
                let within: BTreeSet<UnitId> = communes(commune).iter().map(|unit| unit.id).collect();
                let lies = |unit: &&Unit| unit.attributes.parent.is_some_and(|parent| within.contains(&parent));
                self.villages.iter().filter(lies).filter(|unit| called(unit, name)).collect()
            }
        }
    }
}

/// What the points and people of a commune give cause to look at. Reading it is written down.
///
/// Opens every document of the commune: numbers of cards stand nowhere else in the clear.
pub async fn doubts(app: &App, permit: &Permit, commune: UnitId, round: &RoundId) -> Result<Doubts, Refusal> {
    let mut read = app.store.read().await?;
    enter(app, &mut read, permit, commune, round).await?;
    let right = permit.on(&mut read, commune, app.clock.today()).await?;
    let shapes: BTreeMap<UnitId, Shape> = store::boundary::of_commune(&mut read, commune).await?.into_iter().collect();
    let (mut candidates, mut doubts) = (Vec::new(), Doubts::default());
    for home in store::household::of_commune(&mut read, commune).await?.into_iter().filter(|h| h.wrapped_key.is_some())
    {
        let village = home.village;
        let Some(household) = household(app, &mut read, home, round).await? else { continue };
        doubts.strays.extend(stray(&household, village, shapes.get(&village)));
        candidates.push(candidate(&household, village));
        // A millisecond of work each: phones that sync meanwhile get their turn.
        tokio::task::yield_now().await;
    }
    doubts.suspects = suspects(&candidates);
    let shown: BTreeSet<HouseholdId> = doubts
        .suspects
        .iter()
        .flat_map(|suspect| [suspect.one, suspect.other])
        .chain(doubts.strays.iter().map(|stray| stray.household))
        .collect();
    let named = candidates.into_iter().filter(|candidate| shown.contains(&candidate.household));
    doubts.head_names = named.map(|candidate| (candidate.household, candidate.head_name)).collect();
    note(app, right.account(), commune).await?;
    Ok(doubts)
}

async fn household(app: &App, read: &mut Read, home: Home, round: &RoundId) -> Result<Option<Household>, Refusal> {
    let opened = document::open(app, read, home, round).await?;
    Ok(opened.map(|opened| opened.history.current()))
}

async fn note(app: &App, account: AccountId, commune: UnitId) -> Result<(), StoreError> {
    let (at, action) = (app.clock.now(), AccessAction::Viewed);
    let access = Access { commune, at, account, action, subject: "suspects".to_owned() };
    app.store
        .write("suspects/view", move |tx| Box::pin(async move { store::access_log::append(tx, &access).await }))
        .await
}

fn stray(household: &Household, village: UnitId, shape: Option<&Shape>) -> Option<Stray> {
    let (latitude_e6, longitude_e6, accuracy_m) = projection::point(household)?;
    match shape?.standing(Spot { latitude_e6, longitude_e6 }, accuracy_m) {
        Standing::Inside | Standing::WithinAccuracy => None,
        Standing::Outside { metres } => Some(Stray { household: household.household, village, metres, accuracy_m }),
    }
}

fn candidate(household: &Household, village: UnitId) -> Candidate {
    let text = |answers: &Answers, key: &str| answers.get(key).and_then(Value::as_text).map(str::to_owned);
    let present = || household.members.values().filter(|person| text(person, "status").is_none_or(|s| s == "present"));
    let head = present().find(|person| text(person, "relation").as_deref() == Some("head"));
    let born = head.and_then(|head| text(head, "born")?.parse::<PartialDate>().ok());
    let spot = projection::point(household);
    Candidate {
        household: household.household,
        village,
        head_name: projection::head_name(household),
        head_born: born.map(PartialDate::year),
        spot: spot.map(|(latitude_e6, longitude_e6, _)| Spot { latitude_e6, longitude_e6 }),
        numbers: present().filter_map(|person| text(person, "citizen_id")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use schemas::household::STATUS;
    use schemas::ids::MemberId;
    use sync_protocol::change::{Slot, Write};

    use super::*;
    use crate::domain::role::Role;
    use crate::geography::suspect::Reason;
    use crate::workflow::bench::{Bench, answer, home, permit, round_id};

    /// A square of a hundredth of a degree, this far east of 104.6 E, 22.3 N.
    fn square(properties: &str, east: f64) -> String {
        let (west, east) = (104.6 + east, 104.61 + east);
        format!(
            r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Polygon","coordinates":
            [[[{west},22.3],[{east},22.3],[{east},22.31],[{west},22.31],[{west},22.3]]]}}}}"#
        )
    }

    fn file(features: &[String]) -> Vec<u8> {
        format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",")).into_bytes()
    }

    fn family(n: u8, name: &str, number: &str, gps: &str) -> Vec<(Slot, Write)> {
        let member = MemberId([n; 10]);
        let said =
            |key: &str, value: &str| (Slot::MemberAnswer(member, key.parse().unwrap()), Write::Put(Value::from(value)));
        let mut writes = vec![
            (Slot::Member(member), Write::Make),
            said("full_name", name),
            said("relation", "head"),
            said(STATUS, "present"),
            said("citizen_id", number),
        ];
        writes.extend((!gps.is_empty()).then(|| answer("gps", gps)));
        writes
    }

    async fn shapes(bench: &Bench) -> Vec<(UnitId, Shape)> {
        store::boundary::of_commune(&mut bench.app.store.read().await.unwrap(), bench.commune).await.unwrap()
    }

    #[tokio::test]
    async fn faulty_and_foreign_features_are_named_and_the_others_go_in() {
        let bench = Bench::new().await;
        let features = file(&[
            square(r#"{"name":"Bản Lạ"}"#, 0.0),
            square(r#"{"name":"BẢN MỘT","commune":"Xã Tân Trịnh"}"#, 0.0),
            square(r#"{"code":"00000"}"#, 0.0),
            r#"{"type":"Feature","properties":{"name":"Bản Hai"},"geometry":{"type":"Point","coordinates":[1,2]}}"#
                .into(),
            square(r#"{"commune":"Tân Trịnh, Xã"}"#, 0.0),
            square(r#"{"commune":"Xã Tân Trịnh"}"#, 0.0),
            square(&format!(r#"{{"unit":{}}}"#, bench.villages[0]), 0.02),
        ]);
        let commune = bench.commune;
        let imported = import_boundaries(&bench.app, commune, &features).await.unwrap();
        let said: Vec<(usize, &str, bool)> =
            imported.remarks.iter().map(|remark| (remark.index, remark.slug, remark.taken)).collect();
        let expected = [
            (0, "boundary/unknown-unit", false),
            (2, "boundary/unknown-unit", false),
            (3, "boundary/not-an-area", false),
            (4, "boundary/unknown-unit", false),
            (6, "boundary/twice", true),
        ];
        assert_eq!(said, expected);
        assert_eq!(imported.taken, 2);
        let units: Vec<UnitId> = shapes(&bench).await.into_iter().map(|(unit, _)| unit).collect();
        assert_eq!(units, [bench.commune, bench.villages[0]]);
    }

    #[tokio::test]
    async fn importing_again_replaces() {
        let bench = Bench::new().await;
        for east in [0.0, 0.05] {
            let features = file(&[square(r#"{"name":"Bản Một"}"#, east)]);
            assert_eq!(import_boundaries(&bench.app, bench.commune, &features).await.unwrap().taken, 1);
        }
        let shapes = shapes(&bench).await;
        assert_eq!(shapes.len(), 1);
        assert!(shapes[0].1.contains(Spot { latitude_e6: 22_305_000, longitude_e6: 104_655_000 }));
    }

    #[tokio::test]
    async fn doubles_and_strays_of_a_commune_are_listed_and_the_reading_is_written_down() {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        let scope = || bench.scope(0);
        lan.write(scope(), home(1), family(1, "Lù Seo Sính", "002085000001", "22.305,104.605,5,1790000000,gps"));
        lan.write(scope(), home(2), family(2, "Lù Sèo Sinh", "002085000002", "22.3051,104.605,5,1790000000,gps"));
        lan.write(scope(), home(3), family(3, "Vàng Thị Mỷ", "002085000002", "22.305,104.612,8,1790000000,gps"));
        lan.write(scope(), home(4), family(4, "Đặng Văn Phàn", "002085000004", ""));
        lan.sync(&bench).await;
        let permit = permit(&bench, "hoa", Role::Reviewer).await;
        let doubts_of = async || doubts(&bench.app, &permit, bench.commune, &round_id()).await.unwrap();
        assert_eq!(doubts_of().await.strays, [], "no boundary, no statement");
        let features = file(&[square(r#"{"name":"Bản Một"}"#, 0.0)]);
        import_boundaries(&bench.app, bench.commune, &features).await.unwrap();
        let found = doubts_of().await;
        let (village, metres, accuracy_m) = (bench.villages[0], 206, 8);
        assert_eq!(found.strays, [Stray { household: home(3), village, metres, accuracy_m }]);
        let pairs: Vec<_> = found.suspects.iter().map(|suspect| (suspect.one, suspect.other)).collect();
        assert_eq!(pairs, [(home(1), home(2)), (home(2), home(3))]);
        assert_eq!(found.suspects[0].reasons, BTreeSet::from([Reason::NearNamesNearby(11)]));
        assert_eq!(found.suspects[1].reasons, BTreeSet::from([Reason::SameNumber]));
        assert_eq!(found.head_names.len(), 3);
        let read = &mut bench.app.store.read().await.unwrap();
        assert_eq!(store::access_log::newest(read, bench.commune, 9).await.unwrap().len(), 2);
    }
}
