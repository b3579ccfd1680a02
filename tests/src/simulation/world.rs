//! The world of a run: the commune, its phones, the stranger, and what is in the air between them.
//!
//! Owns what each step does. What must hold is checked here for phones, by [`super::memory`] and [`super::ground`] for the
//! server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use schemas::form::{Form, FormVersion};
use schemas::ids::HouseholdId;
use server::domain::blob::BlobId;
use server::domain::field::DocumentKey;
use server::store;
use server::workflow::{Refusal, rebuild, set_back};
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Plan, Sync, View};
use sync_protocol::disagreement;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::history::History;
use sync_protocol::journal::Scope;

use super::commune::{Commune, Credentials, FORM};
use super::edit::{interview, writes};
use super::ground::{Filed, Ground};
use super::handset::{Handset, Survived};
use super::memory::Memory;
use super::office::{self, Done};
use super::plan::{Act, Disk, Down, Edit, Mishap, Setback, Step, Trick, Up};
use super::relay::Relay;
use super::stranger::Stranger;

/// Households of one village and round that people write about.
const HOMES: u8 = 4;
/// Most phones, clones among them.
const MOST_PHONES: usize = 6;
/// Most messages that are late at a time; the oldest are lost.
const MOST_LATE: usize = 8;
/// Most requests that are remembered to be sent again.
const MOST_REMEMBERED: usize = 24;
/// Every step takes a while.
const STEP: Duration = Duration::from_secs(2);

/// An answer that is late: to which phone, for which request.
struct LateAnswer {
    phone: usize,
    sync: Sync,
    bytes: Vec<u8>,
}

/// Everything there is.
pub struct World {
    /// The server and its people.
    pub commune: Commune,
    /// The phones.
    pub phones: Vec<Handset>,
    /// What was promised.
    pub memory: Memory,
    /// How many requests were answered.
    pub exchanges: usize,
    /// Requests that were sent, with the phone that sent each.
    pub sent: Vec<(usize, Vec<u8>)>,
    stranger: Stranger,
    requests: Vec<(usize, Vec<u8>)>,
    answers: Vec<LateAnswer>,
    pub(super) relay: Relay,
    interview: BTreeMap<Slot, Write>,
    /// Since the server was last set back: what it then knew of earlier times, and the photos that it had forgotten.
    set_back: Option<(Option<u64>, BTreeSet<BlobId>)>,
    /// What somebody has looked at on a phone, and not answered yet.
    pub(super) plans: BTreeMap<usize, Plan>,
}

impl World {
    /// A commune with phones that have been let in.
    pub async fn found(seed: u64, phones: u8) -> Result<Self> {
        let commune = Commune::found(seed).await?;
        let form = commune.app.standards.form(&FormVersion(FORM.to_owned())).context("the form")?.clone();
        let stranger = Stranger::new(Credentials::new(200, commune.people[3]), form.clone());
        commune.enrol(stranger.credentials(), "stranger").await?;
        let mut world = Self {
            commune,
            phones: Vec::new(),
            memory: Memory::default(),
            exchanges: 0,
            sent: Vec::new(),
            stranger,
            requests: Vec::new(),
            answers: Vec::new(),
            relay: Relay::default(),
            interview: interview()?,
            set_back: None,
            plans: BTreeMap::new(),
        };
        for number in 0..phones {
            world.let_in(number, form.clone()).await?;
        }
        Ok(world)
    }

    async fn let_in(&mut self, number: u8, form: Arc<Form>) -> Result<()> {
        let account = self.commune.people[usize::from(number) % 3];
        let credentials = Credentials::new(number, account);
        let name = format!("phone-{number}");
        self.commune.enrol(&credentials, &name).await?;
        let server = PublicKey(self.commune.app.server_public_key());
        self.phones.push(Handset::new(&name, credentials, server, vec![form], self.commune.ground())?);
        // The first sync, right after the office has let the phone in.
        self.sync(self.phones.len() - 1, Up::Arrives, Down::Arrives, Disk::Keeps).await?;
        Ok(())
    }

    fn phone(&self, number: u8) -> usize {
        usize::from(number) % self.phones.len().max(1)
    }

