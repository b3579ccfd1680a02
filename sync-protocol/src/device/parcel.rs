//! The exchange as a file: what a device puts into a parcel, and what it makes of an answer that may be weeks old.
//!
//! Everything in a parcel goes plainly, not as intents: whoever has to walk for a second try is not asked for one. An answer
//! says nothing about what the device has learnt since in another way; the next exchange tells.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use thiserror::Error;

use super::{AnswerFault, Device, Outcome, Outgoing, Record, Sync};
use crate::hash::ParcelId;
use crate::message::{MAX_SEGMENTS, Page, Request, Response, ScopeCursor};
use crate::parcel::{self, ParcelAnswer, ParcelFault, ParcelKey, SealSecret};
use crate::segment::{MAX_SEGMENT_BYTES, Payload, Segment};

/// How many parcels a device waits for answers to; of older ones it forgets the key.
pub const MOST_AWAITED: usize = 16;
/// Bytes of segments in one parcel at most; what is left goes with one that is made after the answer.
const PARCEL_SEGMENT_BYTES: usize = 1_500_000;
/// Bytes of news that an answer may carry.
const WANT_BYTES: u32 = 1024 * 1024;
/// No author writes in this epoch, so nothing is left out of the answer as the device's own.
const NOBODYS_EPOCH: u32 = 0;

/// A parcel that may be answered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Awaited {
    #[n(0)]
    id: ParcelId,
    /// Opens the answer.
    #[n(1)]
    reply: SealSecret,
    /// For each segment the epoch and number of its entries.
    #[n(2)]
    sent: Vec<Vec<(u32, u64)>>,
    /// How far each scope was read.
    #[n(3)]
    scopes: Vec<ScopeCursor>,
}

/// A parcel on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedParcel {
    /// The file to carry.
    pub bytes: Vec<u8>,
    /// To be written to disk before the file is given away: without them no answer can be opened.
    pub records: Vec<Record>,
    /// Journal entries in it.
    pub entries: usize,
}

