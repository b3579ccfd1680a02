//! Reading a change that came from outside: the checks that need nothing but its bytes, and the operations in our types.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::legacy::{self, ObjectId, OpType};
use automerge::{Change, ExpandedChange, ObjType, ScalarValue};
use schemas::ids::{MemberId, VisitId};
use schemas::value::Value;
use thiserror::Error;

use super::{MAX_CHANGE_BYTES, MAX_CHANGE_OPS, MAX_MESSAGE_BYTES, MAX_SETTLED, MAX_TEXT_BYTES, Op, OpId, Slot, Write};
use crate::hash::{ActorId, ChangeHash};

/// What makes a change unfit for any document. Such a change is rejected and never applied, not even in scratch.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// More bytes than a change may have.
    #[error("larger than {MAX_CHANGE_BYTES} bytes")]
    TooLarge,
    /// Not a plain change chunk: a document, a bundle or a compressed chunk, which could hide any size.
    #[error("not an uncompressed change")]
    ChunkType,
    /// The bytes do not parse as a change.
    #[error("not a change")]
    Unreadable,
    /// The bytes are not the one canonical form of what they say.
    #[error("not in canonical form")]
    NotCanonical,
    /// No operations, or more than [`MAX_CHANGE_OPS`].
    #[error("no operations, or more than {MAX_CHANGE_OPS}")]
    OpCount,
    /// A header field outside what this protocol writes.
    #[error("header field not allowed: {0}")]
    Header(&'static str),
    /// An operation that household documents never hold.
    #[error("operation {index} not allowed: {reason}")]
    Operation {
        /// Which operation of the change, from 0.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Seconds since 1970 that a clock may show: far wider than any honest clock, narrow enough to print.
const CLOCK_RANGE_S: std::ops::Range<i64> = 0..1 << 33;

/// Parses the bytes of one change, checks all that can be checked without its document, and computes its hash.
pub fn parse(bytes: &[u8]) -> Result<(ExpandedChange, ChangeHash), Fault> {
    let (expanded, hash) = decode(bytes)?;
    check_header(&expanded)?;
    Ok((expanded, hash))
}

/// Decodes bytes that are the one canonical form of a change, and computes its hash. Bytes that fail here prove nothing
/// about any change: whoever carried them may have spoiled them.
pub(crate) fn decode(bytes: &[u8]) -> Result<(ExpandedChange, ChangeHash), Fault> {
    if bytes.len() > MAX_CHANGE_BYTES {
        return Err(Fault::TooLarge);
    }
    // Four magic bytes and four of checksum stand before the chunk type; 1 is an uncompressed change.
    if bytes.get(8) != Some(&1) {
        return Err(Fault::ChunkType);
    }
    // Automerge's decoder can panic on crafted columns; nothing it touched outlives the call.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let change = Change::try_from(bytes).map_err(|_| Fault::Unreadable)?;
        let expanded = change.decode();
        match Change::from(expanded.clone()).raw_bytes() == bytes {
            true => Ok((expanded, change.hash().into())),
            false => Err(Fault::NotCanonical),
        }
    }));
    parsed.unwrap_or(Err(Fault::Unreadable))
}

/// Checks what a change says of itself.
pub(crate) fn check_header(change: &ExpandedChange) -> Result<(), Fault> {
    if change.operations.is_empty() || change.operations.len() > MAX_CHANGE_OPS {
        return Err(Fault::OpCount);
    }
    let message = change.message.as_deref().unwrap_or_default();
    let fault = if change.actor_id.to_bytes().len() != 16 {
        "actor"
    } else if change.seq == 0 {
        "sequence number"
    } else if !CLOCK_RANGE_S.contains(&change.time) {
        "time"
    } else if !change.extra_bytes.is_empty() {
        "extra bytes"
    } else if message.len() > MAX_MESSAGE_BYTES || message.chars().any(char::is_control) {
        "message"
    } else if change.start_op.get() > u64::from(u32::MAX) - MAX_CHANGE_OPS as u64 {
        "operation counter"
    } else if !change.deps.windows(2).all(|pair| pair[0] < pair[1]) {
        "dependencies"
    } else {
        return Ok(());
    };
    Err(Fault::Header(fault))
}

/// The maps of a document that operations may write into, by the operation that made them.
pub(crate) struct Containers<'a> {
    /// The maps of the genesis.
    pub(crate) genesis: &'a HashMap<OpId, Container>,
    /// Members and visits that are already there.
    pub(crate) made: &'a dyn Fn(&OpId) -> Option<Container>,
}

/// A map in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Answers,
    Members,
    Visits,
    Notes,
    Confirmed,
    Settled,
    Member(MemberId),
    Visit(VisitId),
}

