//! Households: where each belongs and its wrapped key.

use schemas::ids::{HouseholdId, UnitId};
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored, updated};
use super::statement::{ROWS, insert_rows, sql};
use super::{Read, StoreError, Tx, blob, clue};
use crate::domain::field::Home;

#[derive(FromRow)]
pub(super) struct HomeRow {
    id: Vec<u8>,
    commune: i64,
    village: i64,
    wrapped_key: Option<Vec<u8>>,
    created_at: i64,
}

impl TryFrom<HomeRow> for Home {
    type Error = StoreError;
    fn try_from(row: HomeRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "household", id: format!("{}/{:02x?}", row.commune, row.id) };
        Ok(Self {
            id: HouseholdId(of.bytes("id", row.id)?),
            commune: UnitId(of.number("commune", row.commune)?),
            village: UnitId(of.number("village", row.village)?),
            wrapped_key: row.wrapped_key,
            created_at: of.instant("created_at", row.created_at)?,
        })
    }
}

/// Adds a household.
pub async fn insert(tx: &mut Tx, home: &Home) -> Result<(), StoreError> {
    insert_all(tx, &[home]).await
}

/// Adds households.
pub async fn insert_all(tx: &mut Tx, homes: &[&Home]) -> Result<(), StoreError> {
    for homes in homes.chunks(ROWS) {
        let before = "INSERT INTO household (commune, id, village, wrapped_key, created_at)";
        let insert = insert_rows(before, homes, "", |row, home| {
            row.bind(stored(home.commune.0))
                .bind(home.id.0.as_slice())
                .bind(stored(home.village.0))
                .bind(&home.wrapped_key)
                .bind(milliseconds(home.created_at))
        });
        insert.execute(tx).await?;
    }
    Ok(())
}

/// The household with this id, wherever it belongs.
pub async fn by_id(read: &mut Read, id: HouseholdId) -> Result<Option<Home>, StoreError> {
    let row: Option<HomeRow> = sql("SELECT id, commune, village, wrapped_key, created_at FROM household WHERE id = $1")
        .bind(id.0.as_slice())
        .fetch_optional(read)
        .await?;
    row.map(Home::try_from).transpose()
}

/// The households of a village whose ids begin with these bytes; at most two, because two are one too many.
pub async fn beginning(
    read: &mut Read,
    commune: UnitId,
    village: UnitId,
    bytes: &[u8],
) -> Result<Vec<HouseholdId>, StoreError> {
    let bound = |fill: u8| -> Vec<u8> { bytes.iter().copied().chain(std::iter::repeat(fill)).take(16).collect() };
    let rows: Vec<(Vec<u8>,)> = sql(
        "SELECT id FROM household WHERE commune = $1 AND village = $2 AND id BETWEEN $3 AND $4 ORDER BY id LIMIT 2",
    )
    .bind(stored(commune.0))
    .bind(stored(village.0))
    .bind(bound(0))
    .bind(bound(0xff))
    .fetch_all(read)
    .await?;
    let of = RowOf { table: "household", id: village };
    rows.into_iter().map(|(id,)| of.bytes("id", id).map(HouseholdId)).collect()
}

/// All households of a commune, by id.
pub async fn of_commune(read: &mut Read, commune: UnitId) -> Result<Vec<Home>, StoreError> {
    let rows: Vec<HomeRow> =
        sql("SELECT id, commune, village, wrapped_key, created_at FROM household WHERE commune = $1 ORDER BY id")
            .bind(stored(commune.0))
            .fetch_all(read)
            .await?;
    rows.into_iter().map(Home::try_from).collect()
}

/// Writes down where a household belongs from now on.
pub async fn settle(tx: &mut Tx, home: &Home) -> Result<(), StoreError> {
    let done = sql("UPDATE household SET village = $1 WHERE commune = $2 AND id = $3")
        .bind(stored(home.village.0))
        .bind(stored(home.commune.0))
        .bind(home.id.0.as_slice())
        .execute(tx)
        .await?;
    updated("household", home.id, done)
}

/// Destroys a household's key, and removes what could be read of the household without it.
pub async fn erase(tx: &mut Tx, commune: UnitId, id: HouseholdId) -> Result<(), StoreError> {
    clue::forget(tx, commune, id).await?;
    blob::forget(tx, commune, id).await?;
    for statement in [
        "DELETE FROM household_view WHERE commune = $1 AND household = $2",
        "DELETE FROM disagreement_view WHERE commune = $1 AND household = $2",
    ] {
        sql(statement).bind(stored(commune.0)).bind(id.0.as_slice()).execute(tx).await?;
    }
    let done = sql("UPDATE household SET wrapped_key = NULL WHERE commune = $1 AND id = $2")
        .bind(stored(commune.0))
        .bind(id.0.as_slice())
        .execute(tx)
        .await?;
    updated("household", id, done)
}
