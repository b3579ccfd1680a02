//! Households: all of them as a list, one of them whole, and what people write about them.
//!
//! # The list
//!
//! Thousands of lines go to the screen at once, so they are packed: `fields` names what stands at each place of a row of
//! `rows`; `scope` is an index into `scopes` (village and round), `reasons` are slugs, and `search` is head and address as
//! [`schemas::codes::names::fold`] folds them, so that a screen can search while somebody types. `lacks` counts what the
//! class rests on and is missing; `point` is latitude and longitude of the house in millionths of a degree.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::codes::names::NameSearch;
use schemas::ids::HouseholdId;
use schemas::standard::Standard;
use schemas::standards::Standards;
use schemas::value::Key;
use serde_json::{Value as Json, json};
use sync_protocol::device::Record;
use sync_protocol::field::{self, BlobLine, Committed, Listed, Wanted, said};
use sync_protocol::journal::Scope;

use crate::command::{self, Choice, Clocks};
use crate::core::{Open, Parts, Reply};
use crate::fault::CoreFault;

/// What stands in a row of the list.
const FIELDS: [&str; 11] =
    ["household", "scope", "head", "address", "stands", "waiting", "reasons", "outcome", "lacks", "search", "point"];

/// The standards that ship with the app.
pub(crate) fn standards(standards: &Standards) -> Json {
    let view = |standard: &Arc<Standard>| {
        json!({
            "standard": standard.id(),
            "label": standard.label(),
            "may_decide": standard.status().may_decide(),
            "form": standard.form().version,
        })
    };
    standards.all().map(view).collect()
}

/// Where each household stands.
pub(crate) fn list(open: &mut Open) -> Result<Reply, CoreFault> {
    open.listing.refresh(&open.device, &open.standards, &open.surveys);
    let mut scopes: Vec<&Scope> = open.listing.lines().map(|listed| &listed.scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let row = |listed: &Listed| {
        let scope = scopes.binary_search(&&listed.scope).unwrap_or_default();
        json!([
            listed.household,
            scope,
            listed.head,
            listed.address,
            listed.stands.code(),
            listed.waiting,
            listed.reasons,
            listed.outcome,
            listed.lacks,
            listed.search,
            listed.point,
        ])
    };
    let rows: Vec<Json> = open.listing.lines().map(row).collect();
    let scope = |scope: &&Scope| json!({ "village": scope.village, "round": scope.round });
    let scopes: Vec<Json> = scopes.iter().map(scope).collect();
    Reply::of(json!({ "fields": FIELDS, "scopes": scopes, "rows": rows }))
}

/// The households that somebody looks for.
pub(crate) fn find(open: &mut Open, typed: &str) -> Result<Reply, CoreFault> {
    open.listing.refresh(&open.device, &open.standards, &open.surveys);
    let search = NameSearch::of(typed);
    let found: Vec<HouseholdId> = open
        .listing
        .lines()
        .filter(|listed| search.finds_folded(&listed.search))
        .map(|listed| listed.household)
        .collect();
    Reply::of(json!({ "households": found }))
}

/// One household.
pub(crate) fn show(open: &Open, household: HouseholdId, view: command::View) -> Result<Reply, CoreFault> {
    let scoring = open.device.document_scope(&household).map(|scope| open.surveys.scoring(&scope));
    let mut shown = open.device.show(&household, view.into(), &open.standards, scoring)?;
    // Before the form is complete nobody is told a class; after that it is asked for by itself.
    (shown.reports, shown.classes) = (Vec::new(), None);
    let mut json = serde_json::to_value(shown).map_err(CoreFault::Command)?;
    let blobs = open.device.blobs().iter().filter(|blob| blob.household == household);
    json["blobs"] = json!(blobs.map(BlobLine::from).collect::<Vec<_>>());
    json["plan"] = json!(open.device.plan_view(household).ok());
    json["result_seen"] = json!(open.device.document(&household).is_some_and(|document| document.result_seen()));
    Reply::of(json)
}

/// How far a household is.
pub(crate) fn outline(open: &Open, household: HouseholdId) -> Result<Reply, CoreFault> {
    let outline = open.device.outline(&household, &open.standards, &open.surveys)?;
    let screening = open.device.screening(&household, &open.standards, &open.surveys)?;
    Reply::of(json!({ "outline": outline, "screening": screening }))
}

/// What a section asks of somebody.
pub(crate) fn asked(
    open: &Open,
    household: HouseholdId,
    section: (&Key, field::About),
    answers: BTreeMap<Key, Json>,
) -> Result<Reply, CoreFault> {
    let questions = open.device.asked(&household, section, answers, &open.standards, &open.surveys)?;
    Reply::of(json!({ "questions": questions }))
}

/// What a household comes to.
pub(crate) fn result(open: &mut Open, household: HouseholdId) -> Result<Reply, CoreFault> {
    let (records, result) = open.device.result(household, &open.standards, &open.surveys)?;
    Reply::written(&records, result)
}

/// Founds a household.
pub(crate) fn found(open: &mut Open, household: Json, clocks: Clocks, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let (mut rng, mut done) = (parts.chance()?, Done::default());
    for (item, whole) in (1..).zip(said::households(household)) {
        done.add(open.device.found_household(item, whole, clocks.into(), &mut rng));
    }
    done.reply()
}

/// Writes values.
pub(crate) fn edit(open: &mut Open, edits: Json, clocks: Clocks, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let mut rng = parts.chance()?;
    let (edits, faults) = field::by_household(edits);
    let mut done = Done { committed: Committed { faults, ..Committed::default() }, ..Done::default() };
    for (household, said) in edits {
        done.add(open.device.edit_household(household, said, clocks.into(), &mut rng));
    }
    done.reply()
}

/// Settles a disagreement of a household.
pub(crate) fn settle(
    open: &mut Open,
    (household, disagreement): (HouseholdId, &str),
    choice: Choice,
    clocks: Clocks,
    parts: &Parts<'_>,
) -> Result<Reply, CoreFault> {
    let mut done = Done::default();
    let rng = &mut parts.chance()?;
    done.add(open.device.settle(household, disagreement, choice.into(), clocks.into(), rng)?);
    done.reply()
}

/// What can be said again.
pub(crate) fn plan(open: &Open, household: HouseholdId) -> Result<Reply, CoreFault> {
    Reply::of(open.device.plan_view(household)?)
}

/// Says it again.
pub(crate) fn say_again(
    open: &mut Open,
    household: HouseholdId,
    fields: Option<Vec<String>>,
    plan: Option<&str>,
    clocks: Clocks,
) -> Result<Reply, CoreFault> {
    let wanted = fields.map_or(Wanted::All, Wanted::Fields);
    let (records, shown) = open.device.say_again(household, &wanted, plan, clocks.into())?;
    Reply::written(&records, shown)
}

/// What a command has written so far.
#[derive(Default)]
struct Done {
    records: Vec<Record>,
    committed: Committed,
}

impl Done {
    fn add(&mut self, saved: field::Saved) {
        self.records.extend(saved.records);
        self.committed.join(saved.committed);
    }

    fn reply(mut self) -> Result<Reply, CoreFault> {
        self.committed.faults.sort_by_key(|fault| fault.item);
        Reply::written(&self.records, self.committed)
    }
}
