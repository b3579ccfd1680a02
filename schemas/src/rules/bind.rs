//! Conditions bound to a form: every name checked, every question a slot, every choice a bit.
//!
//! Owns the check of names and kinds. A bound condition cannot name anything that its form does not have.

use std::collections::BTreeMap;

use thiserror::Error;

use super::Condition;
use crate::form::{Form, Kind, Question, Scope};
use crate::standard::StandardHash;
use crate::value::{Key, Value};

/// Ages in full years, from the lower up to but not including the upper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AgeBand {
    /// Youngest age inside.
    pub(crate) from: i16,
    /// Youngest age above; no upper end when absent.
    pub(crate) below: Option<i16>,
}

/// Why a condition does not fit its form.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BindFault {
    /// No question of this scope has the key.
    #[error("no question {0} about one {en} in the form", en = .1.en())]
    UnknownQuestion(Key, Scope),
    /// The question is of another kind than the condition compares.
    #[error("question {question} cannot be compared with {compared}")]
    WrongKind {
        /// Which question.
        question: Key,
        /// What the condition takes it for.
        compared: &'static str,
    },
    /// The question has no such choice.
    #[error("question {0} has no choice {1:?}")]
    UnknownChoice(Key, String),
    /// The standard has no such age band.
    #[error("no age band {0} in the standard")]
    UnknownAgeBand(Key),
    /// Ages and members can be asked about only where there is a member or a household.
    #[error("{condition} cannot stand in a condition about one {en}", en = .scope.en())]
    OutOfPlace {
        /// Which condition.
        condition: &'static str,
        /// Where it stands.
        scope: Scope,
    },
    /// No limit at all, limits the wrong way round, or a limit that nothing can meet.
    #[error("{0}: limits missing or impossible")]
    Limits(&'static str),
    /// Relevance looks at a question that is asked later.
    #[error("relevance looks at {0}, which is not asked before")]
    AsksAhead(Key),
    /// More choices than a bound condition can hold.
    #[error("question {0} has more than {MOST_CHOICES} choices")]
    TooManyChoices(Key),
}

/// Choices a question may have: one bit each.
pub(crate) const MOST_CHOICES: usize = 64;

/// Where the answer to a question lies in a row of facts: questions of one scope in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(crate) u16);

/// A bound condition.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    AtLeast(u32, Box<[Node]>),
    Answer(Slot, Test),
    Age(AgeBand),
    AnyMember(Box<Node>),
    CountMembers { which: Box<Node>, least: u32, most: u32 },
    ShareOfMembers { which: Box<Node>, numerator: i64, denominator: i64 },
    PerMember { slot: Slot, below: i64 },
}

/// What a bound condition wants of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Bool(bool),
    Codes(u64),
    Number { least: i64, most: i64 },
    Answered,
}

impl Node {
    /// Adds the questions that the condition compares, each once, in the order in which it names them.
    pub(crate) fn questions(&self, scope: Scope, out: &mut Vec<(Scope, Slot)>) {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::AtLeast(_, parts) => {
                parts.iter().for_each(|part| part.questions(scope, out));
            }
            Self::Not(part) => part.questions(scope, out),
            Self::AnyMember(which) | Self::CountMembers { which, .. } | Self::ShareOfMembers { which, .. } => {
                which.questions(Scope::Member, out);
            }
            Self::Answer(slot, _) | Self::PerMember { slot, .. } => {
                if !out.contains(&(scope, *slot)) {
                    out.push((scope, *slot));
                }
            }
            Self::Age(_) => {}
        }
    }
}

/// The questions of a form by scope, each scope in the order of its keys, as answers lie in a document.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// What the questions are, so that facts made for another form are told from those made for this one.
    form: StandardHash,
    household: Vec<usize>,
    member: Vec<usize>,
    visit: Vec<usize>,
}

impl Layout {
    pub(crate) fn new(form: &Form) -> Self {
        let of = |scope| {
            let mut places: Vec<usize> =
                (0..form.questions().len()).filter(|at| form.questions()[*at].scope == scope).collect();
            places.sort_by(|left, right| form.questions()[*left].key.cmp(&form.questions()[*right].key));
            places
        };
        let (household, member, visit) = (of(Scope::Household), of(Scope::Member), of(Scope::Visit));
        Self { form: identity(form), household, member, visit }
    }

    /// The identity of the form.
    pub(crate) fn form(&self) -> StandardHash {
        self.form
    }

