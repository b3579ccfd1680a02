//! A household as plain data: the answers of its form, its members, visits and notes.
//!
//! Owns the documented JSON of a household. Knows nothing of documents, conflicts or who wrote what: `sync-protocol`
//! makes one of these from a document at given heads, and the rules read it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ids::{HouseholdId, MemberId, NoteId, VisitId};
use crate::value::{Key, Value};

/// Answers by the key of their question. A question without an answer has no entry.
pub type Answers = BTreeMap<Key, Value>;

/// The key under which a member's standing in the household is kept: `present`, `left`, `died`, `mistake`.
pub const STATUS: &str = "status";

/// One household in one round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Household {
    /// Which household.
    pub household: HouseholdId,
    /// Answers about the whole household.
    #[serde(default)]
    pub answers: Answers,
    /// Everyone ever listed, those who left included; who counts is a rule of the standard.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<MemberId, Answers>,
    /// Visits, each an entry of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub visits: BTreeMap<VisitId, Answers>,
    /// Free notes; only ever added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<NoteId, String>,
    /// Sections whose carried values somebody confirmed, and at which visit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub confirmed: BTreeMap<SectionKey, VisitId>,
}

impl Household {
    /// A household of which nothing is known yet.
    pub fn empty(household: HouseholdId) -> Self {
        Self {
            household,
            answers: Answers::new(),
            members: BTreeMap::new(),
            visits: BTreeMap::new(),
            notes: BTreeMap::new(),
            confirmed: BTreeMap::new(),
        }
    }
}

/// What people disagree on, confirm and settle as one piece.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionKey {
    /// Who belongs to the household: the set of members and their standing.
    Membership,
    /// One section of the form, about the whole household.
    Form(Key),
    /// Everything about one member.
    Member(MemberId),
}

impl fmt::Display for SectionKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Membership => out.write_str("membership"),
            Self::Form(key) => key.fmt(out),
            Self::Member(member) => write!(out, "member/{member}"),
        }
    }
}

impl FromStr for SectionKey {
    type Err = crate::ids::IdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("member/") {
            Some(member) => member.parse().map(Self::Member),
            None if text == "membership" => Ok(Self::Membership),
            None => text.parse().map(Self::Form),
        }
    }
}

impl Serialize for SectionKey {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SectionKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}
