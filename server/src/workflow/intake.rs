//! Taking a segment in: from signed bytes to rows on disk, or to a reason why not.
//!
//! Owns the order: check the segment, load what it touches from a snapshot, judge it there (the costly part), then write
//! under the writer's lock after making sure that nothing it was judged on has moved meanwhile.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{AccountId, HouseholdId, UnitId};
use sync_protocol::authority::{self, Effect, Judged, Register, Waiting};
use sync_protocol::change;
use sync_protocol::chapter::Proven;
use sync_protocol::gate::Policy;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::ChangeHash;
use sync_protocol::history::History;
use sync_protocol::journal::Scope;
use sync_protocol::message::SegmentAnswer;
use sync_protocol::segment::{Payload, Segment, UnpackFault};
use sync_protocol::verdict::{Hold, Verdict};

use super::document::{self, Opened};
use super::projection::Ruling;
use super::shown::Shown;
use super::unpack::{self, Unpacked};
use super::{Refusal, ingest, refused};
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::field::StoredChange;
use crate::domain::log::SecurityEventKind;
use crate::domain::round::{Assignment, Round, RoundState};
use crate::store::{self, Read};

/// How often a segment is judged anew because somebody else's work came between.
const ATTEMPTS: usize = 8;

/// Takes one segment in. Whatever happens to it, the other segments of the request go their own way.
pub(super) async fn take(app: &App, device: &Device, bytes: &[u8]) -> SegmentAnswer {
    match try_take(app, device, bytes).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(device.id = %device.id, %error, "A segment could not be taken");
            SegmentAnswer::NotTaken("sync/try-again".to_owned())
        }
    }
}

async fn try_take(app: &App, device: &Device, bytes: &[u8]) -> Result<SegmentAnswer, Refusal> {
    let (segment, mut opened) = match unpack::open(app, device, bytes).await? {
        Ok(Unpacked { segment, opened }) => (segment, opened),
        Err(UnpackFault::Segment(fault)) => return refuse(app, device, fault.slug()).await,
        Err(UnpackFault::Mismatch(entries)) => return Ok(SegmentAnswer::SendBytes(entries)),
    };
    let author = segment.author();
    if author.key.0 != device.public_key.to_bytes() || author.account != device.account {
        return refuse(app, device, "segment/foreign-author").await;
    }
    let Some((commune, round)) = place(app, segment.scope()).await? else {
        return refuse(app, device, "segment/unknown-scope").await;
    };
    for _ in 0..ATTEMPTS {
        let judged = judge(app, &segment, commune, &round, Standing::Field, std::mem::take(&mut opened)).await?;
        let verdicts = judged.verdicts();
        if ingest::write(app, &segment, commune, judged, None).await? {
            return Ok(SegmentAnswer::Taken(verdicts));
        }
    }
    Ok(SegmentAnswer::NotTaken("sync/busy".to_owned()))
}

/// As whom the author of a segment writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// An enumerator: in the villages assigned to them.
    Field,
    /// Somebody at the office whose right on the commune was proven.
    Office,
    /// Whoever wrote it, when it was accepted: a phone gives back what the server has forgotten.
    GivenBack,
}

/// Judges a segment on a snapshot. `opened`: documents that were opened a moment ago; whatever has moved since is found
/// when the judgement is written.
pub(super) async fn judge(
    app: &App,
    segment: &Segment,
    commune: UnitId,
    round: &Round,
    standing: Standing,
    opened: BTreeMap<HouseholdId, Opened>,
) -> Result<JudgedSegment, Refusal> {
    let place = (commune, segment.scope().village);
    let brought = Brought {
        account: segment.author().account,
        households: authority::households(segment),
        changes: segment
            .with_payloads()
            .filter_map(|(_, payload)| payload)
            .map(|Payload::Raw(bytes)| &bytes[..])
            .collect(),
    };
    let docket = Docket::load(app, &brought, place, round, standing, opened).await?;
    docket.judge(app, |histories, register| authority::decide(segment, histories, register))
}

