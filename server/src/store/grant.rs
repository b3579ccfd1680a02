//! Grants: who holds which role where and when.

use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored, updated};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};
use crate::domain::role::{Grant, GrantId, Role};

#[derive(FromRow)]
struct Row {
    id: i64,
    account: i64,
    role: String,
    unit: i64,
    from_at: i64,
    to_at: Option<i64>,
}

impl TryFrom<Row> for Grant {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "role_grant", id: row.id };
        Ok(Self {
            id: GrantId(of.number("id", row.id)?),
            account: AccountId(of.number("account", row.account)?),
            role: of.parse("role", &row.role)?,
            unit: UnitId(of.number("unit", row.unit)?),
            from_at: of.instant("from_at", row.from_at)?,
            to_at: of.maybe_instant("to_at", row.to_at)?,
        })
    }
}

/// Gives a role from now on.
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    role: Role,
    unit: UnitId,
    now: Timestamp,
) -> Result<GrantId, StoreError> {
    let id: i64 = scalar("INSERT INTO role_grant (account, role, unit, from_at) VALUES ($1, $2, $3, $4) RETURNING id")
        .bind(stored(account.0))
        .bind(role.code())
        .bind(stored(unit.0))
        .bind(milliseconds(now))
        .fetch_one(tx)
        .await?;
    Ok(GrantId(RowOf { table: "role_grant", id }.number("id", id)?))
}

/// Takes a role from now on; taking it again keeps the first time.
pub async fn end(tx: &mut Tx, id: GrantId, now: Timestamp) -> Result<(), StoreError> {
    let done = sql("UPDATE role_grant SET to_at = coalesce(to_at, $2) WHERE id = $1")
        .bind(stored(id.0))
        .bind(milliseconds(now))
        .execute(tx)
        .await?;
    updated("role_grant", id, done)
}

/// The grant with this id.
pub async fn by_id(read: &mut Read, id: GrantId) -> Result<Option<Grant>, StoreError> {
    let row: Option<Row> = sql("SELECT id, account, role, unit, from_at, to_at FROM role_grant WHERE id = $1")
        .bind(stored(id.0))
        .fetch_optional(read)
        .await?;
    row.map(Grant::try_from).transpose()
}

/// The grants that an account holds at an instant, by id.
pub async fn effective(read: &mut Read, account: AccountId, at: Timestamp) -> Result<Vec<Grant>, StoreError> {
    let rows: Vec<Row> = sql("SELECT id, account, role, unit, from_at, to_at FROM role_grant \
         WHERE account = $1 AND from_at <= $2 AND (to_at IS NULL OR to_at > $2) ORDER BY id")
    .bind(stored(account.0))
    .bind(milliseconds(at))
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Grant::try_from).collect()
}
