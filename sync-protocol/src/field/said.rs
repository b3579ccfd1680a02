//! What somebody says of households, as JSON: whole households, or edits by path. The format of files that a phone reads, and
//! of what a screen saves. Owns the format; what a value may be is [`super::check`]'s, how values become changes
//! [`super::sections`]'.
//!
//! # Households (`new`; what `export` writes)
//!
//! One household, a list of them, or `{"households": [...]}`:
//!
//! ```json
#![doc = include_str!("said/new.json")]
//! ```
//!
//! Everything may be left out. Without `village` and `round` the only one that the phone holds is meant; without
//! `household` an id is minted. `members` and `visits` are lists, or objects by id or by a name of the file's own that
//! begins with `+`; `notes` is a list, or an object by id. A household with a faulty value is held up as a whole: half a
//! household is nobody's answer.
//!
//! # Edits (`edit`, `settle --set`)
//!
//! A list of `[household, path, value]`:
//!
//! ```json
#![doc = include_str!("said/edit.json")]
//! ```
//!
//! `null` takes an answer back. One `+NAME` is one new member (or visit) of its household throughout a file. A faulty edit
//! is held up alone.
//!
//! # Values
//!
//! As they stand in documents: `true` and `false`, whole numbers in the unit that the question declares (`405` for 40,5 m²
//! where it has one decimal), texts and codes. Texts are composed (NFC) on the way in.

use schemas::household::SectionKey;
use schemas::ids::{HouseholdId, MemberId, RoundId, UnitId, VisitId};
use schemas::value::Key;
use serde_json::{Map, Value as Json};

use super::check::Wrong;

/// Somebody, or some visit, that a file speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named<Id> {
    /// By id.
    Id(Id),
    /// By a name of the file's own; minted when it is first met.
    New(String),
}

/// Where a value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Answer(Key),
    /// Somebody, without a question: only listed.
    Member(Named<MemberId>, Option<Key>),
    /// A visit, without a question: only opened.
    Visit(Named<VisitId>, Option<Key>),
    Note,
    Confirmed(SectionKey),
}

/// One value at one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub(super) path: String,
    pub(super) place: Result<Place, Wrong>,
    pub(super) value: Json,
}

/// One household of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Whole {
    pub(super) household: Option<HouseholdId>,
    pub(super) village: Option<UnitId>,
    pub(super) round: Option<RoundId>,
    pub(super) said: Vec<Said>,
    /// Fields that cannot be read, by path.
    pub(super) faults: Vec<(String, Wrong)>,
}

/// One edit of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    pub(super) household: HouseholdId,
    pub(super) said: Said,
}

/// The households of a file, in order; one that is no object is an item with nothing but its fault.
pub fn households(json: Json) -> Vec<Whole> {
    let list = match json {
        Json::Array(list) => list,
        Json::Object(mut object) if object.contains_key("households") => match object.remove("households") {
            Some(Json::Array(list)) => list,
            other => other.into_iter().collect(),
        },
        one => vec![one],
    };
    list.into_iter().map(whole).collect()
}

/// The edits of a file, in order; each that cannot be read with its path as far as there is one.
pub fn edits(json: Json) -> Vec<Result<Edit, (String, Wrong)>> {
    match json {
        Json::Array(list) => list.into_iter().map(edit).collect(),
        _ => vec![Err((String::new(), Wrong::Shape("[[household, path, value], …]")))],
    }
}

fn edit(json: Json) -> Result<Edit, (String, Wrong)> {
    let shape = || (String::new(), Wrong::Shape("[household, path, value]"));
    let Json::Array(parts) = json else { return Err(shape()) };
    let [household, path, value] = <[Json; 3]>::try_from(parts).map_err(|_| shape())?;
    let (Json::String(household), Json::String(path)) = (household, path) else { return Err(shape()) };
    let household = household.parse().map_err(|error| (path.clone(), Wrong::Id(error)))?;
    Ok(Edit { household, said: Said { place: place(&path), path, value } })
}

fn place(path: &str) -> Result<Place, Wrong> {
    let (head, rest) = path.split_once('/').ok_or(Wrong::Path)?;
    match head {
        "answers" => Ok(Place::Answer(rest.parse().map_err(Wrong::Id)?)),
        "members" => {
            let (member, key) = rest.split_once('/').ok_or(Wrong::Path)?;
            Ok(Place::Member(named(member)?, Some(key.parse().map_err(Wrong::Id)?)))
        }
        "visits" => {
            let (visit, key) = rest.split_once('/').ok_or(Wrong::Path)?;
            Ok(Place::Visit(named(visit)?, Some(key.parse().map_err(Wrong::Id)?)))
        }
        "notes" if rest == "+" => Ok(Place::Note),
        "confirmed" => Ok(Place::Confirmed(rest.parse().map_err(Wrong::Id)?)),
        _ => Err(Wrong::Path),
    }
}

/// An id, or a name of the file's own after a plus.
pub(super) fn named<Id: std::str::FromStr<Err = schemas::ids::IdError>>(text: &str) -> Result<Named<Id>, Wrong> {
    match text.strip_prefix('+') {
        Some("") => Err(Wrong::Path),
        Some(name) => Ok(Named::New(name.to_owned())),
        None => text.parse().map(Named::Id).map_err(Wrong::Id),
    }
}

fn whole(json: Json) -> Whole {
    let mut whole = Whole::default();
    let Json::Object(fields) = json else {
        whole.faults.push((String::new(), Wrong::Shape("{\"answers\": {…}, \"members\": […], …}")));
        return whole;
    };
    for (field, value) in fields {
        if let Err(wrong) = whole.field(&field, value) {
            whole.faults.push((field, wrong));
        }
    }
    whole
}

