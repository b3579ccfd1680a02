//! Work that was written after its author had seen what the form comes to: how such a change says so.
//!
//! Owns the mark in the change's message. The device puts it there by itself ([`crate::device`]), so that no screen can
//! forget it; nothing is refused or weighed otherwise for it. A person at the office looks at what it changed.
//! Settlements bear none: whoever settles is shown what each side comes to, and the settlement names itself.

use std::collections::BTreeMap;

use crate::change::{Slot, Write};
use crate::history::{History, Node, Past};

/// The whole message of such a change.
const MARK: &str = "after-result";

/// The message of a change with these writes, when its author has seen the result: none where it answers nothing.
pub(crate) fn message(writes: &BTreeMap<Slot, Write>) -> Option<String> {
    let is_answer = |slot: &Slot| matches!(slot, Slot::Answer(_) | Slot::Member(_) | Slot::MemberAnswer(..));
    let settles = writes.values().any(|write| matches!(write, Write::Settle(_)));
    (!settles && writes.keys().any(is_answer)).then(|| MARK.to_owned())
}

/// Whether a change says that it was written after the result had been seen.
pub fn is_marked(message: Option<&str>) -> bool {
    message == Some(MARK)
}

/// The changes of a document that say so, in an order in which each follows what it builds on.
pub fn marked(history: &History) -> impl Iterator<Item = &Node> {
    history.nodes().iter().filter(|node| is_marked(node.entry.message.as_deref()))
}

/// A document as it would stand without them: beside what it says now, it shows what they have changed.
pub fn past_without(history: &History) -> Past {
    let changes: Vec<_> = marked(history).map(|node| node.entry.hash).collect();
    history.without(&history.whole(), &changes)
}
