//! The spaces that are looked through: lan and minh survey one village, and minh's village may be taken from him.

use super::Space;
use crate::simulation::plan::{Act, Disk, Down, Edit, Step, Up};

const TAKEN: Step = Step::Office(Act::Unassign(0, 1));
const GIVEN: Step = Step::Office(Act::Assign(0, 1));
const RELEASE: Step = Step::Office(Act::Release(0));
const SALVAGE: Step = Step::Office(Act::Salvage(0));
const SET_ASIDE: Step = Step::Office(Act::SetAside(0));

fn write(phone: u8, area: u8) -> Step {
    Step::Write { phone, home: 0, edit: Edit::FloorArea(area), disk: Disk::Keeps }
}

fn sync(phone: u8) -> Step {
    Step::Sync { phone, up: Up::Arrives, down: Down::Arrives, disk: Disk::Keeps }
}

fn say_again(phone: u8) -> Step {
    Step::SayAgain { phone, take: u64::MAX, disk: Disk::Keeps }
}

/// Both devices know the household.
fn known() -> Vec<Step> {
    vec![write(0, 1), sync(0), sync(1)]
}

/// One change that may come to wait, and every exit. Some hundred ways.
pub fn one_that_waits() -> Space {
    let can = vec![(write(1, 2), 1), (sync(1), 1), (TAKEN, 1), (RELEASE, 1), (SALVAGE, 1), (SET_ASIDE, 1)];
    Space { before: known(), can }
}

/// A change that waits, and one that builds on it. Some hundred ways.
pub fn one_on_another() -> Space {
    let before = [&known()[..], &[TAKEN, write(1, 2), sync(1)]].concat();
    let can = vec![(write(1, 3), 1), (sync(1), 2), (SET_ASIDE, 1), (RELEASE, 1), (say_again(1), 1)];
    Space { before, can }
}

/// The same with both devices at work, the village given back, and every exit. Ten thousands of ways.
pub fn both_devices() -> Space {
    let work = [(write(0, 2), 1), (sync(0), 2), (write(1, 3), 1), (sync(1), 2), (say_again(1), 1)];
    let office = [(TAKEN, 1), (GIVEN, 1), (RELEASE, 1), (SALVAGE, 1), (SET_ASIDE, 1)];
    Space { before: known(), can: [&work[..], &office].concat() }
}
