//! One answer as it stands in a document, and the name it stands under.
//!
//! Owns the three scalar kinds that documents hold. What a text means (a choice, a date, a point on the map) is said by
//! the question in [`crate::form`], not here.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::IdError;

/// One answer. Missing answers are absent keys, never a value of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A count, or a measure in the smallest unit that its question declares (`decimals`).
    Int(i64),
    /// A code, a date (`2019`, `2019-05` or `2019-05-31`), a point or free text; always NFC.
    Text(String),
}

impl Value {
    /// The text, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_) | Self::Int(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(out),
            Self::Int(value) => value.fmt(out),
            Self::Text(value) => value.fmt(out),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

/// The key of a question or a section: lower-case letters, digits and `_`, 1 to 40 characters, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

impl Key {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Key {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > 40 {
            return Err(IdError::Length { what: "key", expected: 40, found: text.len() });
        }
        let mut characters = text.chars();
        let first = characters.next().filter(|c| !c.is_ascii_lowercase());
        let stray = first.or_else(|| characters.find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_')));
        match stray {
            Some(found) => Err(IdError::Character { what: "key", found }),
            None => Ok(Self(text)),
        }
    }
}

impl std::str::FromStr for Key {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::try_from(text.to_owned())
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}
