//! Who surveys which village: given by the commune, written to its ledger.

use std::collections::BTreeSet;

use schemas::ids::{AccountId, RoundId, UnitId};
use schemas::ledger::Decision;
use sync_protocol::hash::ActorId;

use super::permit::Permit;
use super::projection::said_of;
use super::{Refusal, inbox, ledger};
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::role::Role;
use crate::domain::round::{Assignment, Round, RoundState};
use crate::domain::unit::Area;
use crate::geography::Spot;
use crate::geography::outline::outline;
use crate::store::{self, Read};

/// A village that somebody surveys in an open round, as a phone shows and classifies by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedVillage {
    /// The round.
    pub round: Round,
    /// The village.
    pub village: UnitId,
    /// Its name on the round's reference day.
    pub name: String,
    /// Its commune.
    pub commune: UnitId,
    /// The commune's name.
    pub commune_name: String,
    /// Whether it is country or town; `None` where the office has not said it.
    pub area: Option<Area>,
    /// Its border as a phone draws it; `None` where the office has not given it.
    pub outline: Option<Vec<Vec<Spot>>>,
}

/// Has somebody survey a village of the commune. Twice changes nothing.
pub async fn assign(
    app: &App,
    permit: &Permit,
    commune: UnitId,
    round: RoundId,
    (village, account): (UnitId, AccountId),
) -> Result<Assignment, Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    let by = permit.caller().account.id;
    inbox::enter(app, &mut app.store.read().await?, &permit, commune, &round).await?;
    app.store
        .write("assignment/assign", move |tx| {
            Box::pin(async move {
                permit.on(tx, commune, today).await?;
                if village == commune || store::unit::commune_of(tx, village, today).await? != Some(commune) {
                    return Err(Refusal::UnitNotFound);
                }
                let grants = store::grant::effective(tx, account, now).await?;
                let lineage = store::unit::lineage(tx, village, today).await?;
                let surveys = |role| matches!(role, Role::Enumerator | Role::VillageHead);
                if !grants.iter().any(|grant| surveys(grant.role) && lineage.contains(&grant.unit)) {
                    return Err(Refusal::NotAnEnumerator);
                }
                let assignment = Assignment { commune, round: round.clone(), village, account };
                if store::assignment::of_account(tx, account, &round).await?.contains(&assignment) {
                    return Ok(assignment);
                }
                store::assignment::insert(tx, &assignment).await?;
                ledger::append(tx, commune, now, Some(by), Decision::Assigned { round, village, account }).await?;
                Ok(assignment)
            })
        })
        .await
}

/// Takes a village from somebody. What they have written stays; what they write from now on waits for a person.
pub async fn unassign(
    app: &App,
    permit: &Permit,
    commune: UnitId,
    round: RoundId,
    (village, account): (UnitId, AccountId),
) -> Result<(), Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    let by = permit.caller().account.id;
    inbox::enter(app, &mut app.store.read().await?, &permit, commune, &round).await?;
    app.store
        .write("assignment/unassign", move |tx| {
            Box::pin(async move {
                permit.on(tx, commune, today).await?;
                let assignment = Assignment { commune, round: round.clone(), village, account };
                if !store::assignment::of_account(tx, account, &round).await?.contains(&assignment) {
                    return Err(Refusal::AssignmentNotFound);
                }
                store::assignment::delete(tx, &assignment).await?;
                ledger::append(tx, commune, now, Some(by), Decision::Unassigned { round, village, account }).await?;
                Ok(())
            })
        })
        .await
}

/// Who surveys which village of the commune.
pub async fn list(app: &App, permit: &Permit, commune: UnitId, round: &RoundId) -> Result<Vec<Assignment>, Refusal> {
    let mut read = app.store.read().await?;
    inbox::enter(app, &mut read, permit, commune, round).await?;
    Ok(store::assignment::of_commune(&mut read, commune, round).await?)
}

/// The villages that a device's holder surveys in the open rounds, by round, commune and village.
pub async fn of_device(app: &App, device: &Device) -> Result<Vec<SurveyedVillage>, Refusal> {
    let mut read = app.store.read().await?;
    let mut surveyed = Vec::new();
    for round in store::round::all(&mut read).await?.into_iter().filter(|round| round.state == RoundState::Open) {
        for Assignment { commune, village, .. } in
            store::assignment::of_account(&mut read, device.account, &round.id).await?
        {
            let (name, commune_name) =
                (name_of(&mut read, village, &round).await?, name_of(&mut read, commune, &round).await?);
            let (area, _) = said_of(&mut read, village, round.reference_on).await?;
            let outline = store::boundary::of_unit(&mut read, commune, village).await?.map(|shape| outline(&shape));
            let round = round.clone();
            surveyed.push(SurveyedVillage { round, village, name, commune, commune_name, area, outline });
        }
    }
    Ok(surveyed)
}

/// Somebody who has written in a commune, as their changes name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// In changes.
    pub actor: ActorId,
    /// Their name.
    pub name: String,
}

/// Who has written where a device's holder surveys, so that a phone can say who said what.
pub async fn writers(app: &App, device: &Device) -> Result<Vec<Writer>, Refusal> {
    let mut read = app.store.read().await?;
    let mut places: BTreeSet<(UnitId, RoundId)> = BTreeSet::new();
    for round in store::round::all(&mut read).await?.into_iter().filter(|round| round.state == RoundState::Open) {
        let assigned = store::assignment::of_account(&mut read, device.account, &round.id).await?;
        places.extend(assigned.into_iter().map(|assignment| (assignment.commune, round.id.clone())));
    }
    let mut authors = BTreeSet::new();
    for (commune, round) in &places {
        authors.extend(store::segment::authors(&mut read, *commune, round).await?);
    }
    let mut writers = Vec::new();
    for author in authors {
        if let Some(account) = store::account::by_id(&mut read, author.account).await? {
            writers.push(Writer { actor: author.actor(), name: account.display_name });
        }
    }
    Ok(writers)
}

async fn name_of(read: &mut Read, unit: UnitId, round: &Round) -> Result<String, Refusal> {
    let unit = store::unit::by_id(read, unit, round.reference_on).await?.ok_or(Refusal::UnitNotFound)?;
    Ok(unit.attributes.name)
}
