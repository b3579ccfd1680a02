//! Work that colleagues have shared and the server has not told of yet: shown beside everything else, and built upon by
//! nobody.
//!
//! Owns the village keys, what was seen, and when it is forgotten: as soon as the log says what became of it. What is
//! written here never depends on it, whatever is shown: whether the server takes it nobody knows, and work on top of
//! something refused would be lost with it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use schemas::ids::HouseholdId;
use thiserror::Error;

use super::answer::Outcome;
use super::document::{add, form_of, founded};
use super::{Device, Outgoing, Record, Travel, View};
use crate::actor::Author;
use crate::gate::{self, Admission, Candidate, Fate, Policy};
use crate::hash::{ChangeHash, ParcelId};
use crate::history::History;
use crate::journal::{Body, Scope};
use crate::log::RowEvent;
use crate::parcel::{ParcelFault, SealSecret, Share, Shared};
use crate::segment::{Payload, Segment};

/// Changes of colleagues that are shown at most; what is more is left out until the log has told of some.
pub const MOST_SEEN: usize = 2_000;
/// Bytes of segments in one share at most.
const SHARE_SEGMENT_BYTES: usize = 1_500_000;

/// A colleague's change that the server has not told of yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Seen {
    /// Where it was written.
    #[n(0)]
    pub scope: Scope,
    /// The household.
    #[n(1)]
    #[cbor(with = "crate::wire::household_id")]
    pub household: HouseholdId,
    /// The change.
    #[n(2)]
    pub change: ChangeHash,
    /// Who says to have written it: the key signed it, whose key it is only the server can tell.
    #[n(3)]
    pub author: Author,
    /// The writer's clock, in milliseconds since 1970.
    #[n(4)]
    pub wall_ms: i64,
    #[n(5)]
    bytes: ByteVec,
}

/// The key of a village: whoever surveys it has it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct VillageKey {
    #[n(0)]
    scope: Scope,
    #[n(1)]
    secret: SealSecret,
}

/// What happens about shares on a device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ShareStep {
    /// The server gave the keys of villages.
    #[n(0)]
    Keys(#[n(0)] Vec<VillageKey>),
    /// A colleague's work was looked at.
    #[n(1)]
    Seen(#[n(0)] Vec<Seen>),
}

/// What looking at a share came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// To be written to disk before it is shown.
    pub records: Vec<Record>,
    /// Changes that are shown from now on.
    pub shown: usize,
    /// Changes that were known already.
    pub known: usize,
    /// Changes and segments that do not fit here: what they build on has not come yet, or they are not allowed.
    pub left_out: usize,
}

/// Why nothing is shared.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ShareFault {
    /// The device does not hold the village, or has not been given its key.
    #[error("the village and its key are not on this device")]
    NoVillage,
    /// It cannot be sealed.
    #[error(transparent)]
    Parcel(#[from] ParcelFault),
}

impl Device {
    /// Own work in a village of which its log does not tell yet, for colleagues there: the file's bytes and how many changes
    /// are in it.
    pub fn share(&self, scope: &Scope, rng: &mut impl CryptoRng) -> Result<(Vec<u8>, usize), ShareFault> {
        let held = self.village_keys.get(scope).filter(|_| self.scopes.contains_key(scope));
        let village = held.ok_or(ShareFault::NoVillage)?.public();
        let unread = self.unread(scope);
        let runs =
            |a: &Outgoing, b: &Outgoing| a.epoch == b.epoch && a.entry.number.checked_add(1) == Some(b.entry.number);
        let (sent, segments) = self.filled(unread.chunk_by(runs), SHARE_SEGMENT_BYTES, Travel::Plain);
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let bytes = Shared { segments }.seal(ParcelId(id), &village, rng)?;
        Ok((bytes, sent.iter().map(|segment| segment.entries.len()).sum()))
    }

    /// Own changes of a village that wait, or whose acceptance was not read yet, in the order in which they were written.
    fn unread(&self, scope: &Scope) -> Vec<Outgoing> {
        let documents = self.documents.values().chain(self.earlier.values());
        let own = documents.flat_map(|document| &document.own);
        let stands: BTreeSet<(u32, u64)> = own.filter(|own| own.standing.is_mine()).map(|own| own.entry).collect();
        let all = self.answered.values().chain(&self.outbox).filter(|outgoing| outgoing.scope == *scope);
        let mut unread: Vec<Outgoing> =
            all.filter(|outgoing| stands.contains(&(outgoing.epoch, outgoing.entry.number))).cloned().collect();
        unread.sort_by_key(|outgoing| (outgoing.epoch, outgoing.entry.number));
        unread
    }

    /// Looks at what a colleague has shared.
    pub fn look(&mut self, share: &[u8]) -> Result<Looked, ParcelFault> {
        let share = Share::read(share)?;
        let held = self.village_keys.iter().filter(|(scope, _)| self.scopes.contains_key(scope));
        let (scope, secret) =
            held.into_iter().find(|(_, secret)| secret.public().id() == share.key()).ok_or(ParcelFault::OtherKey)?;
        let (scope, shared) = (scope.clone(), share.open(secret)?);
        Ok(self.look_into(&scope, &shared))
    }

