//! One household on a device: what the server has accepted, what the device wrote itself, and the views of both.

use std::sync::Arc;

use schemas::form::Form;
use schemas::ids::{HouseholdId, RoundId};

use crate::change;
use crate::genesis::Genesis;
use crate::hash::ChangeHash;
use crate::history::History;
use crate::journal::Scope;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnChange {
    /// Epoch and number of its journal entry.
    pub entry: (u32, u64),
    /// Its hash.
    pub hash: ChangeHash,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether the log has said so, or was asked again: a server that was set back may have forgotten what it answered.
    pub is_settled: bool,
    /// Whether its author has said what becomes of it: said again in another change, or left to the office.
    pub answered: bool,
}

impl OwnChange {
    /// A change that was just written.
    pub(super) fn new(entry: (u32, u64), hash: ChangeHash, bytes: Vec<u8>) -> Self {
        Self { entry, hash, bytes, standing: Standing::Waiting, is_settled: false, answered: false }
    }

    /// Whether its author goes on from it.
    fn is_mine(&self) -> bool {
        self.standing == Standing::Acknowledged || (self.standing.is_mine() && !self.answered)
    }
}

/// One household on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDocument {
    /// The village and round it belongs to.
    pub scope: Scope,
    /// The device's own changes that are not in the log yet.
    pub own: Vec<OwnChange>,
    pub(super) accepted: Vec<Vec<u8>>,
    pub(super) heads: Vec<ChangeHash>,
    /// What was accepted in an earlier generation of the log and has not come again in this one.
    aside: Vec<(ChangeHash, Vec<u8>)>,
}

impl DeviceDocument {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, own: Vec::new(), accepted: Vec::new(), heads: Vec::new(), aside: Vec::new() }
    }

    /// The heads of what the server has accepted; empty before the first change.
    pub fn accepted_heads(&self) -> &[ChangeHash] {
        &self.heads
    }

    /// Puts what was accepted aside, because the log starts anew. Nothing of it is lost: a restored server may have
    /// forgotten it.
    pub(super) fn start_anew(&mut self) {
        let accepted = std::mem::take(&mut self.accepted);
        let named = accepted.into_iter().filter_map(|bytes| change::parse(&bytes).ok().map(|(_, hash)| (hash, bytes)));
        self.aside.extend(named);
        self.heads.clear();
        self.own.iter_mut().for_each(|own| own.is_settled = false);
    }

    /// What was accepted in an earlier generation and has not come again: hash and bytes, in the order of that log.
    pub(super) fn aside(&self) -> &[(ChangeHash, Vec<u8>)] {
        &self.aside
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
        let aside = self.aside.iter().find(|(other, _)| other == hash).map(|(_, bytes)| bytes);
        own.or(aside).cloned()
    }

    /// Whether the bytes of a change of this round are here, wherever it stands.
    pub(super) fn has(&self, round: &RoundId, hash: &ChangeHash) -> bool {
        let is_it = |bytes: &Vec<u8>| change::parse(bytes).is_ok_and(|(_, found)| found == *hash);
        self.scope.round == *round && (self.bytes_of(hash).is_some() || self.accepted.iter().any(is_it))
    }

    /// Takes an accepted change in. `false` when its bytes are no change or it is here already.
    pub(super) fn accept(&mut self, hash: ChangeHash, bytes: Vec<u8>) -> bool {
        let Ok((change, found)) = change::parse(&bytes) else { return false };
        if found != hash || self.accepted.contains(&bytes) {
            return false;
        }
        self.heads.retain(|head| !change.deps.contains(&(*head).into()));
        self.heads.push(hash);
        self.heads.sort_unstable();
        self.accepted.push(bytes);
        self.own.retain(|own| own.hash != hash);
        self.aside.retain(|(other, _)| *other != hash);
        true
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
