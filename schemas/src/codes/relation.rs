//! Relations to the head of the household.
//!
//! Owns the nine codes and the writings that mean them (`data/relations.csv`). The text somebody wrote is kept beside the
//! code, because the codes are coarser than what villages say.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::table::{self, NameTable};
use crate::form::Label;

/// Relation of a member to the head (*quan hệ với chủ hộ*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The head.
    Head,
    /// Wife or husband.
    Spouse,
    /// Son or daughter, by birth or adoption.
    Child,
    /// Child of a child.
    Grandchild,
    /// Parent of the head or of the spouse.
    Parent,
    /// Grandparent.
    Grandparent,
    /// Brother or sister.
    Sibling,
    /// Any other relative, in-laws of the younger generation included.
    OtherRelative,
    /// Not a relative.
    NotRelated,
}

#[derive(Deserialize)]
struct Row {
    code: Relation,
    text: String,
}

impl Relation {
    /// All relations, in the order of the lists.
    pub const ALL: [Self; 9] = [
        Self::Head,
        Self::Spouse,
        Self::Child,
        Self::Grandchild,
        Self::Parent,
        Self::Grandparent,
        Self::Sibling,
        Self::OtherRelative,
        Self::NotRelated,
    ];

    /// Reads a written relation; `None` when the text is empty, unknown, or could mean two things without its marks.
    pub fn read(text: &str) -> Option<Self> {
        // Father in the south, and "bà" without its mark in the north.
        let ambiguous = super::names::clean(text).text.to_lowercase() == "ba";
        names().find(text).filter(|_| !ambiguous)
    }

    /// The stored code.
    pub fn code(self) -> &'static str {
        self.texts().0
    }

    /// What people see.
    pub fn label(self) -> Label {
        let (_, vi, en) = self.texts();
        Label { vi: vi.to_owned(), en: en.to_owned() }
    }

    fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Head => ("head", "Chủ hộ", "Head"),
            Self::Spouse => ("spouse", "Vợ/chồng", "Spouse"),
            Self::Child => ("child", "Con", "Child"),
            Self::Grandchild => ("grandchild", "Cháu", "Grandchild"),
            Self::Parent => ("parent", "Bố/mẹ", "Parent"),
            Self::Grandparent => ("grandparent", "Ông/bà", "Grandparent"),
            Self::Sibling => ("sibling", "Anh/chị/em", "Sibling"),
            Self::OtherRelative => ("other_relative", "Khác", "Other relative"),
            Self::NotRelated => ("not_related", "Không quan hệ", "Not related"),
        }
    }
}

fn names() -> &'static NameTable<Relation> {
    static NAMES: OnceLock<NameTable<Relation>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let rows: Vec<Row> = table::rows(include_str!("../../data/relations.csv"));
        NameTable::new(rows.into_iter().map(|row| (row.text, row.code)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_no_relation_are_not_guessed() {
        for text in ["", "chủ nhà trọ", "hộ", "1"] {
            assert_eq!(Relation::read(text), None, "{text}");
        }
    }

    #[test]
    fn marks_decide_where_letters_alone_do_not() {
        assert_eq!(Relation::read("Bà"), Some(Relation::Grandparent));
        assert_eq!(Relation::read("Ba"), None, "father, or bà without its mark");
        assert_eq!(Relation::read("CHU HO"), Some(Relation::Head));
        assert_eq!(Relation::read("con dâu"), Some(Relation::OtherRelative));
    }

    #[test]
    fn every_relation_reads_its_own_label_and_code() {
        for relation in Relation::ALL {
            assert_eq!(Relation::read(&relation.label().vi), Some(relation));
            assert_eq!(serde_json::to_value(relation).unwrap(), relation.code());
        }
    }

    #[test]
    fn no_two_relations_share_a_folded_name() {
        assert_eq!(names().ambiguous(), Vec::<&str>::new());
    }
}
