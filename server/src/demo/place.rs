//! Where the story plays: units, codes and the round, from a file.

use anyhow::Context;
use schemas::ids::RoundId;
use serde::Deserialize;

use crate::domain::listing::Day;
use crate::domain::unit::{Area, Level};

/// The place that is used when no other is named.
const QUANG_BINH: &str = include_str!("../../demo/quang-binh.toml");

/// Where the story plays.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The round.
    pub(super) round: RoundId,
    /// Its name.
    pub(super) round_name: String,
    /// Region of the points tables.
    pub(super) region: String,
    /// Since when units and codes are valid.
    pub(super) valid_from: Day,
    /// The day that ages refer to.
    pub(super) reference_on: Day,
    /// From the top down; the last one compiles the list.
    pub(super) above: Vec<Above>,
    /// The communes.
    #[serde(rename = "commune")]
    pub(super) communes: Vec<CommunePlace>,
}

/// A unit above the communes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Above {
    pub(super) level: Level,
    pub(super) name: String,
    #[serde(default)]
    pub(super) code: Option<String>,
}

/// A commune.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommunePlace {
    pub(super) name: String,
    pub(super) code: String,
    /// What logins begin with.
    pub(super) slug: String,
    pub(super) area: Area,
    /// Latitude and longitude of its middle, in degrees: villages are put around it.
    pub(super) centre: (f64, f64),
}

impl CommunePlace {
    /// How far from the middle of its village a house stands at most, north or east, in millionths of a degree: a
    /// kilometre or so.
    pub(super) const REACH_E6: i64 = 9_000;

    /// The middle of one of so many villages, latitude and longitude: they lie in a ring around the middle of the commune.
    pub(super) fn village(&self, at: usize, of: usize) -> (f64, f64) {
        let angle = at as f64 / of.max(1) as f64 * std::f64::consts::TAU;
        (self.centre.0 + 0.02 * angle.sin(), self.centre.1 + 0.02 * angle.cos())
    }
}

impl Place {
    /// The seven communes of the former district of Quang Bình.
    pub fn quang_binh() -> anyhow::Result<Self> {
        Self::read(QUANG_BINH)
    }

    /// Reads a place from a file's text.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let place: Self =
            toml::from_str(text).context("tệp nói nơi diễn ra viết chưa đúng / the file of the place is malformed")?;
        anyhow::ensure!(
            !place.above.is_empty() && !place.communes.is_empty(),
            "cần có đơn vị cấp trên và các xã / a place needs units above and communes"
        );
        Ok(place)
    }
}
