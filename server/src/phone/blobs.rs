//! Photos on a phone: kept as files of its directory, sent after the data, part by part, from where the server stands.
//!
//! Owns the files and the sending. Where each photo stands is in the device's records; a photo that does not go holds up
//! nothing, not even the next photo.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use schemas::ids::HouseholdId;
use serde::{Deserialize, Serialize};
use sync_protocol::device::{BlobAnswer, BlobState, OwnBlob};
use sync_protocol::field::{BlobLine, FieldFault};
use sync_protocol::hash::BlobHash;

use super::Phone;
use super::fault::PhoneFault;
use super::store::StoreFault;
use crate::domain::blob::{MAX_BLOB_BYTES, MediaType, hash_of};

/// Most bytes of one part: what the server takes in a body.
const MAX_PART_BYTES: usize = 64 * 1024;
/// Bytes of photos that the server has already and the phone keeps: some three weeks of a few a day.
const MAX_KEPT_BYTES: u64 = 32 * 1024 * 1024;
/// Refusals that another try cannot mend.
const FINAL: [&str; 4] = ["blob/too-large", "blob/too-long", "blob/media-type", "household/erased"];
/// The file is not on the phone any more.
const LOST: &str = "phone/blob-lost";
/// The file is not what was attached.
const DAMAGED: &str = "phone/blob-damaged";
/// The line broke off again and again.
const CUT: &str = "phone/unreachable";

/// What became of the photos in one sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BlobsSent {
    /// Photos that the server has now as a whole.
    pub sent: usize,
    /// Photos that still wait on this phone.
    pub waiting: usize,
    /// Why the last that did not go did not, by its stable name.
    pub held: Option<String>,
}

#[derive(Deserialize)]
struct Progress {
    received: u64,
    there: bool,
}

