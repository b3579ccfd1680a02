//! Decisions: who decided what, when, on which state of a household; one hash-chained list per commune.
//!
//! Owns the entries and their chain. Who may decide is the workflow's; storing is the store's. An entry holds ids, hashes
//! and reasons, never answers: what a decision saw is named by a pin, which only who holds the household's key can check.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::canonical;
use crate::ids::{AccountId, DeviceId, HouseholdId, IdError, RoundId, StandardId, UnitId};

mod unassessed;

pub use unassessed::Unassessed;

/// Version of the entry format.
pub const LEDGER_VERSION: u8 = 1;

/// A SHA-256 written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 64 {
            return Err(IdError::Length { what: "hash", expected: 64, found: text.len() });
        }
        let mut bytes = [0; 32];
        for (at, found) in text.chars().enumerate() {
            let digit = found.to_digit(16).filter(|_| !found.is_ascii_uppercase());
            let digit = digit.ok_or(IdError::Character { what: "hash", found })?;
            // A hexadecimal digit fits in four bits.
            bytes[at / 2] = bytes[at / 2] << 4 | digit as u8;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// The exact state of a household's document that a decision saw: HMAC-SHA-256 of its sorted heads under the household's
/// secret. It proves nothing about the household to anybody who does not hold the secret.
pub type Pin = Hash;

/// Why something waits, is sent back or ends, in the words of who decided.
pub type Reason = String;

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// The round began in this commune.
    RoundOpened {
        /// The round.
        round: RoundId,
        /// Its standards with their hashes, the deciding one first.
        standards: Vec<(StandardId, Hash)>,
        /// The office's points table that gives B1; absent when the points come from elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        points_table: Option<Hash>,
    },
    /// Last year's list was read in.
    ListImported {
        /// The round it was read into.
        round: RoundId,
        /// SHA-256 of the file.
        file: Hash,
        /// Households taken from it.
        households: u64,
    },
    /// The household belongs to this village from here on, and is to be reviewed.
    Listed {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The village.
        village: UnitId,
        /// How it came to be reviewed.
        by: Listing,
    },
    /// Someone is to survey a village.
    Assigned {
        /// The round.
        round: RoundId,
        /// The village.
        village: UnitId,
        /// Who.
        account: AccountId,
    },
    /// Someone is no longer to survey a village.
    Unassigned {
        /// The round.
        round: RoundId,
        /// The village.
        village: UnitId,
        /// Who.
        account: AccountId,
    },
    /// A second person has read the same points on the signed paper form.
    PaperScoreConfirmed {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The document as it was then.
        pin: Pin,
    },
    /// The reviewer found the household complete and right.
    Accepted {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The document as it was then.
        pin: Pin,
    },
    /// The reviewer sent it back.
    Returned {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The document as it was then.
        pin: Pin,
        /// What has to be looked at again.
        reason: Reason,
    },
    /// The round ends for the household without a class: nobody could review it, or nobody is left to be reviewed.
    Unassessed {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The document as it was then.
        pin: Pin,
        /// Which of the known reasons.
        why: Unassessed,
        /// The same in the words of who decided.
        reason: Reason,
    },
    /// A held change was let in unchanged.
    Released {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The change.
        change: Hash,
        /// Why.
        reason: Reason,
    },
    /// What a change wanted was said again by a reviewer in their own name.
    Salvaged {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The change that could not be let in.
        change: Hash,
        /// The reviewer's change.
        by: Hash,
        /// Why.
        reason: Reason,
    },
    /// A held or rejected change was looked at and left out.
    SetAside {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The change.
        change: Hash,
        /// Why.
        reason: Reason,
    },
    /// Somebody looked at a household that may stand elsewhere too, or that has a member who does, and found that they are
    /// different.
    FoundDifferent {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// What was looked at: HMAC-SHA-256 of the other household and of the facts on both sides, under the household's
        /// secret.
        suspicion: Pin,
        /// How that was found out.
        reason: Reason,
    },
    /// The household belongs to another village of the commune from here on. What was decided on it is to be decided again.
    Moved {
        /// The household.
        household: HouseholdId,
        /// The round.
        round: RoundId,
        /// The village that it has left.
        from: UnitId,
        /// The village that it belongs to now.
        village: UnitId,
        /// Why.
        reason: Reason,
    },
    /// The list was compiled from everything decided up to here.
    RosterCompiled {
        /// The round.
        round: RoundId,
        /// Root of its tree.
        root: Hash,
        /// How many households are on it.
        households: u64,
    },
    /// Somebody forgot a device's PIN, and two officers opened it for its holder: whoever decided and one before.
    DeviceOpened {
        /// The device.
        device: DeviceId,
        /// Whose it is.
        holder: AccountId,
        /// Who agreed first.
        first: AccountId,
        /// How they knew the holder.
        first_reason: Reason,
        /// How the second knew the holder.
        reason: Reason,
    },
    /// An officer refused to open a device.
    DeviceNotOpened {
        /// The device.
        device: DeviceId,
        /// Whose it is.
        holder: AccountId,
        /// Why.
        reason: Reason,
    },
    /// The server was set back to an older copy of itself: what was decided between that time and this entry is missing.
    SetBack {
        /// The last thing that the server still knows of the commune, in milliseconds since 1970.
        since_ms: i64,
    },
    /// A phone has proven how far a village's log had come before the server was set back.
    GapProven {
        /// The village.
        village: UnitId,
        /// The round.
        round: RoundId,
        /// The generation of the log.
        generation: u64,
        /// The last row that the server still knows.
        known: u64,
        /// The last row that was proven.
        shown: u64,
        /// Its hash.
        row: Hash,
    },
}

