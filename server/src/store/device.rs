//! Devices.

use jiff::Timestamp;
use jiff::civil::Date;
use schemas::ids::{AccountId, DeviceId, UnitId};
use sqlx::FromRow;

use super::row::{RowOf, day, milliseconds, stored, updated};
use super::statement::{sql, sql_of};
use super::{Read, StoreError, Tx};
use crate::domain::device::{ClockReading, Device, DeviceKey, DeviceOpened};
use crate::token::hex;

#[derive(FromRow)]
struct Row {
    id: Vec<u8>,
    public_key: Vec<u8>,
    account: i64,
    unit: i64,
    name: String,
    enrolled_at: i64,
    revoked_at: Option<i64>,
    clock_offset_ms: Option<i64>,
    clock_read_at: Option<i64>,
    opened_at: Option<i64>,
    opened_first: Option<i64>,
    opened_second: Option<i64>,
}

const COLUMNS: &str = "d.id, d.public_key, d.account, d.unit, d.name, d.enrolled_at, d.revoked_at, d.clock_offset_ms, \
     d.clock_read_at, d.opened_at, d.opened_first, d.opened_second";

impl TryFrom<Row> for Device {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "device", id: hex(&row.id) };
        let key = of.bytes("public_key", row.public_key)?;
        let read_at = of.maybe_instant("clock_read_at", row.clock_read_at)?;
        let clock = row.clock_offset_ms.zip(read_at).map(|(offset_ms, read_at)| ClockReading { offset_ms, read_at });
        Ok(Self {
            public_key: of.column("public_key", DeviceKey::from_bytes(&key))?,
            account: AccountId(of.number("account", row.account)?),
            unit: UnitId(of.number("unit", row.unit)?),
            name: row.name,
            enrolled_at: of.instant("enrolled_at", row.enrolled_at)?,
            revoked_at: of.maybe_instant("revoked_at", row.revoked_at)?,
            clock,
            opened: opened(&of, (row.opened_at, row.opened_first, row.opened_second))?,
            id: DeviceId(of.bytes("id", row.id)?),
        })
    }
}

fn opened(
    of: &RowOf<String>,
    columns: (Option<i64>, Option<i64>, Option<i64>),
) -> Result<Option<DeviceOpened>, StoreError> {
    let (Some(at), Some(first), Some(second)) = columns else { return Ok(None) };
    let account = |column, number| of.number(column, number).map(AccountId);
    let (first, second) = (account("opened_first", first)?, account("opened_second", second)?);
    Ok(Some(DeviceOpened { at: of.instant("opened_at", at)?, first, second }))
}

/// Whether a device was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// It was.
    Added,
    /// Its key is known already; nothing was changed.
    KnownAlready,
}

/// Adds a device.
pub async fn insert(tx: &mut Tx, device: &Device) -> Result<Enrolled, StoreError> {
    let done = sql("INSERT INTO device (id, public_key, account, unit, name, enrolled_at, revoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING")
    .bind(device.id.0.as_slice())
    .bind(device.public_key.to_bytes().to_vec())
    .bind(stored(device.account.0))
    .bind(stored(device.unit.0))
    .bind(&device.name)
    .bind(milliseconds(device.enrolled_at))
    .bind(device.revoked_at.map(milliseconds))
    .execute(tx)
    .await?;
    Ok(if done == 0 { Enrolled::KnownAlready } else { Enrolled::Added })
}

/// The device with this id.
pub async fn by_id(read: &mut Read, id: DeviceId) -> Result<Option<Device>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM device d WHERE d.id = $1");
    let row: Option<Row> = sql_of(select).bind(id.0.as_slice()).fetch_optional(read).await?;
    row.map(Device::try_from).transpose()
}

/// The devices enrolled at a unit or anything within it on a day, by id.
pub async fn within(read: &mut Read, place: UnitId, on: Date) -> Result<Vec<Device>, StoreError> {
    let rows: Vec<Row> = sql_of(format!(
        "WITH RECURSIVE inside (unit) AS ( \
           SELECT u.id FROM unit u WHERE u.id = $1 \
           UNION \
           SELECT v.unit FROM inside i JOIN unit_version v ON v.parent = i.unit \
           WHERE v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) \
         ) SELECT {COLUMNS} FROM device d JOIN inside i ON i.unit = d.unit ORDER BY d.id"
    ))
    .bind(stored(place.0))
    .bind(day(on))
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Device::try_from).collect()
}

/// Shuts a device out; doing it again keeps the first time.
pub async fn revoke(tx: &mut Tx, id: DeviceId, now: Timestamp) -> Result<(), StoreError> {
    let done = sql("UPDATE device SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1")
        .bind(id.0.as_slice())
        .bind(milliseconds(now))
        .execute(tx)
        .await?;
    updated("device", id, done)
}

/// Notes how a device's clock was found to be.
pub async fn note_clock(tx: &mut Tx, id: DeviceId, clock: ClockReading) -> Result<(), StoreError> {
    let done = sql("UPDATE device SET clock_offset_ms = $2, clock_read_at = $3 WHERE id = $1")
        .bind(id.0.as_slice())
        .bind(clock.offset_ms)
        .bind(milliseconds(clock.read_at))
        .execute(tx)
        .await?;
    updated("device", id, done)
}

/// Notes that a device was opened.
pub async fn note_opened(tx: &mut Tx, id: DeviceId, opened: DeviceOpened) -> Result<(), StoreError> {
    let done = sql("UPDATE device SET opened_at = $2, opened_first = $3, opened_second = $4 WHERE id = $1")
        .bind(id.0.as_slice())
        .bind(milliseconds(opened.at))
        .bind(stored(opened.first.0))
        .bind(stored(opened.second.0))
        .execute(tx)
        .await?;
    updated("device", id, done)
}
