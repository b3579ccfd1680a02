//! The server is killed at any moment and started again: nothing of which a phone was told that it is kept may be lost.
//!
//! The real binary serves a real directory to phones with their own directories; `ferry` kills it with SIGKILL. What is
//! drawn follows from one seed; how processes and threads fall together does not, so a failure may need more than one run.

mod balance;
mod failover;
mod ferry;
mod office;
#[allow(clippy::unwrap_used, reason = "every function of it is part of a test")]
#[path = "../support/postgres.rs"]
mod postgres;
mod servers;
mod walker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use schemas::ids::HouseholdId;
use server::app::App;
use server::clock::Chance;
use server::domain::field::DocumentKey;
use server::store;
use server::workflow::{document, rebuild};
use sync_protocol::device::View;
use sync_protocol::hash::ChangeHash;
use sync_protocol::verdict::Verdict;
use tokio::task::JoinSet;

use ferry::{Ferry, Moment};
use office::Office;
use walker::{Steps, Told, Walker};

const SEED: u64 = 20_261_001;
const KILLS: usize = 40;
const PHONES: u8 = 3;
/// Syncs of every phone in which everything has to come to rest.
const LAST_SYNCS: usize = 10;

/// A number below a bound.
fn draw(chance: &Chance, below: u64) -> u64 {
    u64::from_be_bytes(chance.bytes()) % below
}

fn draw_moment(chance: &Chance) -> Moment {
    let pieces = 1 + draw(chance, 12);
    match draw(chance, 2) {
        0 => Moment::Answering { pieces },
        _ => Moment::Working { pieces, then: Duration::from_micros(draw(chance, 12_000)) },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed_at_any_moment() -> Result<()> {
    println!("seed {SEED}");
    let chance = Chance::seeded(SEED);
    let office = Office::prepare(None, chance.clone(), usize::from(PHONES)).await?;
    let (ferry, told) = (Ferry::open().await?, Told::default());
    ferry.lead_to(office.serve()?);
    let walked = walk_and_kill(&office, &ferry, &chance, &told).await?;
    let rested = match walked {
        Ok(walkers) => rest(walkers).await,
        Err(fault) => Err(fault),
    };
    ferry.kill();
    let told: Vec<_> = told.lock().unwrap_or_else(PoisonError::into_inner).clone().into_iter().collect();
    let app = office.look_inside(chance).await?;
    let lost = lost(&app, &office, &told).await?;
    assert!(lost.is_empty(), "seed {SEED}: acknowledged and lost:\n{}\n{:?}", lost.join("\n"), rested.err());
    let walkers = rested?;
    agree(&app, &office, &walkers).await?;
    let rebuilt = rebuild::rebuild(&app).await?;
    assert_eq!(rebuilt.differences, []);
    let steps: Vec<Steps> = walkers.iter().map(|walker| walker.steps).collect();
    println!("{KILLS} kills, {} changes acknowledged, {} log rows", told.len(), rebuilt.log_rows);
    println!("{} documents, {} households: {steps:#?}", rebuilt.documents, walkers[0].phone.list().len());
    assert_eq!(told.len() as u64, steps.iter().map(|steps| steps.written).sum::<u64>());
    assert!(steps.iter().all(|steps| steps.reopened > 0 && steps.synced > 0));
    assert!(steps.iter().map(|steps| steps.cut_off).sum::<u64>() > 0, "no kill met a sync under way");
    Ok(())
}

/// Lets everybody work while the server dies and comes back. The inner error is a walker's: then it is still to be seen
/// what was lost.
async fn walk_and_kill(office: &Office, ferry: &Ferry, chance: &Chance, told: &Told) -> Result<Result<Vec<Walker>>> {
    let over = Arc::new(AtomicBool::new(false));
    let mut walking = JoinSet::new();
    for number in 0..PHONES {
        let walker = Walker::enrol(office, &ferry.address(), number, SEED, told).await?;
        walking.spawn(walker.walk(over.clone()));
    }
    for _ in 0..KILLS {
        tokio::select! {
            () = ferry.kill_at(draw_moment(chance)) => ferry.lead_to(office.serve()?),
            ended = walking.join_next() => {
                let walker = ended.context("nobody walks")??;
                return Ok(walker.and_then(|_| bail!("a walk ended by itself")));
            }
        }
    }
    over.store(true, Ordering::SeqCst);
    let walkers: Result<Vec<Walker>> = walking.join_all().await.into_iter().collect();
    Ok(walkers)
}

/// Syncs until nothing waits and nothing new comes.
async fn rest(mut walkers: Vec<Walker>) -> Result<Vec<Walker>> {
    for _ in 0..LAST_SYNCS {
        let mut moved = false;
        for walker in &mut walkers {
            let rows = walker.sync().await?;
            moved |= rows != Some(0) || walker.phone.device().waiting() > 0;
        }
        if !moved {
            return Ok(walkers);
        }
    }
    bail!("phones do not come to rest");
}

/// What phones were told is kept and the server does not have: as an accepted change and within its document.
async fn lost(app: &App, office: &Office, told: &[((HouseholdId, ChangeHash), u8)]) -> Result<Vec<String>> {
    let mut read = app.store.read().await?;
    let (commune, round) = (office.commune, &office.scope.round);
    let households: BTreeSet<HouseholdId> = told.iter().map(|((household, _), _)| *household).collect();
    let mut documents = BTreeMap::new();
    for household in households {
        let Some(home) = store::household::by_id(&mut read, household).await? else { continue };
        documents.insert(household, document::open(app, &mut read, home, round).await?);
    }
    let mut lost = Vec::new();
    for ((household, change), phone) in told {
        let key = DocumentKey { commune, round: round.clone(), household: *household };
        let verdict = store::change::by_hash(&mut read, &key, *change).await?.map(|kept| kept.verdict);
        let document = documents.get(household).and_then(Option::as_ref);
        let held = document.is_some_and(|document| document.history.knows(change));
        if verdict != Some(Verdict::Accepted) || !held {
            let stands = if held { "in its document" } else { "not in its document" };
            lost.push(format!("phone {phone}: household {household} change {change}: {verdict:?}, {stands}"));
        }
    }
    Ok(lost)
}

/// All phones see the same, and what they see is what the server has.
async fn agree(app: &App, office: &Office, walkers: &[Walker]) -> Result<()> {
    let (first, others) = walkers.split_first().context("somebody")?;
    let seen = first.phone.export(View::Accepted);
    for walker in others {
        assert_eq!(walker.phone.export(View::Accepted), seen);
    }
    let mut read = app.store.read().await?;
    let stored = store::document::of_commune(&mut read, office.commune, &office.scope.round).await?;
    let stored: Vec<_> = stored.into_iter().map(|document| (document.household, document.heads)).collect();
    for walker in walkers {
        let held = walker.phone.device().households();
        let held: Vec<_> = held.map(|(household, held)| (*household, held.accepted_heads().to_vec())).collect();
        assert_eq!(held, stored);
    }
    Ok(())
}
