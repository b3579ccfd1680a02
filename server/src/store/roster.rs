//! Compiled lists and their sealed leaves: only ever added to.

use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::Hash;
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::roster::{LeafKind, StoredLine, StoredRoster};

#[derive(FromRow)]
struct Row {
    commune: i64,
    number: i64,
    root: Vec<u8>,
    header: String,
    compiled_at: i64,
    ledger: i64,
}

impl TryFrom<Row> for StoredRoster {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "roster", id: format!("{}/{}", row.commune, row.number) };
        Ok(Self {
            number: of.number("number", row.number)?,
            root: Hash(of.bytes("root", row.root)?),
            header: of.column("header", serde_json::from_str(&row.header))?,
            compiled_at: of.instant("compiled_at", row.compiled_at)?,
            ledger: of.number("ledger", row.ledger)?,
        })
    }
}

#[derive(FromRow)]
struct LineRow {
    position: i64,
    kind: String,
    household: Vec<u8>,
    leaf: Vec<u8>,
    sealed: Vec<u8>,
}

impl TryFrom<LineRow> for StoredLine {
    type Error = StoreError;
    fn try_from(row: LineRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "roster_line", id: row.position };
        let kind = match row.kind.as_str() {
            "line" => LeafKind::Line,
            "unassessed" => LeafKind::Unassessed,
            _ => of.column("kind", Err("not a kind"))?,
        };
        Ok(Self {
            kind,
            household: HouseholdId(of.bytes("household", row.household)?),
            leaf: Hash(of.bytes("leaf", row.leaf)?),
            sealed: row.sealed,
        })
    }
}

/// Adds a list with its leaves. One number twice is refused by the key.
pub async fn insert(
    tx: &mut Tx,
    commune: UnitId,
    round: &RoundId,
    roster: &StoredRoster,
    lines: &[StoredLine],
) -> Result<(), StoreError> {
    sql("INSERT INTO roster (commune, round, number, root, header, compiled_at, ledger) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .bind(stored(roster.number))
    .bind(roster.root.0.as_slice())
    .bind(roster.header.text())
    .bind(milliseconds(roster.compiled_at))
    .bind(stored(roster.ledger))
    .execute(tx)
    .await?;
    for (line, position) in lines.iter().zip(1..) {
        insert_line(tx, commune, round, roster.number, position, line).await?;
    }
    Ok(())
}

async fn insert_line(
    tx: &mut Tx,
    commune: UnitId,
    round: &RoundId,
    number: u64,
    position: i64,
    line: &StoredLine,
) -> Result<(), StoreError> {
    sql("INSERT INTO roster_line (commune, round, number, position, kind, household, leaf, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .bind(stored(number))
    .bind(position)
    .bind(match line.kind {
        LeafKind::Line => "line",
        LeafKind::Unassessed => "unassessed",
    })
    .bind(line.household.0.as_slice())
    .bind(line.leaf.0.as_slice())
    .bind(&line.sealed)
    .execute(tx)
    .await?;
    Ok(())
}

/// The newest list of a commune in a round; `None` before the first.
pub async fn newest(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Option<StoredRoster>, StoreError> {
    let row: Option<Row> = sql("SELECT commune, number, root, header, compiled_at, ledger FROM roster \
         WHERE commune = $1 AND round = $2 ORDER BY number DESC LIMIT 1")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_optional(read)
    .await?;
    row.map(StoredRoster::try_from).transpose()
}

/// All lists of a commune in a round, by number.
pub async fn of_commune(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<StoredRoster>, StoreError> {
    let rows: Vec<Row> = sql("SELECT commune, number, root, header, compiled_at, ledger FROM roster \
         WHERE commune = $1 AND round = $2 ORDER BY number")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(StoredRoster::try_from).collect()
}

/// The leaves of a list behind its header, in the order of its tree.
pub async fn lines(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
    number: u64,
) -> Result<Vec<StoredLine>, StoreError> {
    let rows: Vec<LineRow> = sql("SELECT position, kind, household, leaf, sealed FROM roster_line \
         WHERE commune = $1 AND round = $2 AND number = $3 ORDER BY position")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .bind(stored(number))
    .fetch_all(read)
    .await?;
    rows.into_iter().map(StoredLine::try_from).collect()
}