/// Judges changes that a phone gives back on a snapshot, as [`judge`] does.
pub(super) async fn judge_given_back(
    app: &App,
    changes: &[Proven],
    place: (UnitId, UnitId),
    round: &Round,
) -> Result<JudgedSegment, Refusal> {
    let brought = Brought {
        account: AccountId(0),
        households: changes.iter().map(|proven| proven.household).collect(),
        changes: changes.iter().map(|proven| proven.bytes.as_slice()).collect(),
    };
    let docket = Docket::load(app, &brought, place, round, Standing::GivenBack, BTreeMap::new()).await?;
    docket.judge(app, |histories, register| authority::reinstate(changes, histories, register))
}

/// What is to be judged, as far as that says what has to be loaded for it.
struct Brought<'a> {
    account: AccountId,
    households: BTreeSet<HouseholdId>,
    changes: Vec<&'a [u8]>,
}

/// Refuses a segment as a whole, and writes down that it came: it may be evidence.
async fn refuse(app: &App, device: &Device, slug: &'static str) -> Result<SegmentAnswer, Refusal> {
    refused::note(app, "segment/refuse", device, SecurityEventKind::SegmentRefused, slug).await?;
    Ok(SegmentAnswer::Refused(slug.to_owned()))
}

/// The commune and the round of a scope; `None` when there is no such village or round.
pub(super) async fn place(app: &App, scope: &Scope) -> Result<Option<(UnitId, Round)>, Refusal> {
    let mut read = app.store.read().await?;
    let commune = store::unit::commune_of(&mut read, scope.village, app.clock.today()).await?;
    let round = store::round::by_id(&mut read, &scope.round).await?;
    Ok(commune.zip(round))
}

/// What a segment is judged on: a snapshot.
struct Docket {
    documents: BTreeMap<HouseholdId, Opened>,
    rulings: BTreeMap<UnitId, Ruling>,
    register: Snapshot,
}

/// What the store and policy know of everything that the segment names.
struct Snapshot {
    account: AccountId,
    standing: Standing,
    round: Round,
    assignments: Vec<Assignment>,
    villages: BTreeMap<HouseholdId, UnitId>,
    closed: BTreeSet<HouseholdId>,
    earlier: BTreeMap<(HouseholdId, ChangeHash), StoredChange>,
    elsewhere: BTreeMap<ChangeHash, Vec<HouseholdId>>,
}

impl Snapshot {
    /// Whether a change of somebody's that waits may be looked at again now.
    fn reconsiders(&self, account: AccountId) -> bool {
        account == self.account || self.standing == Standing::GivenBack
    }

    fn policy_for(&self, account: AccountId, household: &HouseholdId) -> Policy {
        let village = self.villages.get(household);
        let assigned = self.assignments.iter().any(|a| a.account == account && Some(&a.village) == village);
        match self.round.state {
            RoundState::Closed | RoundState::Planned => Policy::Holds(Hold::DocumentClosed),
            RoundState::Open if self.closed.contains(household) => Policy::Holds(Hold::DocumentClosed),
            RoundState::Open if assigned || self.standing == Standing::Office => Policy::Allows,
            RoundState::Open => Policy::Holds(Hold::OutOfScope),
        }
    }
}

impl Register for Snapshot {
    fn policy(&self, household: &HouseholdId) -> Policy {
        match self.standing {
            // It was judged when it came.
            Standing::GivenBack => Policy::Allows,
            Standing::Field | Standing::Office => self.policy_for(self.account, household),
        }
    }

    fn earlier(&self, household: &HouseholdId, change: &ChangeHash) -> Option<Verdict> {
        self.earlier.get(&(*household, *change)).map(|kept| kept.verdict)
    }

    fn is_elsewhere(&self, household: &HouseholdId, change: &ChangeHash) -> bool {
        self.elsewhere.get(change).is_some_and(|holders| holders.iter().any(|holder| holder != household))
    }
}

