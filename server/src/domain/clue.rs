//! Clues: what is kept beside a document so that doubles and strays are found without opening it.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, MemberId, UnitId};
use serde::{Deserialize, Serialize};

/// Stands for the number of a person's card: equal numbers have equal marks. Without the server's secret nobody can tell
/// which number it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberMark(pub [u8; 32]);

impl std::fmt::Debug for NumberMark {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NumberMark({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// What is known of a household when doubles and strays are looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clues {
    /// Name of the head; empty while unknown.
    pub head_name: String,
    /// Year in which the head was born, if known.
    pub head_born: Option<i16>,
    /// The house: latitude and longitude in millionths of a degree, accuracy in metres.
    pub point: Option<(i32, i32, u32)>,
    /// Names of the members who have a number; empty while unknown.
    pub numbered: BTreeMap<MemberId, String>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptClues {
    /// [`Clues`] as JSON under the household's key.
    pub sealed: Vec<u8>,
    /// The marks of the members' numbers.
    pub marks: BTreeMap<MemberId, NumberMark>,
}

/// Somebody with a number, in a household of any commune.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The mark of the number.
    pub mark: NumberMark,
    /// The commune of the household.
    pub commune: UnitId,
    /// The household.
    pub household: HouseholdId,
    /// The member.
    pub member: MemberId,
}
