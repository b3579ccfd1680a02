//! Logs: one per village and round, only ever added to.

use std::collections::BTreeMap;

use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use sqlx::FromRow;
use sync_protocol::hash::RowHash;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, Digest, Row, RowEvent};
use sync_protocol::message::{LogEnd, ScopeCursor};

use super::row::{RowOf, stored};
use super::statement::{ROWS, insert_rows, sql};
use super::{Read, StoreError, Tx};
use crate::domain::field::{LogState, LoggedRow};

#[derive(FromRow)]
struct StateRow {
    village: i64,
    generation: i64,
    position: i64,
    row_hash: Vec<u8>,
    digest: Vec<u8>,
    households: i64,
}

impl TryFrom<StateRow> for (UnitId, LogState) {
    type Error = StoreError;
    fn try_from(row: StateRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "log_state", id: row.village.to_string() };
        let state = LogState {
            generation: of.number("generation", row.generation)?,
            position: of.number("position", row.position)?,
            row: RowHash(of.bytes("row_hash", row.row_hash)?),
            digest: digest(&of, row.digest, row.households)?,
        };
        Ok((UnitId(of.number("village", row.village)?), state))
    }
}

#[derive(FromRow)]
struct LogRow {
    position: i64,
    written_at: i64,
    household: Vec<u8>,
    event: Vec<u8>,
    row_hash: Vec<u8>,
    digest: Vec<u8>,
    households: i64,
}

impl TryFrom<LogRow> for LoggedRow {
    type Error = StoreError;
    fn try_from(row: LogRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "log_row", id: row.position.to_string() };
        let event: RowEvent = of.column("event", RowEvent::from_bytes(&row.event))?;
        Ok(Self {
            row: Row {
                position: of.number("position", row.position)?,
                written_at_ms: row.written_at,
                household: HouseholdId(of.bytes("household", row.household)?),
                event,
            },
            hash: RowHash(of.bytes("row_hash", row.row_hash)?),
            digest: digest(&of, row.digest, row.households)?,
        })
    }
}

fn digest(of: &RowOf<String>, sum: Vec<u8>, households: i64) -> Result<Digest, StoreError> {
    Ok(Digest::stored(of.bytes("digest", sum)?, of.number("households", households)?))
}

/// Where a log stands; `None` before its first row.
pub async fn state(read: &mut Read, commune: UnitId, scope: &Scope) -> Result<Option<LogState>, StoreError> {
    let row: Option<StateRow> =
        sql("SELECT village, generation, position, row_hash, digest, households FROM log_state \
         WHERE commune = $1 AND village = $2 AND round = $3")
        .bind(stored(commune.0))
        .bind(stored(scope.village.0))
        .bind(scope.round.as_str())
        .fetch_optional(read)
        .await?;
    Ok(row.map(<(UnitId, LogState)>::try_from).transpose()?.map(|(_, state)| state))
}

