//! What looks odd in a household: it was kept, and people are told.
//!
//! One place for the office's list and for the phone. Owns which answers are looked at; what is odd about one answer is its
//! question's business, what a number says of a person is [`crate::codes::citizen_id`]'s.

use serde::Serialize;

use crate::codes::citizen_id::{Person, PersonNumber};
use crate::form::{Fault, Form, Label, Scope};
use crate::household::{Answers, Household};
use crate::value::Value;

/// The answers of a member that are held against each other: the number, and what it says of the person.
pub const NUMBER_AND_PERSON: [&str; 3] = [NUMBER, "sex", "born"];

const NUMBER: &str = "citizen_id";

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// Where: `answers/wall`, `members/0123456789abcdef/citizen_id`.
    pub path: String,
    /// What, in words.
    #[serde(flatten)]
    pub text: Label,
}

/// Everything odd in a household, in the order of its answers, then of its members.
pub fn doubts(household: &Household, form: &Form) -> Vec<Doubt> {
    let mut doubts = odd_answers(form, Scope::Household, &household.answers, "answers");
    for (member, answers) in &household.members {
        let path = format!("members/{member}");
        doubts.extend(odd_answers(form, Scope::Member, answers, &path));
        doubts.extend(of_number(answers).into_iter().map(|text| Doubt { path: format!("{path}/{NUMBER}"), text }));
    }
    doubts
}

/// How a member's citizen ID contradicts sex or year of birth. An old ID says nothing of the person and what is no number
/// is odd by itself, so neither is doubted here.
pub fn of_number(member: &Answers) -> Vec<Label> {
    let person = Person::of(member);
    let read = member.get(NUMBER).and_then(Value::as_text).and_then(|text| PersonNumber::read(text, person).ok());
    match read.map(|read| read.number) {
        Some(PersonNumber::Citizen(id)) => id.warnings(person).into_iter().map(|remark| remark.text).collect(),
        Some(PersonNumber::Old(_)) | None => Vec::new(),
    }
}

fn odd_answers(form: &Form, scope: Scope, answers: &Answers, path: &str) -> Vec<Doubt> {
    let odd = answers.iter().filter_map(|(key, value)| match form.question(scope, key.as_str())?.check(value) {
        Err(Fault::Odd(text)) => Some(Doubt { path: format!("{path}/{key}"), text }),
        Err(Fault::WrongType) | Ok(()) => None,
    });
    odd.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{HouseholdId, MemberId};

    fn member(answers: &[(&str, &str)]) -> Answers {
        answers.iter().map(|(key, value)| (key.parse().unwrap(), (*value).into())).collect()
    }

    #[test]
    fn a_number_that_contradicts_sex_or_year_of_birth_is_doubted() {
        let person = member(&[("citizen_id", "002071000090"), ("sex", "female"), ("born", "2016-03-01")]);
        let texts: Vec<String> = of_number(&person).into_iter().map(|text| text.vi).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("giới tính") && texts[1].contains("1971"), "{texts:?}");
    }

    #[test]
    fn an_old_number_a_broken_one_and_one_that_fits_are_not_doubted() {
        for number in ["071000090", "00207100009O", "002071000090", "002 071 000 090"] {
            let person = member(&[("citizen_id", number), ("sex", "male"), ("born", "1971")]);
            assert_eq!(of_number(&person), [], "{number}");
        }
        assert_eq!(of_number(&member(&[("citizen_id", "002071000090")])), [], "nothing to hold it against");
        assert_eq!(of_number(&member(&[("sex", "male")])), []);
    }

    #[test]
    fn a_household_says_where_each_doubt_stands() {
        let standard = crate::standard::shipped::load("vn-2022-2025").unwrap();
        let mut household = Household::empty(HouseholdId([1; 16]));
        household.answers = member(&[("wall", "bamboo")]);
        let who = MemberId([2; 10]);
        household.members.insert(who, member(&[("citizen_id", "002071000090"), ("sex", "female"), ("born", "soon")]));
        let paths: Vec<String> = doubts(&household, standard.form()).into_iter().map(|doubt| doubt.path).collect();
        let of_member = |key: &str| format!("members/{who}/{key}");
        assert_eq!(paths, ["answers/wall".to_owned(), of_member("born"), of_member("citizen_id")]);
    }
}
