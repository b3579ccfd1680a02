//! Who brought whose parcels, and which segments were in them.

use schemas::ids::DeviceId;
use sync_protocol::hash::{EntryHash, ParcelId};

use super::row::{RowOf, milliseconds, stored};
use super::{Read, StoreError, Tx};
use crate::domain::field::Carriage;

/// Notes that a parcel was brought; the same one by the same carrier again keeps the first time.
pub async fn put(tx: &mut Tx, carriage: &Carriage, segments: &[EntryHash]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO carriage (parcel, carrier, author, size_bytes, received_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (parcel, carrier) DO NOTHING",
    )
    .bind(carriage.parcel.0.as_slice())
    .bind(carriage.carrier.0.as_slice())
    .bind(carriage.author.0.as_slice())
    .bind(stored(carriage.size_bytes))
    .bind(milliseconds(carriage.received_at))
    .execute(tx.sqlite())
    .await?;
    for head in segments {
        sqlx::query("INSERT INTO carried_segment (head, parcel) VALUES ($1, $2) ON CONFLICT (head, parcel) DO NOTHING")
            .bind(head.0.as_slice())
            .bind(carriage.parcel.0.as_slice())
            .execute(tx.sqlite())
            .await?;
    }
    Ok(())
}

/// Who brought a segment in a parcel, in the order of time; nobody when it only came from its author's own hand.
pub async fn of_segment(read: &mut Read, head: EntryHash) -> Result<Vec<Carriage>, StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>, i64, i64)> = sqlx::query_as(
        "SELECT c.parcel, c.carrier, c.author, c.size_bytes, c.received_at \
         FROM carried_segment s JOIN carriage c ON c.parcel = s.parcel \
         WHERE s.head = $1 ORDER BY c.received_at, c.parcel, c.carrier",
    )
    .bind(head.0.as_slice())
    .fetch_all(read.sqlite())
    .await?;
    rows.into_iter().map(carriage).collect()
}

fn carriage(
    (parcel, carrier, author, size_bytes, received_at): (Vec<u8>, Vec<u8>, Vec<u8>, i64, i64),
) -> Result<Carriage, StoreError> {
    let of = RowOf { table: "carriage", id: format!("{parcel:02x?}") };
    Ok(Carriage {
        parcel: ParcelId(of.bytes("parcel", parcel)?),
        carrier: DeviceId(of.bytes("carrier", carrier)?),
        author: DeviceId(of.bytes("author", author)?),
        size_bytes: of.number("size_bytes", size_bytes)?,
        received_at: of.instant("received_at", received_at)?,
    })
}
