//! A form: its sections and questions, and what a stored answer to each may be.
//!
//! Owns the types and the checks of single answers. Forms are read from the folders of [`crate::standard`]; the rules
//! that use the answers live in [`crate::rules`].

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::rules::Condition;
use crate::value::Key;

mod check;
mod point;

pub use point::{Point, PointError};

/// A text in the two languages, Vietnamese first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// How sure we are of an entry, as in the law sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Read in a law portal, a state portal or an official statement.
    Verified,
    /// Read, but only in a secondary source.
    VerifiedSecondary,
    /// Read in reports on a draft.
    Draft,
    /// From memory, sure.
    RecalledHigh,
    /// From memory, fairly sure.
    RecalledMedium,
    /// From memory, unsure.
    RecalledLow,
    /// Our own wording or choice, where the law says nothing.
    Ours,
    /// Not found: an office's file must say it.
    Unknown,
}

/// Where an entry comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// The article, annex or form, for people: `Nghị định 07/2021/NĐ-CP, Điều 3`.
    pub article: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// A form and its version, as a document names it: `vn-2022-2025/1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FormVersion(pub String);

/// Whether a question is about the household, about each member, or about a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Asked once.
    Household,
    /// Asked of every member.
    Member,
    /// Asked at every visit; visits are entries and never disagree.
    Visit,
}

/// One choice of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub code: String,
    /// What people see.
    #[serde(flatten)]
    pub label: Label,
}

/// What an answer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Yes or no.
    Bool,
    /// A whole number in units of 10^-decimals of `unit`; outside the limits is a warning, not a fault.
    Number {
        /// Lowest usual value.
        min: i64,
        /// Highest usual value.
        max: i64,
        /// How many decimals the stored integer carries.
        #[serde(default)]
        decimals: u8,
        /// For people: `m²`, `người`.
        #[serde(default)]
        unit: String,
    },
    /// Free text, at most so many characters.
    Text {
        /// Characters at most.
        max_length: usize,
    },
    /// One of the choices, stored as its code.
    Choice {
        /// The choices, in the order in which they are shown.
        choices: Vec<Choice>,
    },
    /// A year, a month or a day: `2019`, `2019-05`, `2019-05-31`.
    Date,
    /// Citizen ID (12 digits) or old ID (9 digits).
    CitizenId,
    /// One atomic point: `lat,lon,accuracy in metres,unix seconds,source`, degrees with at most 6 decimals.
    Point,
    /// A photo: the SHA-256 of its bytes, 64 hex digits.
    Photo,
}

/// One question of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Its key in documents.
    pub key: Key,
    /// Whom it is asked about.
    pub scope: Scope,
    /// The section it belongs to; for members and visits only a heading.
    pub section: Key,
    /// What an answer is.
    pub kind: Kind,
    /// What people see.
    pub label: Label,
    /// Printed on the roster or telling who somebody is: a disagreement over it always goes to a person.
    pub roster: bool,
    /// Whether last year's value may be confirmed by a tap instead of being asked again.
    pub carried: bool,
    /// Whom the question concerns; everybody in its scope when absent. Where it does not hold, no answer is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Condition>,
    /// The question read aloud: names of recordings by language (`tay`, `mong`). The recordings are an office's own files.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub audio: BTreeMap<String, String>,
    /// Where the question comes from.
    pub citation: Citation,
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not the kind of value that the question takes: refused.
    WrongType,
    /// Possible but unusual, or badly written: kept, with this warning for people.
    Odd(Label),
}

/// A section of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its key.
    pub key: Key,
    /// What people see.
    pub label: Label,
    /// Only for households that ask for a review themselves: no list of last year had them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub requested: bool,
}

/// A form: sections and questions in the order in which they are asked. Serialised, it is what screens are drawn from.
#[derive(Clone, Debug, Serialize)]
pub struct Form {
    /// Name and version.
    pub version: FormVersion,
    /// Sections in order.
    pub sections: Vec<Section>,
    questions: Vec<Question>,
    #[serde(skip)]
    by_key: HashMap<(Scope, Key), usize>,
}

impl Form {
    /// Makes a form; of two questions with one scope and key, the later is returned as the error.
    pub fn new(version: FormVersion, sections: Vec<Section>, questions: Vec<Question>) -> Result<Self, Box<Question>> {
        let mut by_key = HashMap::with_capacity(questions.len());
        for (at, question) in questions.iter().enumerate() {
            if by_key.insert((question.scope, question.key.clone()), at).is_some() {
                return Err(Box::new(question.clone()));
            }
        }
        Ok(Self { version, sections, questions, by_key })
    }

    /// All questions in the order in which they are asked.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The question under this key; `None` when this version of the form has none.
    pub fn question(&self, scope: Scope, key: &str) -> Option<&Question> {
        let key: Key = key.parse().ok()?;
        self.by_key.get(&(scope, key)).map(|at| &self.questions[*at])
    }
}
