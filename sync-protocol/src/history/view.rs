//! What the document said at a point of its past: one slot, one section, the whole household.

use std::collections::BTreeMap;

use schemas::household::{Answers, Household, STATUS, SectionKey};
use schemas::ids::{MemberId, VisitId};
use schemas::value::{Key, Value};

use super::{History, Past, Written};
use crate::change::{Slot, Write};
use crate::hash::ActorId;

/// What a section said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionValue {
    /// Answers of a form section or of a member.
    Answers(Answers),
    /// Who is listed, and each one's standing where it was said.
    Membership(BTreeMap<MemberId, Option<Value>>),
}

/// The operations of a slot that stand at a point of the past, in Lamport order: the last one wins.
pub(super) fn visible<'a>(written: &'a [Written], past: &'a Past) -> impl Iterator<Item = &'a Written> {
    let mut standing: Vec<&Written> = written
        .iter()
        .filter(|op| past.contains(op.node) && op.write != Write::Clear)
        .filter(|op| !op.replaced_by.iter().any(|later| past.contains(*later)))
        .collect();
    standing.sort_unstable_by_key(|op| op.id);
    standing.into_iter()
}

impl History {
    /// What a section said at a point of the past.
    pub fn section(&self, section: &SectionKey, past: &Past) -> SectionValue {
        match section {
            SectionKey::Form(_) => SectionValue::Answers(
                self.puts(past)
                    .filter_map(|(slot, value)| match slot {
                        Slot::Answer(key) if self.section_of(key) == *section => Some((key.clone(), value.clone())),
                        _ => None,
                    })
                    .collect(),
            ),
            SectionKey::Member(member) => SectionValue::Answers(self.member(*member, past)),
            SectionKey::Membership => SectionValue::Membership(
                self.listed(past).map(|member| (member, self.member(member, past).remove(STATUS))).collect(),
            ),
        }
    }

    /// The household as it stood at a point of the past; of values written apart from each other, the one that Automerge
    /// shows.
    pub fn household(&self, past: &Past) -> Household {
        let mut household = Household::empty(self.genesis().household);
        for (slot, winner) in self.standing(past) {
            match (slot, winner) {
                (Slot::Member(member), Write::Make) => {
                    household.members.entry(*member).or_default();
                }
                (Slot::Visit(visit), Write::Make) => {
                    household.visits.entry(*visit).or_default();
                }
                (slot, Write::Put(value)) => put(&mut household, slot, value),
                (_, Write::Make | Write::Settle(_) | Write::Clear) => {}
            }
        }
        household
    }

    /// The household as it stands with everything that is known.
    pub fn current(&self) -> Household {
        self.household(&self.whole())
    }

    /// What stands in a slot at a point of the past: several values where they were written apart from each other.
    pub(crate) fn writes_at(&self, slot: &Slot, past: &Past) -> Vec<Write> {
        let written = self.slots.get(slot).map(Vec::as_slice).unwrap_or_default();
        visible(written, past).map(|written| written.write.clone()).collect()
    }

    /// Who wrote what stands in a slot.
    pub(crate) fn writer_of(&self, slot: &Slot) -> Option<ActorId> {
        let written = self.slots.get(slot).map(Vec::as_slice).unwrap_or_default();
        visible(written, &self.whole()).last().map(|written| written.id.actor)
    }

    fn member(&self, member: MemberId, past: &Past) -> Answers {
        let of_member = Slot::MemberAnswer(member, first_key())..;
        self.slots
            .range(of_member)
            .map_while(|(slot, written)| match slot {
                Slot::MemberAnswer(other, key) if *other == member => Some((key, written)),
                _ => None,
            })
            .filter_map(|(key, written)| match &visible(written, past).last()?.write {
                Write::Put(value) => Some((key.clone(), value.clone())),
                Write::Make | Write::Settle(_) | Write::Clear => None,
            })
            .collect()
    }

    /// The members that are listed at a point of the past, in the order of their ids.
    pub(crate) fn listed<'a>(&'a self, past: &'a Past) -> impl Iterator<Item = MemberId> + 'a {
        self.standing(past).filter_map(|(slot, _)| match slot {
            Slot::Member(member) => Some(*member),
            _ => None,
        })
    }

    /// The visits that are there at a point of the past, in the order of their ids.
    pub(crate) fn visits<'a>(&'a self, past: &'a Past) -> impl Iterator<Item = VisitId> + 'a {
        self.standing(past).filter_map(|(slot, _)| match slot {
            Slot::Visit(visit) => Some(*visit),
            _ => None,
        })
    }

    fn puts<'a>(&'a self, past: &'a Past) -> impl Iterator<Item = (&'a Slot, &'a Value)> {
        self.standing(past).filter_map(|(slot, write)| match write {
            Write::Put(value) => Some((slot, value)),
            Write::Make | Write::Settle(_) | Write::Clear => None,
        })
    }

    fn standing<'a>(&'a self, past: &'a Past) -> impl Iterator<Item = (&'a Slot, &'a Write)> {
        self.slots.iter().filter_map(|(slot, written)| visible(written, past).last().map(|op| (slot, &op.write)))
    }
}

fn put(household: &mut Household, slot: &Slot, value: &Value) {
    match slot {
        Slot::Answer(key) => {
            household.answers.insert(key.clone(), value.clone());
        }
        Slot::MemberAnswer(member, key) => {
            household.members.entry(*member).or_default().insert(key.clone(), value.clone());
        }
        Slot::VisitAnswer(visit, key) => {
            household.visits.entry(*visit).or_default().insert(key.clone(), value.clone());
        }
        Slot::Note(note) => {
            household.notes.insert(*note, value.to_string());
        }
        Slot::Confirmed(section) => {
            if let Some(visit) = value.as_text().and_then(|text| text.parse().ok()) {
                household.confirmed.insert(section.clone(), visit);
            }
        }
        Slot::Member(_) | Slot::Visit(_) | Slot::Settled(_) => {}
    }
}

/// A key that no other comes before.
fn first_key() -> Key {
    // "a" is a valid key, and every key starts with a letter.
    "a".parse().expect("a valid key")
}
