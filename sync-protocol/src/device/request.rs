//! What a device sends: its waiting work as signed segments, packed where that is possible, and how far it has read.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use schemas::ids::HouseholdId;

use super::{Device, Outgoing, Travel, View};
use crate::history::History;
use crate::journal::{Body, Scope};
use crate::message::{MAX_SEGMENTS, Request, ScopeCursor, holding, packed_size};
use crate::named::Named;
use crate::segment::{Packing, Segment};

/// Bytes of segments that one request carries at most; what is left goes with the next.
const REQUEST_SEGMENT_BYTES: usize = 256 * 1024;
/// Entries that one segment carries at most.
pub(super) const SEGMENT_ENTRIES: usize = 200;
/// Bytes up to which the cursors themselves are sent with a question that brings nothing; beyond it their hash.
const FEW_CURSOR_BYTES: usize = 48;

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The body to send.
    pub bytes: Vec<u8>,
    /// For each segment the epoch and number of its entries.
    pub(super) sent: Vec<Vec<(u32, u64)>>,
    /// The epoch that it named.
    pub(super) epoch: u32,
    /// Whether it named its scopes.
    pub(super) named: bool,
}

impl Device {
    /// The next request: what waits, as signed segments, and how far each scope was read. Asking twice gives the same
    /// segments: a request whose answer was lost is simply made again.
    pub fn request(&self, wall_ms: i64, want_bytes: u32) -> Sync {
        let mut sent = Vec::new();
        let mut segments: Vec<ByteVec> = Vec::new();
        let mut size = 0;
        // What the server has taken from the middle leaves a gap, and a segment is a run without gaps.
        for run in self.outbox.chunk_by(|before, outgoing| outgoing.follows(before)) {
            for part in run.chunks(SEGMENT_ENTRIES) {
                let segment = self.segment(part);
                size += segment.len();
                if !segments.is_empty() && (size > REQUEST_SEGMENT_BYTES || segments.len() == MAX_SEGMENTS) {
                    return self.finish(sent, segments, wall_ms, want_bytes);
                }
                segments.push(segment.into());
                sent.push(part.iter().map(|outgoing| (outgoing.epoch, outgoing.entry.number)).collect());
            }
        }
        self.finish(sent, segments, wall_ms, want_bytes)
    }

    fn finish(&self, sent: Vec<Vec<(u32, u64)>>, segments: Vec<ByteVec>, sent_at_ms: i64, want_bytes: u32) -> Sync {
        let cursor =
            |(scope, state): (&Scope, &super::ScopeState)| ScopeCursor { scope: scope.clone(), cursor: state.cursor };
        let cursors: Vec<ScopeCursor> = self.scopes.iter().map(cursor).collect();
        let as_bytes: Vec<Scope> =
            self.scopes.iter().filter(|(_, state)| state.as_bytes).map(|(scope, _)| scope.clone()).collect();
        let brings_nothing = segments.is_empty() && as_bytes.is_empty() && !self.name_scopes;
        let named = !brings_nothing || packed_size(&cursors) <= FEW_CURSOR_BYTES;
        let (scopes, holding) = match named {
            true => (cursors, None),
            false => (Vec::new(), Some(holding(&cursors))),
        };
        let as_bytes = (!as_bytes.is_empty()).then_some(as_bytes);
        let epoch = self.epoch;
        let bringing = Request::bringing(segments, epoch, sent_at_ms);
        let request = Request { scopes, want_bytes, holding, as_bytes, ..bringing };
        Sync { bytes: request.to_bytes(), sent, epoch, named }
    }

    fn segment(&self, part: &[Outgoing]) -> Vec<u8> {
        let segment = self.signed(part);
        let packed = match part.iter().any(|outgoing| outgoing.travel == Travel::Plain) {
            true => None,
            false => self.packed(&segment, part),
        };
        packed.unwrap_or_else(|| segment.to_bytes())
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

    /// Whether the server has answered for an own change: then it has the entry.
    fn is_answered(&self, epoch: u32, number: u64) -> bool {
        !self.outbox.iter().any(|outgoing| (outgoing.epoch, outgoing.entry.number) == (epoch, number))
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
