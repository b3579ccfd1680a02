//! The server of a simulated commune: the real application on a real database, without sockets, that can die at any moment.
//!
//! Owns the data directory and what a crash leaves of it, the people, and proving a device. What the office decides is
//! [`super::office`]'s.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ed25519_dalek::{Signer, SigningKey};
use jiff::Timestamp;
use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, DeviceId, RoundId, UnitId};
use server::app::{App, Setup};
use server::clock::{Chance, Clock};
use server::domain::blob::BlobId;
use server::domain::device::{Device, DeviceKey, renewal_message};
use server::domain::role::Role;
use server::domain::round::{Assignment, B1Mode, Round, RoundState};
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::password::{Cost, StoredPassword};
use server::seal::Subject;
use server::store::{self, StoreError, Tx};
use server::token::Token;
use server::workflow::blob::{self, Progress};
use server::workflow::permit::{Permit, on_machine};
use server::workflow::{Refusal, device, document, exchange, parcel, round};
use sync_protocol::journal::Scope;

use super::plan::Share;

/// The form that everybody fills in.
pub const FORM: &str = "vn-2022-2025/1";
/// The rounds of a run, one after the other.
const ROUNDS: [&str; 3] = ["2026-dinh-ky", "2027-dinh-ky", "2028-dinh-ky"];
/// Who reviews.
const REVIEWER: &str = "hoa";

/// A commune with two villages, its server and its people.
pub struct Commune {
    /// The application as it runs now.
    pub app: App,
    /// The clock, which stands still between steps.
    pub clock: Clock,
    /// The commune.
    pub unit: UnitId,
    /// Its villages.
    pub villages: [UnitId; 2],
    /// Who enumerates: lan, minh and vu, and a stranger who means no good.
    pub people: [AccountId; 4],
    round: usize,
    chance: Chance,
    starts: u32,
    backup: Option<(Image, usize)>,
    ground: tempfile::TempDir,
}

/// What proves a device to the server.
pub struct Credentials {
    /// Its key.
    pub key: SigningKey,
    /// Whose it is.
    pub account: AccountId,
    token: Option<Token>,
    address: IpAddr,
}

impl Credentials {
    /// A device that has no token yet; the number tells it from others.
    pub fn new(number: u8, account: AccountId) -> Self {
        let key = SigningKey::from_bytes(&[number.wrapping_add(1); 32]);
        Self { key, account, token: None, address: IpAddr::from([10, 0, 0, number]) }
    }

    /// The same device once more.
    pub fn cloned(&self, number: u8) -> Self {
        let address = IpAddr::from([10, 0, 0, number]);
        Self { key: self.key.clone(), account: self.account, token: None, address }
    }

    fn device_key(&self) -> Result<DeviceKey> {
        Ok(DeviceKey::from_bytes(&self.key.verifying_key().to_bytes())?)
    }

    /// Which device it is.
    pub fn device(&self) -> Result<DeviceId> {
        Ok(self.device_key()?.device_id())
    }
}

