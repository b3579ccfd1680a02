//! Taking a segment in: from signed bytes to rows on disk, or to a reason why not.
//!
//! Owns the order: check the segment, load what it touches from a snapshot, judge it there (the costly part), then write
//! under the writer's lock after making sure that nothing it was judged on has moved meanwhile.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemas::ids::{HouseholdId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::authority::{self, Effect, Judged, Register};
use sync_protocol::change;
use sync_protocol::chapter::Proven;
use sync_protocol::gate::Policy;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::ChangeHash;
use sync_protocol::history::History;
use sync_protocol::journal::{Beacon, Scope};
use sync_protocol::message::SegmentAnswer;
use sync_protocol::segment::{Payload, Segment, UnpackFault};
use sync_protocol::verdict::Verdict;

use super::document::{self, Opened};
use super::projection::Ruling;
use super::shown::Shown;
use super::standing::{Ground, Writers};
use super::unpack::{self, Unpacked};
use super::waiting::{self, Aftermath};
use super::{Refusal, ingest, refused};
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::field::StoredChange;
use crate::domain::log::SecurityEventKind;
use crate::domain::round::Round;
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
        let judged = judge(app, &segment, commune, &round, std::mem::take(&mut opened)).await?;
        let verdicts = judged.verdicts();
        if ingest::write(app, &segment, commune, judged, None).await? {
            return Ok(SegmentAnswer::Taken(verdicts));
        }
    }
    Ok(SegmentAnswer::NotTaken("sync/busy".to_owned()))
}

/// Judges a segment on a snapshot. `opened`: documents that were opened a moment ago; whatever has moved since is found
/// when the judgement is written.
pub(super) async fn judge(
    app: &App,
    segment: &Segment,
    commune: UnitId,
    round: &Round,
    opened: BTreeMap<HouseholdId, Opened>,
) -> Result<JudgedSegment, Refusal> {
    let place = (commune, segment.scope().village);
    let payloads = segment.with_payloads().filter_map(|(_, payload)| payload);
    let brought = Brought {
        by: Bringer::Author(*segment.author()),
        households: authority::households(segment),
        changes: payloads.map(|Payload::Raw(bytes)| &bytes[..]).collect(),
    };
    let mut docket = Docket::load(app, &brought, place, round, opened).await?;
    docket.beacons = beacons(&mut app.store.read().await?, commune, segment).await?;
    docket.judge(app, |histories, register| authority::decide(segment, histories, register))
}

/// Judges changes that a phone gives back on a snapshot, as [`judge`] does. `authors`: who wrote each.
pub(super) async fn judge_given_back(
    app: &App,
    changes: &[Proven],
    authors: &[Author],
    place: (UnitId, UnitId),
    round: &Round,
) -> Result<JudgedSegment, Refusal> {
    let of_change = |(proven, author): (&Proven, &Author)| ((proven.household, proven.hash), *author);
    let brought = Brought {
        by: Bringer::Witness(changes.iter().zip(authors).map(of_change).collect()),
        households: changes.iter().map(|proven| proven.household).collect(),
        changes: changes.iter().map(|proven| proven.bytes.as_slice()).collect(),
    };
    let docket = Docket::load(app, &brought, place, round, BTreeMap::new()).await?;
    docket.judge(app, |histories, register| authority::reinstate(changes, histories, register))
}

/// What is to be judged, as far as that says what has to be loaded for it.
struct Brought<'a> {
    by: Bringer,
    households: BTreeSet<HouseholdId>,
    changes: Vec<&'a [u8]>,
}

/// Whose changes are judged together.
#[derive(Clone)]
enum Bringer {
    /// One author's, who signed them.
    Author(Author),
    /// Several authors', which the server had accepted and has forgotten: the author of each.
    Witness(BTreeMap<(HouseholdId, ChangeHash), Author>),
}

impl Bringer {
    fn author_of(&self, household: HouseholdId, hash: ChangeHash) -> Option<Author> {
        match self {
            Self::Author(author) => Some(*author),
            Self::Witness(authors) => authors.get(&(household, hash)).copied(),
        }
    }
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
    /// The rows that the author had seen last, with the time of each.
    beacons: BTreeMap<Beacon, Timestamp>,
    register: Snapshot,
}

/// What the store and policy know of everything that the segment names.
struct Snapshot {
    by: Bringer,
    round: Round,
    writers: Writers,
    villages: BTreeMap<HouseholdId, UnitId>,
    closed: BTreeSet<HouseholdId>,
    earlier: BTreeMap<(HouseholdId, ChangeHash), StoredChange>,
    elsewhere: BTreeMap<ChangeHash, Vec<HouseholdId>>,
}

impl Snapshot {
    fn policy_for(&self, author: &Author, household: &HouseholdId) -> Policy {
        let village = self.villages.get(household).copied();
        let ground = Ground { village, round: self.round.state, closed: self.closed.contains(household) };
        self.writers.policy(author, ground)
    }

    /// Everything of a document that is not in it.
    fn kept(&self, household: &HouseholdId) -> Vec<&StoredChange> {
        self.earlier.iter().filter(|((of, _), _)| of == household).map(|(_, kept)| kept).collect()
    }
}

impl Register for Snapshot {
    fn policy(&self, household: &HouseholdId) -> Policy {
        match &self.by {
            Bringer::Author(author) => self.policy_for(author, household),
            // It was judged when it came.
            Bringer::Witness(_) => Policy::Allows,
        }
    }

