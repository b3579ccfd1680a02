//! Points tables of offices: added, confirmed once, never changed.

use schemas::ids::{AccountId, StandardId, UnitId};
use schemas::ledger::Hash;
use schemas::standard::PointsFiles;
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored, updated};
use super::statement::{sql, sql_of};
use super::{Read, StoreError, Tx};
use crate::domain::points_table::{OfficeTable, Signature, TableState};

#[derive(FromRow)]
struct Row {
    unit: i64,
    hash: Vec<u8>,
    standard: String,
    source: String,
    numbers: String,
    mapping: String,
    loaded_by: i64,
    loaded_at: i64,
    confirmed_by: Option<i64>,
    confirmed_at: Option<i64>,
}

impl TryFrom<Row> for OfficeTable {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "points_table", id: format!("{}/{:02x?}", row.unit, row.hash) };
        let by = AccountId(of.number("loaded_by", row.loaded_by)?);
        let loaded = Signature { by, at: of.instant("loaded_at", row.loaded_at)? };
        let state = match row.confirmed_by.zip(row.confirmed_at) {
            None => TableState::Loaded(loaded),
            Some((by, at)) => {
                let by = AccountId(of.number("confirmed_by", by)?);
                TableState::Confirmed { loaded, confirmed: Signature { by, at: of.instant("confirmed_at", at)? } }
            }
        };
        Ok(Self {
            unit: UnitId(of.number("unit", row.unit)?),
            hash: Hash(of.bytes("hash", row.hash)?),
            standard: of.parse::<StandardId>("standard", &row.standard)?,
            source: row.source,
            files: PointsFiles { numbers: row.numbers, mapping: row.mapping },
            state,
        })
    }
}

const COLUMNS: &str =
    "unit, hash, standard, source, numbers, mapping, loaded_by, loaded_at, confirmed_by, confirmed_at";

/// Keeps a table that was loaded; one that the unit has already stays as it is.
pub async fn insert(tx: &mut Tx, table: &OfficeTable) -> Result<(), StoreError> {
    let (loaded, confirmed) = (table.state.loaded(), table.state.confirmed());
    sql(
        "INSERT INTO points_table (unit, hash, standard, source, numbers, mapping, loaded_by, loaded_at, confirmed_by, \
                                   confirmed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (unit, hash) DO NOTHING",
    )
    .bind(stored(table.unit.0))
    .bind(table.hash.0.as_slice())
    .bind(table.standard.as_str())
    .bind(&table.source)
    .bind(&table.files.numbers)
    .bind(&table.files.mapping)
    .bind(stored(loaded.by.0))
    .bind(milliseconds(loaded.at))
    .bind(confirmed.map(|confirmed| stored(confirmed.by.0)))
    .bind(confirmed.map(|confirmed| milliseconds(confirmed.at)))
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes down who confirmed a table that nobody had confirmed.
pub async fn confirm(tx: &mut Tx, unit: UnitId, hash: Hash, confirmed: Signature) -> Result<(), StoreError> {
    let done = sql("UPDATE points_table SET confirmed_by = $3, confirmed_at = $4 \
         WHERE unit = $1 AND hash = $2 AND confirmed_by IS NULL")
    .bind(stored(unit.0))
    .bind(hash.0.as_slice())
    .bind(stored(confirmed.by.0))
    .bind(milliseconds(confirmed.at))
    .execute(tx)
    .await?;
    updated("points_table", hash, done)
}

/// A table of a unit.
pub async fn by_hash(read: &mut Read, unit: UnitId, hash: Hash) -> Result<Option<OfficeTable>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM points_table WHERE unit = $1 AND hash = $2");
    let row: Option<Row> = sql_of(sql).bind(stored(unit.0)).bind(hash.0.as_slice()).fetch_optional(read).await?;
    row.map(OfficeTable::try_from).transpose()
}

/// The tables of a unit, in the order in which they were loaded.
pub async fn of_unit(read: &mut Read, unit: UnitId) -> Result<Vec<OfficeTable>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM points_table WHERE unit = $1 ORDER BY loaded_at, hash");
    let rows: Vec<Row> = sql_of(sql).bind(stored(unit.0)).fetch_all(read).await?;
    rows.into_iter().map(OfficeTable::try_from).collect()
}

/// The files with this hash, whichever unit loaded them.
pub async fn files(read: &mut Read, hash: Hash) -> Result<Option<PointsFiles>, StoreError> {
    let found: Option<(String, String)> =
        sql("SELECT numbers, mapping FROM points_table WHERE hash = $1 ORDER BY unit LIMIT 1")
            .bind(hash.0.as_slice())
            .fetch_optional(read)
            .await?;
    Ok(found.map(|(numbers, mapping)| PointsFiles { numbers, mapping }))
}
