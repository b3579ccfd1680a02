//! What a suspicion rests on: its grounds, and the pin of its facts.

use std::collections::BTreeSet;

use schemas::canonical;
use schemas::ids::{HouseholdId, MemberId, RoundId, UnitId};
use schemas::ledger::Pin;
use serde::Serialize;

use crate::domain::clue::{Clues, NumberMark};
use crate::domain::field::Home;
use crate::domain::warning::Ground;
use crate::geography::suspect::Nearness;
use crate::seal::HouseholdKey;
use crate::workflow::ledger;

/// A household and what is known of it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) home: Home,
    pub(super) key: HouseholdKey,
    pub(super) clues: Clues,
}

/// One number in two households: the member of the one, the member of the other.
type SameNumber = (MemberId, MemberId, NumberMark);

/// Why two households are suspected, as seen from one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub(super) near: Option<Nearness>,
    pub(super) numbers: BTreeSet<SameNumber>,
}

/// What a person who looks at the two is shown, as it is pinned. Only what the suspicion rests on: where a number is the
/// only ground, another measurement of the house changes nothing.
#[derive(Serialize)]
struct Facts<'a> {
    round: &'a RoundId,
    other: HouseholdId,
    heads: Option<[HeadFacts<'a>; 2]>,
    numbers: Vec<NumberFacts<'a>>,
}

#[derive(Serialize)]
struct HeadFacts<'a> {
    name: &'a str,
    born: Option<i16>,
    spot: Option<(i32, i32)>,
    village: UnitId,
}

#[derive(Serialize)]
struct NumberFacts<'a> {
    mark: [u8; 32],
    members: [MemberId; 2],
    names: [&'a str; 2],
}

impl Evidence {
    /// The same as seen from the other household.
    pub(super) fn reversed(&self) -> Self {
        let numbers = self.numbers.iter().map(|(own, other, mark)| (*other, *own, *mark));
        Self { near: self.near, numbers: numbers.collect() }
    }

    /// Why; each reason once.
    pub(super) fn grounds(&self) -> BTreeSet<Ground> {
        let near = self.near.map(|near| match near {
            Nearness::Metres(metres) => Ground::NearNamesNearby(metres),
            Nearness::SameVillage => Ground::NearNamesSameVillage,
        });
        near.into_iter().chain((!self.numbers.is_empty()).then_some(Ground::SameNumber)).collect()
    }

    /// Names of the members of the household it is seen from whose number stands in the other.
    pub(super) fn names(&self, own: &Clues) -> Vec<String> {
        let members: BTreeSet<MemberId> = self.numbers.iter().map(|(own, ..)| *own).collect();
        members.iter().map(|member| name(own, member).to_owned()).collect()
    }

    /// Names all facts on both sides under the secret of the household it is seen from.
    pub(super) fn pin(&self, round: &RoundId, own: &Known, other: &Known) -> Pin {
        let numbers = self.numbers.iter().map(|(one, two, mark)| NumberFacts {
            mark: mark.0,
            members: [*one, *two],
            names: [name(&own.clues, one), name(&other.clues, two)],
        });
        let facts = Facts {
            round,
            other: other.home.id,
            heads: self.near.map(|_| [HeadFacts::of(own), HeadFacts::of(other)]),
            numbers: numbers.collect(),
        };
        // Texts and whole numbers only, so there is always a canonical form.
        let facts = canonical::to_string(&facts).expect("facts are canonical");
        ledger::suspicion_pin(&own.key, &facts)
    }
}

impl<'a> HeadFacts<'a> {
    fn of(known: &'a Known) -> Self {
        let Clues { head_name, head_born, point, .. } = &known.clues;
        let spot = point.map(|(latitude, longitude, _)| (latitude, longitude));
        Self { name: head_name, born: *head_born, spot, village: known.home.village }
    }
}

fn name<'a>(clues: &'a Clues, member: &MemberId) -> &'a str {
    clues.numbered.get(member).map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::clock::Chance;

    fn known(n: u8, name: &str) -> Known {
        let id = HouseholdId([n; 16]);
        let home =
            Home { id, commune: UnitId(1), village: UnitId(2), wrapped_key: None, created_at: Timestamp::UNIX_EPOCH };
        let numbered = BTreeMap::from([(MemberId([n; 10]), name.to_owned())]);
        let point = Some((22_300_000, 104_600_000, 5));
        let clues = Clues { head_name: name.to_owned(), head_born: Some(1985), point, numbered };
        Known { home, key: HouseholdKey::draw(id, &Chance::seeded(u64::from(n))), clues }
    }

    fn same_number() -> Evidence {
        let number = (MemberId([1; 10]), MemberId([2; 10]), NumberMark([9; 32]));
        Evidence { near: None, numbers: BTreeSet::from([number]) }
    }

    #[test]
    fn a_name_a_place_or_a_number_that_changes_makes_another_pin() {
        let round = "2026-dinh-ky".parse().unwrap();
        let evidence = Evidence { near: Some(Nearness::Metres(11)), ..same_number() };
        let pin = |other: &Known| evidence.pin(&round, &known(1, "Lù Seo Sính"), other);
        let before = pin(&known(2, "Lù Sèo Sinh"));
        assert_eq!(before, pin(&known(2, "Lù Sèo Sinh")));
        assert_ne!(before, pin(&known(2, "Lù Sèo Sình")));
        let mut moved = known(2, "Lù Sèo Sinh");
        moved.clues.point = Some((22_300_001, 104_600_000, 5));
        assert_ne!(before, pin(&moved));
        let renumbered = Evidence { near: evidence.near, numbers: BTreeSet::new() };
        assert_ne!(before, renumbered.pin(&round, &known(1, "Lù Seo Sính"), &known(2, "Lù Sèo Sinh")));
    }

    #[test]
    fn where_a_number_is_the_only_ground_another_measurement_changes_nothing() {
        let round = "2026-dinh-ky".parse().unwrap();
        let pin = |other: &Known| same_number().pin(&round, &known(1, "Lù Seo Sính"), other);
        let mut moved = known(2, "Lù Sèo Sinh");
        moved.clues.point = None;
        assert_eq!(pin(&known(2, "Lù Sèo Sinh")), pin(&moved));
    }

    #[test]
    fn seen_from_the_other_side_the_grounds_are_the_same_and_the_names_are_its_own() {
        let evidence = Evidence { near: Some(Nearness::SameVillage), ..same_number() };
        let reversed = evidence.reversed();
        assert_eq!(reversed.grounds(), BTreeSet::from([Ground::SameNumber, Ground::NearNamesSameVillage]));
        assert_eq!(reversed.names(&known(2, "Lù Sèo Sinh").clues), ["Lù Sèo Sinh"]);
        assert_eq!(evidence.names(&known(1, "Lù Seo Sính").clues), ["Lù Seo Sính"]);
    }
}
