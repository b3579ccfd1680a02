//! Where two people said different things, found in the graph of changes.
//!
//! Two changes disagree about a section when neither builds on the other, both touch the section, and the section as each
//! left it differs. That stays open until a change that builds on both carries a settlement naming them. A later edit
//! that happens to have both in its past settles nothing, and values that agree never open anything. Automerge's own
//! conflict flag is not used: an ordinary later put clears it, and two interviews that merge field by field raise none.
//!
//! Owns finding them. What they change is [`crate::impact`]'s; who may settle is policy.

use std::collections::{BTreeMap, BTreeSet};

use schemas::form::Scope;
use schemas::household::{Answers, STATUS, SectionKey};
use schemas::ids::MemberId;
use schemas::value::{Key, Value};

use crate::actor::first_16;
use crate::change::{Slot, Write};
use crate::hash::{ChangeHash, DisagreementId, tagged};
use crate::history::{History, SectionValue};

/// The section that two or more people left differently, and what each of them said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// Which section.
    pub section: SectionKey,
    /// What was said, at least two different values, in the order of their changes' hashes: alike in every copy.
    pub sides: Vec<Side>,
    /// The section as it was before any side touched it.
    pub base: SectionValue,
}

/// One value of a section and the changes that left it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The section as these changes left it.
    pub value: SectionValue,
    /// The last change of each person who said so; sorted.
    pub changes: Vec<ChangeHash>,
}

impl Disagreement {
    /// The changes that a settlement has to name; sorted.
    pub fn changes(&self) -> Vec<ChangeHash> {
        let mut changes: Vec<ChangeHash> = self.sides.iter().flat_map(|side| side.changes.iter().copied()).collect();
        changes.sort_unstable();
        changes
    }

    /// A name for it that stays the same as long as the same changes disagree.
    pub fn id(&self) -> DisagreementId {
        let section = self.section.to_string();
        let changes: Vec<u8> = self.changes().iter().flat_map(|hash| hash.0).collect();
        let length = (section.len() as u64).to_be_bytes();
        DisagreementId(first_16(tagged("rasoat disagreement 1", &[&length, section.as_bytes(), &changes])))
    }

    /// The write that settles it; to be committed together with the values that were decided.
    pub fn settlement(&self) -> (Slot, Write) {
        (Slot::Settled(self.section.clone()), Write::Settle(self.changes()))
    }

    /// Whether it is about who somebody is, or about anything that the official list prints.
    pub fn touches_roster(&self, history: &History) -> bool {
        let scope = match self.section {
            SectionKey::Membership => return true,
            SectionKey::Form(_) => Scope::Household,
            SectionKey::Member(_) => Scope::Member,
        };
        self.differing_keys().iter().any(|key| history.form().question(scope, key).is_none_or(|q| q.roster))
    }

    /// The questions that the sides answer differently; empty for membership.
    pub fn differing_keys(&self) -> BTreeSet<&str> {
        let sides: Vec<_> = self
            .sides
            .iter()
            .filter_map(|side| match &side.value {
                SectionValue::Answers(answers) => Some(answers),
                SectionValue::Membership(_) => None,
            })
            .collect();
        let keys: BTreeSet<&str> = sides.iter().flat_map(|answers| answers.keys().map(|key| key.as_str())).collect();
        let differs = |key: &&str| sides.windows(2).any(|pair| pair[0].get(*key) != pair[1].get(*key));
        keys.into_iter().filter(differs).collect()
    }
}

/// The writes that take a section from what it says to what was decided. Members are never deleted: somebody whom the
/// decision does not list is marked as a mistake.
pub fn writes_to(section: &SectionKey, current: &SectionValue, decided: &SectionValue) -> BTreeMap<Slot, Write> {
    match (section, current, decided) {
        (SectionKey::Form(_), SectionValue::Answers(now), SectionValue::Answers(then)) => {
            answers_to(now, then, |key| Slot::Answer(key.clone()))
        }
        (SectionKey::Member(member), SectionValue::Answers(now), SectionValue::Answers(then)) => {
            answers_to(now, then, |key| Slot::MemberAnswer(*member, key.clone()))
        }
        (SectionKey::Membership, SectionValue::Membership(now), SectionValue::Membership(then)) => {
            let status = |member: &MemberId| Slot::MemberAnswer(*member, status_key());
            let unlisted = now.keys().filter(|member| !then.contains_key(member));
            let mistakes = unlisted.map(|member| (status(member), Write::Put(Value::from("mistake"))));
            let standing = then.iter().filter(|(member, value)| now.get(member) != Some(value));
            let standing =
                standing.map(|(member, value)| (status(member), value.clone().map_or(Write::Clear, Write::Put)));
            mistakes.chain(standing).collect()
        }
        (SectionKey::Form(_) | SectionKey::Member(_) | SectionKey::Membership, _, _) => BTreeMap::new(),
    }
}

