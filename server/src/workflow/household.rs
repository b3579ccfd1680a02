//! One household as a reviewer reads it: answers, class with reasons, disagreements with who said what, and what was
//! refused. Reading it is written down.

use std::collections::{BTreeMap, BTreeSet};

use schemas::household::Household;
use schemas::ids::DeviceId;
use schemas::rules::Report;
use sync_protocol::actor::Author;
use sync_protocol::disagreement::{self, Disagreement};
use sync_protocol::hash::ChangeHash;

use super::case::{Case, CaseId};
use super::permit::Permit;
use super::review::are_points_confirmed;
use super::{Refusal, warning};
use crate::app::App;
use crate::domain::blob::ListedBlob;
use crate::domain::field::StoredChange;
use crate::domain::log::{Access, AccessAction};
use crate::domain::review::{DisagreementView, ReviewState};
use crate::domain::warning::Warning;
use crate::store::{self, Read, StoreError};

/// A household as a reviewer reads it.
#[derive(Debug)]
pub struct Page {
    /// The answers as they stand, disputed ones as Automerge shows them.
    pub household: Household,
    /// The accepted heads: what a decision has to name.
    pub heads: Vec<ChangeHash>,
    /// What each standard of the round says, the deciding one first.
    pub reports: Vec<Report>,
    /// What people disagree on.
    pub disagreements: Vec<(Disagreement, DisagreementView)>,
    /// Every change that came, whatever became of it.
    pub changes: Vec<StoredChange>,
    /// The device that brought a change for its author; nothing of those that came from the author's own hand.
    pub carried_by: BTreeMap<ChangeHash, DeviceId>,
    /// Where it stands with its reviewers.
    pub review: ReviewState,
    /// Whether a second person has confirmed the paper score that stands here now.
    pub points_confirmed: bool,
    /// What else there is to look at.
    pub warnings: Vec<Warning>,
    /// Its photos, announced, on their way or there.
    pub blobs: Vec<ListedBlob>,
}

/// Opens a household for reading, and writes down that it was read.
pub async fn page(app: &App, permit: &Permit, id: CaseId) -> Result<Page, Refusal> {
    let mut read = app.store.read().await?;
    let case = Case::open(app, &mut read, permit, &id).await?;
    let kept = store::change::of_document(&mut read, &case.place()).await?;
    let carried_by = carried_by(&mut read, &kept).await?;
    let review = store::review::by_key(&mut read, &case.place()).await?.unwrap_or_default();
    let warnings = warning::of_commune(app, &mut read, permit, id.commune, &id.round).await?.remove(&id.household);
    let blobs = store::blob::of_household(&mut read, id.commune, id.household).await?;
    let access = Access {
        commune: id.commune,
        at: app.clock.now(),
        account: case.right.account(),
        action: AccessAction::Viewed,
        subject: id.household.to_string(),
    };
    let noted: Result<(), StoreError> = app
        .store
        .write_in(id.commune, "household/view", move |tx| {
            Box::pin(async move { store::access_log::append(tx, &access).await })
        })
        .await;
    noted?;
    let views = case.projection().disagreements;
    let household = case.household();
    Ok(Page {
        reports: reports(&case, &household),
        heads: case.opened.history.heads().to_vec(),
        disagreements: disagreement::open(&case.opened.history).into_iter().zip(views).collect(),
        changes: kept,
        carried_by,
        points_confirmed: are_points_confirmed(&case, &review),
        review,
        warnings: warnings.unwrap_or_default(),
        blobs,
        household,
    })
}

/// Who brought which of these changes in a parcel. What its author had brought before, or brought themselves, is left out.
async fn carried_by(read: &mut Read, changes: &[StoredChange]) -> Result<BTreeMap<ChangeHash, DeviceId>, StoreError> {
    let authors: BTreeSet<Author> = changes.iter().map(|change| change.author).collect();
    let mut carried = BTreeMap::new();
    for author in authors {
        let carriages = store::carriage::of_author(read, &author).await?;
        for change in changes.iter().filter(|change| change.author == author) {
            let first = carriages.iter().find(|((first, last), carriage)| {
                (*first..=*last).contains(&change.entry) && carriage.received_at <= change.received_at
            });
            let by_another = first.filter(|(_, carriage)| carriage.carrier != carriage.author);
            carried.extend(by_another.map(|(_, carriage)| (change.hash, carriage.carrier)));
        }
    }
    Ok(carried)
}

fn reports(case: &Case, household: &Household) -> Vec<Report> {
    let Some(place) = case.ruling.place else { return Vec::new() };
    let report = |standard: &std::sync::Arc<schemas::standard::Standard>| {
        let assessment = case.ruling.assess(standard, household)?;
        Some(Report::new(standard, household, &assessment, &place, case.ruling.as_of, case.ruling.modes.of(standard)))
    };
    case.ruling.standards.iter().filter_map(report).collect()
}
