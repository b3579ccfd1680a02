//! Finding a code by its written name: as written first, then without case and diacritics where that is unambiguous.
//!
//! Owns the lookup and the reading of the compiled-in data files. Knows no list.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::names;

/// Names and the code that each means.
pub(super) struct NameTable<T> {
    exact: BTreeMap<String, T>,
    folded: BTreeMap<String, Meaning<T>>,
}

enum Meaning<T> {
    One(T),
    Several,
}

impl<T: Copy + PartialEq> NameTable<T> {
    pub(super) fn new<N: AsRef<str>>(names: impl IntoIterator<Item = (N, T)>) -> Self {
        let mut table = Self { exact: BTreeMap::new(), folded: BTreeMap::new() };
        for (name, code) in names {
            table.exact.insert(lower(name.as_ref()), code);
            table
                .folded
                .entry(names::fold_compact(name.as_ref()))
                .and_modify(|meaning| {
                    if !matches!(meaning, Meaning::One(known) if *known == code) {
                        *meaning = Meaning::Several;
                    }
                })
                .or_insert(Meaning::One(code));
        }
        table
    }

    /// The code that a text means; `None` when no name or several names of different codes look like it.
    pub(super) fn find(&self, text: &str) -> Option<T> {
        let exact = self.exact.get(&lower(text)).copied();
        exact.or_else(|| match self.folded.get(&names::fold_compact(text)) {
            Some(Meaning::One(code)) => Some(*code),
            Some(Meaning::Several) | None => None,
        })
    }

    #[cfg(test)]
    pub(super) fn ambiguous(&self) -> Vec<&str> {
        let several = self.folded.iter().filter(|(_, meaning)| matches!(meaning, Meaning::Several));
        several.map(|(name, _)| name.as_str()).collect()
    }
}

fn lower(text: &str) -> String {
    names::clean(text).text.to_lowercase()
}

/// Reads a data file of this crate.
pub(super) fn rows<R: DeserializeOwned>(file: &'static str) -> Vec<R> {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    // The file is part of the program, and the tests of each list read all of it: it cannot differ at run time.
    reader.deserialize().map(|row| row.expect("a data file that the tests have read")).collect()
}

/// Splits the `variants` column of a data file.
pub(super) fn variants(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').filter(|variant| !variant.is_empty())
}
