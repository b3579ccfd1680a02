//! Rows whose columns nobody knows: read from either engine, written to either, and the same bytes for a digest.

use sha2::{Digest, Sha256};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, TypeInfo, ValueRef};

use crate::store::catalogue::Kind;
use crate::store::statement::Param;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cells(pub(super) Vec<Cell>);

/// Reads every column of a row by what the engine calls its type.
macro_rules! cells {
    ($row:expr, $($name:literal => $read:expr),+) => {{
        let row = $row;
        let cell = |place: usize| {
            let value = row.try_get_raw(place)?;
            if value.is_null() {
                return Ok(Cell::Null);
            }
            match value.type_info().name() {
                $($name => $read(row, place),)+
                unknown => Err(sqlx::Error::ColumnDecode {
                    index: place.to_string(),
                    source: format!("values of type {unknown} are not kept here").into(),
                }),
            }
        };
        (0..row.len()).map(cell).collect::<Result<Vec<_>, _>>().map(Cells)
    }};
}

impl<'r> FromRow<'r, SqliteRow> for Cells {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<Self> {
        cells!(row,
            "INTEGER" => |row: &SqliteRow, place: usize| row.try_get(place).map(Cell::Int),
            "TEXT" => |row: &SqliteRow, place: usize| row.try_get(place).map(Cell::Text),
            "BLOB" => |row: &SqliteRow, place: usize| row.try_get(place).map(Cell::Bytes))
    }
}

impl<'r> FromRow<'r, PgRow> for Cells {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        cells!(row,
            "INT8" => |row: &PgRow, place: usize| row.try_get(place).map(Cell::Int),
            "BOOL" => |row: &PgRow, place: usize| row.try_get(place).map(|flag: bool| Cell::Int(flag.into())),
            "TEXT" => |row: &PgRow, place: usize| row.try_get(place).map(Cell::Text),
            "BYTEA" => |row: &PgRow, place: usize| row.try_get(place).map(Cell::Bytes))
    }
}

impl Cell {
    /// As a parameter for a column of this kind: even nothing has a type on the way.
    pub(super) fn for_column(&self, kind: Kind) -> Param<'_> {
        match (self, kind) {
            (Self::Int(value), Kind::Flag) => Param::Flag(*value != 0),
            (Self::Int(value), _) => Param::Int(Some(*value)),
            (Self::Text(value), _) => Param::Text(Some(value.as_str().into())),
            (Self::Bytes(value), _) => Param::Bytes(Some(value.as_slice().into())),
            (Self::Null, Kind::Int | Kind::Flag) => Param::Int(None),
            (Self::Null, Kind::Text) => Param::Text(None),
            (Self::Null, Kind::Bytes) => Param::Bytes(None),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl Cells {
    /// About how many bytes it holds.
    pub(super) fn size(&self) -> usize {
        self.0.iter().map(Cell::size).sum()
    }

    /// Adds it to a digest: each value by its kind, its length and its bytes, so that no two rows give the same.
    pub(super) fn add_to(&self, digest: &mut Sha256) {
        for cell in &self.0 {
            let (kind, bytes): (u8, &[u8]) = match cell {
                Cell::Null => (0, &[]),
                Cell::Int(value) => (1, &value.to_be_bytes()),
                Cell::Text(text) => (2, text.as_bytes()),
                Cell::Bytes(bytes) => (3, bytes),
            };
            digest.update([kind]);
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[Cells]) -> Vec<u8> {
        let mut digest = Sha256::new();
        rows.iter().for_each(|row| row.add_to(&mut digest));
        digest.finalize().to_vec()
    }

    #[test]
    fn rows_that_differ_in_where_a_value_ends_or_in_what_it_is_give_other_digests() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let rows = [
            Cells(vec![text("ab"), text("c")]),
            Cells(vec![text("a"), text("bc")]),
            Cells(vec![text("abc"), Cell::Null]),
            Cells(vec![Cell::Bytes(b"ab".to_vec()), text("c")]),
            Cells(vec![Cell::Int(0), text("c")]),
            Cells(vec![Cell::Null, text("c")]),
        ];
        let digests: std::collections::BTreeSet<_> = rows.iter().map(|row| digest(std::slice::from_ref(row))).collect();
        assert_eq!(digests.len(), rows.len());
        assert_ne!(digest(&rows[..2]), digest(&rows[1..3]));
    }
}
