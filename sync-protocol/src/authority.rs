//! The server's half: what becomes of each entry of a segment.
//!
//! Owns the decisions and their order; does no I/O. The caller opens the segment, brings the histories of the households
//! it names and what policy and the store know, and carries out the effects that come back, all of them or none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemas::ids::HouseholdId;

use crate::actor::Author;
use crate::change::Entry;
use crate::chapter::Proven;
use crate::gate::{self, Admission, Candidate, Fate, Policy};
use crate::hash::{ActorId, BlobHash, ChangeHash};
use crate::history::History;
use crate::journal::{Body, JournalEntry};
use crate::rebase;
use crate::segment::{Payload, Segment};
use crate::verdict::{Hold, Rejection, Verdict};

/// What the store knows that a judgement needs.
pub trait Register {
    /// What policy says of the segment's author writing to this household now.
    fn policy(&self, household: &HouseholdId) -> Policy;
    /// The verdict that a change had before, when it was held, rejected or superseded.
    fn earlier(&self, household: &HouseholdId, change: &ChangeHash) -> Option<Verdict>;
    /// The verdicts of what the segment's author, in whatever epoch, has written to the household and that is not in it.
    fn own(&self, household: &HouseholdId) -> Vec<(ChangeHash, Verdict)>;
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
    /// Keep the change aside: its author has said it again in a change that was let in before.
    Supersede(Judged),
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
            Self::Supersede(_) => Verdict::Superseded,
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
    let (author, actor) = (Some(*segment.author()), segment.author().actor());
    let mut docket = Docket { author, actor, documents, register, refused: HashMap::new() };
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
    let (author, actor) = (None, ActorId([0; 16]));
    let mut docket = Docket { author, actor, documents, register, refused: HashMap::new() };
    let judge = |proven: &Proven| {
        docket.actor = proven.actor;
        docket.change(Judged { household: proven.household, hash: proven.hash, bytes: proven.bytes.clone() })
    };
    changes.iter().map(judge).collect()
}

struct Docket<'a, R> {
    /// Who signed what is judged; `None` where each change has an author of its own.
    author: Option<Author>,
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
            Admission::Held(..) | Admission::Rejected(..) if self.is_said_again(&judged) => Effect::Supersede(judged),
            Admission::Held(hold, _) if earlier == Some(Verdict::Held(hold)) => Effect::Stands(Verdict::Held(hold)),
            Admission::Held(hold, _) => Effect::Hold(judged, hold),
            Admission::Rejected(rejection, reason) => Effect::Reject(judged, rejection, reason),
            Admission::Unproven(rejection, reason) => return Effect::Unproven(rejection, reason),
        };
        if let verdict @ (Verdict::Held(_) | Verdict::Rejected(_) | Verdict::Superseded) = effect.verdict() {
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
        let own = || self.register.own(&judged.household);
        match gate::judge(history, candidate, policy, |dependency| self.fate(&judged.household, dependency)) {
            Admission::Admitted(node) if is_decided(&node.entry, own) => {
                Admission::Held(Hold::AlreadyDecided, Vec::new())
            }
            admission => admission,
        }
    }

    /// Whether the same author, in this epoch or a later one, has said a change again in the document already: what is said
    /// again may come before what it stands for.
    fn is_said_again(&self, judged: &Judged) -> bool {
        let (Some(author), Some(history)) = (self.author, self.documents.get(&judged.household)) else { return false };
        let mut naming = history
            .nodes()
            .iter()
            .filter(|node| !rebase::replaced(node.entry.message.as_deref(), &[judged.hash]).is_empty());
        naming.any(|node| author.from_here_on().any(|author| author.actor() == node.entry.actor))
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

/// Whether a change says something again on which a person, or its author, has decided already. `own`: the verdicts of
/// what the same author has written that is not in the document.
pub fn is_decided(entry: &Entry, own: impl FnOnce() -> Vec<(ChangeHash, Verdict)>) -> bool {
    if !rebase::is_rebase(entry.message.as_deref()) {
        return false;
    }
    let own = own();
    let decided = |(_, verdict): &&(ChangeHash, Verdict)| !verdict.is_open();
    let hashes: Vec<ChangeHash> = own.iter().map(|(hash, _)| *hash).collect();
    let said_again = rebase::replaced(entry.message.as_deref(), &hashes);
    own.iter().filter(decided).any(|(hash, _)| said_again.contains(hash))
}

/// What looking again at changes that wait has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconsidered {
    /// Those that are admitted now, in an order in which each follows what it builds on.
    pub admitted: Vec<Waiting>,
    /// Those for which what they waited for is there, and which something else stands against: why, in words for evidence
    /// where they can never belong to the document.
    pub judged: Vec<(Waiting, Verdict, Option<String>)>,
}

/// Looks again at changes that wait, after their document has moved on: the whole gate runs again for each, then what
/// policy says of its own author now. Moves the history on by those that are admitted.
pub fn reconsider(
    history: &mut History,
    mut waiting: Vec<Waiting>,
    policy: impl Fn(&Waiting, &Entry) -> Policy,
) -> Reconsidered {
    let mut reconsidered = Reconsidered::default();
    loop {
        let before = waiting.len();
        waiting.retain(|change| match look_again(history, change, &policy) {
            Looked::Admitted => {
                reconsidered.admitted.push(change.clone());
                false
            }
            Looked::Judged(verdict, reason) => {
                reconsidered.judged.push((change.clone(), verdict, reason));
                false
            }
            Looked::StillWaits => true,
        });
        if waiting.len() == before {
            return reconsidered;
        }
    }
}

enum Looked {
    Admitted,
    Judged(Verdict, Option<String>),
    StillWaits,
}

fn look_again(history: &mut History, change: &Waiting, policy: impl Fn(&Waiting, &Entry) -> Policy) -> Looked {
    let candidate = Candidate { bytes: &change.bytes, hash: change.hash, actor: change.actor };
    match gate::judge(history, candidate, Policy::Allows, |_| Fate::Unknown) {
        Admission::Admitted(node) => match policy(change, &node.entry) {
            Policy::Allows => {
                history.push(*node);
                Looked::Admitted
            }
            Policy::Holds(hold) => Looked::Judged(Verdict::Held(hold), None),
        },
        Admission::Held(Hold::MissingDependency | Hold::BuildsOnHeld, _) | Admission::Known => Looked::StillWaits,
        Admission::Held(hold, _) => Looked::Judged(Verdict::Held(hold), None),
        Admission::Rejected(rejection, reason) => Looked::Judged(Verdict::Rejected(rejection), Some(reason)),
        // Its segment proved these bytes when it came: what the gate says now says nothing about the change.
        Admission::Unproven(..) => Looked::StillWaits,
    }
}

fn raw(payload: &Payload) -> &[u8] {
    match payload {
        Payload::Raw(bytes) => bytes,
    }
}
