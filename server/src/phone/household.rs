//! The households of a phone: shown as [`sync_protocol::field`] shows them, written and on disk when a method returns.

use schemas::codes::names::NameSearch;
use schemas::form::Scope as Asked;
use schemas::ids::HouseholdId;
use schemas::value::{Key, Value};
use serde_json::Value as Json;
use sync_protocol::device::View;
use sync_protocol::field::{self, Saved, said};

use super::fault::PhoneFault;
use super::{Choice, Committed, FiledHousehold, HouseholdView, Line, Phone, PlanView, Scoring, Wanted};

impl Phone {
    /// One household in a view, scored when that is asked for.
    pub fn show(
        &self,
        household: &HouseholdId,
        view: View,
        scoring: Option<Scoring>,
    ) -> Result<HouseholdView, PhoneFault> {
        Ok(self.device.show(household, view, &self.surroundings.standards, scoring)?)
    }

    /// All households in a view, in the order of their ids; those of which the view knows nothing yet are left out.
    pub fn export(&self, view: View) -> Vec<FiledHousehold> {
        self.device.filed(view)
    }

    /// Where each household stands, in the order of their ids; after them what is unfinished of earlier rounds.
    pub fn list(&self) -> Vec<Line> {
        self.device.lines()
    }

    /// Where each household stands whose head is meant.
    pub fn find(&self, search: &NameSearch) -> Vec<Line> {
        self.device.find(search)
    }

    /// A question with its answer, in Vietnamese and English; the bare key where the form does not know it.
    pub fn answer_words(&self, household: &HouseholdId, scope: Asked, key: &Key, value: &Value) -> String {
        self.device.answer_words(household, scope, key, value)
    }

    /// Founds the households of a file.
    pub fn found_households(&mut self, json: Json) -> Result<Committed, PhoneFault> {
        let mut committed = Committed::default();
        for (item, whole) in (1..).zip(said::households(json)) {
            let clocks = self.clocks();
            let (device, chance) = (&mut self.device, &self.surroundings.chance);
            let saved = chance.with(|rng| device.found_household(item, whole, clocks, rng));
            committed.join(self.keep(saved)?);
        }
        Ok(committed)
    }

    /// Makes the edits of a file, household by household in the order in which they are first named.
    pub fn edit_households(&mut self, json: Json) -> Result<Committed, PhoneFault> {
        let (edits, faults) = field::by_household(json);
        let mut committed = Committed { faults, ..Committed::default() };
        for (household, said) in edits {
            let clocks = self.clocks();
            let (device, chance) = (&mut self.device, &self.surroundings.chance);
            let saved = chance.with(|rng| device.edit_household(household, said, clocks, rng));
            committed.join(self.keep(saved)?);
        }
        committed.faults.sort_by_key(|fault| fault.item);
        Ok(committed)
    }

    /// Settles an open disagreement. Faulty edits settle nothing.
    pub fn settle(
        &mut self,
        household: HouseholdId,
        disagreement: &str,
        choice: Choice,
    ) -> Result<Committed, PhoneFault> {
        let clocks = self.clocks();
        let (device, chance) = (&mut self.device, &self.surroundings.chance);
        let saved = chance.with(|rng| device.settle(household, disagreement, choice, clocks, rng))?;
        self.keep(saved)
    }

    /// What can be said again of a household.
    pub fn rebase_plan(&self, household: HouseholdId) -> Result<PlanView, PhoneFault> {
        Ok(self.device.plan_view(household)?)
    }

    /// Says again what is wanted of a household, and lets go of the rest. A value that others have changed since is taken
    /// only with `seen`, the name of the plan that showed both.
    pub fn rebase(
        &mut self,
        household: HouseholdId,
        wanted: &Wanted,
        seen: Option<&str>,
    ) -> Result<PlanView, PhoneFault> {
        let clocks = self.clocks();
        let (records, shown) = self.device.say_again(household, wanted, seen, clocks)?;
        self.store.append(&records)?;
        Ok(shown)
    }

    /// Writes what was saved to disk; only then it is shown.
    fn keep(&mut self, saved: Saved) -> Result<Committed, PhoneFault> {
        self.store.append(&saved.records)?;
        Ok(saved.committed)
    }
}
