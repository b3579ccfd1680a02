//! A GeoJSON file of boundaries, read feature by feature: a faulty one is named and the others go in.

use schemas::codes::names;
use schemas::form::Label;
use serde_json::{Map, Value};
use thiserror::Error;

use super::shape::{Shape, ShapeFault};

/// Bytes of a file. The communes of the whole country, traced for maps, take about forty million.
pub const FILE_BYTES: u64 = 64 << 20;
/// Features of a file.
pub const MOST_FEATURES: usize = 50_000;

/// Why a file is no collection of boundaries.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FileFault {
    /// Larger than [`FILE_BYTES`].
    #[error("more than {FILE_BYTES} bytes")]
    TooLarge,
    /// Not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but not a `FeatureCollection`.
    #[error("not a GeoJSON FeatureCollection")]
    NotACollection,
    /// More than [`MOST_FEATURES`].
    #[error("more than {MOST_FEATURES} features")]
    TooManyFeatures,
}

/// Why a feature is left out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FeatureFault {
    /// Not a GeoJSON feature.
    #[error("not a feature: {0}")]
    NotAFeature(String),
    /// A feature without a geometry.
    #[error("no geometry")]
    NoGeometry,
    /// Its geometry is no area.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// Nothing says whose boundary it is.
    #[error("neither unit, code nor name")]
    Nameless,
}

impl FeatureFault {
    /// Stable name of the fault.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotAFeature(_) => "boundary/not-a-feature",
            Self::NoGeometry => "boundary/no-geometry",
            Self::Shape(fault) => fault.slug(),
            Self::Nameless => "boundary/nameless",
        }
    }

    /// The fault in words.
    pub fn label(&self) -> Label {
        let vi = match self {
            Self::NotAFeature(detail) => format!("không phải Feature: {detail}"),
            Self::NoGeometry => "không có hình".to_owned(),
            Self::Shape(fault) => return fault.label(),
            Self::Nameless => "không có số đơn vị, mã hay tên".to_owned(),
        };
        Label { vi, en: self.to_string() }
    }
}

/// Whose boundary it is, as far as the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// Our own number of the unit.
    pub unit: Option<u64>,
    /// An official code.
    pub code: Option<String>,
    /// The name of a village; of a commune where nothing else is given.
    pub name: Option<String>,
    /// The commune that the village lies in.
    pub commune: Option<String>,
}

/// One boundary of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Whose it is.
    pub whose: Whose,
    /// The area.
    pub shape: Shape,
}

/// The features of a file in order, each with its fault where it has one.
pub fn read(bytes: &[u8]) -> Result<Vec<Result<Feature, FeatureFault>>, FileFault> {
    if bytes.len() as u64 > FILE_BYTES {
        return Err(FileFault::TooLarge);
    }
    let file: Value = serde_json::from_slice(bytes).map_err(|error| FileFault::NotJson(error.to_string()))?;
    let Value::Object(mut file) = file else { return Err(FileFault::NotACollection) };
    if file.get("type").and_then(Value::as_str) != Some("FeatureCollection") {
        return Err(FileFault::NotACollection);
    }
    match file.remove("features") {
        Some(Value::Array(features)) if features.len() > MOST_FEATURES => Err(FileFault::TooManyFeatures),
        Some(Value::Array(features)) => Ok(features.into_iter().map(feature).collect()),
        _ => Err(FileFault::NotACollection),
    }
}

fn feature(value: Value) -> Result<Feature, FeatureFault> {
    let not_a_feature =
        |error: serde_json::Error| FeatureFault::NotAFeature(error.to_string().chars().take(200).collect());
    let feature: geojson::Feature = serde_json::from_value(value).map_err(not_a_feature)?;
    let geometry = feature.geometry.ok_or(FeatureFault::NoGeometry)?;
    let shape = Shape::of(&geometry.value)?;
    let whose = whose(&feature.properties.unwrap_or_default());
    match whose == Whose::default() {
        true => Err(FeatureFault::Nameless),
        false => Ok(Feature { whose, shape }),
    }
}

/// Keys, folded, under which files give a code, the name of a village and the name of a commune; the first one counts.
const CODES: [&str; 6] = ["code", "ma", "mathon", "maxa", "unitcode", "officialcode"];
const NAMES: [&str; 6] = ["name", "ten", "tenthon", "thon", "village", "tenban"];
const COMMUNES: [&str; 4] = ["commune", "xa", "tenxa", "communename"];

fn whose(properties: &Map<String, Value>) -> Whose {
    let find = |keys: &[&str]| {
        keys.iter().find_map(|key| {
            let mut named = properties.iter().filter(|(name, _)| names::fold_compact(name) == *key);
            named.find_map(|(_, value)| text(value))
        })
    };
    let unit = properties.get("unit").and_then(Value::as_u64);
    Whose { unit, code: find(&CODES), name: find(&NAMES), commune: find(&COMMUNES) }
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => names::clean(text).text,
        // Spreadsheets make numbers of codes and drop their zeros; communes have five digits.
        Value::Number(number) => format!("{:0>5}", number.as_u64()?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(feature: &str) -> Result<Feature, FeatureFault> {
        let file = format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#);
        read(file.as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn a_file_that_is_no_collection_is_refused_by_name() {
        assert!(matches!(read(b"<kml/>"), Err(FileFault::NotJson(_))));
        assert_eq!(read(b"[]"), Err(FileFault::NotACollection));
        assert_eq!(read(br#"{"type":"Feature","features":[]}"#), Err(FileFault::NotACollection));
        assert!(matches!(read("[".repeat(100_000).as_bytes()), Err(FileFault::NotJson(_))));
    }

    #[test]
    fn a_faulty_feature_does_not_take_the_others_with_it() {
        let square = r#"{"type":"Polygon","coordinates":[[[104.6,22.3],[104.7,22.3],[104.7,22.4],[104.6,22.3]]]}"#;
        let good = format!(r#"{{"type":"Feature","properties":{{"name":"Bản Một"}},"geometry":{square}}}"#);
        let nameless = format!(r#"{{"type":"Feature","properties":{{}},"geometry":{square}}}"#);
        let file = format!(
            r#"{{"type":"FeatureCollection","features":[7,{{"type":"Feature","properties":null,"geometry":null}},{nameless},{good}]}}"#
        );
        let features = read(file.as_bytes()).unwrap();
        assert!(matches!(features[0], Err(FeatureFault::NotAFeature(_))));
        assert_eq!(features[1], Err(FeatureFault::NoGeometry));
        assert_eq!(features[2], Err(FeatureFault::Nameless));
        assert_eq!(features[3].as_ref().unwrap().whose.name.as_deref(), Some("Bản Một"));
    }

    #[test]
    fn labels_are_found_under_the_keys_that_files_use() {
        let label = |properties: &str| {
            let square = r#"{"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,1]]]}"#;
            one(&format!(r#"{{"type":"Feature","properties":{properties},"geometry":{square}}}"#)).unwrap().whose
        };
        assert_eq!(label(r#"{"Mã xã":1243}"#).code.as_deref(), Some("01243"));
        assert_eq!(label(r#"{"unit":12}"#).unit, Some(12));
        let village = label(r#"{"TEN_THON":" Thôn  Nà Pá","TEN_XA":"Xã Tân Trịnh"}"#);
        assert_eq!((village.name.as_deref(), village.commune.as_deref()), (Some("Thôn Nà Pá"), Some("Xã Tân Trịnh")));
    }
}
