//! The server's half: what becomes of each entry of a segment.
//!
//! Owns the decisions and their order; does no I/O. The caller opens the segment, brings the histories of the households
//! it names and what policy and the store know, and carries out the effects that come back, all of them or none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemas::ids::HouseholdId;

use crate::chapter::Proven;
use crate::gate::{self, Admission, Candidate, Fate, Policy};
use crate::hash::{ActorId, BlobHash, ChangeHash};
use crate::history::History;
use crate::journal::{Body, JournalEntry};
use crate::segment::{Payload, Segment};
use crate::verdict::{Hold, Rejection, Verdict};

/// What the store knows that a judgement needs.
pub trait Register {
    /// What policy says of the segment's author writing to this household now.
    fn policy(&self, household: &HouseholdId) -> Policy;
    /// The verdict that a change had before, when it was held, rejected or superseded.
    fn earlier(&self, household: &HouseholdId, change: &ChangeHash) -> Option<Verdict>;
    /// Whether the change was accepted in another household's document.
    fn is_elsewhere(&self, household: &HouseholdId, change: &ChangeHash) -> bool;
}

/// What is to be done about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Append the change to the log and keep its bytes.
    Accept(Judged),
    /// Keep the change aside, with a row that says so.
    Hold(Judged, Hold),
    /// Keep the change as evidence, with a row that says so; the reason is for people.
    Reject(Judged, Rejection, String),
    /// Nothing: the verdict stands from before.
    Stands(Verdict),
    /// Write down that it came: the bytes are not what the journal names, so they say nothing about that change, which may
    /// still come and be accepted. The reason is for people.
    Unproven(Rejection, String),
    /// Keep the request for whoever decides.
    Command(Vec<u8>),
    /// Expect the blob.
    Blob {
        /// The household it belongs to.
        household: HouseholdId,
        /// Its hash.
        hash: BlobHash,
        /// Its size.
        size_bytes: u64,
    },
}

/// A change that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The household.
    pub household: HouseholdId,
    /// The change.
    pub hash: ChangeHash,
    /// Its bytes as they came.
    pub bytes: Vec<u8>,
}

impl Effect {
    /// The verdict that the sender gets.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Accept(_) | Self::Command(_) | Self::Blob { .. } => Verdict::Accepted,
            Self::Hold(_, hold) => Verdict::Held(*hold),
            Self::Reject(_, rejection, _) | Self::Unproven(rejection, _) => Verdict::Rejected(*rejection),
            Self::Stands(verdict) => *verdict,
        }
    }
}

/// The households that a segment names.
pub fn households(segment: &Segment) -> BTreeSet<HouseholdId> {
    let households = segment.entries().iter().filter_map(|entry| match &entry.body {
        Body::Change { household, .. } | Body::Blob { household, .. } => Some(*household),
        Body::Command { .. } => None,
    });
    households.collect()
}

/// Judges every entry of a segment, in order, and moves the histories on by what is accepted.
///
/// A household that `documents` lacks cannot be written: the caller has refused it or could not found it.
pub fn decide(
    segment: &Segment,
    documents: &mut BTreeMap<HouseholdId, History>,
    register: &impl Register,
) -> Vec<Effect> {
    let mut docket = Docket { actor: segment.author().actor(), documents, register, refused: HashMap::new() };
    segment.with_payloads().map(|(entry, payload)| docket.entry(entry, payload)).collect()
}

/// Judges changes that had been accepted before the server was set back and forgot them; as [`decide`] does, each under the
/// actor that wrote it. That a row names it was proven; the gate runs all the same, and an end that it came to meanwhile
/// stands.
pub fn reinstate(
    changes: &[Proven],
    documents: &mut BTreeMap<HouseholdId, History>,
    register: &impl Register,
) -> Vec<Effect> {
    let mut docket = Docket { actor: ActorId([0; 16]), documents, register, refused: HashMap::new() };
    let judge = |proven: &Proven| {
        docket.actor = proven.actor;
        docket.change(Judged { household: proven.household, hash: proven.hash, bytes: proven.bytes.clone() })
    };
    changes.iter().map(judge).collect()
}

struct Docket<'a, R> {
    actor: ActorId,
    documents: &'a mut BTreeMap<HouseholdId, History>,
    register: &'a R,
    /// What this very segment has had held or rejected so far.
    refused: HashMap<(HouseholdId, ChangeHash), Verdict>,
}

