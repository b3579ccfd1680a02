//! Alkire–Foster: who is poor in how many ways, over many households, for any standard with weights.
//!
//! Owns the sums and the exact fractions. Which indicators there are, what they weigh and who is poor is said by the
//! standard; households whose class is not determined are counted apart and never guessed.

use std::collections::BTreeMap;

use crate::fraction::Fraction;
use crate::rules::{Assessment, ClassSet, MOST_INDICATORS, Verdict};
use crate::standard::Standard;

/// Sums over a set of households; sets add up, so that a province is the sum of its communes.
///
/// Weights are counted in units of the standard, people as given (1 for a count of households).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    people: u64,
    undetermined: u64,
    poor: u64,
    /// Units of weight over all poor people.
    poor_units: u128,
    /// People deprived in each indicator, poor or not.
    deprived: [u64; MOST_INDICATORS],
    /// Poor people deprived in each indicator.
    censored: [u64; MOST_INDICATORS],
    /// Determined people by their number of deprived indicators.
    counts: [u64; MOST_INDICATORS + 1],
}

impl Tally {
    /// Adds a household of so many people. Those are poor who are certain to be in one of the `poor` classes.
    pub fn add(&mut self, assessment: &Assessment, people: u32, poor: ClassSet) {
        let people = u64::from(people);
        let classes = assessment.possible_classes();
        let is_poor = classes.is_subset_of(poor);
        let is_open = |verdict| matches!(verdict, Verdict::Undetermined | Verdict::UnknownThreshold);
        let open_indicators = assessment.findings().iter().any(|finding| is_open(finding.verdict));
        // A poor household with an open indicator has no known score, and one that may be poor no known place.
        if open_indicators || !is_poor && classes.iter().any(|class| poor.contains(class)) {
            self.undetermined += people;
            return;
        }
        self.people += people;
        let mut number = 0;
        for (at, finding) in assessment.findings().iter().enumerate() {
            if finding.verdict == Verdict::Deprived {
                number += 1;
                self.deprived[at] += people;
                self.censored[at] += if is_poor { people } else { 0 };
            }
        }
        self.counts[number] += people;
        if is_poor {
            self.poor += people;
            self.poor_units += u128::from(people) * u128::from(assessment.units().lowest);
        }
    }

    /// Adds another set of households under the same standard.
    pub fn merge(&mut self, other: &Self) {
        self.people += other.people;
        self.undetermined += other.undetermined;
        self.poor += other.poor;
        self.poor_units += other.poor_units;
        let add = |left: &mut [u64], right: &[u64]| left.iter_mut().zip(right).for_each(|(sum, more)| *sum += more);
        add(&mut self.deprived, &other.deprived);
        add(&mut self.censored, &other.censored);
        add(&mut self.counts, &other.counts);
    }

    /// People in households with a known score.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// People left out because something that matters is not known of their household.
    pub fn undetermined(&self) -> u64 {
        self.undetermined
    }

    /// People deprived in exactly so many indicators.
    pub fn deprived_in(&self, number: usize) -> u64 {
        self.counts.get(number).copied().unwrap_or(0)
    }

    /// The index over these households; `None` while there is nobody.
    pub fn index(&self, standard: &Standard) -> Option<Index> {
        let indicators = standard.indicators().len();
        let total: u64 = standard.units().sum();
        let share = |part: u64, whole: u64| Fraction::new(part, whole);
        Some(Index {
            headcount: share(self.poor, self.people)?,
            intensity: exact(self.poor_units, u128::from(self.poor) * u128::from(total)),
            adjusted: exact(self.poor_units, u128::from(self.people) * u128::from(total))?,
            raw_headcounts: self.deprived[..indicators]
                .iter()
                .map(|n| share(*n, self.people))
                .collect::<Option<_>>()?,
            censored_headcounts: self.censored[..indicators]
                .iter()
                .map(|n| share(*n, self.people))
                .collect::<Option<_>>()?,
            contributions: self.contributions(standard),
        })
    }

    /// Each indicator's share of the index; nothing while nobody is poor.
    fn contributions(&self, standard: &Standard) -> Vec<Fraction> {
        let weighted = standard.units().zip(&self.censored);
        let shares = weighted.map(|(units, people)| exact(u128::from(units) * u128::from(*people), self.poor_units));
        shares.collect::<Option<_>>().unwrap_or_default()
    }
}

/// The measures of Alkire and Foster, exact; render decimals with [`Fraction::decimal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// H: the share of people who are poor.
    pub headcount: Fraction,
    /// A: the mean share of weighted deprivations among the poor; `None` when nobody is poor.
    pub intensity: Option<Fraction>,
    /// M0 = H × A.
    pub adjusted: Fraction,
    /// The share deprived in each indicator, poor or not.
    pub raw_headcounts: Vec<Fraction>,
    /// The share poor and deprived in each indicator.
    pub censored_headcounts: Vec<Fraction>,
    /// Each indicator's share of M0; they add up to one. Empty when nobody is poor.
    pub contributions: Vec<Fraction>,
}

