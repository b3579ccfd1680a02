//! What a root holds and what a proof shows, against a tree written down here once more.

use proptest::prelude::*;
use schemas::ledger::Hash;
use schemas::roster::{FileFault, Roster, RosterFile, RosterHeader, Salt, root, verify_line};
use sha2::{Digest, Sha256};

use crate::approved::{commune, compiled};

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// RFC 6962, section 2.1, word for word: the left side takes the largest power of two below the number of leaves.
pub(crate) fn plain_root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        leaves => {
            let left = leaves.len().next_power_of_two() / 2;
            sha256(&[&[1], &plain_root(&leaves[..left]), &plain_root(&leaves[left..])])
        }
    }
}

fn plain_leaves(roster: &Roster) -> Vec<[u8; 32]> {
    let header = sha256(&[&[0], &[0; 32], roster.header().text().as_bytes()]);
    let lines = roster.lines().iter().map(|(line, salt)| sha256(&[&[0], salt.bytes(), line.text().as_bytes()]));
    std::iter::once(header).chain(lines).collect()
}

fn roster() -> Roster {
    compiled(commune()).unwrap()
}

#[test]
fn a_proof_shows_its_own_line_under_its_own_salt_and_nothing_else() {
    let roster = roster();
    let (root, proofs) = (roster.root(), roster.proofs());
    let (line, salt) = &roster.lines()[0];
    let (other, _) = &roster.lines()[1];
    assert!(!verify_line(root, other, *salt, &proofs[0]));
    assert!(!verify_line(root, line, Salt::new([0; 32]), &proofs[0]));
    assert!(!verify_line(root, line, *salt, &proofs[1]));
    assert!(!verify_line(Hash([0; 32]), line, *salt, &proofs[0]));
    let mut damaged = proofs[0].clone();
    damaged.leaf = 0;
    assert!(!verify_line(root, line, *salt, &damaged), "the header is no line");
    for leaves in [0, 1, 5, 7, u64::MAX] {
        damaged = proofs[0].clone();
        damaged.leaves = leaves;
        // A proof of another shape must be refused and must not panic.
        assert!(!verify_line(root, line, *salt, &damaged) || damaged.path == proofs[0].path, "{leaves}");
    }
    damaged = proofs[0].clone();
    damaged.path.pop();
    assert!(!verify_line(root, line, *salt, &damaged));
}

#[test]
fn a_file_without_salts_cannot_be_verified_and_one_out_of_order_is_refused() {
    let file = RosterFile::from(&roster());
    assert_eq!(file.clone().without_salts().verify(file.root), Err(FileFault::NoSalts));
    let mut swapped = file.clone();
    swapped.lines.swap(0, 1);
    assert!(matches!(swapped.verify(file.root), Err(FileFault::Order(_))));
    let mut repeated = file.clone();
    repeated.lines.insert(0, file.lines[0].clone());
    assert!(matches!(repeated.verify(file.root), Err(FileFault::Order(_))));
    let mut future = file.clone();
    future.header.v = 2;
    assert_eq!(future.verify(file.root), Err(FileFault::Version(2)));
}

#[test]
fn a_file_that_claims_another_root_than_it_gives_is_refused() {
    let mut file = RosterFile::from(&roster());
    let right = file.root;
    file.root = Hash([1; 32]);
    assert!(file.verify(right).is_err());
    assert!(file.verify(Hash([1; 32])).is_err());
}

#[test]
fn files_with_fields_that_we_do_not_know_are_no_lists() {
    let file = serde_json::to_string(&RosterFile::from(&roster())).unwrap();
    let more = file.replacen("\"household\"", "\"note\":1,\"household\"", 1);
    assert!(matches!(RosterFile::read(more.as_bytes()), Err(FileFault::Unreadable(_))));
    assert!(RosterFile::read(b"{}").is_err());
}

#[test]
fn every_line_of_a_list_of_any_size_is_proven_by_its_proof() {
    let all = commune();
    for size in 0..=all.len() {
        let roster = compiled(all[..size].to_vec()).unwrap();
        assert_eq!(roster.root().0, plain_root(&plain_leaves(&roster)), "{size}");
        for ((line, salt), proof) in roster.lines().iter().zip(roster.proofs()) {
            assert!(verify_line(roster.root(), line, *salt, &proof));
        }
    }
}

/// The bytes of one part of a list, changed at one place; `None` when what comes out is no list.
fn changed(file: &RosterFile, at: usize, bit: u8) -> Option<RosterFile> {
    let mut bytes = serde_json::to_vec(file).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1 << bit;
    RosterFile::read(&bytes).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_changed_byte_of_a_file_is_found(at in any::<usize>(), bit in 0u8..8) {
        let file = RosterFile::from(&roster());
        if let Some(other) = changed(&file, at, bit) {
            prop_assert!(other == file || other.verify(file.root).is_err());
        }
    }

    #[test]
    fn any_changed_bit_of_a_lines_text_or_salt_changes_the_root(line in 0usize..5, at in any::<usize>(), bit in 0u8..8) {
        let roster = roster();
        let mut leaves = plain_leaves(&roster);
        let (entry, salt) = &roster.lines()[line];
        let mut data = [salt.bytes().as_slice(), entry.text().as_bytes()].concat();
        let at = at % data.len();
        data[at] ^= 1 << bit;
        leaves[line + 1] = sha256(&[&[0], &data]);
        prop_assert_ne!(plain_root(&leaves), roster.root().0);
    }
}

#[test]
fn the_header_is_in_the_root() {
    let roster = roster();
    let lines = || roster.lines().iter().map(|(line, salt)| (line, *salt));
    let mut header: RosterHeader = roster.header().clone();
    header.merge_policy += 1;
    assert_ne!(root(&header, lines()), roster.root());
    assert_eq!(root(roster.header(), lines()), roster.root());
}
