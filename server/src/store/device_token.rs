//! Short-lived tokens of devices.

use jiff::Timestamp;
use schemas::ids::DeviceId;
use sqlx::FromRow;

use super::row::{RowOf, milliseconds};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::device::DeviceToken;
use crate::token::{SecretHash, hex};

#[derive(FromRow)]
struct Row {
    hash: Vec<u8>,
    device: Vec<u8>,
    expires_at: i64,
}

impl TryFrom<Row> for DeviceToken {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "device_token", id: hex(&row.hash) };
        Ok(Self {
            device: DeviceId(of.bytes("device", row.device)?),
            expires_at: of.instant("expires_at", row.expires_at)?,
            hash: SecretHash(of.bytes("hash", row.hash)?),
        })
    }
}

/// Adds a token.
pub async fn insert(tx: &mut Tx, token: &DeviceToken) -> Result<(), StoreError> {
    sql("INSERT INTO device_token (hash, device, expires_at) VALUES ($1, $2, $3)")
        .bind(token.hash.0.as_slice())
        .bind(token.device.0.as_slice())
        .bind(milliseconds(token.expires_at))
        .execute(tx)
        .await?;
    Ok(())
}

/// The token with this hash, whether it still holds or not.
pub async fn by_hash(read: &mut Read, hash: SecretHash) -> Result<Option<DeviceToken>, StoreError> {
    let row: Option<Row> = sql("SELECT hash, device, expires_at FROM device_token WHERE hash = $1")
        .bind(hash.0.as_slice())
        .fetch_optional(read)
        .await?;
    row.map(DeviceToken::try_from).transpose()
}

/// Forgets the tokens of a device that ended before an instant; answers how many.
pub async fn delete_expired(tx: &mut Tx, device: DeviceId, before: Timestamp) -> Result<u64, StoreError> {
    let done = sql("DELETE FROM device_token WHERE device = $1 AND expires_at < $2")
        .bind(device.0.as_slice())
        .bind(milliseconds(before))
        .execute(tx)
        .await?;
    Ok(done)
}
