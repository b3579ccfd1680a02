//! Assignments: who surveys which village in a round.

use schemas::ids::{AccountId, RoundId, UnitId};
use sqlx::FromRow;

use super::row::{RowOf, stored, updated};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::round::Assignment;

#[derive(FromRow)]
struct Row {
    commune: i64,
    round: String,
    village: i64,
    account: i64,
}

impl TryFrom<Row> for Assignment {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = format!("{}/{}/{}/{}", row.commune, row.round, row.village, row.account);
        let of = RowOf { table: "assignment", id };
        Ok(Self {
            commune: UnitId(of.number("commune", row.commune)?),
            round: of.parse("round", &row.round)?,
            village: UnitId(of.number("village", row.village)?),
            account: AccountId(of.number("account", row.account)?),
        })
    }
}

/// Assigns; assigning twice changes nothing.
pub async fn insert(tx: &mut Tx, assignment: &Assignment) -> Result<(), StoreError> {
    sql("INSERT INTO assignment (commune, round, village, account) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (commune, round, village, account) DO NOTHING")
    .bind(stored(assignment.commune.0))
    .bind(assignment.round.as_str())
    .bind(stored(assignment.village.0))
    .bind(stored(assignment.account.0))
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes an assignment back.
pub async fn delete(tx: &mut Tx, assignment: &Assignment) -> Result<(), StoreError> {
    let done = sql("DELETE FROM assignment WHERE commune = $1 AND round = $2 AND village = $3 AND account = $4")
        .bind(stored(assignment.commune.0))
        .bind(assignment.round.as_str())
        .bind(stored(assignment.village.0))
        .bind(stored(assignment.account.0))
        .execute(tx)
        .await?;
    updated("assignment", assignment.village, done)
}

/// The assignments of a commune in a round, by village and account.
pub async fn of_commune(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<Assignment>, StoreError> {
    let rows: Vec<Row> = sql("SELECT commune, round, village, account FROM assignment \
         WHERE commune = $1 AND round = $2 ORDER BY village, account")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Assignment::try_from).collect()
}

/// The assignments of a person in a round, by commune and village.
pub async fn of_account(read: &mut Read, account: AccountId, round: &RoundId) -> Result<Vec<Assignment>, StoreError> {
    let rows: Vec<Row> = sql("SELECT commune, round, village, account FROM assignment \
         WHERE account = $1 AND round = $2 ORDER BY commune, village")
    .bind(stored(account.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Assignment::try_from).collect()
}
