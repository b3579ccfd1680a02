//! Photos in a run: attached on phones, brought part by part between everything else, and all there in the end.
//!
//! Their own promise: every photo that was announced and whose phone survives ends at the server, unless its household is
//! no longer its holder's; and none holds up a change, which the rest of the run makes sure of.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use server::domain::blob::{BlobId, hash_of};
use server::workflow::Refusal;
use server::workflow::blob::{BlobFault, Progress};
use sync_protocol::device::{BlobAnswer, BlobState};

use super::handset::{Handset, Survived};
use super::office;
use super::plan::{Disk, Down, Up};
use super::world::World;

/// Bytes of a photo that go at a time.
const PART_BYTES: usize = 90;

/// A small picture, by its number.
fn picture(number: u8) -> Vec<u8> {
    let body = (0..200 + usize::from(number)).map(|at| (at as u8).wrapping_mul(number | 1));
    [0xff, 0xd8, 0xff, 0xe0].into_iter().chain(body).collect()
}

/// What came of one part.
enum Came {
    /// The server has taken it, and has so much.
    Progress(Progress),
    /// The server will not take it now.
    Not(BlobFault),
    /// The device was shut out.
    ShutOut,
}

impl World {
    /// Somebody takes a photo of a household.
    pub(super) fn attach(&mut self, phone: usize, home: u8, number: u8, disk: Disk) -> Result<String> {
        let (_, household) = self.home(home)?;
        let clocks = self.phones[phone].clocks(&self.commune.clock);
        let handset = &mut self.phones[phone];
        let bytes = picture(number);
        let hash = hash_of(&bytes);
        // The file is on disk before it is announced.
        let length = bytes.len() as u64;
        handset.photos.insert(hash, bytes);
        let Ok(records) = handset.device.attach(household, hash, length, clocks) else {
            return Ok("the phone says no".to_owned());
        };
        if handset.keep(&records, disk)? == Survived::Restarted {
            self.forget_answers(phone);
        }
        Ok(format!("{} has {} photos", self.phones[phone].name, self.phones[phone].device.blobs().len()))
    }

    /// One part of the first photo that the server waits for, and what becomes of it.
    pub(super) async fn send_part(&mut self, phone: usize, up: Up, down: Down, disk: Disk) -> Result<String> {
        let Some(id) = next(&self.phones[phone]) else { return Ok("no photo waits".to_owned()) };
        match up {
            // A body that does not come whole is not taken, nor one that the transport has spoiled.
            Up::Lost | Up::Late | Up::Cut(_) | Up::Flipped(..) => return Ok("part lost".to_owned()),
            Up::Twice => {
                self.bring(phone, id).await?;
            }
            Up::Arrives | Up::ServerTorn(_) => {}
        }
        let came = self.bring(phone, id).await?;
        if matches!(up, Up::ServerTorn(_)) {
            self.commune.die().await?;
            return Ok("the server died before it answered".to_owned());
        }
        match (down, came) {
            (Down::Arrives | Down::Twice, Came::Progress(progress)) if progress.there => {
                self.is_there(phone, id, disk)?;
                Ok("photo there".to_owned())
            }
            (_, Came::Progress(progress)) => Ok(format!("{} of {}", progress.received, progress.size_bytes)),
            (_, Came::Not(fault)) => Ok(fault.to_string()),
            (_, Came::ShutOut) => Ok("shut out".to_owned()),
        }
    }

    fn is_there(&mut self, phone: usize, id: BlobId, disk: Disk) -> Result<()> {
        let handset = &mut self.phones[phone];
        let records = handset.device.blob_answered(id.household, id.hash, BlobAnswer::There);
        if handset.keep(&records, disk)? == Survived::Restarted {
            self.forget_answers(phone);
        }
        Ok(())
    }

