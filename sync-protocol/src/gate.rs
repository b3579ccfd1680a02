//! The admission gate: what stands between bytes from outside and a household document.
//!
//! The order matters: cheap checks first, faults of the change before questions of policy, and nothing is applied to an
//! Automerge document before everything has passed. Whether a fault is found depends only on the change and on what its
//! document has accepted, so that every honest copy decides alike. Owns the verdict; recording it is the caller's.

use automerge::ExpandedChange;
use schemas::form::{Fault as AnswerFault, Scope};
use schemas::household::SectionKey;

use crate::change::{self, Fault, Op, Slot, Write};
use crate::hash::{ActorId, ChangeHash};
use crate::history::{Break, History, Misfit, Node};
use crate::verdict::{Hold, Rejection, Verdict};

/// Most changes in one document. Two hundred edits are a busy household; this is a bound on what a faulty or hostile
/// device can make everybody else carry.
pub const MAX_DOCUMENT_CHANGES: usize = 2_000;

/// What is known of a change that a new one builds on but its document does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Never seen.
    Unknown,
    /// Seen, and held or rejected.
    NotAccepted,
    /// Accepted in another household's document.
    OtherHousehold,
}

/// What policy says of this writer at this document, as far as the change itself does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// May write here now.
    Allows,
    /// Must wait for a person.
    Holds(Hold),
}

/// A change at the gate.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The hash that the signed journal names.
    pub hash: ChangeHash,
    /// The actor of the device, person and epoch that signed the journal.
    pub actor: ActorId,
}

/// The gate's answer.
#[derive(Clone, Debug)]
pub enum Admission {
    /// Fits; give it to [`History::push`].
    Admitted(Box<Node>),
    /// The document has it already.
    Known,
    /// Waits; the changes it waits for, when it waits for any.
    Held(Hold, Vec<ChangeHash>),
    /// Rejected; the reason in words is for the evidence, the verdict for the sender.
    Rejected(Rejection, String),
    /// Rejected, but nothing is proven about the change that the journal names: these bytes are not it, or not for this
    /// writer to bring. The verdict is for the sender alone and must never stick to the change.
    Unproven(Rejection, String),
}

impl Admission {
    /// The verdict that the sender gets. A change that is known already was accepted.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Admitted(_) | Self::Known => Verdict::Accepted,
            Self::Held(hold, _) => Verdict::Held(*hold),
            Self::Rejected(rejection, _) | Self::Unproven(rejection, _) => Verdict::Rejected(*rejection),
        }
    }
}

/// Judges one change against what its document has accepted.
///
/// `fate` is asked about dependencies that the document does not hold.
pub fn judge(
    history: &History,
    candidate: Candidate<'_>,
    policy: Policy,
    fate: impl Fn(&ChangeHash) -> Fate,
) -> Admission {
    match fit(history, candidate) {
        Ok(None) => Admission::Known,
        Ok(Some(_)) if history.nodes().len() >= MAX_DOCUMENT_CHANGES => Admission::Held(Hold::DocumentFull, Vec::new()),
        Ok(Some(node)) => match policy {
            Policy::Allows => Admission::Admitted(Box::new(node)),
            Policy::Holds(hold) => Admission::Held(hold, Vec::new()),
        },
        Err(Refusal::Missing(missing)) => judge_missing(missing, fate),
        Err(Refusal::Never(rejection, reason)) => Admission::Rejected(rejection, reason),
        Err(Refusal::Unproven(rejection, reason)) => Admission::Unproven(rejection, reason),
    }
}

enum Refusal {
    Missing(Vec<ChangeHash>),
    Never(Rejection, String),
    Unproven(Rejection, String),
}

fn judge_missing(missing: Vec<ChangeHash>, fate: impl Fn(&ChangeHash) -> Fate) -> Admission {
    let fates: Vec<Fate> = missing.iter().map(fate).collect();
    if fates.contains(&Fate::OtherHousehold) {
        return Admission::Rejected(Rejection::OtherHousehold, "builds on another household's changes".into());
    }
    match fates.contains(&Fate::NotAccepted) {
        true => Admission::Held(Hold::BuildsOnHeld, missing),
        false => Admission::Held(Hold::MissingDependency, missing),
    }
}

