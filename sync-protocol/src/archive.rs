//! Saved documents: Automerge's own format, as a cache of the change log.
//!
//! Owns the only places where bytes are applied to an Automerge document. What is saved here is loaded back and its heads
//! compared before anybody is told that it is safe. Never reads bytes from the network: those pass the gate first.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use automerge::{Automerge, Change, LoadOptions, OnPartialLoad, SaveOptions};
use schemas::form::Form;
use thiserror::Error;

use crate::change;
use crate::genesis::Genesis;
use crate::hash::ChangeHash;
use crate::history::{History, Misfit};

/// Why a document could not be saved or read back.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ArchiveError {
    /// Automerge refused the saved bytes or a change.
    #[error("Automerge: {0}")]
    Automerge(String),
    /// Automerge panicked; the document in its hands is gone, the log is not.
    #[error("Automerge panicked")]
    Panicked,
    /// What was loaded back has other heads than what was saved.
    #[error("the saved document does not load back with the same heads")]
    Heads,
    /// A change in the archive does not fit its history.
    #[error("a saved change does not fit: {0}")]
    Misfit(#[from] Misfit),
}

/// A document as saved: a cache that the log can make again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Automerge's bytes. They depend on the order in which changes arrived, so nothing ever hashes them.
    pub bytes: Vec<u8>,
    /// The heads they load back with; sorted.
    pub heads: Vec<ChangeHash>,
}

/// Applies admitted changes to a saved document (or to a fresh one), saves it, loads it back and compares the heads.
pub fn extend(genesis: &Genesis, saved: Option<&[u8]>, changes: &[Vec<u8>]) -> Result<Saved, ArchiveError> {
    unpanicked(|| {
        let mut document = match saved {
            Some(bytes) => load(bytes)?,
            None => found(genesis)?,
        };
        let changes: Result<Vec<Change>, _> = changes.iter().map(|bytes| Change::try_from(bytes.as_slice())).collect();
        document.apply_changes(changes.map_err(refused)?).map_err(refused)?;
        let bytes = document.save_with_options(SaveOptions { deflate: true, retain_orphans: false });
        let heads = sorted_heads(&document);
        match sorted_heads(&load(&bytes)?) == heads {
            true => Ok(Saved { bytes, heads }),
            false => Err(ArchiveError::Heads),
        }
    })
}

/// The bytes of all changes of a saved document after the genesis, each after those it builds on.
pub fn changes(saved: &[u8]) -> Result<Vec<Vec<u8>>, ArchiveError> {
    unpanicked(|| {
        let changes = load(saved)?.get_changes(&[]);
        Ok(changes
            .iter()
            .filter(|change| !change.deps().is_empty())
            .map(|change| change.raw_bytes().to_vec())
            .collect())
    })
}

/// The heads that a saved document loads back with; sorted.
pub fn heads(saved: &[u8]) -> Result<Vec<ChangeHash>, ArchiveError> {
    unpanicked(|| Ok(sorted_heads(&load(saved)?)))
}

/// The history made of changes that were admitted before.
pub fn history<'a>(
    genesis: Genesis,
    form: Arc<Form>,
    changes: impl IntoIterator<Item = &'a [u8]>,
) -> Result<History, ArchiveError> {
    let mut history = History::new(genesis, form);
    for bytes in changes {
        let (expanded, hash) = change::parse(bytes).map_err(|fault| Misfit::Broken(fault.into()))?;
        if !history.knows(&hash) {
            let node = history.read(&expanded, hash)?;
            history.push(node);
        }
    }
    Ok(history)
}

/// Puts changes into an order in which each follows what it builds on; those that came first come first where it does not
/// matter. A change whose dependency is not among them is an error.
pub fn in_order(mut changes: Vec<(ChangeHash, Vec<u8>)>) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let all: HashSet<ChangeHash> = changes.iter().map(|(hash, _)| *hash).collect();
    let mut done: HashSet<ChangeHash> = HashSet::new();
    let mut ordered = Vec::with_capacity(changes.len());
    while !changes.is_empty() {
        let before = changes.len();
        let mut left = Vec::new();
        for (hash, bytes) in changes {
            let (change, _) = change::parse(&bytes).map_err(|fault| Misfit::Broken(fault.into()))?;
            let waits = change.deps.iter().any(|dep| all.contains(&(*dep).into()) && !done.contains(&(*dep).into()));
            match waits {
                true => left.push((hash, bytes)),
                false => {
                    done.insert(hash);
                    ordered.push(bytes);
                }
            }
        }
        changes = left;
        if changes.len() == before {
            return Err(Misfit::MissingDependencies(changes.iter().map(|(hash, _)| *hash).collect()).into());
        }
    }
    Ok(ordered)
}

fn found(genesis: &Genesis) -> Result<Automerge, ArchiveError> {
    let mut document = Automerge::new();
    document.apply_changes([genesis.change()]).map_err(refused)?;
    Ok(document)
}

fn load(bytes: &[u8]) -> Result<Automerge, ArchiveError> {
    let options = LoadOptions::new().on_partial_load(OnPartialLoad::Error);
    Automerge::load_with_options(bytes, options).map_err(refused)
}

fn sorted_heads(document: &Automerge) -> Vec<ChangeHash> {
    let mut heads: Vec<ChangeHash> = document.get_heads().into_iter().map(Into::into).collect();
    heads.sort_unstable();
    heads
}

fn refused(error: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Automerge(error.to_string())
}

fn unpanicked<T>(work: impl FnOnce() -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
    // Everything that the closure touches is dropped when it panics.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(ArchiveError::Panicked))
}
