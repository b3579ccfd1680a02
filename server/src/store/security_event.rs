//! What happened to accounts, rights and devices: appended to, never changed.

use schemas::ids::AccountId;
use sqlx::FromRow;

use super::row::{RowOf, milliseconds, stored};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::log::SecurityEvent;

#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    kind: String,
    actor: Option<i64>,
    subject: String,
}

impl TryFrom<Row> for SecurityEvent {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "security_event", id: row.id };
        let actor = row.actor.map(|actor| of.number("actor", actor)).transpose()?;
        Ok(Self {
            at: of.instant("at", row.at)?,
            kind: of.parse("kind", &row.kind)?,
            actor: actor.map(AccountId),
            subject: row.subject,
        })
    }
}

/// Writes one happening down.
pub async fn append(tx: &mut Tx, event: &SecurityEvent) -> Result<(), StoreError> {
    sql("INSERT INTO security_event (at, kind, actor, subject) VALUES ($1, $2, $3, $4)")
        .bind(milliseconds(event.at))
        .bind(event.kind.code())
        .bind(event.actor.map(|actor| stored(actor.0)))
        .bind(&event.subject)
        .execute(tx)
        .await?;
    Ok(())
}

/// The newest happenings, newest first.
pub async fn newest(read: &mut Read, at_most: u32) -> Result<Vec<SecurityEvent>, StoreError> {
    let rows: Vec<Row> = sql("SELECT id, at, kind, actor, subject FROM security_event ORDER BY id DESC LIMIT $1")
        .bind(i64::from(at_most))
        .fetch_all(read)
        .await?;
    rows.into_iter().map(SecurityEvent::try_from).collect()
}
