//! What a change says, without what both ends can work out: the form in which changes travel.
//!
//! An intent names questions, values, who and when. Objects, counters, replaced operations and the hash follow from the
//! document that it was written on, which the receiver has. Nobody trusts that: the receiver makes the change anew, and
//! the hash it comes to is what the journal's signature or the log's chain speaks of. A change that an intent cannot
//! express, or that the receiver makes differently, travels as its bytes.
//!
//! Owns the step from a change to its intent and back. How intents are laid out in bits is [`code`]'s business, what may
//! be written at all that of the gate, which runs on the change that was made.

mod answer;
mod code;
mod lexicon;

use std::collections::BTreeMap;

use schemas::household::SectionKey;
use schemas::ids::{MemberId, NoteId, VisitId};
use schemas::value::{Key, Value};
use thiserror::Error;

use crate::change::{Made, Slot, Write};
use crate::hash::{ActorId, ChangeHash};
use crate::history::{History, Node, Past};

pub(crate) use code::{code, code_name};
pub(crate) use lexicon::Lexicons;
#[cfg(test)]
pub(crate) use lexicon::fingerprint;

/// The bytes are not what they should be: damaged, hostile, or of a form that is not known here.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not readable")]
pub struct Unreadable;

/// Why a change cannot be made again from its intent. Its bytes have to come instead.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Mismatch {
    /// It builds on changes that are not known here, or that are named too shortly.
    #[error("builds on changes that are not known")]
    Dependencies,
    /// It names a member or a visit that the document does not have.
    #[error("names what the document does not have")]
    Reference,
    /// What was made is not what was meant.
    #[error("made differently")]
    Differs,
}

/// Shortest name of a change or a household, in bytes.
const SHORTEST_NAME: usize = 2;

/// What is said in answer to a question; `None` takes an earlier answer back.
pub(crate) type Said = Option<Value>;
/// Answers by question.
pub(crate) type SaidByKey = BTreeMap<Key, Said>;

/// The changes that an intent was written on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BuildsOn {
    /// The same actor's change before it, alone: an interview that goes on.
    Own,
    /// The empty document.
    Genesis,
    /// These, each by the first bytes of its hash: enough to tell it from all others of the document.
    Changes(Vec<Vec<u8>>),
}

/// A member or a visit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    /// One that the intent lists or opens, by its id.
    New([u8; 10]),
    /// One of those that were there before, by its place in the order of ids.
    Known(u64),
}

/// A section that is confirmed or settled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// Who belongs to the household.
    Membership,
    /// A section of the form.
    Form(Key),
    /// All about one member.
    Member(Which),
}

/// What a change says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) seq: u64,
    pub(crate) builds_on: BuildsOn,
    pub(crate) written_at_s: i64,
    pub(crate) message: Option<String>,
    pub(crate) answers: SaidByKey,
    pub(crate) members: BTreeMap<Which, SaidByKey>,
    pub(crate) visits: BTreeMap<Which, SaidByKey>,
    pub(crate) notes: BTreeMap<NoteId, String>,
    pub(crate) confirmed: BTreeMap<Section, Which>,
    pub(crate) settled: BTreeMap<Section, Vec<ChangeHash>>,
}

impl Intent {
    /// The intent of a change; `None` when it would not be made again exactly.
    pub(crate) fn of(history: &History, node: &Node) -> Option<Self> {
        let base = history.past_of(&node.entry.deps)?;
        let mut intent = Self {
            seq: node.entry.seq,
            builds_on: builds_on(history, node),
            written_at_s: node.entry.written_at_s,
            message: node.entry.message.clone(),
            answers: BTreeMap::new(),
            members: BTreeMap::new(),
            visits: BTreeMap::new(),
            notes: BTreeMap::new(),
            confirmed: BTreeMap::new(),
            settled: BTreeMap::new(),
        };
        let people = People::at(history, &base);
        for op in &node.entry.ops {
            intent.take(&people, &op.slot, &op.write)?;
        }
        let made = intent.rebuild(history, node.entry.actor).ok()?;
        (made.hash == node.entry.hash).then_some(intent)
    }

    fn take(&mut self, people: &People, slot: &Slot, write: &Write) -> Option<()> {
        match (slot, write) {
            (Slot::Answer(key), write) => drop(self.answers.insert(key.clone(), said(write)?)),
            (Slot::Member(member), Write::Make) => drop(self.members.entry(Which::New(member.0)).or_default()),
            (Slot::MemberAnswer(member, key), write) => {
                self.members.entry(people.member(*member)).or_default().insert(key.clone(), said(write)?);
            }
            (Slot::Visit(visit), Write::Make) => drop(self.visits.entry(Which::New(visit.0)).or_default()),
            (Slot::VisitAnswer(visit, key), write) => {
                self.visits.entry(people.visit(*visit)).or_default().insert(key.clone(), said(write)?);
            }
            (Slot::Note(note), Write::Put(Value::Text(text))) => drop(self.notes.insert(*note, text.clone())),
            (Slot::Confirmed(section), Write::Put(Value::Text(visit))) => {
                self.confirmed.insert(people.section(section), people.visit(visit.parse().ok()?));
            }
            (Slot::Settled(section), Write::Settle(hashes)) => {
                self.settled.insert(people.section(section), hashes.clone());
            }
            _ => return None,
        }
        Some(())
    }

    /// Makes the change again.
    pub(crate) fn rebuild(&self, history: &History, actor: ActorId) -> Result<Made, Mismatch> {
        let heads = self.heads(history, actor)?;
        let base = history.past_of(&heads).ok_or(Mismatch::Dependencies)?;
        let writes = self.writes(&People::at(history, &base))?;
        let draft = history.draft(&heads, actor, self.written_at_s, self.message.clone(), &writes);
        let draft = draft.filter(|draft| draft.seq == self.seq && draft.ops.len() == writes.len());
        draft.and_then(|draft| draft.make()).ok_or(Mismatch::Differs)
    }

