//! The server's signing key, sealed. Opening it is the business of whoever holds the master key.

use jiff::Timestamp;

use super::row::{RowOf, milliseconds};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::token::hex;

/// A signing key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedServerKey {
    /// The public half.
    pub public_key: [u8; 32],
    /// The private half in an envelope of the master key.
    pub sealed: Vec<u8>,
}

/// Adds a key; the newest one signs.
pub async fn insert(tx: &mut Tx, key: &SealedServerKey, now: Timestamp) -> Result<(), StoreError> {
    sql("INSERT INTO server_key (public_key, sealed, created_at) VALUES ($1, $2, $3)")
        .bind(key.public_key.as_slice())
        .bind(&key.sealed)
        .bind(milliseconds(now))
        .execute(tx)
        .await?;
    Ok(())
}

/// The key that signs now; `None` before the first start is over.
pub async fn newest(read: &mut Read) -> Result<Option<SealedServerKey>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> =
        sql("SELECT public_key, sealed FROM server_key ORDER BY created_at DESC, public_key LIMIT 1")
            .fetch_optional(read)
            .await?;
    row.map(|(public_key, sealed)| {
        let of = RowOf { table: "server_key", id: hex(&public_key) };
        Ok(SealedServerKey { public_key: of.bytes("public_key", public_key)?, sealed })
    })
    .transpose()
}
