//! Sexes as forms print them.
//!
//! Owns the two codes and their written names. The numbers of other lists are not read: lists disagree about them.

use serde::{Deserialize, Serialize};

use super::names;
use crate::form::Label;

/// Sex, as on the citizen's card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// *Nam.*
    Male,
    /// *Nữ.*
    Female,
}

impl Sex {
    /// Reads a written sex; `None` when the text is empty or anything but a known word.
    pub fn read(text: &str) -> Option<Self> {
        match names::fold(text).as_str() {
            "nam" | "male" => Some(Self::Male),
            "nu" | "female" => Some(Self::Female),
            _ => None,
        }
    }

    /// The stored code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    /// What people see.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::Male => ("Nam", "Male"),
            Self::Female => ("Nữ", "Female"),
        };
        Label { vi: vi.to_owned(), en: en.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_other_words_are_not_guessed() {
        for text in ["1", "2", "0", "", "x", "Nam Nữ"] {
            assert_eq!(Sex::read(text), None, "{text}");
        }
    }

    #[test]
    fn written_sexes_are_read_in_any_case_and_form() {
        for text in ["Nữ", "NỮ", "nu", "Nu\u{31b}\u{303}", "female", "nữ "] {
            assert_eq!(Sex::read(text), Some(Sex::Female), "{text}");
        }
        assert_eq!(Sex::read("Nam"), Some(Sex::Male));
    }

    #[test]
    fn the_stored_code_is_the_code_of_the_json() {
        for sex in [Sex::Male, Sex::Female] {
            assert_eq!(serde_json::to_value(sex).unwrap(), sex.code());
        }
    }
}