    /// Places in [`Form::questions`], one for each slot.
    pub(crate) fn places(&self, scope: Scope) -> &[usize] {
        match scope {
            Scope::Household => &self.household,
            Scope::Member => &self.member,
            Scope::Visit => &self.visit,
        }
    }

    pub(crate) fn slot(&self, form: &Form, scope: Scope, key: &Key) -> Option<Slot> {
        let at = self.places(scope).binary_search_by(|place| form.questions()[*place].key.cmp(key)).ok()?;
        u16::try_from(at).ok().map(Slot)
    }
}

fn identity(form: &Form) -> StandardHash {
    let kinds: Vec<String> = form.questions().iter().map(|q| format!("{:?} {:?}", q.scope, q.kind)).collect();
    let parts = form.questions().iter().zip(&kinds).map(|(question, kind)| (question.key.as_str(), kind.as_str()));
    StandardHash::of(&parts.collect::<Vec<_>>())
}

/// Binds conditions to one form, and gathers every fault on the way.
pub(crate) struct Binder<'a> {
    form: &'a Form,
    layout: &'a Layout,
    bands: &'a BTreeMap<Key, AgeBand>,
    /// Only questions before this place may be looked at.
    before: usize,
    faults: Vec<BindFault>,
}

/// Stands in for what could not be bound; never kept, because a condition with faults is thrown away.
const UNBOUND: Node = Node::Age(AgeBand { from: 0, below: None });

impl<'a> Binder<'a> {
    pub(crate) fn new(form: &'a Form, layout: &'a Layout, bands: &'a BTreeMap<Key, AgeBand>) -> Self {
        Self { form, layout, bands, before: usize::MAX, faults: Vec::new() }
    }

    /// Binds a condition, or says everything that is wrong with it.
    pub(crate) fn bind(mut self, condition: &Condition, scope: Scope) -> Result<Node, Vec<BindFault>> {
        let node = self.node(condition, scope);
        if self.faults.is_empty() { Ok(node) } else { Err(self.faults) }
    }

    /// Binds the relevance of the question at a place of the form; it may look only at questions asked before.
    pub(crate) fn bind_relevance(mut self, place: usize) -> Result<Option<Node>, Vec<BindFault>> {
        let question = &self.form.questions()[place];
        self.before = place;
        question.relevant.as_ref().map(|condition| self.bind(condition, question.scope)).transpose()
    }

    fn node(&mut self, condition: &Condition, scope: Scope) -> Node {
        match condition {
            Condition::All(parts) => Node::All(self.nodes(parts, scope)),
            Condition::Any(parts) => Node::Any(self.nodes(parts, scope)),
            Condition::Not(part) => Node::Not(Box::new(self.node(part, scope))),
            Condition::AtLeast { number, of } => {
                self.limits("at_least", (1..=of.len()).contains(&(*number as usize)));
                Node::AtLeast(*number, self.nodes(of, scope))
            }
            Condition::Is { question, value } => self.answer(question, scope, |q| equal(q, value)),
            Condition::OneOf { question, codes } => self.answer(question, scope, |q| one_of(q, codes)),
            Condition::Number { question, at_least, at_most } => self.answer(question, scope, |q| {
                let (least, most) = (at_least.unwrap_or(i64::MIN), at_most.unwrap_or(i64::MAX));
                match at_least.is_some() || at_most.is_some() {
                    true if least <= most => number(q, least, most),
                    _ => Err(BindFault::Limits("number")),
                }
            }),
            Condition::Answered(question) => self.answer(question, scope, |_| Ok(Test::Answered)),
            Condition::Age(band) => self.age(band, scope),
            Condition::AnyMember(which) => Node::AnyMember(self.members("any_member", Some(which), scope)),
            Condition::CountMembers { which, at_least, at_most } => {
                let (least, most) = (at_least.unwrap_or(0), at_most.unwrap_or(u32::MAX));
                self.limits("count_members", (at_least.is_some() || at_most.is_some()) && least <= most);
                Node::CountMembers { which: self.members("count_members", which.as_deref(), scope), least, most }
            }
            Condition::ShareOfMembers { which, more_than } => {
                let bounds = [more_than.numerator(), more_than.denominator()].map(i32::try_from);
                self.limits("share_of_members", bounds.iter().all(Result::is_ok) && *more_than <= 1.into());
                let [numerator, denominator] = bounds.map(|bound| i64::from(bound.unwrap_or(1)));
                let which = self.members("share_of_members", Some(which), scope);
                Node::ShareOfMembers { which, numerator, denominator }
            }
            Condition::PerMember { question, below } => self.per_member(question, *below, scope),
        }
    }

