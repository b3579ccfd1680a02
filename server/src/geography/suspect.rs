//! Households that may be one and the same: near names at near places, or one number in two households.
//!
//! Owns the suspicion. A person looks and decides; nothing is ever merged.

use std::collections::BTreeMap;

use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};
use schemas::codes::names;
use schemas::ids::{HouseholdId, UnitId};

use super::Spot;
use crate::domain::clue::{Holder, NumberMark};

/// Houses nearer than this may be one house measured twice.
const NEAR_M: u32 = 50;
/// Millionths of a degree of latitude that [`NEAR_M`] is at most.
const NEAR_E6: i32 = 460;
/// Letters of a name are counted in so many boxes, to tell most names apart without comparing them.
const BOXES: usize = 16;
/// A near name differs by at most two slips, each of which changes two of the counted letters.
const MOST_DIFFERENT: u32 = 4;

/// What is known of a household when near names at near places are looked for.
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
}

/// How near two heads with near names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// The houses stand so many metres from each other.
    Metres(u32),
    /// The village is the same, and not both houses were measured.
    SameVillage,
}

/// Pairs of households, the lower id first, whose heads' names are near and who live near each other. The order of the
/// candidates does not matter.
pub fn near_heads(candidates: &[Candidate]) -> BTreeMap<(HouseholdId, HouseholdId), Nearness> {
    let mut pairs = BTreeMap::new();
    let mut suspect = |one: &Candidate, other: &Candidate, nearness| {
        let pair = (one.household.min(other.household), one.household.max(other.household));
        if pair.0 != pair.1 {
            pairs.insert(pair, nearness);
        }
    };
    let heads: Vec<Head> = candidates.iter().map(Head::of).collect();
    same_village(&heads, &mut suspect);
    nearby(&heads, &mut suspect);
    pairs
}

/// Pairs of holders of one number in two households, as a commune sees them: the first of each pair is its own.
///
/// One number in many households makes a star and not every pair: the commune's first holder is looked at beside each of
/// the others, wherever they are.
pub fn same_numbers(commune: UnitId, holders: &[Holder]) -> Vec<(Holder, Holder)> {
    let mut by_mark: BTreeMap<NumberMark, Vec<Holder>> = BTreeMap::new();
    for holder in holders {
        by_mark.entry(holder.mark).or_default().push(*holder);
    }
    let mut pairs = Vec::new();
    for mut holders in by_mark.into_values() {
        holders.sort_unstable_by_key(|holder| (holder.commune != commune, *holder));
        let mut holders = holders.into_iter();
        let Some(first) = holders.next().filter(|first| first.commune == commune) else { continue };
        pairs.extend(holders.filter(|other| other.household != first.household).map(|other| (first, other)));
    }
    pairs
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

fn same_village(heads: &[Head], suspect: &mut impl FnMut(&Candidate, &Candidate, Nearness)) {
    let mut villages: BTreeMap<UnitId, Vec<&Head>> = BTreeMap::new();
    for head in heads {
        villages.entry(head.candidate.village).or_default().push(head);
    }
    for heads in villages.values() {
        for (at, one) in heads.iter().enumerate() {
            let unmeasured = |other: &&&Head| one.candidate.spot.is_none() || other.candidate.spot.is_none();
            for other in heads[at + 1..].iter().filter(unmeasured).filter(|other| one.resembles(other)) {
                suspect(one.candidate, other.candidate, Nearness::SameVillage);
            }
        }
    }
}

fn nearby(heads: &[Head], suspect: &mut impl FnMut(&Candidate, &Candidate, Nearness)) {
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
                suspect(one.candidate, other.candidate, Nearness::Metres(distance));
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
    use schemas::ids::MemberId;

    use super::*;

    fn candidate(n: u8, village: u64, name: &str, spot: Option<(i32, i32)>) -> Candidate {
        Candidate {
            household: HouseholdId([n; 16]),
            village: UnitId(village),
            head_name: name.to_owned(),
            head_born: None,
            spot: spot.map(|(x, y)| Spot { longitude_e6: 104_600_000 + x, latitude_e6: 22_300_000 + y }),
        }
    }

    fn pairs(candidates: &[Candidate]) -> Vec<(u8, u8)> {
        near_heads(candidates).keys().map(|(one, other)| (one.0[0], other.0[0])).collect()
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
        let found = near_heads(&[north, east, one]);
        assert_eq!(found, BTreeMap::from([((HouseholdId([1; 16]), HouseholdId([2; 16])), Nearness::Metres(49))]));
    }

    #[test]
    fn a_house_that_nobody_measured_is_compared_within_its_village() {
        let measured = candidate(1, 1, "Phàn Mùi Nhậy", Some((0, 0)));
        assert_eq!(pairs(&[measured.clone(), candidate(2, 1, "Phàn Mùi Nhạy", None)]), [(1, 2)]);
        assert_eq!(pairs(&[measured, candidate(2, 2, "Phàn Mùi Nhạy", None)]), []);
    }

    fn holder(mark: u8, commune: u64, household: u8, member: u8) -> Holder {
        Holder {
            mark: NumberMark([mark; 32]),
            commune: UnitId(commune),
            household: HouseholdId([household; 16]),
            member: MemberId([member; 10]),
        }
    }

    #[test]
    fn one_number_twice_in_one_household_or_only_in_other_communes_is_no_pair() {
        assert_eq!(same_numbers(UnitId(1), &[holder(9, 1, 1, 1), holder(9, 1, 1, 2)]), []);
        assert_eq!(same_numbers(UnitId(1), &[holder(9, 2, 1, 1), holder(9, 3, 2, 2)]), []);
        assert_eq!(same_numbers(UnitId(1), &[holder(8, 1, 1, 1), holder(9, 1, 2, 2)]), []);
    }

    #[test]
    fn one_number_in_many_households_is_a_star_around_the_communes_own_first() {
        let (foreign, own, second) = (holder(9, 1, 1, 1), holder(9, 2, 3, 1), holder(9, 2, 4, 1));
        let far = holder(9, 3, 2, 1);
        let pairs = same_numbers(UnitId(2), &[far, second, foreign, own]);
        assert_eq!(pairs, [(own, second), (own, foreign), (own, far)]);
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
