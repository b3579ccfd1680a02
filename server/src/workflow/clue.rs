//! Clues to doubles and strays: made from a document, sealed under its household's key, numbers turned into marks.
//!
//! Owns who is looked for and how a number is made comparable. What follows from it is [`super::warning`]'s.

use std::collections::BTreeMap;

use hmac::Mac;
use schemas::codes::citizen_id::{Person, PersonNumber};
use schemas::household::{Answers, Household, STATUS};
use schemas::ids::{MemberId, RoundId};
use schemas::value::Value;

use super::document::Opened;
use super::{Refusal, projection};
use crate::app::App;
use crate::domain::clue::{Clues, KeptClues, NumberMark};
use crate::seal::{HouseholdKey, MasterKey, SealError, Subject, keyed_hash};

/// What is known of a household, from its document.
pub fn clues(household: &Household) -> Clues {
    let is_head = |person: &&Answers| {
        text(person, "relation") == Some("head") && text(person, STATUS).is_none_or(|status| status == "present")
    };
    let name = |member: &MemberId| text(&household.members[member], "full_name").unwrap_or_default().to_owned();
    Clues {
        head_name: projection::head_name(household),
        head_born: household.members.values().find(is_head).and_then(birth_year),
        point: projection::point(household),
        numbered: numbers(household).into_keys().map(|member| (member, name(&member))).collect(),
    }
}

/// The numbers of those who belong to the household, counted or not, or did until they died. Who left and who was listed
/// by mistake may stand elsewhere. What is no number is passed over: the household's own warnings show it.
fn numbers(household: &Household) -> BTreeMap<MemberId, PersonNumber> {
    let belongs = |person: &Answers| !matches!(text(person, STATUS), Some("left" | "mistake"));
    let numbered = household.members.iter().filter(|(_, person)| belongs(person));
    numbered.filter_map(|(member, person)| Some((*member, number(person)?))).collect()
}

fn number(person: &Answers) -> Option<PersonNumber> {
    PersonNumber::read(text(person, "citizen_id")?, Person::of(person)).ok().map(|read| read.number)
}

fn birth_year(person: &Answers) -> Option<i16> {
    Person::of(person).birth_year
}

fn text<'a>(answers: &'a Answers, key: &str) -> Option<&'a str> {
    answers.get(key).and_then(Value::as_text)
}

/// The mark of every number of a household.
pub fn marks(master_key: &MasterKey, household: &Household) -> BTreeMap<MemberId, NumberMark> {
    let secret = master_key.derive("mark of a person's number 1");
    let mark = |number: PersonNumber| {
        // Nine digits of an old card are another number than twelve digits that end alike.
        let kind = match number {
            PersonNumber::Citizen(_) => b"c",
            PersonNumber::Old(_) => b"o",
        };
        let digest = keyed_hash(&secret).chain_update(kind).chain_update(number.digits()).finalize();
        NumberMark(digest.into_bytes().into())
    };
    numbers(household).into_iter().map(|(member, number)| (member, mark(number))).collect()
}

/// The clues of an open document as they are to be stored.
pub fn kept(app: &App, opened: &Opened) -> Result<KeptClues, Refusal> {
    let household = opened.history.current();
    // Texts, numbers and a map with text keys always have a JSON form.
    let plain = serde_json::to_vec(&clues(&household)).unwrap_or_default();
    let subject = Subject::Clues(opened.history.genesis().round.as_str());
    let sealed = opened.key.seal(subject, &plain, &app.chance)?;
    Ok(KeptClues { sealed, marks: marks(&app.master_key, &household) })
}

/// Whether what is stored is what the document says.
pub fn holds(app: &App, opened: &Opened, kept: &KeptClues) -> bool {
    let household = opened.history.current();
    let stored = open(&opened.key, &opened.history.genesis().round, &kept.sealed);
    stored.is_ok_and(|stored| stored == clues(&household)) && kept.marks == marks(&app.master_key, &household)
}

/// Opens what [`kept`] sealed.
pub fn open(key: &HouseholdKey, round: &RoundId, sealed: &[u8]) -> Result<Clues, SealError> {
    let plain = key.open(Subject::Clues(round.as_str()), sealed)?;
    // Genuine bytes that are not what this release writes are of another one: `rasoat rebuild` makes them again.
    serde_json::from_slice(&plain).map_err(|_| SealError::NotGenuine)
}

#[cfg(test)]
mod tests {
    use schemas::ids::HouseholdId;

    use super::*;

    fn person(answers: &[(&str, &str)]) -> Answers {
        answers.iter().map(|(key, value)| (key.parse().unwrap(), Value::from(*value))).collect()
    }

    fn household(people: &[&[(&str, &str)]]) -> Household {
        let members = people.iter().zip(1u8..).map(|(answers, n)| (MemberId([n; 10]), person(answers)));
        Household { members: members.collect(), ..Household::empty(HouseholdId([1; 16])) }
    }

    fn marked(household: &Household) -> BTreeMap<MemberId, NumberMark> {
        marks(&MasterKey::from_bytes([7; 32]), household)
    }

    #[test]
    fn who_left_who_was_a_mistake_and_what_is_no_number_have_no_mark() {
        let number = ("citizen_id", "002085000123");
        let people = household(&[
            &[number, ("status", "left")],
            &[number, ("status", "mistake")],
            &[("citizen_id", "00208500O123")],
            &[("citizen_id", "")],
            &[("full_name", "Lù Seo Sính")],
        ]);
        assert_eq!(marked(&people), BTreeMap::new());
        assert_eq!(clues(&people).numbered, BTreeMap::new());
    }

    #[test]
    fn who_does_not_count_and_who_died_are_still_looked_for() {
        let number = ("citizen_id", "002085000123");
        let people = household(&[&[number, ("residence", "none")], &[number, ("status", "died")], &[number]]);
        let marks: Vec<NumberMark> = marked(&people).into_values().collect();
        assert!(marks.len() == 3 && marks.iter().all(|mark| *mark == marks[0]));
    }

    #[test]
    fn separators_and_lost_zeros_make_no_other_number_but_another_kind_does() {
        let people = household(&[
            &[("citizen_id", "002085000123")],
            &[("citizen_id", " 002 085.000-123")],
            &[("citizen_id", "2085000123"), ("sex", "male"), ("born", "1985")],
            &[("citizen_id", "085000123")],
            &[("citizen_id", "002085000124")],
        ]);
        let marks: Vec<NumberMark> = marked(&people).into_values().collect();
        assert_eq!(marks[..2], [marks[0], marks[0]]);
        assert_eq!(marks[2], marks[0]);
        assert!(marks[3] != marks[0] && marks[4] != marks[0] && marks[3] != marks[4]);
    }

    #[test]
    fn another_server_marks_the_same_number_otherwise() {
        let people = household(&[&[("citizen_id", "002085000123")]]);
        assert_ne!(marked(&people), marks(&MasterKey::from_bytes([8; 32]), &people));
    }
}
