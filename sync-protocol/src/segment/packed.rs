//! A segment as it goes over the air: the same entries under the same signature, with intents in place of changes and
//! without the hashes that the receiver comes to by itself.
//!
//! The signature covers the last entry's hash, which covers every change's. So a packed segment carries hardly any hash: if
//! the receiver makes one change differently, the signature does not fit, and eight bits of each change's hash tell which
//! one it was. Then the sender is asked for bytes; nothing is ever taken on the word of an intent.
//!
//! A packed segment can only be read by the authority that holds its documents, from the device that signed it. What is
//! stored and what relays carry is the segment itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::form::{Form, FormVersion};
use schemas::ids::{HouseholdId, UnitId};
use thiserror::Error;

use super::told::Told;
use super::{MAX_SEGMENT_BYTES, MAX_SEGMENT_ENTRIES, Payload, Segment, SegmentFault};
use crate::actor::Author;
use crate::change::{self, MAX_CHANGE_BYTES};
use crate::coder::{Coder, Context, Decoder, Encoder};
use crate::hash::{BlobHash, ChangeHash, EntryHash, RowHash, Signature};
use crate::history::History;
use crate::intent::{self, Intent, Lexicons, Unreadable};
use crate::journal::{Beacon, Body, JournalEntry, Scope};
use crate::log::Cursor;
use crate::named::{Households, Named};

/// First byte of a packed segment, and its version; the first byte of a plain one is 0x86.
const PACKED_VERSION: u8 = 1;
/// Longest name of a round, in bytes.
const MOST_ROUND_BYTES: usize = 40;

const EPOCH: Context = Context::new(0x801);
const VILLAGE: Context = Context::new(0x802);
const ROUND: Context = Context::new(0x803);
const NUMBER: Context = Context::new(0x804);
const GOES_ON: Context = Context::new(0x805);
const BEACON: Context = Context::new(0x806);
const WALL: Context = Context::new(0x807);
const UPTIME: Context = Context::new(0x808);
const BODY: Context = Context::new(0x809);
const RAW: Context = Context::new(0x80a);
const FORM: Context = Context::new(0x80b);

/// A segment whose changes have not been made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    epoch: u32,
    scope: Scope,
    first: u64,
    previous: Told<EntryHash>,
    lexicons: Lexicons,
    households: Vec<Named>,
    entries: Vec<PackedEntry>,
    signature: Signature,
}

