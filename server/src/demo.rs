//! A whole review in a minute: seven communes, last year's lists, phones that work offline and disagree, an office that
//! decides, and the official lists, all of it through the same doors that everybody uses.
//!
//! Owns the story and its people; everything they do goes over HTTP or through the headless phone. Its keys, ids and clock
//! come from a seed, so one seed gives one list: nothing here protects anybody.
//!
//! In its directory: `server/` (the data), `phones/`, `workbooks/` (last year's lists and what the import said of them),
//! `lists/` (this year's), `story` (what is over, so that a start after a kill goes on there) and `account.txt`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::app::{App, Database, Setup};
use crate::clock::Chance;
use crate::http::serve::{Protection, Running, start};
use crate::password::Cost;

mod account;
mod birth;
mod book;
mod desk;
mod dice;
mod field;
mod ground;
mod interview;
mod people;
mod place;
mod review;
mod rogue;
mod servers;
mod slip;
mod story;
mod teller;

pub use place::Place;
pub use story::Size;

use servers::Servers;
use story::Story;
use teller::Teller;

/// What is played, and where.
#[derive(Clone, Debug)]
pub struct Demo {
    /// From which everything random follows.
    pub seed: u64,
    /// Its directory.
    pub directory: PathBuf,
    /// Where the server's database is; `None` for a file in its directory.
    pub database: Option<Database>,
    /// Where the server listens; with port 0 any that is free, kept for later starts.
    pub listen: SocketAddr,
    /// Servers that share the database, at least one. Everybody goes to another one than whoever came before.
    pub servers: usize,
    /// Units and round.
    pub place: Place,
    /// How much of everything.
    pub size: Size,
}

/// What is left when the story is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What happened, for people; the root of the compiled list is its last line.
    pub account: String,
    /// Where the server listened.
    pub address: SocketAddr,
}

/// The step that says that the story is over.
const OVER: &str = "over";

impl Demo {
    /// Where the server's data are.
    pub fn server_data(&self) -> PathBuf {
        self.directory.join("server")
    }

    /// Plays the story from where it is to its end; one that is over is only told again.
    pub async fn play(&self) -> anyhow::Result<Told> {
        std::fs::create_dir_all(&self.directory).with_context(|| self.directory.display().to_string())?;
        let account = self.directory.join("account.txt");
        let mut teller =
            Teller::new(self.seed, &self.place, &self.directory.join("story"), story::scenes(&self.place))?;
        let Size { villages, households } = self.size;
        teller.check_begun_as(&format!("--seed {} --villages {villages} --households {households}", self.seed))?;
        if teller.is_done(OVER) {
            let address = teller.left_by("address").context("an address")?.parse()?;
            return Ok(Told { account: std::fs::read_to_string(account)?, address });
        }
        let told = self.play_on(&mut teller).await;
        teller.hush();
        let told = told?;
        write_whole(&account, &told.account)?;
        teller.done(OVER, "")?;
        Ok(told)
    }

    async fn play_on(&self, teller: &mut Teller) -> anyhow::Result<Told> {
        let first = App::open(self.setup(teller, teller.chance("server"))).await?;
        let (mut apps, mut running) = (vec![Arc::new(first)], Vec::new());
        for number in 2..=self.servers {
            let own = teller.chance(&format!("server/{number}"));
            let mut app = App::open(self.setup(teller, own)).await?;
            // From here on one stream for all of them: keys are drawn in the order of the story, whoever draws them.
            app.chance = apps[0].chance.clone();
            apps.push(Arc::new(app));
        }
        for (number, app) in (1..).zip(&apps) {
            running.push(self.listen(teller, Arc::clone(app), number).await?);
        }
        let addresses: Vec<SocketAddr> = running.iter().map(Running::address).collect();
        let (app, address) = apps.first().zip(addresses.first()).context("a server")?;
        let played = self.tell(teller, app, &addresses).await;
        for server in running {
            server.stop().await;
        }
        Ok(Told { account: played?, address: *address })
    }

    /// Starts a server where phones remember it, or anywhere the first time.
    async fn listen(&self, teller: &mut Teller, app: Arc<App>, number: usize) -> anyhow::Result<Running> {
        let (step, first) = match number {
            1 => ("address".to_owned(), self.listen),
            _ => (format!("address/{number}"), SocketAddr::new(self.listen.ip(), 0)),
        };
        let listen = teller.left_by(&step).map_or(Ok(first), str::parse)?;
        let running = start(app, listen, Protection::LoopbackOnly).await?;
        teller.done(&step, &running.address().to_string())?;
        Ok(running)
    }

    async fn tell(&self, teller: &mut Teller, app: &App, addresses: &[SocketAddr]) -> anyhow::Result<String> {
        let servers = Servers::new(addresses);
        let at = (servers, self.directory.as_path());
        let ending = Story::begin(teller, app, at, (&self.place, self.size)).await?.play().await?;
        Ok(account::text(teller, &ending, &self.directory))
    }

    fn setup(&self, teller: &Teller, chance: Chance) -> Setup {
        Setup {
            data: self.server_data(),
            database: self.database.clone(),
            clock: teller.clock.clone(),
            chance,
            password_cost: Cost::Standard,
        }
    }
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("part");
    std::fs::write(&beside, text)?;
    Ok(std::fs::rename(beside, path)?)
}

/// A slip that lets somebody's phone in, for people.
pub async fn slip(app: &App, place: &Place, address: SocketAddr) -> anyhow::Result<String> {
    slip::slip(app, place, address).await
}

/// Who can log in, for people.
pub fn logins(place: &Place, address: SocketAddr) -> String {
    account::logins(place, address)
}
