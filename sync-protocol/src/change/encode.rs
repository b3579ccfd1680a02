//! Writing a change: from slots and writes to the exact bytes, without an Automerge document.
//!
//! A change is a pure function of its draft. That is what lets two ends rebuild the same bytes from a description.

use std::num::NonZeroU64;

use automerge::legacy::{self, ObjectId, OpType};
use automerge::{Change, ExpandedChange, ObjType, ScalarValue};
use schemas::value::Value;

use super::{Op, OpId, Slot, Write};
use crate::genesis;
use crate::hash::{ActorId, ChangeHash};

/// All that a change is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who writes.
    pub actor: ActorId,
    /// Number among the actor's changes to this document.
    pub seq: u64,
    /// Counter of the first operation: one more than the highest in the past.
    pub start_op: u64,
    /// Seconds since 1970 by the writer's clock.
    pub written_at_s: i64,
    /// Commit message.
    pub message: Option<String>,
    /// Heads that it is written on; sorted.
    pub deps: Vec<ChangeHash>,
    /// Operations, with the map that each writes into.
    pub ops: Vec<(OpId, Op)>,
}

/// A change that was just made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Its canonical bytes.
    pub(crate) bytes: Vec<u8>,
    /// Its hash.
    pub(crate) hash: ChangeHash,
    /// What it says, as Automerge has it.
    pub(crate) expanded: ExpandedChange,
}

impl Draft {
    /// The canonical bytes. `None` when there is nothing to write or a counter is out of range.
    pub fn encode(&self) -> Option<Vec<u8>> {
        self.make().map(|made| made.bytes)
    }

    /// The change itself. `None` when there is nothing to write or a counter is out of range.
    pub(crate) fn make(&self) -> Option<Made> {
        if self.ops.is_empty() {
            return None;
        }
        let expanded = ExpandedChange {
            operations: self.ops.iter().map(|(object, op)| encode_op(object, op)).collect(),
            actor_id: self.actor.0.to_vec().into(),
            hash: None,
            seq: self.seq,
            start_op: NonZeroU64::new(self.start_op)?,
            time: self.written_at_s,
            message: self.message.clone(),
            deps: self.deps.iter().copied().map(Into::into).collect(),
            extra_bytes: Vec::new(),
            author: None,
        };
        let change = Change::from(expanded.clone());
        Some(Made { bytes: change.raw_bytes().to_vec(), hash: change.hash().into(), expanded })
    }
}

fn encode_op(object: &OpId, op: &Op) -> legacy::Op {
    legacy::Op {
        action: action(&op.write),
        obj: ObjectId::Id(op_id(object)),
        key: legacy::Key::Map(key(&op.slot).into()),
        pred: op.replaces.iter().map(op_id).collect(),
        insert: false,
    }
}

fn action(write: &Write) -> OpType {
    match write {
        Write::Make => OpType::Make(ObjType::Map),
        Write::Put(Value::Bool(flag)) => OpType::Put(ScalarValue::Boolean(*flag)),
        Write::Put(Value::Int(number)) => OpType::Put(ScalarValue::Int(*number)),
        Write::Put(Value::Text(text)) => OpType::Put(ScalarValue::Str(text.as_str().into())),
        Write::Clear => OpType::Delete,
        Write::Settle(hashes) => OpType::Put(ScalarValue::Bytes(hashes.iter().flat_map(|hash| hash.0).collect())),
    }
}

fn key(slot: &Slot) -> String {
    match slot {
        Slot::Answer(key) | Slot::MemberAnswer(_, key) | Slot::VisitAnswer(_, key) => key.to_string(),
        Slot::Member(member) => member.to_string(),
        Slot::Visit(visit) => visit.to_string(),
        Slot::Note(note) => note.to_string(),
        Slot::Confirmed(section) | Slot::Settled(section) => section.to_string(),
    }
}

/// The genesis map that a slot stands in; `None` for slots inside a member or a visit.
pub(crate) fn genesis_container(slot: &Slot) -> Option<OpId> {
    match slot {
        Slot::Answer(_) => Some(genesis::ANSWERS),
        Slot::Member(_) => Some(genesis::MEMBERS),
        Slot::Visit(_) => Some(genesis::VISITS),
        Slot::Note(_) => Some(genesis::NOTES),
        Slot::Confirmed(_) => Some(genesis::CONFIRMED),
        Slot::Settled(_) => Some(genesis::SETTLED),
        Slot::MemberAnswer(..) | Slot::VisitAnswer(..) => None,
    }
}

fn op_id(id: &OpId) -> legacy::OpId {
    legacy::OpId(id.counter, id.actor.0.to_vec().into())
}