/// Each group's share of the whole M0; they add up to one. Empty when nobody is poor.
pub fn decompose<G: Ord + Clone>(groups: &BTreeMap<G, Tally>) -> BTreeMap<G, Fraction> {
    let total: u128 = groups.values().map(|tally| tally.poor_units).sum();
    let shares = groups.iter().map(|(group, tally)| Some((group.clone(), exact(tally.poor_units, total)?)));
    shares.collect::<Option<_>>().unwrap_or_default()
}

/// An exact fraction of large sums; `None` over zero, or when it does not fit even in lowest terms.
fn exact(part: u128, whole: u128) -> Option<Fraction> {
    let (mut divisor, mut rest) = (part, whole);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let lower = |number: u128| u64::try_from(number.checked_div(divisor)?).ok();
    Fraction::new(lower(part)?, lower(whole)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household::Household;
    use crate::ids::{HouseholdId, MemberId};
    use crate::rules::{AreaType, B1Mode, Class, Place, Region, classify};
    use crate::standard::shipped;

    /// A household of the global index with nobody deprived, then these answers on top.
    fn assess(standard: &Standard, deprived: &[&str]) -> Assessment {
        let mut household = Household::empty(HouseholdId([1; 16]));
        let worse = |key: &str| deprived.contains(&key);
        for key in ["child_died", "solid_fuel", "rudimentary_house"] {
            household.answers.insert(key.parse().unwrap(), worse(key).into());
        }
        for key in ["improved_latrine", "improved_water", "electricity"] {
            household.answers.insert(key.parse().unwrap(), (!worse(key)).into());
        }
        household.answers.insert("water_minutes".parse().unwrap(), 5.into());
        household.answers.insert("car".parse().unwrap(), false.into());
        household.answers.insert("small_assets".parse().unwrap(), if worse("assets") { 1 } else { 4 }.into());
        let member = household.members.entry(MemberId([1; 10])).or_default();
        member.insert("status".parse().unwrap(), "present".into());
        member.insert("born".parse().unwrap(), "1990-05-01".into());
        member.insert("years_of_school".parse().unwrap(), if worse("years") { 3 } else { 9 }.into());
        if !worse("open") {
            member.insert("undernourished".parse().unwrap(), worse("nutrition").into());
        }
        let place = Place { area: AreaType::Rural, region: Region::CentralHighlands };
        classify(standard, &standard.facts(&household), &place, jiff::civil::date(2026, 1, 1), &B1Mode::Paper)
    }

    fn poor() -> ClassSet {
        ClassSet::only(Class::Poor)
    }

    fn fraction(text: &str) -> Fraction {
        text.parse().unwrap()
    }

    #[test]
    fn households_with_an_open_indicator_are_counted_apart() {
        let standard = shipped::load("global-mpi").unwrap();
        let mut tally = Tally::default();
        tally.add(&assess(&standard, &["open"]), 3, poor());
        assert_eq!((tally.people(), tally.undetermined()), (0, 3));
        assert_eq!(tally.index(&standard), None);
    }

    #[test]
    fn headcount_intensity_and_index_are_exact() {
        let standard = shipped::load("global-mpi").unwrap();
        let mut tally = Tally::default();
        // Three sixths: poor. One sixth and one eighteenth: not poor, and censored away.
        tally.add(&assess(&standard, &["nutrition", "years", "child_died"]), 4, poor());
        tally.add(&assess(&standard, &["nutrition", "assets"]), 6, poor());
        tally.add(&assess(&standard, &[]), 2, poor());
        let index = tally.index(&standard).unwrap();
        assert_eq!(index.headcount, fraction("1/3"));
        assert_eq!(index.intensity, Some(fraction("1/2")));
        assert_eq!(index.adjusted, fraction("1/6"));
        assert_eq!(index.adjusted.decimal(3), "0.167");
        assert_eq!(index.raw_headcounts[0], fraction("10/12"));
        assert_eq!(index.censored_headcounts[0], fraction("4/12"));
        assert_eq!(index.censored_headcounts[9], Fraction::ZERO);
        assert_eq!(index.contributions[..4], ["1/3", "1/3", "1/3", "0"].map(fraction));
        assert_eq!((tally.deprived_in(0), tally.deprived_in(2), tally.deprived_in(3)), (2, 6, 4));
    }

    #[test]
    fn groups_add_up_to_the_whole() {
        let standard = shipped::load("global-mpi").unwrap();
        let (mut tay, mut dao) = (Tally::default(), Tally::default());
        tay.add(&assess(&standard, &["nutrition", "years"]), 3, poor());
        dao.add(&assess(&standard, &["nutrition", "years", "child_died"]), 4, poor());
        dao.add(&assess(&standard, &[]), 3, poor());
        let mut both = tay.clone();
        both.merge(&dao);
        // 3 × 1/3 and 4 × 1/2 over ten people.
        assert_eq!(both.index(&standard).unwrap().adjusted, fraction("3/10"));
        let shares = decompose(&BTreeMap::from([("dao", dao), ("tay", tay)]));
        assert_eq!(shares, BTreeMap::from([("dao", fraction("2/3")), ("tay", fraction("1/3"))]));
    }
}
