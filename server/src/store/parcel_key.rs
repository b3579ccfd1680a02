//! Keys that parcels are sealed to, themselves sealed. Opening them is the business of whoever holds the master key.

use jiff::Timestamp;
use sync_protocol::hash::SealKeyId;

use super::row::{RowOf, milliseconds};
use super::{Read, StoreError, Tx};

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedParcelKey {
    /// Its name, which parcels show.
    pub id: SealKeyId,
    /// The private half in an envelope of the master key.
    pub sealed: Vec<u8>,
}

/// Adds a key; the newest one is given out.
pub async fn insert(tx: &mut Tx, key: &SealedParcelKey, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO parcel_key (id, sealed, created_at) VALUES ($1, $2, $3)")
        .bind(key.id.0.as_slice())
        .bind(&key.sealed)
        .bind(milliseconds(now))
        .execute(tx.sqlite())
        .await?;
    Ok(())
}

/// The key that is given out now; `None` before the first start is over.
pub async fn newest(read: &mut Read) -> Result<Option<SealedParcelKey>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT id, sealed FROM parcel_key ORDER BY created_at DESC, id LIMIT 1")
            .fetch_optional(read.sqlite())
            .await?;
    row.map(stored).transpose()
}

/// The key of this name.
pub async fn by_id(read: &mut Read, id: SealKeyId) -> Result<Option<SealedParcelKey>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as("SELECT id, sealed FROM parcel_key WHERE id = $1")
        .bind(id.0.as_slice())
        .fetch_optional(read.sqlite())
        .await?;
    row.map(stored).transpose()
}

fn stored((id, sealed): (Vec<u8>, Vec<u8>)) -> Result<SealedParcelKey, StoreError> {
    let of = RowOf { table: "parcel_key", id: format!("{id:02x?}") };
    Ok(SealedParcelKey { id: SealKeyId(of.bytes("id", id)?), sealed })
}
