//! Decisions on a household: accepted, returned, ended without a class, the paper score confirmed, a disagreement settled.
//!
//! A decision names the exact state that it saw and is refused on any other. Nothing stored as a projection is trusted
//! here: what blocks a decision is computed again from the document.

use std::collections::BTreeMap;

use schemas::household::SectionKey;
use schemas::ids::{AccountId, HouseholdId, RoundId};
use schemas::ledger::{Decision, Pin, Reason, Unassessed};
use schemas::rules::Outcome;
use schemas::value::{Key, Value};
use sync_protocol::change::{Slot, Write};
use sync_protocol::disagreement::{self, Disagreement};
use sync_protocol::hash::{ChangeHash, DisagreementId};
use sync_protocol::history::SectionValue;
use sync_protocol::verdict::Verdict;

use super::Refusal;
use super::case::{Case, CaseId};
use super::ledger;
use super::office::{self, Draft};
use super::permit::Permit;
use crate::app::App;
use crate::domain::review::{ReviewState, Said};
use crate::domain::round::B1Mode;
use crate::store::{self, Read, Tx};

mod unassessed;

pub use unassessed::unassess;

/// Characters that no reason has: it stays in the ledger for good and stands in a cell of the workbook.
const MORE_THAN_A_REASON: usize = 2_001;
/// The question that holds the points typed from the signed paper form.
const PAPER_POINTS: &str = "b1_points";

/// Finds the household complete and right, on the state that the reviewer saw.
pub async fn accept(app: &App, permit: &Permit, id: CaseId, seen: Vec<ChangeHash>) -> Result<u64, Refusal> {
    let case = Case::open(app, &mut app.store.read().await?, permit, &id).await?;
    case.check_seen(&seen)?;
    check_acceptable(app, &case).await?;
    decide(app, case, id, Word::Accepted).await
}

/// Sends the household back, with the reason.
pub async fn give_back(
    app: &App,
    permit: &Permit,
    id: CaseId,
    seen: Vec<ChangeHash>,
    reason: Reason,
) -> Result<u64, Refusal> {
    check_reason(&reason)?;
    let case = Case::open(app, &mut app.store.read().await?, permit, &id).await?;
    case.check_seen(&seen)?;
    decide(app, case, id, Word::Returned(reason)).await
}

fn check_reason(reason: &Reason) -> Result<(), Refusal> {
    match reason.chars().count() {
        _ if reason.trim().is_empty() => Err(Refusal::ReasonNeeded),
        MORE_THAN_A_REASON.. => Err(Refusal::ReasonTooLong),
        _ => Ok(()),
    }
}

/// A reviewer's last word on a household, with what it needs.
enum Word {
    Accepted,
    Returned(Reason),
    Unassessed(Unassessed, Reason),
}

impl Word {
    fn said(&self) -> Said {
        match self {
            Self::Accepted => Said::Accepted,
            Self::Returned(_) => Said::Returned,
            Self::Unassessed(why, _) => Said::Unassessed(*why),
        }
    }

    fn decision(self, household: HouseholdId, round: RoundId, pin: Pin) -> Decision {
        match self {
            Self::Accepted => Decision::Accepted { household, round, pin },
            Self::Returned(reason) => Decision::Returned { household, round, pin, reason },
            Self::Unassessed(why, reason) => Decision::Unassessed { household, round, pin, why, reason },
        }
    }
}

/// Writes a reviewer's word down, provided the household is still as it was when the case was opened.
async fn decide(app: &App, case: Case, id: CaseId, word: Word) -> Result<u64, Refusal> {
    let now = app.clock.now();
    app.store
        .write_in(id.commune, "review/decide", move |tx| {
            Box::pin(async move {
                check_unmoved(tx, &case).await?;
                let seen = case.opened.history.heads();
                let pin = ledger::pin(&case.opened.key, seen);
                let (said, decision) = (word.said(), word.decision(id.household, id.round, pin));
                let (number, _) = ledger::append(tx, id.commune, now, Some(case.right.account()), decision).await?;
                let place = case.place();
                store::review::put_pin(tx, &place, pin, seen).await?;
                let state = store::review::by_key(tx, &place).await?.unwrap_or_default();
                store::review::put(tx, &place, &ReviewState { last: Some((said, pin, number)), ..state }).await?;
                Ok(number)
            })
        })
        .await
}