/// Reads the operations of a parsed change; `containers` says which maps exist in its past.
pub(crate) fn read_ops(change: &ExpandedChange, containers: &Containers<'_>) -> Result<Vec<Op>, Fault> {
    let actor = actor_id(change.actor_id.to_bytes());
    let mut made_here = HashMap::new();
    let mut ops = Vec::with_capacity(change.operations.len());
    for (index, op) in change.operations.iter().enumerate() {
        let id = OpId { counter: change.start_op.get() + index as u64, actor };
        let read = read_op(op, id, containers, &made_here).map_err(|reason| Fault::Operation { index, reason })?;
        match (&read.slot, &read.write) {
            (Slot::Member(member), Write::Make) => made_here.insert(id, Container::Member(*member)),
            (Slot::Visit(visit), Write::Make) => made_here.insert(id, Container::Visit(*visit)),
            _ => None,
        };
        ops.push(read);
    }
    Ok(ops)
}

fn read_op(
    op: &legacy::Op,
    id: OpId,
    containers: &Containers<'_>,
    made_here: &HashMap<OpId, Container>,
) -> Result<Op, &'static str> {
    let legacy::Key::Map(key) = &op.key else { return Err("not a map key") };
    if op.insert {
        return Err("an insertion");
    }
    let ObjectId::Id(object) = &op.obj else { return Err("writes to the root") };
    let object = op_id(object).ok_or("object of a foreign actor")?;
    let container = made_here.get(&object).copied();
    let container = container.or_else(|| containers.genesis.get(&object).copied());
    let container = container.or_else(|| (containers.made)(&object)).ok_or("no such object")?;
    let slot = slot(container, key)?;
    let write = write(&slot, &op.action)?;
    let replaces = op.pred.iter().map(op_id).collect::<Option<Vec<_>>>();
    let mut replaces = replaces.ok_or("replaces a foreign actor's operation")?;
    replaces.sort_unstable();
    match replaces.windows(2).all(|pair| pair[0] < pair[1]) {
        true => Ok(Op { id, slot, write, replaces }),
        false => Err("replaces one operation twice"),
    }
}

fn slot(container: Container, key: &str) -> Result<Slot, &'static str> {
    let not_a_key = |_| "not a key of this map";
    Ok(match container {
        Container::Answers => Slot::Answer(key.parse().map_err(not_a_key)?),
        Container::Members => Slot::Member(key.parse().map_err(not_a_key)?),
        Container::Member(member) => Slot::MemberAnswer(member, key.parse().map_err(not_a_key)?),
        Container::Visits => Slot::Visit(key.parse().map_err(not_a_key)?),
        Container::Visit(visit) => Slot::VisitAnswer(visit, key.parse().map_err(not_a_key)?),
        Container::Notes => Slot::Note(key.parse().map_err(not_a_key)?),
        Container::Confirmed => Slot::Confirmed(key.parse().map_err(not_a_key)?),
        Container::Settled => Slot::Settled(key.parse().map_err(not_a_key)?),
    })
}

fn write(slot: &Slot, action: &OpType) -> Result<Write, &'static str> {
    match (slot, action) {
        (Slot::Member(_) | Slot::Visit(_), OpType::Make(ObjType::Map)) => Ok(Write::Make),
        (Slot::Settled(_), OpType::Put(ScalarValue::Bytes(bytes))) => settled(bytes).map(Write::Settle),
        (Slot::Answer(_) | Slot::MemberAnswer(..) | Slot::VisitAnswer(..), OpType::Put(scalar)) => {
            value(scalar).map(Write::Put)
        }
        (Slot::Note(_), OpType::Put(ScalarValue::Str(_))) => match action {
            OpType::Put(scalar) => value(scalar).map(Write::Put),
            _ => Err("not a text"),
        },
        (Slot::Confirmed(_), OpType::Put(ScalarValue::Str(text))) => match text.parse::<VisitId>() {
            Ok(visit) => Ok(Write::Put(Value::Text(visit.to_string()))),
            Err(_) => Err("confirmation without a visit"),
        },
        (Slot::Answer(_) | Slot::MemberAnswer(..), OpType::Delete) => Ok(Write::Clear),
        _ => Err("action not allowed here"),
    }
}

fn value(scalar: &ScalarValue) -> Result<Value, &'static str> {
    match scalar {
        ScalarValue::Boolean(flag) => Ok(Value::Bool(*flag)),
        ScalarValue::Int(number) => Ok(Value::Int(*number)),
        ScalarValue::Str(text) if text.len() > MAX_TEXT_BYTES => Err("text too long"),
        ScalarValue::Str(text) => Ok(Value::Text(text.to_string())),
        _ => Err("kind of value not allowed"),
    }
}

fn settled(bytes: &[u8]) -> Result<Vec<ChangeHash>, &'static str> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || !(2..=MAX_SETTLED).contains(&hashes.len()) {
        return Err("settlement does not name two to sixty-four changes");
    }
    match hashes.windows(2).all(|pair| pair[0] < pair[1]) {
        true => Ok(hashes.iter().copied().map(ChangeHash).collect()),
        false => Err("settlement names a change twice or out of order"),
    }
}

pub(crate) fn actor_id(bytes: &[u8]) -> ActorId {
    // Callers have checked the length; a wrong one gives an actor that nobody has.
    ActorId(bytes.try_into().unwrap_or([0; 16]))
}

fn op_id(id: &legacy::OpId) -> Option<OpId> {
    let actor: [u8; 16] = id.actor().to_bytes().try_into().ok()?;
    Some(OpId { counter: id.counter(), actor: ActorId(actor) })
}