impl<R: Register> Docket<'_, R> {
    fn entry(&mut self, entry: &JournalEntry, payload: Option<&Payload>) -> Effect {
        match (&entry.body, payload) {
            (Body::Change { household, hash }, Some(payload)) => {
                self.change(Judged { household: *household, hash: *hash, bytes: raw(payload).to_vec() })
            }
            (Body::Blob { household, hash, size_bytes }, _) => {
                Effect::Blob { household: *household, hash: *hash, size_bytes: *size_bytes }
            }
            (Body::Command { request }, _) => Effect::Command(request.to_vec()),
            // `Segment::open` has matched changes and payloads.
            (Body::Change { .. }, None) => Effect::Stands(Verdict::Rejected(Rejection::Malformed)),
        }
    }

    fn change(&mut self, judged: Judged) -> Effect {
        let key = (judged.household, judged.hash);
        // Whatever bytes came this time: the change itself is in.
        if self.documents.get(&key.0).is_some_and(|history| history.knows(&key.1)) {
            return Effect::Stands(Verdict::Accepted);
        }
        let earlier = self.refused.get(&key).copied().or_else(|| self.register.earlier(&key.0, &key.1));
        if let Some(verdict @ (Verdict::Rejected(_) | Verdict::Superseded)) = earlier {
            return Effect::Stands(verdict);
        }
        let effect = match self.judge(&judged) {
            Admission::Admitted(node) => {
                self.documents.entry(judged.household).and_modify(|history| history.push(*node));
                Effect::Accept(judged)
            }
            Admission::Known => Effect::Stands(Verdict::Accepted),
            Admission::Held(hold, _) if earlier == Some(Verdict::Held(hold)) => Effect::Stands(Verdict::Held(hold)),
            Admission::Held(hold, _) => Effect::Hold(judged, hold),
            Admission::Rejected(rejection, reason) => Effect::Reject(judged, rejection, reason),
            Admission::Unproven(rejection, reason) => return Effect::Unproven(rejection, reason),
        };
        if let verdict @ (Verdict::Held(_) | Verdict::Rejected(_)) = effect.verdict() {
            self.refused.insert(key, verdict);
        }
        effect
    }

    fn judge(&self, judged: &Judged) -> Admission {
        let Some(history) = self.documents.get(&judged.household) else {
            return Admission::Held(Hold::OutOfScope, Vec::new());
        };
        let candidate = Candidate { bytes: &judged.bytes, hash: judged.hash, actor: self.actor };
        let policy = self.register.policy(&judged.household);
        gate::judge(history, candidate, policy, |dependency| self.fate(&judged.household, dependency))
    }

    fn fate(&self, household: &HouseholdId, dependency: &ChangeHash) -> Fate {
        let refused_here = self.refused.contains_key(&(*household, *dependency));
        if refused_here || self.register.earlier(household, dependency).is_some() {
            return Fate::NotAccepted;
        }
        let in_this_segment =
            self.documents.iter().any(|(other, history)| other != household && history.knows(dependency));
        match in_this_segment || self.register.is_elsewhere(household, dependency) {
            true => Fate::OtherHousehold,
            false => Fate::Unknown,
        }
    }
}

/// A change that waits for what it builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The change.
    pub hash: ChangeHash,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The actor that its segment proved.
    pub actor: ActorId,
}

/// Looks again at changes that wait, after their document has moved on: the whole gate runs again for each. Returns those
/// that are admitted now, in an order in which each follows what it builds on, and moves the history on by them.
pub fn reconsider(
    history: &mut History,
    mut waiting: Vec<Waiting>,
    policy: impl Fn(&Waiting) -> Policy,
) -> Vec<Waiting> {
    let mut admitted = Vec::new();
    loop {
        let before = waiting.len();
        waiting.retain(|change| {
            let candidate = Candidate { bytes: &change.bytes, hash: change.hash, actor: change.actor };
            match gate::judge(history, candidate, policy(change), |_| Fate::Unknown) {
                Admission::Admitted(node) => {
                    history.push(*node);
                    admitted.push(change.clone());
                    false
                }
                Admission::Known | Admission::Held(..) | Admission::Rejected(..) | Admission::Unproven(..) => true,
            }
        });
        if waiting.len() == before {
            return admitted;
        }
    }
}

fn raw(payload: &Payload) -> &[u8] {
    match payload {
        Payload::Raw(bytes) => bytes,
    }
}
