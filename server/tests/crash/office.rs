//! A data directory with a village, an open round and people with codes for their phones, and the binary that serves it, its
//! database in the directory or on a server.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, RoundId, UnitId};
use server::app::{App, Database, Setup};
use server::clock::{Chance, Clock};
use server::domain::device::EnrolmentCode;
use server::domain::round::{Assignment, B1Mode, Round, RoundState};
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::password::{Cost, StoredPassword};
use server::store::{self, StoreError, Tx};
use server::token::EnrolmentSecret;
use sync_protocol::journal::Scope;

/// The form that everybody fills in.
pub(crate) const FORM: &str = "vn-2022-2025/1";

/// Held while a process starts and while a phone is closed and opened. A new process shares every lock on a file that this
/// one has until its own program runs, so that a phone closed just then would still be in use.
static FORKING: Mutex<()> = Mutex::new(());

/// Keeps processes from being started.
pub(crate) fn while_nothing_starts() -> MutexGuard<'static, ()> {
    FORKING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The office, and the directory with everything in it.
pub(crate) struct Office {
    /// Where the server's data and the phones lie.
    pub(crate) directory: tempfile::TempDir,
    /// The commune.
    pub(crate) commune: UnitId,
    /// The village and round that everybody surveys.
    pub(crate) scope: Scope,
    /// A code for each phone.
    pub(crate) codes: Vec<EnrolmentSecret>,
    /// Where the database is; `None` for a file in the directory.
    database: Option<Database>,
}

impl Office {
    /// Makes the directory and fills it; no server runs yet. `phones`: for how many there are codes.
    pub(crate) async fn prepare(database: Option<Database>, chance: Chance, phones: usize) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let app = open(directory.path().join("data"), database.clone(), chance.clone()).await?;
        let codes: Vec<EnrolmentSecret> = (0..phones).map(|_| EnrolmentSecret::draw(&chance)).collect();
        let hashes: Vec<_> = codes.iter().map(EnrolmentSecret::hash).collect();
        let (now, round) = (app.clock.now(), "2026-dinh-ky".parse::<RoundId>()?);
        let planted = round.clone();
        let made: Result<(UnitId, UnitId), StoreError> = app
            .store
            .write("test/office", move |tx| {
                Box::pin(async move {
                    let (commune, village) = plant(tx).await?;
                    let people = invite(tx, (commune, village), &planted, now).await?;
                    for (number, hash) in hashes.into_iter().enumerate() {
                        let account = people[number % people.len()];
                        let expires_at = now + Duration::from_secs(900);
                        let code = EnrolmentCode { hash, account, unit: commune, created_by: account, expires_at };
                        store::enrolment_code::insert(tx, &code).await?;
                    }
                    Ok((commune, village))
                })
            })
            .await;
        let (commune, village) = made?;
        app.store.close().await;
        Ok(Self { directory, commune, scope: Scope { village, round }, codes, database })
    }

    /// Starts the binary on the directory, on a port that the machine chooses.
    pub(crate) fn serve(&self) -> Result<(Child, SocketAddr)> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rasoat"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-json"])
            .env("RASOAT_DATA", self.directory.path().join("data"))
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(Database::Postgres(address)) = &self.database {
            command.env("DATABASE_URL", address);
        }
        // Until it speaks: `spawn` may return shortly before the new process has let go of our files.
        let _forking = while_nothing_starts();
        let mut server = command.spawn()?;
        let log = BufReader::new(server.stderr.take().context("log")?);
        for line in log.lines().map_while(Result::ok) {
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["fields"]["message"] == "Listening" {
                let address = entry["fields"]["address"].as_str().context("address")?.parse()?;
                return Ok((server, address));
            }
        }
        bail!("the server ended before it listened: {}", server.wait()?);
    }

    /// Opens the directory in the test itself, once no server has it.
    pub(crate) async fn look_inside(&self, chance: Chance) -> Result<App> {
        open(self.directory.path().join("data"), self.database.clone(), chance).await
    }
}

async fn open(data: PathBuf, database: Option<Database>, chance: Chance) -> Result<App> {
    Ok(App::open(Setup { data, database, clock: Clock::system(), chance, password_cost: Cost::Light }).await?)
}

async fn plant(tx: &mut Tx) -> Result<(UnitId, UnitId), StoreError> {
    let always = Validity { from: Date::constant(1900, 1, 1), to: None };
    let named = |name: &str, parent| UnitAttributes {
        parent,
        name: name.to_owned(),
        name_en: None,
        area: Some(Area::Rural),
        region: Some("northern_midland_mountain".to_owned()),
    };
    let province = store::unit::insert(tx, Level::Province, always, &named("Tỉnh Mẫu", None)).await?;
    let commune = store::unit::insert(tx, Level::Commune, always, &named("Xã Mẫu", Some(province))).await?;
    let village = store::unit::insert(tx, Level::Village, always, &named("Bản Một", Some(commune))).await?;
    Ok((commune, village))
}

/// Lan and minh, both assigned to the village in a round that is open.
async fn invite(
    tx: &mut Tx,
    (commune, village): (UnitId, UnitId),
    id: &RoundId,
    now: jiff::Timestamp,
) -> Result<Vec<AccountId>, StoreError> {
    let round = Round {
        id: id.clone(),
        unit: commune,
        name: "Rà soát định kỳ 2026".to_owned(),
        standards: vec!["vn-2022-2025".parse().expect("an id")],
        form_version: FormVersion(FORM.to_owned()),
        b1_mode: B1Mode::Paper,
        left_out: Vec::new(),
        reference_on: Date::constant(2026, 10, 1),
        state: RoundState::Open,
    };
    store::round::insert(tx, &round).await?;
    let mut people = Vec::new();
    for name in ["lan", "minh"] {
        let (login, password) = (name.parse().expect("a login"), StoredPassword(String::new()));
        let account = store::account::insert(tx, &login, name, commune, &password, now).await?.expect("a free login");
        let assignment = Assignment { commune, round: id.clone(), village, account };
        store::assignment::insert(tx, &assignment).await?;
        people.push(account);
    }
    Ok(people)
}
