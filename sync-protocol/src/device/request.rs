//! What a device sends: its waiting work as signed segments, packed where that is possible, and how far it has read.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use schemas::ids::HouseholdId;

use super::mend::Given;
use super::{Device, Outgoing, Portion, Travel, View};
use crate::actor::Author;
use crate::history::History;
use crate::journal::{Body, Scope};
use crate::message::{LogEnd, MAX_SEGMENTS, Request, ScopeCursor, holding, packed_size, row_starts};
use crate::named::Named;
use crate::segment::{MAX_SEGMENT_BYTES, Packing, Payload, Segment, SegmentFault};

/// Entries that one segment carries at most.
const SEGMENT_ENTRIES: usize = 200;
/// Bytes that an entry takes at most in a plain segment, without the change that it names or the request that it holds.
const ENTRY_BYTES: usize = 256;
/// Bytes up to which the cursors themselves are sent with a question that brings nothing; beyond it their hash.
const FEW_CURSOR_BYTES: usize = 48;

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The body to send.
    pub bytes: Vec<u8>,
    pub(super) sent: Vec<SentSegment>,
    /// The epoch that it named.
    pub(super) epoch: u32,
    /// Whether it named its scopes.
    pub(super) named: bool,
    /// What each chapter gives back.
    pub(super) given: Vec<Given>,
    /// The device's clock when it was made.
    pub(super) sent_at_ms: i64,
}

/// A segment on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentSegment {
    /// Epoch and number of its entries.
    pub(super) entries: Vec<(u32, u64)>,
    pub(super) packed: bool,
}

impl SentSegment {
    /// Whether the entries go again, in two parts or another way, after a refusal for this reason: one entry that is bad is
    /// to hold up no other. What a single entry is refused for as it was signed, it is refused for.
    pub(super) fn may_be_parted(&self, reason: &str) -> bool {
        use SegmentFault::{Chain, Payloads, Signature, TooLarge, Unreadable};
        let of_one_entry =
            [TooLarge, Unreadable, Chain, Payloads, Signature].iter().any(|fault| fault.slug() == reason);
        of_one_entry && (self.packed || self.entries.len() > 1)
    }
}

/// The next segment of a run.
struct Made {
    bytes: Vec<u8>,
    packed: bool,
    entries: usize,
}

impl Device {
    /// The next request on a line that does not break: what waits, as signed segments, and how far each scope was read.
    pub fn request(&self, wall_ms: i64, want_bytes: u32) -> Sync {
        self.request_in(wall_ms, Portion { down_bytes: want_bytes, ..Portion::MOST })
    }

    /// The next request, as much as a portion holds. Asking twice gives the same segments: a request whose answer was lost
    /// is simply made again, and what of it goes in which segment may change, for each entry is answered for itself.
    pub fn request_in(&self, wall_ms: i64, portion: Portion) -> Sync {
        let (sent, segments) = self.segments(portion.up_bytes as usize, Travel::Intent);
        self.finish(sent, segments, wall_ms, portion.down_bytes)
    }

    /// What waits as signed segments, as much as there is room for. `travel`: the shortest way that an entry may go.
    pub(super) fn segments(&self, room: usize, travel: Travel) -> (Vec<SentSegment>, Vec<ByteVec>) {
        // What the server has taken from the middle leaves a gap, and a segment is a run without gaps.
        let follows = |a: &Outgoing, b: &Outgoing| a.entry.number.checked_add(1) == Some(b.entry.number);
        let runs = |a: &Outgoing, b: &Outgoing| {
            a.epoch == b.epoch && a.scope == b.scope && a.put_off == b.put_off && !b.begins && follows(a, b)
        };
        // What the server has forgotten goes first: own work builds on it.
        let ready = self.outbox.chunk_by(runs).filter(|run| !self.gives_back(&run[0].scope));
        let mut waiting: Vec<&[Outgoing]> = ready.collect();
        waiting.sort_by_key(|run| run[0].put_off);
        self.filled(waiting, room, travel)
    }