    /// A household of the present round and where it is, by its number.
    pub fn home(&self, number: u8) -> Result<(Scope, HouseholdId)> {
        let village = number / HOMES % 2;
        let round = u8::try_from(self.commune.rounds()?.len())?;
        let mut id = [0; 16];
        // Every other household is surveyed in each round again.
        let round = if number.is_multiple_of(2) { round } else { 0 };
        id[..3].copy_from_slice(&[round, village + 1, number % HOMES + 1]);
        Ok((self.commune.scope(village.into())?, HouseholdId(id)))
    }

    /// Does one thing, and says what came of it. An error is a broken promise.
    pub async fn step(&mut self, step: Step) -> Result<String> {
        self.commune.pass(STEP);
        match step {
            Step::Write { phone, home, edit, disk } => self.write(self.phone(phone), home, edit, disk),
            Step::Sync { phone, up, down, disk } => self.sync(self.phone(phone), up, down, disk).await,
            Step::Look(phone, which) => Ok(self.look(self.phone(phone), which)),
            Step::SayAgain { phone, take, disk } => self.say_again(self.phone(phone), take, disk),
            Step::Attach { phone, home, number, disk } => self.attach(self.phone(phone), home, number, disk),
            Step::SendPart { phone, up, down, disk } => self.send_part(self.phone(phone), up, down, disk).await,
            Step::RequestArrives(which) => self.late_request(which).await,
            Step::AnswerArrives(which) => self.late_answer(which),
            Step::Pack { phone, disk } => self.pack(self.phone(phone), disk).await,
            Step::Carry { carrier, which, road } => self.carry(self.phone(carrier), which, road).await,
            Step::HandBack { which, road, disk } => self.hand_back(which, road, disk),
            Step::Share { phone, home } => self.share(self.phone(phone), home),
            Step::LookAt { phone, which, road, disk } => self.look_at(self.phone(phone), which, road, disk),
            Step::Pass(minutes) => {
                self.commune.pass(Duration::from_secs(60 * u64::from(minutes)));
                Ok("passed".to_owned())
            }
            Step::Phone(phone, mishap) => self.mishap(self.phone(phone), mishap).await,
            Step::ServerDies => {
                self.commune.die().await?;
                Ok("started again".to_owned())
            }
            Step::Server(setback) => self.setback(setback).await,
            Step::Office(act) => self.office(act).await,
            Step::Hostile(trick, home, number) => self.hostile(trick, home, number).await,
        }
    }

    fn write(&mut self, phone: usize, home: u8, edit: Edit, disk: Disk) -> Result<String> {
        let (scope, household) = self.home(home)?;
        let handset = &mut self.phones[phone];
        let Some(writes) = writes(handset, &household, edit, &self.interview)? else {
            return Ok("nothing to write".to_owned());
        };
        let clocks = handset.clocks(&self.commune.clock);
        let Some(records) = handset.write(&scope, household, &writes, clocks) else {
            return Ok("the phone says no".to_owned());
        };
        if handset.keep(&records, disk)? == Survived::Restarted {
            self.forget_answers(phone);
        }
        self.memory.note_waiting(&self.commune, &self.phones[phone]);
        Ok(format!("{} waits with {}", self.phones[phone].name, self.phones[phone].device.waiting()))
    }

    /// One request and what becomes of it.
    pub async fn sync(&mut self, phone: usize, up: Up, down: Down, disk: Disk) -> Result<String> {
        let handset = &self.phones[phone];
        let sync = handset.request(handset.clocks(&self.commune.clock));
        let bytes = sync.bytes.clone();
        self.remember(phone, &bytes);
        match up {
            Up::Lost => Ok("request lost".to_owned()),
            Up::Late => {
                self.requests.push((phone, bytes));
                self.requests.drain(..self.requests.len().saturating_sub(MOST_LATE));
                Ok("request late".to_owned())
            }
            Up::Cut(share) => self.send_damaged(phone, bytes[..share.of(bytes.len())].to_vec()).await,
            Up::Flipped(share, bits) => {
                let mut damaged = bytes;
                let at = share.at(damaged.len());
                damaged[at] ^= bits;
                self.send_damaged(phone, damaged).await
            }
            Up::ServerTorn(share) => {
                self.commune.die_within(&mut self.phones[phone].credentials, &bytes, share).await?;
                Ok("the server died within it".to_owned())
            }
            Up::Twice => {
                if self.exchange(phone, &bytes).await?.is_none() {
                    return Ok("refused".to_owned());
                }
                let once = Ground::read(&self.commune).await?.summary();
                let answer = self.exchange(phone, &bytes).await?;
                let twice = Ground::read(&self.commune).await?.summary();
                ensure!(once == twice, "repeat: the same request again changed something");
                self.answered(phone, sync, answer, down, disk)
            }
            Up::Arrives => {
                let answer = self.exchange(phone, &bytes).await?;
                self.answered(phone, sync, answer, down, disk)
            }
        }
    }

