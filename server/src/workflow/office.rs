//! Writing to a household from the office, in a person's own name: under the server's key, journaled and signed like a
//! phone's work, and through the same gate.

use std::collections::BTreeMap;

use schemas::ids::AccountId;
use schemas::ledger::{Decision, Hash};
use sync_protocol::actor::Author;
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::journal::{Body, JournalHead, Scope};
use sync_protocol::segment::{Payload, Segment};
use sync_protocol::verdict::Verdict;

use super::case::Case;
use super::ingest::Replacing;
use super::{Refusal, ingest, intake};
use crate::app::App;
use crate::store::{self, Read};

/// The epoch of the office's own journals.
const EPOCH: u32 = 1;

/// A change that the office is about to make.
pub(super) struct Draft {
    /// What it writes.
    pub(super) writes: BTreeMap<Slot, Write>,
    /// Its message: what kind of work it is.
    pub(super) message: String,
    /// The refused change that it says again, and why.
    pub(super) instead_of: Option<(ChangeHash, String)>,
}

/// Writes to the household of a case, as it stands in the case. Fails with [`Refusal::StaleHeads`] when it has moved on.
pub(super) async fn write(app: &App, case: &Case, draft: Draft) -> Result<ChangeHash, Refusal> {
    let author = author(app, case.right.account());
    let (segment, hash) = segment(app, &mut app.store.read().await?, case, author, &draft).await?;
    let judged = intake::judge(app, &segment, case.opened.home.commune, &case.round, BTreeMap::new()).await?;
    if let Some(refused) = judged.verdicts().into_iter().find(|verdict| *verdict != Verdict::Accepted) {
        return Err(Refusal::NotAdmitted(refused));
    }
    let judged_on = judged.stored_heads(&case.opened.home.id);
    if judged_on != case.opened.stored_heads() {
        return Err(Refusal::StaleHeads);
    }
    let replacing = draft.instead_of.map(|(refused, reason)| Replacing {
        household: case.opened.home.id,
        change: refused,
        by: author.account,
        decision: Decision::Salvaged {
            household: case.opened.home.id,
            round: case.round.id.clone(),
            change: Hash(refused.0),
            by: Hash(hash.0),
            reason,
        },
    });
    match ingest::write(app, &segment, case.opened.home.commune, judged, replacing).await? {
        true => Ok(hash),
        false => Err(Refusal::StaleHeads),
    }
}

fn author(app: &App, account: AccountId) -> Author {
    Author { key: PublicKey(app.server_public_key()), account, epoch: EPOCH }
}

/// The next segment of the author's journal, with one change in it.
async fn segment(
    app: &App,
    read: &mut Read,
    case: &Case,
    author: Author,
    draft: &Draft,
) -> Result<(Segment, ChangeHash), Refusal> {
    let now = app.clock.now();
    let history = &case.opened.history;
    let message = Some(draft.message.clone());
    let drafted = history.draft(history.heads(), author.actor(), now.as_second(), message, &draft.writes);
    let bytes = drafted.and_then(|drafted| drafted.encode()).ok_or(Refusal::NothingToWrite)?;
    let (_, hash) = change::parse(&bytes).map_err(|fault| Refusal::Unwritable(fault.to_string()))?;
    let mut journal = journal(read, &author).await?;
    let body = Body::Change { household: case.opened.home.id, hash };
    let entry = journal.append(None, now.as_millisecond(), 0, body);
    let scope = Scope { village: case.opened.home.village, round: case.round.id.clone() };
    let segment = Segment::sign(author, scope, vec![entry], vec![Payload::Raw(bytes.into())], app.server_key());
    Ok((segment, hash))
}

async fn journal(read: &mut Read, author: &Author) -> Result<JournalHead, Refusal> {
    let last = store::segment::of_author(read, author).await?.pop();
    Ok(last.map_or_else(JournalHead::default, |segment| JournalHead {
        number: segment.entries.1,
        hash: Some(segment.head),
    }))
}