    /// Runs of entries as signed segments, as much as there is room for.
    pub(super) fn filled<'a>(
        &self,
        runs: impl IntoIterator<Item = &'a [Outgoing]>,
        mut room: usize,
        travel: Travel,
    ) -> (Vec<SentSegment>, Vec<ByteVec>) {
        let (mut sent, mut segments): (Vec<SentSegment>, Vec<ByteVec>) = (Vec::new(), Vec::new());
        'runs: for run in runs {
            let mut rest = run;
            while !rest.is_empty() && segments.len() < MAX_SEGMENTS {
                let Some(made) = self.next_segment(rest, room, segments.is_empty(), travel) else { break 'runs };
                room = room.saturating_sub(made.bytes.len());
                let (part, left) = rest.split_at(made.entries);
                let entries = part.iter().map(|outgoing| (outgoing.epoch, outgoing.entry.number)).collect();
                sent.push(SentSegment { entries, packed: made.packed });
                segments.push(made.bytes.into());
                rest = left;
            }
        }
        (sent, segments)
    }

    /// The next segment of a run: whole as far as limits allow. The first of a request is made shorter until it fits, and
    /// goes in any case once it is one entry; the others fit or wait.
    fn next_segment(&self, run: &[Outgoing], room: usize, first: bool, travel: Travel) -> Option<Made> {
        let mut part = &run[..within_limits(run)];
        loop {
            let (bytes, packed) = self.segment(part, travel);
            let entries = part.len();
            match bytes.len() <= room || (first && entries == 1) {
                true => return Some(Made { bytes, packed, entries }),
                false if !first => return None,
                // As many as would fit if all were alike, and one less at least.
                false => part = &part[..(entries * room / bytes.len()).clamp(1, entries - 1)],
            }
        }
    }

    fn finish(&self, sent: Vec<SentSegment>, segments: Vec<ByteVec>, sent_at_ms: i64, want_bytes: u32) -> Sync {
        let cursors: Vec<ScopeCursor> = self.cursors().collect();
        let as_bytes: Vec<Scope> =
            self.scopes.iter().filter(|(_, state)| state.as_bytes).map(|(scope, _)| scope.clone()).collect();
        let (chapters, given) = if self.speaks_plain() { (Vec::new(), Vec::new()) } else { self.chapters() };
        let brings_nothing = segments.is_empty() && chapters.is_empty();
        let is_idle = brings_nothing && as_bytes.is_empty() && !self.name_scopes;
        let named = !is_idle || self.speaks_plain() || packed_size(&cursors) <= FEW_CURSOR_BYTES;
        // What one brings moves the logs on, and the page after it shows how they went on from here.
        let says_rows = named && brings_nothing && !self.speaks_plain();
        let has_read = cursors.iter().any(|asked| asked.cursor.position > 0);
        let rows = (says_rows && has_read).then(|| row_starts(&self.log_ends()));
        let (scopes, holding) = match named {
            true => (cursors, None),
            false => (Vec::new(), Some(holding(&self.log_ends()))),
        };
        let as_bytes = (!as_bytes.is_empty() && !self.speaks_plain()).then_some(as_bytes);
        let epoch = self.epoch;
        let bringing = Request::bringing(segments, epoch, sent_at_ms);
        let chapters = (!chapters.is_empty()).then_some(chapters);
        let version = self.version;
        let request = Request { version, scopes, want_bytes, holding, as_bytes, chapters, rows, ..bringing };
        Sync { bytes: request.to_bytes(), sent, epoch, named, given, sent_at_ms }
    }

    /// How far each scope was read.
    pub(super) fn cursors(&self) -> impl Iterator<Item = ScopeCursor> {
        self.scopes.iter().map(|(scope, state)| ScopeCursor { scope: scope.clone(), cursor: state.cursor })
    }

    fn log_ends(&self) -> Vec<LogEnd> {
        let rows = self.scopes.values().map(|state| state.row.filter(|_| state.cursor.position > 0));
        self.cursors().zip(rows).map(|(at, row)| LogEnd { at, row }).collect()
    }

    /// Version 1 knows nothing that is packed, no hash of cursors, and no chapters.
    fn speaks_plain(&self) -> bool {
        self.version == 1
    }

    /// The bytes of a segment, and whether they are packed.
    fn segment(&self, part: &[Outgoing], travel: Travel) -> (Vec<u8>, bool) {
        let author = Author { epoch: part[0].epoch, ..self.author() };
        let entries = part.iter().map(|outgoing| outgoing.entry.clone()).collect();
        let payloads = part.iter().filter_map(|outgoing| outgoing.payload.clone()).map(Payload::Raw).collect();
        let segment = Segment::sign(author, part[0].scope.clone(), entries, payloads, &self.identity.key);
        let has_to_be_plain = travel == Travel::Plain || part.iter().any(|outgoing| outgoing.travel == Travel::Plain);
        let packed = match self.speaks_plain() || has_to_be_plain {
            true => None,
            false => self.packed(&segment, part),
        };
        match packed {
            Some(packed) => (packed, true),
            None => (segment.to_bytes(), false),
        }
    }

    fn packed(&self, segment: &Segment, part: &[Outgoing]) -> Option<Vec<u8>> {
        let by_number: BTreeMap<u64, Travel> =
            part.iter().map(|outgoing| (outgoing.entry.number, outgoing.travel)).collect();
        let of_change = |outgoing: &Outgoing| match &outgoing.entry.body {
            Body::Change { household, .. } => Some(*household),
            Body::Command { .. } | Body::Blob { .. } => None,
        };
        let mut documents: BTreeMap<HouseholdId, History> = BTreeMap::new();
        for household in part.iter().filter_map(of_change) {
            if !documents.contains_key(&household)
                && let Some(history) = self.history(&household, View::Mine)
            {
                documents.insert(household, history);
            }
        }
        let first_time = part.iter().all(|outgoing| outgoing.travel == Travel::Intent);
        segment.packed(&Packing {
            documents: &documents,
            name: &|household| self.name_in(segment.scope(), household),
            as_bytes: &|number| by_number.get(&number) != Some(&Travel::Intent),
            previous_is_known: first_time && self.is_answered(part[0].epoch, part[0].entry.number.saturating_sub(1)),
            // The server wrote and signed those rows: it has them, unless it was restored since.
            rows_are_known: first_time,
        })
    }

    /// Whether the server has answered for an own change, and has the entry therefore.
    fn is_answered(&self, epoch: u32, number: u64) -> bool {
        let refused = self.refused.iter().any(|(of, entry, _)| (*of, *entry) == (epoch, number));
        !refused && !self.outbox.iter().any(|outgoing| (outgoing.epoch, outgoing.entry.number) == (epoch, number))
    }

    /// The name of a household among those of a place; its id where the server may not know it there yet.
    fn name_in(&self, scope: &Scope, household: &HouseholdId) -> Named {
        let of_place = self.documents.iter().filter(|(_, document)| document.scope == *scope);
        let known = self.documents.get(household).filter(|document| document.scope == *scope);
        match known.is_some_and(|document| !document.accepted.is_empty()) {
            true => Named::among(household, of_place.map(|(id, _)| id)),
            false => Named::Whole(*household),
        }
    }
}

/// How many entries of a run one segment may hold: by number, and by what they take when they are not packed.
fn within_limits(run: &[Outgoing]) -> usize {
    let mut size = 0;
    let fits = |outgoing: &&Outgoing| {
        let request = if let Body::Command { request } = &outgoing.entry.body { request.len() } else { 0 };
        size += ENTRY_BYTES + request + outgoing.payload.as_ref().map_or(0, |payload| payload.len());
        size <= MAX_SEGMENT_BYTES
    };
    run.iter().take(SEGMENT_ENTRIES).take_while(fits).count().max(1)
}