/// What stands in the way of acceptance; the first thing found is named.
async fn check_acceptable(app: &App, case: &Case) -> Result<(), Refusal> {
    check_agreed(case)?;
    let assessment = case.assessment().ok_or(Refusal::PlaceNotSaid)?;
    if !assessment.missing().is_empty() || matches!(assessment.outcome(), Outcome::Undetermined(_)) {
        return Err(Refusal::Incomplete(assessment.missing().len()));
    }
    if !assessment.b1().source.serves_recognition() {
        return Err(Refusal::NotForRecognition);
    }
    let mut read = app.store.read().await?;
    check_nothing_held(&mut read, case).await?;
    check_points_confirmed(&mut read, case).await
}

/// No disagreement waits for a person.
fn check_agreed(case: &Case) -> Result<(), Refusal> {
    match case.projection().view.blocking {
        0 => Ok(()),
        open => Err(Refusal::DisagreementsOpen(open)),
    }
}

/// No change waits to be let in.
async fn check_nothing_held(read: &mut Read, case: &Case) -> Result<(), Refusal> {
    let kept = store::change::of_document(read, &case.place()).await?;
    match kept.iter().filter(|change| matches!(change.verdict, Verdict::Held(_))).count() {
        0 => Ok(()),
        held => Err(Refusal::HeldChanges(held)),
    }
}

async fn check_points_confirmed(read: &mut Read, case: &Case) -> Result<(), Refusal> {
    if case.round.b1_mode != B1Mode::Paper {
        return Ok(());
    }
    let state = store::review::by_key(read, &case.place()).await?.unwrap_or_default();
    match are_points_confirmed(case, &state) {
        true => Ok(()),
        false => Err(Refusal::PointsNotConfirmed),
    }
}

/// Whether a second person has read, on the paper form, the points that stand here now.
pub(super) fn are_points_confirmed(case: &Case, state: &ReviewState) -> bool {
    let points = paper_points(case).map(|points| ledger::points_pin(&case.opened.key, points));
    points.is_some() && state.confirmed_points == points
}

fn paper_points(case: &Case) -> Option<i64> {
    match case.household().answers.get(PAPER_POINTS) {
        Some(Value::Int(points)) => Some(*points),
        Some(Value::Bool(_) | Value::Text(_)) | None => None,
    }
}

/// Makes sure, under the writer's lock, that the document is still what the decision was made on.
pub(super) async fn check_unmoved(tx: &mut Tx, case: &Case) -> Result<(), Refusal> {
    let stored = store::document::by_key(tx, &case.place()).await?;
    match stored.is_some_and(|state| state.heads == case.opened.history.heads()) {
        true => Ok(()),
        false => Err(Refusal::StaleHeads),
    }
}

/// A second person has read these points on the signed paper form.
pub async fn confirm_points(app: &App, permit: &Permit, id: CaseId, points: i64) -> Result<u64, Refusal> {
    let mut read = app.store.read().await?;
    let case = Case::open(app, &mut read, permit, &id).await?;
    if case.round.b1_mode != B1Mode::Paper {
        return Err(Refusal::PointsNotTyped);
    }
    if paper_points(&case) != Some(points) {
        return Err(Refusal::PointsDiffer);
    }
    if typed_by(&mut read, &case).await? == Some(case.right.account()) {
        return Err(Refusal::SamePerson);
    }
    let now = app.clock.now();
    app.store
        .write("review/confirm-points", move |tx| {
            Box::pin(async move {
                check_unmoved(tx, &case).await?;
                let pin = ledger::points_pin(&case.opened.key, points);
                let decision = Decision::PaperScoreConfirmed { household: id.household, round: id.round, pin };
                let by = Some(case.right.account());
                let (number, _) = ledger::append(tx, id.commune, now, by, decision).await?;
                let state = store::review::by_key(tx, &case.place()).await?.unwrap_or_default();
                let state = ReviewState { confirmed_points: Some(pin), ..state };
                store::review::put(tx, &case.place(), &state).await?;
                Ok(number)
            })
        })
        .await
}

/// Who typed the points: the author of the last change that wrote them.
async fn typed_by(read: &mut Read, case: &Case) -> Result<Option<AccountId>, Refusal> {
    let writes_points = |slot: &Slot| matches!(slot, Slot::Answer(key) if key.as_str() == PAPER_POINTS);
    let nodes = case.opened.history.nodes().iter().rev();
    let last = nodes.clone().find(|node| node.entry.ops.iter().any(|op| writes_points(&op.slot)));
    let Some(node) = last else { return Ok(None) };
    let change = store::change::by_hash(read, &case.place(), node.entry.hash).await?;
    Ok(change.map(|change| change.author.account))
}

/// How a disagreement is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// One side is right as a whole; counted from 0.
    Side(usize),
    /// Neither: these are the values. Of membership, the standing of each member.
    Values(BTreeMap<Key, Value>),
}

