//! Boundaries: the area of a village or a commune, where an office has given it.

use jiff::Timestamp;
use schemas::ids::UnitId;

use super::row::{RowOf, milliseconds, stored};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};
use crate::geography::shape::Shape;

/// Writes the boundary of a unit of a commune, in place of the one before.
pub async fn put(tx: &mut Tx, commune: UnitId, unit: UnitId, shape: &Shape, now: Timestamp) -> Result<(), StoreError> {
    let of = RowOf { table: "boundary", id: unit };
    let text = of.column("shape", serde_json::to_string(shape))?;
    sql("INSERT INTO boundary (commune, unit, shape, imported_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (commune, unit) DO UPDATE SET shape = excluded.shape, imported_at = excluded.imported_at")
    .bind(stored(commune.0))
    .bind(stored(unit.0))
    .bind(text)
    .bind(milliseconds(now))
    .execute(tx)
    .await?;
    Ok(())
}

/// The boundary of a unit of a commune.
pub async fn of_unit(read: &mut Read, commune: UnitId, unit: UnitId) -> Result<Option<Shape>, StoreError> {
    let shape: Option<String> = scalar("SELECT shape FROM boundary WHERE commune = $1 AND unit = $2")
        .bind(stored(commune.0))
        .bind(stored(unit.0))
        .fetch_optional(read)
        .await?;
    let of = RowOf { table: "boundary", id: unit };
    shape.map(|shape| of.column("shape", serde_json::from_str(&shape))).transpose()
}

/// The boundaries of a commune and of its villages, by unit.
pub async fn of_commune(read: &mut Read, commune: UnitId) -> Result<Vec<(UnitId, Shape)>, StoreError> {
    let rows: Vec<(i64, String)> = sql("SELECT unit, shape FROM boundary WHERE commune = $1 ORDER BY unit")
        .bind(stored(commune.0))
        .fetch_all(read)
        .await?;
    let of = RowOf { table: "boundary", id: commune };
    rows.into_iter()
        .map(|(unit, shape)| Ok((UnitId(of.number("unit", unit)?), of.column("shape", serde_json::from_str(&shape))?)))
        .collect()
}