    fn nodes(&mut self, parts: &[Condition], scope: Scope) -> Box<[Node]> {
        parts.iter().map(|part| self.node(part, scope)).collect()
    }

    fn limits(&mut self, condition: &'static str, possible: bool) {
        if !possible {
            self.faults.push(BindFault::Limits(condition));
        }
    }

    fn answer(&mut self, key: &Key, scope: Scope, test: impl Fn(&Question) -> Result<Test, BindFault>) -> Node {
        let Some((slot, question)) = self.question(key, scope) else { return UNBOUND };
        match test(question) {
            Ok(test) => Node::Answer(slot, test),
            Err(fault) => {
                self.faults.push(fault);
                UNBOUND
            }
        }
    }

    fn question(&mut self, key: &Key, scope: Scope) -> Option<(Slot, &'a Question)> {
        let form = self.form;
        let Some(slot) = self.layout.slot(form, scope, key) else {
            self.faults.push(BindFault::UnknownQuestion(key.clone(), scope));
            return None;
        };
        let place = self.layout.places(scope)[usize::from(slot.0)];
        if place >= self.before {
            self.faults.push(BindFault::AsksAhead(key.clone()));
        }
        Some((slot, &form.questions()[place]))
    }

    fn age(&mut self, band: &Key, scope: Scope) -> Node {
        if scope != Scope::Member {
            self.faults.push(BindFault::OutOfPlace { condition: "age", scope });
        }
        match self.bands.get(band) {
            Some(band) => Node::Age(*band),
            None => {
                self.faults.push(BindFault::UnknownAgeBand(band.clone()));
                UNBOUND
            }
        }
    }

    fn members(&mut self, condition: &'static str, which: Option<&Condition>, scope: Scope) -> Box<Node> {
        if scope != Scope::Household {
            self.faults.push(BindFault::OutOfPlace { condition, scope });
        }
        Box::new(which.map_or_else(|| Node::All(Box::new([])), |which| self.node(which, Scope::Member)))
    }

    fn per_member(&mut self, key: &Key, below: i64, scope: Scope) -> Node {
        if scope != Scope::Household {
            self.faults.push(BindFault::OutOfPlace { condition: "per_member", scope });
        }
        self.limits("per_member", below > 0);
        match self.answer(key, scope, |q| number(q, i64::MIN, i64::MAX)) {
            Node::Answer(slot, _) => Node::PerMember { slot, below },
            other => other,
        }
    }
}

fn equal(question: &Question, value: &Value) -> Result<Test, BindFault> {
    match (&question.kind, value) {
        (Kind::Bool, Value::Bool(value)) => Ok(Test::Bool(*value)),
        (Kind::Number { .. }, Value::Int(value)) => number(question, *value, *value),
        (Kind::Choice { .. }, Value::Text(code)) => one_of(question, std::slice::from_ref(code)),
        (_, Value::Bool(_)) => Err(wrong_kind(question, "yes or no")),
        (_, Value::Int(_)) => Err(wrong_kind(question, "a number")),
        (_, Value::Text(_)) => Err(wrong_kind(question, "a choice")),
    }
}

fn number(question: &Question, least: i64, most: i64) -> Result<Test, BindFault> {
    match question.kind {
        Kind::Number { .. } => Ok(Test::Number { least, most }),
        _ => Err(wrong_kind(question, "a number")),
    }
}

fn one_of(question: &Question, codes: &[String]) -> Result<Test, BindFault> {
    let Kind::Choice { choices } = &question.kind else {
        return Err(wrong_kind(question, "a choice"));
    };
    let bits = codes.iter().try_fold(0u64, |bits, code| {
        let at = choices.iter().position(|choice| choice.code == *code);
        let at = at.ok_or_else(|| BindFault::UnknownChoice(question.key.clone(), code.clone()))?;
        match at < MOST_CHOICES {
            true => Ok(bits | 1 << at),
            false => Err(BindFault::TooManyChoices(question.key.clone())),
        }
    })?;
    Ok(Test::Codes(bits))
}

fn wrong_kind(question: &Question, compared: &'static str) -> BindFault {
    BindFault::WrongKind { question: question.key.clone(), compared }
}
