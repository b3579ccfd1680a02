//! The history of one household document: its graph of changes and every operation, so that any question about any
//! point of the past has an exact answer.
//!
//! Owns what is true *of a change and its past*: known dependencies, Lamport counters, sequence numbers, what an
//! operation replaces. Knows nothing of policy or of the form's meaning beyond which section a question belongs to.
//! Automerge agrees with it on every view (a property test holds them side by side); Automerge remains the format.

mod past;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use automerge::ExpandedChange;
use schemas::form::{Form, Scope};
use schemas::household::{STATUS, SectionKey};
use schemas::value::Key;
use thiserror::Error;

use crate::change::{self, Container, Containers, Draft, Entry, Fault, Op, OpId, Slot, Write};
use crate::genesis::{self, Genesis};
use crate::hash::{ActorId, ChangeHash};

pub use past::Past;
pub use view::SectionValue;

/// Why a change cannot follow the changes that are known.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Misfit {
    /// It builds on changes that are not known here (yet).
    #[error("builds on unknown changes")]
    MissingDependencies(Vec<ChangeHash>),
    /// It can never belong to this document.
    #[error(transparent)]
    Broken(#[from] Break),
}

/// Why a change can never belong to this document.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Break {
    /// The bytes themselves are at fault.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It builds on nothing, or names a dependency that another one already includes.
    #[error("dependencies are not the heads of one past")]
    Dependencies,
    /// Its first counter is not one more than the highest in its past.
    #[error("operation counter does not follow its past")]
    Counter,
    /// Its sequence number does not follow the actor's last change, or that change is not in its past: two writers have
    /// used one actor.
    #[error("the actor's changes fork")]
    Fork,
    /// An operation does not replace exactly what stood in its slot.
    #[error("operation {0} does not replace exactly what stood there")]
    Replaces(usize),
    /// A slot is written twice in one change, or a member, visit or note is made that exists already.
    #[error("operation {0} writes again what may be written once")]
    WrittenTwice(usize),
    /// A settlement or confirmation names something that is not in its past.
    #[error("operation {0} names something that is not in its past")]
    NotInPast(usize),
    /// A visit's entry is written by somebody else than who opened it.
    #[error("operation {0} writes to another's visit")]
    ForeignVisit(usize),
}

/// A change in its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The change.
    pub entry: Entry,
    /// Everything it builds on, itself included.
    pub past: Past,
    /// The sections it touches, in order.
    pub touches: Vec<SectionKey>,
    max_op: u64,
}

/// One operation as the history keeps it.
#[derive(Clone, Debug)]
struct Written {
    id: OpId,
    node: usize,
    write: Write,
    replaced_by: Vec<usize>,
}

/// All changes of one document, each after those it builds on.
#[derive(Clone, Debug)]
pub struct History {
    genesis: Genesis,
    genesis_hash: ChangeHash,
    form: Arc<Form>,
    nodes: Vec<Node>,
    by_hash: HashMap<ChangeHash, usize>,
    slots: BTreeMap<Slot, Vec<Written>>,
    made: HashMap<OpId, Container>,
    heads: Vec<ChangeHash>,
}

impl History {
    /// A document with nothing in it but its genesis.
    pub fn new(genesis: Genesis, form: Arc<Form>) -> Self {
        let genesis_hash = genesis.hash();
        Self {
            genesis,
            genesis_hash,
            form,
            nodes: Vec::new(),
            by_hash: HashMap::new(),
            slots: BTreeMap::new(),
            made: HashMap::new(),
            heads: vec![genesis_hash],
        }
    }

    /// Which document this is.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The form that the document is filled in on.
    pub fn form(&self) -> &Arc<Form> {
        &self.form
    }

    /// The changes that nothing builds on, sorted; the genesis when there is no other.
    pub fn heads(&self) -> &[ChangeHash] {
        &self.heads
    }

    /// All changes after the genesis, each after those it builds on.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The change with this hash.
    pub fn node(&self, hash: &ChangeHash) -> Option<&Node> {
        self.by_hash.get(hash).map(|at| &self.nodes[*at])
    }