    fn remember(&mut self, phone: usize, bytes: &[u8]) {
        self.sent.push((phone, bytes.to_vec()));
        if self.sent.len() > MOST_REMEMBERED {
            // Not always the oldest: some stay for long.
            self.sent.remove(self.exchanges % MOST_REMEMBERED);
        }
    }

    /// Asks the server for a phone. `None`: it was shut out, and keeps what it has.
    pub async fn exchange(&mut self, phone: usize, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
        self.exchanges += 1;
        match self.commune.exchange(&mut self.phones[phone].credentials, bytes).await {
            Ok(answer) => Ok(Some(answer)),
            Err(Refusal::DeviceRevoked) => {
                self.phones[phone].shut_out = true;
                Ok(None)
            }
            // It has brought too much at a time, and keeps it.
            Err(Refusal::TooManyAttempts(_)) => Ok(None),
            Err(refusal) => bail!("server: a request of {} fails: {refusal}", self.phones[phone].name),
        }
    }

    /// Bytes that the transport has spoiled: the server must stand it, and nobody gets an answer.
    async fn send_damaged(&mut self, phone: usize, bytes: Vec<u8>) -> Result<String> {
        match self.commune.exchange(&mut self.phones[phone].credentials, &bytes).await {
            Err(refusal) if office::is_fault(&refusal) => bail!("server: a damaged request makes it fail: {refusal}"),
            Err(refusal) => Ok(format!("damaged: {refusal}")),
            Ok(_) => Ok("damaged and answered".to_owned()),
        }
    }

    fn answered(
        &mut self,
        phone: usize,
        sync: Sync,
        answer: Option<Vec<u8>>,
        down: Down,
        disk: Disk,
    ) -> Result<String> {
        let Some(mut bytes) = answer else { return Ok("shut out".to_owned()) };
        match down {
            Down::Arrives => self.arrives(phone, &sync, &bytes, disk),
            Down::Lost => Ok("answer lost".to_owned()),
            Down::Late => {
                self.answers.push(LateAnswer { phone, sync, bytes });
                self.answers.drain(..self.answers.len().saturating_sub(MOST_LATE));
                Ok("answer late".to_owned())
            }
            Down::Twice => {
                self.arrives(phone, &sync, &bytes, Disk::Keeps)?;
                self.arrives(phone, &sync, &bytes, disk)
            }
            Down::Cut(share) => {
                bytes.truncate(share.of(bytes.len() - 1));
                let taken = self.arrives(phone, &sync, &bytes, disk)?;
                ensure!(taken == "no answer", "phone: half an answer was taken for one");
                Ok("answer cut".to_owned())
            }
            Down::Flipped(share, bits) => {
                let at = share.at(bytes.len());
                bytes[at] ^= bits;
                self.reads_damaged(phone, &sync, &bytes)
            }
        }
    }

    /// The transport throws an answer away that was spoiled; the phone's own reader has to stand it all the same.
    fn reads_damaged(&self, phone: usize, sync: &Sync, bytes: &[u8]) -> Result<String> {
        let handset = &self.phones[phone];
        let mut scratch = handset.replayed()?;
        let taken = scratch.answer(sync, bytes, handset.clocks(&self.commune.clock).wall_ms);
        if taken.is_err() {
            handset.check_same(&scratch)?;
        }
        Ok(format!("answer damaged, read: {}", taken.is_ok()))
    }

