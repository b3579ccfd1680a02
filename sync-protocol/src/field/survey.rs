//! What the office says of a village in a round and no document does: by what its households are asked and classified.
//!
//! Owns the reading of what the server answers (`GET /api/devices/self/villages`), as far as rules need it. Names and borders are
//! the screen's. Before the server was asked, ages are counted to the day that the caller gives, and nothing else is known.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemas::date;
use schemas::form::Kind;
use schemas::ids::{RoundId, UnitId};
use schemas::rules::AreaType;
use serde::{Deserialize, Deserializer, de};

use super::report::{RoundPoints, Scoring};
use crate::actor::{carry_over_actor, import_actor};
use crate::hash::{ActorId, tagged, to_hex};
use crate::journal::Scope;

/// What the office says of a village in a round.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Survey {
    /// The round.
    pub round: RoundId,
    /// The village.
    pub village: UnitId,
    /// Its commune.
    pub commune: UnitId,
    /// The day to which ages are counted.
    #[serde(rename = "reference_on", deserialize_with = "day")]
    pub as_of: Date,
    /// Where B1 comes from.
    #[serde(rename = "b1_mode")]
    pub b1: RoundPoints,
    /// Country or town; absent where the office has not said it.
    #[serde(default)]
    pub area: Option<AreaType>,
    /// Kinds of questions that the round leaves out: `point`, `photo`. Of names that are not known here nothing follows.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// A day, as `2026-10-01`.
fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    date::day(&text).ok_or_else(|| de::Error::custom("not a day (2026-10-01)"))
}

/// What the office says of all villages that a device surveys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveys {
    today: Date,
    known: BTreeMap<Scope, Survey>,
    /// The name of what was told.
    stamp: String,
}

/// What a household is asked and classified by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) scoring: Scoring,
    left_out: Vec<String>,
    /// Who writes what stands from last year, as far as the commune is known.
    carriers: Vec<ActorId>,
}

impl Surveys {
    /// Nothing is known yet; ages are counted to this day.
    pub fn unknown(today: Date) -> Self {
        Self { today, known: BTreeMap::new(), stamp: String::new() }
    }

    /// Takes in what the server said last; what cannot be read changes nothing.
    pub fn told(&mut self, answer: &[u8]) -> Result<(), serde_json::Error> {
        let surveys: Vec<Survey> = serde_json::from_slice(answer)?;
        let scope = |survey: &Survey| Scope { village: survey.village, round: survey.round.clone() };
        self.known = surveys.into_iter().map(|survey| (scope(&survey), survey)).collect();
        self.stamp = to_hex(&tagged("rasoat surveys 1", &[answer]));
        Ok(())
    }

    /// What was told of a village.
    pub fn of(&self, scope: &Scope) -> Option<&Survey> {
        self.known.get(scope)
    }

    /// What a household of a village is scored with.
    pub fn scoring(&self, scope: &Scope) -> Scoring {
        self.terms(scope).scoring
    }

    pub(super) fn terms(&self, scope: &Scope) -> Terms {
        let known = self.of(scope);
        let imported = known.map(|survey| import_actor(&scope.round, survey.commune));
        Terms {
            scoring: Scoring {
                area: known.and_then(|survey| survey.area),
                b1: known.map(|survey| survey.b1),
                as_of: known.map_or(self.today, |survey| survey.as_of),
            },
            left_out: known.map(|survey| survey.left_out.clone()).unwrap_or_default(),
            carriers: imported.into_iter().chain([carry_over_actor(&scope.round)]).collect(),
        }
    }

    /// The name of what was told: a kept list is made anew where this is another.
    pub(super) fn stamp(&self) -> String {
        self.stamp.clone()
    }
}

impl Terms {
    /// Whether the round asks questions of this kind.
    pub(super) fn asks(&self, kind: &Kind) -> bool {
        let name = match kind {
            Kind::Point => "point",
            Kind::Photo => "photo",
            _ => return true,
        };
        self.left_out.iter().all(|left_out| left_out != name)
    }

    /// Whether what this actor wrote was taken over from last year's list.
    pub(super) fn carried(&self, actor: ActorId) -> bool {
        self.carriers.contains(&actor)
    }
}
