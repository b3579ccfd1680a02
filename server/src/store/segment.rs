//! Signed segments as evidence, and the commands that journals bring.

use jiff::Timestamp;
use schemas::ids::{RoundId, UnitId};
use sqlx::FromRow;
use sync_protocol::actor::Author;
use sync_protocol::hash::EntryHash;
use sync_protocol::journal::Scope;

use super::row::{RowOf, milliseconds, stored};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};
use crate::domain::field::StoredSegment;

#[derive(FromRow)]
struct Row {
    head: Vec<u8>,
    key: Vec<u8>,
    account: i64,
    epoch: i64,
    first: i64,
    last: i64,
    village: i64,
    round: String,
    received_at: i64,
    journal: Vec<u8>,
}

impl TryFrom<Row> for StoredSegment {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "segment", id: format!("{:02x?}", row.head) };
        let author = of.author(row.key, row.account, row.epoch)?;
        Ok(Self {
            head: EntryHash(of.bytes("head", row.head)?),
            author,
            entries: (of.number("first", row.first)?, of.number("last", row.last)?),
            scope: Scope { village: UnitId(of.number("village", row.village)?), round: of.parse("round", &row.round)? },
            received_at: of.instant("received_at", row.received_at)?,
            journal: row.journal,
        })
    }
}

/// Keeps a segment; the same one again changes nothing. Of two that end with one entry the longer is kept: the entries are
/// a chain, so it holds everything that the other does, under the same signature. Returns whether anything was new.
pub async fn put(tx: &mut Tx, commune: UnitId, segment: &StoredSegment) -> Result<bool, StoreError> {
    let done = sql(
        "INSERT INTO segment (commune, head, key, account, epoch, first, last, village, round, received_at, journal) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (commune, head) DO UPDATE SET first = excluded.first, journal = excluded.journal \
         WHERE excluded.first < segment.first",
    )
    .bind(stored(commune.0))
    .bind(segment.head.0.as_slice())
    .bind(segment.author.key.0.as_slice())
    .bind(stored(segment.author.account.0))
    .bind(i64::from(segment.author.epoch))
    .bind(stored(segment.entries.0))
    .bind(stored(segment.entries.1))
    .bind(stored(segment.scope.village.0))
    .bind(segment.scope.round.as_str())
    .bind(milliseconds(segment.received_at))
    .bind(&segment.journal)
    .execute(tx)
    .await?;
    Ok(done > 0)
}

/// The segments that one author has sent, by number.
pub async fn of_author(read: &mut Read, author: &Author) -> Result<Vec<StoredSegment>, StoreError> {
    let rows: Vec<Row> =
        sql("SELECT head, key, account, epoch, first, last, village, round, received_at, journal FROM segment \
         WHERE key = $1 AND account = $2 AND epoch = $3 ORDER BY first, last")
        .bind(author.key.0.as_slice())
        .bind(stored(author.account.0))
        .bind(i64::from(author.epoch))
        .fetch_all(read)
        .await?;
    rows.into_iter().map(StoredSegment::try_from).collect()
}

/// All segments of a round that came to a commune, in the order of arrival.
pub async fn of_round(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<StoredSegment>, StoreError> {
    let rows: Vec<Row> =
        sql("SELECT head, key, account, epoch, first, last, village, round, received_at, journal FROM segment \
         WHERE commune = $1 AND round = $2 ORDER BY received_at, head")
        .bind(stored(commune.0))
        .bind(round.as_str())
        .fetch_all(read)
        .await?;
    rows.into_iter().map(StoredSegment::try_from).collect()
}

/// Everybody who has written in a commune in a round, on every device and in each of its epochs.
pub async fn authors(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<Author>, StoreError> {
    let rows: Vec<(Vec<u8>, i64, i64)> =
        sql("SELECT DISTINCT key, account, epoch FROM segment WHERE commune = $1 AND round = $2 ORDER BY account, key, epoch")
            .bind(stored(commune.0))
            .bind(round.as_str())
            .fetch_all(read)
            .await?;
    let author = |(key, account, epoch)| RowOf { table: "segment", id: account }.author(key, account, epoch);
    rows.into_iter().map(author).collect()
}

/// Number of the last entry that one author has sent; 0 before the first.
pub async fn last_of_author(read: &mut Read, author: &Author) -> Result<u64, StoreError> {
    let last: Option<i64> = scalar("SELECT max(last) FROM segment WHERE key = $1 AND account = $2 AND epoch = $3")
        .bind(author.key.0.as_slice())
        .bind(stored(author.account.0))
        .bind(i64::from(author.epoch))
        .fetch_one(read)
        .await?;
    RowOf { table: "segment", id: author.account }.number("last", last.unwrap_or_default())
}

/// The hash of the entry of this number, when a segment that was sent ends with it. Of several that an author has sent
/// under one number it is the one that came first.
pub async fn head_at(read: &mut Read, author: &Author, number: u64) -> Result<Option<EntryHash>, StoreError> {
    let head: Option<Vec<u8>> = scalar(
        "SELECT head FROM segment WHERE key = $1 AND account = $2 AND epoch = $3 AND last = $4 \
         ORDER BY received_at, head LIMIT 1",
    )
    .bind(author.key.0.as_slice())
    .bind(stored(author.account.0))
    .bind(i64::from(author.epoch))
    .bind(stored(number))
    .fetch_optional(read)
    .await?;
    let of = RowOf { table: "segment", id: author.account };
    head.map(|head| of.bytes("head", head).map(EntryHash)).transpose()
}

/// Keeps a command, by the hash and number of its journal entry; the same one again changes nothing.
pub async fn put_command(
    tx: &mut Tx,
    commune: UnitId,
    (hash, number): (EntryHash, u64),
    received_at: Timestamp,
    sealed: &[u8],
) -> Result<(), StoreError> {
    sql("INSERT INTO command (commune, entry_hash, entry, received_at, sealed) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (commune, entry_hash, entry) DO NOTHING")
    .bind(stored(commune.0))
    .bind(hash.0.as_slice())
    .bind(stored(number))
    .bind(milliseconds(received_at))
    .bind(sealed)
    .execute(tx)
    .await?;
    Ok(())
}

/// The commands that a commune's journals brought, by when they came: hash and number of the entry, and what is sealed.
pub async fn commands(read: &mut Read, commune: UnitId) -> Result<Vec<(EntryHash, u64, Vec<u8>)>, StoreError> {
    let rows: Vec<(Vec<u8>, i64, Vec<u8>)> =
        sql("SELECT entry_hash, entry, sealed FROM command WHERE commune = $1 ORDER BY received_at, entry_hash")
            .bind(stored(commune.0))
            .fetch_all(read)
            .await?;
    let of = RowOf { table: "command", id: commune };
    let read = |(hash, number, sealed): (Vec<u8>, i64, Vec<u8>)| {
        Ok((EntryHash(of.bytes("entry_hash", hash)?), of.number("entry", number)?, sealed))
    };
    rows.into_iter().map(read).collect()
}
