//! What people at the office do in a run: the real workflows, asked by somebody who knows no more than the screens show.

use anyhow::{Result, bail};
use schemas::household::Household;
use schemas::ids::HouseholdId;
use schemas::value::Value;
use server::domain::field::DocumentKey;
use server::store;
use server::workflow::case::CaseId;
use server::workflow::inbox::{self, Matter};
use server::workflow::review::Settlement;
use server::workflow::{Refusal, assignment, device, household, moving, quarantine, review};
use sync_protocol::hash::ChangeHash;

use super::commune::Commune;
use super::handset::Handset;
use super::plan::Act;

const REASON: &str = "đã gọi điện hỏi lại hộ";

/// What came of an act.
pub enum Done {
    /// Nothing to do it to, or the server said no: why.
    Not(String),
    /// It was done.
    Done,
    /// A household was accepted as it was shown.
    Accepted(DocumentKey, Box<Household>),
}

/// Does something at the office. An error is a fault of the server; that it says no is none.
pub async fn act(commune: &mut Commune, phones: &[Handset], act: Act) -> Result<Done> {
    match try_act(commune, phones, act).await {
        Ok(done) => Ok(done),
        Err(refusal) if is_fault(&refusal) => bail!("office: {act:?} fails: {refusal}"),
        Err(refusal) => Ok(Done::Not(refusal.to_string())),
    }
}

/// Whether the server failed, rather than said no.
pub fn is_fault(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Store(_)
            | Refusal::Archive(_)
            | Refusal::Seal(_)
            | Refusal::LedgerBroken(_)
            | Refusal::DecisionLost(_)
            | Refusal::Erased
            | Refusal::FormUnknown(_)
            | Refusal::StandardUnknown(_)
            | Refusal::Unwritable(_)
    )
}

async fn try_act(commune: &mut Commune, phones: &[Handset], act: Act) -> Result<Done, Refusal> {
    match act {
        Act::Accept(which) => accept(commune, which).await,
        Act::Return(which) => give_back(commune, which).await,
        Act::Settle(which, side) => settle(commune, which, side).await,
        Act::Release(which) | Act::Salvage(which) | Act::SetAside(which) => decide(commune, act, which).await,
        Act::Assign(village, person) | Act::Unassign(village, person) => assign(commune, act, village, person).await,
        Act::Move(which, village) => move_to(commune, which, village).await,
        Act::Revoke(which) => revoke(commune, phones, which).await,
        Act::TurnRound => commune.turn_round().await.map(|()| Done::Done),
    }
}

fn nothing() -> Result<Done, Refusal> {
    Ok(Done::Not("nothing there".to_owned()))
}

/// A household of the present round by its number.
async fn case(commune: &Commune, which: u8) -> Result<Option<CaseId>, Refusal> {
    let round = commune.round().map_err(|_| Refusal::RoundNotFound)?;
    let mut read = commune.app.store.read().await?;
    let views = store::view::of_commune(&mut read, commune.unit, &round).await?;
    let view = views.get(usize::from(which) % views.len().max(1));
    Ok(view.map(|view| CaseId { round, commune: commune.unit, household: view.household }))
}

/// A household that the inbox says could be accepted, or any.
async fn ready(commune: &Commune, which: u8) -> Result<Option<CaseId>, Refusal> {
    let round = commune.round().map_err(|_| Refusal::RoundNotFound)?;
    let mut items = inbox::list(&commune.app, &commune.reviewer().await?, commune.unit, &round).await?;
    items.retain(|item| {
        matches!(item.matter, Matter::ReadyToAccept | Matter::PointsToConfirm | Matter::ChangedSince(_))
    });
    let Some(item) = items.get(usize::from(which) % items.len().max(1)) else { return case(commune, which).await };
    Ok(Some(CaseId { round, commune: commune.unit, household: item.household }))
}

async fn accept(commune: &Commune, which: u8) -> Result<Done, Refusal> {
    let (app, reviewer) = (&commune.app, commune.reviewer().await?);
    let Some(id) = ready(commune, which).await? else { return nothing() };
    let page = household::page(app, &reviewer, id.clone()).await?;
    if let (false, Some(Value::Int(points))) = (page.points_confirmed, page.household.answers.get("b1_points")) {
        review::confirm_points(app, &reviewer, id.clone(), *points).await?;
    }
    let key = DocumentKey { commune: id.commune, round: id.round.clone(), household: id.household };
    review::accept(app, &reviewer, id, page.heads).await?;
    Ok(Done::Accepted(key, Box::new(page.household)))
}