    fn heads(&self, history: &History, actor: ActorId) -> Result<Vec<ChangeHash>, Mismatch> {
        let heads = match &self.builds_on {
            BuildsOn::Genesis => Some(vec![history.genesis().hash()]),
            BuildsOn::Own => {
                let before = self.seq.checked_sub(1);
                let own = history.nodes().iter().rev().map(|node| &node.entry);
                let mut own = own.filter(|entry| entry.actor == actor && Some(entry.seq) == before);
                own.next().map(|entry| vec![entry.hash])
            }
            BuildsOn::Changes(names) => names.iter().map(|name| history.named(name)).collect(),
        };
        heads.ok_or(Mismatch::Dependencies)
    }

    fn writes(&self, people: &People) -> Result<BTreeMap<Slot, Write>, Mismatch> {
        let mut writes = BTreeMap::new();
        let answer = |(key, said): (&Key, &Said)| (Slot::Answer(key.clone()), write(said));
        writes.extend(self.answers.iter().map(answer));
        for (which, answers) in &self.members {
            let member = people.known_member(which)?;
            let made = matches!(which, Which::New(_)).then_some((Slot::Member(member), Write::Make));
            writes.extend(made);
            writes.extend(answers.iter().map(|(key, said)| (Slot::MemberAnswer(member, key.clone()), write(said))));
        }
        for (which, answers) in &self.visits {
            let visit = people.known_visit(which)?;
            writes.extend(matches!(which, Which::New(_)).then_some((Slot::Visit(visit), Write::Make)));
            writes.extend(answers.iter().map(|(key, said)| (Slot::VisitAnswer(visit, key.clone()), write(said))));
        }
        let note = |(note, text): (&NoteId, &String)| (Slot::Note(*note), Write::Put(Value::Text(text.clone())));
        writes.extend(self.notes.iter().map(note));
        for (section, visit) in &self.confirmed {
            let visit = people.known_visit(visit)?.to_string();
            writes.insert(Slot::Confirmed(people.known_section(section)?), Write::Put(Value::Text(visit)));
        }
        for (section, hashes) in &self.settled {
            writes.insert(Slot::Settled(people.known_section(section)?), Write::Settle(hashes.clone()));
        }
        Ok(writes)
    }
}

fn said(write: &Write) -> Option<Said> {
    match write {
        Write::Put(value) => Some(Some(value.clone())),
        Write::Clear => Some(None),
        Write::Make | Write::Settle(_) => None,
    }
}

fn write(said: &Said) -> Write {
    said.clone().map_or(Write::Clear, Write::Put)
}

fn builds_on(history: &History, node: &Node) -> BuildsOn {
    let entry = &node.entry;
    let own = |dep: &ChangeHash| {
        let before = history.node(dep).map(|node| &node.entry);
        before.is_some_and(|before| before.actor == entry.actor && before.seq + 1 == entry.seq)
    };
    match entry.deps.as_slice() {
        [only] if own(only) => BuildsOn::Own,
        [only] if *only == history.genesis().hash() => BuildsOn::Genesis,
        deps => BuildsOn::Changes(deps.iter().map(|dep| short_name(history, dep)).collect()),
    }
}

/// The shortest name that tells a change from all others of the document.
fn short_name(history: &History, hash: &ChangeHash) -> Vec<u8> {
    let unique = |length: &usize| history.named(&hash.0[..*length]).is_some();
    let length = (SHORTEST_NAME..hash.0.len()).find(unique).unwrap_or(hash.0.len());
    hash.0[..length].to_vec()
}

/// The members and visits that stood in a document, in the order of their ids.
struct People {
    members: Vec<MemberId>,
    visits: Vec<VisitId>,
}

impl People {
    fn at(history: &History, past: &Past) -> Self {
        Self { members: history.listed(past).collect(), visits: history.visits(past).collect() }
    }

    fn member(&self, member: MemberId) -> Which {
        match self.members.binary_search(&member) {
            Ok(place) => Which::Known(place as u64),
            Err(_) => Which::New(member.0),
        }
    }

    fn visit(&self, visit: VisitId) -> Which {
        match self.visits.binary_search(&visit) {
            Ok(place) => Which::Known(place as u64),
            Err(_) => Which::New(visit.0),
        }
    }

    fn section(&self, section: &SectionKey) -> Section {
        match section {
            SectionKey::Membership => Section::Membership,
            SectionKey::Form(key) => Section::Form(key.clone()),
            SectionKey::Member(member) => Section::Member(self.member(*member)),
        }
    }

    fn known_member(&self, which: &Which) -> Result<MemberId, Mismatch> {
        known(which, &self.members, MemberId)
    }

    fn known_visit(&self, which: &Which) -> Result<VisitId, Mismatch> {
        known(which, &self.visits, VisitId)
    }

    fn known_section(&self, section: &Section) -> Result<SectionKey, Mismatch> {
        Ok(match section {
            Section::Membership => SectionKey::Membership,
            Section::Form(key) => SectionKey::Form(key.clone()),
            Section::Member(which) => SectionKey::Member(self.known_member(which)?),
        })
    }
}

fn known<T: Copy>(which: &Which, known: &[T], new: fn([u8; 10]) -> T) -> Result<T, Mismatch> {
    match which {
        Which::New(id) => Ok(new(*id)),
        Which::Known(place) => {
            let place = usize::try_from(*place).map_err(|_| Mismatch::Reference)?;
            known.get(place).copied().ok_or(Mismatch::Reference)
        }
    }
}
