//! Changes that were held or rejected: looked at by a person, and then let in unchanged, said again in the person's own
//! name, or left out with a reason. The exits exclude each other: the first one wins.

use schemas::ids::AccountId;
use schemas::ledger::{Decision, Hash, Reason};
use sync_protocol::authority::{self, Waiting};
use sync_protocol::gate::Policy;
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;
use sync_protocol::salvage;
use sync_protocol::verdict::{Rejection, Verdict};

use super::case::{Case, CaseId};
use super::logbook::Logbook;
use super::office::{self, Draft};
use super::permit::Permit;
use super::shown::Shown;
use super::standing::{Ground, Writers};
use super::waiting::{Aftermath, heads_after, waits_for_its_past};
use super::{Refusal, ledger};
use crate::app::App;
use crate::domain::field::{DocumentState, StoredChange};
use crate::store::{self, Tx};

async fn open(app: &App, permit: &Permit, id: &CaseId, hash: ChangeHash) -> Result<(Case, StoredChange), Refusal> {
    let mut read = app.store.read().await?;
    let case = Case::open(app, &mut read, permit, id).await?;
    let kept = store::change::by_hash(&mut read, &case.place(), hash).await?.ok_or(Refusal::ChangeNotFound)?;
    check_open(Some(kept.verdict))?;
    Ok((case, kept))
}

/// Whether a change still waits for somebody to look at it.
fn check_open(verdict: Option<Verdict>) -> Result<(), Refusal> {
    match verdict.ok_or(Refusal::ChangeNotFound)?.is_open() {
        true => Ok(()),
        false => Err(Refusal::AlreadyDecided),
    }
}

/// Says again, in the reviewer's own name, what a refused change wanted.
pub async fn salvage(
    app: &App,
    permit: &Permit,
    id: CaseId,
    hash: ChangeHash,
    reason: Reason,
) -> Result<ChangeHash, Refusal> {
    let (case, kept) = open(app, permit, &id, hash).await?;
    let bytes = case.opened.change_bytes(&kept)?;
    let wanted = salvage::wanted(&case.opened.history, &bytes).ok_or(Refusal::NothingToSalvage)?;
    let draft = Draft { writes: wanted.writes, message: format!("salvage:{hash}"), instead_of: Some((hash, reason)) };
    office::write(app, &case, draft).await
}

/// Leaves a refused change out for good, with the reason.
pub async fn set_aside(
    app: &App,
    permit: &Permit,
    id: CaseId,
    hash: ChangeHash,
    reason: Reason,
) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonNeeded);
    }
    let (case, _) = open(app, permit, &id, hash).await?;
    let (now, mut logbook) = (app.clock.now(), Logbook::new(app));
    app.store
        .write_in(id.commune, "quarantine/set-aside", move |tx| {
            Box::pin(async move {
                let verdict = Verdict::Rejected(Rejection::ByReviewer);
                check_undecided(tx, &case, hash).await?;
                store::change::set_verdict(tx, &case.place(), hash, verdict, Some(&reason)).await?;
                logbook.judged(tx, (id.commune, &scope(&case)), id.household, hash, verdict).await?;
                let change = Hash(hash.0);
                let decision = Decision::SetAside { household: id.household, round: id.round, change, reason };
                ledger::append(tx, id.commune, now, Some(case.right.account()), decision).await?;
                logbook.close(tx).await?;
                Ok(())
            })
        })
        .await
}

/// Lets a held change in unchanged: the whole gate runs again, and only policy is overruled.
pub async fn release(app: &App, permit: &Permit, id: CaseId, hash: ChangeHash, reason: Reason) -> Result<(), Refusal> {
    let (case, kept) = open(app, permit, &id, hash).await?;
    let (released, by) = Released::admit(app, case, &kept).await?;
    let (now, mut logbook) = (app.clock.now(), Logbook::new(app));
    app.store
        .write_in(id.commune, "quarantine/release", move |tx| {
            Box::pin(async move {
                released.write(tx, hash, &mut logbook).await?;
                let change = Hash(hash.0);
                let decision = Decision::Released { household: id.household, round: id.round, change, reason };
                ledger::append(tx, id.commune, now, Some(by), decision).await?;
                logbook.close(tx).await?;
                Ok(())
            })
        })
        .await
}

