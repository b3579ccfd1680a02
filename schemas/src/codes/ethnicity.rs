//! The list of ethnic groups (*dân tộc*), 01 to 56.
//!
//! Owns codes and names (`data/ethnicities.csv`). Read by name only: other public lists number the same groups otherwise.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::names;
use super::table::{self, NameTable};

/// One line of the list; its number is checked, so every value names a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ethnicity(u8);

/// What kind of line it is; reports count minorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The majority.
    Kinh,
    /// One of the 53 minorities (*dân tộc thiểu số*).
    Minority,
    /// A foreigner.
    Foreign,
    /// Not known.
    Unknown,
}

/// The code is not 01 to 56.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code of the list of ethnic groups: {0:?}")]
pub struct UnknownCode(pub String);

#[derive(Deserialize)]
struct Row {
    code: String,
    name: String,
    kind: Kind,
    variants: String,
}

struct List {
    rows: Vec<Row>,
    names: NameTable<Ethnicity>,
}

impl Ethnicity {
    /// Everybody on the list, in its order.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..).take(list().rows.len()).map(Self)
    }

    /// Reads a written group: its name or a known variant, `dân tộc Tày`, `Mông (Mèo)`. Numbers are never read.
    pub fn read(text: &str) -> Option<Self> {
        let text = names::clean(text).text;
        let bare = text.split('(').next().unwrap_or_default();
        let lower = bare.to_lowercase();
        let word = lower.strip_prefix("dân tộc ").unwrap_or(&lower);
        list().names.find(&text).or_else(|| list().names.find(word))
    }

    /// The two digits.
    pub fn code(self) -> &'static str {
        &self.row().code
    }

    /// The official name.
    pub fn name(self) -> &'static str {
        &self.row().name
    }

    /// Majority, minority, foreign or unknown.
    pub fn kind(self) -> Kind {
        self.row().kind
    }

    fn row(self) -> &'static Row {
        // Made only from a line of the list, counted from 1.
        &list().rows[usize::from(self.0) - 1]
    }
}

impl TryFrom<String> for Ethnicity {
    type Error = UnknownCode;
    fn try_from(code: String) -> Result<Self, UnknownCode> {
        Self::all().find(|ethnicity| ethnicity.code() == code).ok_or(UnknownCode(code))
    }
}

impl From<Ethnicity> for String {
    fn from(ethnicity: Ethnicity) -> String {
        ethnicity.code().to_owned()
    }
}

fn list() -> &'static List {
    static LIST: OnceLock<List> = OnceLock::new();
    LIST.get_or_init(|| {
        let rows: Vec<Row> = table::rows(include_str!("../../data/ethnicities.csv"));
        let writings = |(number, row): (u8, &Row)| -> Vec<(String, Ethnicity)> {
            let all = std::iter::once(row.name.as_str()).chain(table::variants(&row.variants));
            all.map(|name| (name.to_owned(), Ethnicity(number))).collect()
        };
        let names = NameTable::new((1..).zip(&rows).flat_map(writings));
        List { rows, names }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strange_names_are_not_read() {
        for text in ["08", "8", "", "Mong Cai", "Khác", "?"] {
            assert_eq!(Ethnicity::read(text), None, "{text}");
        }
        assert!(Ethnicity::try_from("57".to_owned()).is_err());
        assert!(serde_json::from_str::<Ethnicity>("\"1\"").is_err());
    }

    #[test]
    fn writings_of_one_group_give_one_code() {
        for text in ["Mông", "H'Mông", "H’Mông", "MONG", "Hmông", "Mông (Mèo)", "Dân tộc Mông", "Mo\u{302}ng"]
        {
            assert_eq!(Ethnicity::read(text).map(Ethnicity::code), Some("08"), "{text}");
        }
        for (text, code) in [("Tày", "02"), ("Mường", "06"), ("pa then", "46"), ("La chí", "38"), ("Khơ Mú", "29")]
        {
            assert_eq!(Ethnicity::read(text).map(Ethnicity::code), Some(code), "{text}");
        }
    }

    #[test]
    fn every_line_has_its_number_and_reads_its_own_name() {
        assert_eq!(Ethnicity::all().count(), 56);
        for (number, ethnicity) in (1..).zip(Ethnicity::all()) {
            assert_eq!(ethnicity.code(), format!("{number:02}"));
            assert_eq!(Ethnicity::read(ethnicity.name()), Some(ethnicity));
            assert_eq!(Ethnicity::try_from(ethnicity.code().to_owned()), Ok(ethnicity));
        }
        assert_eq!(Ethnicity::all().filter(|e| e.kind() == Kind::Minority).count(), 53);
        assert_eq!(list().names.ambiguous(), Vec::<&str>::new());
    }
}
