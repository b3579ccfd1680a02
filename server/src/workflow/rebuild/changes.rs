//! The changes of one household against the log: which are gone, which can be given back, and which ended otherwise than
//! the log says.
//!
//! Nothing is made up: a change comes back only with the bytes that its hash is of and under the signed journal that names
//! it. Where one stays lost, its household is left as it is; the saved document may be the last that knows of it.

use std::collections::BTreeMap;

use schemas::ids::{RoundId, UnitId};
use sync_protocol::archive;
use sync_protocol::change;
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Body;
use sync_protocol::segment::Segment;
use sync_protocol::verdict::Verdict;

use super::decisions::Decisions;
use super::difference::Left;
use super::logs::Logged;
use super::{Difference, Rebuilt};
use crate::app::App;
use crate::domain::field::{DocumentKey, DocumentState, StoredChange, StoredSegment};
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read, StoreError};
use crate::workflow::Refusal;

/// A household's document, its key while it has one, and the changes that are kept of it.
pub(super) struct Kept<'a> {
    pub(super) key: &'a DocumentKey,
    pub(super) household_key: Option<&'a HouseholdKey>,
    pub(super) state: Option<&'a DocumentState>,
    pub(super) changes: &'a [StoredChange],
}

/// How the changes of a household stand to its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// All are there.
    Whole,
    /// All are there again: what was read before is out of date.
    GivenBack,
    /// Something is missing or was altered: nothing may be made of what is left.
    Broken,
}

/// Compares the changes of a household with what its log says, and gives back what was lost and can be proven.
pub(super) async fn check(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    kept: Kept<'_>,
    (logged, decisions): (&Logged, &Decisions),
) -> Result<Standing, Refusal> {
    let (household, key) = (kept.key.household, kept.key);
    let misjudged = logged.misjudged(&household, kept.changes);
    let lost = logged.lost(&household, kept.changes);
    let mut standing = if misjudged.is_empty() { Standing::Whole } else { Standing::Broken };
    rebuilt.differences.extend(misjudged.into_iter().map(|hash| Difference::Verdict(key.clone(), hash)));
    if lost.is_empty() {
        return Ok(standing);
    }
    let saved = kept.household_key.zip(kept.state).and_then(|(secret, state)| saved_changes(secret, state, &key.round));
    let saved = saved.unwrap_or_default();
    let witnesses = witnesses(read, key.commune, &key.round).await?;
    for hash in lost {
        let found = saved.get(&hash).filter(|_| logged.is_in(&household, &hash));
        let difference = match (found, kept.household_key, witnesses.get(&hash)) {
            (Some(bytes), Some(secret), Some(witness)) => {
                let verdict = if decisions.released(key, hash) { Verdict::Released } else { Verdict::Accepted };
                let sealed = secret.seal(Subject::Change(&hash.0), bytes, &app.chance)?;
                give_back(app, key, StoredChange { verdict, sealed, ..witness.clone() }).await?;
                Difference::GivenBack(key.clone(), hash)
            }
            (Some(_), _, _) => Difference::ChangeLost(key.clone(), hash, Left::InSavedDocument),
            (None, _, _) => Difference::ChangeLost(key.clone(), hash, Left::Nothing),
        };
        standing = match (standing, difference.is_mended()) {
            (Standing::Whole | Standing::GivenBack, true) => Standing::GivenBack,
            (Standing::Broken, _) | (_, false) => Standing::Broken,
        };
        rebuilt.differences.push(difference);
    }
    Ok(standing)
}

/// The bytes of the changes in a saved document; `None` when it does not open.
pub(super) fn saved_changes(
    key: &HouseholdKey,
    state: &DocumentState,
    round: &RoundId,
) -> Option<BTreeMap<ChangeHash, Vec<u8>>> {
    let saved = key.open(Subject::Document(round.as_str()), state.saved.as_ref()?).ok()?;
    let changes = archive::changes(&saved).ok()?;
    changes.into_iter().map(|bytes| change::parse(&bytes).ok().map(|(_, hash)| (hash, bytes))).collect()
}

/// Every change that a signed journal of the round names, as it was kept when it came, but for its bytes and its end.
async fn witnesses(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<BTreeMap<ChangeHash, StoredChange>, StoreError> {
    let mut witnesses = BTreeMap::new();
    for segment in store::segment::of_round(read, commune, round).await? {
        for change in named(&segment) {
            witnesses.entry(change.hash).or_insert(change);
        }
    }
    Ok(witnesses)
}

fn named(stored: &StoredSegment) -> Vec<StoredChange> {
    let Ok(segment) = Segment::open_evidence(&stored.journal) else { return Vec::new() };
    let named = segment.entries().iter().filter_map(|entry| match &entry.body {
        Body::Change { household, hash } => Some(StoredChange {
            household: *household,
            hash: *hash,
            author: *segment.author(),
            entry: entry.number,
            wall_ms: entry.wall_ms,
            // What its author had seen is proven by the log as it was then.
            seen_at: None,
            received_at: stored.received_at,
            verdict: Verdict::Accepted,
            reason: None,
            sealed: Vec::new(),
        }),
        Body::Command { .. } | Body::Blob { .. } => None,
    });
    named.collect()
}

async fn give_back(app: &App, key: &DocumentKey, change: StoredChange) -> Result<(), Refusal> {
    let (commune, round) = (key.commune, key.round.clone());
    let written: Result<(), StoreError> = app
        .store
        .write("rebuild/change", move |tx| {
            Box::pin(async move { store::change::put(tx, commune, &round, &[change]).await })
        })
        .await;
    Ok(written?)
}
