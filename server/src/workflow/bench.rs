//! A commune on a real database for tests of workflows: two villages, two enumerators with phones, an open round.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::household::Household;
use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::standard::PointsFiles;
use schemas::value::Value;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Clocks, Device as Phone, Identity, Remark, View};
use sync_protocol::hash::PublicKey;
use sync_protocol::journal::Scope;

use super::exchange::exchange;
use super::permit::{Caller, Permit};
use crate::app::{App, Setup};
use crate::clock::{Chance, Clock};
use crate::domain::account::Session;
use crate::domain::device::{Device, DeviceKey};
use crate::domain::role::Role;
use crate::domain::round::{Assignment, B1Mode, Round, RoundState};
use crate::domain::unit::{Area, Level, UnitAttributes, Validity};
use crate::password::{Cost, StoredPassword};
use crate::store::{self, StoreError};
use crate::token::SecretHash;

/// The commune and everything in it.
pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) commune: UnitId,
    pub(crate) villages: [UnitId; 2],
    pub(crate) lan: AccountId,
    pub(crate) minh: AccountId,
    pub(crate) directory: tempfile::TempDir,
}

/// A phone, and the device that the server knows it as.
pub(crate) struct Carried {
    pub(crate) phone: Phone,
    pub(crate) device: Device,
}

pub(crate) fn round_id() -> RoundId {
    "2026-dinh-ky".parse().unwrap()
}

pub(crate) fn home(n: u8) -> HouseholdId {
    HouseholdId([n; 16])
}

pub(crate) fn answer(key: &str, value: impl Into<Value>) -> (Slot, Write) {
    (Slot::Answer(key.parse().unwrap()), Write::Put(value.into()))
}

fn setup(directory: &tempfile::TempDir) -> Setup {
    let clock = Clock::manual("2026-10-01T00:00:00Z".parse().unwrap());
    Setup {
        data: directory.path().to_owned(),
        database: None,
        clock,
        chance: Chance::seeded(1),
        password_cost: Cost::Light,
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::in_mode(B1Mode::Paper).await
    }

    /// The same with a round that takes B1 from elsewhere.
    pub(crate) async fn in_mode(b1_mode: B1Mode) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let app = App::open(setup(&directory)).await.unwrap();
        let now = app.clock.now();
        let made: Result<_, StoreError> = app
            .store
            .write("bench", move |tx| {
                Box::pin(async move {
                    let valid = Validity { from: Date::constant(2025, 7, 1), to: None };
                    let named = |name: &str, parent| UnitAttributes {
                        parent,
                        name: name.to_owned(),
                        name_en: None,
                        area: Some(Area::Rural),
                        region: Some("northern_midland_mountain".to_owned()),
                    };
                    let province = store::unit::insert(tx, Level::Province, valid, &named("Tuyên Quang", None)).await?;
                    let commune = named("Xã Tân Trịnh", Some(province));
                    let commune = store::unit::insert(tx, Level::Commune, valid, &commune).await?;
                    let one = store::unit::insert(tx, Level::Village, valid, &named("Bản Một", Some(commune))).await?;
                    let two = store::unit::insert(tx, Level::Village, valid, &named("Bản Hai", Some(commune))).await?;
                    let password = StoredPassword(String::new());
                    let lan =
                        store::account::insert(tx, &"lan".parse().unwrap(), "Lan", commune, &password, now).await?;
                    let minh =
                        store::account::insert(tx, &"minh".parse().unwrap(), "Minh", commune, &password, now).await?;
                    Ok((commune, [one, two], lan.unwrap(), minh.unwrap()))
                })
            })
            .await;
        let (commune, villages, lan, minh) = made.unwrap();
        let bench = Self { app, commune, villages, lan, minh, directory };
        bench.open_round(b1_mode).await;
        bench.assign(bench.lan, 0).await;
        bench.assign(bench.minh, 0).await;
        bench
    }

    async fn open_round(&self, b1_mode: B1Mode) {
        let round = Round {
            id: round_id(),
            unit: self.commune,
            name: "Rà soát định kỳ 2026".to_owned(),
            standards: vec!["vn-2022-2025".parse().unwrap()],
            form_version: FormVersion("vn-2022-2025/1".to_owned()),
            b1_mode,
            left_out: Vec::new(),
            reference_on: Date::constant(2026, 10, 1),
            state: RoundState::Open,
        };
        let written: Result<_, StoreError> = self
            .app
            .store
            .write("bench", move |tx| Box::pin(async move { store::round::insert(tx, &round).await }))
            .await;
        written.unwrap();
    }

    pub(crate) async fn assign(&self, account: AccountId, village: usize) {
        let village = self.villages[village];
        let assignment = Assignment { commune: self.commune, round: round_id(), village, account };
        let written: Result<_, StoreError> = self
            .app
            .store
            .write("bench", move |tx| Box::pin(async move { store::assignment::insert(tx, &assignment).await }))
            .await;
        written.unwrap();
    }

    pub(crate) async fn unassign(&self, account: AccountId, village: usize) {
        let village = self.villages[village];
        let assignment = Assignment { commune: self.commune, round: round_id(), village, account };
        let written: Result<_, StoreError> = self
            .app
            .store
            .write("bench", move |tx| Box::pin(async move { store::assignment::delete(tx, &assignment).await }))
            .await;
        written.unwrap();
    }

    pub(crate) fn scope(&self, village: usize) -> Scope {
        Scope { village: self.villages[village], round: round_id() }
    }

    pub(crate) async fn phone(&self, account: AccountId, n: u8) -> Carried {
        let key = SigningKey::from_bytes(&[n; 32]);
        let public_key = DeviceKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
        let device = Device {
            id: public_key.device_id(),
            public_key,
            account,
            unit: self.commune,
            name: format!("điện thoại {n}"),
            enrolled_at: self.app.clock.now(),
            revoked_at: None,
            clock: None,
            opened: None,
        };
        let stored = device.clone();
        let written: Result<_, StoreError> = self
            .app
            .store
            .write("bench", move |tx| Box::pin(async move { store::device::insert(tx, &stored).await }))
            .await;
        written.unwrap();
        let identity = Identity { key, account, server: PublicKey(self.app.server_public_key()) };
        let form = self.app.standards.form(&FormVersion("vn-2022-2025/1".to_owned())).unwrap().clone();
        let mut carried = Carried { phone: Phone::new(identity, vec![form]), device };
        carried.sync(self).await;
        carried
    }

    /// Closes the database and opens it again, as after a stop.
    pub(crate) async fn restarted(self) -> Self {
        self.app.store.close().await;
        let app = App::open(setup(&self.directory)).await.unwrap();
        Self { app, ..self }
    }
}

