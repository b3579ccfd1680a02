//! A server with a small tree and the recurring people, on a manual clock and seeded chance.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, UnitId};
use serde_json::json;
use server::app::{App, Database, Setup};
use server::clock::{Chance, Clock};
use server::documents::child::Reader;
use server::domain::account::{Login, Session};
use server::domain::role::{GrantId, Role};
use server::domain::round::{Assignment, B1Mode, Round, RoundState};
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::http::serve::{Protection, Running, start};
use server::password::{Cost, Password};
use server::store::{self, StoreError};
use server::token::Token;

use crate::client::Client;

/// The round in which everybody works.
pub const ROUND: &str = "2026-dinh-ky";

/// The form that is asked in it.
pub const FORM: &str = "vn-2022-2025/1";

/// The data directory within the house's own.
const DATA: &str = "data";

/// Everybody's password.
pub const PASSWORD: &str = "đường về bản xa";

/// A running server.
pub struct House {
    /// The application, for what tests look at or prepare behind the interface.
    pub app: Arc<App>,
    /// The clock, which only tests move.
    pub clock: Clock,
    /// The tree.
    pub units: Units,
    /// The people.
    pub people: People,
    /// Somebody who is not logged in.
    pub anonymous: Client,
    running: Running,
    directory: tempfile::TempDir,
}

/// What a server leaves behind that was stopped: its data directory, gone with the value.
pub struct Left(tempfile::TempDir);

impl Left {
    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.0.path().join(DATA)
    }
}

/// A province with two communes; the first has two villages.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// The top.
    pub nation: UnitId,
    /// The province.
    pub province: UnitId,
    /// The commune where everybody works.
    pub commune: UnitId,
    /// Its neighbour.
    pub neighbour: UnitId,
    /// The village of lan.
    pub village: UnitId,
    /// The village of minh.
    pub other_village: UnitId,
}

/// The recurring people.
#[derive(Clone, Copy, Debug)]
pub struct People {
    /// Enumerates the village.
    pub lan: AccountId,
    /// Enumerates the other village.
    pub minh: AccountId,
    /// Reviews the commune.
    pub hoa: AccountId,
    /// Compiles for the province.
    pub duc: AccountId,
    /// Has no rights.
    pub tam: AccountId,
    /// Administers the whole tree.
    pub admin: AccountId,
}

impl House {
    /// Starts a server with light passwords.
    pub async fn start() -> Result<Self> {
        Self::start_with(Cost::Light).await
    }

    /// Starts a server; the cost of passwords matters to whoever measures.
    pub async fn start_with(password_cost: Cost) -> Result<Self> {
        Self::start_on(None, password_cost).await
    }

    /// Starts a server whose database is elsewhere than in its directory: an empty one.
    pub async fn start_on(database: Option<Database>, password_cost: Cost) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let clock = Clock::manual("2026-10-01T01:00:00Z".parse()?);
        let chance = Chance::seeded(2026);
        let data = directory.path().join(DATA);
        let mut app = App::open(Setup { data, database, clock: clock.clone(), chance, password_cost }).await?;
        // The program of a test is no reader of workbooks.
        app.workbooks = Reader::Here;
        let app = Arc::new(app);
        let units = plant_tree(&app).await?;
        let people = invite_people(&app, &units).await?;
        let running = start(app.clone(), SocketAddr::from(([127, 0, 0, 1], 0)), Protection::LoopbackOnly).await?;
        let anonymous = Client::anonymous(&format!("http://{}", running.address()))?;
        Ok(Self { app, clock, units, people, anonymous, running, directory })
    }

    /// A house whose province has opened the round, with points typed from paper. Nobody surveys any village yet.
    pub async fn with_open_round() -> Result<Self> {
        Self::with_open_round_on(None).await
    }

    /// The same on a database that is elsewhere.
    pub async fn with_open_round_on(database: Option<Database>) -> Result<Self> {
        let house = Self::start_on(database, Cost::Light).await?;
        house.open_round(B1Mode::Paper).await?;
        Ok(house)
    }

    /// Opens the round of the province behind the interface.
    pub async fn open_round(&self, b1_mode: B1Mode) -> Result<Round> {
        let round = Round {
            id: ROUND.parse()?,
            unit: self.units.province,
            name: "Rà soát định kỳ 2026".to_owned(),
            standards: vec!["vn-2022-2025".parse()?],
            form_version: FormVersion(FORM.to_owned()),
            b1_mode,
            left_out: Vec::new(),
            reference_on: Date::constant(2026, 10, 1),
            state: RoundState::Open,
        };
        let opened = round.clone();
        let written: Result<_, StoreError> = self
            .app
            .store
            .write("harness/round", move |tx| Box::pin(async move { store::round::insert(tx, &opened).await }))
            .await;
        written?;
        Ok(round)
    }

    /// Lets somebody survey a village of the commune in the round.
    pub async fn assign(&self, account: AccountId, village: UnitId) -> Result<()> {
        self.assign_in(self.units.commune, account, village).await
    }

    /// The same in any commune.
    pub async fn assign_in(&self, commune: UnitId, account: AccountId, village: UnitId) -> Result<()> {
        let assignment = Assignment { commune, round: ROUND.parse()?, village, account };
        let written: Result<(), StoreError> = self
            .app
            .store
            .write("harness/assignment", move |tx| {
                Box::pin(async move { store::assignment::insert(tx, &assignment).await })
            })
            .await;
        Ok(written?)
    }

    /// Where it listens: `http://127.0.0.1:12345`.
    pub fn address(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// Where it listens, as a socket.
    pub fn listens(&self) -> SocketAddr {
        self.running.address()
    }

    /// Stops the server as a signal would.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// Stops the server and keeps its data.
    pub async fn leave(self) -> Left {
        self.running.stop().await;
        Left(self.directory)
    }

    /// Logs somebody in over HTTP.
    pub async fn log_in(&self, login: &str) -> Result<Client> {
        let body = json!({ "login": login, "password": PASSWORD, "keep": "bearer" });
        let answer = self.anonymous.post("/api/session", body).await?;
        let token = answer.body["token"].as_str().with_context(|| format!("login refused: {answer:?}"))?;
        Ok(self.anonymous.with_token(token))
    }

    /// A client with a fresh session of an account, without a login: for tests of something else.
    pub async fn as_account(&self, account: AccountId) -> Result<Client> {
        let token = Token::draw(&self.app.chance);
        let now = self.clock.now();
        let expires_at = now + Duration::from_secs(3600);
        let session = Session { hash: token.hash(), account, created_at: now, expires_at, revoked_at: None };
        self.app
            .store
            .write("harness/session", move |tx| Box::pin(async move { store::session::insert(tx, &session).await }))
            .await
            .map_err(|error: StoreError| error)?;
        Ok(self.anonymous.with_token(&token.reveal()))
    }

    /// Makes an account that a unit looks after.
    pub async fn account(&self, login: &str, unit: UnitId) -> Result<AccountId> {
        account(&self.app, login, unit).await
    }

    /// Gives a role behind the interface.
    pub async fn give(&self, account: AccountId, role: Role, unit: UnitId) -> Result<GrantId> {
        give(&self.app, account, role, unit).await
    }
}

