//! Settling a disagreement on the phone of somebody who knows the house: one commit that says what holds and names the
//! changes it decides between.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use schemas::form::{Form, Scope as Asked};
use schemas::household::{STATUS, SectionKey};
use schemas::ids::HouseholdId;
use serde_json::Value as Json;

use super::FieldFault;
use super::check::Wrong;
use super::said::{self, Said};
use super::sections::{Committed, Draft, ItemFault, Saved, Written};
use crate::change::{Slot, Write};
use crate::device::{Clocks, Device, View};
use crate::disagreement::{self, Disagreement};
use crate::history::History;

/// How a disagreement is settled.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// One side holds, by its number from 1.
    Take(usize),
    /// Something else holds: edits of the section, as in a file for `edit`.
    Set(Json),
}

impl Device {
    /// Settles an open disagreement. Faulty edits settle nothing. The records have to be on disk before success is shown.
    pub fn settle(
        &mut self,
        household: HouseholdId,
        disagreement: &str,
        choice: Choice,
        clocks: Clocks,
        rng: &mut impl CryptoRng,
    ) -> Result<Saved, FieldFault> {
        let missing = || FieldFault::NoHousehold(household);
        let history = self.history(&household, View::Mine).ok_or_else(missing)?;
        let scope = self.document_scope(&household).ok_or_else(missing)?;
        let open = disagreement::open(&history).into_iter().find(|open| open.id().to_string() == disagreement);
        let open = open.ok_or_else(|| FieldFault::NoDisagreement(disagreement.to_owned()))?;
        let mut committed = Committed::default();
        let mut writes = match choice {
            Choice::Take(side) => taken(&history, &open, side)?,
            Choice::Set(json) => set(&history, &open, json, rng, &mut committed),
        };
        if !committed.faults.is_empty() {
            return Ok(Saved { records: Vec::new(), committed });
        }
        writes.extend([open.settlement()]);
        let records = self.save(&scope, household, &writes, clocks)?;
        let (sections, unchanged) = (vec![open.section.to_string()], Vec::new());
        let (village, round, minted) = (scope.village, scope.round, BTreeMap::new());
        committed.written.push(Written { household, village, round, sections, unchanged, minted });
        Ok(Saved { records, committed })
    }
}

/// The writes of a choice that is neither side, with what is wrong about it.
fn set(
    history: &History,
    open: &Disagreement,
    json: Json,
    rng: &mut impl CryptoRng,
    committed: &mut Committed,
) -> BTreeMap<Slot, Write> {
    let household = history.genesis().household;
    let mut edits: Vec<(usize, Said)> = Vec::new();
    for (item, edit) in (1..).zip(said::edits(json)) {
        let refused = match edit {
            Ok(edit) if edit.household == household => {
                edits.push((item, edit.said));
                continue;
            }
            Ok(edit) => (edit.said.path, Wrong::ElsewhereThanSettled),
            Err(refused) => refused,
        };
        committed.faults.push(ItemFault::new(item, Some(household), refused.0, &refused.1));
    }
    let form = history.form().clone();
    let mut draft = Draft::new(rng, form.clone(), household, Some(history.current()));
    committed.faults.extend(draft.take(edits));
    committed.warnings.append(&mut draft.warnings);
    let writes = draft.into_writes();
    if !writes.keys().all(|slot| is_of(&form, &open.section, slot)) {
        committed.faults.push(ItemFault::new(1, Some(household), String::new(), &Wrong::ElsewhereThanSettled));
    }
    writes
}

/// Whether writing a slot says something about a section.
fn is_of(form: &Form, section: &SectionKey, slot: &Slot) -> bool {
    match (section, slot) {
        (SectionKey::Form(section), Slot::Answer(key)) => {
            form.question(Asked::Household, key.as_str()).is_some_and(|question| question.section == *section)
        }
        (SectionKey::Member(member), Slot::MemberAnswer(other, _)) => member == other,
        (SectionKey::Membership, Slot::Member(_)) => true,
        (SectionKey::Membership, Slot::MemberAnswer(_, key)) => key.as_str() == STATUS,
        _ => false,
    }
}

/// The writes that make a section say what one side said.
fn taken(history: &History, open: &Disagreement, number: usize) -> Result<BTreeMap<Slot, Write>, FieldFault> {
    let no_side = FieldFault::NoSide { side: number, sides: open.sides.len() };
    let side = number.checked_sub(1).and_then(|at| open.sides.get(at)).ok_or(no_side)?;
    let now = history.section(&open.section, &history.whole());
    Ok(disagreement::writes_to(&open.section, &now, &side.value))
}
