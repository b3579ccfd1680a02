//! Accounts and sessions.
//!
//! What an account may do is said by its grants, in [`super::role`].

use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};
use thiserror::Error;

use crate::token::SecretHash;

/// A login name: lower-case letters, digits, dots, hyphens and underscores, 2 to 40 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(String);

/// The text cannot be a login name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a login is 2 to 40 lower-case letters, digits, dots, hyphens and underscores")]
pub struct LoginError;

impl Login {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Login {
    type Err = LoginError;
    fn from_str(text: &str) -> Result<Self, LoginError> {
        let fits = (2..=40).contains(&text.len());
        let allowed = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'));
        if fits && allowed { Ok(Self(text.to_owned())) } else { Err(LoginError) }
    }
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which account.
    pub id: AccountId,
    /// What its holder types.
    pub login: Login,
    /// What others see.
    pub display_name: String,
    /// The unit that looks after it.
    pub unit: UnitId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it may still be used.
    pub standing: Standing,
    /// Who chose its password.
    pub password: PasswordKind,
}

/// Who chose a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordKind {
    /// Its holder, or whoever made the account.
    Own,
    /// An administrator gave it out: it opens one session, which may do nothing but choose an own one.
    OneTime {
        /// From when on it no longer opens one.
        until: Timestamp,
        /// When it opened one.
        used_at: Option<Timestamp>,
    },
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not, since then. Its past stays.
    Disabled(Timestamp),
}

/// A session of the office app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Hash of its token: its name in the store.
    pub hash: SecretHash,
    /// Whose it is.
    pub account: AccountId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was ended by somebody.
    pub revoked_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_that_look_alike_or_hide_something_are_refused() {
        for text in ["", "a", "Lan", "lan ", "lần", "lan\n", &"x".repeat(41)] {
            assert_eq!(text.parse::<Login>(), Err(LoginError), "{text:?}");
        }
        assert!("lan.ban-lac_2".parse::<Login>().is_ok());
    }
}
