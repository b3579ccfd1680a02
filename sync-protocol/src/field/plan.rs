//! Saying work again that the server turned away: the plan as people see it, and writing what they take of it.
//!
//! Owns the names of fields and what has to be confirmed; the comparison is [`crate::device`]'s.

use std::collections::BTreeSet;

use schemas::ids::HouseholdId;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::FieldFault;
use crate::change::{Slot, Write};
use crate::device::{Clocks, Device, Item, ItemState, Plan, Record};
use crate::hash::to_hex;

/// What can be said again of a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanView {
    /// The household.
    pub household: HouseholdId,
    /// The plan's name: whoever takes a value that others have changed since names the plan in which they saw both.
    pub id: String,
    /// The values.
    pub fields: Vec<PlanLine>,
    /// The changes that they come from.
    pub changes: Vec<String>,
}

/// One value of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanLine {
    /// Where it stands, as in a file of edits.
    pub field: String,
    /// `free`, `changed`, `stands` or `impossible`.
    pub state: &'static str,
    /// What stood there when it was written; `None` when that is not known here any more.
    pub seen: Option<Vec<Json>>,
    /// What stands there now.
    pub accepted: Vec<Json>,
    /// What was written; `null` takes an answer back.
    pub own: Json,
}

/// Which values are said again. What is not taken is let go: what the server has accepted stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything that can be.
    All,
    /// These fields.
    Fields(Vec<String>),
}

impl Device {
    /// What can be said again of a household, for people.
    pub fn plan_view(&self, household: HouseholdId) -> Result<PlanView, FieldFault> {
        Ok(view(&self.plan(household)?))
    }

    /// Says again what is wanted of a household, and lets go of the rest; the records have to be on disk before success is
    /// shown. A value that others have changed since is taken only with `seen`, the name of the plan that showed both.
    pub fn say_again(
        &mut self,
        household: HouseholdId,
        wanted: &Wanted,
        seen: Option<&str>,
        clocks: Clocks,
    ) -> Result<(Vec<Record>, PlanView), FieldFault> {
        let plan = self.plan(household)?;
        let shown = view(&plan);
        if seen.is_some_and(|seen| seen != shown.id) {
            return Err(FieldFault::OtherPlan);
        }
        let take = taken(&plan, wanted)?;
        let changed = |item: &&Item| item.state == ItemState::Changed && take.contains(&item.slot);
        if let (None, Some(item)) = (seen, plan.items.iter().find(changed)) {
            return Err(FieldFault::PlanNeeded(path(&item.slot)));
        }
        Ok((self.rebase(&plan, &take, clocks)?, shown))
    }

    fn plan(&self, household: HouseholdId) -> Result<Plan, FieldFault> {
        if !self.holds(&household) {
            return Err(FieldFault::NoHousehold(household));
        }
        self.rebase_plan(&household).ok_or(FieldFault::NothingToRebase(household))
    }
}

fn taken(plan: &Plan, wanted: &Wanted) -> Result<BTreeSet<Slot>, FieldFault> {
    let possible = plan.possible();
    let Wanted::Fields(fields) = wanted else { return Ok(possible) };
    let find = |field: &String| {
        let named = |slot: &&Slot| path(slot) == *field || path(slot) == format!("answers/{field}");
        possible.iter().find(named).cloned().ok_or_else(|| FieldFault::NoField(field.clone()))
    };
    fields.iter().map(find).collect()
}

fn view(plan: &Plan) -> PlanView {
    let line = |item: &Item| PlanLine {
        field: path(&item.slot),
        state: match item.state {
            ItemState::Free => "free",
            ItemState::Changed => "changed",
            ItemState::Stands => "stands",
            ItemState::Impossible => "impossible",
        },
        seen: item.seen.as_ref().map(|seen| seen.iter().map(value).collect()),
        accepted: item.accepted.iter().map(value).collect(),
        own: value(&item.own),
    };
    PlanView {
        household: plan.household,
        id: to_hex(&plan.id()),
        fields: plan.items.iter().map(line).collect(),
        changes: plan.replaces.iter().map(ToString::to_string).collect(),
    }
}

/// Where a slot stands, as in a file of edits.
fn path(slot: &Slot) -> String {
    match slot {
        Slot::Answer(key) => format!("answers/{key}"),
        Slot::Member(member) => format!("members/{member}"),
        Slot::MemberAnswer(member, key) => format!("members/{member}/{key}"),
        Slot::Visit(visit) => format!("visits/{visit}"),
        Slot::VisitAnswer(visit, key) => format!("visits/{visit}/{key}"),
        Slot::Note(note) => format!("notes/{note}"),
        Slot::Confirmed(section) => format!("confirmed/{section}"),
        Slot::Settled(section) => format!("settled/{section}"),
    }
}

fn value(write: &Write) -> Json {
    match write {
        Write::Put(value) => json!(value),
        Write::Make => json!({}),
        Write::Clear => Json::Null,
        Write::Settle(changes) => json!(changes.iter().map(ToString::to_string).collect::<Vec<_>>()),
    }
}