impl Whole {
    fn field(&mut self, field: &str, value: Json) -> Result<(), Wrong> {
        match field {
            "household" => self.household = Some(text(&value)?.parse().map_err(Wrong::Id)?),
            "village" => self.village = Some(UnitId(value.as_u64().ok_or(Wrong::Shape("\"village\": 7"))?)),
            "round" => self.round = Some(text(&value)?.parse().map_err(Wrong::Id)?),
            "answers" => {
                for (key, value) in object(value)? {
                    let place = key.parse().map(Place::Answer).map_err(Wrong::Id);
                    self.said.push(Said { path: format!("answers/{key}"), place, value });
                }
            }
            "members" => self.entries("members", value, Place::Member)?,
            "visits" => self.entries("visits", value, Place::Visit)?,
            "notes" => {
                for (name, value) in by_name(value)? {
                    self.said.push(Said { path: format!("notes/{name}"), place: Ok(Place::Note), value });
                }
            }
            "confirmed" => {
                for (section, value) in object(value)? {
                    let place = section.parse().map(Place::Confirmed).map_err(Wrong::Id);
                    self.said.push(Said { path: format!("confirmed/{section}"), place, value });
                }
            }
            _ => return Err(Wrong::Field),
        }
        Ok(())
    }

    /// Members or visits: each is listed first, then each of its answers.
    fn entries<Id>(&mut self, field: &str, value: Json, at: fn(Named<Id>, Option<Key>) -> Place) -> Result<(), Wrong>
    where
        Id: Copy + std::str::FromStr<Err = schemas::ids::IdError>,
        Named<Id>: Clone,
    {
        for (name, answers) in by_name(value)? {
            let path = format!("{field}/{name}");
            let who: Result<Named<Id>, Wrong> = named(&name);
            let place = who.clone().map(|who| at(who, None));
            self.said.push(Said { path: path.clone(), place, value: Json::Null });
            for (key, value) in object(answers)? {
                let key_of = key.parse().map_err(Wrong::Id);
                let place = who.clone().and_then(|who| Ok(at(who, Some(key_of?))));
                self.said.push(Said { path: format!("{path}/{key}"), place, value });
            }
        }
        Ok(())
    }
}

/// The entries of an object, or of a list under the names `+1`, `+2` and so on.
fn by_name(json: Json) -> Result<Vec<(String, Json)>, Wrong> {
    match json {
        Json::Object(entries) => Ok(entries.into_iter().collect()),
        Json::Array(list) => Ok(list.into_iter().zip(1..).map(|(value, n)| (format!("+{n}"), value)).collect()),
        _ => Err(Wrong::Shape("{…} / […]")),
    }
}

fn object(json: Json) -> Result<Map<String, Json>, Wrong> {
    match json {
        Json::Object(entries) => Ok(entries),
        _ => Err(Wrong::Shape("{…}")),
    }
}

fn text(json: &Json) -> Result<&str, Wrong> {
    json.as_str().ok_or(Wrong::Shape("\"…\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        let short = "0123456789abcde";
        for path in ["", "answers", "answers/", "answers/Wall", "members/+x", "members/+/sex", "notes/1", "settled/x"] {
            assert!(place(path).is_err(), "{path}");
        }
        assert!(matches!(place(&format!("members/{short}/sex")), Err(Wrong::Id(_))));
    }

    #[test]
    fn an_edit_of_another_shape_is_a_fault_of_its_own_and_the_others_are_read() {
        let household = HouseholdId([1; 16]).to_string();
        let read =
            edits(json!([["x", "answers/wall", 1], [household, "answers/wall"], [household, "answers/wall", 1]]));
        assert!(matches!(&read[0], Err((path, Wrong::Id(_))) if path == "answers/wall"));
        assert!(matches!(&read[1], Err((_, Wrong::Shape(_)))));
        assert!(read[2].is_ok());
        assert!(matches!(&edits(json!({}))[..], [Err((_, Wrong::Shape(_)))]));
    }

    #[test]
    fn a_household_names_every_field_that_cannot_be_read() {
        let [whole] = &households(json!({ "vilage": 7, "village": "7", "members": 3 }))[..] else { panic!("one") };
        let fields: Vec<&str> = whole.faults.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["members", "vilage", "village"]);
    }

    #[test]
    fn the_examples_of_the_help_are_read_without_a_fault() {
        let [whole] = &households(serde_json::from_str(include_str!("said/new.json")).unwrap())[..] else {
            panic!("one household")
        };
        assert_eq!(whole.faults, []);
        assert!(whole.said.len() > 8 && whole.said.iter().all(|said| said.place.is_ok()), "{whole:?}");
        let edits = edits(serde_json::from_str(include_str!("said/edit.json")).unwrap());
        assert_eq!(edits.len(), 6);
        assert!(edits.iter().all(|edit| edit.as_ref().is_ok_and(|edit| edit.said.place.is_ok())), "{edits:?}");
    }

    #[test]
    fn lists_and_objects_of_members_are_read_alike() {
        let list = households(json!([{ "members": [{ "sex": "female" }] }]));
        let object = households(json!({ "households": [{ "members": { "+1": { "sex": "female" } } }] }));
        assert_eq!(list, object);
        let places: Vec<&str> = list[0].said.iter().map(|said| said.path.as_str()).collect();
        assert_eq!(places, ["members/+1", "members/+1/sex"]);
    }
}