async fn give_back(commune: &Commune, which: u8) -> Result<Done, Refusal> {
    let (app, reviewer) = (&commune.app, commune.reviewer().await?);
    let Some(id) = case(commune, which).await? else { return nothing() };
    let page = household::page(app, &reviewer, id.clone()).await?;
    review::give_back(app, &reviewer, id, page.heads, REASON.to_owned()).await?;
    Ok(Done::Done)
}

async fn settle(commune: &Commune, which: u8, side: u8) -> Result<Done, Refusal> {
    let (app, reviewer) = (&commune.app, commune.reviewer().await?);
    let Some(id) = case(commune, which).await? else { return nothing() };
    let page = household::page(app, &reviewer, id.clone()).await?;
    let Some((open, _)) = page.disagreements.first() else { return nothing() };
    let side = usize::from(side) % open.sides.len().max(1);
    review::settle(app, &reviewer, id, open.id(), Settlement::Side(side)).await?;
    Ok(Done::Done)
}

/// One of the changes that were held or rejected in any round so far, by its number.
async fn refused(commune: &Commune, which: u8) -> Result<Option<(CaseId, ChangeHash)>, Refusal> {
    let mut read = commune.app.store.read().await?;
    let mut refused: Vec<(CaseId, ChangeHash)> = Vec::new();
    for round in commune.rounds().map_err(|_| Refusal::RoundNotFound)? {
        let id = |household: HouseholdId| CaseId { round: round.clone(), commune: commune.unit, household };
        let kept = store::change::refused(&mut read, commune.unit, &round).await?;
        refused.extend(kept.into_iter().map(|change| (id(change.household), change.hash)));
    }
    Ok(refused.get(usize::from(which) % refused.len().max(1)).cloned())
}

async fn decide(commune: &Commune, act: Act, which: u8) -> Result<Done, Refusal> {
    let (app, reviewer) = (&commune.app, commune.reviewer().await?);
    let Some((id, hash)) = refused(commune, which).await? else { return nothing() };
    match act {
        Act::Release(_) => quarantine::release(app, &reviewer, id, hash, REASON.to_owned()).await?,
        Act::Salvage(_) => quarantine::salvage(app, &reviewer, id, hash, REASON.to_owned()).await.map(|_| ())?,
        _ => quarantine::set_aside(app, &reviewer, id, hash, REASON.to_owned()).await?,
    }
    Ok(Done::Done)
}

async fn assign(commune: &Commune, act: Act, village: u8, person: u8) -> Result<Done, Refusal> {
    let (app, reviewer) = (&commune.app, commune.reviewer().await?);
    let round = commune.round().map_err(|_| Refusal::RoundNotFound)?;
    let village = commune.villages[usize::from(village) % commune.villages.len()];
    let person = commune.people[usize::from(person) % commune.people.len()];
    match act {
        Act::Assign(..) => {
            assignment::assign(app, &reviewer, commune.unit, round, (village, person)).await?;
        }
        _ => assignment::unassign(app, &reviewer, commune.unit, round, (village, person)).await?,
    }
    Ok(Done::Done)
}

async fn move_to(commune: &Commune, which: u8, village: u8) -> Result<Done, Refusal> {
    let (app, reviewer) = (&commune.app, commune.reviewer().await?);
    let Some(id) = case(commune, which).await? else { return nothing() };
    let page = household::page(app, &reviewer, id.clone()).await?;
    let village = commune.villages[usize::from(village) % commune.villages.len()];
    moving::move_to(app, &reviewer, id, page.heads, village, REASON.to_owned()).await?;
    Ok(Done::Done)
}

/// Shuts a phone out, but never the first: somebody has to go on.
async fn revoke(commune: &Commune, phones: &[Handset], which: u8) -> Result<Done, Refusal> {
    let Some(phone) = phones.get(usize::from(which) % phones.len().max(1)) else { return nothing() };
    let id = phone.credentials.device().map_err(|_| Refusal::DeviceNotFound)?;
    if phones.first().is_some_and(|first| first.credentials.device().ok() == Some(id)) {
        return nothing();
    }
    device::revoke(&commune.app, &commune.reviewer().await?, id).await?;
    Ok(Done::Done)
}
