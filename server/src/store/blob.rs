//! Photos and other files: who announced them, the parts that have come, and those that are there.

use jiff::Timestamp;
use schemas::ids::{DeviceId, HouseholdId, UnitId};
use sqlx::FromRow;
use sync_protocol::hash::BlobHash;

use super::row::{RowOf, milliseconds, stored};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};
use crate::domain::blob::{Announcement, BlobId, BlobPart, BlobState, ListedBlob, StoredBlob};
use crate::token::hex;

fn of(table: &'static str, id: BlobId) -> RowOf<String> {
    RowOf { table, id: format!("{}/{}", hex(&id.household.0), id.hash) }
}

/// Remembers that a device will bring a blob; twice changes nothing.
pub async fn announce(tx: &mut Tx, commune: UnitId, announcement: &Announcement) -> Result<(), StoreError> {
    sql("INSERT INTO blob_announcement (commune, household, hash, device, account, round, size_bytes, announced_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (commune, household, hash, device) DO NOTHING")
    .bind(stored(commune.0))
    .bind(announcement.id.household.0.as_slice())
    .bind(announcement.id.hash.0.as_slice())
    .bind(announcement.device.0.as_slice())
    .bind(stored(announcement.account.0))
    .bind(announcement.round.as_str())
    .bind(stored(announcement.size_bytes))
    .bind(milliseconds(announcement.announced_at))
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct AnnouncementRow {
    account: i64,
    round: String,
    size_bytes: i64,
    announced_at: i64,
}

/// What a device has announced of a blob.
pub async fn announcement(
    read: &mut Read,
    commune: UnitId,
    id: BlobId,
    device: DeviceId,
) -> Result<Option<Announcement>, StoreError> {
    let row: Option<AnnouncementRow> = sql("SELECT account, round, size_bytes, announced_at FROM blob_announcement \
         WHERE commune = $1 AND household = $2 AND hash = $3 AND device = $4")
    .bind(stored(commune.0))
    .bind(id.household.0.as_slice())
    .bind(id.hash.0.as_slice())
    .bind(device.0.as_slice())
    .fetch_optional(read)
    .await?;
    let of = of("blob_announcement", id);
    let read = |row: AnnouncementRow| {
        Ok(Announcement {
            id,
            device,
            account: schemas::ids::AccountId(of.number("account", row.account)?),
            round: of.parse("round", &row.round)?,
            size_bytes: of.number("size_bytes", row.size_bytes)?,
            announced_at: of.instant("announced_at", row.announced_at)?,
        })
    };
    row.map(read).transpose()
}

#[derive(FromRow)]
struct ListedRow {
    hash: Vec<u8>,
    size_bytes: i64,
    announced_at: i64,
    received: i64,
    media_type: Option<String>,
}

/// The blobs of a household, announced, on their way or there, by when they were announced.
pub async fn of_household(
    read: &mut Read,
    commune: UnitId,
    household: HouseholdId,
) -> Result<Vec<ListedBlob>, StoreError> {
    let rows: Vec<ListedRow> =
        sql("SELECT a.hash, min(a.size_bytes) AS size_bytes, min(a.announced_at) AS announced_at, \
         coalesce(max((SELECT CAST(sum(p.length) AS BIGINT) FROM blob_part p WHERE p.commune = a.commune \
             AND p.household = a.household AND p.hash = a.hash AND p.device = a.device)), 0) AS received, \
         max(b.media_type) AS media_type \
         FROM blob_announcement a LEFT JOIN blob b \
             ON b.commune = a.commune AND b.household = a.household AND b.hash = a.hash \
         WHERE a.commune = $1 AND a.household = $2 GROUP BY a.hash ORDER BY min(a.announced_at), a.hash")
        .bind(stored(commune.0))
        .bind(household.0.as_slice())
        .fetch_all(read)
        .await?;
    rows.into_iter().map(|row| listed(household, row)).collect()
}

fn listed(household: HouseholdId, row: ListedRow) -> Result<ListedBlob, StoreError> {
    let table = RowOf { table: "blob_announcement", id: hex(&household.0) };
    let state = match (&row.media_type, table.number("received", row.received)?) {
        (Some(media_type), _) => BlobState::There(table.parse("media_type", media_type)?),
        (None, 0) => BlobState::Announced,
        (None, received) => BlobState::Partly(received),
    };
    Ok(ListedBlob {
        hash: BlobHash(table.bytes("hash", row.hash)?),
        size_bytes: table.number("size_bytes", row.size_bytes)?,
        announced_at: table.instant("announced_at", row.announced_at)?,
        state,
    })
}

/// How many bytes of a blob a device has brought: its parts follow one another without gaps.
pub async fn received(read: &mut Read, commune: UnitId, id: BlobId, device: DeviceId) -> Result<u64, StoreError> {
    let received: i64 = scalar(
        "SELECT CAST(coalesce(sum(length), 0) AS BIGINT) FROM blob_part \
         WHERE commune = $1 AND household = $2 AND hash = $3 AND device = $4",
    )
    .bind(stored(commune.0))
    .bind(id.household.0.as_slice())
    .bind(id.hash.0.as_slice())
    .bind(device.0.as_slice())
    .fetch_one(read)
    .await?;
    of("blob_part", id).number("length", received)
}

/// Keeps a part. That it follows those before it is for the caller to make sure, in the same write.
pub async fn put_part(
    tx: &mut Tx,
    commune: UnitId,
    id: BlobId,
    device: DeviceId,
    part: &BlobPart,
) -> Result<(), StoreError> {
    sql("INSERT INTO blob_part (commune, household, hash, device, start, length, received_at, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(stored(commune.0))
    .bind(id.household.0.as_slice())
    .bind(id.hash.0.as_slice())
    .bind(device.0.as_slice())
    .bind(stored(part.start))
    .bind(stored(part.length))
    .bind(milliseconds(part.received_at))
    .bind(&part.sealed)
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct PartRow {
    start: i64,
    length: i64,
    received_at: i64,
    sealed: Vec<u8>,
}

/// The parts that a device has brought, in order.
pub async fn parts(
    read: &mut Read,
    commune: UnitId,
    id: BlobId,
    device: DeviceId,
) -> Result<Vec<BlobPart>, StoreError> {
    let rows: Vec<PartRow> = sql("SELECT start, length, received_at, sealed FROM blob_part \
         WHERE commune = $1 AND household = $2 AND hash = $3 AND device = $4 ORDER BY start")
    .bind(stored(commune.0))
    .bind(id.household.0.as_slice())
    .bind(id.hash.0.as_slice())
    .bind(device.0.as_slice())
    .fetch_all(read)
    .await?;
    let of = of("blob_part", id);
    let read = |row: PartRow| {
        Ok(BlobPart {
            start: of.number("start", row.start)?,
            length: of.number("length", row.length)?,
            received_at: of.instant("received_at", row.received_at)?,
            sealed: row.sealed,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Forgets the parts that one device has brought.
pub async fn delete_parts(tx: &mut Tx, commune: UnitId, id: BlobId, device: DeviceId) -> Result<(), StoreError> {
    sql("DELETE FROM blob_part WHERE commune = $1 AND household = $2 AND hash = $3 AND device = $4")
        .bind(stored(commune.0))
        .bind(id.household.0.as_slice())
        .bind(id.hash.0.as_slice())
        .bind(device.0.as_slice())
        .execute(tx)
        .await?;
    Ok(())
}

/// Keeps a blob that is there as a whole, and forgets every part of it; twice changes nothing.
pub async fn put(tx: &mut Tx, commune: UnitId, blob: &StoredBlob) -> Result<(), StoreError> {
    sql("INSERT INTO blob (commune, household, hash, device, media_type, size_bytes, completed_at, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (commune, household, hash) DO NOTHING")
    .bind(stored(commune.0))
    .bind(blob.id.household.0.as_slice())
    .bind(blob.id.hash.0.as_slice())
    .bind(blob.device.0.as_slice())
    .bind(blob.media_type.code())
    .bind(stored(blob.size_bytes))
    .bind(milliseconds(blob.completed_at))
    .bind(&blob.sealed)
    .execute(tx)
    .await?;
    sql("DELETE FROM blob_part WHERE commune = $1 AND household = $2 AND hash = $3")
        .bind(stored(commune.0))
        .bind(blob.id.household.0.as_slice())
        .bind(blob.id.hash.0.as_slice())
        .execute(tx)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    device: Vec<u8>,
    media_type: String,
    size_bytes: i64,
    completed_at: i64,
    sealed: Vec<u8>,
}

/// A blob that is there.
pub async fn by_id(read: &mut Read, commune: UnitId, id: BlobId) -> Result<Option<StoredBlob>, StoreError> {
    let row: Option<Row> = sql("SELECT device, media_type, size_bytes, completed_at, sealed FROM blob \
         WHERE commune = $1 AND household = $2 AND hash = $3")
    .bind(stored(commune.0))
    .bind(id.household.0.as_slice())
    .bind(id.hash.0.as_slice())
    .fetch_optional(read)
    .await?;
    let of = of("blob", id);
    let read = |row: Row| {
        Ok(StoredBlob {
            id,
            device: DeviceId(of.bytes("device", row.device)?),
            media_type: of.parse("media_type", &row.media_type)?,
            size_bytes: of.number("size_bytes", row.size_bytes)?,
            completed_at: of.instant("completed_at", row.completed_at)?,
            sealed: row.sealed,
        })
    };
    row.map(read).transpose()
}

/// How many bytes a device has brought since an instant and the server still keeps.
pub async fn brought_since(read: &mut Read, device: DeviceId, since: Timestamp) -> Result<u64, StoreError> {
    let brought: i64 = scalar(
        "SELECT CAST(coalesce((SELECT sum(size_bytes) FROM blob WHERE device = $1 AND completed_at >= $2), 0) \
         + coalesce((SELECT sum(length) FROM blob_part WHERE device = $1 AND received_at >= $2), 0) AS BIGINT)",
    )
    .bind(device.0.as_slice())
    .bind(milliseconds(since))
    .fetch_one(read)
    .await?;
    RowOf { table: "blob", id: hex(&device.0) }.number("size_bytes", brought)
}

/// Forgets parts of blobs of which nothing came since an instant. Returns how many parts.
pub async fn forget_parts(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sql("DELETE FROM blob_part WHERE received_at < $1 AND NOT EXISTS (SELECT 1 FROM blob_part later \
         WHERE later.commune = blob_part.commune AND later.household = blob_part.household \
         AND later.hash = blob_part.hash AND later.device = blob_part.device AND later.received_at >= $1)")
    .bind(milliseconds(before))
    .execute(tx)
    .await?;
    Ok(done)
}

/// Removes everything of a household that was erased.
pub async fn forget(tx: &mut Tx, commune: UnitId, household: HouseholdId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM blob WHERE commune = $1 AND household = $2",
        "DELETE FROM blob_part WHERE commune = $1 AND household = $2",
        "DELETE FROM blob_announcement WHERE commune = $1 AND household = $2",
    ] {
        sql(statement).bind(stored(commune.0)).bind(household.0.as_slice()).execute(tx).await?;
    }
    Ok(())
}
