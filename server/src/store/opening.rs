//! Requests to open a device whose PIN was forgotten: one for each device, forgotten when their time is over.

use jiff::Timestamp;
use jiff::civil::Date;
use schemas::ids::{AccountId, DeviceId, UnitId};
use sqlx::FromRow;
use sync_protocol::hash::SealKey;
use sync_protocol::recovery::{KeptKey, OpenedKey};

use super::row::{RowOf, day, milliseconds, stored};
use super::statement::{sql, sql_of};
use super::{Read, StoreError, Tx};
use crate::domain::opening::{Opening, OpeningState, Word};
use crate::token::{SecretHash, hex};

#[derive(FromRow)]
struct Row {
    device: Vec<u8>,
    kept_for: i64,
    kept: Vec<u8>,
    reply: Vec<u8>,
    token: Vec<u8>,
    asked_at: i64,
    expires_at: i64,
    first_by: Option<i64>,
    first_at: Option<i64>,
    first_reason: Option<String>,
    second_by: Option<i64>,
    second_at: Option<i64>,
    second_reason: Option<String>,
    opened: Option<Vec<u8>>,
    refused_by: Option<i64>,
    refused_at: Option<i64>,
    refused_reason: Option<String>,
}

const COLUMNS: &str = "device, kept_for, kept, reply, token, asked_at, expires_at, first_by, first_at, first_reason, \
     second_by, second_at, second_reason, opened, refused_by, refused_at, refused_reason";

/// The three columns of somebody's word.
type WordColumns = (Option<i64>, Option<i64>, Option<String>);

impl TryFrom<Row> for Opening {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "opening", id: hex(&row.device) };
        let first = word(&of, (row.first_by, row.first_at, row.first_reason))?;
        let second = word(&of, (row.second_by, row.second_at, row.second_reason))?;
        let refused = word(&of, (row.refused_by, row.refused_at, row.refused_reason))?;
        let opened = row.opened.map(|bytes| of.column("opened", OpenedKey::read(&bytes))).transpose()?;
        let state = match (refused, first, second.zip(opened)) {
            (Some(refused), _, _) => OpeningState::Refused(refused),
            (None, Some(first), Some((second, opened))) => OpeningState::Opened { first, second, opened },
            (None, Some(first), None) => OpeningState::Confirmed(first),
            (None, None, _) => OpeningState::Asked,
        };
        Ok(Self {
            kept: of.column("kept", KeptKey::read(&row.kept))?,
            kept_for: UnitId(of.number("kept_for", row.kept_for)?),
            reply: SealKey(of.bytes("reply", row.reply)?),
            token: SecretHash(of.bytes("token", row.token)?),
            asked_at: of.instant("asked_at", row.asked_at)?,
            expires_at: of.instant("expires_at", row.expires_at)?,
            state,
            device: DeviceId(of.bytes("device", row.device)?),
        })
    }
}

fn word(of: &RowOf<String>, columns: WordColumns) -> Result<Option<Word>, StoreError> {
    let (Some(by), Some(at), Some(reason)) = columns else { return Ok(None) };
    Ok(Some(Word { by: AccountId(of.number("by", by)?), at: of.instant("at", at)?, reason }))
}

fn columns(word: Option<&Word>) -> (Option<i64>, Option<i64>, Option<&str>) {
    (word.map(|word| stored(word.by.0)), word.map(|word| milliseconds(word.at)), word.map(|word| word.reason.as_str()))
}

/// Keeps a request as it is now, in the place of what its device had asked before.
pub async fn put(tx: &mut Tx, opening: &Opening) -> Result<(), StoreError> {
    let (first, second, refused, opened) = match &opening.state {
        OpeningState::Asked => (None, None, None, None),
        OpeningState::Confirmed(first) => (Some(first), None, None, None),
        OpeningState::Opened { first, second, opened } => (Some(first), Some(second), None, Some(opened)),
        OpeningState::Refused(word) => (None, None, Some(word), None),
    };
    sql("DELETE FROM opening WHERE device = $1").bind(opening.device.0.as_slice()).execute(tx).await?;
    let mut statement = sql_of(format!(
        "INSERT INTO opening ({COLUMNS}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    ))
    .bind(opening.device.0.as_slice())
    .bind(stored(opening.kept_for.0))
    .bind(opening.kept.to_bytes())
    .bind(opening.reply.0.as_slice())
    .bind(opening.token.0.as_slice())
    .bind(milliseconds(opening.asked_at))
    .bind(milliseconds(opening.expires_at));
    for (by, at, reason) in [columns(first), columns(second)] {
        statement = statement.bind(by).bind(at).bind(reason);
    }
    let (by, at, reason) = columns(refused);
    statement.bind(opened.map(OpenedKey::to_bytes)).bind(by).bind(at).bind(reason).execute(tx).await?;
    Ok(())
}

/// What a device asked last.
pub async fn of_device(read: &mut Read, device: DeviceId) -> Result<Option<Opening>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM opening WHERE device = $1");
    let row: Option<Row> = sql_of(select).bind(device.0.as_slice()).fetch_optional(read).await?;
    row.map(Opening::try_from).transpose()
}

/// The request whose answer is asked for with this token.
pub async fn by_token(read: &mut Read, token: SecretHash) -> Result<Option<Opening>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM opening WHERE token = $1");
    let row: Option<Row> = sql_of(select).bind(token.0.as_slice()).fetch_optional(read).await?;
    row.map(Opening::try_from).transpose()
}

/// The requests of the devices that were enrolled at a unit or anything within it on a day, the oldest first.
pub async fn within(read: &mut Read, place: UnitId, on: Date) -> Result<Vec<Opening>, StoreError> {
    let asked = COLUMNS.split(", ").map(|column| format!("o.{}", column.trim())).collect::<Vec<_>>().join(", ");
    let rows: Vec<Row> = sql_of(format!(
        "WITH RECURSIVE inside (unit) AS ( \
           SELECT u.id FROM unit u WHERE u.id = $1 \
           UNION \
           SELECT v.unit FROM inside i JOIN unit_version v ON v.parent = i.unit \
           WHERE v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) \
         ) SELECT {asked} FROM opening o JOIN device d ON d.id = o.device JOIN inside i ON i.unit = d.unit \
           ORDER BY o.asked_at, o.device"
    ))
    .bind(stored(place.0))
    .bind(day(on))
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Opening::try_from).collect()
}

/// Forgets requests whose time was over before an instant; answers how many.
pub async fn delete_expired(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sql("DELETE FROM opening WHERE expires_at < $1").bind(milliseconds(before)).execute(tx).await?;
    Ok(done)
}
