//! The exchange as a file: what a device puts into a parcel, and what it makes of an answer that may be weeks old.
//!
//! Everything in a parcel goes plainly, not as intents: whoever has to walk for a second try is not asked for one. An answer
//! says nothing about what the device has learnt since in another way; the next exchange tells.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use thiserror::Error;

use super::mend::Given;
use super::request::SentSegment;
use super::{AnswerFault, Device, Outcome, Record, Sync, Travel};
use crate::hash::ParcelId;
use crate::journal::Scope;
use crate::message::{Page, Request, Response, ScopeCursor};
use crate::parcel::{self, ParcelAnswer, ParcelFault, ParcelKey, SealSecret};

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
    /// For each chapter how far it gives back.
    #[n(3)]
    given: Vec<ScopeCursor>,
    /// The device's clock when it was made.
    #[n(4)]
    made_at_ms: i64,
}

/// What happens to a parcel on the device that made it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ParcelStep {
    /// It was made, and may be answered.
    #[n(0)]
    Made(#[n(0)] Awaited),
    /// The device has heard the server in another way since this one and those before it were made.
    #[n(1)]
    Overtaken(#[n(0)] ParcelId),
}

/// A parcel, and what an answer to it still says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct SentParcel {
    #[n(0)]
    made: Awaited,
    /// The device has heard the server in another way since: what it is assigned to, and where logs end, is no news.
    #[n(1)]
    is_overtaken: bool,
    /// The device doubts answers since: the server may have forgotten what it says in this one.
    #[n(2)]
    is_void: bool,
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
    /// Puts everything that waits, what the server has forgotten, and how far each scope was read, into a parcel for the
    /// server.
    pub fn parcel(
        &mut self,
        to: &ParcelKey,
        wall_ms: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<PackedParcel, ParcelFault> {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let (id, reply) = (ParcelId(id), SealSecret::draw(rng));
        let (sent, segments) = self.segments(PARCEL_SEGMENT_BYTES, Travel::Plain);
        let (chapters, given) = self.chapters();
        let scopes: Vec<ScopeCursor> = self.cursors().collect();
        let as_bytes = scopes.iter().map(|cursor| cursor.scope.clone()).collect();
        let request = Request {
            scopes,
            want_bytes: WANT_BYTES,
            as_bytes: Some(as_bytes),
            chapters: (!chapters.is_empty()).then_some(chapters),
            ..Request::bringing(segments, NOBODYS_EPOCH, wall_ms)
        };
        let bytes = parcel::pack(request.to_bytes(), (id, reply.public()), to, &self.identity.key, rng)?;
        let sent: Vec<_> = sent.into_iter().map(|segment| segment.entries).collect();
        let entries = sent.iter().map(Vec::len).sum();
        let given = given.into_iter().map(|Given(upto)| upto).collect();
        let made = Awaited { id, reply, sent, given, made_at_ms: wall_ms };
        let records = self.applied(vec![Record::Parcel(ParcelStep::Made(made))]);
        Ok(PackedParcel { bytes, records, entries })
    }

    /// Takes the answer to a parcel in, however late and however often. Returns what it came to and the key that the next
    /// parcel is sealed to. `wall_ms`: the device's clock now.
    pub fn parcel_answer(&mut self, bytes: &[u8], wall_ms: i64) -> Result<(Outcome, ParcelKey), ParcelAnswerFault> {
        let answer = ParcelAnswer::read(bytes)?;
        let sent = self.parcels.iter().find(|sent| sent.made.id == answer.parcel());
        let sent = sent.ok_or(ParcelFault::NotAwaited)?.clone();
        let (response, key) = answer.open(&sent.made.reply, &self.identity.server)?;
        let response = Response::from_bytes(&response).map_err(AnswerFault::Message)?;
        if response.segments.len() != sent.made.sent.len() {
            return Err(AnswerFault::OtherRequest.into());
        }
        let (sync, response) = self.in_time(sent, response);
        let mut outcome = self.take_response(&sync, response, wall_ms)?;
        self.take_overtaken(Some(answer.parcel()), &mut outcome);
        Ok((outcome, key))
    }

    /// Of an old answer what still tells something: verdicts on entries that wait, pages that follow what was read, and
    /// assignments when nothing newer was heard.
    fn in_time(&self, sent: SentParcel, mut response: Response) -> (Sync, Response) {
        let SentParcel { made, is_overtaken, is_void } = sent;
        let answered = made.sent.into_iter().zip(response.segments);
        let counts = |entries: &[(u32, u64)]| !is_void && self.waits_for_any(entries);
        let (sent, segments) = answered.filter(|(entries, _)| counts(entries)).unzip();
        response.segments = segments;
        let mut given: Vec<Given> = made.given.into_iter().map(Given).collect();
        if is_void {
            (response.chapters, given) = (None, Vec::new());
        }
        if is_overtaken {
            // Packed pages come only of places that the answer itself gives.
            (response.assigned, response.packed) = (None, None);
        }
        let pages = response.pages.len();
        response.pages.retain(|page| self.is_in_time(page, response.assigned.as_deref()));
        let sent: Vec<Vec<(u32, u64)>> = sent;
        // Only an answer of which nothing was left out tells where the logs end, and of what it takes itself a device that was
        // shut out is shown no row.
        response.more |= is_overtaken || is_void || response.pages.len() < pages || !sent.is_empty();
        response.name_scopes = None;
        let sent = sent.into_iter().map(|entries| SentSegment { entries, packed: false }).collect();
        let sent_at_ms = made.made_at_ms;
        (Sync { bytes: Vec::new(), sent, epoch: NOBODYS_EPOCH, named: true, given, sent_at_ms }, response)
    }

    fn waits_for_any(&self, entries: &[(u32, u64)]) -> bool {
        self.outbox.iter().any(|outgoing| entries.contains(&(outgoing.epoch, outgoing.entry.number)))
    }

    /// Whether a page follows what was read, or begins a log anew that was not read so far yet.
    fn is_in_time(&self, page: &Page, assigned: Option<&[Scope]>) -> bool {
        let Some(now) = self.scopes.get(&page.scope).map(|state| state.cursor) else {
            return assigned.is_some_and(|assigned| assigned.contains(&page.scope));
        };
        page.after == now || (page.after.position == 0 && page.after > now)
    }

    /// Writes down that parcels were overtaken: those up to this one, or all.
    pub(super) fn take_overtaken(&mut self, upto: Option<ParcelId>, outcome: &mut Outcome) {
        let upto = upto.or_else(|| self.parcels.last().map(|sent| sent.made.id));
        let Some(upto) = upto else { return };
        let is_new = self.upto(&upto).iter().any(|sent| !sent.is_overtaken);
        if is_new {
            self.take(Record::Parcel(ParcelStep::Overtaken(upto)), outcome);
        }
    }

    /// The parcels up to this one.
    fn upto(&mut self, parcel: &ParcelId) -> &mut [SentParcel] {
        let count = self.parcels.iter().position(|sent| sent.made.id == *parcel).map_or(0, |at| at + 1);
        &mut self.parcels[..count]
    }

    pub(super) fn apply_parcel(&mut self, step: &ParcelStep) {
        match step {
            ParcelStep::Made(made) => {
                self.parcels.push(SentParcel { made: made.clone(), is_overtaken: false, is_void: false });
                self.parcels.drain(..self.parcels.len().saturating_sub(MOST_AWAITED));
            }
            ParcelStep::Overtaken(parcel) => self.upto(parcel).iter_mut().for_each(|sent| sent.is_overtaken = true),
        }
    }

    /// What the server was told in parcels on their way, and answers, may be forgotten by now: it goes again.
    pub(super) fn void_parcels(&mut self) {
        self.parcels.iter_mut().for_each(|sent| sent.is_void = true);
    }
}
