//! Who brought whose parcels, and which segments were in them.

use schemas::ids::DeviceId;
use sync_protocol::actor::Author;
use sync_protocol::hash::{EntryHash, ParcelId};

use super::row::{RowOf, milliseconds, stored};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::field::Carriage;

/// Notes that a parcel was brought; the same one by the same carrier again keeps the first time.
pub async fn put(tx: &mut Tx, carriage: &Carriage, segments: &[EntryHash]) -> Result<(), StoreError> {
    sql("INSERT INTO carriage (parcel, carrier, author, size_bytes, received_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (parcel, carrier) DO NOTHING")
    .bind(carriage.parcel.0.as_slice())
    .bind(carriage.carrier.0.as_slice())
    .bind(carriage.author.0.as_slice())
    .bind(stored(carriage.size_bytes))
    .bind(milliseconds(carriage.received_at))
    .execute(tx)
    .await?;
    for head in segments {
        sql("INSERT INTO carried_segment (head, parcel) VALUES ($1, $2) ON CONFLICT (head, parcel) DO NOTHING")
            .bind(head.0.as_slice())
            .bind(carriage.parcel.0.as_slice())
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// What others brought of an author's journal in parcels, in the order of time: first and last entry of each segment, and
/// who brought it.
pub async fn of_author(read: &mut Read, author: &Author) -> Result<Vec<((u64, u64), Carriage)>, StoreError> {
    let rows: Vec<Row> = sql("SELECT s.first, s.last, c.parcel, c.carrier, c.author, c.size_bytes, c.received_at \
         FROM segment s JOIN carried_segment h ON h.head = s.head JOIN carriage c ON c.parcel = h.parcel \
         WHERE s.key = $1 AND s.account = $2 AND s.epoch = $3 ORDER BY c.received_at, c.parcel, c.carrier, s.first")
    .bind(author.key.0.as_slice())
    .bind(stored(author.account.0))
    .bind(i64::from(author.epoch))
    .fetch_all(read)
    .await?;
    rows.into_iter().map(carried).collect()
}

type Row = (i64, i64, Vec<u8>, Vec<u8>, Vec<u8>, i64, i64);

fn carried(
    (first, last, parcel, carrier, author, size_bytes, received_at): Row,
) -> Result<((u64, u64), Carriage), StoreError> {
    let of = RowOf { table: "carriage", id: format!("{parcel:02x?}") };
    let carriage = Carriage {
        parcel: ParcelId(of.bytes("parcel", parcel)?),
        carrier: DeviceId(of.bytes("carrier", carrier)?),
        author: DeviceId(of.bytes("author", author)?),
        size_bytes: of.number("size_bytes", size_bytes)?,
        received_at: of.instant("received_at", received_at)?,
    };
    Ok(((of.number("first", first)?, of.number("last", last)?), carriage))
}
