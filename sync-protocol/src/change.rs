//! One change as we read it: which slots of the household it writes, in our own types.
//!
//! Owns the translation between an Automerge change and [`Entry`]. Only what is true of a change by itself is checked
//! here; what depends on its past is checked by [`crate::history`], what depends on the form and on policy by
//! [`crate::gate`].

mod decode;
mod encode;

use schemas::household::SectionKey;
use schemas::ids::{MemberId, NoteId, VisitId};
use schemas::value::{Key, Value};

use crate::hash::{ActorId, ChangeHash};

pub(crate) use decode::{Container, Containers, actor_id, check_header, decode, read_ops};
pub use decode::{Fault, parse};
pub use encode::Draft;
pub(crate) use encode::{Made, genesis_container};

/// Largest change, in bytes.
pub const MAX_CHANGE_BYTES: usize = 16 * 1024;
/// Most operations in one change.
pub const MAX_CHANGE_OPS: usize = 500;
/// Longest text in one answer or note, in bytes.
pub const MAX_TEXT_BYTES: usize = 4 * 1024;
/// Longest commit message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 200;
/// Most changes that one settlement names.
pub const MAX_SETTLED: usize = 64;

/// The name of one operation: its place in Lamport time and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId {
    /// Lamport counter, from 1.
    pub counter: u64,
    /// Who wrote it; breaks ties between equal counters.
    pub actor: ActorId,
}

/// One place in a household document that can be written.
///
/// The order matters: a change writes its slots in this order, so that a member exists before its answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// An answer about the household.
    Answer(Key),
    /// A member: writing it lists somebody.
    Member(MemberId),
    /// An answer about a member.
    MemberAnswer(MemberId, Key),
    /// A visit: writing it opens its entry.
    Visit(VisitId),
    /// What is known of a visit.
    VisitAnswer(VisitId, Key),
    /// A note.
    Note(NoteId),
    /// That a section's carried values were confirmed, and at which visit.
    Confirmed(SectionKey),
    /// The latest settlement of a section.
    Settled(SectionKey),
}

/// What is written to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Lists a member or opens a visit.
    Make,
    /// Puts a value; for a confirmation the text of the visit's id.
    Put(Value),
    /// Takes an answer back.
    Clear,
    /// Settles the disagreement between these changes; sorted, no two alike.
    Settle(Vec<ChangeHash>),
}

/// One operation of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// Its name.
    pub id: OpId,
    /// Where it writes.
    pub slot: Slot,
    /// What it writes.
    pub write: Write,
    /// The operations that it replaces; sorted.
    pub replaces: Vec<OpId>,
}

/// A change in our own types. Its bytes are kept beside it: they are what is hashed, stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its hash.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub actor: ActorId,
    /// Its number among the actor's changes to this document, from 1.
    pub seq: u64,
    /// Seconds since 1970 by the writer's own clock; for people only.
    pub written_at_s: i64,
    /// The commit message: what kind of work it was, for example `rebase:<hash>`.
    pub message: Option<String>,
    /// The changes it was written on top of; sorted.
    pub deps: Vec<ChangeHash>,
    /// Counter of its first operation.
    pub start_op: u64,
    /// Its operations, in order.
    pub ops: Vec<Op>,
}
