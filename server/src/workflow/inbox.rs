//! What waits for a person in a commune, sorted by consequence.
//!
//! Owns the kinds and their order: what changes a class first, then identity, then what moved after acceptance, then work
//! that is held or was rejected, then suspicions, then what was written after the result was seen and leaves the class as it
//! was, then paper scores, then households that nobody could review. Deciding is
//! [`super::review`]'s and [`super::quarantine`]'s; what is suspected is [`super::warning`]'s.

use std::collections::{BTreeMap, BTreeSet};

use schemas::codes::names::NameSearch;
use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::ledger::{Pin, Unassessed};
use sync_protocol::hash::ChangeHash;
use sync_protocol::verdict::{Rejection, Verdict};

use super::document::key_of;
use super::permit::Permit;
use super::projection::{AfterResult, shown_after_result, shown_points, shows_nobody_left};
use super::{Refusal, ledger, warning};
use crate::app::App;
use crate::domain::bracket::Bracket;
use crate::domain::field::StoredChange;
use crate::domain::review::{DisagreementView, HouseholdView, ReviewState, Said};
use crate::domain::round::{B1Mode, Round};
use crate::domain::warning::Warning;
use crate::store::{self, Read};

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The household.
    pub household: HouseholdId,
    /// Its village; `None` while nothing of the household was accepted.
    pub village: Option<UnitId>,
    /// Name of its head; empty while unknown.
    pub head_name: String,
    /// What waits.
    pub matter: Matter,
    /// What else there is to look at on this household.
    pub warnings: Vec<Warning>,
}

/// What waits, the most consequential first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter {
    /// People disagree.
    Disagreement(DisagreementView),
    /// The household has changed since this ledger entry accepted it or ended the round for it without a class.
    ChangedSince(u64),
    /// Something was written after its author had seen what the form comes to.
    AfterResult(AfterResult),
    /// A change waits or was rejected.
    Refused {
        /// The change.
        change: ChangeHash,
        /// Its verdict.
        verdict: Verdict,
        /// Why, in words.
        reason: Option<String>,
        /// Who wrote it.
        account: AccountId,
        /// When it was written, as far as that is proven.
        written: Bracket,
    },
    /// The household, or somebody in it, may stand elsewhere too; the item's warnings say where.
    Suspected,
    /// The points typed from paper wait for a second person.
    PointsToConfirm,
    /// The household has no class, and its record says that it will not get one.
    NotMet {
        /// What the last visit says, or that nobody of its list is left.
        outcome: Unassessed,
    },
    /// Everything is there: it can be accepted.
    ReadyToAccept,
}

impl Matter {
    /// The order of the inbox: lower comes first.
    fn rank(&self) -> u8 {
        match self {
            Self::Disagreement(view) if view.impact.is_none_or(|impact| impact.len() > 1) => 0,
            Self::Disagreement(view) if view.roster => 1,
            Self::AfterResult(after) if after.changes_class => 1,
            Self::ChangedSince(_) => 2,
            Self::Refused { .. } => 3,
            Self::Disagreement(view) if view.blocking => 4,
            Self::Suspected => 5,
            Self::AfterResult(_) => 6,
            Self::PointsToConfirm => 7,
            Self::NotMet { .. } => 8,
            Self::ReadyToAccept => 9,
            Self::Disagreement(_) => 10,
        }
    }
}

/// A household in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is shown of it.
    pub view: HouseholdView,
    /// Where it stands with its reviewers.
    pub review: ReviewState,
    /// What there is to look at.
    pub warnings: Vec<Warning>,
}

/// The households of a commune in a round whose head is meant.
pub async fn households(
    app: &App,
    permit: &Permit,
    (commune, round): (UnitId, &RoundId),
    search: &NameSearch,
) -> Result<Vec<Line>, Refusal> {
    let mut read = app.store.read().await?;
    enter(app, &mut read, permit, commune, round).await?;
    let mut reviews: BTreeMap<HouseholdId, ReviewState> =
        store::review::of_commune(&mut read, commune, round).await?.into_iter().collect();
    let views = store::view::named(&mut read, commune, round, search).await?;
    let mut warnings = warning::of_commune(app, &mut read, permit, commune, round).await?;
    let line = |view: HouseholdView| Line {
        review: reviews.remove(&view.household).unwrap_or_default(),
        warnings: warnings.remove(&view.household).unwrap_or_default(),
        view,
    };
    Ok(views.into_iter().map(line).collect())
}

/// Proves the right on the commune and finds the round.
pub(super) async fn enter(
    app: &App,
    read: &mut Read,
    permit: &Permit,
    commune: UnitId,
    round: &RoundId,
) -> Result<Round, Refusal> {
    let today = app.clock.today();
    permit.on(read, commune, today).await?;
    if store::unit::commune_of(read, commune, today).await? != Some(commune) {
        return Err(Refusal::UnitNotFound);
    }
    store::round::by_id(read, round).await?.ok_or(Refusal::RoundNotFound)
}

