//! What phones gave back after the server was set back: the evidence, and which changes came that way.

use schemas::ids::{AccountId, DeviceId};
use sync_protocol::hash::{ChangeHash, PublicKey, RowHash};

use super::row::{RowOf, milliseconds, stored};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::field::{DocumentKey, GivenBack, StoredChapter};

/// Keeps a chapter; the same one again changes nothing.
pub async fn put(tx: &mut Tx, chapter: &StoredChapter) -> Result<(), StoreError> {
    sql("INSERT INTO chapter (commune, head, device, received_at, rows) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (commune, head) DO NOTHING")
    .bind(stored(chapter.commune.0))
    .bind(chapter.head.0.as_slice())
    .bind(chapter.device.0.as_slice())
    .bind(milliseconds(chapter.received_at))
    .bind(&chapter.rows)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes down that a change was given back; again changes nothing.
pub async fn give_back(tx: &mut Tx, key: &DocumentKey, given: &GivenBack) -> Result<(), StoreError> {
    sql("INSERT INTO given_back (commune, round, household, hash, head, device, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (commune, round, household, hash) DO NOTHING")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(given.hash.0.as_slice())
    .bind(given.head.0.as_slice())
    .bind(given.device.0.as_slice())
    .bind(milliseconds(given.at))
    .execute(tx)
    .await?;
    Ok(())
}

/// How a change came back; `None` when nobody gave it back.
pub async fn given_back(read: &mut Read, key: &DocumentKey, hash: ChangeHash) -> Result<Option<GivenBack>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>, i64)> = sql("SELECT head, device, at FROM given_back \
         WHERE commune = $1 AND round = $2 AND household = $3 AND hash = $4")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(hash.0.as_slice())
    .fetch_optional(read)
    .await?;
    let of = RowOf { table: "given_back", id: hash.to_string() };
    row.map(|(head, device, at)| {
        let (head, device) = (RowHash(of.bytes("head", head)?), DeviceId(of.bytes("device", device)?));
        Ok(GivenBack { hash, head, device, at: of.instant("at", at)? })
    })
    .transpose()
}

/// Every key under which somebody may have written, with whose it is: devices, and the server's own for every account.
pub async fn writers(read: &mut Read) -> Result<Vec<(PublicKey, AccountId)>, StoreError> {
    let rows: Vec<(Vec<u8>, i64)> = sql("SELECT public_key, account FROM device \
         UNION ALL SELECT server_key.public_key, account.id FROM server_key, account")
    .fetch_all(read)
    .await?;
    let of = RowOf { table: "device", id: "all" };
    rows.into_iter()
        .map(|(key, account)| Ok((PublicKey(of.bytes("public_key", key)?), AccountId(of.number("account", account)?))))
        .collect()
}
