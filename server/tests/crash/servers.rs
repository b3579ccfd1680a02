//! Several real servers on one PostgreSQL: whoever a phone meets, it reads every row once and in order, nothing that it was
//! told is lost, and servers are replaced one after the other without a phone that notices.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use server::app::Database;
use server::clock::Chance;
use server::workflow::rebuild;
use tokio::task::JoinSet;

use crate::balance::Balance;
use crate::office::{Office, while_nothing_starts};
use crate::walker::{Steps, Told, Walker};
use crate::{agree, lost, postgres, rest};

const SEED: u64 = 20_261_123;
/// Phones that write about the same households at the same time.
pub(crate) const PHONES: u8 = 6;
/// Servers at the same time.
pub(crate) const SERVERS: usize = 2;
/// Syncs of every phone while nothing else happens to the servers.
const SYNCS: u64 = 12;
/// How often every server is replaced.
const RESTARTS: usize = 3;

/// How often it is looked whether something has happened; what happens decides, never how long it takes.
const LOOK: Duration = Duration::from_millis(5);

/// A server that is asked to end when the test does, however it does.
pub(crate) struct Server {
    process: Child,
    address: std::net::SocketAddr,
}

impl Server {
    pub(crate) fn start(office: &Office, balance: &Balance) -> Result<Self> {
        let (process, address) = office.serve()?;
        balance.add(address);
        Ok(Self { process, address })
    }

    /// SIGTERM, as a service manager would; returns when it has ended, in peace.
    pub(crate) async fn stop(mut self, balance: &Balance) -> Result<()> {
        let nothing_closes = while_nothing_starts();
        let told = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status()?;
        drop(nothing_closes);
        ensure!(told.success(), "nobody to tell");
        while self.process.try_wait()?.is_none() {
            tokio::time::sleep(LOOK).await;
        }
        balance.remove(self.address);
        ensure!(self.process.wait()?.success(), "a server did not end in peace");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever has ended already is not hurt by it.
        let _ended_already = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Phones that walk until they are called back.
pub(crate) struct Walk {
    walking: JoinSet<Result<Walker>>,
    over: Arc<AtomicBool>,
}

impl Walk {
    pub(crate) async fn begin(office: &Office, balance: &Balance, told: &Told) -> Result<Self> {
        let (mut walking, over) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for number in 0..PHONES {
            let walker = Walker::enrol(office, &balance.address(), number, SEED, told).await?;
            walking.spawn(walker.walk(over.clone()));
        }
        Ok(Self { walking, over })
    }

    pub(crate) async fn end(self) -> Result<Vec<Walker>> {
        self.over.store(true, Ordering::SeqCst);
        self.walking.join_all().await.into_iter().collect()
    }
}

/// Waits until phones were told of so many changes more; how long that takes is not asked.
pub(crate) async fn heard(walk: &mut Walk, told: &Told, more: usize) -> Result<()> {
    let heard = || told.lock().unwrap_or_else(PoisonError::into_inner).len();
    let until = heard() + more;
    while heard() < until {
        if let Some(ended) = walk.walking.try_join_next() {
            ended?.context("a walk ended")?;
            bail!("a walk ended by itself");
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Everything that phones were told is there, all see the same, and all of it can be made again.
pub(crate) async fn check(office: &Office, chance: Chance, walkers: Vec<Walker>, told: &Told) -> Result<Vec<Steps>> {
    let walkers = rest(walkers).await?;
    let told: Vec<_> = told.lock().unwrap_or_else(PoisonError::into_inner).clone().into_iter().collect();
    let app = office.look_inside(chance).await?;
    let lost = lost(&app, office, &told).await?;
    assert!(lost.is_empty(), "acknowledged and lost:\n{}", lost.join("\n"));
    agree(&app, office, &walkers).await?;
    assert_eq!(rebuild::rebuild(&app).await?.differences, []);
    let steps: Vec<Steps> = walkers.iter().map(|walker| walker.steps).collect();
    assert_eq!(told.len() as u64, steps.iter().map(|steps| steps.written).sum::<u64>());
    println!("{} changes acknowledged: {steps:#?}", told.len());
    Ok(steps)
}

async fn ground() -> Result<(Office, Balance, Told, Chance)> {
    println!("seed {SEED}");
    let chance = Chance::seeded(SEED);
    let nothing_closes = while_nothing_starts();
    let database = Some(Database::Postgres(postgres::database()));
    drop(nothing_closes);
    let office = Office::prepare(database, chance.clone(), usize::from(PHONES)).await?;
    Ok((office, Balance::open().await?, Told::default(), chance))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn phones_that_meet_two_servers_at_once_skip_nothing_and_read_nothing_twice() -> Result<()> {
    let (office, balance, told, chance) = ground().await?;
    let servers: Result<Vec<Server>> = (0..SERVERS).map(|_| Server::start(&office, &balance)).collect();
    let servers = servers?;
    // A page that does not go on where the one before ended, or whose rows are not those that were signed, ends a walk.
    let mut walking = JoinSet::new();
    for number in 0..PHONES {
        let walker = Walker::enrol(&office, &balance.address(), number, SEED, &told).await?;
        walking.spawn(walker.walk_for(SYNCS));
    }
    let walkers: Result<Vec<Walker>> = walking.join_all().await.into_iter().collect();
    let steps = check(&office, chance, walkers?, &told).await?;
    assert_eq!(steps.iter().map(|steps| steps.failed).sum::<u64>(), 0, "{steps:#?}");
    for server in servers {
        server.stop(&balance).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_are_replaced_one_after_the_other_and_no_sync_fails() -> Result<()> {
    let (office, balance, told, chance) = ground().await?;
    let servers: Result<Vec<Server>> = (0..SERVERS).map(|_| Server::start(&office, &balance)).collect();
    let mut servers = servers?;
    let mut walk = Walk::begin(&office, &balance, &told).await?;
    for _ in 0..RESTARTS * SERVERS {
        servers.push(Server::start(&office, &balance)?);
        servers.remove(0).stop(&balance).await?;
        heard(&mut walk, &told, 1).await?;
    }
    let steps = check(&office, chance, walk.end().await?, &told).await?;
    assert_eq!(steps.iter().map(|steps| steps.failed).sum::<u64>(), 0, "{steps:#?}");
    Ok(())
}
