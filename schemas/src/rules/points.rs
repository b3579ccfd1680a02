//! B1 points tables: what each answer is worth in each kind of place.
//!
//! Owns adding up the points and saying where they come from. Tables are read and checked in [`crate::standard`]; how
//! people look at one before they sign stands in `preview`.

use std::sync::Arc;

use thiserror::Error;

use super::bind::Node;
use super::completions::Breaks;
use super::facts::Subject;
use super::scene::Scene;
use super::{AreaType, Condition, Missing, Place, Region, Truth};
use crate::form::Label;
use crate::standard::StandardHash;

mod preview;

pub use preview::{PointsDifference, PointsRow, RowKey};

/// Whether a table may decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointsStatus {
    /// Supplied by an office for a round.
    ForRound,
    /// For tests, training and the shape of the data; the reason says what is wrong with it.
    SampleOnly {
        /// Why it must not decide.
        reason: Label,
    },
}

/// One column of a table: the six rural regions and the towns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Column(usize);

/// How many columns there can be.
pub(crate) const COLUMNS: usize = 7;

impl Column {
    /// Names of the columns in a file, in their order.
    pub(crate) const NAMES: [&'static str; COLUMNS] = [
        "rural_red_river_delta",
        "rural_northern_midland_mountain",
        "rural_north_central_coast",
        "rural_central_highlands",
        "rural_south_east",
        "rural_mekong_delta",
        "urban",
    ];

    fn of(place: &Place) -> Self {
        match (place.area, place.region) {
            (AreaType::Urban, _) => Self(6),
            (AreaType::Rural, Region::RedRiverDelta) => Self(0),
            (AreaType::Rural, Region::NorthernMidlandMountain) => Self(1),
            (AreaType::Rural, Region::NorthCentralCoast) => Self(2),
            (AreaType::Rural, Region::CentralHighlands) => Self(3),
            (AreaType::Rural, Region::SouthEast) => Self(4),
            (AreaType::Rural, Region::MekongDelta) => Self(5),
        }
    }
}

/// How the rows of an item go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choose {
    /// The first row that holds gives the points.
    First,
    /// Every row that holds adds its points.
    Each,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) label: Label,
    pub(crate) choose: Choose,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) label: Label,
    /// The condition as the file writes it, and bound to the form.
    pub(crate) condition: Condition,
    pub(crate) when: Node,
    pub(crate) points: [Option<u16>; COLUMNS],
}

/// A points table, checked against the form of one standard.
#[derive(Clone, Debug)]
pub struct PointsTable {
    pub(crate) label: Label,
    pub(crate) status: PointsStatus,
    pub(crate) items: Vec<Item>,
    pub(crate) hash: StandardHash,
    /// The identity of the form that the conditions are bound to.
    pub(crate) form: StandardHash,
    /// Where the conditions of the standard and of this table can change.
    pub(crate) breaks: Box<Breaks>,
}

/// A points table that may decide in a round. There is no way to make one of a sample. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RoundTable(Arc<PointsTable>);

/// The table is a sample and decides nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("bảng điểm mẫu, không dùng để công nhận: {} (sample points table: {})", reason.vi, reason.en)]
pub struct SampleRefused {
    /// Why it must not decide.
    pub reason: Label,
}

impl RoundTable {
    /// The table itself.
    pub fn table(&self) -> &PointsTable {
        &self.0
    }
}

/// The points of one item for one household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPoints<'a> {
    /// The item of the table.
    pub item: &'a Label,
    /// The rows that give points for certain.
    pub rows: Vec<&'a Label>,
    /// Fewest points that the answers allow.
    pub lowest: i64,
    /// Most points that the answers allow.
    pub highest: i64,
}

impl PointsTable {
    /// Lets the table decide in a round, unless it is a sample.
    pub fn for_round(self) -> Result<RoundTable, SampleRefused> {
        match self.status {
            PointsStatus::ForRound => Ok(RoundTable(Arc::new(self))),
            PointsStatus::SampleOnly { reason } => Err(SampleRefused { reason }),
        }
    }

