//! Households that may be one and the same: near names at near places, or one number in two households.
//!
//! Owns the suspicion. A person looks and decides; nothing is ever merged.

use std::collections::{BTreeMap, BTreeSet};

use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};
use schemas::codes::names;
use schemas::ids::{HouseholdId, UnitId};

use super::Spot;

/// Houses nearer than this may be one house measured twice.
const NEAR_M: u32 = 50;
/// Millionths of a degree of latitude that [`NEAR_M`] is at most.
const NEAR_E6: i32 = 460;
/// Letters of a name are counted in so many boxes, to tell most names apart without comparing them.
const BOXES: usize = 16;
/// A near name differs by at most two slips, each of which changes two of the counted letters.
const MOST_DIFFERENT: u32 = 4;

/// What is known of a household when duplicates are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// Name of its head; empty while unknown.
    pub head_name: String,
    /// Year in which the head was born, if known.
    pub head_born: Option<i16>,
    /// Where the house stands, if somebody measured it.
    pub spot: Option<Spot>,
    /// The numbers of its members' cards.
    pub numbers: BTreeSet<String>,
}

/// Two households that may be one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspect {
    /// The one with the lower id.
    pub one: HouseholdId,
    /// The other.
    pub other: HouseholdId,
    /// Why; each reason once.
    pub reasons: BTreeSet<Reason>,
}

/// Why two households may be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A member's number stands in both.
    SameNumber,
    /// The heads' names are near, and the houses stand so many metres from each other.
    NearNamesNearby(u32),
    /// The heads' names are near, the village is the same, and not both houses were measured.
    NearNamesSameVillage,
}

/// Pairs of households that may be one, by the ids of both. The order of the candidates does not matter.
pub fn suspects(candidates: &[Candidate]) -> Vec<Suspect> {
    let mut pairs: BTreeMap<(HouseholdId, HouseholdId), BTreeSet<Reason>> = BTreeMap::new();
    let mut suspect = |one: &Candidate, other: &Candidate, reason| {
        let pair = (one.household.min(other.household), one.household.max(other.household));
        if pair.0 != pair.1 {
            pairs.entry(pair).or_default().insert(reason);
        }
    };
    same_numbers(candidates, &mut suspect);
    let heads: Vec<Head> = candidates.iter().map(Head::of).collect();
    same_village(&heads, &mut suspect);
    nearby(&heads, &mut suspect);
    pairs.into_iter().map(|((one, other), reasons)| Suspect { one, other, reasons }).collect()
}

/// One number in many households makes a star and not every pair: the first is looked at beside each of the others.
fn same_numbers(candidates: &[Candidate], suspect: &mut impl FnMut(&Candidate, &Candidate, Reason)) {
    let mut holders: BTreeMap<&str, BTreeMap<HouseholdId, &Candidate>> = BTreeMap::new();
    for candidate in candidates {
        for number in &candidate.numbers {
            holders.entry(number).or_default().insert(candidate.household, candidate);
        }
    }
    for holders in holders.values() {
        let mut holders = holders.values();
        if let Some(first) = holders.next() {
            holders.for_each(|other| suspect(first, other, Reason::SameNumber));
        }
    }
}

/// A head, with the letters of the name counted.
struct Head<'a> {
    candidate: &'a Candidate,
    letters: [u32; BOXES],
}

impl<'a> Head<'a> {
    fn of(candidate: &'a Candidate) -> Self {
        let mut letters = [0; BOXES];
        for letter in names::fold(&candidate.head_name).chars().filter(|letter| *letter != ' ') {
            letters[letter as usize % BOXES] += 1;
        }
        Self { candidate, letters }
    }

    /// Whether a person should look: near names, and births that one person may have had.
    fn resembles(&self, other: &Self) -> bool {
        let differences = self.letters.iter().zip(&other.letters).map(|(one, other)| one.abs_diff(*other));
        let (one, other) = (self.candidate, other.candidate);
        // A year by the old calendar is often the year before.
        let births = one.head_born.zip(other.head_born).is_none_or(|(one, other)| one.abs_diff(other) <= 1);
        births && differences.sum::<u32>() <= MOST_DIFFERENT && names::near(&one.head_name, &other.head_name)
    }
}

fn same_village(heads: &[Head], suspect: &mut impl FnMut(&Candidate, &Candidate, Reason)) {
    let mut villages: BTreeMap<UnitId, Vec<&Head>> = BTreeMap::new();
    for head in heads {
        villages.entry(head.candidate.village).or_default().push(head);
    }
    for heads in villages.values() {
        for (at, one) in heads.iter().enumerate() {
            let unmeasured = |other: &&&Head| one.candidate.spot.is_none() || other.candidate.spot.is_none();
            for other in heads[at + 1..].iter().filter(unmeasured).filter(|other| one.resembles(other)) {
                suspect(one.candidate, other.candidate, Reason::NearNamesSameVillage);
            }
        }
    }
}

