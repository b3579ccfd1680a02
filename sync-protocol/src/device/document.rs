//! One household on a device: what the server has accepted, what the device wrote itself, and the views of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minicbor::{Decode, Encode};
use schemas::form::Form;
use schemas::ids::{HouseholdId, RoundId, UnitId};

use crate::change;
use crate::genesis::Genesis;
use crate::hash::{ChangeHash, tagged};
use crate::history::History;
use crate::journal::{Scope, to_cbor};
use crate::verdict::{Hold, Rejection, Verdict};

/// Which changes a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// What the server has accepted: the view of decisions and rosters.
    Accepted,
    /// Accepted, and the device's own changes that wait or are held.
    Mine,
    /// The same, and what colleagues have shared and the server has not told of yet. Nothing is built upon it.
    Preview,
}

/// Where an own change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// On this phone: not answered for yet.
    Waiting,
    /// At the server, on disk; its row has not been read yet.
    Acknowledged,
    /// At the server, waiting for a dependency or a person.
    Held(Hold),
    /// Rejected: it counts for nothing and needs its author.
    Rejected(Rejection),
    /// The whole segment was refused: it needs its author.
    Refused,
    /// Said again in another change.
    Superseded,
}

impl<C> Encode<C> for Standing {
    fn encode<W: minicbor::encode::Write>(
        &self,
        out: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Waiting => out.bool(false)?.ok(),
            Self::Refused => out.bool(true)?.ok(),
            Self::Acknowledged => Verdict::Accepted.encode(out, ctx),
            Self::Held(hold) => Verdict::Held(*hold).encode(out, ctx),
            Self::Rejected(rejection) => Verdict::Rejected(*rejection).encode(out, ctx),
            Self::Superseded => Verdict::Superseded.encode(out, ctx),
        }
    }
}

/// As the verdict that it follows from; what no verdict was given on, as `false` and `true`.
impl<'b, C> Decode<'b, C> for Standing {
    fn decode(from: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        match from.datatype()? {
            minicbor::data::Type::Bool => Ok(if from.bool()? { Self::Refused } else { Self::Waiting }),
            _ => Ok(Self::of(Verdict::decode(from, ctx)?)),
        }
    }
}

impl Standing {
    pub(super) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted | Verdict::Released => Self::Acknowledged,
            Verdict::Held(hold) => Self::Held(hold),
            Verdict::Rejected(rejection) => Self::Rejected(rejection),
            Verdict::Superseded => Self::Superseded,
        }
    }

    pub(super) fn is_mine(self) -> bool {
        match self {
            Self::Waiting | Self::Acknowledged | Self::Held(_) => true,
            Self::Rejected(_) | Self::Refused | Self::Superseded => false,
        }
    }
}

/// A change that this device wrote and whose acceptance it has not read in the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OwnChange {
    /// Epoch and number of its journal entry.
    #[n(0)]
    pub entry: (u32, u64),
    /// Its hash.
    #[n(1)]
    pub hash: ChangeHash,
    /// Its bytes.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// Where it stands.
    #[n(3)]
    pub standing: Standing,
    /// Whether the log has said so, or was asked again: a server that was set back may have forgotten what it answered.
    #[n(4)]
    pub is_settled: bool,
    /// Whether its author has said what becomes of it: said again in another change, or left to the office.
    #[n(5)]
    pub answered: bool,
}

impl OwnChange {
    /// A change that was just written.
    pub(super) fn new(entry: (u32, u64), hash: ChangeHash, bytes: Vec<u8>) -> Self {
        Self { entry, hash, bytes, standing: Standing::Waiting, is_settled: false, answered: false }
    }

    /// Whether nothing more is to be heard of it once its household has left: it was let in or said again, and told so.
    pub(super) fn is_over(&self) -> bool {
        let has_ended = matches!(self.standing, Standing::Acknowledged | Standing::Superseded);
        self.is_settled && (has_ended || self.answered)
    }

    /// Whether its author goes on from it.
    fn is_mine(&self) -> bool {
        self.standing == Standing::Acknowledged || (self.standing.is_mine() && !self.answered)
    }
}

/// One household on a device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceDocument {
    /// The village and round it belongs to.
    #[n(0)]
    pub scope: Scope,
    /// The device's own changes that are not in the log yet.
    #[n(1)]
    pub own: Vec<OwnChange>,
    #[n(2)]
    #[cbor(with = "crate::wire::byte_strings")]
    pub(super) accepted: Vec<Vec<u8>>,
    #[n(3)]
    heads: Vec<ChangeHash>,
    /// The villages whose logs say that the household belongs there, and the heads that each of them has told of: one, but
    /// for a household that moves between two villages of this device, whose logs are read one after the other.
    #[n(4)]
    #[cbor(with = "crate::wire::by_unit")]
    logged: BTreeMap<UnitId, Vec<ChangeHash>>,
    /// What was accepted in an earlier generation of the log and has not come again in this one.
    #[n(5)]
    #[cbor(with = "crate::wire::named_bytes")]
    aside: Vec<(ChangeHash, Vec<u8>)>,
    /// Whether somebody was shown here what the household comes to.
    #[n(6)]
    #[cbor(default)]
    result_seen: bool,
}

