//! The classes that the completions of a household give, where one missing answer decides several indicators.
//!
//! Owns trying out answers. Evaluating indicator by indicator is sound but too careful: a child of fifteen or sixteen
//! can lack either the school of a child or the certificate of an adult, never both. With few answers missing, every
//! one of them is tried; with many, the careful answer stands.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::bind::{Layout, Node, Slot, Test};
use super::facts::{Cell, Facts, Subject};
use super::scene::{OLDEST, Scene};
use super::{B1Mode, ClassSet, Missing, Place, Rules};
use crate::form::{Form, Kind, Scope};

/// Completions that are tried at most; past it a household has so many gaps that nobody waits for its class.
const MOST_COMPLETIONS: usize = 256;

/// Where the truth of some condition can change: one value from each stretch between stands for all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breaks {
    /// Ages at which a band begins or ends.
    ages: Vec<i16>,
    numbers: BTreeMap<(Scope, Slot), Vec<i64>>,
    /// Limits per member, in the smallest unit of the question.
    per_member: BTreeMap<Slot, Vec<i64>>,
    domains: BTreeMap<(Scope, Slot), Domain>,
}

/// What can stand where an answer is missing.
#[derive(Clone, Copy, Debug)]
enum Domain {
    YesOrNo,
    /// So many choices.
    Choices(u8),
    Number,
    Date,
    /// A text, a photo or a point, of which the rules only know that it is there.
    Something,
}

impl Domain {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Bool => Self::YesOrNo,
            // Loading refuses more choices than there are bits in a word.
            Kind::Choice { choices } => Self::Choices(choices.len() as u8),
            Kind::Number { .. } => Self::Number,
            Kind::Date => Self::Date,
            Kind::Text { .. } | Kind::CitizenId | Kind::Point | Kind::Photo => Self::Something,
        }
    }
}

impl Breaks {
    /// No breaks yet, only what can stand as an answer to each question.
    pub(crate) fn new(form: &Form, layout: &Layout) -> Self {
        let domains = form.questions().iter().filter_map(|question| {
            let slot = layout.slot(form, question.scope, &question.key)?;
            Some(((question.scope, slot), Domain::of(&question.kind)))
        });
        Self { domains: domains.collect(), ..Self::default() }
    }

    /// Adds the breaks of a condition.
    pub(crate) fn add(&mut self, node: &Node, scope: Scope) {
        match node {
            Node::All(parts) | Node::Any(parts) | Node::AtLeast(_, parts) => {
                parts.iter().for_each(|part| self.add(part, scope));
            }
            Node::Not(part) => self.add(part, scope),
            Node::Answer(slot, Test::Number { least, most }) => {
                let breaks = self.numbers.entry((scope, *slot)).or_default();
                breaks.extend(
                    [least.checked_sub(1), Some(*least), Some(*most), most.checked_add(1)].into_iter().flatten(),
                );
            }
            Node::Answer(_, Test::Bool(_) | Test::Codes(_) | Test::Answered) => {}
            Node::Age(band) => {
                self.ages.extend([Some(band.from), band.below].into_iter().flatten());
                self.ages.sort_unstable();
                self.ages.dedup();
            }
            Node::AnyMember(which) | Node::CountMembers { which, .. } | Node::ShareOfMembers { which, .. } => {
                self.add(which, Scope::Member);
            }
            Node::PerMember { slot, below } => self.per_member.entry(*slot).or_default().push(*below),
        }
    }

    /// Answers that stand for all answers to something missing; `None` when they cannot be listed.
    fn answers(&self, missing: Missing, facts: &Facts, scene: &Scene<'_>, as_of: Date) -> Option<Vec<Cell>> {
        match missing {
            Missing::Members => None,
            Missing::FullDate { subject, slot } => match facts.cell(subject, slot) {
                Cell::Date(date) => date.ages_on(as_of).map(|(young, old)| self.births(young, old, as_of)),
                _ => None,
            },
            Missing::Answer { subject, slot } => Some(match *self.domains.get(&(subject.scope(), slot))? {
                Domain::YesOrNo => vec![Cell::Bool(false), Cell::Bool(true)],
                Domain::Choices(count) => (0..count).map(Cell::Code).collect(),
                Domain::Number => self.amounts(subject, slot, scene),
                Domain::Date => self.births(0, OLDEST, as_of),
                Domain::Something => vec![Cell::Present],
            }),
        }
    }

    /// One day of birth for each stretch of ages between two breaks.
    fn births(&self, youngest: i16, oldest: i16, as_of: Date) -> Vec<Cell> {
        let breaks = self.ages.iter().copied().filter(|age| (youngest + 1..=oldest).contains(age));
        let ages = std::iter::once(youngest).chain(breaks);
        // Every month has a 28th, so a birthday on that day or before is a day in every year.
        ages.filter_map(|age| Date::new(as_of.year() - age, as_of.month(), as_of.day().min(28)).ok())
            .map(|born| Cell::Date(crate::date::PartialDate::Day(born)))
            .collect()
    }

    fn amounts(&self, subject: Subject, slot: Slot, scene: &Scene<'_>) -> Vec<Cell> {
        let mut amounts = self.numbers.get(&(subject.scope(), slot)).cloned().unwrap_or_default();
        let (fewest, most) = scene.member_count();
        for limit in self.per_member.get(&slot).filter(|_| subject == Subject::Household).into_iter().flatten() {
            // More members than completions: the list below is then too long to be tried anyway.
            for members in fewest..=most.min(fewest.saturating_add(MOST_COMPLETIONS as u32)) {
                let limit = limit.saturating_mul(i64::from(members));
                amounts.extend([limit.saturating_sub(1), limit]);
            }
        }
        // A number that nothing compares still has to be there.
        amounts.push(0);
        amounts.sort_unstable();
        amounts.dedup();
        amounts.into_iter().map(Cell::Number).collect()
    }
}

/// The classes over all completions of what is missing; `None` when there are too many to try.
pub(crate) fn classes_of_completions(
    rules: &Rules,
    facts: &Facts,
    missing: &[Missing],
    place: &Place,
    as_of: Date,
    mode: &B1Mode,
) -> Option<ClassSet> {
    let scene = Scene::new(rules, facts, as_of);
    let breaks = mode.table().map_or(&rules.breaks, |table| &table.breaks);
    let is_typed = |gap: &Missing| rules.income.as_ref().is_some_and(|rule| rule.is_typed(*gap));
    let mut gaps = Vec::with_capacity(missing.len());
    let mut completions = 1usize;
    for gap in missing.iter().filter(|gap| !is_typed(gap)) {
        let answers = breaks.answers(*gap, facts, &scene, as_of)?;
        completions = completions.checked_mul(answers.len()).filter(|all| (1..=MOST_COMPLETIONS).contains(all))?;
        gaps.push((*gap, answers));
    }
    let mut trial = facts.clone();
    let classes = (0..completions).map(|number| {
        fill(&mut trial, &gaps, number);
        rules.possible_classes(&Scene::new(rules, &trial, as_of), place, mode)
    });
    Some(classes.fold(ClassSet::NONE, ClassSet::union))
}

/// Fills every gap with the answer that the completion of this number gives it, the gaps being the digits of the number.
fn fill(trial: &mut Facts, gaps: &[(Missing, Vec<Cell>)], mut number: usize) {
    for (gap, answers) in gaps {
        if let Some((subject, slot)) = gap.place() {
            trial.set(subject, slot, answers[number % answers.len()]);
        }
        number /= answers.len();
    }
}
