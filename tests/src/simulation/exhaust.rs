//! Everything that two devices, their server and a reviewer can do with one household, in every order: not drawn, but all of
//! it, as far as each thing is done only so often.
//!
//! The same world as in a run ([`World`]), with no faults on the road: what is looked through here is the order of people.
//! Two orders that come to the same are gone on with once. Every state is checked for what must hold at any time, and then
//! left to come to rest.

pub mod spaces;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use schemas::ledger::{Decision, LedgerEntry};
use server::store;
use sync_protocol::change;
use sync_protocol::device::View;
use sync_protocol::hash::ChangeHash;
use sync_protocol::log::RowEvent;

use super::calm;
use super::ground::{Filed, Ground};
use super::plan::Step;
use super::world::World;

/// What is looked through.
#[derive(Clone, Debug)]
pub struct Space {
    /// What has happened before.
    pub before: Vec<Step>,
    /// What can happen, and how often at most.
    pub can: Vec<(Step, u8)>,
}

/// What was looked through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// States that differ.
    pub states: usize,
    /// Ways from one to another.
    pub ways: usize,
    /// The most that happened on a way to a state.
    pub depth: usize,
}

/// What happens, by its place among what can.
type Path = Vec<usize>;
/// States that were visited.
type Seen = Mutex<BTreeSet<String>>;

impl Space {
    /// Looks through everything. An error is a broken promise, with the way to it.
    pub fn explore(&self) -> Result<Explored> {
        let (mut explored, seen) = (Explored::default(), Mutex::new(BTreeSet::new()));
        let mut edge = vec![Path::new()];
        self.visit(&[], &seen)?;
        loop {
            let next: Vec<Path> = edge.iter().flat_map(|path| self.after(path)).collect();
            explored.ways += next.len();
            edge = self.visit_all(next, &seen)?;
            if edge.is_empty() {
                explored.states = seen.into_inner().map_or(0, |seen| seen.len());
                return Ok(explored);
            }
            explored.depth += 1;
        }
    }

    /// The ways on.
    fn after(&self, path: &Path) -> impl Iterator<Item = Path> {
        let left = (0..self.can.len()).filter(|at| self.left(path, *at) > 0);
        left.map(|at| path.iter().copied().chain([at]).collect())
    }

    fn left(&self, path: &[usize], at: usize) -> usize {
        usize::from(self.can[at].1).saturating_sub(path.iter().filter(|taken| **taken == at).count())
    }

    /// Visits the ends of these ways, on as many threads as there are processors; those that lead to something new.
    fn visit_all(&self, paths: Vec<Path>, seen: &Seen) -> Result<Vec<Path>> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (left, new) = (Mutex::new(paths.into_iter()), Mutex::new(Vec::new()));
        let next = || left.lock().ok()?.next();
        let work = || -> Result<()> {
            while let Some(path) = next() {
                if self.visit(&path, seen)? {
                    new.lock().map_err(|_| poisoned())?.push(path);
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            working.into_iter().try_for_each(|thread| thread.join().map_err(|_| poisoned())?)
        })?;
        new.into_inner().map_err(|_| poisoned())
    }

