//! Compiled lists against the ledger and against their own lines. Nothing of a list can be made again: it is what was
//! published.

use schemas::ids::{RoundId, UnitId};
use schemas::ledger::{Decision, Hash, LedgerEntry};

use super::{Difference, Rebuilt};
use crate::app::App;
use crate::store::{self, Read};
use crate::workflow::{Refusal, roster};

/// Reports every list that the ledger does not bear out, every entry without its list, and lines that are not the list's.
pub(super) async fn check(
    app: &App,
    rebuilt: &mut Rebuilt,
    read: &mut Read,
    (commune, round): (UnitId, &RoundId),
    entries: Option<&[LedgerEntry]>,
) -> Result<(), Refusal> {
    let lists = store::roster::of_commune(read, commune, round).await?;
    if let Some(entries) = entries {
        let lost = compiled(entries, round).filter(|(entry, _)| lists.iter().all(|list| list.ledger != *entry));
        let lost = lost.map(|(entry, _)| Difference::RosterLost(commune, round.clone(), entry));
        rebuilt.differences.extend(lost);
    }
    for (list, number) in lists.iter().zip(1..) {
        let lines = store::roster::lines(read, commune, round, list.number).await?;
        let borne_out =
            entries.is_none_or(|entries| compiled(entries, round).any(|said| said == (list.ledger, list.root)));
        if list.number != number || !borne_out {
            rebuilt.differences.push(Difference::Roster(commune, round.clone(), list.number));
        }
        let is_at_home = (list.header.commune.id, &list.header.round) == (commune, round);
        if !is_at_home || !roster::kept::follows(app, read, round, list, &lines).await? {
            rebuilt.differences.push(Difference::RosterLines(commune, round.clone(), list.number));
        }
    }
    Ok(())
}

/// The entries that say that a list was compiled: number and root.
fn compiled<'a>(entries: &'a [LedgerEntry], of: &'a RoundId) -> impl Iterator<Item = (u64, Hash)> + 'a {
    entries.iter().filter_map(move |entry| match &entry.decision {
        Decision::RosterCompiled { round, root, .. } if round == of => Some((entry.number, *root)),
        _ => None,
    })
}
