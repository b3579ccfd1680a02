//! Making a segment of what came over the air: as it is, or packed and made on the documents that it was written on.
//!
//! Owns finding those documents. Nothing is judged here: the gate runs on the segment that was made.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::form::Form;
use schemas::ids::{HouseholdId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::hash::{PublicKey, RowHash};
use sync_protocol::log::Cursor;
use sync_protocol::named::Named;
use sync_protocol::segment::{Packed, Segment, UnpackFault, Unpacking};

use super::document::Opened;
use super::{Refusal, intake};
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::round::Round;
use crate::store::{self, Read};

/// A segment, and the documents that were opened to make it, as they are stored.
pub(super) struct Unpacked {
    pub(super) segment: Segment,
    pub(super) opened: BTreeMap<HouseholdId, Opened>,
}

/// Opens a segment, whichever way it came.
pub(super) async fn open(app: &App, device: &Device, bytes: &[u8]) -> Result<Result<Unpacked, UnpackFault>, Refusal> {
    if !Packed::is_packed(bytes) {
        let unpacked = |segment| Unpacked { segment, opened: BTreeMap::new() };
        return Ok(Segment::open(bytes).map(unpacked).map_err(UnpackFault::Segment));
    }
    let forms: Vec<Arc<Form>> = app.standards.forms().cloned().collect();
    let everything = Err(UnpackFault::Mismatch(Vec::new()));
    let Ok(packed) = Packed::read(bytes, &forms) else { return Ok(everything) };
    // In a place that is not known nothing can be made; the plain segment will be refused by name.
    let Some((commune, round)) = intake::place(app, packed.scope()).await? else { return Ok(everything) };
    let place = (commune, packed.scope().village);
    let mut read = app.store.read().await?;
    let ids = find(&mut read, place, packed.households()).await?;
    let opened = documents(app, &mut read, place, &ids, &round).await?;
    let documents = opened.iter().map(|(household, opened)| (*household, opened.history.clone())).collect();
    let key = PublicKey(device.public_key.to_bytes());
    let author = Author { key, account: device.account, epoch: packed.epoch() };
    let previous = match packed.known_previous() {
        Some(number) => store::segment::head_at(&mut read, &author, number).await?,
        None => None,
    };
    let beacons = beacons(&mut read, commune, &packed).await?;
    let unpacked = packed.unpack(Unpacking { author, previous, beacons, ids, documents });
    Ok(unpacked.map(|segment| Unpacked { segment, opened }))
}

/// The rows that the author had seen last, as far as this generation of the log has them.
async fn beacons(read: &mut Read, commune: UnitId, packed: &Packed) -> Result<BTreeMap<Cursor, RowHash>, Refusal> {
    let mut rows = BTreeMap::new();
    let Some(state) = store::log::state(read, commune, packed.scope()).await? else { return Ok(rows) };
    for cursor in packed.known_beacons().into_iter().filter(|cursor| cursor.generation == state.generation) {
        let Some(before) = cursor.position.checked_sub(1) else { continue };
        let row = store::log::after(read, commune, packed.scope(), before, 1).await?.pop();
        rows.extend(row.map(|row| (cursor, row.hash)));
    }
    Ok(rows)
}

/// Whom the names of a packed segment mean.
async fn find(
    read: &mut Read,
    (commune, village): (UnitId, UnitId),
    names: &[Named],
) -> Result<Vec<Option<HouseholdId>>, Refusal> {
    let mut ids = Vec::with_capacity(names.len());
    for named in names {
        let fitting = match named {
            Named::Whole(id) => vec![*id],
            Named::Beginning(bytes) => store::household::beginning(read, commune, village, bytes).await?,
        };
        ids.push(named.find(fitting.into_iter()));
    }
    Ok(ids)
}

async fn documents(
    app: &App,
    read: &mut Read,
    place: (UnitId, UnitId),
    ids: &[Option<HouseholdId>],
    round: &Round,
) -> Result<BTreeMap<HouseholdId, Opened>, Refusal> {
    let mut opened = BTreeMap::new();
    for id in ids.iter().flatten() {
        opened.insert(*id, intake::open(app, read, place, *id, round).await?);
    }
    Ok(opened)
}