    /// Asks where the server stands and brings what follows.
    async fn bring(&mut self, phone: usize, id: BlobId) -> Result<Came> {
        let handset = &mut self.phones[phone];
        let Some(bytes) = handset.photos.get(&id.hash) else { bail!("photo: {} lost a file", handset.name) };
        let brought = self.commune.bring(&mut handset.credentials, id, bytes, PART_BYTES).await;
        match brought {
            Ok(progress) => Ok(Came::Progress(progress)),
            Err(Refusal::Blob(BlobFault::NotAnnounced)) => {
                let records = handset.device.blob_unknown(id.household, id.hash);
                if handset.keep(&records, Disk::Keeps)? == Survived::Restarted {
                    self.forget_answers(phone);
                }
                Ok(Came::Not(BlobFault::NotAnnounced))
            }
            Err(Refusal::Blob(fault @ (BlobFault::OutOfScope | BlobFault::HouseholdFull))) => Ok(Came::Not(fault)),
            Err(Refusal::DeviceRevoked) => {
                self.phones[phone].shut_out = true;
                Ok(Came::ShutOut)
            }
            Err(refusal) if office::is_fault(&refusal) => bail!("photo: makes the server fail: {refusal}"),
            Err(refusal) => bail!("photo: an honest part is refused: {refusal}"),
        }
    }

    /// Has a phone bring all its photos, within bounds, once its data are there. What the server has forgotten is announced
    /// again with the data, and has to be known then.
    pub(super) async fn drain_photos(&mut self, phone: usize, is_again: bool) -> Result<()> {
        let queue: Vec<(BlobId, u64)> = self.phones[phone]
            .device
            .blob_queue()
            .map(|blob| (BlobId { household: blob.household, hash: blob.hash }, blob.size_bytes))
            .collect();
        for (id, size_bytes) in queue {
            let mut parts = 0;
            loop {
                match self.bring(phone, id).await? {
                    Came::Progress(progress) if progress.there => break self.is_there(phone, id, Disk::Keeps)?,
                    Came::Progress(_) => parts += 1,
                    Came::Not(BlobFault::NotAnnounced) if is_again => {
                        bail!("photo: {} is announced and is not", id.hash)
                    }
                    Came::Not(_) | Came::ShutOut => break,
                }
                let most = size_bytes / PART_BYTES as u64 + 1;
                ensure!(parts <= most, "photo: {} takes more than {most} parts", id.hash);
            }
        }
        Ok(())
    }

    /// What a phone says is there is there, and opens to what was taken, unless the server was set back since.
    pub(super) async fn check_photos(&self) -> Result<()> {
        let missing = self.missing_photos().await?;
        let forgotten = |id: &&BlobId| self.forgotten_photos().is_some_and(|photos| photos.contains(id));
        let lost = missing.iter().find(|id| !forgotten(id));
        ensure!(lost.is_none(), "photo: {lost:?} is said to be at the server");
        Ok(())
    }

    /// What the server forgot has come again, if it knows that it was set back.
    pub(super) async fn check_photos_are_back(&self) -> Result<()> {
        let missing = self.missing_photos().await?;
        ensure!(missing.is_empty() || self.is_unaware().await?, "photo: {missing:?} have not come again");
        Ok(())
    }

    /// The photos of which a phone says that they are at the server, and that are not.
    pub(super) async fn missing_photos(&self) -> Result<BTreeSet<BlobId>> {
        let mut missing = BTreeSet::new();
        for phone in self.phones.iter().filter(|phone| !phone.shut_out) {
            for blob in phone.device.blobs().iter().filter(|blob| blob.state == BlobState::There) {
                let id = BlobId { household: blob.household, hash: blob.hash };
                let kept = self.commune.photo(id).await?;
                let is_it = kept.is_none() || kept.as_ref() == phone.photos.get(&id.hash);
                ensure!(is_it, "photo: {} is another one now", blob.hash);
                missing.extend(kept.is_none().then_some(id));
            }
        }
        Ok(missing)
    }
}

fn next(handset: &Handset) -> Option<BlobId> {
    handset.device.blob_queue().next().map(|blob| BlobId { household: blob.household, hash: blob.hash })
}