/// The head of a log that the author had seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PackedBeacon {
    cursor: Cursor,
    row: Told<RowHash>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PackedEntry {
    beacon: Option<PackedBeacon>,
    wall_ms: i64,
    uptime_ms: u64,
    body: PackedBody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PackedBody {
    /// A change to the household at this place.
    Change(usize, PackedChange),
    Command(Vec<u8>),
    Blob(usize, BlobHash, u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PackedChange {
    /// The number of its form, and the first byte of its hash.
    Intent(Box<Intent>, usize, u8),
    Raw(Vec<u8>),
}

/// What the receiver brings to make a segment of a packed one.
#[derive(Debug)]
pub struct Unpacking {
    /// The device that sent it, its holder and the epoch that it names.
    pub author: Author,
    /// The hash of the entry at [`Packed::known_previous`].
    pub previous: Option<EntryHash>,
    /// The rows at [`Packed::known_beacons`], as far as they are there.
    pub beacons: BTreeMap<Cursor, RowHash>,
    /// Whom [`Packed::households`] mean, in their order; `None` where a name means nobody.
    pub ids: Vec<Option<HouseholdId>>,
    /// What is accepted of those households, founded where they are new. They move on by what is made, so that later
    /// changes can be made on top of it.
    pub documents: BTreeMap<HouseholdId, History>,
}

/// Why a packed segment did not become a segment.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UnpackFault {
    /// These entries, by their place, have to come as bytes.
    #[error("changes cannot be made again from their intents")]
    Mismatch(Vec<u32>),
    /// The segment is refused.
    #[error(transparent)]
    Segment(#[from] SegmentFault),
}

/// What a sender knows when it packs.
pub struct Packing<'a> {
    /// The documents as the sender sees them, own changes included.
    pub documents: &'a BTreeMap<HouseholdId, History>,
    /// The name of a household, as the receiver will find it.
    pub name: &'a dyn Fn(&HouseholdId) -> Named,
    /// Whether an entry has to go as bytes, by its number.
    pub as_bytes: &'a dyn Fn(u64) -> bool,
    /// Whether the receiver has the entry before the first.
    pub previous_is_known: bool,
    /// Whether the receiver has the rows that beacons name.
    pub rows_are_known: bool,
}

impl Segment {
    /// The segment packed; `None` when it cannot be packed at all and has to go as it is.
    pub fn packed(&self, packing: &Packing<'_>) -> Option<Vec<u8>> {
        Packed::of(self, packing)?.to_bytes()
    }
}

impl Packed {
    /// Whether these bytes are meant to be a packed segment.
    pub fn is_packed(bytes: &[u8]) -> bool {
        bytes.first() == Some(&PACKED_VERSION)
    }

    /// Reads a packed segment. Takes memory and time in proportion to its bytes, and to at most a million decisions.
    pub fn read(bytes: &[u8], forms: &[Arc<Form>]) -> Result<Self, Unreadable> {
        let [PACKED_VERSION, bytes @ ..] = bytes else { return Err(Unreadable) };
        if bytes.len() >= MAX_SEGMENT_BYTES {
            return Err(Unreadable);
        }
        let mut decoder = Decoder::new(bytes);
        let packed = code(&mut decoder, &Lexicons::of(forms), None)?;
        decoder.finish().map(|()| packed)
    }

    /// Its bytes; `None` when it is larger than a packed segment may be.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![PACKED_VERSION];
        let mut encoder = Encoder::new();
        code(&mut encoder, &self.lexicons, Some(self)).ok()?;
        bytes.extend(encoder.finish()?);
        (bytes.len() <= MAX_SEGMENT_BYTES).then_some(bytes)
    }

    /// The decisions of a packed segment.
    #[cfg(test)]
    pub(crate) fn decisions(bytes: &[u8], forms: &[Arc<Form>]) -> Vec<String> {
        crate::coder::trace::decisions(&bytes[1..], |coder| code(coder, &Lexicons::of(forms), None).map(drop))
    }

    /// The epoch in which its author wrote.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Where.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The households that it names, in the order in which [`Packed::unpack`] wants their ids.
    pub fn households(&self) -> &[Named] {
        &self.households
    }

    /// The number of the entry whose hash is left to the receiver; `None` when it is told or there is none.
    pub fn known_previous(&self) -> Option<u64> {
        (self.previous == Told::Known).then(|| self.first.saturating_sub(1))
    }

    /// The places in the scope's log whose row hashes are left to the receiver.
    pub fn known_beacons(&self) -> BTreeSet<Cursor> {
        let beacons = self.entries.iter().filter_map(|entry| entry.beacon);
        beacons.filter(|beacon| beacon.row == Told::Known).map(|beacon| beacon.cursor).collect()
    }

    /// Makes the segment. Whether anything of it is let in is for the gate to say.
    pub fn unpack(&self, with: Unpacking) -> Result<Segment, UnpackFault> {
        let Unpacking { author, previous, beacons, ids, mut documents } = with;
        let previous = match self.previous {
            Told::Nothing => None,
            Told::Known => previous,
            Told::This(hash) => Some(hash),
        };
        let mut journal = Journal { number: self.first, previous, beacons, entries: Vec::new() };
        let (mut payloads, mut mismatches) = (Vec::new(), Vec::new());
        for (at, packed) in (0..).zip(&self.entries) {
            let id = |place: &usize| ids.get(*place).copied().flatten();
            let body = match &packed.body {
                PackedBody::Command(request) => Some(Body::Command { request: request.clone().into() }),
                PackedBody::Blob(place, hash, size_bytes) => {
                    id(place).map(|household| Body::Blob { household, hash: *hash, size_bytes: *size_bytes })
                }
                PackedBody::Change(place, change) => {
                    let made = id(place).and_then(|id| Some((id, make(change, &author, documents.get_mut(&id)?)?)));
                    made.map(|(household, (hash, bytes))| {
                        payloads.push(Payload::Raw(bytes.into()));
                        Body::Change { household, hash }
                    })
                }
            };
            match body {
                Some(body) => journal.append(packed, body),
                None => mismatches.push(at),
            }
        }
        if !mismatches.is_empty() {
            return Err(UnpackFault::Mismatch(mismatches));
        }
        let segment = Segment::assembled(author, self.scope.clone(), journal.entries, payloads, self.signature);
        match segment.checked() {
            // Something was made differently and did not show, or a hash that was left out is another one here.
            Err(SegmentFault::Signature | SegmentFault::Chain) => Err(UnpackFault::Mismatch(Vec::new())),
            other => Ok(other?),
        }
    }

    fn of(segment: &Segment, packing: &Packing<'_>) -> Option<Self> {
        let first = segment.entries.first()?;
        let mut ids: Vec<HouseholdId> = Vec::new();
        let mut payloads = segment.payloads.iter();
        let lexicons = Lexicons::of(forms(segment, packing).values());
        let mut entries = Vec::with_capacity(segment.entries.len());
        for entry in &segment.entries {
            let body = match &entry.body {
                Body::Command { request } => PackedBody::Command(request.to_vec()),
                Body::Blob { household, hash, size_bytes } => {
                    PackedBody::Blob(Households::place(&mut ids, *household), *hash, *size_bytes)
                }
                Body::Change { household, hash } => {
                    let intent = Some(packing).filter(|packing| !(packing.as_bytes)(entry.number));
                    let intent =
                        intent.and_then(|packing| intent_of(packing.documents.get(household), hash, &lexicons));
                    let Payload::Raw(bytes) = payloads.next()?;
                    let change = intent.unwrap_or_else(|| PackedChange::Raw(bytes.to_vec()));
                    PackedBody::Change(Households::place(&mut ids, *household), change)
                }
            };
            let beacon = entry.beacon.map(|Beacon { generation, position, row }| PackedBeacon {
                cursor: Cursor { generation, position },
                row: Told::of(Some(row), packing.rows_are_known),
            });
            let (wall_ms, uptime_ms) = (entry.wall_ms, entry.uptime_ms);
            entries.push(PackedEntry { beacon, wall_ms, uptime_ms, body });
        }
        Some(Self {
            epoch: segment.author.epoch,
            scope: segment.scope.clone(),
            first: first.number,
            previous: Told::of(first.previous, packing.previous_is_known),
            lexicons,
            households: ids.iter().map(packing.name).collect(),
            entries,
            signature: segment.signature,
        })
    }
}

/// The forms that the intents of a segment need.
fn forms(segment: &Segment, packing: &Packing<'_>) -> BTreeMap<FormVersion, Arc<Form>> {
    let households = segment.entries.iter().filter(|entry| !(packing.as_bytes)(entry.number));
    let households = households.filter_map(|entry| match &entry.body {
        Body::Change { household, .. } => packing.documents.get(household),
        Body::Command { .. } | Body::Blob { .. } => None,
    });
    households.map(|history| (history.form().version.clone(), history.form().clone())).collect()
}

fn intent_of(document: Option<&History>, hash: &ChangeHash, lexicons: &Lexicons) -> Option<PackedChange> {
    let history = document?;
    let form = lexicons.number(history.form())?;
    let intent = Intent::of(history, history.node(hash)?)?;
    // What the form's dictionary cannot say is tried apart, so that it does not spoil the segment.
    let lexicon = lexicons.lexicon(form)?;
    intent::code(&mut Encoder::new(), lexicon, Some(&intent)).ok()?;
    Some(PackedChange::Intent(Box::new(intent), form, hash.0[0]))
}

/// Makes a change, and moves its document on by it.
fn make(change: &PackedChange, author: &Author, history: &mut History) -> Option<(ChangeHash, Vec<u8>)> {
    let (expanded, hash, bytes) = match change {
        PackedChange::Raw(bytes) => {
            let (expanded, hash) = change::decode(bytes).ok()?;
            (expanded, hash, bytes.clone())
        }
        PackedChange::Intent(intent, _, check) => {
            let made = intent.rebuild(history, author.actor()).ok().filter(|made| made.hash.0[0] == *check)?;
            (made.expanded, made.hash, made.bytes)
        }
    };
    // What does not fit is the gate's to judge; here it is only not built upon.
    if let (false, Ok(node)) = (history.knows(&hash), history.read(&expanded, hash)) {
        history.push(node);
    }
    Some((hash, bytes))
}

/// The journal as it is made again, entry by entry.
struct Journal {
    number: u64,
    previous: Option<EntryHash>,
    beacons: BTreeMap<Cursor, RowHash>,
    entries: Vec<JournalEntry>,
}

impl Journal {
    fn append(&mut self, packed: &PackedEntry, body: Body) {
        let PackedEntry { wall_ms, uptime_ms, .. } = *packed;
        let beacon = packed.beacon.and_then(|beacon| self.beacon(beacon));
        let entry = JournalEntry { number: self.number, previous: self.previous, beacon, wall_ms, uptime_ms, body };
        self.previous = Some(entry.hash());
        self.number = self.number.wrapping_add(1);
        self.entries.push(entry);
    }

    /// A beacon whose row is not here is left out: the signature will show it.
    fn beacon(&self, packed: PackedBeacon) -> Option<Beacon> {
        let row = match packed.row {
            Told::This(row) => Some(row),
            Told::Known => self.beacons.get(&packed.cursor).copied(),
            Told::Nothing => None,
        };
        let Cursor { generation, position } = packed.cursor;
        row.map(|row| Beacon { generation, position, row })
    }
}

fn code(coder: &mut impl Coder, known: &Lexicons, given: Option<&Packed>) -> Result<Packed, Unreadable> {
    let epoch = coder.number(EPOCH, given.map_or(0, |given| given.epoch.into()));
    let village = UnitId(coder.number(VILLAGE, given.map_or(0, |given| given.scope.village.0)));
    let round = coder.text(ROUND, MOST_ROUND_BYTES, given.map(|given| given.scope.round.as_str()))?;
    let first = coder.number(NUMBER, given.map_or(0, |given| given.first));
    let previous = Told::code(coder, NUMBER.with(1), given.map(|given| given.previous), EntryHash, |hash| hash.0)?;
    let lexicons = Lexicons::code(coder, known, given.map(|given| &given.lexicons))?;
    let mut turn = Turn { households: Households::default(), before: None };
    let mut entries: Vec<PackedEntry> = Vec::new();
    let mut left = given.map(|given| given.entries.as_slice()).unwrap_or_default().iter();
    while coder.bit(GOES_ON, !left.as_slice().is_empty()) {
        let entry = turn.code(coder, &lexicons, given.map(|given| given.households.as_slice()), left.next())?;
        turn.before = Some((entry.beacon, entry.wall_ms, entry.uptime_ms));
        entries.push(entry);
        if entries.len() > MAX_SEGMENT_ENTRIES {
            return Err(Unreadable);
        }
    }
    Ok(Packed {
        epoch: u32::try_from(epoch).map_err(|_| Unreadable)?,
        scope: Scope { village, round: round.parse().map_err(|_| Unreadable)? },
        first,
        previous,
        lexicons,
        households: turn.households.named,
        entries,
        signature: Signature(coder.bytes(given.map(|given| &given.signature.0))),
    })
}

/// What one entry takes from those before it.
struct Turn {
    households: Households,
    before: Option<(Option<PackedBeacon>, i64, u64)>,
}

impl Turn {
    fn code(
        &mut self,
        coder: &mut impl Coder,
        lexicons: &Lexicons,
        names: Option<&[Named]>,
        given: Option<&PackedEntry>,
    ) -> Result<PackedEntry, Unreadable> {
        let (beacon, wall_before, uptime_before) = self.before.unwrap_or_default();
        let beacon = match self.before.is_some() && coder.bit(BEACON, given.is_some_and(|given| given.beacon == beacon))
        {
            true => beacon,
            false => code_beacon(coder, given.and_then(|given| given.beacon.as_ref()))?,
        };
        let is_first = u32::from(self.before.is_none());
        let later = coder.signed(WALL.with(is_first), given.map_or(0, |given| given.wall_ms.wrapping_sub(wall_before)));
        let wall_ms = wall_before.wrapping_add(later);
        // Mostly as much time has passed by the one clock as by the other.
        let steady = uptime_before.wrapping_add_signed(later);
        let drift = given.map_or(0, |given| given.uptime_ms.wrapping_sub(steady) as i64);
        let uptime_ms = steady.wrapping_add_signed(coder.signed(UPTIME.with(is_first), drift));
        coder.memory().last_time_s = wall_ms.div_euclid(1_000);
        let body = self.code_body(coder, lexicons, names, given.map(|given| &given.body))?;
        Ok(PackedEntry { beacon, wall_ms, uptime_ms, body })
    }

    fn code_body(
        &mut self,
        coder: &mut impl Coder,
        lexicons: &Lexicons,
        names: Option<&[Named]>,
        given: Option<&PackedBody>,
    ) -> Result<PackedBody, Unreadable> {
        let named = |place: &usize| names.and_then(|names| names.get(*place)).map(|named| (*place, named));
        if coder.bit(BODY, matches!(given, Some(PackedBody::Change(..)))) {
            let (place, change) = match given {
                Some(PackedBody::Change(place, change)) => (named(place), Some(change)),
                _ => (None, None),
            };
            let place = self.households.code(coder, place)?;
            return Ok(PackedBody::Change(place, code_change(coder, lexicons, change)?));
        }
        if coder.bit(BODY.with(1), matches!(given, Some(PackedBody::Blob(..)))) {
            let (place, hash, size) = match given {
                Some(PackedBody::Blob(place, hash, size)) => (named(place), Some(hash), *size),
                _ => (None, None, 0),
            };
            let place = self.households.code(coder, place)?;
            let hash = BlobHash(coder.bytes(hash.map(|hash| &hash.0)));
            return Ok(PackedBody::Blob(place, hash, coder.number(BODY.with(2), size)));
        }
        let request = if let Some(PackedBody::Command(request)) = given { Some(request.as_slice()) } else { None };
        coder.blob(BODY.with(3), MAX_SEGMENT_BYTES, request).map(PackedBody::Command)
    }
}

fn code_beacon(coder: &mut impl Coder, given: Option<&PackedBeacon>) -> Result<Option<PackedBeacon>, Unreadable> {
    if !coder.bit(BEACON.with(1), given.is_some()) {
        return Ok(None);
    }
    let cursor = Cursor {
        generation: coder.number(BEACON.with(2), given.map_or(0, |given| given.cursor.generation)),
        position: coder.number(BEACON.with(3), given.map_or(0, |given| given.cursor.position)),
    };
    let row = Told::code(coder, BEACON.with(4), given.map(|given| given.row), RowHash, |hash| hash.0)?;
    Ok(Some(PackedBeacon { cursor, row }))
}

fn code_change(
    coder: &mut impl Coder,
    lexicons: &Lexicons,
    given: Option<&PackedChange>,
) -> Result<PackedChange, Unreadable> {
    let (intent, form, check, raw) = match given {
        Some(PackedChange::Intent(intent, form, check)) => (Some(intent.as_ref()), *form, *check, None),
        Some(PackedChange::Raw(bytes)) => (None, 0, 0, Some(bytes.as_slice())),
        None => (None, 0, 0, None),
    };
    if coder.bit(RAW, raw.is_some()) {
        return coder.blob(RAW.with(1), MAX_CHANGE_BYTES, raw).map(PackedChange::Raw);
    }
    let form = usize::try_from(coder.number(FORM, form as u64)).map_err(|_| Unreadable)?;
    let lexicon = lexicons.lexicon(form).ok_or(Unreadable)?;
    let intent = intent::code(coder, lexicon, intent)?;
    // Eight bits fit in a byte.
    let check = coder.plain(8, check.into()) as u8;
    Ok(PackedChange::Intent(Box::new(intent), form, check))
}
