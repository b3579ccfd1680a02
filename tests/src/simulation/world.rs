//! The world of a run: the commune, its phones, the stranger, and what is in the air between them.
//!
//! Owns what each step does. What must hold is checked here for phones, by [`super::memory`] and [`super::ground`] for the
//! server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use schemas::form::{Form, FormVersion};
use schemas::household::Household;
use schemas::ids::{HouseholdId, MemberId, NoteId};
use schemas::standard::shipped;
use schemas::value::Value;
use server::domain::field::DocumentKey;
use server::workflow::{Refusal, rebuild};
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Sync, View};
use sync_protocol::disagreement;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::journal::Scope;

use super::commune::{Commune, Credentials, FORM};
use super::ground::Ground;
use super::handset::{Handset, Survived};
use super::memory::{Memory, waiting_on};
use super::office::{self, Done};
use super::plan::{Act, Disk, Down, Edit, Mishap, Step, Trick, Up};
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
            Step::RequestArrives(which) => self.late_request(which).await,
            Step::AnswerArrives(which) => self.late_answer(which),
            Step::Pack { phone, disk } => self.pack(self.phone(phone), disk).await,
            Step::Carry { carrier, which, road } => self.carry(self.phone(carrier), which, road).await,
            Step::HandBack { which, road, disk } => self.hand_back(which, road, disk),
            Step::Pass(minutes) => {
                self.commune.pass(Duration::from_secs(60 * u64::from(minutes)));
                Ok("passed".to_owned())
            }
            Step::Phone(phone, mishap) => self.mishap(self.phone(phone), mishap),
            Step::ServerDies => {
                self.commune.die().await?;
                Ok("started again".to_owned())
            }
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

    fn mishap(&mut self, phone: usize, mishap: Mishap) -> Result<String> {
        let waited = waiting_on(&self.commune, &self.phones[phone]);
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
                self.memory.note_set_back(&self.commune, &waited, &self.phones);
                self.memory.note_waiting(&self.commune, &self.phones[phone]);
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
        }
        let rebuilt = rebuild::rebuild(&self.commune.app).await?;
        ensure!(rebuilt.differences.is_empty(), "rebuild: differs in {:?}", rebuilt.differences);
        Ok(ground)
    }

    /// A phone shows nothing as accepted that is not, and the same as the server where it has the same.
    fn check_views(&self, phone: &Handset, ground: &Ground) -> Result<()> {
        for (household, document) in phone.device.households() {
            let round = document.scope.round.clone();
            let key = DocumentKey { commune: self.commune.unit, round, household: *household };
            let history = phone.device.history(household, View::Accepted).context("view: a phone's copy is damaged")?;
            let shown: BTreeSet<ChangeHash> = history.nodes().iter().map(|node| node.entry.hash).collect();
            let Some(filed) = ground.documents.get(&key) else {
                ensure!(shown.is_empty(), "view: {} shows {household}, which the server does not know", phone.name);
                continue;
            };
            let accepted = filed.accepted();
            ensure!(shown.is_subset(&accepted), "view: {} shows more of {household} than was accepted", phone.name);
            if let (true, Some(opened)) = (shown == accepted, &filed.opened) {
                ensure!(
                    history.heads() == opened.history.heads(),
                    "view: {} has other heads of {household}",
                    phone.name
                );
                let same = history.current() == opened.history.current();
                ensure!(same, "view: {} shows another {household} than the server", phone.name);
                let open = |history| disagreement::open(history);
                ensure!(open(&history) == open(&opened.history), "view: {} disagrees otherwise", phone.name);
            }
        }
        Ok(())
    }

    /// The households of a village as a phone has them.
    pub fn heads_on<'a>(phone: &'a Handset, scope: &Scope) -> BTreeMap<HouseholdId, &'a [ChangeHash]> {
        let documents = phone.device.households().chain(phone.device.earlier());
        let here = documents.filter(|(_, document)| document.scope == *scope);
        here.filter(|(_, document)| !document.accepted_heads().is_empty())
            .map(|(household, document)| (*household, document.accepted_heads()))
            .collect()
    }
}

/// A complete interview: the poor household that the standard itself gives as an example.
fn interview() -> Result<BTreeMap<Slot, Write>> {
    let (_, files) = shipped::FOLDERS.iter().find(|(id, _)| *id == "vn-2022-2025").context("the standard")?;
    let (_, example) = files.iter().find(|(name, _)| *name == "examples/poor.toml").context("the example")?;
    let example: toml::Table = toml::from_str(example)?;
    let household: Household = example["household"].clone().try_into()?;
    let answers = household.answers.into_iter().map(|(key, value)| (Slot::Answer(key), Write::Put(value)));
    let members = household.members.into_iter().flat_map(|(member, answers)| {
        let of_member =
            answers.into_iter().map(move |(key, value)| (Slot::MemberAnswer(member, key), Write::Put(value)));
        std::iter::once((Slot::Member(member), Write::Make)).chain(of_member)
    });
    Ok(answers.chain(members).collect())
}

/// What an edit writes on a phone as it is; `None` when there is nothing to write about.
fn writes(
    phone: &Handset,
    household: &HouseholdId,
    edit: Edit,
    interview: &BTreeMap<Slot, Write>,
) -> Result<Option<BTreeMap<Slot, Write>>> {
    let answer =
        |key: &str, value: Value| -> Result<(Slot, Write)> { Ok((Slot::Answer(key.parse()?), Write::Put(value))) };
    let writes = match edit {
        Edit::FloorArea(area) => BTreeMap::from([answer("floor_area", Value::Int(i64::from(area) + 1))?]),
        Edit::Assets(bits) => BTreeMap::from([
            answer("internet", Value::Bool(bits & 1 != 0))?,
            answer("tv", Value::Bool(bits & 2 != 0))?,
            answer("radio", Value::Bool(bits & 4 != 0))?,
        ]),
        Edit::Member(number) => {
            let mut id = [0; 10];
            id[..8].copy_from_slice(&number.to_be_bytes());
            let member = MemberId(id);
            let of = |key: &str, value: &str| -> Result<(Slot, Write)> {
                Ok((Slot::MemberAnswer(member, key.parse()?), Write::Put(value.into())))
            };
            let name = format!("Lý Thị {}", number % 90);
            BTreeMap::from([(Slot::Member(member), Write::Make), of("full_name", &name)?, of("status", "present")?])
        }
        Edit::Note(number) => {
            let mut id = [0; 10];
            id[..8].copy_from_slice(&number.to_be_bytes());
            BTreeMap::from([(
                Slot::Note(NoteId(id)),
                Write::Put(format!("hẹn ngày {}", number % 28 + 1).as_str().into()),
            )])
        }
        Edit::Interview => interview.clone(),
        Edit::Settle(side) => return Ok(settled(phone, household, side)),
    };
    Ok(Some(writes))
}

/// What settles the first disagreement of a household, as the phone shows it.
fn settled(phone: &Handset, household: &HouseholdId, side: u8) -> Option<BTreeMap<Slot, Write>> {
    let history = phone.device.history(household, View::Mine)?;
    let open = disagreement::open(&history).into_iter().next()?;
    let side = open.sides.get(usize::from(side) % open.sides.len().max(1))?;
    let now = history.section(&open.section, &history.whole());
    let mut writes = disagreement::writes_to(&open.section, &now, &side.value);
    writes.extend([open.settlement()]);
    Some(writes)
}
