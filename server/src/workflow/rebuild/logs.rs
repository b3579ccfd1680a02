//! The logs of a commune's villages: their chains, and what they say of every change.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{HouseholdId, RoundId, UnitId};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Digest, Row, RowEvent, origin};
use sync_protocol::verdict::Verdict;

use super::{Difference, Rebuilt};
use crate::domain::field::StoredChange;
use crate::store::{self, Read, StoreError};

/// What the logs of a commune say in a round.
#[derive(Debug, Default)]
pub(super) struct Logged {
    words: BTreeMap<HouseholdId, BTreeMap<ChangeHash, Word>>,
    present: BTreeSet<(HouseholdId, UnitId)>,
    left: BTreeSet<HouseholdId>,
}

/// The last thing that is said of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// It belongs to the document, from whenever it was let in.
    In,
    /// Something else became of it.
    Out { verdict: Verdict, written_at_ms: i64 },
}

impl Word {
    fn fits(self, verdict: Verdict) -> bool {
        match (self, verdict) {
            (Self::In, Verdict::Accepted | Verdict::Released) => true,
            (Self::In, Verdict::Held(_) | Verdict::Rejected(_) | Verdict::Superseded) => false,
            (Self::Out { verdict: said, .. }, verdict) => said == verdict,
        }
    }

    /// What is let in stays in. Logs of two villages are put in order by their time, as far as a household was in both.
    fn followed_by(self, next: Self) -> Self {
        match (self, next) {
            (Self::Out { written_at_ms: before, .. }, Self::Out { written_at_ms: after, .. }) if before > after => self,
            (Self::Out { .. }, next) => next,
            (Self::In, _) => self,
        }
    }
}

impl Logged {
    /// Every household that was ever named and is still in the commune.
    pub(super) fn households(&self) -> impl Iterator<Item = HouseholdId> {
        self.words.keys().copied().filter(move |household| !self.is_gone(household))
    }

    /// Whether the household belongs to another commune from some row on: what is kept of it is looked for there.
    pub(super) fn is_gone(&self, household: &HouseholdId) -> bool {
        let stays = self.present.range((*household, UnitId(0))..=(*household, UnitId(u64::MAX))).next().is_some();
        self.left.contains(household) && !stays
    }

    /// The changes that a household's logs name and that are not kept.
    pub(super) fn lost(&self, household: &HouseholdId, kept: &[StoredChange]) -> Vec<ChangeHash> {
        let kept: BTreeSet<ChangeHash> = kept.iter().map(|change| change.hash).collect();
        let named = self.words.get(household).into_iter().flat_map(BTreeMap::keys).copied();
        named.filter(|hash| !kept.contains(hash)).collect()
    }

    /// The changes that are kept with another end than the log's last word, or without any word.
    pub(super) fn misjudged(&self, household: &HouseholdId, kept: &[StoredChange]) -> Vec<ChangeHash> {
        let words = self.words.get(household);
        let fits = |change: &StoredChange| {
            words.and_then(|words| words.get(&change.hash)).is_some_and(|word| word.fits(change.verdict))
        };
        kept.iter().filter(|change| !fits(change)).map(|change| change.hash).collect()
    }

    /// Whether the log says that a change belongs to the document.
    pub(super) fn is_in(&self, household: &HouseholdId, hash: &ChangeHash) -> bool {
        self.words.get(household).and_then(|words| words.get(hash)) == Some(&Word::In)
    }

    fn note(&mut self, village: UnitId, row: &Row) {
        let (hash, word) = match row.event {
            RowEvent::Entered => {
                self.present.insert((row.household, village));
                return;
            }
            RowEvent::Left => {
                self.present.remove(&(row.household, village));
                self.left.insert(row.household);
                return;
            }
            RowEvent::Change(hash) => (hash, Word::In),
            RowEvent::Verdict { hash, verdict: Verdict::Accepted | Verdict::Released } => (hash, Word::In),
            RowEvent::Verdict { hash, verdict } => (hash, Word::Out { verdict, written_at_ms: row.written_at_ms }),
        };
        let said = self.words.entry(row.household).or_default().entry(hash).or_insert(word);
        *said = said.followed_by(word);
    }
}

/// Computes the chains of a commune's logs again and collects what they say.
pub(super) async fn check(
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<Logged, StoreError> {
    let mut logged = Logged::default();
    for village in store::log::villages(read, commune, round).await? {
        let scope = Scope { village, round: round.clone() };
        let Some(state) = store::log::state(read, commune, &scope).await? else { continue };
        let mut previous = origin(&scope, state.generation);
        let mut last = (0, Digest::default());
        for row in store::log::after(read, commune, &scope, 0, u32::MAX).await? {
            rebuilt.log_rows += 1;
            let counted = digest_count(last.1.count(), &row.row.event);
            let follows = row.row.position == last.0 + 1 && row.digest.count() == counted;
            if !follows || row.row.hash(&previous) != row.hash {
                rebuilt.differences.push(Difference::Log(commune, scope.clone(), row.row.position));
            }
            logged.note(village, &row.row);
            previous = row.hash;
            last = (row.row.position, row.digest);
        }
        if (state.position, state.row, state.digest) != (last.0, previous, last.1) {
            rebuilt.differences.push(Difference::Log(commune, scope, state.position));
        }
    }
    Ok(logged)
}

fn digest_count(before: u64, event: &RowEvent) -> u64 {
    match event {
        RowEvent::Entered => before + 1,
        RowEvent::Left => before.saturating_sub(1),
        RowEvent::Change(_) | RowEvent::Verdict { .. } => before,
    }
}