    /// The same once it was opened.
    pub fn look_into(&mut self, scope: &Scope, shared: &Shared) -> Looked {
        let mut look = Look { device: self, histories: BTreeMap::new(), seen: Vec::new(), known: 0, left_out: 0 };
        for bytes in &shared.segments {
            match Segment::open(bytes) {
                Ok(segment) if segment.scope() == scope => look.take(&segment),
                Ok(_) | Err(_) => look.left_out += 1,
            }
        }
        let Look { seen, known, left_out, .. } = look;
        let shown = seen.len();
        let records = match seen.is_empty() {
            true => Vec::new(),
            false => self.applied(vec![Record::Share(ShareStep::Seen(seen))]),
        };
        Looked { records, shown, known, left_out }
    }

    /// Whether a change is known without a share: own, accepted, or told of in the log.
    fn is_told(&self, scope: &Scope, household: &HouseholdId, change: &ChangeHash) -> bool {
        let rows = self.read.get(scope).into_iter().flatten().flat_map(|page| &page.rows);
        let told = rows.filter(|row| row.household == *household).any(|row| match &row.event {
            RowEvent::Change(hash) | RowEvent::Verdict { hash, .. } => hash == change,
            RowEvent::Entered | RowEvent::Left => false,
        });
        told || self.has_change(scope, household, change) || self.seen.iter().any(|seen| seen.change == *change)
    }

    /// Colleagues' changes that the server has not told of yet, in the order in which they were looked at.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// A household with colleagues' work on top of everything else; `None` where nothing is known of it.
    pub(super) fn preview_of(&self, household: &HouseholdId) -> Option<History> {
        let first = self.seen.iter().find(|seen| seen.household == *household);
        let document = self.documents.get(household);
        match (document, first) {
            (Some(document), None) => document.history(household, &self.forms, View::Mine),
            (_, Some(first)) => self.preview(&first.scope, household, &first.bytes),
            (None, None) => None,
        }
    }

    /// The same in a round. `first`: a change from which the form is known when nothing else is.
    fn preview(&self, scope: &Scope, household: &HouseholdId, first: &[u8]) -> Option<History> {
        let document = self.documents.get(household).filter(|document| document.scope.round == scope.round);
        let mut history = match document {
            Some(document) => document.history(household, &self.forms, View::Mine)?,
            None => founded(*household, scope, form_of(household, scope, &self.forms, first)?),
        };
        let of_it = |seen: &&Seen| seen.household == *household && seen.scope.round == scope.round;
        self.seen.iter().filter(of_it).for_each(|seen| add(&mut history, &seen.bytes));
        Some(history)
    }

    /// Takes the keys of the villages that the server names.
    pub(super) fn take_keys(&mut self, scopes: &[Scope], secrets: Vec<SealSecret>, outcome: &mut Outcome) {
        let given = scopes.iter().zip(secrets).map(|(scope, secret)| VillageKey { scope: scope.clone(), secret });
        let is_new = |key: &VillageKey| self.village_keys.get(&key.scope) != Some(&key.secret);
        let new: Vec<VillageKey> = given.filter(is_new).collect();
        if !new.is_empty() {
            self.take(Record::Share(ShareStep::Keys(new)), outcome);
        }
    }

    pub(super) fn apply_share(&mut self, step: &ShareStep) {
        match step {
            ShareStep::Keys(keys) => {
                self.village_keys.extend(keys.iter().map(|key| (key.scope.clone(), key.secret.clone())));
            }
            ShareStep::Seen(seen) => self.seen.extend(seen.iter().cloned()),
        }
    }

    /// The log has told of a change: it is not a colleague's word any more.
    pub(super) fn told(&mut self, household: &HouseholdId, change: &ChangeHash) {
        self.seen.retain(|seen| seen.household != *household || seen.change != *change);
    }

    /// Forgets what was seen of a household, or in villages that are not held any more.
    pub(super) fn forget_seen(&mut self, forgets: impl Fn(&Seen) -> bool) {
        self.seen.retain(|seen| !forgets(seen));
    }
}

/// A look at one share.
struct Look<'a> {
    device: &'a Device,
    /// Households as they are shown, with what has been looked at so far.
    histories: BTreeMap<HouseholdId, History>,
    seen: Vec<Seen>,
    known: usize,
    left_out: usize,
}

impl Look<'_> {
    fn take(&mut self, segment: &Segment) {
        for (entry, payload) in segment.with_payloads() {
            let (Body::Change { household, hash }, Some(Payload::Raw(bytes))) = (&entry.body, payload) else {
                continue;
            };
            let (scope, author, wall_ms) = (segment.scope(), *segment.author(), entry.wall_ms);
            if self.device.is_told(scope, household, hash) || self.seen.iter().any(|seen| seen.change == *hash) {
                self.known += 1;
            } else if self.fits(scope, household, Candidate { bytes, hash: *hash, actor: author.actor() }) {
                let (scope, household, change, bytes) = (scope.clone(), *household, *hash, bytes.clone());
                self.seen.push(Seen { scope, household, change, author, wall_ms, bytes });
            } else {
                self.left_out += 1;
            }
        }
    }

    /// Whether a change passes the gate on what is shown of its household; it is part of that from then on.
    fn fits(&mut self, scope: &Scope, household: &HouseholdId, candidate: Candidate<'_>) -> bool {
        if self.device.seen.len() + self.seen.len() >= MOST_SEEN {
            return false;
        }
        let history = match self.histories.entry(*household) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(vacant) => match self.device.preview(scope, household, candidate.bytes) {
                Some(history) => vacant.insert(history),
                None => return false,
            },
        };
        match gate::judge(history, candidate, Policy::Allows, |_| Fate::Unknown) {
            Admission::Admitted(node) => {
                history.push(*node);
                true
            }
            Admission::Known | Admission::Held(..) | Admission::Rejected(..) | Admission::Unproven(..) => false,
        }
    }
}