/// Everything that does not depend on policy. `None` when the document has the change already.
fn fit(history: &History, candidate: Candidate<'_>) -> Result<Option<Node>, Refusal> {
    let (expanded, hash) = change::decode(candidate.bytes).map_err(|fault| {
        let (rejection, reason) = from_fault(&fault);
        Refusal::Unproven(rejection, reason)
    })?;
    if hash != candidate.hash {
        return Err(Refusal::Unproven(Rejection::OtherHash, format!("bytes hash to {hash}")));
    }
    check_actor(&expanded, candidate.actor)?;
    change::check_header(&expanded).map_err(never)?;
    if history.knows(&hash) {
        return Ok(None);
    }
    let node = history.read(&expanded, hash).map_err(from_misfit)?;
    for (index, op) in node.entry.ops.iter().enumerate() {
        check_content(history, op)
            .map_err(|rejection| Refusal::Never(rejection, format!("operation {index}: {:?}", op.slot)))?;
    }
    Ok(Some(node))
}

fn check_actor(expanded: &ExpandedChange, actor: ActorId) -> Result<(), Refusal> {
    match expanded.actor_id.to_bytes() == actor.0 {
        true => Ok(()),
        false => Err(Refusal::Unproven(Rejection::ForeignActor, format!("actor {}", expanded.actor_id))),
    }
}

fn check_content(history: &History, op: &Op) -> Result<(), Rejection> {
    let form = history.form();
    let answer = match &op.slot {
        Slot::Answer(key) => Some((Scope::Household, key)),
        Slot::MemberAnswer(_, key) => Some((Scope::Member, key)),
        Slot::VisitAnswer(_, key) => Some((Scope::Visit, key)),
        Slot::Confirmed(SectionKey::Form(key)) | Slot::Settled(SectionKey::Form(key)) => {
            let section = form.sections.iter().any(|section| section.key == *key);
            return if section { Ok(()) } else { Err(Rejection::UnknownKey) };
        }
        Slot::Member(_) | Slot::Visit(_) | Slot::Note(_) | Slot::Confirmed(_) | Slot::Settled(_) => None,
    };
    let Some((scope, key)) = answer else { return Ok(()) };
    let question = form.question(scope, key.as_str()).ok_or(Rejection::UnknownKey)?;
    match &op.write {
        Write::Put(value) if question.check(value) == Err(AnswerFault::WrongType) => Err(Rejection::WrongType),
        Write::Put(_) | Write::Clear | Write::Make | Write::Settle(_) => Ok(()),
    }
}

fn from_misfit(misfit: Misfit) -> Refusal {
    match misfit {
        Misfit::MissingDependencies(missing) => Refusal::Missing(missing),
        Misfit::Broken(Break::Fault(fault)) => never(fault),
        Misfit::Broken(Break::Fork) => Refusal::Never(Rejection::Fork, misfit.to_string()),
        Misfit::Broken(
            Break::Dependencies
            | Break::Counter
            | Break::Replaces(_)
            | Break::WrittenTwice(_)
            | Break::NotInPast(_)
            | Break::ForeignVisit(_),
        ) => Refusal::Never(Rejection::WrongPast, misfit.to_string()),
    }
}

fn never(fault: Fault) -> Refusal {
    let (rejection, reason) = from_fault(&fault);
    Refusal::Never(rejection, reason)
}

fn from_fault(fault: &Fault) -> (Rejection, String) {
    let rejection = match fault {
        Fault::TooLarge => Rejection::TooLarge,
        Fault::ChunkType => Rejection::ChunkType,
        Fault::Unreadable | Fault::NotCanonical => Rejection::Malformed,
        Fault::OpCount | Fault::Header(_) | Fault::Operation { .. } => Rejection::NotAllowed,
    };
    (rejection, fault.to_string())
}
