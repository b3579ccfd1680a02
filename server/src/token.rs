//! Secrets that are handed out once and stored only as hashes: session tokens, device tokens, enrolment codes.
//!
//! Owns their text forms and hashes. How long each lives and what it opens is said by the workflow that issues it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use sync_protocol::enrolment::{CODE_ALPHABET, CODE_LETTERS, code_letters};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::clock::Chance;

/// What is stored of a secret: its SHA-256. The secrets are random, so a plain hash cannot be guessed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretHash(pub [u8; 32]);

/// The text cannot be a secret of this kind.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not written like a {0}")]
pub struct SecretError(&'static str);

/// A session or device token: 256 random bits, 64 hex digits.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Token([u8; 32]);

impl Token {
    /// Draws a new token.
    pub fn draw(chance: &Chance) -> Self {
        Self(chance.bytes())
    }

    /// What is stored of it.
    pub fn hash(&self) -> SecretHash {
        hash(b"rasoat token 1", &self.0)
    }

    /// The text that its holder keeps. A method and not `Display`, so that no log line prints it by accident.
    pub fn reveal(&self) -> String {
        hex(&self.0)
    }
}

impl FromStr for Token {
    type Err = SecretError;
    fn from_str(text: &str) -> Result<Self, SecretError> {
        unhex(text).map(Self).ok_or(SecretError("token"))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(..)")
    }
}

/// An enrolment code: 60 random bits, twelve letters that can be typed or scanned. It lives minutes and opens one thing once.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EnrolmentSecret([u8; CODE_LETTERS]);

impl EnrolmentSecret {
    /// Draws a new code.
    pub fn draw(chance: &Chance) -> Self {
        let bytes: [u8; CODE_LETTERS] = chance.bytes();
        Self(bytes.map(|byte| CODE_ALPHABET[usize::from(byte & 31)]))
    }

    /// What is stored of it.
    pub fn hash(&self) -> SecretHash {
        hash(b"rasoat enrolment code 1", &self.0)
    }

    /// The twelve letters, as they go under a device's signature.
    pub fn letters(&self) -> &[u8; CODE_LETTERS] {
        &self.0
    }

    /// The text shown once, in three groups: `7K2M-0QXZ-B4T9`.
    pub fn reveal(&self) -> String {
        let letters = self.0.map(char::from);
        letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }
}

/// A password that an administrator gives out: 60 random bits in the letters of a code, written `7K2M-0QXZ-B4T9`.
pub fn one_time_password(chance: &Chance) -> String {
    EnrolmentSecret::draw(chance).reveal()
}

impl FromStr for EnrolmentSecret {
    type Err = SecretError;
    /// Reads what people type: any case, with or without hyphens and spaces, o for 0, i and l for 1.
    fn from_str(text: &str) -> Result<Self, SecretError> {
        code_letters(text).map(Self).ok_or(SecretError("enrolment code"))
    }
}

impl fmt::Debug for EnrolmentSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EnrolmentSecret(..)")
    }
}

/// The letters of a request to open a device: shown by the device, typed by officers. They are no secret and open nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningCode([u8; CODE_LETTERS]);

impl OpeningCode {
    /// From its twelve letters.
    pub fn from_letters(letters: [u8; CODE_LETTERS]) -> Self {
        Self(letters)
    }
}

impl FromStr for OpeningCode {
    type Err = SecretError;
    /// Reads what people type, as with enrolment codes.
    fn from_str(text: &str) -> Result<Self, SecretError> {
        code_letters(text).map(Self).ok_or(SecretError("opening code"))
    }
}

fn hash(purpose: &[u8], secret: &[u8]) -> SecretHash {
    SecretHash(Sha256::new().chain_update(purpose).chain_update(secret).finalize().into())
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads exactly `N` bytes from lower-case or upper-case hex digits.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_secret_are_refused() {
        for text in ["", "7K2M-0QXZ-B4T", "7K2M-0QXZ-B4T99", "7K2M-0QXZ-B4TU", "7K2M-0QXZ-B4Tđ"] {
            assert!(text.parse::<EnrolmentSecret>().is_err(), "{text}");
        }
        for text in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65), &format!("+{}", "0".repeat(63))] {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_code_typed_carelessly_is_the_same_code() {
        let shown: EnrolmentSecret = "01K2-M0QX-ZB4T".parse().unwrap();
        assert_eq!(shown, " olk2 moqxzb4t".parse().unwrap());
        assert_eq!(shown.reveal(), "01K2-M0QX-ZB4T");
    }

    #[test]
    fn a_token_reads_back_as_revealed_and_never_prints_itself() {
        let token = Token::draw(&Chance::seeded(1));
        assert_eq!(token.reveal().parse::<Token>().unwrap().hash(), token.hash());
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}
