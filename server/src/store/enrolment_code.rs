//! Enrolment codes: each lets one phone in, once.

use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored};
use super::statement::sql;
use super::{StoreError, Tx};
use crate::domain::device::EnrolmentCode;
use crate::token::{SecretHash, hex};

#[derive(FromRow)]
struct Row {
    hash: Vec<u8>,
    account: i64,
    unit: i64,
    created_by: i64,
    expires_at: i64,
}

impl TryFrom<Row> for EnrolmentCode {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "enrolment_code", id: hex(&row.hash) };
        Ok(Self {
            account: AccountId(of.number("account", row.account)?),
            unit: UnitId(of.number("unit", row.unit)?),
            created_by: AccountId(of.number("created_by", row.created_by)?),
            expires_at: of.instant("expires_at", row.expires_at)?,
            hash: SecretHash(of.bytes("hash", row.hash)?),
        })
    }
}

/// Adds a code.
pub async fn insert(tx: &mut Tx, code: &EnrolmentCode) -> Result<(), StoreError> {
    sql("INSERT INTO enrolment_code (hash, account, unit, created_by, expires_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(code.hash.0.as_slice())
        .bind(stored(code.account.0))
        .bind(stored(code.unit.0))
        .bind(stored(code.created_by.0))
        .bind(milliseconds(code.expires_at))
        .execute(tx)
        .await?;
    Ok(())
}

/// Uses a code up; `None` when there is no such code, it was used before or its time is over.
pub async fn take(tx: &mut Tx, hash: SecretHash, now: Timestamp) -> Result<Option<EnrolmentCode>, StoreError> {
    let row: Option<Row> =
        sql("UPDATE enrolment_code SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 \
         RETURNING hash, account, unit, created_by, expires_at")
        .bind(hash.0.as_slice())
        .bind(milliseconds(now))
        .fetch_optional(tx)
        .await?;
    row.map(EnrolmentCode::try_from).transpose()
}

/// Forgets codes whose time was over before an instant; answers how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sql("DELETE FROM enrolment_code WHERE expires_at < $1").bind(milliseconds(before)).execute(tx).await?;
    Ok(done)
}