fn nearby(heads: &[Head], suspect: &mut impl FnMut(&Candidate, &Candidate, Reason)) {
    let measured = heads.iter().enumerate().filter_map(|(at, head)| {
        let spot = head.candidate.spot?;
        Some(GeomWithData::new([spot.longitude_e6, spot.latitude_e6], at))
    });
    let tree: RTree<GeomWithData<[i32; 2], usize>> = RTree::bulk_load(measured.collect());
    for (at, one) in heads.iter().enumerate() {
        let Some(spot) = one.candidate.spot else { continue };
        for found in tree.locate_in_envelope(&around(spot)).filter(|found| found.data > at) {
            let other = &heads[found.data];
            let Some(distance) = other.candidate.spot.map(|other| spot.metres_to(other)) else { continue };
            if distance <= NEAR_M && one.resembles(other) {
                suspect(one.candidate, other.candidate, Reason::NearNamesNearby(distance));
            }
        }
    }
}

/// A box that holds everything within [`NEAR_M`], and more.
fn around(spot: Spot) -> AABB<[i32; 2]> {
    let narrowing = (f64::from(spot.latitude_e6) / 1e6).to_radians().cos().max(0.001);
    // At most 460,000: half a degree.
    let east = (f64::from(NEAR_E6) / narrowing).ceil() as i32;
    let (x, y) = (spot.longitude_e6, spot.latitude_e6);
    AABB::from_corners([x - east, y - NEAR_E6], [x + east, y + NEAR_E6])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(n: u8, village: u64, name: &str, spot: Option<(i32, i32)>) -> Candidate {
        Candidate {
            household: HouseholdId([n; 16]),
            village: UnitId(village),
            head_name: name.to_owned(),
            head_born: None,
            spot: spot.map(|(x, y)| Spot { longitude_e6: 104_600_000 + x, latitude_e6: 22_300_000 + y }),
            numbers: BTreeSet::new(),
        }
    }

    fn pairs(candidates: &[Candidate]) -> Vec<(u8, u8)> {
        suspects(candidates).iter().map(|suspect| (suspect.one.0[0], suspect.other.0[0])).collect()
    }

    #[test]
    fn near_names_apart_different_names_together_and_other_generations_are_no_suspects() {
        let apart = candidate(2, 1, "Lù Seo Sính", Some((2_000, 0)));
        assert_eq!(pairs(&[candidate(1, 1, "Lù Seo Sính", Some((0, 0))), apart]), []);
        let different = candidate(2, 1, "Vàng Thị Mỷ", Some((10, 0)));
        assert_eq!(pairs(&[candidate(1, 1, "Lù Seo Sính", Some((0, 0))), different]), []);
        let father = Candidate { head_born: Some(1950), ..candidate(1, 1, "Lù Seo Sính", None) };
        let son = Candidate { head_born: Some(1975), ..candidate(2, 1, "Lù Seo Sính", None) };
        assert_eq!(pairs(&[father, son]), []);
        assert_eq!(pairs(&[candidate(1, 1, "Lù Seo Sính", None), candidate(2, 2, "Lù Seo Sính", None)]), []);
        assert_eq!(pairs(&[candidate(1, 1, "", None), candidate(2, 1, "", None)]), []);
    }

    #[test]
    fn near_names_at_near_places_are_suspected_across_villages() {
        // 480 millionths of a degree are 49.5 m to the east and 53.2 m to the north there.
        let one = candidate(1, 1, "Lù Seo Sính", Some((0, 0)));
        let east = candidate(2, 2, "Lù Sèo Sinh", Some((480, 0)));
        let north = candidate(3, 2, "Lù Sèo Sinh", Some((0, 480)));
        let found = suspects(&[north, east, one]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reasons, BTreeSet::from([Reason::NearNamesNearby(49)]));
    }

    #[test]
    fn a_house_that_nobody_measured_is_compared_within_its_village() {
        let measured = candidate(1, 1, "Phàn Mùi Nhậy", Some((0, 0)));
        assert_eq!(pairs(&[measured.clone(), candidate(2, 1, "Phàn Mùi Nhạy", None)]), [(1, 2)]);
        assert_eq!(pairs(&[measured, candidate(2, 2, "Phàn Mùi Nhạy", None)]), []);
    }

    #[test]
    fn one_number_in_many_households_is_a_star_and_not_every_pair() {
        let numbered = |n: u8| Candidate {
            numbers: BTreeSet::from(["002190000123".to_owned()]),
            ..candidate(n, u64::from(n), &"x".repeat(usize::from(n)), None)
        };
        let all: Vec<Candidate> = (1..6).map(numbered).collect();
        assert_eq!(pairs(&all), [(1, 2), (1, 3), (1, 4), (1, 5)]);
    }

    proptest! {
        #[test]
        fn every_pair_of_near_heads_is_found_whatever_the_order(
            people in prop::collection::vec(("[a-c]{8,9}", 0i32..1_500, 0i32..1_500, any::<bool>(), 0u64..2), 0..12),
            turn in 0usize..12,
        ) {
            let all: Vec<Candidate> = (0u8..).zip(&people).map(|(n, (name, x, y, measured, village))| {
                candidate(n, *village, name, measured.then_some((*x, *y)))
            }).collect();
            let mut expected = Vec::new();
            for (at, one) in all.iter().enumerate() {
                for other in &all[at + 1..] {
                    let close = match (one.spot, other.spot) {
                        (Some(here), Some(there)) => here.metres_to(there) <= NEAR_M,
                        _ => one.village == other.village,
                    };
                    if close && names::near(&one.head_name, &other.head_name) {
                        expected.push((one.household.0[0], other.household.0[0]));
                    }
                }
            }
            let mut turned = all.clone();
            turned.rotate_left(turn % all.len().max(1));
            prop_assert_eq!(pairs(&turned), expected);
        }
    }
}