/// What lies on the server's disk at one moment.
#[derive(Clone)]
struct Image {
    key: Vec<u8>,
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Commune {
    /// Sets the commune up, with its first round open. Everything random follows from the seed.
    pub async fn found(seed: u64) -> Result<Self> {
        // Memory where there is some to be had as a disk: what is simulated is the order of writes, not their speed.
        let ground = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let clock = Clock::manual("2026-10-01T01:00:00Z".parse()?);
        let chance = Chance::seeded(seed);
        let app = open(&ground.path().join("0"), &clock, &chance).await?;
        let now = clock.now();
        let planted: Result<_, StoreError> =
            app.store.write("simulation/found", move |tx| Box::pin(plant(tx, now))).await;
        let (unit, villages, people) = planted?;
        let commune = Self { app, clock, unit, villages, people, round: 0, chance, starts: 0, backup: None, ground };
        for id in ROUNDS {
            commune.plan_round(id.parse()?).await?;
        }
        round::open(&commune.app, &commune.reviewer().await?, commune.round()?).await?;
        Ok(commune)
    }

    async fn plan_round(&self, id: RoundId) -> Result<()> {
        let round = Round {
            id: id.clone(),
            unit: self.unit,
            name: format!("Đợt {id}"),
            standards: vec!["vn-2022-2025".parse()?],
            form_version: FormVersion(FORM.to_owned()),
            b1_mode: B1Mode::Paper,
            left_out: Vec::new(),
            reference_on: Date::constant(2026, 10, 1),
            state: RoundState::Planned,
        };
        let assignments: Vec<Assignment> = self
            .people
            .iter()
            .flat_map(|account| self.villages.map(|village| (*account, village)))
            .map(|(account, village)| Assignment { commune: self.unit, round: id.clone(), village, account })
            .collect();
        let written: Result<(), StoreError> = self
            .app
            .store
            .write("simulation/round", move |tx| {
                Box::pin(async move {
                    store::round::insert(tx, &round).await?;
                    for assignment in assignments {
                        store::assignment::insert(tx, &assignment).await?;
                    }
                    Ok(())
                })
            })
            .await;
        Ok(written?)
    }

    /// The round that is surveyed now.
    pub fn round(&self) -> Result<RoundId> {
        Ok(ROUNDS[self.round].parse()?)
    }

    /// Every round that was opened so far.
    pub fn rounds(&self) -> Result<Vec<RoundId>> {
        ROUNDS[..=self.round].iter().map(|id| Ok(id.parse()?)).collect()
    }

    /// Every round there is: the server may have been set back to before one of them was opened.
    pub fn all_rounds(&self) -> Result<Vec<RoundId>> {
        ROUNDS.iter().map(|id| Ok(id.parse()?)).collect()
    }

    /// One of the two villages in the present round.
    pub fn scope(&self, village: usize) -> Result<Scope> {
        Ok(Scope { village: self.villages[village % 2], round: self.round()? })
    }

    /// Closes the round and opens the next, as long as there is one.
    pub async fn turn_round(&mut self) -> Result<(), Refusal> {
        let (old, new) = (ROUNDS.get(self.round), ROUNDS.get(self.round + 1));
        let ids = old.zip(new).and_then(|(old, new)| old.parse().ok().zip(new.parse().ok()));
        let (old, new) = ids.ok_or(Refusal::RoundNotFound)?;
        let reviewer = self.reviewer().await?;
        round::close(&self.app, &reviewer, old).await?;
        round::open(&self.app, &reviewer, new).await?;
        self.round += 1;
        Ok(())
    }

    /// The permit of whoever reviews the commune.
    pub async fn reviewer(&self) -> Result<Permit, Refusal> {
        let login = REVIEWER.parse().map_err(|_| Refusal::AccountNotFound)?;
        on_machine(&self.app, &login, Role::ALL).await
    }

    /// Lets a device in.
    pub async fn enrol(&self, credentials: &Credentials, name: &str) -> Result<()> {
        let public_key = credentials.device_key()?;
        let device = Device {
            id: public_key.device_id(),
            public_key,
            account: credentials.account,
            unit: self.unit,
            name: name.to_owned(),
            enrolled_at: self.clock.now(),
            revoked_at: None,
            clock: None,
            opened: None,
        };
        let written: Result<_, StoreError> = self
            .app
            .store
            .write("simulation/enrol", move |tx| Box::pin(async move { store::device::insert(tx, &device).await }))
            .await;
        written?;
        Ok(())
    }

    /// What a phone gets for a request: proves the device, and exchanges.
    pub async fn exchange(&self, credentials: &mut Credentials, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let device = self.proven(credentials).await?;
        exchange::exchange(&self.app, &device, body).await
    }

    /// What a phone gets for another's parcel.
    pub async fn deliver(&self, credentials: &mut Credentials, parcel: &[u8]) -> Result<Vec<u8>, Refusal> {
        let carrier = self.proven(credentials).await?;
        let token = credentials.token.as_ref().ok_or(Refusal::DeviceTokenNotValid)?;
        // Who was shut out carries nothing: the endpoint lets nobody else in.
        device::resume(&self.app, token).await?;
        parcel::deliver(&self.app, &carrier, parcel).await
    }

    /// Has a phone bring the next part of a photo, from where the server stands.
    pub async fn bring(
        &self,
        credentials: &mut Credentials,
        id: BlobId,
        bytes: &[u8],
        most: usize,
    ) -> Result<Progress, Refusal> {
        let device = self.proven(credentials).await?;
        let Progress { received, .. } = blob::progress(&self.app, &device, id).await?;
        let rest = bytes.get(usize::try_from(received).unwrap_or(usize::MAX)..).unwrap_or_default();
        blob::take_part(&self.app, &device, id, received, &rest[..rest.len().min(most)]).await
    }

    /// A photo that is there, opened.
    pub async fn photo(&self, id: BlobId) -> Result<Option<Vec<u8>>> {
        let mut read = self.app.store.read().await?;
        let Some(stored) = store::blob::by_id(&mut read, self.unit, id).await? else { return Ok(None) };
        let home = store::household::by_id(&mut read, id.household).await?.context("its household")?;
        let key = document::key_of(&self.app, &home)?;
        Ok(Some(key.open(Subject::Photo(&id.hash.0), &stored.sealed)?.to_vec()))
    }

    /// The device as the server knows it, with a new token when the old one is over.
    async fn proven(&self, credentials: &mut Credentials) -> Result<Device, Refusal> {
        let known = match &credentials.token {
            Some(token) => device::known(&self.app, token).await,
            None => Err(Refusal::DeviceTokenNotValid),
        };
        match known {
            Err(Refusal::DeviceTokenNotValid) => {
                let token = self.renewed(credentials).await?;
                let device = device::known(&self.app, &token).await?;
                credentials.token = Some(token);
                Ok(device)
            }
            other => other,
        }
    }

    async fn renewed(&self, credentials: &Credentials) -> Result<Token, Refusal> {
        let challenge = device::challenge(&self.app);
        let id = credentials.device().map_err(|_| Refusal::ProofWrong)?;
        let message = renewal_message(&self.app.server_public_key(), id, &challenge);
        let signature = credentials.key.sign(&message).to_bytes();
        device::renew(&self.app, id, &challenge, &signature, credentials.address).await
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The server dies: what is on its disk at this moment is all there is, and it starts again from that.
    pub async fn die(&mut self) -> Result<()> {
        let image = self.image()?;
        self.start_from(image).await
    }

    /// The server dies while it answers: of what it wrote to its log for this request only a part is on disk. The answer
    /// is never sent.
    pub async fn die_within(&mut self, credentials: &mut Credentials, body: &[u8], written: Share) -> Result<()> {
        let before = self.image()?;
        let _never_sent = self.exchange(credentials, body).await;
        let mut after = self.image()?;
        // Once a checkpoint has moved pages into the database, the log they came from was on disk before.
        if after.database == before.database && after.log.len() > before.log.len() {
            after.log.truncate(before.log.len() + written.of(after.log.len() - before.log.len()));
        }
        self.start_from(after).await
    }

    /// Keeps a copy of the disk.
    pub fn back_up(&mut self) -> Result<()> {
        self.backup = Some((self.image()?, self.round));
        Ok(())
    }

    /// Sets the server back to that copy; `false` when there is none.
    pub async fn set_back(&mut self) -> Result<bool> {
        let Some((image, round)) = self.backup.clone() else { return Ok(false) };
        self.start_from(image).await?;
        self.round = round;
        Ok(true)
    }

    fn data(&self) -> PathBuf {
        self.ground.path().join(self.starts.to_string())
    }

    /// Where phones may keep what is theirs.
    pub fn ground(&self) -> &Path {
        self.ground.path()
    }

    fn image(&self) -> Result<Image> {
        let read = |name: &str| std::fs::read(self.data().join(name)).with_context(|| name.to_owned());
        Ok(Image {
            key: read("master.key")?,
            database: read("rasoat.db")?,
            log: read("rasoat.db-wal").unwrap_or_default(),
        })
    }

    async fn start_from(&mut self, image: Image) -> Result<()> {
        let old = self.data();
        self.starts += 1;
        let new = self.data();
        std::fs::create_dir_all(&new)?;
        std::fs::write(new.join("master.key"), image.key)?;
        std::fs::write(new.join("rasoat.db"), image.database)?;
        std::fs::write(new.join("rasoat.db-wal"), image.log)?;
        let app = open(&new, &self.clock, &self.chance).await?;
        let dead = std::mem::replace(&mut self.app, app);
        // Nobody asks it any more; closing only gives its files back.
        dead.store.close().await;
        std::fs::remove_dir_all(old)?;
        Ok(())
    }
}

async fn open(data: &Path, clock: &Clock, chance: &Chance) -> Result<App> {
    let (clock, chance) = (clock.clone(), chance.clone());
    match App::open(Setup { data: data.to_owned(), database: None, clock, chance, password_cost: Cost::Light }).await {
        Ok(app) => Ok(app),
        Err(fault) => bail!("server starts: {fault}"),
    }
}

type Planted = (UnitId, [UnitId; 2], [AccountId; 4]);

async fn plant(tx: &mut Tx, now: Timestamp) -> Result<Planted, StoreError> {
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
    let one = store::unit::insert(tx, Level::Village, always, &named("Bản Một", Some(commune))).await?;
    let two = store::unit::insert(tx, Level::Village, always, &named("Bản Hai", Some(commune))).await?;
    let mut people = [AccountId(0); 4];
    for (account, login) in people.iter_mut().zip(["lan", "minh", "vu", "stranger"]) {
        *account = invite(tx, login, commune, Role::Enumerator, now).await?;
    }
    invite(tx, REVIEWER, commune, Role::Reviewer, now).await?;
    Ok((commune, [one, two], people))
}

async fn invite(tx: &mut Tx, login: &str, unit: UnitId, role: Role, now: Timestamp) -> Result<AccountId, StoreError> {
    let password = StoredPassword(String::new());
    // The logins of a new database are free, and these are well formed.
    let parsed = login.parse().map_err(|_| StoreError::Closed)?;
    let account = store::account::insert(tx, &parsed, login, unit, &password, now).await?;
    let account = account.ok_or(StoreError::Closed)?;
    store::grant::insert(tx, account, role, unit, now).await?;
    Ok(account)
}
