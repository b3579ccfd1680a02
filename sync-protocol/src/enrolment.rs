//! Letting a device in: what it signs to prove its key, and the code that the office gave out.
//!
//! Owns the signed messages and how a code is read. Both ends build the same bytes; each message begins with its own
//! words, so that a signature given for one thing proves nothing else.

use schemas::ids::DeviceId;

use crate::hash::PublicKey;

/// Letters of a code that is read out over a bad line: no i, l, o, u.
pub const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many letters a code has.
pub const CODE_LETTERS: usize = 12;
/// How many bytes a challenge has.
pub const CHALLENGE_BYTES: usize = 56;

/// Reads a code as people type it: any case, with or without hyphens and spaces, o for 0, i and l for 1. `None` when it is
/// no code.
pub fn code_letters(typed: &str) -> Option<[u8; CODE_LETTERS]> {
    let letters = typed.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| match c.to_ascii_uppercase() {
        'O' => Some(b'0'),
        'I' | 'L' => Some(b'1'),
        letter => u8::try_from(letter).ok().filter(|byte| CODE_ALPHABET.contains(byte)),
    });
    let letters: Vec<u8> = letters.take(CODE_LETTERS + 1).collect::<Option<_>>()?;
    letters.try_into().ok()
}

/// What a device signs to enrol: the code is the challenge, the server's key names the server it means.
pub fn enrolment_message(server: &PublicKey, code: &[u8; CODE_LETTERS]) -> Vec<u8> {
    [b"rasoat enrol 1".as_slice(), &server.0, code].concat()
}

/// What a device signs to renew its token: a challenge that the server gave out minutes ago.
pub fn renewal_message(server: &PublicKey, device: DeviceId, challenge: &[u8]) -> Vec<u8> {
    [b"rasoat renew 1".as_slice(), &server.0, &device.0, challenge].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_another_length_or_with_other_letters_is_none() {
        for typed in ["", "7K2M-0QXZ-B4T", "7K2M-0QXZ-B4T99", "7K2M-0QXZ-B4TU", "7K2M-0QXZ-B4TĐ"] {
            assert_eq!(code_letters(typed), None, "{typed}");
        }
        assert_eq!(code_letters("7k2m oqxz-b4t9"), code_letters("7K2M-0QXZ-B4T9"));
        assert_eq!(code_letters("il0000000000"), Some(*b"110000000000"));
    }
}