fn answers_to(now: &Answers, then: &Answers, slot: impl Fn(&Key) -> Slot) -> BTreeMap<Slot, Write> {
    let cleared = now.keys().filter(|key| !then.contains_key(*key)).map(|key| (slot(key), Write::Clear));
    let put = then.iter().filter(|(key, value)| now.get(*key) != Some(value));
    cleared.chain(put.map(|(key, value)| (slot(key), Write::Put(value.clone())))).collect()
}

/// The key of a member's standing.
pub(crate) fn status_key() -> Key {
    // "status" is a valid key.
    STATUS.parse().expect("a valid key")
}

/// All open disagreements of a document, by section.
pub fn open(history: &History) -> Vec<Disagreement> {
    let sections: BTreeSet<&SectionKey> = history.nodes().iter().flat_map(|node| &node.touches).collect();
    sections.into_iter().flat_map(|section| open_in(history, section)).collect()
}

fn open_in(history: &History, section: &SectionKey) -> Vec<Disagreement> {
    let touching = Touching::new(history, section);
    let pairs = touching.open_pairs();
    let components = components(&pairs);
    let mut open: Vec<_> = components.iter().map(|component| touching.disagreement(component)).collect();
    open.sort_unstable_by_key(Disagreement::changes);
    open
}

/// The changes of one section, by their place in the history.
struct Touching<'a> {
    history: &'a History,
    section: &'a SectionKey,
    places: Vec<usize>,
}

impl<'a> Touching<'a> {
    fn new(history: &'a History, section: &'a SectionKey) -> Self {
        let nodes = history.nodes().iter().enumerate();
        let places = nodes.filter(|(_, node)| node.touches.contains(section)).map(|(at, _)| at).collect();
        Self { history, section, places }
    }

    fn builds_on(&self, later: usize, earlier: usize) -> bool {
        self.history.nodes()[later].past.contains(earlier)
    }

    fn apart(&self, a: usize, b: usize) -> bool {
        !self.builds_on(a, b) && !self.builds_on(b, a)
    }

    /// Whether somebody went on from `a` in this section without having seen `b`: then that is the side to compare.
    fn continued_apart(&self, a: usize, b: usize) -> bool {
        self.places.iter().any(|later| *later != a && self.builds_on(*later, a) && !self.builds_on(*later, b))
    }

    fn open_pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (at, &a) in self.places.iter().enumerate() {
            for &b in &self.places[at + 1..] {
                let last_words = self.apart(a, b) && !self.continued_apart(a, b) && !self.continued_apart(b, a);
                if last_words && self.value(a) != self.value(b) && !self.settled(a, b) {
                    pairs.push((a, b));
                }
            }
        }
        pairs
    }

    fn value(&self, at: usize) -> SectionValue {
        self.history.section(self.section, &self.history.nodes()[at].past)
    }

    fn hash(&self, at: usize) -> ChangeHash {
        self.history.nodes()[at].entry.hash
    }

    fn settled(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.hash(a), self.hash(b));
        let marks = self.places.iter().flat_map(|at| &self.history.nodes()[*at].entry.ops);
        marks.into_iter().any(|op| match (&op.slot, &op.write) {
            (Slot::Settled(section), Write::Settle(named)) => {
                section == self.section && named.contains(&a) && named.contains(&b)
            }
            _ => false,
        })
    }

    fn disagreement(&self, places: &BTreeSet<usize>) -> Disagreement {
        let mut sides: Vec<Side> = Vec::new();
        for &at in places {
            let (value, hash) = (self.value(at), self.hash(at));
            match sides.iter_mut().find(|side| side.value == value) {
                Some(side) => side.changes.push(hash),
                None => sides.push(Side { value, changes: vec![hash] }),
            }
        }
        sides.iter_mut().for_each(|side| side.changes.sort_unstable());
        // The order of arrival differs from copy to copy.
        sides.sort_unstable_by(|a, b| a.changes.cmp(&b.changes));
        let pasts = places.iter().map(|at| self.history.nodes()[*at].past.clone());
        let common = pasts.reduce(|a, b| a.intersection(&b)).unwrap_or_default();
        Disagreement { section: self.section.clone(), sides, base: self.history.section(self.section, &common) }
    }
}

/// Groups pairs that share a change: three people who each said something else are one question, not three.
fn components(pairs: &[(usize, usize)]) -> Vec<BTreeSet<usize>> {
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    for &(a, b) in pairs {
        let (joined, mut apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.contains(&a) || group.contains(&b));
        apart.push(joined.into_iter().flatten().chain([a, b]).collect());
        groups = apart;
    }
    groups
}
