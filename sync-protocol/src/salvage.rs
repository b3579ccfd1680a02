//! What a change that could not be let in wanted to say, so that a reviewer can say it again in their own name.
//!
//! The change itself is never altered and never applied: only its writes are read, as far as their places exist.

use std::collections::BTreeMap;

use crate::change::{self, Slot, Write};
use crate::hash::ChangeHash;
use crate::history::History;

/// The writes of a refused change that make sense on a document as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it wanted to write, by slot. Settlements are left out: they name what their author had seen.
    pub writes: BTreeMap<Slot, Write>,
    /// The changes it was written on.
    pub deps: Vec<ChangeHash>,
}

/// Reads what a refused change wanted. `None` when its bytes cannot be read, or it writes to objects that the document
/// does not have.
pub fn wanted(history: &History, bytes: &[u8]) -> Option<Wanted> {
    let (expanded, _) = change::parse(bytes).ok()?;
    let ops = history.ops_of(bytes)?;
    let current = history.current();
    let mut writes: BTreeMap<Slot, Write> = ops.into_iter().map(|op| (op.slot, op.write)).collect();
    writes.retain(|slot, _| match slot {
        Slot::Member(member) => !current.members.contains_key(member),
        Slot::Visit(visit) => !current.visits.contains_key(visit),
        Slot::Note(note) => !current.notes.contains_key(note),
        Slot::Settled(_) => false,
        Slot::Answer(_) | Slot::MemberAnswer(..) | Slot::VisitAnswer(..) | Slot::Confirmed(_) => true,
    });
    // Another's visit stays another's: its entry is not written to in a reviewer's name.
    let opened: Vec<Slot> = writes.keys().filter(|slot| matches!(slot, Slot::Visit(_))).cloned().collect();
    writes.retain(|slot, _| match slot {
        Slot::VisitAnswer(visit, _) => opened.contains(&Slot::Visit(*visit)),
        _ => true,
    });
    let deps = expanded.deps.into_iter().map(ChangeHash::from).collect();
    Some(Wanted { writes, deps })
}
