//! What a root holds and what a proof shows, against a tree written down here once more.

use proptest::prelude::*;
use schemas::ledger::Hash;
use schemas::roster::{
    FileFault, Roster, RosterFile, RosterHeader, Salt, leaf_hash, root, root_of_leaves, unassessed_leaf_hash,
    verify_line, verify_unassessed,
};
use sha2::{Digest, Sha256};

use crate::approved::{commune, compiled_with, whole, without_class};

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
    let unassessed = roster.unassessed().iter();
    let unassessed =
        unassessed.map(|(entry, salt)| sha256(&[&[0], salt.bytes(), b"unassessed\0", entry.text().as_bytes()]));
    std::iter::once(header).chain(lines).chain(unassessed).collect()
}

#[test]
fn a_proof_shows_its_own_line_under_its_own_salt_and_nothing_else() {
    let roster = whole();
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
    for leaves in [0, 1, 5, 7, 8, 10, u64::MAX] {
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
fn a_line_and_a_household_without_a_class_are_never_taken_for_each_other() {
    let roster = whole();
    let (root, lines, ended) = (roster.root(), roster.proofs(), roster.unassessed_proofs());
    assert_eq!((lines.len(), ended.len()), (5, 3));
    let (line, line_salt) = &roster.lines()[0];
    let (entry, entry_salt) = &roster.unassessed()[0];
    for (line_proof, ended_proof) in lines.iter().zip(&ended) {
        for salt in [*line_salt, *entry_salt, Salt::new([0; 32])] {
            assert!(!verify_line(root, line, salt, ended_proof));
            assert!(!verify_unassessed(root, entry, salt, line_proof));
        }
    }
    assert!(!verify_unassessed(root, entry, *line_salt, &ended[0]));
    assert!(!verify_unassessed(root, entry, *entry_salt, &ended[1]));
    let mut damaged = ended[0].clone();
    damaged.leaf = 0;
    assert!(!verify_unassessed(root, entry, *entry_salt, &damaged), "the header is no household");
    // The text of an entry, put where a line's would be, is another leaf.
    let bare = sha256(&[&[0], entry_salt.bytes(), entry.text().as_bytes()]);
    assert_ne!(unassessed_leaf_hash(entry, *entry_salt), Hash(bare));
    assert_eq!(leaf_hash(line, *line_salt), Hash(plain_leaves(&roster)[1]));
    assert_eq!(unassessed_leaf_hash(entry, *entry_salt), Hash(plain_leaves(&roster)[6]));
}

#[test]
fn the_hashes_of_the_leaves_give_the_root_as_long_as_none_is_missing() {
    let roster = whole();
    let lines = roster.lines().iter().map(|(line, salt)| leaf_hash(line, *salt));
    let entries = roster.unassessed().iter().map(|(entry, salt)| unassessed_leaf_hash(entry, *salt));
    let leaves: Vec<Hash> = lines.chain(entries).collect();
    for missing in 0..leaves.len() {
        let others = leaves.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, leaf)| *leaf);
        assert_ne!(root_of_leaves(roster.header(), others), roster.root(), "{missing}");
    }
    assert_ne!(root_of_leaves(roster.header(), []), roster.root());
    assert_eq!(root_of_leaves(roster.header(), leaves), roster.root());
}

#[test]
fn a_file_in_which_a_household_stands_in_both_parts_or_out_of_order_is_refused() {
    let file = RosterFile::from(&whole());
    let mut swapped = file.clone();
    swapped.unassessed.swap(0, 1);
    assert_eq!(swapped.verify(file.root), Err(FileFault::Order(file.unassessed[0].entry.household)));
    let mut both = file.clone();
    both.unassessed[0].entry.household = file.lines[2].line.household;
    assert_eq!(both.verify(file.root), Err(FileFault::Order(file.lines[2].line.household)));
    let mut hidden = file.clone();
    hidden.unassessed[0].salt = None;
    assert_eq!(hidden.verify(file.root), Err(FileFault::NoSalts));
    hidden.unassessed.remove(0);
    assert!(matches!(hidden.verify(file.root), Err(FileFault::Root { .. })), "nobody drops off by silence");
}