impl Docket {
    async fn load(
        app: &App,
        brought: &Brought<'_>,
        place: (UnitId, UnitId),
        round: &Round,
        standing: Standing,
        mut opened: BTreeMap<HouseholdId, Opened>,
    ) -> Result<Self, Refusal> {
        let mut read = app.store.read().await?;
        let account = brought.account;
        let assignments = match standing {
            Standing::GivenBack => store::assignment::of_commune(&mut read, place.0, &round.id).await?,
            Standing::Field | Standing::Office => store::assignment::of_account(&mut read, account, &round.id).await?,
        };
        let register = Snapshot {
            account,
            standing,
            round: round.clone(),
            assignments,
            villages: BTreeMap::new(),
            closed: BTreeSet::new(),
            earlier: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
        };
        let mut docket = Self { documents: BTreeMap::new(), rulings: BTreeMap::new(), register };
        for household in &brought.households {
            let opened = match opened.remove(household) {
                Some(opened) => opened,
                None => open(app, &mut read, place, *household, round).await?,
            };
            docket.admit(app, &mut read, opened).await?;
        }
        for dependency in unknown_dependencies(&brought.changes, &docket.documents) {
            let holders = store::change::accepted_in(&mut read, dependency).await?;
            docket.register.elsewhere.insert(dependency, holders);
        }
        Ok(docket)
    }

    /// Takes a document in, with all that is known of its changes and of its place.
    async fn admit(&mut self, app: &App, read: &mut Read, opened: Opened) -> Result<(), Refusal> {
        let (household, village) = (opened.home.id, opened.home.village);
        self.register.villages.insert(household, village);
        if let Entry::Vacant(vacant) = self.rulings.entry(village) {
            vacant.insert(Ruling::of(app, read, &self.register.round, village).await?);
        }
        if opened.state.as_ref().is_some_and(|state| state.closed_at.is_some()) {
            self.register.closed.insert(household);
        }
        for kept in store::change::outside_of_document(read, &opened.place()).await? {
            self.register.earlier.insert((household, kept.hash), kept);
        }
        self.documents.insert(household, opened);
        Ok(())
    }

    fn judge(
        self,
        app: &App,
        decide: impl FnOnce(&mut BTreeMap<HouseholdId, History>, &Snapshot) -> Vec<Effect>,
    ) -> Result<JudgedSegment, Refusal> {
        let Self { mut documents, rulings, register } = self;
        let mut histories: BTreeMap<HouseholdId, History> =
            documents.iter().map(|(household, opened)| (*household, opened.history.clone())).collect();
        let effects = decide(&mut histories, &register);
        let mut taken: BTreeMap<HouseholdId, Vec<ChangeHash>> = BTreeMap::new();
        let mut bytes: BTreeMap<HouseholdId, Vec<Vec<u8>>> = BTreeMap::new();
        for judged in effects.iter().filter_map(accepted) {
            taken.entry(judged.household).or_default().push(judged.hash);
            bytes.entry(judged.household).or_default().push(judged.bytes.clone());
        }
        let mut freed = Vec::new();
        for (household, opened) in &mut documents {
            let history = histories.remove(household).unwrap_or_else(|| opened.history.clone());
            opened.history = history;
            if taken.contains_key(household) {
                for waiting in reconsider(opened, &register)? {
                    bytes.entry(*household).or_default().push(waiting.bytes.clone());
                    freed.push((*household, waiting.hash));
                }
            }
        }
        let mut moved = BTreeMap::new();
        for (household, changes) in &bytes {
            let opened = &documents[household];
            let shown = Shown::of(app, opened, &rulings[&opened.home.village])?;
            let saved = opened.extended(app, changes)?;
            moved.insert(*household, Moved { saved, shown });
        }
        Ok(JudgedSegment { documents, effects, freed, moved })
    }
}