    /// The one change whose hash begins so, the genesis included; `None` when there is none or more than one.
    pub(crate) fn named(&self, beginning: &[u8]) -> Option<ChangeHash> {
        let hashes = self.nodes.iter().map(|node| node.entry.hash).chain([self.genesis_hash]);
        let mut fitting = hashes.filter(|hash| hash.0.starts_with(beginning));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    /// Whether the change is known here; the genesis always is.
    pub fn knows(&self, hash: &ChangeHash) -> bool {
        *hash == self.genesis_hash || self.by_hash.contains_key(hash)
    }

    /// The past that ends in these heads; `None` when one of them is unknown.
    pub fn past_of(&self, heads: &[ChangeHash]) -> Option<Past> {
        heads
            .iter()
            .filter(|hash| **hash != self.genesis_hash)
            .try_fold(Past::default(), |past, hash| self.node(hash).map(|node| past.union(&node.past)))
    }

    /// Everything that is known.
    pub fn whole(&self) -> Past {
        Past::first(self.nodes.len())
    }

    /// A past without these changes, which nothing else in it builds on.
    pub(crate) fn without(&self, past: &Past, changes: &[ChangeHash]) -> Past {
        let left_out: Vec<usize> = changes.iter().filter_map(|hash| self.by_hash.get(hash).copied()).collect();
        let kept = (0..self.nodes.len()).filter(|at| past.contains(*at) && !left_out.contains(at));
        kept.fold(Past::default(), |past, at| past.with(at))
    }

    /// What a change writes, as far as the places that it writes to are known here.
    pub(crate) fn ops_of(&self, bytes: &[u8]) -> Option<Vec<Op>> {
        let (expanded, _) = change::parse(bytes).ok()?;
        let made = |id: &OpId| self.container(id);
        let containers = Containers { genesis: &genesis::CONTAINERS, made: &made };
        change::read_ops(&expanded, &containers).ok()
    }

    /// The member or visit that an operation made.
    pub(crate) fn container(&self, id: &OpId) -> Option<Container> {
        self.made.get(id).copied()
    }

    /// Reads a change against its past, without adding it.
    pub fn read(&self, change: &ExpandedChange, hash: ChangeHash) -> Result<Node, Misfit> {
        let deps: Vec<ChangeHash> = change.deps.iter().copied().map(Into::into).collect();
        let missing: Vec<ChangeHash> = deps.iter().copied().filter(|dep| !self.knows(dep)).collect();
        if !missing.is_empty() {
            return Err(Misfit::MissingDependencies(missing));
        }
        let base = self.base(&deps)?;
        let entry = self.entry(change, hash, deps)?;
        self.check_order(&entry, &base)?;
        self.check_ops(&entry, &base)?;
        let mut touches: Vec<SectionKey> = entry.ops.iter().flat_map(|op| self.sections_of(&op.slot)).collect();
        touches.sort();
        touches.dedup();
        let max_op = entry.start_op + entry.ops.len() as u64 - 1;
        Ok(Node { past: base.with(self.nodes.len()), touches, entry, max_op })
    }

    /// Adds a change that [`History::read`] has just accepted. Adding one that is known changes nothing.
    pub fn push(&mut self, mut node: Node) {
        if self.knows(&node.entry.hash) {
            return;
        }
        let at = self.nodes.len();
        // `read` gave it the number that was next then; others may have come between.
        node.past = self.past_of(&node.entry.deps).unwrap_or_default().with(at);
        for op in &node.entry.ops {
            self.write(op, at);
        }
        self.heads.retain(|head| !node.entry.deps.contains(head));
        self.heads.push(node.entry.hash);
        self.heads.sort_unstable();
        self.by_hash.insert(node.entry.hash, at);
        self.nodes.push(node);
    }

    fn write(&mut self, op: &Op, at: usize) {
        match op.slot {
            Slot::Member(member) => self.made.insert(op.id, Container::Member(member)),
            Slot::Visit(visit) => self.made.insert(op.id, Container::Visit(visit)),
            _ => None,
        };
        let slot = self.slots.entry(op.slot.clone()).or_default();
        for written in slot.iter_mut().filter(|written| op.replaces.contains(&written.id)) {
            written.replaced_by.push(at);
        }
        slot.push(Written { id: op.id, node: at, write: op.write.clone(), replaced_by: Vec::new() });
    }

    /// The past under `deps`, which must be at least one and none within another's past.
    fn base(&self, deps: &[ChangeHash]) -> Result<Past, Break> {
        let nodes: Vec<&Node> = deps.iter().filter_map(|dep| self.node(dep)).collect();
        let genesis_among_others = deps.contains(&self.genesis_hash) && deps.len() > 1;
        let nested = nodes.iter().enumerate().any(|(at, node)| {
            let index = self.by_hash.get(&node.entry.hash);
            nodes.iter().enumerate().any(|(other, later)| other != at && index.is_some_and(|i| later.past.contains(*i)))
        });
        match deps.is_empty() || genesis_among_others || nested {
            true => Err(Break::Dependencies),
            false => Ok(nodes.iter().fold(Past::default(), |past, node| past.union(&node.past))),
        }
    }

    fn entry(&self, change: &ExpandedChange, hash: ChangeHash, deps: Vec<ChangeHash>) -> Result<Entry, Break> {
        let containers = Containers { genesis: &genesis::CONTAINERS, made: &|id| self.container(id) };
        Ok(Entry {
            hash,
            actor: change::actor_id(change.actor_id.to_bytes()),
            seq: change.seq,
            written_at_s: change.time,
            message: change.message.clone(),
            deps,
            start_op: change.start_op.get(),
            ops: change::read_ops(change, &containers)?,
        })
    }

    fn check_order(&self, entry: &Entry, base: &Past) -> Result<(), Break> {
        if entry.start_op != self.max_op(base) + 1 {
            return Err(Break::Counter);
        }
        let last = self.nodes.iter().enumerate().rev().find(|(_, node)| node.entry.actor == entry.actor);
        let follows = match last {
            None => entry.seq == 1,
            Some((at, node)) => entry.seq == node.entry.seq + 1 && base.contains(at),
        };
        match follows && entry.actor != genesis::ACTOR {
            true => Ok(()),
            false => Err(Break::Fork),
        }
    }

    fn check_ops(&self, entry: &Entry, base: &Past) -> Result<(), Break> {
        let mut slots = std::collections::BTreeSet::new();
        for (index, op) in entry.ops.iter().enumerate() {
            if !slots.insert(&op.slot) {
                return Err(Break::WrittenTwice(index));
            }
            let known = self.slots.get(&op.slot).map(Vec::as_slice).unwrap_or_default();
            let visible: Vec<OpId> = view::visible(known, base).map(|written| written.id).collect();
            if op.replaces != visible {
                return Err(Break::Replaces(index));
            }
            // Members, visits and notes are minted once; a second one under the same id would hide the first.
            if matches!(op.slot, Slot::Member(_) | Slot::Visit(_) | Slot::Note(_)) && !known.is_empty() {
                return Err(Break::WrittenTwice(index));
            }
            self.check_references(entry, op, base, index)?;
        }
        Ok(())
    }

    fn check_references(&self, entry: &Entry, op: &Op, base: &Past, index: usize) -> Result<(), Break> {
        match (&op.slot, &op.write) {
            (Slot::Settled(section), Write::Settle(hashes)) => {
                let named = hashes.iter().map(|hash| self.by_hash.get(hash));
                let fits = |at: &usize| base.contains(*at) && self.nodes[*at].touches.contains(section);
                match named.into_iter().all(|at| at.is_some_and(fits)) {
                    true => Ok(()),
                    false => Err(Break::NotInPast(index)),
                }
            }
            (Slot::MemberAnswer(member, _), _) | (Slot::Confirmed(SectionKey::Member(member)), _)
                if !self.is_listed(entry, Slot::Member(*member), base) =>
            {
                Err(Break::NotInPast(index))
            }
            (Slot::Confirmed(_), Write::Put(visit)) => {
                let visit = visit.as_text().and_then(|text| text.parse().ok());
                match visit.is_some_and(|visit| self.is_listed(entry, Slot::Visit(visit), base)) {
                    true => Ok(()),
                    false => Err(Break::NotInPast(index)),
                }
            }
            (Slot::VisitAnswer(visit, _), _) => {
                let opened = self.slots.get(&Slot::Visit(*visit)).and_then(|written| written.first());
                let by_another = opened.is_some_and(|op| op.id.actor != entry.actor);
                match by_another || !self.is_listed(entry, Slot::Visit(*visit), base) {
                    true => Err(Break::ForeignVisit(index)),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Whether a member or a visit exists in the past of an entry, or is made by the entry itself.
    fn is_listed(&self, entry: &Entry, slot: Slot, base: &Past) -> bool {
        let before = self.slots.get(&slot).is_some_and(|written| view::visible(written, base).next().is_some());
        before || entry.ops.iter().any(|op| op.slot == slot)
    }

    fn max_op(&self, past: &Past) -> u64 {
        let counters = self.nodes.iter().enumerate().filter(|(at, _)| past.contains(*at)).map(|(_, node)| node.max_op);
        counters.max().unwrap_or(genesis::MAX_OP)
    }

    /// The sections that a slot belongs to: what people disagree on when they write there apart from each other.
    pub(crate) fn sections_of(&self, slot: &Slot) -> Vec<SectionKey> {
        match slot {
            Slot::Answer(key) => vec![self.section_of(key)],
            Slot::Member(member) => vec![SectionKey::Membership, SectionKey::Member(*member)],
            // Whether somebody belongs to the household is both about the person and about the household.
            Slot::MemberAnswer(member, key) if key.as_str() == STATUS => {
                vec![SectionKey::Membership, SectionKey::Member(*member)]
            }
            Slot::MemberAnswer(member, _) => vec![SectionKey::Member(*member)],
            Slot::Confirmed(section) | Slot::Settled(section) => vec![section.clone()],
            Slot::Visit(_) | Slot::VisitAnswer(..) | Slot::Note(_) => Vec::new(),
        }
    }

    /// The section of a household question; keys of other form versions are kept together under `other`.
    fn section_of(&self, key: &Key) -> SectionKey {
        let section = self.form.question(Scope::Household, key.as_str()).map(|question| question.section.clone());
        SectionKey::Form(section.unwrap_or_else(other_section))
    }

    /// Drafts a change by `actor` on `heads` that makes these writes; slots that already say so are left alone.
    ///
    /// `None` when a head is unknown. The draft may be empty: then there is nothing to write.
    pub fn draft(
        &self,
        heads: &[ChangeHash],
        actor: ActorId,
        written_at_s: i64,
        message: Option<String>,
        writes: &BTreeMap<Slot, Write>,
    ) -> Option<Draft> {
        let base = self.past_of(heads)?;
        let start_op = self.max_op(&base) + 1;
        let in_base = self.nodes.iter().enumerate().filter(|(at, _)| base.contains(*at));
        let seq = in_base.filter(|(_, node)| node.entry.actor == actor).count() as u64 + 1;
        let mut ops: Vec<(OpId, Op)> = Vec::new();
        for (slot, write) in writes.iter().filter(|(slot, write)| !self.says_already(slot, write, &base)) {
            let id = OpId { counter: start_op + ops.len() as u64, actor };
            let object = self.object_of(slot, &base, &ops)?;
            let known = self.slots.get(slot).map(Vec::as_slice).unwrap_or_default();
            let replaces = view::visible(known, &base).map(|written| written.id).collect();
            ops.push((object, Op { id, slot: slot.clone(), write: write.clone(), replaces }));
        }
        let mut deps = heads.to_vec();
        deps.sort_unstable();
        Some(Draft { actor, seq, start_op, written_at_s, message, deps, ops })
    }

    fn says_already(&self, slot: &Slot, write: &Write, base: &Past) -> bool {
        let known = self.slots.get(slot).map(Vec::as_slice).unwrap_or_default();
        let mut visible = view::visible(known, base);
        match (visible.next(), visible.next()) {
            (None, _) => *write == Write::Clear,
            (Some(only), None) => only.write == *write,
            (Some(_), Some(_)) => false,
        }
    }

    fn object_of(&self, slot: &Slot, base: &Past, ops: &[(OpId, Op)]) -> Option<OpId> {
        let parent = match slot {
            Slot::MemberAnswer(member, _) => Slot::Member(*member),
            Slot::VisitAnswer(visit, _) => Slot::Visit(*visit),
            _ => return change::genesis_container(slot),
        };
        let here = ops.iter().find(|(_, op)| op.slot == parent).map(|(_, op)| op.id);
        let before = self.slots.get(&parent).and_then(|written| view::visible(written, base).next());
        here.or(before.map(|written| written.id))
    }
}

fn other_section() -> Key {
    // "other" is a valid key.
    "other".parse().expect("a valid key")
}
