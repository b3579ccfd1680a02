//! Boundaries into the database: read from a file, each given to the commune or village that it is of.
//!
//! Boundaries are optional: where there is none, nothing is said. What follows from one is [`super::warning`]'s.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use schemas::codes::names;
use schemas::form::Label;
use schemas::ids::UnitId;

use super::Refusal;
use super::permit::Permit;
use crate::app::App;
use crate::domain::unit::{Level, Unit};
use crate::geography::collection::{self, Whose};
use crate::geography::shape::Shape;
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

/// The same for whoever has a right on the place.
pub async fn import(app: &App, permit: &Permit, place: UnitId, bytes: &[u8]) -> Result<Boundaries, Refusal> {
    let right = permit.on(&mut app.store.read().await?, place, app.clock.today()).await?;
    import_boundaries(app, right.unit(), bytes).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geography::Spot;
    use crate::workflow::bench::Bench;

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
}
