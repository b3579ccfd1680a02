//! What has been promised so far: every change that a phone has shown as saved, every verdict, every acceptance. A promise
//! is kept for ever, whatever dies.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use schemas::household::Household;
use schemas::ids::RoundId;
use schemas::ledger::Pin;
use server::domain::field::DocumentKey;
use server::store;
use sync_protocol::device::Standing;
use sync_protocol::hash::{ChangeHash, RowHash};
use sync_protocol::journal::Scope;
use sync_protocol::message::Request;
use sync_protocol::segment::Segment;
use sync_protocol::verdict::{Rejection, Verdict};

use super::commune::Commune;
use super::ground::Ground;
use super::handset::Handset;

/// A change of a household in a round.
type Place = (DocumentKey, ChangeHash);

/// What an acceptance saw.
struct Pinned {
    key: DocumentKey,
    pin: Pin,
    heads: Vec<ChangeHash>,
    household: Household,
}

/// Everything that was promised.
#[derive(Default)]
pub struct Memory {
    written: BTreeMap<Place, String>,
    gone: BTreeSet<Place>,
    verdicts: BTreeMap<Place, Verdict>,
    rows: BTreeMap<Scope, (u64, Vec<RowHash>)>,
    ledger: Vec<String>,
    pinned: Vec<Pinned>,
    /// What was on the server before it was set back and after the copy was made.
    forgotten: BTreeSet<Place>,
    copied: Option<Copied>,
}

/// What the server knew when its disk was copied.
#[derive(Clone)]
struct Copied {
    verdicts: BTreeMap<Place, Verdict>,
    ledger: Vec<String>,
    pinned: usize,
}

impl Memory {
    /// Notes everything that waits on a phone: it was shown as saved.
    pub fn note_waiting(&mut self, commune: &Commune, phone: &Handset) {
        for (household, document, hash) in phone.waiting() {
            let key = DocumentKey { commune: commune.unit, round: document.scope.round.clone(), household };
            self.written.entry((key, hash)).or_insert_with(|| phone.name.clone());
        }
    }

    /// Notes that a phone's disk was set back: what was only there is gone with it, unless it is somewhere else.
    pub fn note_phone_set_back(&mut self, commune: &Commune, ground: &Ground, phones: &[Handset]) {
        let lost = self.written.keys().filter(|place| !ground.has(place) && !is_on_a_phone(commune, phones, place));
        self.gone.extend(lost.cloned().collect::<Vec<_>>());
    }

    /// Notes that the server's disk was copied.
    pub fn note_copied(&mut self, ground: &Ground) {
        let (verdicts, ledger, pinned) = (self.verdicts.clone(), ground.ledger.clone(), self.pinned.len());
        self.copied = Some(Copied { verdicts, ledger, pinned });
    }

    /// Notes that the server was set back to that copy: what phones still have will come again, the rest is gone.
    pub fn note_server_set_back(&mut self, commune: &Commune, before: &Ground, phones: &[Handset]) {
        let Some(copied) = self.copied.clone() else { return };
        let forgotten: Vec<Place> = before.places().filter(|place| !copied.verdicts.contains_key(place)).collect();
        let gone = forgotten.iter().filter(|place| !will_be_given_back(commune, phones, place));
        self.gone.extend(gone.cloned().collect::<Vec<_>>());
        self.forgotten.extend(forgotten);
        // What the copy says of what it knows may be older than what was said since.
        self.forgotten.extend(copied.verdicts.keys().cloned());
        self.verdicts = copied.verdicts;
        self.ledger = copied.ledger;
        self.pinned.truncate(copied.pinned);
        self.rows.clear();
    }

    /// Whether the server may have forgotten a change that a phone had read of.
    pub fn has_been_forgotten(&self, key: &DocumentKey, hash: &ChangeHash) -> bool {
        self.forgotten.contains(&(key.clone(), *hash))
    }

    /// Everything that a phone has is at the server again.
    pub fn check_given_back(&self, commune: &Commune, ground: &Ground, phones: &[Handset]) -> Result<()> {
        let owed = self.forgotten.iter().chain(self.written.keys());
        let missing = owed.filter(|place| !ground.has(place) && !self.gone.contains(*place));
        let mut missing = missing.filter(|place| {
            let mut readers = phones.iter().filter(|phone| reads(phone, &place.0.round));
            readers.any(|phone| is_on_a_phone(commune, std::slice::from_ref(phone), place))
        });
        let missing = missing.next();
        ensure!(missing.is_none(), "given back: {missing:?} is on a phone and not at the server");
        Ok(())
    }

    /// Notes what an acceptance saw.
    pub async fn note_accepted(&mut self, commune: &Commune, key: DocumentKey, household: Household) -> Result<()> {
        let mut read = commune.app.store.read().await?;
        let review = store::review::by_key(&mut read, &key).await?.context("a review")?;
        let (_, pin, _) = review.last.context("a last word")?;
        let heads = store::review::heads_of_pin(&mut read, &key, pin).await?.context("the heads of a pin")?;
        self.pinned.push(Pinned { key, pin, heads, household });
        Ok(())
    }

