//! A commune in one process on virtual time: phones, the server and everything that can go wrong between them, from one seed.
//!
//! The real parts run: phones are `sync_protocol::device::Device` over the real record store of a phone, the server is the
//! real application on SQLite, asked in bytes; only sockets, clocks and chance are ours. A run is a list of steps
//! ([`plan`]), so that a run that fails can be played again with fewer of them ([`shrink`]). After every few steps, and at
//! the end, everything that was ever promised is checked ([`memory`], [`ground`], [`world`]): that is safety. Then the
//! faults stop and everything has to come to rest within bounds ([`calm`]): that is liveness.

mod again;
pub mod calm;
pub mod commune;
pub mod edit;
pub mod exhaust;
pub mod ground;
pub mod handset;
pub mod memory;
pub mod office;
pub mod photos;
pub mod plan;
pub mod relay;
pub mod shrink;
pub mod stranger;
pub mod world;

use std::collections::BTreeMap;
use std::fmt;

use plan::{Plan, Step};
use world::World;

/// How many steps go by between two checks of everything.
const CHECK_EVERY: usize = 20;
/// How many of the last events a failure shows.
const SHOWN_EVENTS: usize = 30;

/// A run: phones, and what happens to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// From which keys, ids and tokens follow.
    pub seed: u64,
    /// How many phones there are at the beginning.
    pub phones: u8,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

impl Script {
    /// The script of a seed.
    pub fn drawn(seed: u64, phones: u8, steps: usize) -> Self {
        Self { seed, phones, steps: Plan::new(seed).steps(steps) }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "seed {}, {} phones:", self.seed, self.phones)?;
        self.steps.iter().try_for_each(|step| writeln!(out, "  {step:?},"))
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps played.
    pub steps: usize,
    /// Requests that the server answered.
    pub exchanges: usize,
    /// Changes that were shown as saved.
    pub written: usize,
    /// Households that the office accepted.
    pub accepted: usize,
    /// Households that the office moved to another village.
    pub moved: usize,
    /// How many changes have come to each end.
    pub ends: BTreeMap<&'static str, usize>,
}

/// A promise that was broken.
#[derive(Debug)]
pub struct Failure {
    /// The run's seed.
    pub seed: u64,
    /// The step after which it was found; as many as there are steps: at rest.
    pub step: usize,
    /// What is broken; the word before the colon names the promise.
    pub what: String,
    /// What happened last.
    pub events: Vec<String>,
}

impl Failure {
    /// The name of the promise.
    pub fn promise(&self) -> &str {
        self.what.split(':').next().unwrap_or_default()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "seed {} broke a promise by step {}: {}", self.seed, self.step, self.what)?;
        self.events.iter().try_for_each(|event| writeln!(out, "  {event}"))
    }
}

impl std::error::Error for Failure {}

/// Says which run it was when something panics in the middle of it.
struct Witness(u64, usize);

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {} panicked in step {}", self.0, self.1);
        }
    }
}

/// Plays a script to its end and to rest.
pub async fn play(script: &Script) -> Result<Tally, Failure> {
    let mut events = Vec::new();
    let mut witness = Witness(script.seed, 0);
    match play_on(script, &mut events, &mut witness).await {
        Ok(tally) => Ok(tally),
        Err(fault) => {
            let shown = events.len().saturating_sub(SHOWN_EVENTS);
            Err(Failure {
                seed: script.seed,
                step: witness.1,
                what: format!("{fault:#}"),
                events: events.split_off(shown),
            })
        }
    }
}

async fn play_on(script: &Script, events: &mut Vec<String>, witness: &mut Witness) -> anyhow::Result<Tally> {
    let mut world = World::found(script.seed, script.phones).await?;
    for (number, step) in script.steps.iter().enumerate() {
        witness.1 = number;
        events.push(format!("{number:4} {step:?}"));
        let came = world.step(*step).await?;
        events.push(format!("       {came}"));
        if (number + 1) % CHECK_EVERY == 0 {
            world.check().await?;
        }
    }
    witness.1 = script.steps.len();
    world.check().await?;
    calm::come_to_rest(&mut world).await?;
    let ((written, accepted), moved, ends) = (world.memory.counts(), world.memory.moves(), world.memory.ends());
    calm::empty_quarantine(&mut world).await?;
    Ok(Tally { steps: script.steps.len(), exchanges: world.exchanges, written, accepted, moved, ends })
}
