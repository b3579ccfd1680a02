//! Points tables of offices, bound to the standards that score by them.
//!
//! Owns keeping what was bound once: a table is known by its hash, so it never changes, and reading it again for every
//! segment would be waste. Which table a round uses is said by the round.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemas::ids::StandardId;
use schemas::ledger::Hash;
use schemas::rules::RoundTable;
use schemas::standard::{PointsFiles, Standard};

/// Tables by standard and hash; `None` where a table does not fit the form of a standard.
#[derive(Debug, Default)]
pub struct BoundTables(Mutex<BTreeMap<(StandardId, Hash), Option<RoundTable>>>);

impl BoundTables {
    /// The table as it was bound before; the outer `None` when it never was.
    pub fn known(&self, standard: &Standard, hash: Hash) -> Option<Option<RoundTable>> {
        self.tables().get(&(standard.id().clone(), hash)).cloned()
    }

    /// Binds files to a standard and keeps the result; `None` when they do not fit its form or may not decide.
    pub fn bind(&self, standard: &Standard, files: &PointsFiles) -> Option<RoundTable> {
        let bound = files.load(standard).ok().and_then(|table| table.for_round().ok());
        let name = (standard.id().clone(), Hash(files.hash().0));
        self.tables().insert(name, bound.clone());
        bound
    }

    /// A panic while the map was held leaves it as whole as any other moment does.
    fn tables(&self) -> MutexGuard<'_, BTreeMap<(StandardId, Hash), Option<RoundTable>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
