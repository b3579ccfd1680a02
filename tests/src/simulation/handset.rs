//! A simulated phone: the device of the protocol, its records in the real store of a phone, and everything that can happen
//! to either.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use schemas::form::Form;
use schemas::ids::HouseholdId;
use server::phone::Store;
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::device::{
    Clocks, Device, DeviceDocument, Identity, Outcome, Plan, Portion, Record, Standing, Sync, View,
};
use sync_protocol::hash::{BlobHash, ChangeHash, PublicKey};
use sync_protocol::journal::Scope;
use sync_protocol::message::Request;

use super::commune::Credentials;
use super::plan::{Disk, Share};

/// The file of a phone's directory in which its records stand.
const RECORDS: &str = "records";
/// Bytes of log that a phone asks for: little, so that pages follow one another.
const WANT_BYTES: u32 = 6_000;
/// Bytes of segments that a phone brings, by how much waits: so that what is sent again is cut otherwise.
const UP_BYTES: [u32; 3] = [300, 2_000, 256 * 1024];
const DAY_MS: i64 = 86_400_000;

/// A phone.
pub struct Handset {
    /// What people call it.
    pub name: String,
    /// The protocol's half.
    pub device: Device,
    /// What proves it to the server.
    pub credentials: Credentials,
    /// Whether the server has told it that it was shut out.
    pub shut_out: bool,
    /// The files of its photos: they outlive everything that happens to its records.
    pub photos: BTreeMap<BlobHash, Vec<u8>>,
    identity: Identity,
    forms: Vec<Arc<Form>>,
    directory: PathBuf,
    store: Option<Store>,
    backup: Option<Vec<u8>>,
    clock_days: i64,
    /// Whether a page is missing on its disk: until it has read the log again it cannot open every household.
    pub has_lost_a_page: bool,
}

/// Whether what was written survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survived {
    /// The records are on disk, and the phone goes on.
    Whole,
    /// The phone died and has started again with what was there.
    Restarted,
}

impl Handset {
    /// A phone that has just been let in.
    pub fn new(
        name: &str,
        credentials: Credentials,
        server: PublicKey,
        forms: Vec<Arc<Form>>,
        ground: &Path,
    ) -> Result<Self> {
        let identity = Identity { key: credentials.key.clone(), account: credentials.account, server };
        Self::start(name, credentials, identity, forms, ground.join(name))
    }

    fn start(
        name: &str,
        credentials: Credentials,
        identity: Identity,
        forms: Vec<Arc<Form>>,
        directory: PathBuf,
    ) -> Result<Self> {
        let device = Device::new(identity.clone(), forms.clone());
        let name = name.to_owned();
        let (store, backup) = (None, None);
        let mut handset = Self {
            name,
            device,
            credentials,
            shut_out: false,
            photos: BTreeMap::new(),
            identity,
            forms,
            directory,
            store,
            backup,
            clock_days: 0,
            has_lost_a_page: false,
        };
        handset.restart()?;
        Ok(handset)
    }

    /// A second phone with the same identity and a copy of the disk.
    pub fn cloned(&self, name: &str, number: u8) -> Result<Self> {
        let directory = self.directory.with_file_name(name);
        std::fs::create_dir_all(&directory)?;
        std::fs::write(directory.join(RECORDS), self.disk()?)?;
        let (identity, forms) = (self.identity.clone(), self.forms.clone());
        let clone = Self::start(name, self.credentials.cloned(number), identity, forms, directory)?;
        let has_lost_a_page = self.has_lost_a_page;
        Ok(Self { photos: self.photos.clone(), has_lost_a_page, ..clone })
    }

    /// Starts it again from what is on its disk.
    pub fn restart(&mut self) -> Result<()> {
        self.store = None;
        let opened = Store::open(&self.directory).context("phone starts")?;
        self.device = Device::new(self.identity.clone(), self.forms.clone());
        opened.records.iter().for_each(|record| self.device.apply(record));
        self.store = Some(opened.store);
        Ok(())
    }

    fn records(&self) -> PathBuf {
        self.directory.join(RECORDS)
    }

