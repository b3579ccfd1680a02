//! Sessions of the office app.

use jiff::Timestamp;
use schemas::ids::AccountId;
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored, updated};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::account::Session;
use crate::token::{SecretHash, hex};

#[derive(FromRow)]
struct Row {
    hash: Vec<u8>,
    account: i64,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for Session {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "session", id: hex(&row.hash) };
        Ok(Self {
            account: AccountId(of.number("account", row.account)?),
            created_at: of.instant("created_at", row.created_at)?,
            expires_at: of.instant("expires_at", row.expires_at)?,
            revoked_at: of.maybe_instant("revoked_at", row.revoked_at)?,
            hash: SecretHash(of.bytes("hash", row.hash)?),
        })
    }
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    sql("INSERT INTO session (hash, account, created_at, expires_at, revoked_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(session.hash.0.as_slice())
        .bind(stored(session.account.0))
        .bind(milliseconds(session.created_at))
        .bind(milliseconds(session.expires_at))
        .bind(session.revoked_at.map(milliseconds))
        .execute(tx)
        .await?;
    Ok(())
}

/// The session with this token's hash, whether it still holds or not.
pub async fn by_hash(read: &mut Read, hash: SecretHash) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> = sql("SELECT hash, account, created_at, expires_at, revoked_at FROM session WHERE hash = $1")
        .bind(hash.0.as_slice())
        .fetch_optional(read)
        .await?;
    row.map(Session::try_from).transpose()
}

/// Ends a session; ending it again keeps the first time.
pub async fn revoke(tx: &mut Tx, hash: SecretHash, now: Timestamp) -> Result<(), StoreError> {
    let done = sql("UPDATE session SET revoked_at = coalesce(revoked_at, $2) WHERE hash = $1")
        .bind(hash.0.as_slice())
        .bind(milliseconds(now))
        .execute(tx)
        .await?;
    updated("session", hex(&hash.0), done)
}

/// Ends every session of an account but one, or every one; answers how many.
pub async fn revoke_others(
    tx: &mut Tx,
    account: AccountId,
    kept: Option<SecretHash>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sql(
        "UPDATE session SET revoked_at = $3 WHERE account = $1 AND revoked_at IS NULL AND hash <> coalesce($2, $4)",
    )
    .bind(stored(account.0))
    .bind(kept.map(|hash| hash.0.to_vec()))
    .bind(milliseconds(now))
    // No token hashes to nothing, so with nothing to keep every session differs from it.
    .bind([].as_slice())
    .execute(tx)
    .await?;
    Ok(done)
}

/// Forgets sessions that ended by themselves before an instant; answers how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sql("DELETE FROM session WHERE expires_at < $1").bind(milliseconds(before)).execute(tx).await?;
    Ok(done)
}
