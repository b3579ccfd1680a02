//! Ids: one newtype each, how they are written, and how they are read back.
//!
//! Owns the text forms. Does not mint anything: chance is an argument of whoever mints (a phone, an import).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Why a text is not an id.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// The text has another length than this id is written with.
    #[error("{what}: {expected} characters expected, {found} found")]
    Length {
        /// Which id.
        what: &'static str,
        /// Characters that this id is written with.
        expected: usize,
        /// Characters in the text.
        found: usize,
    },
    /// A character that this id is never written with.
    #[error("{what}: character not allowed: {found:?}")]
    Character {
        /// Which id.
        what: &'static str,
        /// The first such character.
        found: char,
    },
}

/// Crockford's alphabet in lower case: no i, l, o, u, so that an id can be read out over a bad line.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn write_base32(bytes: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write;
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.write_char(char::from(ALPHABET[(buffer >> bits) as usize & 31]))?;
        }
    }
    if bits > 0 {
        out.write_char(char::from(ALPHABET[(buffer << (5 - bits)) as usize & 31]))?;
    }
    Ok(())
}

fn read_base32<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], IdError> {
    let expected = (N * 8).div_ceil(5);
    if text.chars().count() != expected {
        return Err(IdError::Length { what, expected, found: text.chars().count() });
    }
    let mut bytes = [0u8; N];
    let (mut buffer, mut bits, mut at) = (0u32, 0u32, 0usize);
    for found in text.chars() {
        let digit = ALPHABET
            .iter()
            .position(|letter| char::from(*letter) == found)
            .ok_or(IdError::Character { what, found })?;
        buffer = (buffer << 5) | digit as u32;
        bits += 5;
        if bits >= 8 && at < N {
            bits -= 8;
            bytes[at] = (buffer >> bits) as u8;
            at += 1;
        }
    }
    // One id, one text: the bits past the last byte must be zero, or two texts would name the same thing.
    match buffer & ((1 << bits) - 1) {
        0 => Ok(bytes),
        _ => Err(IdError::Character { what, found: text.chars().last().unwrap_or(' ') }),
    }
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_base32(&self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                read_base32($what, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

random_id!(
    /// A household: 128 random bits, 26 characters. The same household keeps it from round to round.
    HouseholdId, 16, "household id"
);
random_id!(
    /// A member of a household: 80 random bits, 16 characters, minted offline.
    MemberId, 10, "member id"
);
random_id!(
    /// One visit to a household, minted offline.
    VisitId, 10, "visit id"
);
random_id!(
    /// One note, minted offline.
    NoteId, 10, "note id"
);
random_id!(
    /// A device: the first 16 bytes of SHA-256 over `rasoat device 1`, a zero byte and its public key.
    DeviceId, 16, "device id"
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

number_id!(
    /// A unit of the tree (nation, province, district, commune, village). Ours; official codes are dated attributes of it.
    UnitId
);
number_id!(
    /// A person's account.
    AccountId
);

/// A name made of lower-case letters, digits and hyphens, 1 to 40 characters: rounds and standards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > 40 {
            return Err(IdError::Length { what: "slug", expected: 40, found: text.len() });
        }
        match text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            Some(found) => Err(IdError::Character { what: "slug", found }),
            None => Ok(Self(text)),
        }
    }
}

impl FromStr for Slug {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::try_from(text.to_owned())
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A round (*đợt rà soát*), for example `2026-dinh-ky`.
pub type RoundId = Slug;
/// A standard (*chuẩn nghèo*), for example `vn-2022-2025`.
pub type StandardId = Slug;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_stray_bits_in_its_last_character_is_refused() {
        let id = HouseholdId([0xff; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 26);
        let mut stray = text.clone();
        stray.replace_range(25.., "z");
        assert!(stray == text || stray.parse::<HouseholdId>().is_err());
    }

    #[test]
    fn wrong_lengths_and_letters_are_refused() {
        assert!(matches!("abc".parse::<MemberId>(), Err(IdError::Length { expected: 16, found: 3, .. })));
        assert!(matches!("0123456789abcdeu".parse::<MemberId>(), Err(IdError::Character { found: 'u', .. })));
    }

    #[test]
    fn every_id_reads_back_as_written() {
        for seed in 0u8..=255 {
            let household =
                HouseholdId(std::array::from_fn(|i| seed.wrapping_mul(31).wrapping_add((i as u8).wrapping_mul(17))));
            let member = MemberId(std::array::from_fn(|i| seed.wrapping_add((i as u8).wrapping_mul(29))));
            assert_eq!(household.to_string().parse(), Ok(household));
            assert_eq!(member.to_string().parse(), Ok(member));
        }
    }

    #[test]
    fn slugs_hold_only_what_a_file_name_may() {
        assert!("2026-dinh-ky".parse::<Slug>().is_ok());
        assert!("../etc".parse::<Slug>().is_err());
        assert!("".parse::<Slug>().is_err());
    }
}
