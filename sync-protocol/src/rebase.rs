//! Work said again by its author: how a change names the earlier ones that it stands for.
//!
//! Owns the mark in the change's message. Which values are said again is decided by a person at the device
//! ([`crate::device`]); the server supersedes what is named, as far as the same author wrote it and nobody has decided
//! on it yet ([`crate::authority`]).

use crate::change::MAX_MESSAGE_BYTES;
use crate::hash::ChangeHash;

/// What the message of such a change begins with.
const MARK: &str = "rebase:";
/// Bytes of a hash that name a change among those of one author in one document.
const NAME_BYTES: usize = 8;
/// Most changes that one message can name.
pub const MAX_NAMED: usize = (MAX_MESSAGE_BYTES - MARK.len() + 1) / (2 * NAME_BYTES + 1);

/// The message of a change that stands for these; of more than [`MAX_NAMED`] the first ones.
pub fn message(replaced: &[ChangeHash]) -> String {
    let names: Vec<String> = replaced.iter().take(MAX_NAMED).map(name).collect();
    format!("{MARK}{}", names.join(","))
}

fn name(hash: &ChangeHash) -> String {
    hash.to_string().chars().take(2 * NAME_BYTES).collect()
}

/// Whether a change says something again.
pub fn is_rebase(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.starts_with(MARK))
}

/// Which of its author's earlier changes to the document a change stands for. A name that fits several means none of them.
pub fn replaced(message: Option<&str>, earlier: &[ChangeHash]) -> Vec<ChangeHash> {
    let names = message.and_then(|message| message.strip_prefix(MARK)).map(|names| names.split(','));
    let found = |wanted: &str| {
        let mut fitting = earlier.iter().filter(|hash| name(hash) == wanted);
        let first = fitting.next()?;
        fitting.next().is_none().then_some(*first)
    };
    names.into_iter().flatten().take(MAX_NAMED).filter_map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> ChangeHash {
        ChangeHash([n; 32])
    }

    #[test]
    fn a_name_that_fits_two_changes_means_neither() {
        let mut twin = hash(1);
        twin.0[31] = 9;
        let message = message(&[hash(1), hash(2)]);
        assert_eq!(replaced(Some(&message), &[hash(1), twin, hash(2)]), [hash(2)]);
    }

    #[test]
    fn other_messages_name_nothing() {
        for message in [None, Some(""), Some("salvage:0101010101010101"), Some("rebase:"), Some("rebase:01,,zz")] {
            assert_eq!(replaced(message, &[hash(1)]), []);
        }
    }

    #[test]
    fn as_many_changes_as_a_message_holds_are_found_again() {
        let hashes: Vec<ChangeHash> = (0..40).map(hash).collect();
        let message = message(&hashes);
        assert!(message.len() <= MAX_MESSAGE_BYTES);
        assert_eq!(replaced(Some(&message), &hashes), hashes[..MAX_NAMED]);
    }
}
