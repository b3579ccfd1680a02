//! Passwords: how they are hashed and checked.
//!
//! Owns Argon2id and its cost. Runs on the blocking pool, because one check costs tens of milliseconds by design.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;
use tokio::sync::Semaphore;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::clock::Chance;

/// Shortest password that is taken, in characters.
pub const SHORTEST: usize = 10;
/// Longest password that is taken, in characters: bounds the work of one request.
pub const LONGEST: usize = 200;

/// A password as somebody typed it. Wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop, serde::Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Takes what somebody typed, of any length.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether somebody typed the same text.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Whether it may become somebody's password.
    pub fn is_acceptable(&self) -> bool {
        (SHORTEST..=LONGEST).contains(&self.0.chars().count())
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Password(..)")
    }
}

/// An Argon2id hash in the PHC text form, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword(pub String);

impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StoredPassword(..)")
    }
}

/// How much work one hash is.
#[derive(Clone, Copy, Debug)]
pub enum Cost {
    /// 19 MiB, two passes: what OWASP recommends for Argon2id.
    Standard,
    /// 64 KiB, one pass: for tests and demos only.
    Light,
}

/// Why a password could not be hashed or checked; none of these is the fault of whoever typed it.
#[derive(Clone, Debug, Error)]
pub enum PasswordError {
    /// The hasher refused its parameters or the stored text.
    #[error("password hashing failed: {0}")]
    Hashing(String),
    /// The blocking task ended without a result.
    #[error("password hashing was interrupted")]
    Interrupted,
}

/// Hashes and checks passwords, a bounded number at a time so that a flood of logins cannot take all memory.
#[derive(Clone, Debug)]
pub struct Passwords {
    params: Params,
    at_once: Arc<Semaphore>,
}

impl Passwords {
    /// Makes the hasher.
    pub fn new(cost: Cost) -> Self {
        let params = match cost {
            Cost::Standard => Params::DEFAULT,
            // Within the limits of Argon2 (at least 8 KiB per lane), so the fallback is never taken.
            Cost::Light => Params::new(64, 1, 1, None).unwrap_or(Params::DEFAULT),
        };
        Self { params, at_once: Arc::new(Semaphore::new(4)) }
    }

    /// Hashes a new password under a fresh salt.
    pub async fn hash(&self, password: Password, chance: &Chance) -> Result<StoredPassword, PasswordError> {
        let salt: [u8; 16] = chance.bytes();
        let params = self.params.clone();
        self.blocking(move || hash_with(&params, &password, &salt)).await?
    }

    /// Whether this is the password. `None` stands for an account that does not exist and costs as much time as one that
    /// does, so that the answer's delay does not tell which logins are real.
    pub async fn matches(&self, password: Password, stored: Option<StoredPassword>) -> Result<bool, PasswordError> {
        let params = self.params.clone();
        self.blocking(move || match stored {
            Some(stored) => verify(&password, &stored),
            None => hash_with(&params, &password, &[0; 16]).map(|_| false),
        })
        .await?
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _turn = self.at_once.acquire().await.map_err(|_| PasswordError::Interrupted)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Interrupted)
    }
}

fn hash_with(params: &Params, password: &Password, salt: &[u8]) -> Result<StoredPassword, PasswordError> {
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let hash: Result<PasswordHash, _> = hasher.hash_password_with_salt(password.0.as_bytes(), salt);
    let hash = hash.map_err(|error| PasswordError::Hashing(error.to_string()))?;
    Ok(StoredPassword(hash.to_string()))
}

fn verify(password: &Password, stored: &StoredPassword) -> Result<bool, PasswordError> {
    let failed = |error: String| PasswordError::Hashing(error);
    let hash = PasswordHash::new(&stored.0).map_err(|error| failed(error.to_string()))?;
    // A text cut off before its digest parses, and would make every password look wrong.
    if hash.hash.is_none() {
        return Err(failed("stored hash without digest".to_owned()));
    }
    match Argon2::default().verify_password(password.0.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn short_and_endless_passwords_are_not_acceptable() {
        assert!(!password("ngan qua").is_acceptable());
        assert!(!password(&"x".repeat(201)).is_acceptable());
        assert!(password("đường về bản").is_acceptable());
    }

    #[tokio::test]
    async fn another_password_and_a_missing_account_do_not_match() {
        let passwords = Passwords::new(Cost::Light);
        let stored = passwords.hash(password("đường về bản"), &Chance::seeded(1)).await.unwrap();
        assert!(!passwords.matches(password("duong ve ban"), Some(stored)).await.unwrap());
        assert!(!passwords.matches(password("đường về bản"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_wrong_password() {
        let passwords = Passwords::new(Cost::Light);
        let damaged = StoredPassword("$argon2id$v=19$m=64".to_owned());
        assert!(passwords.matches(password("đường về bản"), Some(damaged)).await.is_err());
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_and_salts_differ() {
        let (passwords, chance) = (Passwords::new(Cost::Light), Chance::seeded(1));
        let first = passwords.hash(password("đường về bản"), &chance).await.unwrap();
        let second = passwords.hash(password("đường về bản"), &chance).await.unwrap();
        assert_ne!(first, second);
        assert!(passwords.matches(password("đường về bản"), Some(second)).await.unwrap());
    }
}
