//! What a section asks of somebody: which questions concern them, with answers that are typed and not saved yet, and how
//! far each section is.
//!
//! Owns what a screen is drawn from beside the form. Which questions concern whom is [`super::sheet`]'s; what a value may be
//! is [`super::check`]'s.

use std::collections::{BTreeMap, BTreeSet};

use schemas::form::{Label, Question};
use schemas::household::Household;
use schemas::ids::{HouseholdId, MemberId, VisitId};
use schemas::rules::{Screening, Truth};
use schemas::standard::Standard;
use schemas::standards::Standards;
use schemas::value::{Key, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::FieldFault;
use super::check::{self, Wrong};
use super::sheet::{Sheet, answers, scope};
use super::survey::{Surveys, Terms};
use crate::device::{Device, View};
use crate::history::History;

/// Whom a section is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "id", rename_all = "snake_case")]
pub enum About {
    /// The household.
    Household,
    /// One of its members.
    Member(MemberId),
    /// One visit.
    Visit(VisitId),
}

/// A question as it stands for a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskedView {
    /// Its key; the form has everything else.
    pub key: Key,
    /// The answer: what is typed, where something is, else what the document says.
    pub value: Option<Value>,
    /// Whether it concerns the subject.
    pub relevance: Relevance,
    /// Kept, but unusual: how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odd: Option<Label>,
    /// Cannot be saved: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<Label>,
    /// Where the value stands as last year's list had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<LastYear>,
}

/// What became of values that last year's list had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LastYear {
    /// Nobody has looked at them in this round.
    ToConfirm,
    /// Somebody found at a visit that they still hold.
    Confirmed,
}

/// Whether a question concerns somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relevance {
    /// It does.
    Yes,
    /// It does not: nothing is missing there.
    No,
    /// The answers before it do not say yet.
    Unknown,
}

impl From<Truth> for Relevance {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::Yes,
            Truth::False => Self::No,
            Truth::Unknown => Self::Unknown,
        }
    }
}

/// How far the sections of a subject are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outline {
    /// Whose.
    pub subject: About,
    /// A member's name, where it was said.
    pub name: Option<String>,
    /// Those that ask something of the subject, in the form's order.
    pub sections: Vec<SectionOutline>,
    /// Of the household: what became of the members that last year's list had; absent where it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<LastYear>,
}

/// How far one section is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectionOutline {
    /// Which.
    pub section: Key,
    /// Questions of `asked` that have an answer.
    pub answered: u32,
    /// Questions that concern the subject, as far as that is known.
    pub asked: u32,
    /// Of what the class rests on, how much is missing here.
    pub lacks: u32,
    /// What became of the values in it that last year's list had; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<LastYear>,
}

/// What is typed, laid over what the document says. Returns what is wrong and what is odd, by key.
fn lay_over(
    household: &mut Household,
    standard: &Standard,
    about: About,
    typed: BTreeMap<Key, Json>,
) -> BTreeMap<Key, Result<Label, Wrong>> {
    let mut notes = BTreeMap::new();
    let answers = match about {
        About::Household => Some(&mut household.answers),
        About::Member(id) => household.members.get_mut(&id),
        About::Visit(id) => household.visits.get_mut(&id),
    };
    let Some(answers) = answers else { return notes };
    for (key, json) in typed {
        match check::answer(standard.form(), scope(about), &key, &json) {
            Ok(check::Checked { value, odd }) => {
                match value {
                    Some(value) => answers.insert(key.clone(), value),
                    None => answers.remove(&key),
                };
                notes.extend(odd.map(|odd| (key, Ok(odd))));
            }
            Err(wrong) => {
                notes.insert(key, Err(wrong));
            }
        }
    }
    notes
}

