//! Who is who on a list: ids of households and members that follow from the list alone.
//!
//! The same line gives the same id whenever it is imported. A household is its head: by the number of an identity card
//! where the list gives one, else by the folded name and the date of birth. The household's number in the list is used
//! only where there is neither, because one row put in shifts all numbers below it.

use std::collections::{BTreeMap, BTreeSet};

use schemas::codes::names;
use schemas::household::Answers;
use schemas::ids::{HouseholdId, MemberId, UnitId};
use schemas::value::Value;
use sync_protocol::hash::tagged;

use crate::documents::workbook::{Listing, Member};

/// The most stable thing that a list says of who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity(String);

impl Identity {
    /// Who a household is.
    pub(super) fn of_household(household: &Listing) -> Self {
        match household.head() {
            Some(head) if head.number.is_some() || !head.name.is_empty() || head.born.is_some() => {
                Self::of_person(head)
            }
            Some(_) | None => Self(format!("h{}", household.number)),
        }
    }

    fn of_person(person: &Member) -> Self {
        match &person.number {
            Some(number) => Self(format!("c{}", number.digits())),
            None => Self(format!("n{}\u{0}{}", names::fold(&person.name), born(person).unwrap_or_default())),
        }
    }
}

fn born(person: &Member) -> Option<String> {
    person.born.map(|born| born.to_string())
}

/// The id of an imported household. `counter` tells apart those that the list does not: 0 for the first.
pub(super) fn household_id(commune: UnitId, identity: &Identity, counter: u32) -> HouseholdId {
    let place = [commune.0.to_be_bytes().as_slice(), &counter.to_be_bytes()].concat();
    let hash = tagged("rasoat imported household 1", &[&place, identity.0.as_bytes()]);
    HouseholdId(std::array::from_fn(|at| hash[at]))
}

fn member_id(household: HouseholdId, identity: &Identity, counter: u32) -> MemberId {
    let place = [household.0.as_slice(), &counter.to_be_bytes()].concat();
    let hash = tagged("rasoat imported member 1", &[&place, identity.0.as_bytes()]);
    MemberId(std::array::from_fn(|at| hash[at]))
}

/// The ids of the members of a list, in its order. Who was imported before keeps the id although a corrected list gives
/// another number, date or spelling: found by number, then by name and birth, then by a name that only one has.
pub(super) fn member_ids(
    household: HouseholdId,
    known: &BTreeMap<MemberId, Answers>,
    listed: &[Member],
) -> Vec<MemberId> {
    let mut ids: Vec<Option<MemberId>> = vec![None; listed.len()];
    let mut taken: BTreeSet<MemberId> = BTreeSet::new();
    for same in [same_number, same_name_and_birth, same_name] {
        for (at, person) in listed.iter().enumerate().filter(|(at, _)| ids[*at].is_none()).collect::<Vec<_>>() {
            let mut fitting = known.iter().filter(|(id, answers)| !taken.contains(id) && same(answers, person));
            if let (Some((id, _)), None) = (fitting.next(), fitting.next()) {
                taken.insert(*id);
                ids[at] = Some(*id);
            }
        }
    }
    let minted = |person: &Member, taken: &BTreeSet<MemberId>| {
        let identity = Identity::of_person(person);
        let mut free = (0..).map(|counter| member_id(household, &identity, counter));
        // There are more counters than people, so one is free.
        free.find(|id| !taken.contains(id) && !known.contains_key(id)).expect("a free counter")
    };
    let all = listed.iter().zip(ids).map(|(person, id)| {
        let id = id.unwrap_or_else(|| minted(person, &taken));
        taken.insert(id);
        id
    });
    all.collect()
}

fn text<'a>(answers: &'a Answers, key: &str) -> Option<&'a str> {
    answers.get(key).and_then(Value::as_text)
}

fn same_number(known: &Answers, person: &Member) -> bool {
    person.number.as_ref().is_some_and(|number| text(known, "citizen_id") == Some(number.digits()))
}

fn same_name_and_birth(known: &Answers, person: &Member) -> bool {
    same_name(known, person) && text(known, "born").map(str::to_owned) == born(person)
}

fn same_name(known: &Answers, person: &Member) -> bool {
    !person.name.is_empty() && text(known, "full_name").map(names::fold) == Some(names::fold(&person.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, born: &str) -> Member {
        Member { name: name.to_owned(), born: born.parse().ok(), ..Member::default() }
    }

    fn known(id: MemberId, person: &Member) -> (MemberId, Answers) {
        let mut answers = Answers::from([("full_name".parse().unwrap(), Value::from(person.name.as_str()))]);
        answers.extend(born(person).map(|born| ("born".parse().unwrap(), Value::Text(born))));
        (id, answers)
    }

    #[test]
    fn two_people_whom_the_list_does_not_tell_apart_get_two_ids() {
        let twins = [person("Vàng Seo Páo", "2019"), person("Vàng Seo Páo", "2019")];
        let ids = member_ids(HouseholdId([1; 16]), &BTreeMap::new(), &twins);
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ids, member_ids(HouseholdId([1; 16]), &BTreeMap::new(), &twins));
    }

    #[test]
    fn a_corrected_birth_or_a_number_that_was_added_keeps_the_id() {
        let before = [person("Lù Thị Mai", "1990"), person("Lù Văn Tải", "2012")];
        let ids = member_ids(HouseholdId([1; 16]), &BTreeMap::new(), &before);
        let known = ids.iter().zip(&before).map(|(id, person)| known(*id, person)).collect();
        let number = "002190000123".parse().ok().map(schemas::codes::citizen_id::PersonNumber::Citizen);
        let after = [Member { number, ..person("LÙ THỊ MAI", "1991-05-02") }, person("Lù Văn Tải", "2012")];
        assert_eq!(member_ids(HouseholdId([1; 16]), &known, &after), ids);
    }

    #[test]
    fn a_household_keeps_its_id_when_rows_above_it_shift_its_number() {
        let household = |number: &str| Listing {
            number: number.to_owned(),
            members: vec![person("Đặng Văn Phàn", "1985")],
            ..Listing::default()
        };
        let (one, other) = (Identity::of_household(&household("7")), Identity::of_household(&household("8")));
        assert_eq!(household_id(UnitId(3), &one, 0), household_id(UnitId(3), &other, 0));
        assert_ne!(household_id(UnitId(3), &one, 0), household_id(UnitId(4), &one, 0));
        assert_ne!(household_id(UnitId(3), &one, 0), household_id(UnitId(3), &one, 1));
    }
}