/// The name of everything that a document shows: whoever keeps something made from it sees whether it still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Stamp(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]);

impl DeviceDocument {
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            scope,
            own: Vec::new(),
            accepted: Vec::new(),
            heads: Vec::new(),
            logged: BTreeMap::new(),
            aside: Vec::new(),
            result_seen: false,
        }
    }

    /// The name of everything that it shows.
    pub(crate) fn stamp(&self) -> Stamp {
        let own: Vec<_> = self.own.iter().map(|own| (own.hash, own.standing, own.is_settled, own.answered)).collect();
        let logged: Vec<(u64, &Vec<ChangeHash>)> = self.logged.iter().map(|(unit, heads)| (unit.0, heads)).collect();
        let aside: Vec<ChangeHash> = self.aside.iter().map(|(hash, _)| *hash).collect();
        let shown = to_cbor(&(&self.scope, &self.heads, own, logged, aside));
        let hash = tagged("rasoat stamp 1", &[&shown]);
        Stamp(std::array::from_fn(|at| hash[at]))
    }

    /// Whether somebody was shown here what the household comes to.
    pub fn result_seen(&self) -> bool {
        self.result_seen
    }

    /// The heads of what the server has accepted; empty before the first change.
    pub fn accepted_heads(&self) -> &[ChangeHash] {
        &self.heads
    }

    /// Whether a village's log says that the household belongs there.
    pub fn is_logged_in(&self, scope: &Scope) -> bool {
        self.scope.round == scope.round && self.logged.contains_key(&scope.village)
    }

    /// Whether any log says that the household belongs to its village.
    pub(crate) fn is_logged(&self) -> bool {
        !self.logged.is_empty()
    }

    /// Takes in that somebody is shown what the household comes to.
    pub(super) fn see_result(&mut self) {
        self.result_seen = true;
    }

    /// Takes in what the server said of an own entry. Of one that was let in and stands in a log that was read nothing more is
    /// to be heard: it had been sent again because another log was doubted.
    pub(super) fn answered(&mut self, entry: (u32, u64), standing: Standing) {
        self.own.iter_mut().filter(|own| own.entry == entry).for_each(|own| own.standing = standing);
        let is_told = |own: &OwnChange| standing == Standing::Acknowledged && self.accepted.contains(&own.bytes);
        self.own.retain(|own| own.entry != entry || !is_told(own));
    }

    /// Takes in that the household belongs to a village from here on; its whole history follows.
    pub(super) fn enter(&mut self, scope: &Scope) {
        self.scope = scope.clone();
        self.logged.insert(scope.village, Vec::new());
    }

    /// Takes in that the household belongs to a village no more. Returns the heads that its log had told of; `None` when
    /// it did not belong there.
    pub(super) fn leave(&mut self, village: UnitId) -> Option<Vec<ChangeHash>> {
        let heads = self.logged.remove(&village)?;
        if self.scope.village == village
            && let Some(other) = self.logged.keys().next()
        {
            self.scope.village = *other;
        }
        Some(heads)
    }

    /// Puts what was accepted aside, because the log of a village starts anew. Nothing of it is lost: a restored server may
    /// have forgotten it. What the log of another village tells of stays.
    pub(super) fn start_anew(&mut self, village: UnitId) {
        self.own.iter_mut().for_each(|own| own.is_settled = false);
        self.logged.remove(&village);
        let mut told: BTreeSet<ChangeHash> = self.logged.values().flatten().copied().collect();
        let (mut stays, mut goes) = (Vec::new(), Vec::new());
        // Each stands behind those it builds on.
        for bytes in std::mem::take(&mut self.accepted).into_iter().rev() {
            let Ok((change, hash)) = change::parse(&bytes) else { continue };
            if told.contains(&hash) {
                told.extend(change.deps.iter().map(|dep| ChangeHash::from(*dep)));
                stays.push((change.deps.clone(), hash, bytes));
            } else {
                goes.push((hash, bytes));
            }
        }
        self.aside.extend(goes.into_iter().rev());
        self.heads.clear();
        for (deps, hash, bytes) in stays.into_iter().rev() {
            advance(&mut self.heads, &deps, hash);
            self.accepted.push(bytes);
        }
    }

    /// What was accepted in an earlier generation and has not come again: hash and bytes, in the order of that log.
    pub(super) fn aside(&self) -> &[(ChangeHash, Vec<u8>)] {
        &self.aside
    }

    /// Forgets what was put aside: it was given back.
    pub(super) fn forget_aside(&mut self) {
        self.aside.clear();
    }

    /// Takes a change back that the log does not have as accepted any more.
    pub(super) fn disown(&mut self, hash: &ChangeHash) {
        self.aside.retain(|(other, _)| other != hash);
    }

    /// Whether its log is being read from the first row again, and not all of what was there before has come yet.
    pub(super) fn is_read_anew(&self) -> bool {
        !self.aside.is_empty()
    }

    /// The bytes of a change that the server left out because this device wrote it.
    pub(super) fn bytes_of(&self, hash: &ChangeHash) -> Option<Vec<u8>> {
        let own = self.own.iter().find(|own| own.hash == *hash).map(|own| &own.bytes);
        let aside = || self.aside.iter().find(|(other, _)| other == hash).map(|(_, bytes)| bytes);
        // The log of a village to which the household has moved tells of what is here already.
        let is_it = |bytes: &&Vec<u8>| change::parse(bytes).is_ok_and(|(_, found)| found == *hash);
        own.or_else(aside).or_else(|| self.accepted.iter().find(is_it)).cloned()
    }

    /// Whether the bytes of a change of this round are here, wherever it stands.
    pub(super) fn has(&self, round: &RoundId, hash: &ChangeHash) -> bool {
        self.scope.round == *round && self.bytes_of(hash).is_some()
    }

    /// Takes a change in that a village's log tells of. Returns the heads that this log had told of before and after it;
    /// `None` when its bytes are no change, or the log does not say that the household belongs to the village.
    pub(super) fn accept(&mut self, village: UnitId, hash: ChangeHash, bytes: Vec<u8>) -> Option<[Vec<ChangeHash>; 2]> {
        let (change, found) = change::parse(&bytes).ok()?;
        let told = self.logged.get_mut(&village).filter(|_| found == hash)?;
        let before = told.clone();
        advance(told, &change.deps, hash);
        let after = told.clone();
        if !self.accepted.contains(&bytes) {
            advance(&mut self.heads, &change.deps, hash);
            self.accepted.push(bytes);
        }
        self.own.retain(|own| own.hash != hash);
        self.aside.retain(|(other, _)| *other != hash);
        Some([before, after])
    }

    /// Opens the document. `None` when an accepted change does not fit: the copy is damaged.
    pub(super) fn history(&self, household: &HouseholdId, forms: &[Arc<Form>], view: View) -> Option<History> {
        let form = match self.accepted.first() {
            Some(bytes) => self.form(household, forms, bytes)?,
            None => self.form_meanwhile(household, forms)?,
        };
        let mut history = founded(*household, &self.scope, form);
        for bytes in &self.accepted {
            let (change, hash) = change::parse(bytes).ok()?;
            let node = history.read(&change, hash).ok()?;
            history.push(node);
        }
        // What colleagues have shared stands in no document: who shows it adds it.
        if view != View::Accepted {
            // What the server has forgotten is given back to it: until then own work goes on where it stood.
            self.aside.iter().for_each(|(_, bytes)| add(&mut history, bytes));
            let mine = self.own.iter().filter(|own| own.is_mine());
            mine.for_each(|own| add(&mut history, &own.bytes));
        }
        Some(history)
    }

    /// The form while nothing is accepted. When a log is read anew, what was accepted lies aside, and own work builds on it;
    /// what they build on themselves may not count any more.
    fn form_meanwhile<'a>(&self, household: &HouseholdId, forms: &'a [Arc<Form>]) -> Option<&'a Arc<Form>> {
        let aside = self.aside.iter().map(|(_, bytes)| bytes);
        let mut known = aside.chain(self.own.iter().map(|own| &own.bytes));
        known.find_map(|bytes| self.form(household, forms, bytes)).or(forms.first())
    }

    fn form<'a>(&self, household: &HouseholdId, forms: &'a [Arc<Form>], first: &[u8]) -> Option<&'a Arc<Form>> {
        form_of(household, &self.scope, forms, first)
    }
}