/// How a household comes to be reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// It is on the current list.
    Carried,
    /// It asked (Mẫu số 01).
    Requested,
}

/// One entry of a commune's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// [`LEDGER_VERSION`].
    pub v: u8,
    /// The commune.
    pub commune: UnitId,
    /// Its number in the commune, from 1.
    pub number: u64,
    /// The entry before it; `None` for the first.
    pub previous: Option<Hash>,
    /// When, in milliseconds since 1970 by the server's clock.
    pub at_ms: i64,
    /// Who decided; `None` for what follows by itself.
    pub by: Option<AccountId>,
    /// What was decided.
    pub decision: Decision,
}

impl LedgerEntry {
    /// Its canonical text, as it is stored, exported and hashed.
    pub fn text(&self) -> String {
        // Entries hold texts and whole numbers only, so they always have a canonical form.
        canonical::to_string(self).expect("ledger entries are canonical")
    }

    /// Its hash, which the next entry names.
    pub fn hash(&self) -> Hash {
        // As in `text`.
        Hash(canonical::hash("rasoat ledger 1", self).expect("ledger entries are canonical"))
    }
}

/// Where a stored ledger does not hold together.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LedgerFault {
    /// The text is not an entry, or not in its canonical form.
    #[error("entry {0}: altered or unreadable")]
    Unreadable(u64),
    /// The entry belongs elsewhere.
    #[error("entry {0}: of another commune or version")]
    Foreign(u64),
    /// An entry is missing, repeated or out of order.
    #[error("entry {0} expected here, {1} found")]
    Order(u64, u64),
    /// The entry does not name the one before it.
    #[error("entry {0}: does not follow the entry before it")]
    Chain(u64),
}

/// Reads the stored texts of a commune's entries in order and checks the chain; the first fault is returned with the
/// number of the entry. What was cut off at the end shows only against a signed checkpoint.
pub fn verify<'a>(commune: UnitId, texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<LedgerEntry>, LedgerFault> {
    let mut entries: Vec<LedgerEntry> = Vec::new();
    for (text, number) in texts.into_iter().zip(1..) {
        let entry: LedgerEntry = serde_json::from_str(text).map_err(|_| LedgerFault::Unreadable(number))?;
        if entry.text() != text {
            return Err(LedgerFault::Unreadable(number));
        }
        if entry.commune != commune || entry.v != LEDGER_VERSION {
            return Err(LedgerFault::Foreign(number));
        }
        if entry.number != number {
            return Err(LedgerFault::Order(number, entry.number));
        }
        if entry.previous != entries.last().map(LedgerEntry::hash) {
            return Err(LedgerFault::Chain(number));
        }
        entries.push(entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: u64) -> Vec<String> {
        let mut previous = None;
        let entries = (1..=length).map(|number| {
            let decision = Decision::Assigned {
                round: "2026-dinh-ky".parse().unwrap(),
                village: UnitId(number),
                account: AccountId(3),
            };
            let (commune, by) = (UnitId(7), Some(AccountId(1)));
            let entry = LedgerEntry { v: 1, commune, number, previous, at_ms: 1_790_000_000_000, by, decision };
            previous = Some(entry.hash());
            entry.text()
        });
        entries.collect()
    }

    fn faults(texts: &[String]) -> Option<LedgerFault> {
        verify(UnitId(7), texts.iter().map(String::as_str)).err()
    }

    #[test]
    fn any_single_byte_altered_is_found_at_its_entry_or_the_next() {
        let texts = chain(3);
        for (at, text) in texts.iter().enumerate() {
            for byte in 0..text.len() {
                let mut bytes = text.clone().into_bytes();
                bytes[byte] ^= 1;
                let Ok(altered) = String::from_utf8(bytes) else { continue };
                let mut all = texts.clone();
                all[at] = altered;
                let fault = faults(&all);
                // The last entry's own content is bound only by what comes after it, or by a checkpoint.
                let last_content = at == 2;
                assert!(fault.is_some() || last_content, "entry {at}, byte {byte}");
            }
        }
    }

    #[test]
    fn removed_repeated_and_swapped_entries_are_named() {
        let texts = chain(4);
        let mut removed = texts.clone();
        removed.remove(1);
        assert_eq!(faults(&removed), Some(LedgerFault::Order(2, 3)));
        let mut swapped = texts.clone();
        swapped.swap(1, 2);
        assert_eq!(faults(&swapped), Some(LedgerFault::Order(2, 3)));
        let mut repeated = texts.clone();
        repeated.insert(1, texts[0].clone());
        assert_eq!(faults(&repeated), Some(LedgerFault::Order(2, 1)));
    }

    #[test]
    fn an_honest_chain_verifies() {
        assert_eq!(verify(UnitId(7), chain(5).iter().map(String::as_str)).unwrap().len(), 5);
        assert_eq!(faults(&[]), None);
    }
}