/// Settles a disagreement in the reviewer's own name.
pub async fn settle(
    app: &App,
    permit: &Permit,
    id: CaseId,
    disagreement: DisagreementId,
    settlement: Settlement,
) -> Result<ChangeHash, Refusal> {
    let case = Case::open(app, &mut app.store.read().await?, permit, &id).await?;
    let open = disagreement::open(&case.opened.history);
    let found = open.iter().find(|open| open.id() == disagreement).ok_or(Refusal::DisagreementNotFound)?;
    let mut writes = decided(&case, found, settlement)?;
    writes.extend([found.settlement()]);
    office::write(app, &case, Draft { writes, message: "settle".to_owned(), instead_of: None }).await
}

fn decided(case: &Case, open: &Disagreement, settlement: Settlement) -> Result<BTreeMap<Slot, Write>, Refusal> {
    let history = &case.opened.history;
    let current = history.section(&open.section, &history.whole());
    match settlement {
        Settlement::Side(side) => {
            let side = open.sides.get(side).ok_or(Refusal::DisagreementNotFound)?;
            Ok(disagreement::writes_to(&open.section, &current, &side.value))
        }
        Settlement::Values(values) => {
            let mut wanted = match (&open.section, current.clone()) {
                (SectionKey::Membership, _) => return Err(Refusal::Unwritable("membership".to_owned())),
                (SectionKey::Form(_) | SectionKey::Member(_), SectionValue::Answers(answers)) => answers,
                (SectionKey::Form(_) | SectionKey::Member(_), SectionValue::Membership(_)) => BTreeMap::new(),
            };
            wanted.extend(values);
            Ok(disagreement::writes_to(&open.section, &current, &SectionValue::Answers(wanted)))
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::ids::HouseholdId;
    use schemas::ledger;
    use sync_protocol::device::View;

    use super::*;
    use crate::domain::role::Role;
    use crate::workflow::bench::{Bench, Carried, answer, home, permit, poor_interview, round_id};
    use crate::workflow::inbox::{self, Matter};
    use crate::workflow::{household, quarantine};

    fn case(bench: &Bench, household: HouseholdId) -> CaseId {
        CaseId { round: round_id(), commune: bench.commune, household }
    }

    async fn heads(bench: &Bench, household: HouseholdId) -> Vec<ChangeHash> {
        let mut read = bench.app.store.read().await.unwrap();
        let place = crate::domain::field::DocumentKey { commune: bench.commune, round: round_id(), household };
        store::document::by_key(&mut read, &place).await.unwrap().unwrap().heads
    }

    async fn surveyed() -> (Bench, Carried, Permit) {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        lan.write(bench.scope(0), home(1), poor_interview());
        assert_eq!(lan.sync(&bench).await, []);
        let hoa = permit(&bench, "hoa", Role::Reviewer).await;
        (bench, lan, hoa)
    }

    #[tokio::test]
    async fn a_paper_score_nobody_confirmed_blocks_acceptance() {
        let (bench, _, hoa) = surveyed().await;
        let seen = heads(&bench, home(1)).await;
        let refused = accept(&bench.app, &hoa, case(&bench, home(1)), seen).await;
        assert!(matches!(refused, Err(Refusal::PointsNotConfirmed)), "{refused:?}");
    }

    #[tokio::test]
    async fn points_that_differ_from_the_form_are_not_confirmed() {
        let (bench, _, hoa) = surveyed().await;
        let refused = confirm_points(&bench.app, &hoa, case(&bench, home(1)), 139).await;
        assert!(matches!(refused, Err(Refusal::PointsDiffer)));
    }

    #[tokio::test]
    async fn who_typed_the_points_cannot_confirm_them() {
        let (bench, _, hoa) = surveyed().await;
        let points = BTreeMap::from([answer(PAPER_POINTS, 120)]);
        let mut read = bench.app.store.read().await.unwrap();
        let opened = Case::open(&bench.app, &mut read, &hoa, &case(&bench, home(1))).await.unwrap();
        let draft = Draft { writes: points, message: "paper".to_owned(), instead_of: None };
        office::write(&bench.app, &opened, draft).await.unwrap();
        let refused = confirm_points(&bench.app, &hoa, case(&bench, home(1)), 120).await;
        assert!(matches!(refused, Err(Refusal::SamePerson)), "{refused:?}");
    }

    #[tokio::test]
    async fn points_that_were_written_anew_wait_for_a_second_person_again() {
        let (bench, mut lan, hoa) = surveyed().await;
        let waiting = async || {
            let items = inbox::list(&bench.app, &hoa, bench.commune, &round_id()).await.unwrap();
            items.into_iter().map(|item| item.matter).collect::<Vec<_>>()
        };
        assert_eq!(waiting().await, [Matter::PointsToConfirm]);
        confirm_points(&bench.app, &hoa, case(&bench, home(1)), 140).await.unwrap();
        assert_eq!(waiting().await, [Matter::ReadyToAccept]);
        lan.write(bench.scope(0), home(1), [answer(PAPER_POINTS, 135)]);
        lan.sync(&bench).await;
        assert_eq!(waiting().await, [Matter::PointsToConfirm]);
        let page = household::page(&bench.app, &hoa, case(&bench, home(1))).await.unwrap();
        assert!(!page.points_confirmed);
    }

    #[tokio::test]
    async fn an_incomplete_household_is_not_accepted() {
        let (bench, mut lan, hoa) = surveyed().await;
        lan.write(bench.scope(0), home(2), [answer("floor_area", 40)]);
        lan.sync(&bench).await;
        let seen = heads(&bench, home(2)).await;
        let refused = accept(&bench.app, &hoa, case(&bench, home(2)), seen).await;
        assert!(matches!(refused, Err(Refusal::Incomplete(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_household_that_moved_on_is_not_accepted_unseen() {
        let (bench, mut lan, hoa) = surveyed().await;
        let seen = heads(&bench, home(1)).await;
        lan.write(bench.scope(0), home(1), [answer("radio", true)]);
        lan.sync(&bench).await;
        let refused = accept(&bench.app, &hoa, case(&bench, home(1)), seen).await;
        assert!(matches!(refused, Err(Refusal::StaleHeads)));
    }

    #[tokio::test]
    async fn a_household_of_another_commune_is_not_found() {
        let (bench, _, hoa) = surveyed().await;
        let seen = heads(&bench, home(1)).await;
        let foreign = CaseId { household: home(99), ..case(&bench, home(1)) };
        assert!(matches!(accept(&bench.app, &hoa, foreign, seen).await, Err(Refusal::HouseholdNotFound)));
    }

    #[tokio::test]
    async fn confirmed_and_accepted_it_stands_in_a_ledger_that_verifies() {
        let (bench, _, hoa) = surveyed().await;
        let id = case(&bench, home(1));
        confirm_points(&bench.app, &hoa, id.clone(), 140).await.unwrap();
        let number = accept(&bench.app, &hoa, id.clone(), heads(&bench, home(1)).await).await.unwrap();
        assert_eq!(number, 2);
        let texts = store::ledger::texts(&mut bench.app.store.read().await.unwrap(), bench.commune).await.unwrap();
        let entries = ledger::verify(bench.commune, texts.iter().map(String::as_str)).unwrap();
        assert!(matches!(entries[1].decision, Decision::Accepted { household, .. } if household == home(1)));
    }

    #[tokio::test]
    async fn a_disagreement_blocks_until_a_reviewer_settles_it_and_both_phones_see_it() {
        let (bench, mut lan, hoa) = surveyed().await;
        let mut minh = bench.phone(bench.minh, 12).await;
        lan.write(bench.scope(0), home(1), [answer("water_source", "tap")]);
        minh.write(bench.scope(0), home(1), [answer("water_source", "other")]);
        lan.sync(&bench).await;
        minh.sync(&bench).await;
        let id = case(&bench, home(1));
        confirm_points(&bench.app, &hoa, id.clone(), 140).await.unwrap();
        let refused = accept(&bench.app, &hoa, id.clone(), heads(&bench, home(1)).await).await;
        assert!(matches!(refused, Err(Refusal::DisagreementsOpen(1))), "{refused:?}");
        let open = minh.phone.disagreements(&home(1), View::Accepted).remove(0);
        settle(&bench.app, &hoa, id.clone(), open.id(), Settlement::Side(1)).await.unwrap();
        lan.sync(&bench).await;
        minh.sync(&bench).await;
        assert!(lan.phone.disagreements(&home(1), View::Accepted).is_empty());
        assert_eq!(lan.sees(home(1)), minh.sees(home(1)));
        accept(&bench.app, &hoa, id, heads(&bench, home(1)).await).await.unwrap();
    }

    #[tokio::test]
    async fn a_disagreement_that_changes_no_class_and_nothing_printed_blocks_nothing() {
        let (bench, mut lan, hoa) = surveyed().await;
        let mut minh = bench.phone(bench.minh, 12).await;
        lan.write(bench.scope(0), home(1), [answer("motorbike", true)]);
        minh.write(bench.scope(0), home(1), [answer("cattle", 2)]);
        lan.sync(&bench).await;
        minh.sync(&bench).await;
        assert_eq!(minh.phone.disagreements(&home(1), View::Accepted).len(), 1);
        let id = case(&bench, home(1));
        confirm_points(&bench.app, &hoa, id.clone(), 140).await.unwrap();
        accept(&bench.app, &hoa, id, heads(&bench, home(1)).await).await.unwrap();
    }

    #[tokio::test]
    async fn two_readings_of_the_points_block_although_they_give_one_class() {
        let (bench, mut lan, hoa) = surveyed().await;
        let mut minh = bench.phone(bench.minh, 12).await;
        lan.write(bench.scope(0), home(1), [answer("b1_points", 141)]);
        minh.write(bench.scope(0), home(1), [answer("b1_points", 142)]);
        lan.sync(&bench).await;
        minh.sync(&bench).await;
        let refused = confirm_points(&bench.app, &hoa, case(&bench, home(1)), 141).await;
        assert!(refused.is_err(), "{refused:?}");
        let heads = heads(&bench, home(1)).await;
        let refused = accept(&bench.app, &hoa, case(&bench, home(1)), heads).await;
        assert!(matches!(refused, Err(Refusal::DisagreementsOpen(1))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_settlement_of_what_is_settled_is_refused() {
        let (bench, _, hoa) = surveyed().await;
        let refused =
            settle(&bench.app, &hoa, case(&bench, home(1)), DisagreementId([1; 16]), Settlement::Side(0)).await;
        assert!(matches!(refused, Err(Refusal::DisagreementNotFound)));
    }

    #[tokio::test]
    async fn held_work_is_released_once_and_blocks_acceptance_until_then() {
        let (bench, mut lan, hoa) = surveyed().await;
        bench.assign(bench.minh, 1).await;
        let mut minh = bench.phone(bench.minh, 12).await;
        bench.unassign(bench.minh, 0).await;
        minh.write(bench.scope(0), home(1), [answer("radio", true)]);
        minh.sync(&bench).await;
        let id = case(&bench, home(1));
        confirm_points(&bench.app, &hoa, id.clone(), 140).await.unwrap();
        let refused = accept(&bench.app, &hoa, id.clone(), heads(&bench, home(1)).await).await;
        assert!(matches!(refused, Err(Refusal::HeldChanges(1))), "{refused:?}");
        let held = minh.phone.history(&home(1), View::Mine).unwrap().heads()[0];
        quarantine::release(&bench.app, &hoa, id.clone(), held, "Minh có mặt".to_owned()).await.unwrap();
        let again = quarantine::release(&bench.app, &hoa, id.clone(), held, "lần nữa".to_owned()).await;
        assert!(matches!(again, Err(Refusal::AlreadyDecided)));
        lan.sync(&bench).await;
        assert_eq!(lan.sees(home(1)).unwrap().answers["radio"], Value::Bool(true));
        accept(&bench.app, &hoa, id, heads(&bench, home(1)).await).await.unwrap();
    }

    #[tokio::test]
    async fn held_work_is_salvaged_in_the_reviewers_name_or_set_aside_with_a_reason() {
        let (bench, _, hoa) = surveyed().await;
        bench.assign(bench.minh, 1).await;
        let mut minh = bench.phone(bench.minh, 12).await;
        bench.unassign(bench.minh, 0).await;
        minh.write(bench.scope(0), home(1), [answer("radio", true)]);
        let first = minh.phone.history(&home(1), View::Mine).unwrap().heads()[0];
        minh.write(bench.scope(0), home(1), [answer("motorbike", true)]);
        let second = minh.phone.history(&home(1), View::Mine).unwrap().heads()[0];
        minh.sync(&bench).await;
        let id = case(&bench, home(1));
        quarantine::salvage(&bench.app, &hoa, id.clone(), first, "máy của Minh hỏng".to_owned()).await.unwrap();
        let no_reason = quarantine::set_aside(&bench.app, &hoa, id.clone(), second, " ".to_owned()).await;
        assert!(matches!(no_reason, Err(Refusal::ReasonNeeded)));
        quarantine::set_aside(&bench.app, &hoa, id.clone(), second, "nhập nhầm hộ".to_owned()).await.unwrap();
        let late = quarantine::release(&bench.app, &hoa, id, second, "đổi ý".to_owned()).await;
        assert!(matches!(late, Err(Refusal::AlreadyDecided)), "the first exit wins");
    }
}
