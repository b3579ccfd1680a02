//! Everything that a device is, as bytes: opened from them it need not replay thousands of records.
//!
//! Owns the order of the parts and how damage is noticed. A snapshot is this program's own note, never sent to anybody. The
//! records before it may be gone, so a later program has to read it: what is added stands at the end of its part and may be
//! absent. One of another version is refused by name. What is forgotten with the process is not in it,
//! and neither are key and forms. `from_snapshot` and then the records that were written after it make the same device as
//! all records do.

use std::sync::Arc;

use minicbor::{Decoder, Encoder, decode, encode};
use schemas::form::Form;
use thiserror::Error;

use super::document::DeviceDocument;
use super::{Device, Identity, Outgoing};
use crate::hash::{PublicKey, tagged};

/// Version of a snapshot: another one wherever anything that stands in it changes.
const VERSION: u8 = 1;
/// Bytes of the sum over the rest.
const SUM_BYTES: usize = 32;

/// Why a snapshot is of no use: the device is made from its records then.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SnapshotFault {
    /// Another program wrote it.
    #[error("a snapshot of another version")]
    Version,
    /// The bytes are not what was written.
    #[error("the snapshot is damaged")]
    Damaged,
    /// It is another device's.
    #[error("the snapshot of another device")]
    OtherDevice,
}

impl SnapshotFault {
    /// The stable name that screens and scripts use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Version => "snapshot/version",
            Self::Damaged => "snapshot/damaged",
            Self::OtherDevice => "snapshot/other-device",
        }
    }
}

impl Device {
    /// Everything that the device is.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::new());
        // Writing to a Vec cannot fail, and none of our encoders refuses a value.
        self.write_state(&mut out).expect("encodes into memory");
        let state = out.into_writer();
        [&[VERSION], sum(&state).as_slice(), &state].concat()
    }

    /// The device that a snapshot shows.
    pub fn from_snapshot(bytes: &[u8], identity: Identity, forms: Vec<Arc<Form>>) -> Result<Self, SnapshotFault> {
        let (version, rest) = bytes.split_first().ok_or(SnapshotFault::Damaged)?;
        if *version != VERSION {
            return Err(SnapshotFault::Version);
        }
        let (expected, state) = rest.split_first_chunk::<SUM_BYTES>().ok_or(SnapshotFault::Damaged)?;
        if *expected != sum(state) {
            return Err(SnapshotFault::Damaged);
        }
        let (mut device, mut from) = (Self::new(identity, forms), Decoder::new(state));
        let is_own = device.read_state(&mut from).map_err(|_| SnapshotFault::Damaged)?;
        match (is_own, from.position() == state.len()) {
            (true, true) => Ok(device),
            (false, _) => Err(SnapshotFault::OtherDevice),
            (true, false) => Err(SnapshotFault::Damaged),
        }
    }

    /// Writes every field but what is kept elsewhere or forgotten with the process; named one by one, so that a new one
    /// cannot be left out by oversight.
    fn write_state(&self, out: &mut Encoder<Vec<u8>>) -> Result<(), encode::Error<std::convert::Infallible>> {
        let Self { identity, forms: _, name_scopes: _, version: _, epoch, journal, scopes, documents, earlier, .. } =
            self;
        let Self { outbox, answered, read, giving, refused, blobs, set_back, parcels, village_keys, .. } = self;
        let Self { seen, clock_offset_ms, .. } = self;
        out.encode(PublicKey(identity.key.verifying_key().to_bytes()))?.u64(identity.account.0)?;
        out.encode(epoch)?.encode(journal)?.encode(scopes)?;
        out.array(documents.len() as u64)?;
        for (household, document) in documents {
            out.bytes(&household.0)?.encode(document)?;
        }
        out.array(earlier.len() as u64)?;
        for ((household, _), document) in earlier {
            out.bytes(&household.0)?.encode(document)?;
        }
        out.encode(outbox)?.encode(answered.values().collect::<Vec<_>>())?.encode(read)?.encode(giving)?;
        out.encode(refused)?.encode(blobs)?.encode(set_back)?.encode(parcels)?;
        out.encode(village_keys)?.encode(seen)?.encode(clock_offset_ms)?.ok()
    }

    /// Reads what [`Device::write_state`] wrote. Returns whether it was this device's.
    fn read_state(&mut self, from: &mut Decoder<'_>) -> Result<bool, decode::Error> {
        let own = PublicKey(self.identity.key.verifying_key().to_bytes());
        if from.decode::<PublicKey>()? != own || from.u64()? != self.identity.account.0 {
            return Ok(false);
        }
        (self.epoch, self.journal) = (from.decode()?, from.decode()?);
        self.scopes = from.decode()?;
        self.documents = documents(from)?.into_iter().collect();
        let earlier = documents(from)?.into_iter();
        self.earlier =
            earlier.map(|(household, document)| ((household, document.scope.round.clone()), document)).collect();
        self.outbox = from.decode()?;
        let answered: Vec<Outgoing> = from.decode()?;
        self.answered =
            answered.into_iter().map(|outgoing| ((outgoing.epoch, outgoing.entry.number), outgoing)).collect();
        (self.read, self.giving) = (from.decode()?, from.decode()?);
        (self.refused, self.blobs, self.set_back) = (from.decode()?, from.decode()?, from.decode()?);
        self.parcels = from.decode()?;
        self.village_keys = from.decode()?;
        (self.seen, self.clock_offset_ms) = (from.decode()?, from.decode()?);
        Ok(true)
    }
}

type Documents = Vec<(schemas::ids::HouseholdId, DeviceDocument)>;

fn documents(from: &mut Decoder<'_>) -> Result<Documents, decode::Error> {
    let count = from.array()?.ok_or_else(|| decode::Error::message("documents: no length"))?;
    let mut documents = Documents::new();
    for _ in 0..count {
        let household = crate::wire::household_id::decode(from, &mut ())?;
        documents.push((household, from.decode()?));
    }
    Ok(documents)
}

fn sum(state: &[u8]) -> [u8; SUM_BYTES] {
    tagged("rasoat snapshot 1", &[state])
}
