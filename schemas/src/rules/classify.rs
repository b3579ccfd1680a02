//! From facts to a class: indicators, scores, cut-off, class rules.
//!
//! Owns the bound rules of a standard and the one function that applies them.

use jiff::civil::Date;

use super::assessment::{Assessment, Class, ClassSet, Finding, MOST_INDICATORS, Missing, Units, Verdict};
use super::b1::{B1, B1Mode, IncomeRule};
use super::bind::{Layout, Node, Slot};
use super::completions::{Breaks, classes_of_completions};
use super::facts::{Facts, Subject};
use super::scene::Scene;
use super::{MemberSet, Place, Truth};
use crate::form::Scope;
use crate::standard::Standard;

/// The rules of one standard, bound to its form.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) layout: Layout,
    /// By scope and slot; nothing where a question concerns everybody.
    pub(crate) relevance: [Vec<Option<Node>>; 3],
    pub(crate) born: Slot,
    pub(crate) counted: Node,
    pub(crate) indicators: Vec<IndicatorRule>,
    pub(crate) income: Option<IncomeRule>,
    pub(crate) classes: Vec<ClassRule>,
    pub(crate) otherwise: Class,
    pub(crate) screening: Option<ScreeningRule>,
    pub(crate) flags: Vec<Node>,
    pub(crate) breaks: Breaks,
}

#[derive(Clone, Debug)]
pub(crate) struct IndicatorRule {
    pub(crate) units: u32,
    /// When the household is deprived; nothing when the standard does not say yet.
    pub(crate) deprived_when: Option<Node>,
}

/// On which side of the cut-off a class rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    AtOrBelow,
    Above,
}

/// The first rule that fits gives the class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassRule {
    pub(crate) class: Class,
    pub(crate) income: Option<Side>,
    pub(crate) at_least: u32,
    pub(crate) below: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct ScreeningRule {
    pub(crate) criteria: Vec<Node>,
    pub(crate) review_below: u32,
}

impl Rules {
    pub(crate) fn relevance(&self, scope: Scope, slot: Slot) -> Option<&Node> {
        self.relevance[scope as usize].get(usize::from(slot.0)).and_then(Option::as_ref)
    }

    fn class(&self, side: Side, units: u32) -> Class {
        let fits = |rule: &&ClassRule| {
            rule.income.is_none_or(|wanted| wanted == side)
                && units >= rule.at_least
                && rule.below.is_none_or(|below| units < below)
        };
        self.classes.iter().find(fits).map_or(self.otherwise, |rule| rule.class)
    }

    /// Classes over every sum of units whose bit is set, on every side of the cut-off that is possible.
    fn classes(&self, above: Truth, mut sums: u128) -> ClassSet {
        let mut classes = ClassSet::NONE;
        while sums != 0 {
            let units = sums.trailing_zeros();
            if above != Truth::True {
                classes = classes.union(ClassSet::only(self.class(Side::AtOrBelow, units)));
            }
            if above != Truth::False {
                classes = classes.union(ClassSet::only(self.class(Side::Above, units)));
            }
            sums &= sums - 1;
        }
        classes
    }

    /// Classes that the indicators allow one by one. Indicators that hang on the same missing answer are told apart in
    /// [`classes_of_completions`].
    pub(crate) fn possible_classes(&self, scene: &Scene<'_>, place: &Place, mode: &B1Mode) -> ClassSet {
        let b1 = self.b1(scene, place, mode);
        let truths = self.indicators.iter().map(|rule| (rule.units, self.deprived(scene, rule)));
        self.classes(b1.above, truths.fold(1, |sums, (units, truth)| add(sums, units, truth)))
    }

    fn deprived(&self, scene: &Scene<'_>, rule: &IndicatorRule) -> Truth {
        rule.deprived_when.as_ref().map_or(Truth::Unknown, |when| scene.truth(when, Subject::Household))
    }

    fn b1(&self, scene: &Scene<'_>, place: &Place, mode: &B1Mode) -> B1 {
        self.income.as_ref().map_or(B1::NONE, |rule| B1::find(scene, rule, place, mode))
    }
}

/// The set of sums after one more indicator, one bit for each sum; loading keeps every sum below 128.
fn add(sums: u128, units: u32, deprived: Truth) -> u128 {
    match deprived {
        Truth::False => sums,
        Truth::Unknown => sums | sums << units,
        Truth::True => sums << units,
    }
}

/// Says what a standard makes of a household on a day, and why.
///
/// Facts that were made by a standard with another form say nothing here, as if nobody had been asked.
pub fn classify(standard: &Standard, facts: &Facts, place: &Place, as_of: Date, mode: &B1Mode) -> Assessment {
    let rules = standard.rules();
    let facts = &*facts.fitting(&rules.layout);
    let scene = Scene::new(rules, facts, as_of);
    // With nobody who counts for certain there is no household to judge, and "no child without school" would be a lie.
    if scene.member_count().0 == 0 {
        return nobody_counts(rules, &scene, place, mode);
    }
    let mut findings = [Finding { verdict: Verdict::NotDeprived, members: MemberSet::NONE }; MOST_INDICATORS];
    let mut missing = Vec::new();
    let (mut sums, mut units) = (1u128, Units { lowest: 0, highest: 0 });
    for (rule, finding) in rules.indicators.iter().zip(&mut findings) {
        let deprived = rules.deprived(&scene, rule);
        sums = add(sums, rule.units, deprived);
        units.lowest += if deprived == Truth::True { rule.units } else { 0 };
        units.highest += if deprived == Truth::False { 0 } else { rule.units };
        *finding = explain(&scene, rule, deprived, &mut missing);
    }
    let b1 = rules.b1(&scene, place, mode);
    add_income(rules, &scene, &b1, mode, &mut missing);
    let mut classes = rules.classes(b1.above, sums);
    if classes.len() > 1 && !missing.is_empty() {
        classes = classes_of_completions(rules, facts, &missing, place, as_of, mode).unwrap_or(classes);
    }
    Assessment { findings, indicators: rules.indicators.len() as u8, units, b1, classes, missing }
}

