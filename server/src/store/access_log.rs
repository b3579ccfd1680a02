//! The log of reads of sensitive data: appended to, read by auditors, never changed.

use schemas::ids::{AccountId, UnitId};
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::log::Access;

#[derive(FromRow)]
struct Row {
    commune: i64,
    id: i64,
    at: i64,
    account: i64,
    action: String,
    subject: String,
}

impl TryFrom<Row> for Access {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "access_log", id: format!("{}/{}", row.commune, row.id) };
        Ok(Self {
            commune: UnitId(of.number("commune", row.commune)?),
            at: of.instant("at", row.at)?,
            account: AccountId(of.number("account", row.account)?),
            action: of.parse("action", &row.action)?,
            subject: row.subject,
        })
    }
}

/// Writes one read down. The number counts within the commune; on PostgreSQL it will come from the commune's counter row.
pub async fn append(tx: &mut Tx, access: &Access) -> Result<(), StoreError> {
    sql("INSERT INTO access_log (commune, id, at, account, action, subject) \
         SELECT $1, coalesce(max(id), 0) + 1, $2, $3, $4, $5 FROM access_log WHERE commune = $1")
    .bind(stored(access.commune.0))
    .bind(milliseconds(access.at))
    .bind(stored(access.account.0))
    .bind(access.action.code())
    .bind(&access.subject)
    .execute(tx)
    .await?;
    Ok(())
}

/// The newest reads of a commune's data, newest first.
pub async fn newest(read: &mut Read, commune: UnitId, at_most: u32) -> Result<Vec<Access>, StoreError> {
    let rows: Vec<Row> = sql("SELECT commune, id, at, account, action, subject FROM access_log \
         WHERE commune = $1 ORDER BY id DESC LIMIT $2")
    .bind(stored(commune.0))
    .bind(i64::from(at_most))
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Access::try_from).collect()
}
