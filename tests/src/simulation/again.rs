//! People who say again what the server turned away: they look at it, and answer at once or later, when it may have been
//! overtaken.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use sync_protocol::change::Slot;
use sync_protocol::device::{CommitError, Plan};

use super::handset::Survived;
use super::plan::Disk;
use super::world::World;

impl World {
    /// Somebody looks at what was turned away, and does not answer yet.
    pub(super) fn look(&mut self, phone: usize, which: u8) -> String {
        let device = &self.phones[phone].device;
        let plans: Vec<Plan> = device.households().filter_map(|(household, _)| device.rebase_plan(household)).collect();
        let Some(plan) = plans.get(usize::from(which) % plans.len().max(1)) else {
            return "nothing was turned away".to_owned();
        };
        let shown = format!("sees {} values of {}", plan.items.len(), plan.household);
        self.plans.insert(phone, plan.clone());
        shown
    }

    /// Somebody says again some of what they have looked at; what was not taken is let go.
    pub(super) fn say_again(&mut self, phone: usize, take: u64, disk: Disk) -> Result<String> {
        if !self.plans.contains_key(&phone) {
            self.look(phone, 0);
        }
        let Some(plan) = self.plans.remove(&phone) else { return Ok("nothing was turned away".to_owned()) };
        let taken = (0..).zip(plan.possible()).filter(|(at, _)| take >> (at % 64) & 1 == 1);
        let taken: BTreeSet<Slot> = taken.map(|(_, slot)| slot).collect();
        let handset = &mut self.phones[phone];
        let clocks = handset.clocks(&self.commune.clock);
        let records = match handset.device.rebase(&plan, &taken, clocks) {
            Ok(records) => records,
            Err(CommitError::Stale | CommitError::Nothing) => return Ok("it is not as it was shown".to_owned()),
            Err(fault) => bail!("rebase: {} cannot say {taken:?} again: {fault}", handset.name),
        };
        handset.check_overwrites_what_was_seen(&plan, &records)?;
        if handset.keep(&records, disk)? == Survived::Restarted {
            self.forget_answers(phone);
        }
        self.memory.note_waiting(&self.commune, &self.phones[phone]);
        Ok(format!("{} says {} values again", self.phones[phone].name, taken.len()))
    }
}