fn explain(scene: &Scene<'_>, rule: &IndicatorRule, deprived: Truth, missing: &mut Vec<Missing>) -> Finding {
    let nobody = |verdict| Finding { verdict, members: MemberSet::NONE };
    match (&rule.deprived_when, deprived) {
        (None, _) => nobody(Verdict::UnknownThreshold),
        (Some(_), Truth::False) => nobody(Verdict::NotDeprived),
        (Some(when), Truth::True) => Finding { verdict: Verdict::Deprived, members: scene.causes(when) },
        (Some(when), Truth::Unknown) => {
            scene.missing(when, Subject::Household, missing);
            nobody(Verdict::Undetermined)
        }
    }
}

fn nobody_counts(rules: &Rules, scene: &Scene<'_>, place: &Place, mode: &B1Mode) -> Assessment {
    let verdict = |rule: &IndicatorRule| match rule.deprived_when {
        Some(_) => Verdict::Undetermined,
        None => Verdict::UnknownThreshold,
    };
    let mut findings = [Finding { verdict: Verdict::Undetermined, members: MemberSet::NONE }; MOST_INDICATORS];
    for (rule, finding) in rules.indicators.iter().zip(&mut findings) {
        finding.verdict = verdict(rule);
    }
    let mut missing = vec![Missing::Members];
    scene.missing_counts(&mut missing);
    let b1 = rules.b1(scene, place, mode);
    add_income(rules, scene, &b1, mode, &mut missing);
    let highest = rules.indicators.iter().map(|rule| rule.units).sum();
    let units = Units { lowest: 0, highest };
    let indicators = rules.indicators.len() as u8;
    Assessment { findings, indicators, units, b1, classes: ClassSet::ALL, missing }
}

fn add_income(rules: &Rules, scene: &Scene<'_>, b1: &B1, mode: &B1Mode, missing: &mut Vec<Missing>) {
    if let (Some(rule), Truth::Unknown) = (&rules.income, b1.above) {
        B1::missing(scene, rule, mode, missing);
    }
    tidy(missing);
}

/// One entry for each thing: the household first, then member by member.
fn tidy(missing: &mut Vec<Missing>) {
    missing.sort_unstable_by_key(|entry| (entry.place(), *entry));
    missing.dedup();
}

/// What form A says of a household that asks to be reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screening {
    /// Too few criteria of wealth are met: put on the list of households to review.
    Review,
    /// Enough criteria are met: not reviewed.
    NoReview,
    /// These answers decide.
    Undetermined(Vec<Missing>),
}

/// Applies form A; `None` when the standard has none.
pub fn screen(standard: &Standard, facts: &Facts, as_of: Date) -> Option<Screening> {
    let rules = standard.rules();
    let rule = rules.screening.as_ref()?;
    let facts = facts.fitting(&rules.layout);
    let scene = Scene::new(rules, &facts, as_of);
    let truths: Vec<Truth> = rule.criteria.iter().map(|node| scene.truth(node, Subject::Household)).collect();
    let met = truths.iter().filter(|truth| **truth == Truth::True).count() as u32;
    let possible = truths.iter().filter(|truth| **truth != Truth::False).count() as u32;
    Some(match Truth::between(met >= rule.review_below, possible >= rule.review_below) {
        Truth::True => Screening::NoReview,
        Truth::False => Screening::Review,
        Truth::Unknown => {
            let mut missing = Vec::new();
            rule.criteria.iter().for_each(|node| scene.missing(node, Subject::Household, &mut missing));
            tidy(&mut missing);
            Screening::Undetermined(missing)
        }
    })
}

/// Whether a question concerns a subject; `Unknown` while the answers before it do not say.
pub fn relevance(standard: &Standard, facts: &Facts, as_of: Date, subject: Subject, slot: Slot) -> Truth {
    let rules = standard.rules();
    Scene::new(rules, &facts.fitting(&rules.layout), as_of).relevance(slot, subject)
}

/// Whether each listed member counts by the standard's own rule, in the order of their ids.
pub fn counted_members(standard: &Standard, facts: &Facts, as_of: Date) -> Vec<Truth> {
    let rules = standard.rules();
    Scene::new(rules, &facts.fitting(&rules.layout), as_of).members().map(|(_, counts)| counts).collect()
}

/// Whether each flag of the standard holds.
pub(crate) fn flags(rules: &Rules, facts: &Facts, as_of: Date) -> Vec<Truth> {
    let facts = facts.fitting(&rules.layout);
    let scene = Scene::new(rules, &facts, as_of);
    rules.flags.iter().map(|node| scene.truth(node, Subject::Household)).collect()
}
