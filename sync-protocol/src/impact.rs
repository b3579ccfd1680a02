//! What the open disagreements of a household can change: every household that they leave possible.
//!
//! Owns the combinations. What class each has is asked of the rules, under every standard of the round, and never stored
//! as settled.

use schemas::household::{Household, STATUS, SectionKey};

use crate::disagreement::{Disagreement, status_key};
use crate::history::{History, SectionValue};

/// Most combinations that are looked at; past it the answer is "may change".
pub const MAX_COMBINATIONS: usize = 64;

/// The households that open disagreements leave possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Possible {
    /// Nothing is open: there is one household.
    One(Box<Household>),
    /// One for each way to settle everything by taking sides, and the merged one first.
    Each(Vec<Household>),
    /// Too many to look at.
    TooMany,
}

/// Every household that taking one side of each disagreement would leave.
pub fn possible(history: &History, open: &[Disagreement]) -> Possible {
    let merged = history.current();
    if open.is_empty() {
        return Possible::One(Box::new(merged));
    }
    match combinations(history, open, merged.clone()) {
        Some(mut combinations) => {
            combinations.insert(0, merged);
            Possible::Each(combinations)
        }
        None => Possible::TooMany,
    }
}

/// The same when one side of one disagreement holds, by their places.
pub fn possible_if(history: &History, open: &[Disagreement], (at, side): (usize, usize)) -> Possible {
    let mut settled = open.to_vec();
    settled[at].sides = vec![settled[at].sides[side].clone()];
    match combinations(history, &settled, history.current()) {
        Some(combinations) => Possible::Each(combinations),
        None => Possible::TooMany,
    }
}

/// One household for each way to take sides; `None` where these are too many.
fn combinations(history: &History, open: &[Disagreement], merged: Household) -> Option<Vec<Household>> {
    let count = open.iter().try_fold(1usize, |count, disagreement| count.checked_mul(disagreement.sides.len()));
    if count.is_none_or(|count| count > MAX_COMBINATIONS) {
        return None;
    }
    let mut combinations = vec![merged];
    for disagreement in in_order(open) {
        combinations = combinations
            .iter()
            .flat_map(|household| disagreement.sides.iter().map(move |side| (household, side)))
            .map(|(household, side)| with_side(history, household, &disagreement.section, &side.value))
            .collect();
    }
    Some(combinations)
}

/// Members' own sections first: who belongs to the household has the last word on a member's standing.
fn in_order(open: &[Disagreement]) -> impl Iterator<Item = &Disagreement> {
    let (last, first): (Vec<_>, Vec<_>) = open.iter().partition(|d| d.section == SectionKey::Membership);
    first.into_iter().chain(last)
}

fn with_side(history: &History, household: &Household, section: &SectionKey, value: &SectionValue) -> Household {
    let mut household = household.clone();
    match (section, value) {
        (SectionKey::Form(_), SectionValue::Answers(answers)) => {
            let here = history.section(section, &history.whole());
            if let SectionValue::Answers(current) = here {
                current.keys().for_each(|key| drop(household.answers.remove(key)));
            }
            household.answers.extend(answers.clone());
        }
        (SectionKey::Member(member), SectionValue::Answers(answers)) => {
            household.members.insert(*member, answers.clone());
        }
        (SectionKey::Membership, SectionValue::Membership(members)) => {
            household.members.retain(|member, _| members.contains_key(member));
            for (member, status) in members {
                let answers = household.members.entry(*member).or_default();
                match status {
                    Some(status) => answers.insert(status_key(), status.clone()),
                    None => answers.remove(STATUS),
                };
            }
        }
        (SectionKey::Membership, SectionValue::Answers(_))
        | (SectionKey::Form(_) | SectionKey::Member(_), SectionValue::Membership(_)) => {}
    }
    household
}
