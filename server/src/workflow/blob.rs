//! Photos of households: taken in part by part, checked when they are whole, read by whoever may read the household.
//!
//! Owns the order of checks and what is written down as evidence. Nothing here touches a document, a log or a verdict: a
//! photo that is missing, late or wrong holds up nothing but itself.

use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};
use sync_protocol::hash::BlobHash;
use thiserror::Error;

use super::case::CaseId;
use super::document::key_of;
use super::permit::Permit;
use super::{Refusal, exchange, inbox, refused};
use crate::app::App;
use crate::domain::blob::{
    Announcement, BlobId, BlobPart, BlobState, ListedBlob, MAX_BLOB_BYTES, MAX_BLOBS_OF_HOUSEHOLD, MAX_BYTES_OF_DAY,
    MediaType, StoredBlob, hash_of,
};
use crate::domain::device::Device;
use crate::domain::field::{DocumentKey, Home};
use crate::domain::log::{Access, AccessAction, SecurityEventKind};
use crate::seal::Subject;
use crate::store::{self, Read, StoreError};

const DAY_MS: i64 = 86_400_000;

/// Why a photo, or a part of one, is not taken or given.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BlobFault {
    /// This device has not announced it in a journal that the server has.
    #[error("blob not announced")]
    NotAnnounced,
    /// The household is not in a village that the device's holder surveys.
    #[error("blob out of scope")]
    OutOfScope,
    /// It was announced as larger than any may be.
    #[error("blob too large")]
    TooLarge,
    /// More bytes than were announced.
    #[error("blob longer than announced")]
    TooLong,
    /// The part begins behind what has come: so many bytes are there.
    #[error("blob has come up to {0}")]
    Offset(u64),
    /// The whole is not what its hash says.
    #[error("blob of another hash")]
    WrongHash,
    /// The whole is no picture of a kind that is kept.
    #[error("blob of another kind")]
    MediaType,
    /// The household has as many as it may have.
    #[error("household has enough blobs")]
    HouseholdFull,
    /// The device has brought as much today as it may.
    #[error("device has brought enough today")]
    DayFull,
    /// No such blob, or none that may be read.
    #[error("blob not found")]
    NotFound,
}

impl BlobFault {
    /// The stable name that problem documents use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::NotAnnounced => "blob/not-announced",
            Self::OutOfScope => "blob/out-of-scope",
            Self::TooLarge => "blob/too-large",
            Self::TooLong => "blob/too-long",
            Self::Offset(_) => "blob/offset",
            Self::WrongHash => "blob/wrong-hash",
            Self::MediaType => "blob/media-type",
            Self::HouseholdFull => "blob/household-full",
            Self::DayFull => "blob/day-full",
            Self::NotFound => "blob/not-found",
        }
    }

    /// Whether it says something of who sent it that a person may have to know: no honest phone in order does this.
    fn is_evidence(self) -> bool {
        match self {
            Self::OutOfScope | Self::TooLarge | Self::TooLong | Self::WrongHash | Self::MediaType => true,
            Self::NotAnnounced | Self::Offset(_) | Self::HouseholdFull | Self::DayFull | Self::NotFound => false,
        }
    }
}

/// How far a blob has come from one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are here, from the first on.
    pub received: u64,
    /// Bytes that were announced.
    pub size_bytes: u64,
    /// Whether all of it is here and checked.
    pub there: bool,
}