impl Device {
    /// A household as it is with own work, the standard that asks its form, and the terms of its village and round.
    fn read_by<'s>(
        &self,
        household: &HouseholdId,
        standards: &'s Standards,
        surveys: &Surveys,
    ) -> Result<(&'s Standard, History, Terms), FieldFault> {
        let missing = || FieldFault::NoHousehold(*household);
        let history = self.history(household, View::Mine).ok_or_else(missing)?;
        let scope = self.document_scope(household).ok_or_else(missing)?;
        let standard = standards.asking(&history.genesis().form).ok_or_else(missing)?;
        Ok((standard, history, surveys.terms(&scope)))
    }

    /// What a section asks of somebody, with what is typed and not saved yet.
    pub fn asked(
        &self,
        household: &HouseholdId,
        (section, about): (&Key, About),
        typed: BTreeMap<Key, Json>,
        standards: &Standards,
        surveys: &Surveys,
    ) -> Result<Vec<AskedView>, FieldFault> {
        let (standard, history, terms) = self.read_by(household, standards, surveys)?;
        let mut laid = history.current();
        let is_typed: BTreeSet<Key> = typed.keys().cloned().collect();
        let notes = lay_over(&mut laid, standard, about, typed);
        let sheet = Sheet::new(standard, history, laid, terms);
        let said = answers(&sheet.household, about);
        let view = |question: &Question| {
            let note = notes.get(&question.key);
            AskedView {
                key: question.key.clone(),
                value: said.and_then(|answers| answers.get(&question.key)).cloned(),
                relevance: sheet.relevance(about, question),
                odd: note.and_then(|note| note.as_ref().ok()).cloned(),
                wrong: note.and_then(|note| note.as_ref().err()).map(Wrong::label),
                last_year: sheet.last_year(about, question).filter(|_| !is_typed.contains(&question.key)),
            }
        };
        Ok(sheet.questions(scope(about)).filter(|question| question.section == *section).map(view).collect())
    }

    /// What form A says of a household that asks for a review itself: `review`, `no_review`, `undetermined`; `None` where it
    /// is not asked.
    pub fn screening(
        &self,
        household: &HouseholdId,
        standards: &Standards,
        surveys: &Surveys,
    ) -> Result<Option<&'static str>, FieldFault> {
        let (standard, history, terms) = self.read_by(household, standards, surveys)?;
        let current = history.current();
        let screening = Sheet::new(standard, history, current, terms).screening();
        Ok(screening.map(|screening| match screening {
            Screening::Review => "review",
            Screening::NoReview => "no_review",
            Screening::Undetermined(_) => "undetermined",
        }))
    }

    /// How far the household is: its own sections, then those of each member, the head first and then the oldest.
    pub fn outline(
        &self,
        household: &HouseholdId,
        standards: &Standards,
        surveys: &Surveys,
    ) -> Result<Vec<Outline>, FieldFault> {
        let (standard, history, terms) = self.read_by(household, standards, surveys)?;
        let current = history.current();
        let sheet = Sheet::new(standard, history, current, terms);
        let missing = sheet.missing();
        let subjects = std::iter::once(About::Household).chain(sheet.members().into_iter().map(About::Member));
        Ok(subjects.map(|about| sheet.outline(about, &missing)).collect())
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use jiff::civil::Date;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use schemas::ids::{AccountId, UnitId};
    use serde_json::json;

    use super::super::said;
    use super::*;
    use crate::device::{Clocks, Identity, Record};
    use crate::hash::PublicKey;
    use crate::journal;

    /// Nothing was told of the village; ages are counted to the first of October.
    fn surveys() -> Surveys {
        Surveys::unknown(Date::constant(2026, 10, 1))
    }

    /// A phone with one household: a head without a date of birth, and a visit.
    struct Told {
        device: Device,
        standards: Standards,
        household: HouseholdId,
    }

    impl Told {
        fn new() -> Self {
            let standards = Standards::shipped().unwrap();
            let form = standards.current_form().and_then(|version| standards.form(version)).unwrap().clone();
            let identity =
                Identity { key: SigningKey::from_bytes(&[1; 32]), account: AccountId(5), server: PublicKey([2; 32]) };
            let mut device = Device::new(identity, vec![form]);
            let scope = journal::Scope { village: UnitId(7), round: "2026-dinh-ky".parse().unwrap() };
            device.apply(&Record::Assigned(vec![scope]));
            let whole = json!({
                "answers": { "wall": "durable" },
                "members": [{ "full_name": "Lý Thị Mai", "relation": "head", "status": "present" }],
                "visits": { "+today": { "visited_on": "2026-10-01" } },
            });
            let clocks = Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 1 };
            let whole = said::households(whole).remove(0);
            let saved = device.found_household(1, whole, clocks, &mut StdRng::seed_from_u64(1));
            assert!(saved.committed.faults.is_empty());
            let household = *device.households().next().unwrap().0;
            Self { device, standards, household }
        }

        fn now(&self) -> Household {
            self.device.household(&self.household, View::Mine).unwrap()
        }

        fn member(&self) -> About {
            About::Member(*self.now().members.keys().next().unwrap())
        }

        fn asked(&self, section: &str, about: About, typed: Json) -> Vec<AskedView> {
            let typed = serde_json::from_value(typed).unwrap();
            let section = (&section.parse().unwrap(), about);
            self.device.asked(&self.household, section, typed, &self.standards, &surveys()).unwrap()
        }

        fn relevance(&self, section: &str, about: About, typed: Json, key: &str) -> Relevance {
            let asked = self.asked(section, about, typed);
            asked.into_iter().find(|one| one.key.as_str() == key).unwrap().relevance
        }
    }

    #[test]
    fn what_cannot_be_saved_is_named_and_what_is_odd_is_kept_with_a_warning() {
        let told = Told::new();
        let asked = told.asked("housing", About::Household, json!({ "floor_area": 3, "wall": true, "roof": null }));
        let by_key = |key: &str| asked.iter().find(|one| one.key.as_str() == key).unwrap();
        assert_eq!((by_key("floor_area").value.clone(), by_key("floor_area").odd.is_some()), (Some(3.into()), true));
        let wall = by_key("wall");
        assert_eq!((wall.value.clone(), wall.wrong.is_some()), (Some("durable".into()), true), "as it was");
        assert_eq!(by_key("roof").value, None);
        assert!(asked.iter().all(|one| one.relevance == Relevance::Yes));
    }

    #[test]
    fn a_question_comes_and_goes_with_what_is_typed_before_it() {
        let told = Told::new();
        let visit = About::Visit(*told.now().visits.keys().next().unwrap());
        let respondent = |typed| told.relevance("visit", visit, typed, "respondent");
        assert_eq!(respondent(json!({})), Relevance::Unknown);
        assert_eq!(respondent(json!({ "outcome": "met" })), Relevance::Yes);
        assert_eq!(respondent(json!({ "outcome": "refused" })), Relevance::No);
        let work = |typed| told.relevance("member_work", told.member(), typed, "employment");
        assert_eq!(work(json!({ "born": "1990" })), Relevance::Yes);
        assert_eq!(work(json!({ "born": "2020-05-01" })), Relevance::No);
    }

    #[test]
    fn an_outline_counts_what_concerns_somebody() {
        let told = Told::new();
        let outline = told.device.outline(&told.household, &told.standards, &surveys()).unwrap();
        let [own, mai] = outline.as_slice() else { panic!("the household and its member") };
        assert_eq!((own.subject, own.name.as_deref()), (About::Household, None));
        let housing = own.sections.iter().find(|one| one.section.as_str() == "housing").unwrap();
        assert_eq!((housing.answered, housing.asked), (1, 4));
        assert_eq!((mai.subject, mai.name.as_deref()), (told.member(), Some("Lý Thị Mai")));
        let who = mai.sections.iter().find(|one| one.section.as_str() == "member_identity").unwrap();
        assert_eq!((who.answered, who.asked), (2, 7));
        assert!(mai.sections.iter().all(|one| one.section.as_str() != "visit"));
    }

    #[test]
    fn nobody_of_that_name_is_asked_nothing_new() {
        let told = Told::new();
        let nobody = About::Member("0000000000000001".parse().unwrap());
        let asked = told.asked("member_work", nobody, json!({ "born": "1990" }));
        assert!(asked.iter().all(|one| one.value.is_none()));
    }
}
