//! A points table as people look at it before they sign: row by row, and against the one before it.

use std::collections::BTreeMap;

use super::{COLUMNS, Choose, Column, Item, PointsTable, Row};
use crate::form::Label;
use crate::rules::Condition;

/// Names a row of a table: the item's key and the option's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// The item.
    pub item: String,
    /// The option of the item.
    pub option: String,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsRow<'a> {
    /// Its name.
    pub key: RowKey,
    /// The item for people.
    pub item: &'a Label,
    /// The option for people.
    pub option: &'a Label,
    /// The points by column, in the order of the columns; columns that the table does not have are left out.
    pub points: Vec<(&'static str, u16)>,
}

/// What is different about one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointsDifference<'a> {
    /// The other table does not have it.
    Added(PointsRow<'a>),
    /// Only the other table has it.
    Removed(PointsRow<'a>),
    /// The points differ.
    Points {
        /// As the other table has it.
        before: PointsRow<'a>,
        /// As this one has it.
        after: PointsRow<'a>,
    },
    /// The points are the same, and the row applies to others than before.
    Condition(PointsRow<'a>),
}

impl PointsTable {
    /// Every row in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = PointsRow<'_>> {
        self.places().map(|(item, at)| shown(item, &item.rows[at]))
    }

    /// Whether every row of another table stands in this one with the same points.
    pub fn has_all_points_of(&self, other: &Self) -> bool {
        let own: BTreeMap<RowKey, Vec<_>> = self.rows().map(|row| (row.key, row.points)).collect();
        other.rows().all(|row| own.get(&row.key) == Some(&row.points))
    }

    /// What is different from another table, by row.
    pub fn differences<'a>(&'a self, before: &'a Self) -> Vec<PointsDifference<'a>> {
        let (mut old, new) = (before.by_key(), self.by_key());
        let mut differences = Vec::new();
        for (key, (item, at)) in new {
            let row = &item.rows[at];
            match old.remove(&key) {
                None => differences.push(PointsDifference::Added(shown(item, row))),
                Some((old_item, old_at)) if old_item.rows[old_at].points != row.points => {
                    let before = shown(old_item, &old_item.rows[old_at]);
                    differences.push(PointsDifference::Points { before, after: shown(item, row) });
                }
                Some((old_item, old_at)) if applies(old_item, old_at) != applies(item, at) => {
                    differences.push(PointsDifference::Condition(shown(item, row)));
                }
                Some(_) => {}
            }
        }
        let gone = old.into_values().map(|(item, at)| PointsDifference::Removed(shown(item, &item.rows[at])));
        differences.extend(gone);
        differences
    }

    /// Every row as its item and its place in it.
    fn places(&self) -> impl Iterator<Item = (&Item, usize)> {
        self.items.iter().flat_map(|item| (0..item.rows.len()).map(move |at| (item, at)))
    }

    fn by_key(&self) -> BTreeMap<RowKey, (&Item, usize)> {
        self.places().map(|(item, at)| (key(item, &item.rows[at]), (item, at))).collect()
    }
}

/// What decides whether a row gives points: where the first that holds does, the rows before it too.
fn applies(item: &Item, at: usize) -> (Choose, Vec<&Condition>) {
    let from = match item.choose {
        Choose::First => 0,
        Choose::Each => at,
    };
    (item.choose, item.rows[from..=at].iter().map(|row| &row.condition).collect())
}

fn key(item: &Item, row: &Row) -> RowKey {
    RowKey { item: item.key.clone(), option: row.key.clone() }
}

fn shown<'a>(item: &'a Item, row: &'a Row) -> PointsRow<'a> {
    let column = |at: usize| row.points[at].map(|points| (Column::NAMES[at], points));
    PointsRow {
        key: key(item, row),
        item: &item.label,
        option: &row.label,
        points: (0..COLUMNS).filter_map(column).collect(),
    }
}
