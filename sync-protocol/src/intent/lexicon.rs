//! The dictionary of a form: every question and section by its place in the form's declared order.
//!
//! Both ends compute it from the form they hold. Its fingerprint travels with every message: two ends whose forms differ
//! under one name notice before anything is read.

use std::collections::HashMap;
use std::sync::Arc;

use schemas::form::{Form, Kind, Question, Scope};
use schemas::value::Key;

use crate::coder::{Coder, Context, WORDS_VERSION};
use crate::hash::tagged;
use crate::intent::Unreadable;

/// Version of the layout of intents.
const INTENT_VERSION: u8 = 1;
/// Most forms that one message speaks of.
const MOST_FORMS: u64 = 16;

const FORMS: Context = Context::new(0x401);

/// One form's dictionary.
#[derive(Clone, Debug)]
pub(crate) struct Lexicon {
    pub(crate) form: Arc<Form>,
    questions: [Vec<usize>; 3],
    places: HashMap<(Scope, Key), usize>,
    fingerprint: [u8; 4],
}

/// Two dictionaries of one fingerprint say the same of every question.
impl PartialEq for Lexicon {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Lexicon {}

fn at(scope: Scope) -> usize {
    match scope {
        Scope::Household => 0,
        Scope::Member => 1,
        Scope::Visit => 2,
    }
}

impl Lexicon {
    fn of(form: &Arc<Form>) -> Self {
        let mut questions: [Vec<usize>; 3] = Default::default();
        let mut places = HashMap::new();
        for (index, question) in form.questions().iter().enumerate() {
            let of_scope = &mut questions[at(question.scope)];
            places.insert((question.scope, question.key.clone()), of_scope.len());
            of_scope.push(index);
        }
        Self { form: form.clone(), questions, places, fingerprint: fingerprint(form) }
    }

    /// The place of a question among those of its scope.
    pub(crate) fn place(&self, scope: Scope, key: &Key) -> Option<usize> {
        self.places.get(&(scope, key.clone())).copied()
    }

    /// The question at a place, with a number that no other question of the form has.
    pub(crate) fn question(&self, scope: Scope, place: usize) -> Option<(&Question, u32)> {
        let index = *self.questions[at(scope)].get(place)?;
        Some((self.form.questions().get(index)?, u32::try_from(index).ok()?))
    }

    /// The place of a section of the form.
    pub(crate) fn section_place(&self, key: &Key) -> Option<usize> {
        self.form.sections.iter().position(|section| section.key == *key)
    }

    /// The section at a place.
    pub(crate) fn section(&self, place: usize) -> Option<&Key> {
        self.form.sections.get(place).map(|section| &section.key)
    }
}

pub(crate) fn fingerprint(form: &Form) -> [u8; 4] {
    let mut text = format!("{}\n", form.version.0);
    for section in &form.sections {
        text.push_str(&format!("{}\n", section.key));
    }
    for question in form.questions() {
        text.push_str(&format!("{} {} {}\n", at(question.scope), question.key, kind(&question.kind)));
    }
    let hash = tagged("rasoat lexicon 1", &[&[INTENT_VERSION, WORDS_VERSION], text.as_bytes()]);
    std::array::from_fn(|at| hash[at])
}

/// What of a kind decides how answers are coded.
fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Number { .. } => "number".to_owned(),
        Kind::Text { .. } => "text".to_owned(),
        Kind::Choice { choices } => {
            let codes: Vec<&str> = choices.iter().map(|choice| choice.code.as_str()).collect();
            format!("choice {}", codes.join(" "))
        }
        Kind::Date => "date".to_owned(),
        Kind::CitizenId => "citizen_id".to_owned(),
        Kind::Point => "point".to_owned(),
        Kind::Photo => "photo".to_owned(),
    }
}

/// The dictionaries that one message uses, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lexicons(Vec<Arc<Lexicon>>);

impl Lexicons {
    /// The dictionaries of forms.
    pub(crate) fn of<'a>(forms: impl IntoIterator<Item = &'a Arc<Form>>) -> Self {
        Self(forms.into_iter().map(|form| Arc::new(Lexicon::of(form))).collect())
    }

    /// The number of a form.
    pub(crate) fn number(&self, form: &Form) -> Option<usize> {
        self.0.iter().position(|lexicon| lexicon.form.version == form.version)
    }

    /// The dictionary of a number.
    pub(crate) fn lexicon(&self, number: usize) -> Option<&Arc<Lexicon>> {
        self.0.get(number)
    }

    /// Codes which forms a message uses; a reader picks them among `known`.
    pub(crate) fn code(coder: &mut impl Coder, known: &Self, given: Option<&Self>) -> Result<Self, Unreadable> {
        let count = coder.number(FORMS, given.map_or(0, |given| given.0.len() as u64));
        if count > MOST_FORMS {
            return Err(Unreadable);
        }
        let mut used = Vec::new();
        for at in 0..count as usize {
            let fingerprint = coder.bytes(given.and_then(|given| given.0.get(at)).map(|lexicon| &lexicon.fingerprint));
            let lexicon = known.0.iter().find(|lexicon| lexicon.fingerprint == fingerprint);
            used.push(lexicon.cloned().ok_or(Unreadable)?);
        }
        Ok(Self(used))
    }
}