/// Why an answer to a parcel is not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ParcelAnswerFault {
    /// It is no answer to a parcel of this device.
    #[error(transparent)]
    Parcel(#[from] ParcelFault),
    /// What is in it is no answer.
    #[error(transparent)]
    Answer(#[from] AnswerFault),
}

impl Device {
    /// Puts everything that waits, and how far each scope was read, into a parcel for the server.
    pub fn parcel(
        &mut self,
        to: &ParcelKey,
        wall_ms: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<PackedParcel, ParcelFault> {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let (id, reply) = (ParcelId(id), SealSecret::draw(rng));
        let (sent, segments) = self.plain_segments();
        let scopes: Vec<ScopeCursor> = self.cursors().collect();
        let as_bytes = scopes.iter().map(|cursor| cursor.scope.clone()).collect();
        let segments = segments.into_iter().map(Into::into).collect();
        let request = Request {
            scopes: scopes.clone(),
            want_bytes: WANT_BYTES,
            as_bytes: Some(as_bytes),
            ..Request::bringing(segments, NOBODYS_EPOCH, wall_ms)
        };
        let bytes = parcel::pack(request.to_bytes(), (id, reply.public()), to, &self.identity.key, rng)?;
        let entries = sent.iter().map(Vec::len).sum();
        let records = self.applied(vec![Record::Parcel(Awaited { id, reply, sent, scopes })]);
        Ok(PackedParcel { bytes, records, entries })
    }

    /// Takes the answer to a parcel in, however late and however often. Returns what it came to and the key that the next
    /// parcel is sealed to. `wall_ms`: the device's clock now.
    pub fn parcel_answer(&mut self, bytes: &[u8], wall_ms: i64) -> Result<(Outcome, ParcelKey), ParcelAnswerFault> {
        let answer = ParcelAnswer::read(bytes)?;
        let awaited = self.awaited.iter().find(|awaited| awaited.id == answer.parcel());
        let awaited = awaited.ok_or(ParcelFault::NotAwaited)?.clone();
        let (response, key) = answer.open(&awaited.reply, &self.identity.server)?;
        let response = Response::from_bytes(&response).map_err(AnswerFault::Message)?;
        if response.segments.len() != awaited.sent.len() {
            return Err(AnswerFault::OtherRequest.into());
        }
        let (sync, response) = self.in_time(awaited, response);
        Ok((self.take_response(&sync, response, wall_ms)?, key))
    }

    /// Of an old answer what still tells something: verdicts on entries that wait, and pages and assignments that follow
    /// what the device knew when it asked and still knows.
    fn in_time(&self, awaited: Awaited, mut response: Response) -> (Sync, Response) {
        let answered = awaited.sent.into_iter().zip(response.segments);
        let (sent, segments) = answered.filter(|(entries, _)| self.waits_for_any(entries)).unzip();
        response.segments = segments;
        let known = awaited.scopes.iter().map(|cursor| &cursor.scope);
        response.assigned = response.assigned.filter(|_| known.eq(self.scopes.keys()));
        response.pages.retain(|page| self.is_in_time(page, &awaited.scopes));
        response.name_scopes = None;
        let sync = Sync { bytes: Vec::new(), sent, epoch: NOBODYS_EPOCH, named: true };
        (sync, response)
    }

    fn waits_for_any(&self, entries: &[(u32, u64)]) -> bool {
        self.outbox.iter().any(|outgoing| entries.contains(&(outgoing.epoch, outgoing.entry.number)))
    }

    fn is_in_time(&self, page: &Page, asked: &[ScopeCursor]) -> bool {
        let Some(now) = self.scopes.get(&page.scope).map(|state| state.cursor) else {
            // A scope that the answer itself assigns: the shared path looks whether it did.
            return true;
        };
        let then = asked.iter().find(|cursor| cursor.scope == page.scope).map_or(0, |cursor| cursor.cursor.generation);
        page.after == now || (page.after.position == 0 && then == now.generation)
    }

    fn cursors(&self) -> impl Iterator<Item = ScopeCursor> {
        self.scopes.iter().map(|(scope, state)| ScopeCursor { scope: scope.clone(), cursor: state.cursor })
    }

    /// What waits, as plain signed segments, with the epoch and number of their entries.
    fn plain_segments(&self) -> (Vec<Vec<(u32, u64)>>, Vec<Vec<u8>>) {
        let (mut sent, mut segments, mut size) = (Vec::new(), Vec::new(), 0);
        for part in runs(&self.outbox) {
            let segment = self.signed(part).to_bytes();
            size += segment.len();
            if size > PARCEL_SEGMENT_BYTES || segments.len() == MAX_SEGMENTS {
                break;
            }
            segments.push(segment);
            sent.push(part.iter().map(|outgoing| (outgoing.epoch, outgoing.entry.number)).collect());
        }
        (sent, segments)
    }

    /// A run of entries as it is signed, with the bytes of its changes.
    pub(super) fn signed(&self, part: &[Outgoing]) -> Segment {
        let author = crate::actor::Author { epoch: part[0].epoch, ..self.author() };
        let entries = part.iter().map(|outgoing| outgoing.entry.clone()).collect();
        let payloads = part.iter().filter_map(|outgoing| outgoing.payload.clone()).map(Payload::Raw).collect();
        Segment::sign(author, part[0].scope.clone(), entries, payloads, &self.identity.key)
    }
}

/// Runs of one epoch and scope without gaps, each small enough for a plain segment.
fn runs(outbox: &[Outgoing]) -> Vec<&[Outgoing]> {
    let mut runs = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, outgoing) in outbox.iter().enumerate() {
        let more = ENTRY_BYTES + outgoing.payload.as_ref().map_or(0, |bytes| bytes.len());
        let follows = at.checked_sub(1).is_none_or(|before| outgoing.follows(&outbox[before]));
        if at > start
            && (!follows || size + more > MAX_SEGMENT_BYTES / 2 || at - start == super::request::SEGMENT_ENTRIES)
        {
            runs.push(&outbox[start..at]);
            (start, size) = (at, 0);
        }
        size += more;
    }
    runs.extend((start < outbox.len()).then(|| &outbox[start..]));
    runs
}

/// Bytes that an entry takes at most beside its change; a command may be longer and makes a segment of its own.
const ENTRY_BYTES: usize = 256;