/// A photo, open.
#[derive(Debug)]
pub struct Picture {
    /// What it is.
    pub media_type: MediaType,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A blob that a device may bring.
struct Expected {
    home: Home,
    announced: Announcement,
}

/// How far a blob has come that this device has announced.
pub async fn progress(app: &App, device: &Device, id: BlobId) -> Result<Progress, Refusal> {
    let mut read = app.store.read().await?;
    let expected = noted(app, device, id, expect(&mut read, device, id).await).await?;
    expected.progress(&mut read).await
}

/// Takes a part in. The same part again changes nothing; of one that overlaps what is here, the rest is taken.
pub async fn take_part(app: &App, device: &Device, id: BlobId, offset: u64, bytes: &[u8]) -> Result<Progress, Refusal> {
    let taken = try_take(app, device, id, offset, bytes).await;
    noted(app, device, id, taken).await
}

async fn try_take(app: &App, device: &Device, id: BlobId, offset: u64, bytes: &[u8]) -> Result<Progress, Refusal> {
    let mut read = app.store.read().await?;
    let expected = expect(&mut read, device, id).await?;
    let before = expected.progress(&mut read).await?;
    if before.there {
        return Ok(before);
    }
    if offset.saturating_add(bytes.len() as u64) > before.size_bytes {
        return Err(BlobFault::TooLong.into());
    }
    let known = before.received.checked_sub(offset).ok_or(BlobFault::Offset(before.received))?;
    // Where more is known than the part holds, nothing of it is new.
    let new = bytes.get(usize::try_from(known).unwrap_or(usize::MAX)..).unwrap_or_default();
    if !new.is_empty() {
        expected.check_room(app, &mut read, &before, new.len() as u64).await?;
        expected.keep(app, before.received, new).await?;
    }
    drop(read);
    // What was read before is as it was then: how far it is now takes another look.
    let mut read = app.store.read().await?;
    let after = expected.progress(&mut read).await?;
    match after.received == after.size_bytes && !after.there {
        true => expected.complete(app, &mut read).await,
        false => Ok(after),
    }
}

/// The announcement that allows a device to bring a blob.
async fn expect(read: &mut Read, device: &Device, id: BlobId) -> Result<Expected, Refusal> {
    let home = store::household::by_id(read, id.household).await?.ok_or(BlobFault::NotAnnounced)?;
    let announced = store::blob::announcement(read, home.commune, id, device.id).await?;
    let announced = announced.ok_or(BlobFault::NotAnnounced)?;
    if home.wrapped_key.is_none() {
        return Err(Refusal::Erased);
    }
    // The round of the announcement, open or not: a photo may come later than the data, and later than a move.
    let assigned = store::assignment::of_account(read, device.account, &announced.round).await?;
    let place = DocumentKey { commune: home.commune, round: announced.round.clone(), household: home.id };
    let document = store::document::by_key(read, &place).await?;
    let belongs = |village: UnitId| match &document {
        Some(document) => document.village == village || document.left.contains(&village),
        None => home.village == village,
    };
    if !assigned.iter().any(|assignment| belongs(assignment.village)) {
        return Err(BlobFault::OutOfScope.into());
    }
    match announced.size_bytes <= MAX_BLOB_BYTES {
        true => Ok(Expected { home, announced }),
        false => Err(BlobFault::TooLarge.into()),
    }
}

impl Expected {
    async fn progress(&self, read: &mut Read) -> Result<Progress, Refusal> {
        let Announcement { id, device, size_bytes, .. } = self.announced;
        let there = find(read, self.home.commune, id).await?;
        let there = there.is_some_and(|listed| matches!(listed.state, BlobState::There(_)));
        let received = match there {
            true => size_bytes,
            false => store::blob::received(read, self.home.commune, id, device).await?,
        };
        Ok(Progress { received, size_bytes, there })
    }

    async fn check_room(&self, app: &App, read: &mut Read, before: &Progress, more: u64) -> Result<(), Refusal> {
        if before.received == 0 {
            let listed = store::blob::of_household(read, self.home.commune, self.home.id).await?;
            let kept = listed.iter().filter(|listed| listed.state != BlobState::Announced).count();
            if kept >= MAX_BLOBS_OF_HOUSEHOLD {
                return Err(BlobFault::HouseholdFull.into());
            }
        }
        let brought = store::blob::brought_since(read, self.announced.device, midnight(app.clock.now())).await?;
        match brought.saturating_add(more) <= MAX_BYTES_OF_DAY {
            true => Ok(()),
            false => Err(BlobFault::DayFull.into()),
        }
    }

    /// Writes a part down, unless another request of the same device has come first.
    async fn keep(&self, app: &App, start: u64, bytes: &[u8]) -> Result<(), Refusal> {
        let (commune, id, device) = (self.home.commune, self.announced.id, self.announced.device);
        let key = key_of(app, &self.home)?;
        let sealed = key.seal(Subject::PhotoPart(&id.hash.0, start), bytes, &app.chance)?;
        let part = BlobPart { start, length: bytes.len() as u64, received_at: app.clock.now(), sealed };
        let kept: Result<(), StoreError> = app
            .store
            .write_in(commune, "blob/take_part", move |tx| {
                Box::pin(async move {
                    if store::blob::received(tx, commune, id, device).await? == part.start {
                        store::blob::put_part(tx, commune, id, device, &part).await?;
                    }
                    Ok(())
                })
            })
            .await;
        Ok(kept?)
    }

