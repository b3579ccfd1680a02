//! Generations of logs that have ended: a server that was set back to an older copy starts every log anew.

use jiff::Timestamp;
use schemas::ids::{RoundId, UnitId};
use sqlx::FromRow;
use sync_protocol::hash::RowHash;
use sync_protocol::journal::Scope;

use super::row::{RowOf, milliseconds, stored};
use super::statement::{scalar, sql, sql_of};
use super::{Read, StoreError, Tx};
use crate::domain::field::EndedGeneration;

#[derive(FromRow)]
struct GenerationRow {
    village: i64,
    round: String,
    generation: i64,
    position: i64,
    shown: i64,
    ended_at: i64,
}

impl TryFrom<GenerationRow> for EndedGeneration {
    type Error = StoreError;
    fn try_from(row: GenerationRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "log_generation", id: format!("{}/{}", row.village, row.generation) };
        let round: RoundId = of.parse("round", &row.round)?;
        Ok(Self {
            scope: Scope { village: UnitId(of.number("village", row.village)?), round },
            generation: of.number("generation", row.generation)?,
            position: of.number("position", row.position)?,
            shown: of.number("shown", row.shown)?,
            ended_at: of.instant("ended_at", row.ended_at)?,
        })
    }
}

const COLUMNS: &str = "village, round, generation, position, shown, ended_at";

/// Every log there is, with its commune.
pub async fn logs(read: &mut Read) -> Result<Vec<(UnitId, Scope)>, StoreError> {
    let rows: Vec<(i64, i64, String)> =
        sql("SELECT commune, village, round FROM log_state ORDER BY commune, round, village").fetch_all(read).await?;
    let of = RowOf { table: "log_state", id: "all" };
    let log = |(commune, village, round): (i64, i64, String)| {
        let village = UnitId(of.number("village", village)?);
        Ok((UnitId(of.number("commune", commune)?), Scope { village, round: of.parse("round", &round)? }))
    };
    rows.into_iter().map(log).collect()
}

/// Writes down that the server was set back, and which generation its logs got.
pub async fn note_set_back(tx: &mut Tx, generation: u64, noticed_at: Timestamp) -> Result<(), StoreError> {
    sql("INSERT INTO set_back (generation, noticed_at) VALUES ($1, $2)")
        .bind(stored(generation))
        .bind(milliseconds(noticed_at))
        .execute(tx)
        .await?;
    Ok(())
}

/// The generation that the logs got when the server was last set back, if it ever was.
pub async fn last_set_back(read: &mut Read) -> Result<Option<u64>, StoreError> {
    let generation: Option<i64> = scalar("SELECT max(generation) FROM set_back").fetch_one(read).await?;
    let of = RowOf { table: "set_back", id: "newest" };
    generation.map(|generation| of.number("generation", generation)).transpose()
}

/// Writes down that a generation has ended; again changes nothing.
pub async fn end(tx: &mut Tx, commune: UnitId, ended: &EndedGeneration) -> Result<(), StoreError> {
    sql("INSERT INTO log_generation (commune, village, round, generation, position, shown, ended_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (commune, village, round, generation) DO NOTHING")
    .bind(stored(commune.0))
    .bind(stored(ended.scope.village.0))
    .bind(ended.scope.round.as_str())
    .bind(stored(ended.generation))
    .bind(stored(ended.position))
    .bind(stored(ended.shown))
    .bind(milliseconds(ended.ended_at))
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes down that a generation had come this far. Returns whether that is further than was known.
pub async fn show(
    tx: &mut Tx,
    commune: UnitId,
    scope: &Scope,
    generation: u64,
    position: u64,
) -> Result<bool, StoreError> {
    let done = sql("UPDATE log_generation SET shown = $5 \
         WHERE commune = $1 AND village = $2 AND round = $3 AND generation = $4 AND shown < $5")
    .bind(stored(commune.0))
    .bind(stored(scope.village.0))
    .bind(scope.round.as_str())
    .bind(stored(generation))
    .bind(stored(position))
    .execute(tx)
    .await?;
    Ok(done > 0)
}

/// A generation of a log that has ended; `None` when the server knows of no such one.
pub async fn ended(
    read: &mut Read,
    commune: UnitId,
    scope: &Scope,
    generation: u64,
) -> Result<Option<EndedGeneration>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM log_generation \
         WHERE commune = $1 AND village = $2 AND round = $3 AND generation = $4"
    );
    let row: Option<GenerationRow> = sql_of(sql)
        .bind(stored(commune.0))
        .bind(stored(scope.village.0))
        .bind(scope.round.as_str())
        .bind(stored(generation))
        .fetch_optional(read)
        .await?;
    row.map(EndedGeneration::try_from).transpose()
}

/// All that have ended in a commune and round, the oldest first.
pub async fn of_commune(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<EndedGeneration>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM log_generation WHERE commune = $1 AND round = $2 ORDER BY ended_at, village, generation"
    );
    let rows: Vec<GenerationRow> = sql_of(sql).bind(stored(commune.0)).bind(round.as_str()).fetch_all(read).await?;
    rows.into_iter().map(EndedGeneration::try_from).collect()
}

/// Gives a row of a log the hash that it has in the log's new generation.
pub async fn rehash(
    tx: &mut Tx,
    commune: UnitId,
    scope: &Scope,
    position: u64,
    hash: &RowHash,
) -> Result<(), StoreError> {
    sql("UPDATE log_row SET row_hash = $5 WHERE commune = $1 AND village = $2 AND round = $3 AND position = $4")
        .bind(stored(commune.0))
        .bind(stored(scope.village.0))
        .bind(scope.round.as_str())
        .bind(stored(position))
        .bind(hash.0.as_slice())
        .execute(tx)
        .await?;
    Ok(())
}