/// Moves heads on over a change.
fn advance(heads: &mut Vec<ChangeHash>, deps: &[automerge::ChangeHash], hash: ChangeHash) {
    heads.retain(|head| *head != hash && !deps.contains(&(*head).into()));
    heads.push(hash);
    heads.sort_unstable();
}

/// The form on whose genesis a change builds.
pub(super) fn form_of<'a>(
    household: &HouseholdId,
    scope: &Scope,
    forms: &'a [Arc<Form>],
    first: &[u8],
) -> Option<&'a Arc<Form>> {
    let (change, _) = change::parse(first).ok()?;
    forms.iter().find(|form| {
        let genesis = founded(*household, scope, form).genesis().hash();
        change.deps.contains(&genesis.into())
    })
}

/// Adds a change. One that builds on a rejected change does not fit any more and is left out until its author says it again.
pub(super) fn add(history: &mut History, bytes: &[u8]) {
    let Ok((change, hash)) = change::parse(bytes) else { return };
    if let (false, Ok(node)) = (history.knows(&hash), history.read(&change, hash)) {
        history.push(node);
    }
}

/// A document with nothing in it.
pub(super) fn founded(household: HouseholdId, scope: &Scope, form: &Arc<Form>) -> History {
    let genesis = Genesis { household, round: scope.round.clone(), form: form.version.clone() };
    History::new(genesis, form.clone())
}
