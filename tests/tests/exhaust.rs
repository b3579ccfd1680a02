//! Hold, release, saying again, salvage and leaving out: every order of two devices, a server and a reviewer.

use anyhow::Result;
use house_tests::simulation::exhaust::{Space, spaces};

/// Looks through a space, and makes sure that there was something in it.
fn hold(space: &Space) -> Result<()> {
    let explored = space.explore()?;
    assert!(explored.states > 50 && explored.depth > 4, "{explored:?}");
    Ok(())
}

#[test]
fn what_waits_for_a_person_leaves_by_one_exit_in_whatever_order_people_act() -> Result<()> {
    hold(&spaces::one_that_waits())
}

#[test]
fn what_builds_on_what_waits_goes_with_it_or_is_said_again() -> Result<()> {
    hold(&spaces::one_on_another())
}