    fn earlier(&self, household: &HouseholdId, change: &ChangeHash) -> Option<Verdict> {
        self.earlier.get(&(*household, *change)).map(|kept| kept.verdict)
    }

    fn own(&self, household: &HouseholdId) -> Vec<(ChangeHash, Verdict)> {
        match &self.by {
            Bringer::Author(author) => waiting::own(&self.kept(household), author),
            // What was decided after it had been accepted takes nothing back.
            Bringer::Witness(_) => Vec::new(),
        }
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
        mut opened: BTreeMap<HouseholdId, Opened>,
    ) -> Result<Self, Refusal> {
        let mut read = app.store.read().await?;
        let mut writers = Writers::default();
        if let Bringer::Author(author) = &brought.by {
            writers.learn(app, &mut read, author, &round.id).await?;
        }
        let register = Snapshot {
            by: brought.by.clone(),
            round: round.clone(),
            writers,
            villages: BTreeMap::new(),
            closed: BTreeSet::new(),
            earlier: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
        };
        let (documents, rulings, beacons) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut docket = Self { documents, rulings, beacons, register };
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
            if waiting::waits_for_its_past(kept.verdict) {
                self.register.writers.learn(app, read, &kept.author, &self.register.round.id).await?;
            }
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
        let Self { mut documents, rulings, beacons, register } = self;
        let mut histories: BTreeMap<HouseholdId, History> =
            documents.iter().map(|(household, opened)| (*household, opened.history.clone())).collect();
        let effects = decide(&mut histories, &register);
        let mut taken: BTreeMap<HouseholdId, Vec<(ChangeHash, Author)>> = BTreeMap::new();
        let mut bytes: BTreeMap<HouseholdId, Vec<Vec<u8>>> = BTreeMap::new();
        for judged in effects.iter().filter_map(accepted) {
            let author = register.by.author_of(judged.household, judged.hash);
            taken.entry(judged.household).or_default().extend(author.map(|author| (judged.hash, author)));
            bytes.entry(judged.household).or_default().push(judged.bytes.clone());
        }
        let mut aftermath = BTreeMap::new();
        for (household, taken) in &taken {
            let Some(opened) = documents.get_mut(household) else { continue };
            opened.history = histories.remove(household).unwrap_or_else(|| opened.history.clone());
            let policy = |author: &Author| register.policy_for(author, household);
            let after = Aftermath::of(opened, &register.kept(household), taken, policy)?;
            bytes.entry(*household).or_default().extend(after.bytes.iter().cloned());
            aftermath.insert(*household, after);
        }
        let mut moved = BTreeMap::new();
        for (household, changes) in &bytes {
            let opened = &documents[household];
            let shown = Shown::of(app, opened, &rulings[&opened.home.village])?;
            let saved = opened.extended(app, changes)?;
            moved.insert(*household, Moved { saved, shown });
        }
        let before = register.earlier.into_iter().map(|(of, kept)| (of, kept.verdict)).collect();
        Ok(JudgedSegment { documents, effects, aftermath, moved, beacons, before })
    }
}

/// The times of the rows that the author of a segment had seen last, as far as this log has them.
async fn beacons(read: &mut Read, commune: UnitId, segment: &Segment) -> Result<BTreeMap<Beacon, Timestamp>, Refusal> {
    let named: BTreeSet<Beacon> = segment.entries().iter().filter_map(|entry| entry.beacon).collect();
    let mut times = BTreeMap::new();
    if named.is_empty() {
        return Ok(times);
    }
    let state = store::log::state(read, commune, segment.scope()).await?;
    for beacon in named {
        let Some(before) = beacon.position.checked_sub(1) else { continue };
        if state.as_ref().is_none_or(|state| state.generation != beacon.generation) {
            continue;
        }
        let row = store::log::after(read, commune, segment.scope(), before, 1).await?.pop();
        let genuine = row.filter(|logged| logged.row.position == beacon.position && logged.hash == beacon.row);
        let written_at = genuine.and_then(|logged| Timestamp::from_millisecond(logged.row.written_at_ms).ok());
        times.extend(written_at.map(|written_at| (beacon, written_at)));
    }
    Ok(times)
}

fn accepted(effect: &Effect) -> Option<&Judged> {
    match effect {
        Effect::Accept(judged) => Some(judged),
        Effect::Hold(..)
        | Effect::Reject(..)
        | Effect::Supersede(_)
        | Effect::Stands(_)
        | Effect::Unproven(..)
        | Effect::Command(_)
        | Effect::Blob { .. } => None,
    }
}

/// A segment that was judged, and all that is to be written about it.
pub(super) struct JudgedSegment {
    /// The documents it touches, as they will be.
    pub(super) documents: BTreeMap<HouseholdId, Opened>,
    /// What becomes of each entry, in order.
    pub(super) effects: Vec<Effect>,
    /// What else follows in the documents that move on.
    pub(super) aftermath: BTreeMap<HouseholdId, Aftermath>,
    /// The documents that move on.
    pub(super) moved: BTreeMap<HouseholdId, Moved>,
    /// The rows that the author had seen last, with the time of each.
    pub(super) beacons: BTreeMap<Beacon, Timestamp>,
    /// The verdicts that changes outside of their documents had when the segment was judged.
    pub(super) before: BTreeMap<(HouseholdId, ChangeHash), Verdict>,
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