    /// Goes a way and checks where it leads. Whether nobody has been there before.
    fn visit(&self, path: &[usize], seen: &Seen) -> Result<bool> {
        let steps: Vec<Step> = path.iter().map(|at| self.can[*at].0).collect();
        let told = || steps.iter().fold(String::new(), |told, step| format!("{told}\n  {step:?}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.go(path, &steps, seen)).with_context(|| format!("after{}", told()))
    }

    async fn go(&self, path: &[usize], steps: &[Step], seen: &Seen) -> Result<bool> {
        let mut world = World::found(1, 2).await?;
        for step in self.before.iter().chain(&steps[..steps.len().saturating_sub(1)]) {
            world.step(*step).await?;
        }
        world.check().await?;
        if let Some(last) = steps.last() {
            world.step(*last).await?;
        }
        let ground = world.check().await?;
        check_one_exit(&ground)?;
        let mut state = describe(&world, &ground).await?;
        for at in 0..self.can.len() {
            write!(state, " {}", self.left(path, at))?;
        }
        if !seen.lock().map_err(|_| poisoned())?.insert(state) {
            return Ok(false);
        }
        calm::come_to_rest(&mut world).await?;
        calm::empty_quarantine(&mut world).await?;
        check_one_exit(&Ground::read(&world.commune).await?)?;
        Ok(true)
    }
}

/// What is said when another thread has found something.
fn poisoned() -> anyhow::Error {
    anyhow::anyhow!("another thread panicked")
}

/// Of released, salvaged and left out, no change has two.
fn check_one_exit(ground: &Ground) -> Result<()> {
    let mut left = BTreeSet::new();
    for text in &ground.ledger {
        let entry: LedgerEntry = serde_json::from_str(text)?;
        let (Decision::Released { change, .. } | Decision::Salvaged { change, .. } | Decision::SetAside { change, .. }) =
            entry.decision
        else {
            continue;
        };
        ensure!(left.insert(change), "exits: {change} has left the quarantine twice");
    }
    Ok(())
}

/// Changes by who wrote them and as which of theirs, so that two runs can be compared.
struct Names(BTreeMap<ChangeHash, String>);

impl Names {
    fn of(world: &World, ground: &Ground) -> Self {
        let mut names = BTreeMap::new();
        for (number, phone) in world.phones.iter().enumerate() {
            for (_, document) in phone.device.households().chain(phone.device.earlier()) {
                names.extend(document.own.iter().map(|own| (own.hash, format!("{number}:{:?}", own.entry))));
            }
        }
        for change in ground.documents.values().flat_map(|filed| filed.changes.values()) {
            let by = world.phones.iter().position(|phone| phone.device.author().key == change.author.key);
            let by = by.map_or("office".to_owned(), |number| number.to_string());
            names.insert(change.hash, format!("{by}:{:?}", (change.author.epoch, change.entry)));
        }
        Self(names)
    }

    fn name(&self, hash: &ChangeHash) -> &str {
        self.0.get(hash).map_or("genesis", String::as_str)
    }

    /// A change with what it builds on.
    fn change(&self, hash: &ChangeHash, bytes: &[u8]) -> Result<String> {
        let (change, _) = change::parse(bytes)?;
        let deps: BTreeSet<&str> = change.deps.iter().map(|dep| self.name(&ChangeHash::from(*dep))).collect();
        Ok(format!("{}<{deps:?}", self.name(hash)))
    }
}

/// All that what happens next can depend on, without clocks and hashes.
async fn describe(world: &World, ground: &Ground) -> Result<String> {
    let names = Names::of(world, ground);
    let mut state = String::new();
    for (key, filed) in &ground.documents {
        writeln!(state, "{} {}", key.household, filed_as(filed, &names)?)?;
    }
    for (scope, log) in &ground.logs {
        let rows = log.rows.iter().map(|logged| match logged.row.event {
            RowEvent::Change(hash) => names.name(&hash).to_owned(),
            RowEvent::Verdict { hash, verdict } => format!("{}={}", names.name(&hash), verdict.slug()),
            RowEvent::Entered => "entered".to_owned(),
            RowEvent::Left => "left".to_owned(),
        });
        writeln!(state, "{} {:?}", scope.village, rows.collect::<Vec<_>>())?;
    }
    for phone in &world.phones {
        writeln!(state, "{}", phone_at(phone, &names)?)?;
    }
    let (round, mut read) = (world.commune.round()?, world.commune.app.store.read().await?);
    for person in world.commune.people {
        let assigned = store::assignment::of_account(&mut read, person, &round).await?;
        write!(state, "{:?} ", assigned.iter().map(|assigned| assigned.village).collect::<Vec<_>>())?;
    }
    Ok(state)
}

fn filed_as(filed: &Filed, names: &Names) -> Result<String> {
    let mut changes = BTreeSet::new();
    for change in filed.changes.values() {
        let opened = filed.opened.as_ref().map(|opened| opened.change_bytes(change)).transpose()?;
        let built = opened.map(|bytes| names.change(&change.hash, &bytes)).transpose()?;
        changes.insert(format!("{} {built:?} {}", names.name(&change.hash), change.verdict.slug()));
    }
    Ok(format!("{changes:?}"))
}

fn phone_at(phone: &super::handset::Handset, names: &Names) -> Result<String> {
    let device = &phone.device;
    let mut told = format!("epoch {} ", device.author().epoch);
    for (scope, state) in device.scopes() {
        write!(told, "{}@{} ", scope.village, state.cursor.position)?;
    }
    for (household, document) in device.households().chain(device.earlier()) {
        let shown = device.history(household, View::Mine).context("a household that opens")?;
        let shown: BTreeSet<&str> = shown.nodes().iter().map(|node| names.name(&node.entry.hash)).collect();
        write!(told, "{household} {} {shown:?} ", document.scope.village)?;
        for own in &document.own {
            let built = names.change(&own.hash, &own.bytes)?;
            write!(told, "{built} {:?} {} {} ", own.standing, own.is_settled, own.answered)?;
        }
    }
    Ok(told)
}