    fn arrives(&mut self, phone: usize, sync: &Sync, bytes: &[u8], disk: Disk) -> Result<String> {
        let handset = &mut self.phones[phone];
        let clocks = handset.clocks(&self.commune.clock);
        let Some(outcome) = handset.take(sync, bytes, clocks, disk)? else { return Ok("no answer".to_owned()) };
        if disk != Disk::Keeps {
            self.forget_answers(phone);
        }
        let handset = &self.phones[phone];
        let (records, waiting) = (outcome.records.len(), handset.device.waiting());
        Ok(format!("{} took {records} records, waits with {waiting}; {:?}", handset.name, outcome.remarks))
    }

    /// A phone that starts again has no connection left on which an older answer could come.
    pub(super) fn forget_answers(&mut self, phone: usize) {
        self.answers.retain(|late| late.phone != phone);
    }

    /// Everything that is in the air is lost.
    pub fn clear_the_air(&mut self) {
        self.requests.clear();
        self.answers.clear();
        self.relay = Relay::default();
    }

    async fn late_request(&mut self, which: u8) -> Result<String> {
        if self.requests.is_empty() {
            return Ok("nothing in the air".to_owned());
        }
        let (phone, bytes) = self.requests.remove(usize::from(which) % self.requests.len());
        self.exchange(phone, &bytes).await?;
        Ok("answered; nobody waits for it".to_owned())
    }

    fn late_answer(&mut self, which: u8) -> Result<String> {
        if self.answers.is_empty() {
            return Ok("nothing in the air".to_owned());
        }
        let LateAnswer { phone, sync, bytes } = self.answers.remove(usize::from(which) % self.answers.len());
        self.arrives(phone, &sync, &bytes, Disk::Keeps)
    }

    async fn mishap(&mut self, phone: usize, mishap: Mishap) -> Result<String> {
        let before = Ground::read(&self.commune).await?;
        self.memory.check_nothing_lost(&self.commune, &before, &self.phones)?;
        let handset = &mut self.phones[phone];
        match mishap {
            Mishap::Restart => handset.restart()?,
            Mishap::Backup => handset.back_up()?,
            Mishap::RestoreKnown | Mishap::RestoreUnknown => {
                if !handset.restore()? {
                    return Ok("no backup".to_owned());
                }
                if mishap == Mishap::RestoreKnown {
                    handset.begin_epoch()?;
                }
                self.memory.note_phone_set_back(&self.commune, &before, &self.phones);
                self.memory.note_waiting(&self.commune, &self.phones[phone]);
            }
            Mishap::LosePage(share) => {
                if !handset.lose_page(share)? {
                    return Ok("no page".to_owned());
                }
                self.memory.note_phone_set_back(&self.commune, &before, &self.phones);
            }
            Mishap::Clone => {
                if self.phones.len() >= MOST_PHONES {
                    return Ok("enough phones".to_owned());
                }
                let number = u8::try_from(self.phones.len())?;
                let clone = self.phones[phone].cloned(&format!("phone-{number}"), number)?;
                self.phones.push(clone);
            }
            Mishap::Clock(days) => handset.turn_clock(days),
        }
        if mishap != Mishap::Backup {
            self.forget_answers(phone);
        }
        Ok("so it is".to_owned())
    }

    async fn setback(&mut self, setback: Setback) -> Result<String> {
        if setback == Setback::Copy {
            let ground = self.check().await?;
            self.commune.back_up()?;
            self.memory.note_copied(&ground);
            return Ok("copied".to_owned());
        }
        let ground = self.check().await?;
        if !self.commune.set_back().await? {
            return Ok("no copy".to_owned());
        }
        self.note_forgotten_photos().await?;
        if setback == Setback::Told {
            let restarted = set_back::declare(&self.commune.app).await?;
            ensure!(restarted.communes <= 1, "set back: {restarted:?} of one commune");
        }
        self.phones.iter_mut().for_each(|phone| phone.shut_out = false);
        self.memory.note_server_set_back(&self.commune, &ground, &self.phones);
        Ok("set back".to_owned())
    }

    async fn note_forgotten_photos(&mut self) -> Result<()> {
        let known = store::generation::last_set_back(&mut self.commune.app.store.read().await?).await?;
        let missing = self.missing_photos().await?;
        self.set_back = Some((known, missing));
        Ok(())
    }

