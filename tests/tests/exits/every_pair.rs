//! Every pair of exits at the real server, one after the other and at the same time: the first one wins.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use house_tests::simulation::plan::{Act, Disk, Down, Step, Trick, Up};
use house_tests::simulation::world::World;
use schemas::ids::HouseholdId;
use schemas::value::Value;
use server::domain::field::DocumentKey;
use server::store;
use server::workflow::case::CaseId;
use server::workflow::permit::Permit;
use server::workflow::{Refusal, quarantine};
use sync_protocol::change::{Slot, Write};
use sync_protocol::hash::ChangeHash;
use sync_protocol::verdict::{Hold, Rejection, Verdict};

const REASON: &str = "thử";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Release,
    Salvage,
    SetAside,
}

const EXITS: [Exit; 3] = [Exit::Release, Exit::Salvage, Exit::SetAside];

impl Exit {
    async fn take(self, world: &World, permit: &Permit, (id, hash): (CaseId, ChangeHash)) -> Result<(), Refusal> {
        let (app, reason) = (&world.commune.app, REASON.to_owned());
        match self {
            Self::Release => quarantine::release(app, permit, id, hash, reason).await,
            Self::Salvage => quarantine::salvage(app, permit, id, hash, reason).await.map(|_| ()),
            Self::SetAside => quarantine::set_aside(app, permit, id, hash, reason).await,
        }
    }

    fn verdict(self) -> Verdict {
        match self {
            Self::Release => Verdict::Released,
            Self::Salvage => Verdict::Superseded,
            Self::SetAside => Verdict::Rejected(Rejection::ByReviewer),
        }
    }
}

/// A commune in which the third phone still holds a village that was taken from its holder.
async fn commune() -> Result<World> {
    let mut world = World::found(1, 3).await?;
    world.step(Step::Office(Act::Unassign(0, 2))).await?;
    Ok(world)
}

/// A change of a household that nobody else has written about, held because the village is not the writer's any more.
async fn held(world: &mut World, number: u8) -> Result<(CaseId, ChangeHash)> {
    let household = HouseholdId([number; 16]);
    let (scope, writes) = (world.commune.scope(0)?, BTreeMap::from([area(40)?]));
    let phone = &mut world.phones[2];
    let clocks = phone.clocks(&world.commune.clock);
    let records = phone.write(&scope, household, &writes, clocks).context("the phone writes")?;
    phone.keep(&records, Disk::Keeps)?;
    world.sync(2, Up::Arrives, Down::Arrives, Disk::Keeps).await?;
    only_change(world, household).await
}

/// A change of the stranger's that was rejected, beside one that was accepted.
async fn rejected(world: &mut World, number: u8) -> Result<(CaseId, ChangeHash)> {
    world.step(Step::Hostile(Trick::UnknownKey, number, 1)).await?;
    let (_, household) = world.home(number)?;
    only_change(world, household).await
}

fn area(value: i64) -> Result<(Slot, Write)> {
    Ok((Slot::Answer("floor_area".parse()?), Write::Put(Value::Int(value))))
}

async fn kept(world: &World, household: HouseholdId) -> Result<BTreeMap<ChangeHash, Verdict>> {
    let key = DocumentKey { commune: world.commune.unit, round: world.commune.round()?, household };
    let mut read = world.commune.app.store.read().await?;
    let kept = store::change::of_document(&mut read, &key).await?;
    Ok(kept.into_iter().map(|change| (change.hash, change.verdict)).collect())
}

async fn only_change(world: &World, household: HouseholdId) -> Result<(CaseId, ChangeHash)> {
    let changes = kept(world, household).await?;
    assert_eq!(changes.len(), 1, "{changes:?}");
    let id = CaseId { round: world.commune.round()?, commune: world.commune.unit, household };
    Ok((id, *changes.keys().next().context("a change")?))
}

async fn verdict(world: &World, (id, hash): &(CaseId, ChangeHash)) -> Result<Verdict> {
    kept(world, id.household).await?.get(hash).copied().context("the change is gone")
}

#[tokio::test]
async fn a_held_change_of_a_household_that_nobody_knows_yet_can_leave_by_any_exit() -> Result<()> {
    let mut world = commune().await?;
    let hoa = world.commune.reviewer().await?;
    for (number, exit) in (20..).zip(EXITS) {
        let change = held(&mut world, number).await?;
        assert_eq!(verdict(&world, &change).await?, Verdict::Held(Hold::OutOfScope));
        exit.take(&world, &hoa, change.clone()).await?;
        assert_eq!(verdict(&world, &change).await?, exit.verdict());
        world.check().await?;
    }
    Ok(())
}

#[tokio::test]
async fn of_two_exits_one_after_the_other_the_first_wins() -> Result<()> {
    let mut world = commune().await?;
    let hoa = world.commune.reviewer().await?;
    let pairs = EXITS.into_iter().flat_map(|first| EXITS.map(|second| (first, second)));
    for (number, (first, second)) in (20..).zip(pairs) {
        let change = held(&mut world, number).await?;
        first.take(&world, &hoa, change.clone()).await?;
        let refused = second.take(&world, &hoa, change.clone()).await;
        assert!(matches!(refused, Err(Refusal::AlreadyDecided)), "{second:?} after {first:?}: {refused:?}");
        assert_eq!(verdict(&world, &change).await?, first.verdict());
    }
    world.check().await?;
    Ok(())
}

#[tokio::test]
async fn of_two_exits_at_the_same_time_exactly_one_wins() -> Result<()> {
    let mut world = commune().await?;
    let hoa = world.commune.reviewer().await?;
    let pairs = EXITS.into_iter().flat_map(|first| EXITS.map(|second| (first, second)));
    for (number, (first, second)) in (20..).zip(pairs) {
        let change = held(&mut world, number).await?;
        let (one, other) =
            tokio::join!(first.take(&world, &hoa, change.clone()), second.take(&world, &hoa, change.clone()));
        assert!(one.is_ok() != other.is_ok(), "{first:?} {one:?}, {second:?} {other:?}");
        let winner = if one.is_ok() { first } else { second };
        assert_eq!(verdict(&world, &change).await?, winner.verdict());
    }
    world.check().await?;
    Ok(())
}

#[tokio::test]
async fn what_can_never_belong_is_not_let_in_and_still_has_the_other_exits() -> Result<()> {
    let mut world = commune().await?;
    let hoa = world.commune.reviewer().await?;
    for (number, exit) in (0..).zip([Exit::Release, Exit::SetAside]) {
        let change = rejected(&mut world, number).await?;
        let faulty = Verdict::Rejected(Rejection::UnknownKey);
        let released = Exit::Release.take(&world, &hoa, change.clone()).await;
        assert!(matches!(released, Err(Refusal::NotAdmitted(_))), "{released:?}");
        assert_eq!(verdict(&world, &change).await?, faulty);
        if exit == Exit::SetAside {
            exit.take(&world, &hoa, change.clone()).await?;
            assert_eq!(verdict(&world, &change).await?, exit.verdict());
        }
    }
    world.check().await?;
    Ok(())
}