/// What waits in a commune, the most consequential first.
pub async fn list(app: &App, permit: &Permit, commune: UnitId, round: &RoundId) -> Result<Vec<Item>, Refusal> {
    let mut read = app.store.read().await?;
    let found = enter(app, &mut read, permit, commune, round).await?;
    let views = store::view::of_commune(&mut read, commune, round).await?;
    let known: BTreeMap<HouseholdId, &HouseholdView> = views.iter().map(|view| (view.household, view)).collect();
    let mut matters: Vec<(HouseholdId, Matter)> = Vec::new();
    for view in store::view::disagreements(&mut read, commune, round).await? {
        matters.push((view.household, Matter::Disagreement(view)));
    }
    for change in store::change::refused(&mut read, commune, round).await? {
        matters.extend(refused(change));
    }
    let reviews: BTreeMap<_, _> = store::review::of_commune(&mut read, commune, round).await?.into_iter().collect();
    let pins = store::review::pins_of_commune(&mut read, commune, round).await?;
    let confirmed = match found.b1_mode {
        B1Mode::Paper => Some(confirmed(app, &mut read, commune, &views, &reviews).await?),
        B1Mode::Points(_) | B1Mode::Training => None,
    };
    for view in &views {
        let Some(review) = unreviewed(view, &reviews, &pins) else { continue };
        matters.extend(shown_after_result(view).map(|after| (view.household, Matter::AfterResult(after))));
        matters.extend(standing(view, review, confirmed.as_ref()).map(|matter| (view.household, matter)));
    }
    let warnings = warning::of_commune(app, &mut read, permit, commune, round).await?;
    let suspected = warnings.iter().filter(|(_, warnings)| warnings.iter().any(Warning::is_open_suspicion));
    matters.extend(suspected.map(|(household, _)| (*household, Matter::Suspected)));
    matters.sort_by_key(|(household, matter)| (matter.rank(), *household));
    let item = |(household, matter)| {
        let warnings = warnings.get(&household).cloned().unwrap_or_default();
        item(household, matter, known.get(&household).copied(), warnings)
    };
    Ok(matters.into_iter().map(item).collect())
}

fn refused(change: StoredChange) -> Option<(HouseholdId, Matter)> {
    if change.verdict == Verdict::Rejected(Rejection::ByReviewer) {
        return None;
    }
    let written = Bracket::of(&change);
    let StoredChange { household, hash, verdict, reason, author, .. } = change;
    Some((household, Matter::Refused { change: hash, verdict, reason, account: author.account, written }))
}

/// The households whose points, as they stand now, a second person has read on the paper form. Points that were written
/// anew since, or that another side of a disagreement brought, have to be read again.
async fn confirmed(
    app: &App,
    read: &mut Read,
    commune: UnitId,
    views: &[HouseholdView],
    reviews: &BTreeMap<HouseholdId, ReviewState>,
) -> Result<BTreeSet<HouseholdId>, Refusal> {
    let pinned = reviews.iter().filter_map(|(household, review)| Some((*household, review.confirmed_points?)));
    let pinned: BTreeMap<HouseholdId, Pin> = pinned.collect();
    let points = views.iter().filter_map(|view| Some((view.household, shown_points(view)?)));
    let points: BTreeMap<HouseholdId, i64> = points.collect();
    let mut confirmed = BTreeSet::new();
    for home in store::household::of_commune(read, commune).await? {
        let (Some(pin), Some(points)) = (pinned.get(&home.id), points.get(&home.id)) else { continue };
        let key = match key_of(app, &home) {
            Err(Refusal::Erased) => continue,
            key => key?,
        };
        if *pin == ledger::points_pin(&key, *points) {
            confirmed.insert(home.id);
        }
    }
    Ok(confirmed)
}

/// The last word on a household that is not its last state any more, or that nobody has said yet; `None` where it waits for
/// nobody at the office.
fn unreviewed(
    view: &HouseholdView,
    reviews: &BTreeMap<HouseholdId, ReviewState>,
    pins: &BTreeMap<(HouseholdId, Pin), Vec<ChangeHash>>,
) -> Option<Option<(Said, u64)>> {
    let Some((said, pin, number)) = reviews.get(&view.household).and_then(|review| review.last) else {
        return Some(None);
    };
    let unmoved = pins.get(&(view.household, pin)).is_some_and(|heads| *heads == view.heads);
    // Returned: it waits for the enumerator, not for the office, until something new arrives.
    (!unmoved).then_some(Some((said, number)))
}

/// Where a household stands when nothing else waits. `confirmed`: the households whose paper score a second person has
/// read, in a round that goes by paper scores.
fn standing(
    view: &HouseholdView,
    review: Option<(Said, u64)>,
    confirmed: Option<&BTreeSet<HouseholdId>>,
) -> Option<Matter> {
    if let Some((Said::Accepted | Said::Unassessed(_), number)) = review {
        return Some(Matter::ChangedSince(number));
    }
    if view.blocking > 0 {
        return None;
    }
    if shows_nobody_left(view) {
        return Some(Matter::NotMet { outcome: Unassessed::NoMemberLeft });
    }
    if !view.complete || view.classes.len() != 1 {
        let outcome = view.last_outcome.as_deref().and_then(Unassessed::of_outcome)?;
        return Some(Matter::NotMet { outcome });
    }
    let confirmed = confirmed.is_none_or(|confirmed| confirmed.contains(&view.household));
    Some(if confirmed { Matter::ReadyToAccept } else { Matter::PointsToConfirm })
}

fn item(household: HouseholdId, matter: Matter, view: Option<&HouseholdView>, warnings: Vec<Warning>) -> Item {
    Item {
        household,
        village: view.map(|view| view.village),
        head_name: view.map(|view| view.head_name.clone()).unwrap_or_default(),
        matter,
        warnings,
    }
}
