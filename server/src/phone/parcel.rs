//! Parcels on a phone: its own exchange as a file, and others' files carried to the server and back.

use std::path::{Path, PathBuf};

use schemas::ids::{RoundId, UnitId};
use serde::Serialize;
use sync_protocol::device::{Looked, Record, ShareFault};
use sync_protocol::hash::PublicKey;
use sync_protocol::parcel::{MAX_PARCEL_ANSWER_BYTES, MAX_PARCEL_BYTES, Parcel, ParcelAnswer, ParcelKey};

use super::Phone;
use super::exchange::check;
use super::fault::PhoneFault;
use super::file::{read_bytes, write_bytes};
use super::store::{Store, StoreFault};
use crate::token::{hex, unhex};

/// The file of the key that parcels are sealed to.
const KEY: &str = "parcel-key";
/// How the file of an answer ends.
const ANSWER: &str = "answer";

/// What an answer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParcelTaken {
    /// Journal entries that the server answered for.
    pub sent: usize,
    /// Journal entries that still wait.
    pub waiting: usize,
    /// Rows of logs that were read.
    pub rows: usize,
}

/// What looking at a colleague's work came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SharesSeen {
    /// Changes that are shown from now on.
    pub shown: usize,
    /// Changes that were known already.
    pub known: usize,
    /// Changes that do not fit here yet: read the village's news first.
    pub left_out: usize,
}

/// A parcel that was carried, or why it was not.
#[derive(Debug)]
pub struct CarriedParcel {
    /// The parcel's file.
    pub parcel: PathBuf,
    /// The file of its answer.
    pub answer: Result<PathBuf, PhoneFault>,
}

/// Keeps the key that came with enrolment or with an answer.
pub(super) fn save_key(store: &Store, key: &ParcelKey) -> Result<(), StoreFault> {
    store.write_file(KEY, &hex(&key.to_bytes()))
}

/// Reads a key as it came, and makes sure that the server signed it.
pub(super) fn read_key(text: &str, server: &[u8; 32]) -> Result<ParcelKey, PhoneFault> {
    let bytes: Option<[u8; ParcelKey::BYTES]> = unhex(text.trim());
    let bytes = bytes.ok_or_else(|| PhoneFault::Untrusted("parcel key".to_owned()))?;
    Ok(ParcelKey::open(&bytes, &PublicKey(*server))?)
}

impl Phone {
    /// Writes everything that waits into a parcel. Returns how many journal entries are in it.
    pub fn export_parcel(&mut self, out: &Path) -> Result<usize, PhoneFault> {
        let text = self.store.read_file(KEY)?.ok_or(PhoneFault::NoParcelKey)?;
        let key = read_key(&text, &self.identity.server_key)?;
        let (wall_ms, chance) = (self.clocks().wall_ms, self.surroundings.chance.clone());
        let packed = chance.with(|rng| self.device.parcel(&key, wall_ms, rng))?;
        // The key to the answer first: without it nobody can open what comes back.
        self.store.append(&packed.records)?;
        write_bytes(out, &packed.bytes)?;
        Ok(packed.entries)
    }

    /// Takes the answer to one of its parcels in.
    pub fn import_parcel(&mut self, path: &Path) -> Result<ParcelTaken, PhoneFault> {
        let bytes = read_bytes(path, MAX_PARCEL_ANSWER_BYTES)?;
        let (before, photos) = (self.device.waiting(), self.listed_blobs());
        let (outcome, key) = self.device.parcel_answer(&bytes, self.clocks().wall_ms)?;
        self.store.append(&outcome.records)?;
        self.drop_forgotten(&photos)?;
        save_key(&self.store, &key)?;
        check(&outcome.remarks)?;
        let rows = outcome.records.iter().map(|record| match record {
            Record::Page(page) => page.rows.len(),
            _ => 0,
        });
        let (rows, waiting) = (rows.sum(), self.device.waiting());
        Ok(ParcelTaken { sent: before.saturating_sub(waiting), waiting, rows })
    }

    /// Writes own work of a village that its log does not tell of yet into a file for colleagues there. Returns how many
    /// changes are in it. Without a village the only one that is held is meant.
    pub fn export_share(
        &self,
        village: Option<UnitId>,
        round: Option<RoundId>,
        out: &Path,
    ) -> Result<usize, PhoneFault> {
        let scope = self.device.scope_of(village, round.as_ref()).ok_or(ShareFault::NoVillage)?;
        let (bytes, changes) = self.surroundings.chance.with(|rng| self.device.share(&scope, rng))?;
        write_bytes(out, &bytes)?;
        Ok(changes)
    }

    /// Looks at what a colleague has shared.
    pub fn look(&mut self, path: &Path) -> Result<SharesSeen, PhoneFault> {
        let bytes = read_bytes(path, MAX_PARCEL_BYTES)?;
        let Looked { records, shown, known, left_out } = self.device.look(&bytes)?;
        self.store.append(&records)?;
        Ok(SharesSeen { shown, known, left_out })
    }

    /// Carries parcels of others to the server and puts the answers beside each other. One that is refused does not hold up
    /// the rest.
    pub async fn carry(&mut self, parcels: &[PathBuf], out: &Path) -> Vec<CarriedParcel> {
        let mut carried = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let answer = self.carry_one(parcel, out).await;
            carried.push(CarriedParcel { parcel: parcel.clone(), answer });
        }
        carried
    }

    async fn carry_one(&mut self, path: &Path, out: &Path) -> Result<PathBuf, PhoneFault> {
        let bytes = read_bytes(path, MAX_PARCEL_BYTES)?;
        let parcel = Parcel::read(&bytes)?.id();
        let answer = self.post_parcel(&bytes).await?;
        if ParcelAnswer::read(&answer)?.parcel() != parcel {
            return Err(PhoneFault::Untrusted(format!("parcel {parcel}")));
        }
        // Named by the parcel: files of one name from two phones must not overwrite each other.
        let path = out.join(format!("{parcel}.{ANSWER}"));
        write_bytes(&path, &answer)?;
        Ok(path)
    }
}
