//! Classes as lists write them in the column *Phân loại hộ*.
//!
//! Owns the writings (`data/listed_classes.csv`). The class of a household is found by the rules; this only reads what an
//! earlier list says.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::table::{self, NameTable};
use crate::form::Label;

/// What a list says a household is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListedClass {
    /// *Hộ nghèo.*
    Poor,
    /// *Hộ cận nghèo.*
    NearPoor,
    /// *Hộ không nghèo*, or escaped.
    NotPoor,
}

#[derive(Deserialize)]
struct Row {
    code: ListedClass,
    text: String,
}

impl ListedClass {
    /// Reads a written class; `None` when the text is empty or unknown.
    pub fn read(text: &str) -> Option<Self> {
        names().find(text)
    }

    /// The stored code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Poor => "poor",
            Self::NearPoor => "near_poor",
            Self::NotPoor => "not_poor",
        }
    }

    /// What people see.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::Poor => ("Hộ nghèo", "Poor household"),
            Self::NearPoor => ("Hộ cận nghèo", "Near-poor household"),
            Self::NotPoor => ("Hộ không nghèo", "Household not poor"),
        };
        Label { vi: vi.to_owned(), en: en.to_owned() }
    }
}

fn names() -> &'static NameTable<ListedClass> {
    static NAMES: OnceLock<NameTable<ListedClass>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let rows: Vec<Row> = table::rows(include_str!("../../data/listed_classes.csv"));
        NameTable::new(rows.into_iter().map(|row| (row.text, row.code)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_not_guessed() {
        for text in ["", "hộ", "cận", "nghèo hay không", "1", "x"] {
            assert_eq!(ListedClass::read(text), None, "{text}");
        }
    }

    #[test]
    fn short_and_long_writings_mean_one_class() {
        for text in ["Hộ nghèo", "NGHÈO", "n", "ho ngheo", "Tái nghèo"] {
            assert_eq!(ListedClass::read(text), Some(ListedClass::Poor), "{text}");
        }
        for text in ["Cận nghèo", "CN", "Hộ cận nghèo "] {
            assert_eq!(ListedClass::read(text), Some(ListedClass::NearPoor), "{text}");
        }
        assert_eq!(ListedClass::read("Hộ thoát nghèo"), Some(ListedClass::NotPoor));
    }

    #[test]
    fn labels_and_codes_read_back_and_no_names_clash() {
        for class in [ListedClass::Poor, ListedClass::NearPoor, ListedClass::NotPoor] {
            assert_eq!(ListedClass::read(&class.label().vi), Some(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.code());
        }
        assert_eq!(names().ambiguous(), Vec::<&str>::new());
    }
}
