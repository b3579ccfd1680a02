//! How households, inbox items and disagreements look in answers.

use schemas::ids::DeviceId;
use schemas::ledger::Unassessed;
use schemas::rules::ClassSet;
use serde::Serialize;
use serde_json::{Value, json};
use sync_protocol::disagreement::Side;
use sync_protocol::hash::ChangeHash;
use sync_protocol::history::SectionValue;
use sync_protocol::words;
use utoipa::ToSchema;

use super::warning_view::{WarningView, views};
use crate::domain::blob::{BlobState, ListedBlob};
use crate::domain::bracket::Bracket;
use crate::domain::field::StoredChange;
use crate::domain::review::ReviewState;
use crate::workflow::household::Page;
use crate::workflow::inbox::{Item, Line, Matter};

fn hex(heads: &[ChangeHash]) -> Vec<String> {
    heads.iter().map(ChangeHash::to_string).collect()
}

fn class_names(classes: ClassSet) -> Value {
    json!(classes)
}

/// Something that waits for a person.
#[derive(Serialize, ToSchema)]
pub(super) struct ItemView {
    household: String,
    /// Absent while nothing of the household was accepted.
    village: Option<u64>,
    head_name: String,
    /// `disagreement`, `changed_since`, `refused`, `suspected`, `after_result`, `points_to_confirm`, `not_met`,
    /// `ready_to_accept`.
    kind: &'static str,
    /// What the kind needs to be decided.
    #[schema(value_type = Object)]
    detail: Value,
    /// What there is to look at on this household, whatever waits.
    warnings: Vec<WarningView>,
}

impl From<Item> for ItemView {
    fn from(item: Item) -> Self {
        let (kind, detail) = match item.matter {
            Matter::Disagreement(view) => (
                "disagreement",
                json!({
                    "id": view.id.to_string(), "section": view.section, "blocking": view.blocking,
                    "roster": view.roster, "impact": view.impact,
                }),
            ),
            Matter::ChangedSince(ledger) => ("changed_since", json!({ "ledger": ledger })),
            Matter::Refused { change, verdict, reason, account, written } => (
                "refused",
                json!({
                    "change": change.to_string(), "verdict": verdict.slug(), "reason": reason,
                    "words": words::verdict(verdict), "account": account, "received_at": written.not_after.to_string(),
                    "written": bracket(&written),
                }),
            ),
            Matter::AfterResult(after) => ("after_result", json!(after)),
            Matter::Suspected => ("suspected", json!({})),
            Matter::PointsToConfirm => ("points_to_confirm", json!({})),
            Matter::NotMet { outcome } => ("not_met", json!({ "outcome": outcome })),
            Matter::ReadyToAccept => ("ready_to_accept", json!({})),
        };
        Self {
            household: item.household.to_string(),
            village: item.village.map(|village| village.0),
            head_name: item.head_name,
            kind,
            detail,
            warnings: views(item.warnings),
        }
    }
}

/// A household in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct HouseholdRow {
    household: String,
    village: u64,
    head_name: String,
    /// Every class that is possible under the deciding standard: `poor`, `near_poor`, `not_poor`.
    #[schema(value_type = Vec<String>)]
    classes: Value,
    /// Whether nothing is missing.
    complete: bool,
    open_disagreements: u32,
    /// Disagreements that block acceptance.
    blocking: u32,
    last_outcome: Option<String>,
    /// What to name in a decision on exactly this state, hexadecimal.
    heads: Vec<String>,
    /// `accepted`, `returned`, `unassessed`; absent while nobody decided.
    review: Option<&'static str>,
    /// Why the round ended for it without a class: `refused`, `moved`, `not_found`, `no_longer_wants`, `no_member_left`;
    /// absent unless `review` says `unassessed`.
    why: Option<&'static str>,
    /// Members, points, class sets by standard, odd answers.
    #[schema(value_type = Object)]
    summary: Value,
    /// What there is to look at: a house outside of its village, a household or person that may stand elsewhere too.
    warnings: Vec<WarningView>,
}

fn said(review: &ReviewState) -> Option<&'static str> {
    review.last.map(|(said, ..)| said.code())
}

fn why(review: &ReviewState) -> Option<&'static str> {
    review.last.and_then(|(said, ..)| said.why()).map(Unassessed::code)
}