    /// What the table is called.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Whether it may decide.
    pub fn status(&self) -> &PointsStatus {
        &self.status
    }

    /// SHA-256 over its files, as for a standard.
    pub fn hash(&self) -> StandardHash {
        self.hash
    }

    /// Whether the table says anything about places of this kind.
    pub fn covers(&self, place: &Place) -> bool {
        let Column(at) = Column::of(place);
        self.items.iter().flat_map(|item| &item.rows).all(|row| row.points[at].is_some())
    }

    /// Fewest and most points that the answers allow; `None` when the table has no column for the place, or is bound to
    /// the questions of another form.
    pub(crate) fn range(&self, scene: &Scene<'_>, place: &Place) -> Option<(i64, i64)> {
        if self.form != scene.form() {
            return None;
        }
        let mut items = self.items.iter();
        items.try_fold((0, 0), |(low, high), item| {
            let (lowest, highest) = item.range(scene, Column::of(place))?;
            Some((low + lowest, high + highest))
        })
    }

    pub(crate) fn breakdown(&self, scene: &Scene<'_>, place: &Place) -> Vec<ItemPoints<'_>> {
        if self.form != scene.form() {
            return Vec::new();
        }
        let items = self.items.iter().filter_map(|item| {
            let (lowest, highest) = item.range(scene, Column::of(place))?;
            Some(ItemPoints { item: &item.label, rows: item.rows_that_hold(scene), lowest, highest })
        });
        items.collect()
    }

    pub(crate) fn missing(&self, scene: &Scene<'_>, out: &mut Vec<Missing>) {
        if self.form != scene.form() {
            return;
        }
        for item in &self.items {
            for row in &item.rows {
                let holds = scene.truth(&row.when, Subject::Household);
                scene.missing(&row.when, Subject::Household, out);
                if item.choose == Choose::First && holds == Truth::True {
                    break;
                }
            }
        }
    }
}

impl Item {
    fn range(&self, scene: &Scene<'_>, column: Column) -> Option<(i64, i64)> {
        match self.choose {
            Choose::First => self.range_of_first(scene, column),
            Choose::Each => self.range_of_each(scene, column),
        }
    }

    fn range_of_first(&self, scene: &Scene<'_>, Column(at): Column) -> Option<(i64, i64)> {
        let mut possible: Option<(i64, i64)> = None;
        for row in &self.rows {
            let points = i64::from(row.points[at]?);
            let holds = scene.truth(&row.when, Subject::Household);
            if holds != Truth::False {
                possible =
                    possible.map_or(Some((points, points)), |(low, high)| Some((low.min(points), high.max(points))));
            }
            if holds == Truth::True {
                return possible;
            }
        }
        // No row holds for certain, so it may be that none does, and an item without a row is worth nothing.
        possible.map(|(_, high)| (0, high)).or(Some((0, 0)))
    }

    fn range_of_each(&self, scene: &Scene<'_>, Column(at): Column) -> Option<(i64, i64)> {
        let mut rows = self.rows.iter();
        rows.try_fold((0, 0), |(low, high), row| {
            let points = i64::from(row.points[at]?);
            Some(match scene.truth(&row.when, Subject::Household) {
                Truth::False => (low, high),
                Truth::Unknown => (low, high + points),
                Truth::True => (low + points, high + points),
            })
        })
    }

    /// The rows that give points for certain.
    fn rows_that_hold(&self, scene: &Scene<'_>) -> Vec<&Label> {
        let mut rows = Vec::new();
        for row in &self.rows {
            match (scene.truth(&row.when, Subject::Household), self.choose) {
                (Truth::False, _) | (Truth::Unknown, Choose::Each) => {}
                (Truth::True, Choose::Each) => rows.push(&row.label),
                // A row that may hold takes the place of all rows after it.
                (Truth::Unknown, Choose::First) => break,
                (Truth::True, Choose::First) => {
                    rows.push(&row.label);
                    break;
                }
            }
        }
        rows
    }
}
