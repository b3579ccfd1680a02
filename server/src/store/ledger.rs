//! The ledger: one list of decisions per commune, only ever added to.

use schemas::ids::UnitId;
use schemas::ledger::{Hash, LedgerEntry};

use super::row::{RowOf, stored};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};

/// Number and hash of a commune's last entry; `None` before the first.
pub async fn last(read: &mut Read, commune: UnitId) -> Result<Option<(u64, Hash)>, StoreError> {
    let row: Option<(i64, Vec<u8>)> =
        sql("SELECT number, hash FROM ledger WHERE commune = $1 ORDER BY number DESC LIMIT 1")
            .bind(stored(commune.0))
            .fetch_optional(read)
            .await?;
    let of = RowOf { table: "ledger", id: commune };
    row.map(|(number, hash)| Ok((of.number("number", number)?, Hash(of.bytes("hash", hash)?)))).transpose()
}

/// Adds an entry. One number twice is refused by the key.
pub async fn append(tx: &mut Tx, entry: &LedgerEntry) -> Result<(), StoreError> {
    sql("INSERT INTO ledger (commune, number, hash, entry) VALUES ($1, $2, $3, $4)")
        .bind(stored(entry.commune.0))
        .bind(stored(entry.number))
        .bind(entry.hash().0.as_slice())
        .bind(entry.text())
        .execute(tx)
        .await?;
    Ok(())
}

/// The text of an entry.
pub async fn text(read: &mut Read, commune: UnitId, number: u64) -> Result<Option<String>, StoreError> {
    let text = scalar("SELECT entry FROM ledger WHERE commune = $1 AND number = $2")
        .bind(stored(commune.0))
        .bind(stored(number))
        .fetch_optional(read)
        .await?;
    Ok(text)
}

/// The texts of a commune's entries in order.
pub async fn texts(read: &mut Read, commune: UnitId) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = sql("SELECT entry FROM ledger WHERE commune = $1 ORDER BY number")
        .bind(stored(commune.0))
        .fetch_all(read)
        .await?;
    Ok(rows.into_iter().map(|(entry,)| entry).collect())
}
