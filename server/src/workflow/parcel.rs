//! Parcels: somebody's exchange with the server that somebody else carries.
//!
//! Owns the key that parcels are sealed to and the note of who carried what. What is in a parcel is answered like a request
//! of its author, by [`super::exchange`], or by [`super::late`] when the author was shut out; the carrier learns nothing from
//! it but that there was an answer.

use sync_protocol::actor::device_id;
use sync_protocol::journal::Scope;
use sync_protocol::message::{MessageFault, Request};
use sync_protocol::parcel::{Opened, Parcel, ParcelFault, ParcelKey, SealSecret};
use sync_protocol::segment::Segment;

use super::{Refusal, device, exchange, late};
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::field::Carriage;
use crate::store::{self, StoreError};

/// Takes a parcel in and answers it: the answer is for its author's eyes only. Everything that it says is on disk.
pub async fn deliver(app: &App, carrier: &Device, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    app.parcels_by_carrier.attempt(carrier.id, app.clock.now()).map_err(Refusal::TooManyAttempts)?;
    let parcel = Parcel::read(bytes).map_err(Refusal::Parcel)?;
    let opened = parcel.open(&secret(app)).map_err(Refusal::Parcel)?;
    let request = Request::from_bytes(opened.request()).map_err(|fault| Refusal::Parcel(unreadable(fault)))?;
    let author = store::device::by_id(&mut app.store.read().await?, device_id(&opened.device())).await?;
    let author = author.ok_or(Refusal::ParcelAuthorUnknown)?;
    let carriage = Carriage {
        parcel: parcel.id(),
        carrier: carrier.id,
        author: author.id,
        size_bytes: bytes.len() as u64,
        received_at: app.clock.now(),
    };
    note(app, &author, carriage, &request).await?;
    let response = answer(app, &author, request).await?;
    seal(app, &opened, response)
}

/// What the author's own request would be answered. The clock in it says nothing: nobody knows how long it was on its way.
async fn answer(app: &App, author: &Device, request: Request) -> Result<Vec<u8>, Refusal> {
    match device::standing_of(app, author).await?.refusal() {
        Some(_) => late::take(app, author, request, Refusal::ParcelAuthorShutOut).await,
        None => exchange::answer(app, author, &request).await,
    }
}

/// The carrier is told of the file: what its own app speaks has nothing to do with it.
fn unreadable(fault: MessageFault) -> ParcelFault {
    match fault {
        MessageFault::TooLarge => ParcelFault::TooLarge,
        MessageFault::Unreadable => ParcelFault::Unreadable,
        MessageFault::Version => ParcelFault::Version,
    }
}

/// Writes down who carried what, before it is looked at: it may be evidence.
async fn note(app: &App, author: &Device, carriage: Carriage, request: &Request) -> Result<(), Refusal> {
    let segments = request.segments.iter().filter_map(|bytes| Segment::open(bytes).ok()?.head()).collect::<Vec<_>>();
    let written: Result<(), StoreError> = app
        .store
        .write_in(author.account, "parcel/note", move |tx| {
            Box::pin(async move { store::carriage::put(tx, &carriage, &segments).await })
        })
        .await;
    Ok(written?)
}

/// The key that parcels are sealed to, signed by the server.
pub fn key(app: &App) -> ParcelKey {
    ParcelKey::sign(secret(app).public(), app.server_key())
}

/// Made from the master key alone: every process of the house has it, and a server that was set back has it still.
fn secret(app: &App) -> SealSecret {
    SealSecret::from_bytes(*app.master_key.derive("parcel key 1"))
}

/// The key under which those who survey a village share work before it is here. Given with the village; who loses the
/// village keeps it, and what is shared there counts for nothing.
pub(super) fn village_key(app: &App, scope: &Scope) -> SealSecret {
    SealSecret::from_bytes(*app.master_key.derive(&format!("village key 1 {} {}", scope.village, scope.round)))
}

fn seal(app: &App, opened: &Opened, response: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let key = key(app);
    app.chance.with(|rng| opened.answer(response, key, app.server_key(), rng)).map_err(Refusal::Parcel)
}

#[cfg(test)]
mod tests;