#[test]
fn a_file_without_salts_cannot_be_verified_and_one_out_of_order_is_refused() {
    let file = RosterFile::from(&whole());
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
    let mut file = RosterFile::from(&whole());
    let right = file.root;
    file.root = Hash([1; 32]);
    assert!(file.verify(right).is_err());
    assert!(file.verify(Hash([1; 32])).is_err());
}

#[test]
fn files_with_fields_that_we_do_not_know_are_no_lists() {
    let file = serde_json::to_string(&RosterFile::from(&whole())).unwrap();
    let more = file.replacen("\"household\"", "\"note\":1,\"household\"", 1);
    assert!(matches!(RosterFile::read(more.as_bytes()), Err(FileFault::Unreadable(_))));
    assert!(RosterFile::read(b"{}").is_err());
}

#[test]
fn every_leaf_of_a_list_of_any_size_is_proven_by_its_proof() {
    let (all, ended) = (commune(), without_class());
    for size in 0..=all.len() {
        let roster = compiled_with(all[..size].to_vec(), ended[..size / 2].to_vec()).unwrap();
        assert_eq!(roster.root().0, plain_root(&plain_leaves(&roster)), "{size}");
        let (lines, unassessed) = (roster.proofs(), roster.unassessed_proofs());
        assert_eq!((lines.len(), unassessed.len()), (roster.lines().len(), size / 2));
        for ((line, salt), proof) in roster.lines().iter().zip(lines) {
            assert!(verify_line(roster.root(), line, *salt, &proof));
        }
        for ((entry, salt), proof) in roster.unassessed().iter().zip(unassessed) {
            assert!(verify_unassessed(roster.root(), entry, *salt, &proof));
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
        let file = RosterFile::from(&whole());
        if let Some(other) = changed(&file, at, bit) {
            prop_assert!(other == file || other.verify(file.root).is_err());
        }
    }

    #[test]
    fn any_changed_bit_of_a_lines_text_or_salt_changes_the_root(line in 0usize..5, at in any::<usize>(), bit in 0u8..8) {
        let roster = whole();
        let mut leaves = plain_leaves(&roster);
        let (entry, salt) = &roster.lines()[line];
        let mut data = [salt.bytes().as_slice(), entry.text().as_bytes()].concat();
        let at = at % data.len();
        data[at] ^= 1 << bit;
        leaves[line + 1] = sha256(&[&[0], &data]);
        prop_assert_ne!(plain_root(&leaves), roster.root().0);
    }

    #[test]
    fn any_changed_bit_of_a_household_without_a_class_changes_the_root(
        one in 0usize..3,
        at in any::<usize>(),
        bit in 0u8..8,
    ) {
        let roster = whole();
        let mut leaves = plain_leaves(&roster);
        let (entry, salt) = &roster.unassessed()[one];
        let mut data = [salt.bytes().as_slice(), b"unassessed\0", entry.text().as_bytes()].concat();
        let at = at % data.len();
        data[at] ^= 1 << bit;
        leaves[roster.lines().len() + one + 1] = sha256(&[&[0], &data]);
        prop_assert_ne!(plain_root(&leaves), roster.root().0);
    }
}

#[test]
fn the_header_is_in_the_root() {
    let roster = whole();
    let lines = || roster.lines().iter().map(|(line, salt)| (line, *salt));
    let ended = || roster.unassessed().iter().map(|(entry, salt)| (entry, *salt));
    let mut header: RosterHeader = roster.header().clone();
    header.merge_policy += 1;
    assert_ne!(root(&header, lines(), ended()), roster.root());
    assert_eq!(root(roster.header(), lines(), ended()), roster.root());
}
