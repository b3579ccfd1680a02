//! Whether a stored list still says what its root says: from the hashes of its leaves, and each leaf from its sealed text
//! as far as its household's key still exists.

use schemas::ids::RoundId;
use schemas::roster::{RosterLine, UnassessedEntry, leaf_hash, root_of_leaves, unassessed_leaf_hash};

use super::gather::{salt, unassessed_salt};
use crate::app::App;
use crate::domain::roster::{LeafKind, StoredLine, StoredRoster};
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read};
use crate::workflow::Refusal;
use crate::workflow::document::key_of;

/// Whether the root of a list follows from its lines. Of a household that was erased only the hash of its leaf is asked.
pub(in crate::workflow) async fn follows(
    app: &App,
    read: &mut Read,
    round: &RoundId,
    list: &StoredRoster,
    lines: &[StoredLine],
) -> Result<bool, Refusal> {
    if root_of_leaves(&list.header, lines.iter().map(|line| line.leaf)) != list.root {
        return Ok(false);
    }
    for line in lines {
        let Some(home) = store::household::by_id(read, line.household).await? else { return Ok(false) };
        match key_of(app, &home) {
            Ok(key) if !says_its_leaf(&key, round, line) => return Ok(false),
            Ok(_) | Err(Refusal::Erased) => {}
            Err(Refusal::Seal(_)) => return Ok(false),
            Err(fault) => return Err(fault),
        }
    }
    Ok(true)
}

fn says_its_leaf(key: &HouseholdKey, round: &RoundId, line: &StoredLine) -> bool {
    let subject = match line.kind {
        LeafKind::Line => Subject::RosterLine(round.as_str()),
        LeafKind::Unassessed => Subject::RosterUnassessed(round.as_str()),
    };
    let Ok(text) = key.open(subject, &line.sealed) else { return false };
    let leaf = match line.kind {
        LeafKind::Line => {
            serde_json::from_slice::<RosterLine>(&text).map(|said| (said.household, leaf_hash(&said, salt(key, round))))
        }
        LeafKind::Unassessed => serde_json::from_slice::<UnassessedEntry>(&text)
            .map(|said| (said.household, unassessed_leaf_hash(&said, unassessed_salt(key, round)))),
    };
    leaf.is_ok_and(|leaf| leaf == (line.household, line.leaf))
}