async fn plant_tree(app: &App) -> Result<Units> {
    let always = Validity { from: Date::constant(1900, 1, 1), to: None };
    let named = |name: &str, parent| UnitAttributes {
        parent,
        name: name.to_owned(),
        name_en: None,
        area: Some(Area::Rural),
        region: None,
    };
    let province =
        UnitAttributes { region: Some("northern_midland_mountain".to_owned()), ..named("Tỉnh Mẫu", None) };
    let planted: Result<Units, StoreError> = app
        .store
        .write("harness/tree", move |tx| {
            Box::pin(async move {
                use Level::{Commune, Nation, Province, Village};
                let nation = store::unit::insert(tx, Nation, always, &named("Việt Nam", None)).await?;
                let province = UnitAttributes { parent: Some(nation), ..province };
                let province = store::unit::insert(tx, Province, always, &province).await?;
                let commune = store::unit::insert(tx, Commune, always, &named("Xã Mẫu", Some(province))).await?;
                let neighbour = store::unit::insert(tx, Commune, always, &named("Xã Bên", Some(province))).await?;
                let village = store::unit::insert(tx, Village, always, &named("Bản Một", Some(commune))).await?;
                let other_village = store::unit::insert(tx, Village, always, &named("Bản Hai", Some(commune))).await?;
                Ok(Units { nation, province, commune, neighbour, village, other_village })
            })
        })
        .await;
    Ok(planted?)
}

async fn invite_people(app: &App, units: &Units) -> Result<People> {
    let people = People {
        lan: account(app, "lan", units.commune).await?,
        minh: account(app, "minh", units.commune).await?,
        hoa: account(app, "hoa", units.commune).await?,
        duc: account(app, "duc", units.province).await?,
        tam: account(app, "tam", units.commune).await?,
        admin: account(app, "admin", units.nation).await?,
    };
    give(app, people.lan, Role::Enumerator, units.village).await?;
    give(app, people.minh, Role::Enumerator, units.other_village).await?;
    give(app, people.hoa, Role::Reviewer, units.commune).await?;
    give(app, people.duc, Role::Compiler, units.province).await?;
    give(app, people.admin, Role::Administrator, units.nation).await?;
    Ok(people)
}

async fn account(app: &App, login: &str, unit: UnitId) -> Result<AccountId> {
    let stored = app.passwords.hash(Password::new(PASSWORD.to_owned()), &app.chance).await?;
    let (name, now) = (login.to_owned(), app.clock.now());
    let login: Login = login.parse()?;
    let made: Result<Option<AccountId>, StoreError> = app
        .store
        .write("harness/account", move |tx| {
            Box::pin(async move { store::account::insert(tx, &login, &name, unit, &stored, now).await })
        })
        .await;
    made?.context("login taken")
}

async fn give(app: &App, account: AccountId, role: Role, unit: UnitId) -> Result<GrantId> {
    let now = app.clock.now();
    let given: Result<GrantId, StoreError> = app
        .store
        .write("harness/grant", move |tx| {
            Box::pin(async move { store::grant::insert(tx, account, role, unit, now).await })
        })
        .await;
    Ok(given?)
}