impl Phone {
    /// Attaches a photo to a household that is here; on disk when this returns. Its name for people is its hash.
    pub fn attach(&mut self, household: HouseholdId, path: &Path) -> Result<BlobLine, PhoneFault> {
        let refused = |reason: String| PhoneFault::File { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?.len();
        if size > MAX_BLOB_BYTES {
            return Err(refused(format!("{size} > {MAX_BLOB_BYTES} byte")));
        }
        let bytes = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        if MediaType::of(&bytes).is_none() {
            return Err(refused("JPEG, PNG, WebP".to_owned()));
        }
        let hash = hash_of(&bytes);
        // The bytes first: what is announced is there.
        self.store.keep_blob(&hash, &bytes)?;
        let clocks = self.clocks();
        let records = self.device.attach(household, hash, bytes.len() as u64, clocks)?;
        self.store.append(&records)?;
        let attached = self.device.blobs().last();
        attached.map(BlobLine::from).ok_or_else(|| FieldFault::NoHousehold(household).into())
    }

    /// The photos that were attached on this phone, in order.
    pub fn blobs(&self) -> Vec<BlobLine> {
        self.device.blobs().iter().map(BlobLine::from).collect()
    }

    /// Sends the photos that the server waits for. Only this phone's own disk makes it fail.
    pub async fn send_blobs(&mut self) -> Result<BlobsSent, PhoneFault> {
        let mut sent = BlobsSent::default();
        let queue: Vec<(HouseholdId, BlobHash)> =
            self.device.blob_queue().map(|blob| (blob.household, blob.hash)).collect();
        for (household, hash) in queue {
            match self.send_blob(household, hash).await {
                Ok(answer) => {
                    sent.sent += usize::from(answer == BlobAnswer::There);
                    self.blob_answered(household, hash, answer)?;
                }
                Err(fault @ PhoneFault::Store(_)) => return Err(fault),
                Err(PhoneFault::Refused(problem)) if problem.slug == "blob/not-announced" => {
                    let records = self.device.blob_unknown(household, hash);
                    self.store.append(&records)?;
                    sent.held = Some(problem.slug);
                }
                Err(fault) => {
                    let slug = if fault.cut().is_some() { CUT } else { fault.slug() };
                    sent.held = Some(slug.to_owned());
                    // No line, or nothing more today: the next photo would fare no better.
                    if slug == CUT || slug == "blob/day-full" {
                        break;
                    }
                }
            }
        }
        sent.waiting = self.device.blobs().iter().filter(|blob| waits(blob)).count();
        Ok(sent)
    }

    fn blob_answered(&mut self, household: HouseholdId, hash: BlobHash, answer: BlobAnswer) -> Result<(), PhoneFault> {
        let records = self.device.blob_answered(household, hash, answer);
        self.store.append(&records)?;
        self.clear_away()
    }

    /// Deletes the oldest photos that the server has, once those take much room.
    fn clear_away(&mut self) -> Result<(), PhoneFault> {
        for blob in self.device.superfluous_blobs(MAX_KEPT_BYTES) {
            self.store.drop_blob(&blob)?;
        }
        Ok(())
    }

    /// The photos that the device keeps account of.
    pub(super) fn listed_blobs(&self) -> BTreeSet<BlobHash> {
        self.device.blobs().iter().map(|blob| blob.hash).collect()
    }

    /// Deletes the photos that an answer has made the device forget: those of a village that it has given up.
    pub(super) fn drop_forgotten(&self, before: &BTreeSet<BlobHash>) -> Result<(), StoreFault> {
        let listed = self.listed_blobs();
        before.difference(&listed).try_for_each(|hash| self.store.drop_blob(hash))
    }

    async fn send_blob(&mut self, household: HouseholdId, hash: BlobHash) -> Result<BlobAnswer, PhoneFault> {
        let bytes = self.store.read_blob(&hash)?.ok_or(LOST);
        let bytes = bytes.and_then(|bytes| if hash_of(&bytes) == hash { Ok(bytes) } else { Err(DAMAGED) });
        let sent = match &bytes {
            Ok(bytes) => self.send_parts(household, hash, bytes).await,
            // It may have been sent, and cleared away here, before the announcement went again.
            Err(why) => match self.get_progress(household, hash).await {
                Ok(Progress { there: false, .. }) => return Ok(BlobAnswer::Refused((*why).to_owned())),
                asked => asked.map(drop),
            },
        };
        match sent {
            Err(PhoneFault::Refused(problem)) if FINAL.contains(&problem.slug.as_str()) => {
                Ok(BlobAnswer::Refused(problem.slug))
            }
            Err(fault) => Err(fault),
            Ok(()) => Ok(BlobAnswer::There),
        }
    }

    /// Sends what the server lacks. Each part is acknowledged for itself; after a cut the server is asked how far it is.
    async fn send_parts(&mut self, household: HouseholdId, hash: BlobHash, bytes: &[u8]) -> Result<(), PhoneFault> {
        let path = path(household, hash);
        let mut progress: Option<Progress> = None;
        loop {
            let asked = match &progress {
                Some(Progress { there: true, .. }) => return Ok(()),
                Some(Progress { received, .. }) => {
                    let most = MAX_PART_BYTES.min(self.portion.up_bytes as usize);
                    // A server that has more than there is gets an empty part, and says what is wrong.
                    let begin = usize::try_from(*received).unwrap_or(usize::MAX).min(bytes.len());
                    let part = &bytes[begin..bytes.len().min(begin + most)];
                    self.timed_patch(&format!("{path}?offset={begin}"), part).await
                }
                None => self.get_progress(household, hash).await,
            };
            let before = progress.as_ref().map(|progress| progress.received);
            progress = match asked {
                Ok(after) if !after.there && before == Some(after.received) => {
                    return Err(PhoneFault::NotTaken("blob/offset".to_owned()));
                }
                Ok(after) => Some(after),
                Err(fault) => {
                    self.make_smaller(fault)?;
                    None
                }
            };
        }
    }

    async fn timed_patch(&mut self, path: &str, part: &[u8]) -> Result<Progress, PhoneFault> {
        let began = self.surroundings.clock.uptime();
        let answered = self.connection.patch(path, part.to_vec(), &self.token).await;
        if answered.is_ok() {
            self.make_larger(self.surroundings.clock.uptime().saturating_sub(began));
        }
        answered
    }

    async fn get_progress(&mut self, household: HouseholdId, hash: BlobHash) -> Result<Progress, PhoneFault> {
        let path = format!("{}/progress", path(household, hash));
        match self.connection.get(&path, &self.token).await {
            Err(PhoneFault::Refused(problem)) if problem.slug == "device/token-not-valid" => {
                self.renew().await?;
                self.connection.get(&path, &self.token).await
            }
            other => other,
        }
    }

    /// After a second cut in a row: the next request is smaller. An error when it was no cut, or when nothing can be made smaller.
    pub(super) fn make_smaller(&mut self, fault: PhoneFault) -> Result<(), PhoneFault> {
        let Some(way) = fault.cut() else { return Err(fault) };
        // What came through on the same connection may have used it up: as much once more, on a fresh one.
        if std::mem::take(&mut self.came_through) {
            return Ok(());
        }
        match self.portion.after_cut(way) {
            Some(portion) => self.portion = portion,
            None => return Err(fault),
        }
        Ok(())
    }

    /// After an exchange that came through.
    pub(super) fn make_larger(&mut self, took: Duration) {
        self.portion = self.portion.after_success(took);
        self.came_through = true;
    }
}

impl super::Store {
    fn keep_blob(&self, hash: &BlobHash, bytes: &[u8]) -> Result<(), StoreFault> {
        self.write_bytes(&name(hash), bytes)
    }

    fn read_blob(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, StoreFault> {
        self.read_bytes(&name(hash))
    }

    fn drop_blob(&self, hash: &BlobHash) -> Result<(), StoreFault> {
        self.remove_file(&name(hash))
    }
}

fn waits(blob: &OwnBlob) -> bool {
    matches!(blob.state, BlobState::Unannounced | BlobState::Announced)
}

fn path(household: HouseholdId, hash: BlobHash) -> String {
    format!("/api/sync/households/{household}/blobs/{hash}")
}

fn name(hash: &BlobHash) -> String {
    format!("blob-{hash}")
}