impl From<Line> for HouseholdRow {
    fn from(line: Line) -> Self {
        let Line { view, review, warnings } = line;
        Self {
            household: view.household.to_string(),
            village: view.village.0,
            head_name: view.head_name,
            classes: class_names(view.classes),
            complete: view.complete,
            open_disagreements: view.open_disagreements,
            blocking: view.blocking,
            last_outcome: view.last_outcome,
            heads: hex(&view.heads),
            review: said(&review),
            why: why(&review),
            // What the server stored itself is JSON.
            summary: serde_json::from_str(&view.summary).unwrap_or_default(),
            warnings: views(warnings),
        }
    }
}

/// One household as a reviewer reads it.
#[derive(Serialize, ToSchema)]
pub(super) struct HouseholdPage {
    /// The documented JSON of a household.
    #[schema(value_type = Object)]
    household: Value,
    /// What to name in a decision on exactly this state, hexadecimal.
    heads: Vec<String>,
    /// What each standard of the round says, with reasons and articles; the deciding one first.
    #[schema(value_type = Vec<Object>)]
    reports: Value,
    #[schema(value_type = Vec<Object>)]
    disagreements: Vec<Value>,
    /// Every change that came: who, when, and what became of it.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Value>,
    /// `accepted`, `returned`, `unassessed`; absent while nobody decided.
    review: Option<&'static str>,
    /// Why the round ended for it without a class; absent unless `review` says `unassessed`.
    why: Option<&'static str>,
    /// Whether a second person has confirmed a paper score.
    points_confirmed: bool,
    /// What there is to look at beyond the answers themselves.
    warnings: Vec<WarningView>,
    /// Photos: `announced`, `partly` or `there`. None of them holds up a decision.
    blobs: Vec<BlobView>,
}

/// A photo of a household.
#[derive(Serialize, ToSchema)]
pub(super) struct BlobView {
    /// SHA-256 of its bytes, hexadecimal.
    blob: String,
    size_bytes: u64,
    announced_at: String,
    /// `announced`, `partly`, `there`.
    state: &'static str,
    /// Bytes that have come, while it is on its way.
    received: Option<u64>,
    /// What it is, once it is there.
    media_type: Option<&'static str>,
}

impl From<ListedBlob> for BlobView {
    fn from(listed: ListedBlob) -> Self {
        let (state, received, media_type) = match listed.state {
            BlobState::Announced => ("announced", None, None),
            BlobState::Partly(received) => ("partly", Some(received), None),
            BlobState::There(media_type) => ("there", None, Some(media_type.code())),
        };
        Self {
            blob: listed.hash.to_string(),
            size_bytes: listed.size_bytes,
            announced_at: listed.announced_at.to_string(),
            state,
            received,
            media_type,
        }
    }
}

impl From<Page> for HouseholdPage {
    fn from(page: Page) -> Self {
        let disagreements = page.disagreements.iter().map(|(open, view)| {
            json!({
                "id": view.id.to_string(), "section": view.section, "blocking": view.blocking,
                "roster": view.roster, "impact": view.impact, "differs": open.differing_keys(),
                "base": section(&open.base), "sides": open.sides.iter().map(side).collect::<Vec<_>>(),
            })
        });
        Self {
            household: json!(page.household),
            heads: hex(&page.heads),
            reports: json!(page.reports),
            disagreements: disagreements.collect(),
            changes: page.changes.iter().map(|kept| change(kept, page.carried_by.get(&kept.hash))).collect(),
            review: said(&page.review),
            why: why(&page.review),
            points_confirmed: page.points_confirmed,
            warnings: views(page.warnings),
            blobs: page.blobs.into_iter().map(BlobView::from).collect(),
        }
    }
}

fn side(side: &Side) -> Value {
    json!({ "value": section(&side.value), "changes": hex(&side.changes) })
}

fn section(value: &SectionValue) -> Value {
    match value {
        SectionValue::Answers(answers) => json!(answers),
        SectionValue::Membership(members) => json!(members),
    }
}

fn change(change: &StoredChange, carried_by: Option<&DeviceId>) -> Value {
    json!({
        "change": change.hash.to_string(), "account": change.author.account,
        "device": change.author.device().to_string(), "epoch": change.author.epoch,
        "device_clock_ms": change.wall_ms, "received_at": change.received_at.to_string(),
        "verdict": change.verdict.slug(), "reason": change.reason, "written": bracket(&Bracket::of(change)),
        "carried_by": carried_by.map(ToString::to_string),
    })
}

/// Between which moments something was written, and whether the phone's clock fits.
fn bracket(written: &Bracket) -> Value {
    json!({
        "not_before": written.not_before.map(|at| at.to_string()), "not_after": written.not_after.to_string(),
        "device_clock_ms": written.claimed_ms, "clock_off_ms": written.off_ms(), "words": written.words(),
    })
}
