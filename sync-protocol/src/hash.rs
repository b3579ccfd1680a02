//! Hashes and their names. Every hash is SHA-256 over a tag that says what is hashed, so that bytes made for one purpose
//! can never pass for another.

use std::fmt;
use std::str::FromStr;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use schemas::ids::IdError;
use sha2::{Digest, Sha256};

/// SHA-256 of a tag, a zero byte and the parts one after another.
///
/// Parts before the last must have a fixed length, or two lists of parts could give one hash.
pub fn tagged(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(tag.as_bytes());
    hasher.update([0]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads lower-case hexadecimal of exactly `N` bytes.
pub fn from_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], IdError> {
    if text.len() != 2 * N {
        return Err(IdError::Length { what, expected: 2 * N, found: text.len() });
    }
    let mut bytes = [0; N];
    for (at, found) in text.chars().enumerate() {
        let digit = found.to_digit(16).filter(|_| !found.is_ascii_uppercase());
        // A hexadecimal digit is below 16.
        let digit = digit.ok_or(IdError::Character { what, found })? as u8;
        bytes[at / 2] = bytes[at / 2] << 4 | digit;
    }
    Ok(bytes)
}

/// Reads hexadecimal of any length up to so many bytes; `None` where it is not.
pub fn hex_bytes(text: &str, at_most: usize) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * at_most {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // A hexadecimal digit is below 16.
    digits.chunks(2).map(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}

macro_rules! bytes_newtype {
    ($(#[$doc:meta])* $name:ident, $length:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&to_hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), &to_hex(&self.0[..4]))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                from_hex($what, text).map(Self)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: Write>(&self, out: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                out.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                let at = from.position();
                let bytes = from.bytes()?;
                bytes.try_into().map(Self).map_err(|_| decode::Error::message(concat!($what, ": wrong length")).at(at))
            }
        }
    };
}

bytes_newtype!(
    /// The hash of one change: Automerge's own, over its actor, operations and dependencies.
    ChangeHash, 32, "change hash"
);
bytes_newtype!(
    /// The hash of one journal entry, which names the one before it.
    EntryHash, 32, "entry hash"
);
bytes_newtype!(
    /// The hash of one log row, which names the one before it.
    RowHash, 32, "row hash"
);
bytes_newtype!(
    /// The SHA-256 of a photo or another blob.
    BlobHash, 32, "blob hash"
);
bytes_newtype!(
    /// Who wrote a change, as the document knows it: see [`crate::actor`].
    ActorId, 16, "actor id"
);
bytes_newtype!(
    /// An open disagreement: see [`crate::disagreement::Disagreement::id`].
    DisagreementId, 16, "disagreement id"
);
bytes_newtype!(
    /// An Ed25519 public key.
    PublicKey, 32, "public key"
);
bytes_newtype!(
    /// An X25519 public key, to which something is sealed.
    SealKey, 32, "seal key"
);
bytes_newtype!(
    /// The name of a seal key: the beginning of its hash.
    SealKeyId, 8, "seal key id"
);
bytes_newtype!(
    /// A parcel, by sixteen random bytes.
    ParcelId, 16, "parcel id"
);
bytes_newtype!(
    /// An Ed25519 signature.
    Signature, 64, "signature"
);

impl From<automerge::ChangeHash> for ChangeHash {
    fn from(hash: automerge::ChangeHash) -> Self {
        Self(hash.0)
    }
}

impl From<ChangeHash> for automerge::ChangeHash {
    fn from(hash: ChangeHash) -> Self {
        Self(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_of_another_length_or_case_is_refused() {
        assert!("00".parse::<ChangeHash>().is_err());
        assert!("AB".repeat(32).parse::<ChangeHash>().is_err());
        assert!("é".repeat(32).parse::<ChangeHash>().is_err());
        for text in ["0", "0g", "é", "00000000"] {
            assert_eq!(hex_bytes(text, 3), None, "{text}");
        }
        assert_eq!(hex_bytes("00fF", 3), Some(vec![0, 255]));
    }

    #[test]
    fn a_tag_keeps_purposes_apart() {
        assert_ne!(tagged("a", &[b"bc"]), tagged("ab", &[b"c"]));
        assert_eq!(tagged("a", &[b"b", b"c"]), tagged("a", &[b"bc"]));
    }
}