    /// Whether the server has been set back and nothing has shown it so yet.
    pub async fn is_unaware(&self) -> Result<bool> {
        let Some((known, _)) = self.set_back else { return Ok(false) };
        Ok(store::generation::last_set_back(&mut self.commune.app.store.read().await?).await? == known)
    }

    /// The photos that it forgot when it was last set back.
    pub(super) fn forgotten_photos(&self) -> Option<&BTreeSet<BlobId>> {
        self.set_back.as_ref().map(|(_, photos)| photos)
    }

    async fn office(&mut self, act: Act) -> Result<String> {
        match office::act(&mut self.commune, &self.phones, act).await? {
            Done::Not(why) => Ok(why),
            Done::Done => Ok("done".to_owned()),
            Done::Accepted(key, household) => {
                self.memory.note_accepted(&self.commune, key, *household).await?;
                Ok("accepted".to_owned())
            }
        }
    }

    async fn hostile(&mut self, trick: Trick, home: u8, number: u64) -> Result<String> {
        let (scope, household) = self.home(home)?;
        self.stranger.play(&self.commune, &self.phones, (trick, scope, household, number)).await
    }

    /// Checks everything that has to hold at any time.
    pub async fn check(&mut self) -> Result<Ground> {
        let ground = Ground::read(&self.commune).await?;
        ground.check_adds_up()?;
        self.memory.check(&self.commune, &ground, &self.phones).await?;
        for phone in &self.phones {
            phone.check_replays()?;
            self.check_views(phone, &ground)?;
            self.check_seen(phone, &ground)?;
        }
        self.check_photos().await?;
        let rebuilt = rebuild::rebuild(&self.commune.app).await?;
        ensure!(rebuilt.differences.is_empty(), "rebuild: differs in {:?}", rebuilt.differences);
        Ok(ground)
    }

    /// A phone shows nothing as accepted that is not, and the same as the server where it has the same.
    fn check_views(&self, phone: &Handset, ground: &Ground) -> Result<()> {
        for (household, document) in phone.device.households() {
            let round = document.scope.round.clone();
            let key = DocumentKey { commune: self.commune.unit, round, household: *household };
            let Some(history) = phone.device.history(household, View::Accepted) else {
                ensure!(phone.has_lost_a_page, "view: a phone's copy is damaged");
                continue;
            };
            self.check_view(phone, ground.documents.get(&key), (&key, &history))?;
        }
        Ok(())
    }

    fn check_view(
        &self,
        phone: &Handset,
        filed: Option<&Filed>,
        (key, history): (&DocumentKey, &History),
    ) -> Result<()> {
        let (name, household) = (&phone.name, key.household);
        let shown: BTreeSet<ChangeHash> = history.nodes().iter().map(|node| node.entry.hash).collect();
        let accepted = filed.map(Filed::accepted).unwrap_or_default();
        // What the server has forgotten the phone still shows, until it has read so.
        if shown.iter().any(|hash| !accepted.contains(hash) && self.memory.has_been_forgotten(key, hash)) {
            return Ok(());
        }
        let Some(filed) = filed else {
            ensure!(shown.is_empty(), "view: {name} shows {household}, which the server does not know");
            return Ok(());
        };
        ensure!(shown.is_subset(&accepted), "view: {name} shows more of {household} than was accepted");
        if let (true, Some(opened)) = (shown == accepted, &filed.opened) {
            ensure!(history.heads() == opened.history.heads(), "view: {name} has other heads of {household}");
            let same = history.current() == opened.history.current();
            ensure!(same, "view: {name} shows another {household} than the server");
            let same = disagreement::open(history) == disagreement::open(&opened.history);
            ensure!(same, "view: {name} disagrees otherwise");
        }
        Ok(())
    }

    /// The households of a village as a phone has them.
    pub fn heads_on<'a>(phone: &'a Handset, scope: &Scope) -> BTreeMap<HouseholdId, &'a [ChangeHash]> {
        let documents = phone.device.households().chain(phone.device.earlier());
        // One that has left and of which something is still to be told is shown, and belongs to no log.
        let here = documents.filter(|(_, document)| document.is_logged_in(scope));
        here.filter(|(_, document)| !document.accepted_heads().is_empty())
            .map(|(household, document)| (*household, document.accepted_heads()))
            .collect()
    }
}