    /// How many changes were written, and how many acceptances there were.
    pub fn counts(&self) -> (usize, usize) {
        (self.written.len(), self.pinned.len())
    }

    /// How often a household was moved, as far as the ledger knows.
    pub fn moves(&self) -> usize {
        self.ledger.iter().filter(|entry| entry.contains(r#""kind":"moved""#)).count()
    }

    /// How many of them have come to each end.
    pub fn ends(&self) -> BTreeMap<&'static str, usize> {
        let mut ends = BTreeMap::new();
        self.verdicts.values().for_each(|verdict| *ends.entry(verdict.slug()).or_default() += 1);
        ends
    }

    /// Checks every promise against what is on disk, and remembers what is new there.
    pub async fn check(&mut self, commune: &Commune, ground: &Ground, phones: &[Handset]) -> Result<()> {
        self.check_nothing_lost(commune, ground, phones)?;
        self.check_verdicts(ground)?;
        self.check_chains(ground)?;
        self.check_pins(commune, ground).await?;
        check_signed(commune, ground).await
    }

    /// Every change that was ever shown as saved is at the server with a verdict, or waits on a phone.
    pub fn check_nothing_lost(&self, commune: &Commune, ground: &Ground, phones: &[Handset]) -> Result<()> {
        let waiting = waiting(commune, phones);
        let arrived =
            |(key, hash): &Place| ground.documents.get(key).is_some_and(|filed| filed.changes.contains_key(hash));
        for (place, phone) in &self.written {
            let forgotten = || self.forgotten.contains(place) && is_on_a_phone(commune, phones, place);
            if arrived(place) || waiting.contains(place) || self.gone.contains(place) || forgotten() {
                continue;
            }
            let standings: Vec<Standing> =
                phones.iter().flat_map(Handset::own).filter(|own| own.2 == place.1).map(|own| own.3).collect();
            bail!("lost: change {} of {} by {phone} is nowhere; phones say {standings:?}", place.1, place.0.household);
        }
        // Whoever was told something about a change can rely on the server having it.
        for phone in phones {
            for (household, document, hash, standing) in phone.own().filter(|own| own.3 != Standing::Waiting) {
                let key = DocumentKey { commune: commune.unit, round: document.scope.round.clone(), household };
                let place = (key, hash);
                ensure!(
                    arrived(&place) || self.forgotten.contains(&place),
                    "lost: {} was told {standing:?} of {hash}, which is nowhere",
                    phone.name
                );
            }
        }
        Ok(())
    }

    /// An end is an end: only what is held goes on, and what was rejected only by a person.
    fn check_verdicts(&mut self, ground: &Ground) -> Result<()> {
        for (key, filed) in &ground.documents {
            for change in filed.changes.values() {
                let place = (key.clone(), change.hash);
                let before = self.verdicts.insert(place, change.verdict);
                let moved = before.is_none_or(|before| may_become(before, change.verdict));
                ensure!(moved, "verdict: {} was {before:?} and is {:?}", change.hash, change.verdict);
                let seen_before = change.seen_at.is_none_or(|seen_at| seen_at <= change.received_at);
                ensure!(seen_before, "bracket: {} was received before what it builds on was written", change.hash);
            }
        }
        let forgotten = self
            .verdicts
            .keys()
            .find(|(key, hash)| !ground.documents.get(key).is_some_and(|filed| filed.changes.contains_key(hash)));
        ensure!(forgotten.is_none(), "verdict: {forgotten:?} was forgotten");
        Ok(())
    }

    /// Logs and the ledger only grow.
    fn check_chains(&mut self, ground: &Ground) -> Result<()> {
        ensure!(ground.ledger.starts_with(&self.ledger), "ledger: entries have changed or gone");
        self.ledger.clone_from(&ground.ledger);
        for (scope, log) in &ground.logs {
            let rows: Vec<RowHash> = log.rows.iter().map(|logged| logged.hash).collect();
            let generation = log.state.generation;
            let before = self.rows.insert(scope.clone(), (generation, rows.clone()));
            let grows =
                before.is_none_or(|(of, before)| of < generation || of == generation && rows.starts_with(&before));
            ensure!(grows, "log: rows of village {} have changed or gone", scope.village);
        }
        Ok(())
    }

    /// What an acceptance saw can be seen again, exactly.
    async fn check_pins(&self, commune: &Commune, ground: &Ground) -> Result<()> {
        let mut read = commune.app.store.read().await?;
        for Pinned { key, pin, heads, household } in &self.pinned {
            let stored = store::review::heads_of_pin(&mut read, key, *pin).await?;
            ensure!(stored.as_ref() == Some(heads), "pin: {pin} names other heads");
            let opened =
                ground.documents.get(key).and_then(|filed| filed.opened.as_ref()).context("pin: no document")?;
            let past = opened.history.past_of(heads).context("pin: heads are not in the document")?;
            ensure!(opened.history.household(&past) == *household, "pin: {pin} shows another household");
        }
        Ok(())
    }
}

fn waiting(commune: &Commune, phones: &[Handset]) -> BTreeSet<Place> {
    let of_phone = |phone: &Handset| -> Vec<Place> { waiting_on(commune, phone) };
    phones.iter().flat_map(of_phone).collect()
}

/// Whether a phone has read anything of a round: one that has not cannot know that the server was set back.
pub fn reads(phone: &Handset, round: &RoundId) -> bool {
    phone.device.scopes().any(|(scope, state)| scope.round == *round && state.cursor.position > 0)
}

/// Whether the bytes of a change are on a phone that may still speak; one that was shut out speaks of its own work only.
fn is_on_a_phone(commune: &Commune, phones: &[Handset], place: &Place) -> bool {
    let (key, hash) = place;
    let scope = Scope { village: commune.villages[0], round: key.round.clone() };
    phones.iter().any(|phone| match phone.shut_out {
        false => phone.device.has_change(&scope, &key.household, hash),
        true => is_own(phone, place),
    })
}

/// Whether a phone has a change so that it can give it back. One that has given a log back and could not read the new
/// generation, because the round was over by then, reads the log from its first row; when the server is set back once more
/// before that, the phone has the change aside and no page to prove it by (`decisions/0010`).
fn will_be_given_back(commune: &Commune, phones: &[Handset], place: &Place) -> bool {
    phones.iter().any(|phone| {
        let is_here = is_on_a_phone(commune, std::slice::from_ref(phone), place);
        is_here && (is_own(phone, place) || !has_put_aside(phone, &place.0) || gives_back(phone))
    })
}

fn is_own(phone: &Handset, (key, hash): &Place) -> bool {
    phone.own().any(|(home, _, written, _)| (home, written) == (key.household, *hash))
}

fn has_put_aside(phone: &Handset, key: &DocumentKey) -> bool {
    let mut documents = phone.device.households().chain(phone.device.earlier());
    let document = documents.find(|(home, document)| **home == key.household && document.scope.round == key.round);
    document.is_some_and(|(_, document)| document.accepted_heads().is_empty())
}

fn gives_back(phone: &Handset) -> bool {
    Request::from_bytes(&phone.device.request(0, 0).bytes).is_ok_and(|request| request.chapters.is_some())
}

/// What waits on a phone.
pub fn waiting_on(commune: &Commune, phone: &Handset) -> Vec<Place> {
    let place = |household, round| DocumentKey { commune: commune.unit, round, household };
    phone.waiting().map(|(household, document, hash)| (place(household, document.scope.round.clone()), hash)).collect()
}

/// Whether a verdict may follow another on the same change.
pub fn may_become(before: Verdict, after: Verdict) -> bool {
    match (before, after) {
        (Verdict::Held(_), _) => true,
        (Verdict::Rejected(Rejection::ByReviewer), Verdict::Rejected(Rejection::ByReviewer)) => true,
        (Verdict::Rejected(Rejection::ByReviewer), _) => false,
        (Verdict::Rejected(_), Verdict::Rejected(Rejection::ByReviewer) | Verdict::Superseded) => true,
        (before, after) => before == after,
    }
}

/// Every change that counts stands in a signed journal of its author, whose key the server knows.
async fn check_signed(commune: &Commune, ground: &Ground) -> Result<()> {
    let mut read = commune.app.store.read().await?;
    let mut proven: BTreeMap<_, BTreeSet<ChangeHash>> = BTreeMap::new();
    for filed in ground.documents.values() {
        for hash in filed.accepted() {
            // The server's own signature stands for what was given back.
            let key = filed.opened.as_ref().map(|opened| opened.place());
            let given_back = match key {
                Some(key) => store::chapter::given_back(&mut read, &key, hash).await?,
                None => None,
            };
            if given_back.is_some() {
                continue;
            }
            let kept = &filed.changes[&hash];
            let (author, received_at) = (kept.author, kept.received_at);
            if author.key.0 != commune.app.server_public_key() {
                let device = store::device::by_id(&mut read, author.device()).await?;
                let device = device.with_context(|| format!("signature: nobody knows the author of {hash}"))?;
                let in_time = device.revoked_at.is_none_or(|revoked_at| received_at <= revoked_at);
                let let_in = in_time || kept.verdict == Verdict::Released;
                ensure!(let_in, "revoked: {hash} came from {} after it was shut out", device.name);
            }
            let key = (author.key, author.account, author.epoch);
            if let std::collections::btree_map::Entry::Vacant(vacant) = proven.entry(key) {
                let mut named = BTreeSet::new();
                for stored in store::segment::of_author(&mut read, &author).await? {
                    let segment = Segment::open_evidence(&stored.journal).context("signature")?;
                    ensure!(*segment.author() == author, "signature: a segment is filed under another author");
                    named.extend(segment.entries().iter().filter_map(named_change));
                }
                vacant.insert(named);
            }
            ensure!(proven[&key].contains(&hash), "signature: no signed journal names {hash}");
        }
    }
    Ok(())
}

fn named_change(entry: &sync_protocol::journal::JournalEntry) -> Option<ChangeHash> {
    match &entry.body {
        sync_protocol::journal::Body::Change { hash, .. } => Some(*hash),
        sync_protocol::journal::Body::Command { .. } | sync_protocol::journal::Body::Blob { .. } => None,
    }
}
