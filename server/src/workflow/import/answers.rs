//! What a list says of a household, as writes to its document.
//!
//! Owns which answers a list gives and which of its earlier ones a corrected list takes back. A list answers nothing about
//! how a household lives: that is what the review is for.

use std::collections::BTreeMap;

use schemas::codes::relation::Relation;
use schemas::household::{Household, STATUS};
use schemas::ids::MemberId;
use schemas::value::{Key, Value};
use sync_protocol::change::{Slot, Write};

use super::identity::member_ids;
use crate::documents::workbook::{Listing, Member};

/// Members written in one change: it must stay below the protocol's limits on operations and bytes, whatever the names.
const MEMBERS_PER_CHANGE: usize = 20;
/// Longest text that is taken over from a cell, in characters; the form allows less and says so.
const TEXT_CHARACTERS: usize = 120;

/// The writes of each change, in order: the household with its first members, then the rest. `before` is what imports said
/// so far.
pub(super) fn writes(household: &Listing, before: &Household) -> Vec<BTreeMap<Slot, Write>> {
    let ids = member_ids(before.household, &before.members, &household.members);
    let head = head_of(&household.members);
    let mut people: Vec<BTreeMap<Slot, Write>> = Vec::new();
    for (at, (id, person)) in ids.iter().zip(&household.members).enumerate() {
        let known = before.members.get(id);
        let answers = member_answers(person, head == Some(at));
        people.push(member_writes(
            *id,
            &answers,
            known.map(|known| known.keys().cloned().collect()).unwrap_or_default(),
        ));
    }
    let gone = before.members.keys().filter(|id| !ids.contains(id));
    people.extend(gone.map(|id| no_longer_listed(*id)));
    let mut changes = vec![household_writes(household, before)];
    for some in people.chunks(MEMBERS_PER_CHANGE) {
        let all = some.iter().flatten().map(|(slot, write)| (slot.clone(), write.clone()));
        match changes.as_mut_slice() {
            [first] if first.keys().all(|slot| matches!(slot, Slot::Answer(_))) => first.extend(all),
            _ => changes.push(all.collect()),
        }
    }
    changes
}

fn household_writes(household: &Listing, before: &Household) -> BTreeMap<Slot, Write> {
    let mut answers: BTreeMap<Key, Value> = BTreeMap::new();
    if !household.place.address.is_empty() {
        answers.insert(key("address"), text(&household.place.address));
    }
    answers.extend(household.causes.iter().map(|cause| (key(&format!("cause_{}", cause.code())), Value::Bool(true))));
    let taken_back = before.answers.keys().filter(|known| !answers.contains_key(*known));
    let cleared = taken_back.map(|known| (Slot::Answer(known.clone()), Write::Clear)).collect::<Vec<_>>();
    let put = answers.into_iter().map(|(key, value)| (Slot::Answer(key), Write::Put(value)));
    put.chain(cleared).collect()
}

/// Where the head stands: the first who is called so, else the first of the household.
fn head_of(members: &[Member]) -> Option<usize> {
    let named = members.iter().position(|member| member.relation == Some(Relation::Head));
    named.or((!members.is_empty()).then_some(0))
}

fn member_answers(person: &Member, is_head: bool) -> BTreeMap<Key, Value> {
    let relation = match (is_head, person.relation) {
        (true, _) => Some(Relation::Head),
        // A second head would leave open who signs; the list's own word for the relation stays in the report.
        (false, Some(Relation::Head)) => None,
        (false, relation) => relation,
    };
    let name = (!person.name.is_empty()).then(|| text(&person.name));
    let answers = [
        ("full_name", name),
        ("sex", person.sex.map(|sex| Value::from(sex.code()))),
        ("born", person.born.map(|born| Value::Text(born.to_string()))),
        ("ethnicity", person.ethnicity.map(|group| Value::from(group.code()))),
        ("citizen_id", person.number.as_ref().map(|number| Value::from(number.digits()))),
        ("relation", relation.map(|relation| Value::from(relation.code()))),
        (STATUS, Some(Value::from("present"))),
        ("residence", Some(Value::from("permanent"))),
    ];
    answers.into_iter().filter_map(|(name, value)| Some((key(name), value?))).collect()
}

fn member_writes(id: MemberId, answers: &BTreeMap<Key, Value>, known: Vec<Key>) -> BTreeMap<Slot, Write> {
    let mut writes = BTreeMap::from([(Slot::Member(id), Write::Make)]);
    for key in known.into_iter().filter(|key| !answers.contains_key(key)) {
        writes.insert(Slot::MemberAnswer(id, key), Write::Clear);
    }
    writes.extend(answers.iter().map(|(key, value)| (Slot::MemberAnswer(id, key.clone()), Write::Put(value.clone()))));
    writes
}

/// Somebody whom an earlier list named and the corrected one does not: never deleted, marked as a mistake of the list.
fn no_longer_listed(id: MemberId) -> BTreeMap<Slot, Write> {
    BTreeMap::from([
        (Slot::MemberAnswer(id, key(STATUS)), Write::Put("mistake".into())),
        (Slot::MemberAnswer(id, key("status_reason")), Write::Put("Không còn trong danh sách nhập lại".into())),
    ])
}

fn text(text: &str) -> Value {
    Value::Text(text.chars().take(TEXT_CHARACTERS).collect())
}

fn key(name: &str) -> Key {
    // Only keys that stand in this file and codes of causes, which are lower-case letters.
    name.parse().expect("a valid key")
}

#[cfg(test)]
mod tests {
    use schemas::codes::cause::Cause;
    use schemas::ids::HouseholdId;

    use super::*;

    fn listing(people: usize) -> Listing {
        let person = |n: usize| Member { name: format!("Lù Văn {n}"), ..Member::default() };
        Listing { members: (0..people).map(person).collect(), causes: vec![Cause::Capital], ..Listing::default() }
    }

    #[test]
    fn a_list_answers_only_who_belongs_to_a_household_and_why_it_is_poor() {
        let written = writes(&listing(2), &Household::empty(HouseholdId([1; 16])));
        assert_eq!(written.len(), 1);
        let about_household: Vec<&Slot> =
            written[0].keys().filter(|slot| matches!(slot, Slot::Answer(_) | Slot::Visit(_))).collect();
        assert_eq!(about_household, [&Slot::Answer(key("cause_capital"))]);
    }

    #[test]
    fn a_large_household_is_written_in_several_changes() {
        let written = writes(&listing(60), &Household::empty(HouseholdId([1; 16])));
        let made = |change: &BTreeMap<Slot, Write>| change.values().filter(|write| **write == Write::Make).count();
        assert_eq!(written.iter().map(made).collect::<Vec<_>>(), [20, 20, 20]);
    }

    #[test]
    fn exactly_one_member_is_the_head() {
        let mut household = listing(3);
        household.members[1].relation = Some(Relation::Head);
        household.members[2].relation = Some(Relation::Head);
        let written = writes(&household, &Household::empty(HouseholdId([1; 16])));
        let heads = written[0].values().filter(|write| **write == Write::Put("head".into())).count();
        assert_eq!(heads, 1);
    }
}
