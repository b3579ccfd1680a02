//! Conditions as the files of a standard write them: typed data, never text to be parsed.
//!
//! Owns the shapes only. Names are checked and bound to a form in [`super::bind`]; truth is found in [`super::scene`].

use serde::{Deserialize, Serialize};

use crate::fraction::Fraction;
use crate::value::{Key, Value};

/// Something that holds of a household, of a member, or of a visit.
///
/// A condition about members (`any_member`, `count_members`, `share_of_members`) looks only at those who count by the
/// standard's own rule. A condition on a question that is not relevant to its subject does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Every part holds; of no parts, it holds.
    All(Vec<Condition>),
    /// At least one part holds; of no parts, none does.
    Any(Vec<Condition>),
    /// The part does not hold.
    Not(Box<Condition>),
    /// At least so many of the parts hold.
    AtLeast {
        /// How many.
        number: u32,
        /// The parts.
        of: Vec<Condition>,
    },
    /// The answer is this one: yes or no, a whole number, or the code of a choice.
    Is {
        /// The question.
        question: Key,
        /// Its answer.
        value: Value,
    },
    /// The answer is one of these choices.
    OneOf {
        /// The question, one with choices.
        question: Key,
        /// Codes of its choices.
        codes: Vec<String>,
    },
    /// The number lies between these limits, both included, in the question's smallest unit.
    Number {
        /// The question, one with a number.
        question: Key,
        /// Lowest; none when absent.
        at_least: Option<i64>,
        /// Highest; none when absent.
        at_most: Option<i64>,
    },
    /// The member's age in full years lies in this age band of the standard.
    Age(Key),
    /// The question is relevant and has an answer; before it has one, nobody can say.
    Answered(Key),
    /// At least one member for whom the part holds.
    AnyMember(Box<Condition>),
    /// The number of members for whom the part holds lies between these limits, both included.
    CountMembers {
        /// Which members; all who count when absent.
        #[serde(rename = "where")]
        which: Option<Box<Condition>>,
        /// Lowest; none when absent.
        at_least: Option<u32>,
        /// Highest; none when absent.
        at_most: Option<u32>,
    },
    /// More than this share of the members are such. Nobody is more than any share of nobody.
    ShareOfMembers {
        /// Which members.
        #[serde(rename = "where")]
        which: Box<Condition>,
        /// The share; exactly this share does not satisfy the condition.
        more_than: Fraction,
    },
    /// A number of the household, divided by its members, is below a limit; compared by multiplying, never by dividing.
    PerMember {
        /// The question, one with a number.
        question: Key,
        /// The limit in the question's smallest unit; exactly the limit does not satisfy the condition.
        below: i64,
    },
}