    fn disk(&self) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.records())?)
    }

    /// Writes records down, as far as the phone lives to do it.
    pub fn keep(&mut self, records: &[Record], disk: Disk) -> Result<Survived> {
        let before = self.disk()?.len();
        self.store.as_mut().context("an open store")?.append(records)?;
        let Disk::Tears(share) = disk else { return Ok(Survived::Whole) };
        let after = self.disk()?.len();
        let kept = before + share.of(after - before);
        self.store = None;
        OpenOptions::new().write(true).open(self.records())?.set_len(kept as u64)?;
        self.restart()?;
        Ok(Survived::Restarted)
    }

    /// Keeps a copy of the disk.
    pub fn back_up(&mut self) -> Result<()> {
        self.backup = Some(self.disk()?);
        Ok(())
    }

    /// Sets the disk back to the copy; `false` when there is none.
    pub fn restore(&mut self) -> Result<bool> {
        let Some(backup) = &self.backup else { return Ok(false) };
        self.store = None;
        std::fs::write(self.records(), backup)?;
        self.restart()?;
        Ok(true)
    }

    /// Loses one of the pages on its disk; `false` when there is none.
    pub fn lose_page(&mut self, which: Share) -> Result<bool> {
        self.store = None;
        let mut records = Store::open(&self.directory)?.records;
        let pages: Vec<usize> = records
            .iter()
            .enumerate()
            .filter(|(_, record)| matches!(record, Record::Page(_)))
            .map(|(at, _)| at)
            .collect();
        if let Some(lost) = pages.get(which.at(pages.len())) {
            records.remove(*lost);
            std::fs::write(self.records(), [])?;
            Store::open(&self.directory)?.store.append(&records)?;
        }
        self.has_lost_a_page |= !pages.is_empty();
        self.restart()?;
        Ok(!pages.is_empty())
    }

    /// Begins a new epoch, as an app does that knows that it was restored.
    pub fn begin_epoch(&mut self) -> Result<()> {
        let records = self.device.begin_epoch();
        self.keep(&records, Disk::Keeps)?;
        Ok(())
    }

    /// Sets its clock.
    pub fn turn_clock(&mut self, days: i32) {
        self.clock_days = i64::from(days);
    }

    /// What its clocks say at a moment of the server's.
    pub fn clocks(&self, server: &server::clock::Clock) -> Clocks {
        let wall_ms = server.now().as_millisecond() + self.clock_days * DAY_MS;
        Clocks { wall_ms, uptime_ms: u64::try_from(server.uptime().as_millis()).unwrap_or(u64::MAX) }
    }

    /// Writes one section into memory, founding the household when it is not here. `None` when the phone says no.
    pub fn write(
        &mut self,
        scope: &Scope,
        household: HouseholdId,
        writes: &BTreeMap<Slot, Write>,
        clocks: Clocks,
    ) -> Option<Vec<Record>> {
        let here =
            self.device.households().find(|(id, _)| **id == household).map(|(_, document)| &document.scope.round);
        let is_here = here == Some(&scope.round);
        // Of every second household somebody has seen the result: what is written of it says so.
        let mut records = match is_here && household.0[0].is_multiple_of(2) {
            true => self.device.see_result(household),
            false => Vec::new(),
        };
        let written = match is_here {
            true => self.device.commit(household, writes, clocks),
            false => self.device.found(scope.clone(), household, writes, clocks),
        };
        match written {
            Ok(written) => records.extend(written),
            Err(_) if records.is_empty() => return None,
            Err(_) => {}
        }
        Some(records)
    }

    /// Makes sure that what was just said again builds on what was shown, and on nothing else.
    pub fn check_overwrites_what_was_seen(&self, plan: &Plan, records: &[Record]) -> Result<()> {
        let mut seen = plan.base.clone();
        for record in records {
            let Record::Own { change: Some(bytes), .. } = record else { continue };
            let (change, hash) = change::parse(bytes)?;
            let deps: Vec<ChangeHash> = change.deps.iter().copied().map(Into::into).collect();
            ensure!(deps == seen, "rebase: {} overwrites what nobody saw", self.name);
            seen = vec![hash];
        }
        Ok(())
    }

    /// Asks once more what became of own work, after it was shut out. Whether there is something to send for it.
    pub fn ask_again(&mut self) -> Result<bool> {
        let records = self.device.ask_again();
        self.keep(&records, Disk::Keeps)?;
        Ok(!records.is_empty())
    }

    /// The next request.
    pub fn request(&self, clocks: Clocks) -> Sync {
        let up_bytes = UP_BYTES[self.device.waiting() % UP_BYTES.len()];
        self.device.request_in(clocks.wall_ms, Portion::of(up_bytes, WANT_BYTES))
    }

    /// Takes an answer in and writes down what it says. `None`: it was no answer.
    pub fn take(&mut self, sync: &Sync, answer: &[u8], clocks: Clocks, disk: Disk) -> Result<Option<Outcome>> {
        let Ok(outcome) = self.device.answer(sync, answer, clocks.wall_ms) else { return Ok(None) };
        self.keep(&outcome.records, disk)?;
        Ok(Some(outcome))
    }

    /// Its own changes that wait for the server's answer, with the household and round of each.
    pub fn waiting(&self) -> impl Iterator<Item = (HouseholdId, &DeviceDocument, ChangeHash)> {
        self.own()
            .filter(|(.., standing)| *standing == Standing::Waiting)
            .map(|(home, document, hash, _)| (home, document, hash))
    }

    /// Its own changes whose acceptance it has not read, and where each stands.
    pub fn own(&self) -> impl Iterator<Item = (HouseholdId, &DeviceDocument, ChangeHash, Standing)> {
        let documents = self.device.households().chain(self.device.earlier());
        documents
            .flat_map(|(home, document)| document.own.iter().map(move |own| (*home, document, own.hash, own.standing)))
    }

    /// Another device made of the same disk: for what must not happen to the real one.
    pub fn replayed(&self) -> Result<Device> {
        let mut device = Device::new(self.identity.clone(), self.forms.clone());
        self.kept()?.iter().for_each(|record| device.apply(record));
        Ok(device)
    }

    /// The records on its disk, read from a copy.
    fn kept(&self) -> Result<Vec<Record>> {
        let copy = self.directory.join("replayed");
        std::fs::create_dir_all(&copy)?;
        std::fs::write(copy.join(RECORDS), self.disk()?)?;
        Ok(Store::open(&copy)?.records)
    }

    /// Makes sure that the phone is what replaying its disk makes it, and what a snapshot and the records after it make it.
    pub fn check_replays(&self) -> Result<()> {
        let records = self.kept()?;
        // Somewhere in between, elsewhere with every record.
        let (before, after) = records.split_at(records.len() * (records.len() % 5) / 5);
        let mut device = Device::new(self.identity.clone(), self.forms.clone());
        before.iter().for_each(|record| device.apply(record));
        let mut of_snapshot = Device::from_snapshot(&device.snapshot(), self.identity.clone(), self.forms.clone())?;
        ensure!(of_snapshot.snapshot() == device.snapshot(), "snapshot: {} has lost something", self.name);
        for device in [&mut device, &mut of_snapshot] {
            after.iter().for_each(|record| device.apply(record));
        }
        ensure!(of_snapshot.snapshot() == device.snapshot(), "snapshot: {} goes on otherwise", self.name);
        self.check_same(&device)?;
        self.check_same(&of_snapshot)
    }

    /// Makes sure that another device stands exactly where this one does.
    pub fn check_same(&self, other: &Device) -> Result<()> {
        let name = &self.name;
        // What the server wished to hear by name, or could not take now, is all that no disk keeps.
        let asked_alike = other.is_asked_for_names() == self.device.is_asked_for_names()
            && other.has_put_off() == self.device.has_put_off();
        let same_request = other.request(0, 0) == self.device.request(0, 0);
        ensure!(same_request || !asked_alike, "replay: the requests of {name} differ");
        ensure!(!asked_alike || work(other)? == work(&self.device)?, "replay: what {name} brings differs");
        ensure!(other.author() == self.device.author(), "replay: the authors of {name} differ");
        ensure!(other.blobs() == self.device.blobs(), "replay: the photos of {name} differ");
        ensure!(other.seen() == self.device.seen(), "replay: what {name} has seen of colleagues' work differs");
        ensure!(other.scopes().eq(self.device.scopes()), "replay: the scopes of {name} differ");
        let same = other.households().eq(self.device.households()) && other.earlier().eq(self.device.earlier());
        if !same {
            bail!("replay: the households of {name} differ");
        }
        Ok(())
    }

    /// What a household looks like here in a view.
    pub fn sees(&self, household: &HouseholdId, view: View) -> Option<schemas::household::Household> {
        self.device.household(household, view)
    }
}

/// The segments that a device brings next.
fn work(device: &Device) -> Result<Vec<Vec<u8>>> {
    let request = Request::from_bytes(&device.request(0, 0).bytes)?;
    Ok(request.segments.into_iter().map(Vec::from).collect())
}