fn accepted(effect: &Effect) -> Option<&Judged> {
    match effect {
        Effect::Accept(judged) => Some(judged),
        Effect::Hold(..)
        | Effect::Reject(..)
        | Effect::Stands(_)
        | Effect::Unproven(..)
        | Effect::Command(_)
        | Effect::Blob { .. } => None,
    }
}

/// Changes of the document that waited for what has just come.
fn reconsider(opened: &mut Opened, register: &Snapshot) -> Result<Vec<Waiting>, Refusal> {
    let household = opened.home.id;
    let kept = register.earlier.iter().filter(|((of, _), _)| *of == household).map(|(_, kept)| kept);
    let held = [Verdict::Held(Hold::MissingDependency), Verdict::Held(Hold::BuildsOnHeld)];
    let waiting: Result<Vec<Waiting>, Refusal> = kept
        .filter(|kept| held.contains(&kept.verdict))
        .map(|kept| Ok(Waiting { hash: kept.hash, bytes: opened.change_bytes(kept)?, actor: kept.author.actor() }))
        .collect();
    let author = |change: &Waiting| register.earlier.get(&(household, change.hash)).map(|kept| kept.author.account);
    let policy = |change: &Waiting| match author(change) {
        Some(account) if register.reconsiders(account) => register.policy_for(account, &household),
        Some(_) | None => Policy::Holds(Hold::MissingDependency),
    };
    Ok(authority::reconsider(&mut opened.history, waiting?, policy))
}

/// A segment that was judged, and all that is to be written about it.
pub(super) struct JudgedSegment {
    /// The documents it touches, as they will be.
    pub(super) documents: BTreeMap<HouseholdId, Opened>,
    /// What becomes of each entry, in order.
    pub(super) effects: Vec<Effect>,
    /// Changes that waited and are admitted now, in order.
    pub(super) freed: Vec<(HouseholdId, ChangeHash)>,
    /// The documents that move on.
    pub(super) moved: BTreeMap<HouseholdId, Moved>,
}

/// What is stored again of a document that moves on.
pub(super) struct Moved {
    /// Its sealed cache.
    pub(super) saved: Vec<u8>,
    /// What is shown of it.
    pub(super) shown: Shown,
}

impl JudgedSegment {
    /// The heads that a document had on disk when it was judged.
    pub(super) fn stored_heads(&self, household: &HouseholdId) -> &[ChangeHash] {
        self.documents.get(household).map(Opened::stored_heads).unwrap_or_default()
    }

    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        self.effects.iter().map(Effect::verdict).collect()
    }
}

/// Opens the document of a household, founding what is not there yet in the place given.
pub(super) async fn open(
    app: &App,
    read: &mut Read,
    (commune, village): (UnitId, UnitId),
    household: HouseholdId,
    round: &Round,
) -> Result<Opened, Refusal> {
    let (home, key) = match store::household::by_id(read, household).await? {
        Some(home) => {
            if let Some(opened) = document::open(app, read, home.clone(), &round.id).await? {
                return Ok(opened);
            }
            let key = document::key_of(app, &home)?;
            (home, key)
        }
        None => document::new_home(app, household, commune, village)?,
    };
    let version = round.form_version.clone();
    let form = app.standards.form(&version).ok_or_else(|| Refusal::FormUnknown(version.clone()))?;
    let history = History::new(Genesis { household, round: round.id.clone(), form: version }, form.clone());
    Ok(Opened { home, key, state: None, history })
}

/// What the changes build on and none of its documents holds.
fn unknown_dependencies(changes: &[&[u8]], documents: &BTreeMap<HouseholdId, Opened>) -> BTreeSet<ChangeHash> {
    let parsed = changes.iter().filter_map(|bytes| change::parse(bytes).ok());
    let dependencies = parsed.flat_map(|(change, _)| change.deps.into_iter().map(ChangeHash::from));
    dependencies.filter(|hash| !documents.values().any(|opened| opened.history.knows(hash))).collect()
}
