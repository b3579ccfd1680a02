//! Reading the TOML of a standard entry by entry, so that one bad entry does not hide the next.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::fault::{Fault, Faults, Reason};

/// Gathers faults while files are read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    faults: Vec<Fault>,
}

impl Reading {
    pub(super) fn fault(&mut self, file: &str, entry: impl Into<String>, reason: Reason) {
        self.faults.push(Fault { file: file.to_owned(), entry: entry.into(), reason });
    }

    /// The finished thing, or everything that is wrong with it.
    pub(super) fn finish(self) -> Result<(), Faults> {
        if self.faults.is_empty() { Ok(()) } else { Err(Faults(self.faults)) }
    }

    /// Adds what was found wrong elsewhere.
    pub(super) fn extend(&mut self, faults: Faults) {
        self.faults.extend(faults.0);
    }

    /// Keeps what is good and notes what is not.
    pub(super) fn keep<T>(&mut self, file: &str, entry: &str, result: Result<T, Reason>) -> Option<T> {
        result.map_err(|reason| self.fault(file, entry, reason)).ok()
    }

    /// Opens a file; an unreadable one is a fault and reads as empty.
    pub(super) fn open<'a>(&'a mut self, file: &'a str, text: &str) -> File<'a> {
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                self.fault(file, line_of(text, &error), Reason::Unreadable(error.message().to_owned()));
                Table::new()
            }
        };
        File { reading: self, name: file, table }
    }
}

/// Where a file stops being TOML; empty when the parser does not say.
fn line_of(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.map_or_else(String::new, |before| format!("line {}", before.matches('\n').count() + 1))
}

/// One file, from which entries are taken until none is left.
pub(super) struct File<'a> {
    pub(super) reading: &'a mut Reading,
    name: &'a str,
    table: Table,
}

impl File<'_> {
    /// Takes an entry that has to be there.
    pub(super) fn take<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if !self.table.contains_key(key) {
            self.reading.fault(self.name, key, Reason::MissingEntry);
        }
        self.take_optional(key)
    }

    /// Takes an entry that may be there.
    pub(super) fn take_optional<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.table.remove(key)?;
        self.convert(key.to_owned(), value)
    }

    /// Takes a list of entries, each with the name that faults give it: its `key`, or its place.
    pub(super) fn take_list<T: DeserializeOwned>(&mut self, key: &str) -> Vec<(String, T)> {
        let entries = match self.table.remove(key) {
            None => return Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => {
                self.reading.fault(self.name, key, Reason::Malformed("a list of entries was expected".into()));
                return Vec::new();
            }
        };
        let named = entries.into_iter().zip(1..).map(|(value, number): (Value, usize)| {
            let name = value.get("key").and_then(Value::as_str).map(|name| format!("{key} {name}"));
            (name.unwrap_or_else(|| format!("{key} #{number}")), value)
        });
        named.filter_map(|(name, value)| Some((name.clone(), self.convert(name, value)?))).collect()
    }

    fn convert<T: DeserializeOwned>(&mut self, entry: String, value: Value) -> Option<T> {
        match value.try_into::<T>() {
            Ok(converted) => Some(converted),
            Err(error) => {
                self.reading.fault(self.name, entry, Reason::Malformed(error.message().to_owned()));
                None
            }
        }
    }

    /// Whatever is left over does not belong into the file.
    pub(super) fn close(self) {
        for key in self.table.keys() {
            self.reading.fault(self.name, key.as_str(), Reason::UnknownEntry);
        }
    }
}
