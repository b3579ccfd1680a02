//! Changes that wait for what they build on, looked at again when their document has moved on; and changes that their
//! author has said again in what was let in.
//!
//! Owns what both come to and writing it down. Each change is judged under its own author, as that author stands now.

use std::collections::BTreeMap;

use sync_protocol::actor::Author;
use sync_protocol::authority::{self, Reconsidered, Waiting};
use sync_protocol::gate::Policy;
use sync_protocol::hash::ChangeHash;
use sync_protocol::rebase;
use sync_protocol::verdict::{Hold, Verdict};

use super::Refusal;
use super::document::Opened;
use crate::domain::field::{DocumentKey, StoredChange};
use crate::store::{self, Tx};

/// Whether a change waits for nothing but what it builds on.
pub(super) fn waits_for_its_past(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Held(Hold::MissingDependency | Hold::BuildsOnHeld))
}

/// What else has to be written when a document moves on.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    /// Changes that waited and are admitted now, in order.
    pub(super) freed: Vec<ChangeHash>,
    /// Their bytes.
    pub(super) bytes: Vec<Vec<u8>>,
    /// Other verdicts: what stands against a change that no longer waits for its past, and what was said again.
    verdicts: Vec<(ChangeHash, Verdict, Option<String>)>,
    /// The verdicts that all this was judged on.
    before: BTreeMap<ChangeHash, Verdict>,
}

impl Aftermath {
    /// Looks again at what waits in a document that has just taken changes in, and moves it on. `taken`: those changes,
    /// with their authors. `kept`: everything of the document that is not in it.
    pub(super) fn of(
        opened: &mut Opened,
        kept: &[&StoredChange],
        taken: &[(ChangeHash, Author)],
        policy: impl Fn(&Author) -> Policy,
    ) -> Result<Self, Refusal> {
        let waiting: Result<Vec<Waiting>, Refusal> = kept
            .iter()
            .filter(|kept| waits_for_its_past(kept.verdict) && !taken.iter().any(|(hash, _)| *hash == kept.hash))
            .map(|kept| Ok(Waiting { hash: kept.hash, bytes: opened.change_bytes(kept)?, actor: kept.author.actor() }))
            .collect();
        let author = |hash: ChangeHash| kept.iter().find(|kept| kept.hash == hash).map(|kept| kept.author);
        let Reconsidered { admitted, judged } =
            authority::reconsider(&mut opened.history, waiting?, |change, entry| match author(change.hash) {
                Some(author) if authority::is_decided(entry, || own(kept, &author)) => {
                    Policy::Holds(Hold::AlreadyDecided)
                }
                Some(author) => policy(&author),
                None => Policy::Holds(Hold::MissingDependency),
            });
        let freed: Vec<ChangeHash> = admitted.iter().map(|change| change.hash).collect();
        let by = freed.iter().filter_map(|hash| Some((*hash, author(*hash)?)));
        let said_again = said_again(opened, kept, taken.iter().copied().chain(by));
        let mut verdicts: Vec<_> =
            judged.into_iter().map(|(change, verdict, reason)| (change.hash, verdict, reason)).collect();
        verdicts.retain(|(hash, ..)| !said_again.contains(hash));
        verdicts.extend(said_again.into_iter().map(|hash| (hash, Verdict::Superseded, None)));
        let before = kept.iter().map(|kept| (kept.hash, kept.verdict)).collect();
        Ok(Self { freed, bytes: admitted.into_iter().map(|change| change.bytes).collect(), verdicts, before })
    }

    /// The changes that get another verdict.
    pub(super) fn given(&self) -> impl Iterator<Item = ChangeHash> {
        self.freed.iter().copied().chain(self.verdicts.iter().map(|(hash, ..)| *hash))
    }

    /// Whether everything stands as it did when this was judged. Asked under the writer's lock: another exit may have
    /// been taken since, which moves no document.
    pub(super) async fn holds(&self, tx: &mut Tx, place: &DocumentKey) -> Result<bool, Refusal> {
        let given: Vec<ChangeHash> = self.given().collect();
        let kept = store::change::verdicts(tx, place.commune, &place.round, &given).await?;
        Ok(given.iter().all(|hash| kept.get(&(place.household, *hash)) == self.before.get(hash)))
    }

    /// Gives the other verdicts; their rows are the caller's to write.
    pub(super) async fn give(&self, tx: &mut Tx, place: &DocumentKey) -> Result<Vec<(ChangeHash, Verdict)>, Refusal> {
        for hash in &self.freed {
            store::change::set_verdict(tx, place, *hash, Verdict::Accepted, None).await?;
        }
        for (hash, verdict, reason) in &self.verdicts {
            store::change::set_verdict(tx, place, *hash, *verdict, reason.as_deref()).await?;
        }
        Ok(self.verdicts.iter().map(|(hash, verdict, _)| (*hash, *verdict)).collect())
    }
}

/// The verdicts of what an author has written that is not in the document.
pub(super) fn own(kept: &[&StoredChange], author: &Author) -> Vec<(ChangeHash, Verdict)> {
    let by = |kept: &&&StoredChange| kept.author.key == author.key && kept.author.account == author.account;
    kept.iter().filter(by).map(|kept| (kept.hash, kept.verdict)).collect()
}

/// The changes that those admitted say again, as far as they are the same author's and nobody has decided on them.
fn said_again(
    opened: &Opened,
    kept: &[&StoredChange],
    admitted: impl Iterator<Item = (ChangeHash, Author)>,
) -> Vec<ChangeHash> {
    let mut found = Vec::new();
    for (hash, author) in admitted {
        let message = opened.history.node(&hash).and_then(|node| node.entry.message.as_deref());
        let open = own(kept, &author).into_iter().filter(|(_, verdict)| verdict.is_open());
        let open: Vec<ChangeHash> =
            open.map(|(hash, _)| hash).filter(|open| !opened.history.knows(open) && !found.contains(open)).collect();
        found.extend(rebase::replaced(message, &open));
    }
    found
}

/// The heads of a document after one more change.
pub(super) fn heads_after(opened: &Opened, before: &[ChangeHash], hash: ChangeHash) -> Vec<ChangeHash> {
    let deps = opened.history.node(&hash).map(|node| node.entry.deps.as_slice()).unwrap_or_default();
    let mut after: Vec<ChangeHash> = before.iter().copied().filter(|head| !deps.contains(head)).collect();
    after.push(hash);
    after.sort_unstable();
    after
}

#[cfg(test)]
mod tests;
