//! Households without a class as people read them: who they are, and why in words.
//!
//! The list itself names only ids, the reason and what pins the rest. This opens each household at exactly the heads that
//! the decision saw and finds the decision's words in the ledger.

use std::collections::BTreeMap;

use schemas::codes::relation::Relation;
use schemas::household::{Answers, Household};
use schemas::ids::MemberId;
use schemas::ledger::{self, Decision, Hash, LedgerEntry, Reason};
use schemas::roster::{RosterMember, UnassessedEntry};
use schemas::value::Value;

use super::export::OpenedRoster;
use crate::app::App;
use crate::domain::field::DocumentKey;
use crate::store::{self, Read};
use crate::workflow::{Refusal, document};

/// A household without a class, with everybody ever listed and the words of who decided.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) entry: UnassessedEntry,
    pub(super) reason: Reason,
    /// The head first; those who left or died included, for there may be nobody else to name the household by.
    pub(super) members: Vec<RosterMember>,
}

impl Described {
    /// Name of the person that the household is called by.
    pub(super) fn head(&self) -> Option<&String> {
        self.members.first().map(|head| &head.name)
    }
}

/// Describes the households without a class of a list.
pub(super) async fn describe(app: &App, read: &mut Read, opened: &OpenedRoster) -> Result<Vec<Described>, Refusal> {
    if opened.unassessed.is_empty() {
        return Ok(Vec::new());
    }
    let header = &opened.stored.header;
    let texts = store::ledger::texts(read, header.commune.id).await?;
    let entries = ledger::verify(header.commune.id, texts.iter().map(String::as_str)).map_err(Refusal::LedgerBroken)?;
    let mut reasons = reasons(entries);
    let mut described = Vec::with_capacity(opened.unassessed.len());
    for (entry, _) in &opened.unassessed {
        let reason = reasons.remove(&entry.decided).ok_or(Refusal::DecisionLost(entry.household))?;
        let place = DocumentKey { commune: header.commune.id, round: header.round.clone(), household: entry.household };
        let members = members(at_decision(app, read, &place, entry).await?);
        described.push(Described { entry: entry.clone(), reason, members });
    }
    Ok(described)
}

fn reasons(entries: Vec<LedgerEntry>) -> BTreeMap<Hash, Reason> {
    let reasons = entries.into_iter().filter_map(|entry| {
        let hash = entry.hash();
        match entry.decision {
            Decision::Unassessed { reason, .. } => Some((hash, reason)),
            _ => None,
        }
    });
    reasons.collect()
}

/// The household at the heads that the decision saw.
async fn at_decision(
    app: &App,
    read: &mut Read,
    place: &DocumentKey,
    entry: &UnassessedEntry,
) -> Result<Household, Refusal> {
    let home = store::household::by_id(read, entry.household).await?.ok_or(Refusal::HouseholdNotFound)?;
    let opened = document::open(app, read, home, &place.round).await?.ok_or(Refusal::HouseholdNotFound)?;
    let heads = store::review::heads_of_pin(read, place, entry.heads).await?;
    let past = heads.and_then(|heads| opened.history.past_of(&heads));
    Ok(opened.history.household(&past.ok_or(Refusal::DecisionLost(entry.household))?))
}

fn members(household: Household) -> Vec<RosterMember> {
    let mut members: Vec<RosterMember> = household.members.into_iter().map(member).collect();
    members.sort_by_key(|member| (member.relation.as_deref() != Some(Relation::Head.code()), member.id));
    members
}

fn member((id, answers): (MemberId, Answers)) -> RosterMember {
    let text = |key: &str| answers.get(key).and_then(Value::as_text).map(str::to_owned);
    RosterMember {
        id,
        name: text("full_name").unwrap_or_default(),
        relation: text("relation"),
        born: text("born"),
        sex: text("sex"),
        citizen_id: text("citizen_id"),
        ethnicity: text("ethnicity"),
    }
}