/// Somebody at the office with a role on the commune.
pub(crate) async fn permit(bench: &Bench, login: &str, role: Role) -> Permit {
    permit_on(bench, login, role, bench.commune).await
}

/// The same on any unit.
pub(crate) async fn permit_on(bench: &Bench, login: &str, role: Role, unit: UnitId) -> Permit {
    let (now, commune, login) = (bench.app.clock.now(), bench.commune, login.parse().unwrap());
    let made: Result<_, StoreError> = bench
        .app
        .store
        .write("bench", move |tx| {
            Box::pin(async move {
                let password = StoredPassword(String::new());
                let account = store::account::insert(tx, &login, "Người xã", commune, &password, now).await?.unwrap();
                store::grant::insert(tx, account, role, unit, now).await?;
                Ok(account)
            })
        })
        .await;
    let account = made.unwrap();
    let mut read = bench.app.store.read().await.unwrap();
    let session = Session { hash: SecretHash([1; 32]), account, created_at: now, expires_at: now, revoked_at: None };
    let grants = store::grant::effective(&mut read, account, now).await.unwrap();
    let account = store::account::by_id(&mut read, account).await.unwrap().unwrap();
    Permit::new(Caller { account, session, grants }, Role::ALL).unwrap()
}

/// A points table that was invented for tests: no office ever issued it. The household of [`poor_interview`] gets 100
/// points for its size and 20 for its pillars; a durable wall would add 30.
pub(crate) fn invented_table() -> PointsFiles {
    let numbers = "item,option,rural_northern_midland_mountain,source\n\
        size,small,150,invented for tests\n\
        size,large,100,invented for tests\n\
        house,wall,30,invented for tests\n\
        house,pillar,20,invented for tests\n";
    let mapping = r#"
        [table]
        vi = "Bảng bịa ra để thử"
        en = "Invented for tests"
        status = "for_round"

        [[item]]
        key = "size"
        vi = "Số người"
        en = "Size"
        choose = "first"
        options = [
          { key = "small", vi = "đến 2", en = "up to 2", when = { count_members = { at_most = 2 } } },
          { key = "large", vi = "từ 3", en = "3 or more", when = { count_members = { at_least = 3 } } },
        ]

        [[item]]
        key = "house"
        vi = "Nhà"
        en = "House"
        choose = "each"
        options = [
          { key = "wall", vi = "tường", en = "wall", when = { is = { question = "wall", value = "durable" } } },
          { key = "pillar", vi = "cột", en = "pillar", when = { is = { question = "pillar", value = "durable" } } },
        ]
    "#;
    PointsFiles { numbers: numbers.to_owned(), mapping: mapping.to_owned() }
}

/// A complete interview: the poor household that the standard itself gives as an example.
pub(crate) fn poor_interview() -> Vec<(Slot, Write)> {
    let files = schemas::standard::shipped::FOLDERS.iter().find(|(id, _)| *id == "vn-2022-2025").unwrap().1;
    let (_, example) = files.iter().find(|(name, _)| *name == "examples/poor.toml").unwrap();
    let example: toml::Table = toml::from_str(example).unwrap();
    let household: Household = example["household"].clone().try_into().unwrap();
    let answers = household.answers.into_iter().map(|(key, value)| (Slot::Answer(key), Write::Put(value)));
    let members = household.members.into_iter().flat_map(|(member, answers)| {
        let answers = answers.into_iter();
        let of_member = answers.map(move |(key, value)| (Slot::MemberAnswer(member, key), Write::Put(value)));
        std::iter::once((Slot::Member(member), Write::Make)).chain(of_member)
    });
    answers.chain(members).collect()
}

impl Carried {
    pub(crate) fn write(
        &mut self,
        scope: Scope,
        household: HouseholdId,
        writes: impl IntoIterator<Item = (Slot, Write)>,
    ) {
        let clocks = Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 1 };
        let writes: BTreeMap<Slot, Write> = writes.into_iter().collect();
        match self.phone.household(&household, View::Mine) {
            Some(_) => self.phone.commit(household, &writes, clocks).unwrap(),
            None => self.phone.found(scope, household, &writes, clocks).unwrap(),
        };
    }

    pub(crate) async fn sync(&mut self, bench: &Bench) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for _ in 0..50 {
            let sync = self.phone.request(1_790_000_000_000, 1 << 20);
            let response = exchange(&bench.app, &self.device, &sync.bytes).await.unwrap();
            let outcome = self.phone.answer(&sync, &response, 1_790_000_000_000).unwrap();
            remarks.extend(outcome.remarks);
            if !outcome.more && self.phone.waiting() == 0 {
                return remarks;
            }
        }
        panic!("does not come to an end");
    }

    pub(crate) fn sees(&self, household: HouseholdId) -> Option<Household> {
        self.phone.household(&household, View::Accepted)
    }
}