/// A document with a held change let in, with what waited for it, and all that is stored again of it.
struct Released {
    case: Case,
    before: Vec<ChangeHash>,
    state: DocumentState,
    shown: Shown,
    after: Aftermath,
}

impl Released {
    async fn admit(app: &App, mut case: Case, kept: &StoredChange) -> Result<(Self, AccountId), Refusal> {
        let bytes = case.opened.change_bytes(kept)?;
        let before = case.opened.stored_heads().to_vec();
        let waiting = Waiting { hash: kept.hash, bytes: bytes.clone(), actor: kept.author.actor() };
        let released = authority::reconsider(&mut case.opened.history, vec![waiting], |_, _| Policy::Allows);
        if released.admitted.is_empty() {
            return Err(Refusal::NotAdmitted(kept.verdict));
        }
        let after = aftermath(app, &mut case, kept).await?;
        let changes: Vec<Vec<u8>> = std::iter::once(bytes).chain(after.bytes.iter().cloned()).collect();
        let state = case.opened.state_with(Some(case.opened.extended(app, &changes)?));
        let (shown, by) = (Shown::of(app, &case.opened, &case.ruling)?, case.right.account());
        Ok((Self { case, before, state, shown, after }, by))
    }

    async fn write(&self, tx: &mut Tx, hash: ChangeHash, logbook: &mut Logbook) -> Result<(), Refusal> {
        check_undecided(tx, &self.case, hash).await?;
        let (place, opened) = (self.case.place(), &self.case.opened);
        let stored = store::document::by_key(tx, &place).await?;
        let unmoved = stored.as_ref().map(|stored| &stored.heads) == opened.state.as_ref().map(|state| &state.heads);
        if !unmoved || !self.after.holds(tx, &place).await? {
            return Err(Refusal::StaleHeads);
        }
        store::change::set_verdict(tx, &place, hash, Verdict::Released, None).await?;
        let (scope, mut heads) = (scope(&self.case), self.before.clone());
        let log = (place.commune, &scope);
        if stored.is_none() {
            logbook.entered(tx, log, place.household).await?;
        }
        let given = self.after.give(tx, &place).await?;
        for hash in std::iter::once(&hash).chain(&self.after.freed) {
            let after = heads_after(opened, &heads, *hash);
            logbook.changed(tx, log, place.household, *hash, (&heads, &after)).await?;
            heads = after;
        }
        for (hash, verdict) in given {
            logbook.judged(tx, log, place.household, hash, verdict).await?;
        }
        store::document::put(tx, &place, &self.state).await?;
        self.shown.put(tx, &place).await?;
        Ok(())
    }
}

/// What waited for a change that was let in: each is judged under its own author, as that author stands now. A release
/// overrules policy for the one change that a person looked at.
async fn aftermath(app: &App, case: &mut Case, released: &StoredChange) -> Result<Aftermath, Refusal> {
    let (mut read, mut writers) = (app.store.read().await?, Writers::default());
    let kept = store::change::outside_of_document(&mut read, &case.place()).await?;
    for waiting in kept.iter().filter(|kept| waits_for_its_past(kept.verdict)) {
        writers.learn(app, &mut read, &waiting.author, &case.round.id).await?;
    }
    let closed = case.opened.state.as_ref().is_some_and(|state| state.closed_at.is_some());
    let ground = Ground { village: Some(case.opened.home.village), round: case.round.state, closed };
    let kept: Vec<&StoredChange> = kept.iter().collect();
    let taken = [(released.hash, released.author)];
    Aftermath::of(&mut case.opened, &kept, &taken, |author| writers.policy(author, ground))
}

async fn check_undecided(tx: &mut Tx, case: &Case, hash: ChangeHash) -> Result<(), Refusal> {
    let kept = store::change::by_hash(tx, &case.place(), hash).await?;
    check_open(kept.map(|kept| kept.verdict))
}

fn scope(case: &Case) -> Scope {
    Scope { village: case.opened.home.village, round: case.round.id.clone() }
}