/// Where the logs of a commune stand in a round, by village; those without a row are left out.
pub async fn states(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<BTreeMap<UnitId, LogState>, StoreError> {
    let rows: Vec<StateRow> = sql("SELECT village, generation, position, row_hash, digest, households FROM log_state \
         WHERE commune = $1 AND round = $2")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(<(UnitId, LogState)>::try_from).collect()
}

/// Where the logs of the villages end that somebody surveys in a round, each with its commune, by commune and village:
/// where a log has no row, at its beginning. One question for all of it: this is most of what a sync without news costs.
pub async fn of_account(
    read: &mut Read,
    account: AccountId,
    round: &RoundId,
) -> Result<Vec<(UnitId, LogEnd)>, StoreError> {
    let rows: Vec<EndRow> = sql("SELECT a.commune, a.village, s.generation, s.position, s.row_hash FROM assignment a \
             LEFT JOIN log_state s ON s.commune = a.commune AND s.village = a.village AND s.round = a.round \
             WHERE a.account = $1 AND a.round = $2 ORDER BY a.commune, a.village")
    .bind(stored(account.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(|row| row.of_round(round)).collect()
}

#[derive(FromRow)]
struct EndRow {
    commune: i64,
    village: i64,
    generation: Option<i64>,
    position: Option<i64>,
    row_hash: Option<Vec<u8>>,
}

impl EndRow {
    fn of_round(self, round: &RoundId) -> Result<(UnitId, LogEnd), StoreError> {
        let of = RowOf { table: "assignment", id: self.village };
        let cursor = Cursor {
            generation: of.number("generation", self.generation.unwrap_or_default())?,
            position: of.number("position", self.position.unwrap_or_default())?,
        };
        let scope = Scope { village: UnitId(of.number("village", self.village)?), round: round.clone() };
        let row = self.row_hash.map(|row| of.bytes("row_hash", row).map(RowHash)).transpose()?;
        let end = LogEnd { at: ScopeCursor { scope, cursor }, row: row.filter(|_| cursor.position > 0) };
        Ok((UnitId(of.number("commune", self.commune)?), end))
    }
}

/// Writes where a log stands.
pub async fn put_state(tx: &mut Tx, commune: UnitId, scope: &Scope, state: &LogState) -> Result<(), StoreError> {
    sql("INSERT INTO log_state (commune, village, round, generation, position, row_hash, digest, households) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (commune, village, round) \
         DO UPDATE SET generation = excluded.generation, position = excluded.position, row_hash = excluded.row_hash, \
                       digest = excluded.digest, households = excluded.households")
    .bind(stored(commune.0))
    .bind(stored(scope.village.0))
    .bind(scope.round.as_str())
    .bind(stored(state.generation))
    .bind(stored(state.position))
    .bind(state.row.0.as_slice())
    .bind(state.digest.sum().as_slice())
    .bind(stored(state.digest.count()))
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds rows.
pub async fn append(tx: &mut Tx, commune: UnitId, scope: &Scope, rows: &[LoggedRow]) -> Result<(), StoreError> {
    for rows in rows.chunks(ROWS) {
        let before = "INSERT INTO log_row (commune, village, round, position, written_at, household, event, row_hash, \
                                           digest, households)";
        let insert = insert_rows(before, rows, "", |row, logged| {
            row.bind(stored(commune.0))
                .bind(stored(scope.village.0))
                .bind(scope.round.as_str())
                .bind(stored(logged.row.position))
                .bind(logged.row.written_at_ms)
                .bind(logged.row.household.0.as_slice())
                .bind(logged.row.event.to_bytes())
                .bind(logged.hash.0.as_slice())
                .bind(logged.digest.sum().to_vec())
                .bind(stored(logged.digest.count()))
        });
        insert.execute(tx).await?;
    }
    Ok(())
}

/// The rows after a position, at most so many.
pub async fn after(
    read: &mut Read,
    commune: UnitId,
    scope: &Scope,
    position: u64,
    most: u32,
) -> Result<Vec<LoggedRow>, StoreError> {
    let rows: Vec<LogRow> =
        sql("SELECT position, written_at, household, event, row_hash, digest, households FROM log_row \
         WHERE commune = $1 AND village = $2 AND round = $3 AND position > $4 ORDER BY position LIMIT $5")
        .bind(stored(commune.0))
        .bind(stored(scope.village.0))
        .bind(scope.round.as_str())
        .bind(stored(position))
        .bind(i64::from(most))
        .fetch_all(read)
        .await?;
    rows.into_iter().map(LoggedRow::try_from).collect()
}

/// The villages of a commune that have a log in a round.
pub async fn villages(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<UnitId>, StoreError> {
    let rows: Vec<(i64,)> = sql("SELECT village FROM log_state WHERE commune = $1 AND round = $2 ORDER BY village")
        .bind(stored(commune.0))
        .bind(round.as_str())
        .fetch_all(read)
        .await?;
    let of = RowOf { table: "log_state", id: commune };
    rows.into_iter().map(|(village,)| of.number("village", village).map(UnitId)).collect()
}