    /// Puts the parts together. What is not what its hash says, or nothing that is kept, is forgotten as a whole: it can be
    /// brought again from the first byte.
    async fn complete(&self, app: &App, read: &mut Read) -> Result<Progress, Refusal> {
        let (commune, id, device) = (self.home.commune, self.announced.id, self.announced.device);
        let key = key_of(app, &self.home)?;
        let mut bytes = Vec::new();
        for part in store::blob::parts(read, commune, id, device).await? {
            bytes.extend_from_slice(&key.open(Subject::PhotoPart(&id.hash.0, part.start), &part.sealed)?);
        }
        let media_type = match (hash_of(&bytes) == id.hash, MediaType::of(&bytes)) {
            (false, _) => Err(BlobFault::WrongHash),
            (true, None) => Err(BlobFault::MediaType),
            (true, Some(media_type)) => Ok(media_type),
        };
        let media_type = match media_type {
            Ok(media_type) => media_type,
            Err(fault) => {
                let dropped: Result<(), StoreError> = app
                    .store
                    .write_in(commune, "blob/drop", move |tx| {
                        Box::pin(async move { store::blob::delete_parts(tx, commune, id, device).await })
                    })
                    .await;
                dropped?;
                return Err(fault.into());
            }
        };
        let sealed = key.seal(Subject::Photo(&id.hash.0), &bytes, &app.chance)?;
        let (size_bytes, completed_at) = (bytes.len() as u64, app.clock.now());
        let blob = StoredBlob { id, device, media_type, size_bytes, completed_at, sealed };
        let kept: Result<(), StoreError> = app
            .store
            .write_in(commune, "blob/complete", move |tx| {
                Box::pin(async move { store::blob::put(tx, commune, &blob).await })
            })
            .await;
        kept?;
        Ok(Progress { received: size_bytes, size_bytes, there: true })
    }
}

async fn find(read: &mut Read, commune: UnitId, id: BlobId) -> Result<Option<ListedBlob>, Refusal> {
    let listed = store::blob::of_household(read, commune, id.household).await?;
    Ok(listed.into_iter().find(|listed| listed.hash == id.hash))
}

/// The beginning of the day, in UTC: days of this limit need not be anybody's.
fn midnight(now: Timestamp) -> Timestamp {
    let now_ms = now.as_millisecond();
    // An instant a few hours before one that exists does, but for the first day of all.
    Timestamp::from_millisecond(now_ms - now_ms.rem_euclid(DAY_MS)).unwrap_or(Timestamp::MIN)
}

/// Writes a refusal down that is evidence, and passes it on.
async fn noted<T>(app: &App, device: &Device, id: BlobId, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
    let Err(Refusal::Blob(fault)) = &outcome else { return outcome };
    if fault.is_evidence() {
        let why = format!("{} {} {}", id.household, id.hash, fault.slug());
        refused::note(app, "blob/refuse", device, SecurityEventKind::BlobRefused, &why).await?;
    }
    outcome
}

/// A photo for a phone whose holder surveys the household's village in an open round.
pub async fn for_device(app: &App, device: &Device, id: BlobId) -> Result<Picture, Refusal> {
    let mut read = app.store.read().await?;
    let home = store::household::by_id(&mut read, id.household).await?.ok_or(BlobFault::NotFound)?;
    let assigned = exchange::assigned(&mut read, device).await?;
    if !assigned.iter().any(|(_, log)| log.at.scope.village == home.village) {
        return Err(BlobFault::NotFound.into());
    }
    let access = viewed(app, device.account, &home, id);
    open(app, &mut read, &home, id, access).await
}

/// A photo for whoever may read the household.
pub async fn for_reader(app: &App, permit: &Permit, case: CaseId, hash: BlobHash) -> Result<Picture, Refusal> {
    let mut read = app.store.read().await?;
    let right = permit.on(&mut read, case.commune, app.clock.today()).await?;
    inbox::enter(app, &mut read, permit, case.commune, &case.round).await?;
    let home = store::household::by_id(&mut read, case.household).await?;
    let home = home.filter(|home| home.commune == case.commune).ok_or(Refusal::HouseholdNotFound)?;
    let id = BlobId { household: case.household, hash };
    let access = viewed(app, right.account(), &home, id);
    open(app, &mut read, &home, id, access).await
}

fn viewed(app: &App, account: AccountId, home: &Home, id: BlobId) -> Access {
    let subject = format!("{} {}", id.household, id.hash);
    Access { commune: home.commune, at: app.clock.now(), account, action: AccessAction::Viewed, subject }
}

/// Opens a photo, and writes down that it was seen before it is.
async fn open(app: &App, read: &mut Read, home: &Home, id: BlobId, access: Access) -> Result<Picture, Refusal> {
    let key = key_of(app, home)?;
    let stored = store::blob::by_id(read, home.commune, id).await?.ok_or(BlobFault::NotFound)?;
    let bytes = key.open(Subject::Photo(&id.hash.0), &stored.sealed)?.to_vec();
    let written: Result<(), StoreError> = app
        .store
        .write_in(home.commune, "blob/view", move |tx| {
            Box::pin(async move { store::access_log::append(tx, &access).await })
        })
        .await;
    written?;
    Ok(Picture { media_type: stored.media_type, bytes })
}

#[cfg(test)]
mod tests;
