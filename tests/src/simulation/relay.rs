//! Parcels in a run: made by one phone, carried by another late, twice, spoiled or never, and answered as late.

use anyhow::{Result, bail, ensure};
use server::workflow::{Refusal, parcel};
use sync_protocol::device::{ParcelAnswerFault, Remark, ShareFault, View};
use sync_protocol::hash::ChangeHash;
use sync_protocol::log::{Row, RowEvent};
use sync_protocol::parcel::ParcelFault;

use super::ground::Ground;
use super::handset::Handset;
use super::office;
use super::plan::{Disk, Down};
use super::world::World;

/// Most parcels, and most answers, that are on the way at a time; the oldest are lost.
const MOST_CARRIED: usize = 12;

/// Files on memory cards.
#[derive(Default)]
pub struct Relay {
    parcels: Vec<(usize, Vec<u8>)>,
    answers: Vec<(usize, Vec<u8>)>,
    shares: Vec<Vec<u8>>,
}

impl World {
    /// A phone puts its work into a parcel.
    pub(super) async fn pack(&mut self, phone: usize, disk: Disk) -> Result<String> {
        let key = parcel::key(&self.commune.app);
        let handset = &mut self.phones[phone];
        let wall_ms = handset.clocks(&self.commune.clock).wall_ms;
        let packed = self.commune.app.chance.with(|rng| handset.device.parcel(&key, wall_ms, rng))?;
        // A phone that dies before the file is written has none to give away.
        if handset.keep(&packed.records, disk)? == super::handset::Survived::Restarted {
            self.forget_answers(phone);
            return Ok("died before the parcel was made".to_owned());
        }
        self.relay.parcels.push((phone, packed.bytes));
        self.relay.parcels.drain(..self.relay.parcels.len().saturating_sub(MOST_CARRIED));
        Ok(format!("{} entries in a parcel", packed.entries))
    }

    /// A phone carries a parcel to the server. It stays on the card, and may be carried again.
    pub(super) async fn carry(&mut self, carrier: usize, which: u8, road: Down) -> Result<String> {
        let Some((author, bytes)) = pick(&self.relay.parcels, which) else { return Ok("no parcel".to_owned()) };
        match road {
            Down::Cut(share) => self.carry_damaged(carrier, bytes[..share.of(bytes.len() - 1)].to_vec()).await,
            Down::Flipped(share, bits) => {
                let mut damaged = bytes;
                let at = share.at(damaged.len());
                damaged[at] ^= bits;
                self.carry_damaged(carrier, damaged).await
            }
            Down::Lost => Ok("carried nowhere".to_owned()),
            Down::Twice => {
                let once = self.hand_over(carrier, author, &bytes).await?;
                let before = Ground::read(&self.commune).await?.summary();
                self.hand_over(carrier, author, &bytes).await?;
                let after = Ground::read(&self.commune).await?.summary();
                ensure!(before == after, "repeat: the same parcel again changed something");
                Ok(once)
            }
            Down::Arrives | Down::Late => self.hand_over(carrier, author, &bytes).await,
        }
    }

    async fn hand_over(&mut self, carrier: usize, author: usize, bytes: &[u8]) -> Result<String> {
        match self.commune.deliver(&mut self.phones[carrier].credentials, bytes).await {
            Ok(answer) => {
                self.exchanges += 1;
                self.relay.answers.push((author, answer));
                self.relay.answers.drain(..self.relay.answers.len().saturating_sub(MOST_CARRIED));
                Ok("carried".to_owned())
            }
            Err(Refusal::DeviceRevoked) => {
                self.phones[carrier].shut_out = true;
                Ok("the carrier was shut out".to_owned())
            }
            Err(Refusal::ParcelAuthorShutOut | Refusal::TooManyAttempts(_)) => Ok("refused".to_owned()),
            Err(refusal) => bail!("server: a parcel of {} fails: {refusal}", self.phones[author].name),
        }
    }

    /// What was spoiled on the card is refused by name.
    async fn carry_damaged(&mut self, carrier: usize, bytes: Vec<u8>) -> Result<String> {
        match self.commune.deliver(&mut self.phones[carrier].credentials, &bytes).await {
            Ok(_) => bail!("parcel: one that was spoiled was taken"),
            Err(refusal) if office::is_fault(&refusal) => bail!("server: a spoiled parcel makes it fail: {refusal}"),
            Err(refusal) => Ok(format!("spoiled: {refusal}")),
        }
    }

    /// An answer reaches its phone. It stays on the card, and may be read again.
    pub(super) fn hand_back(&mut self, which: u8, road: Down, disk: Disk) -> Result<String> {
        let Some((phone, mut bytes)) = pick(&self.relay.answers, which) else { return Ok("no answer".to_owned()) };
        match road {
            Down::Lost => return Ok("answer lost".to_owned()),
            Down::Cut(share) => bytes.truncate(share.of(bytes.len() - 1)),
            Down::Flipped(share, bits) => {
                let at = share.at(bytes.len());
                bytes[at] ^= bits;
            }
            Down::Twice => {
                self.read_answer(phone, &bytes, Disk::Keeps)?;
            }
            Down::Arrives | Down::Late => {}
        }
        let read = self.read_answer(phone, &bytes, disk)?;
        let spoiled = matches!(road, Down::Cut(_) | Down::Flipped(..));
        ensure!(!(spoiled && read == "read"), "parcel: a spoiled answer was taken");
        Ok(read)
    }

    fn read_answer(&mut self, phone: usize, bytes: &[u8], disk: Disk) -> Result<String> {
        let handset = &mut self.phones[phone];
        let wall_ms = handset.clocks(&self.commune.clock).wall_ms;
        let outcome = match handset.device.parcel_answer(bytes, wall_ms) {
            Ok((outcome, _)) => outcome,
            Err(ParcelAnswerFault::Parcel(ParcelFault::NotAwaited)) => return Ok("not waited for".to_owned()),
            Err(fault) => return Ok(format!("refused: {fault}")),
        };
        handset.keep(&outcome.records, disk)?;
        if disk != Disk::Keeps {
            self.forget_answers(phone);
        }
        let handset = &self.phones[phone];
        let is_bad = |remark: &Remark| matches!(remark, Remark::BadPage(_) | Remark::DigestDiffers(_));
        let bad = outcome.remarks.iter().any(is_bad) && !handset.has_lost_a_page;
        ensure!(!bad, "parcel: {} does not believe an answer: {:?}", handset.name, outcome.remarks);
        Ok("read".to_owned())
    }
}

impl World {
    /// A phone shares what the log of a village does not tell of yet.
    pub(super) fn share(&mut self, phone: usize, home: u8) -> Result<String> {
        let (scope, _) = self.home(home)?;
        let device = &self.phones[phone].device;
        match self.commune.app.chance.with(|rng| device.share(&scope, rng)) {
            Ok((bytes, changes)) => {
                self.relay.shares.push(bytes);
                self.relay.shares.drain(..self.relay.shares.len().saturating_sub(MOST_CARRIED));
                Ok(format!("{changes} changes shared"))
            }
            Err(ShareFault::NoVillage) => Ok("not its village".to_owned()),
            Err(fault) => bail!("share: {} cannot share: {fault}", self.phones[phone].name),
        }
    }

    /// A phone looks at what was shared, by whomever.
    pub(super) fn look_at(&mut self, phone: usize, which: u8, road: Down, disk: Disk) -> Result<String> {
        let count = self.relay.shares.len();
        let Some(mut bytes) = self.relay.shares.get(usize::from(which) % count.max(1)).cloned() else {
            return Ok("no share".to_owned());
        };
        match road {
            Down::Cut(share) => bytes.truncate(share.of(bytes.len() - 1)),
            Down::Flipped(share, bits) => {
                let at = share.at(bytes.len());
                bytes[at] ^= bits;
            }
            Down::Arrives | Down::Late | Down::Lost | Down::Twice => {}
        }
        let handset = &mut self.phones[phone];
        let spoiled = matches!(road, Down::Cut(_) | Down::Flipped(..));
        let looked = match handset.device.look(&bytes) {
            Ok(_) if spoiled => bail!("share: one that was spoiled was looked at"),
            Ok(looked) => looked,
            Err(fault) => return Ok(format!("refused: {fault}")),
        };
        if handset.keep(&looked.records, disk)? == super::handset::Survived::Restarted {
            self.forget_answers(phone);
        }
        Ok(format!("{} shown, {} known, {} left out", looked.shown, looked.known, looked.left_out))
    }

    /// Colleagues' work is built upon by nobody, and forgotten once the log has told of it.
    pub(super) fn check_seen(&self, phone: &Handset, ground: &Ground) -> Result<()> {
        for seen in phone.device.seen() {
            let history = phone.device.history(&seen.household, View::Mine);
            let is_mine = history.is_some_and(|history| history.knows(&seen.change));
            ensure!(!is_mine, "share: {} builds upon {}", phone.name, seen.change);
            let read = phone.device.scopes().find(|(scope, _)| **scope == seen.scope).map(|(_, state)| *state);
            let told = ground.logs.get(&seen.scope).zip(read).is_some_and(|(log, read)| {
                let rows = log.rows.iter().filter(|logged| logged.row.position <= read.cursor.position);
                // What was read may be another log of that generation: the server was set back and has not noticed.
                let is_it = rows.clone().next_back().is_none_or(|logged| logged.digest == read.digest());
                let is_it = is_it && log.state.generation == read.cursor.generation;
                is_it && tells(rows.map(|logged| &logged.row), &seen.change)
            });
            ensure!(!told, "share: {} has read of {} and still shows it as shared", phone.name, seen.change);
        }
        Ok(())
    }
}

fn tells<'a>(mut rows: impl Iterator<Item = &'a Row>, change: &ChangeHash) -> bool {
    rows.any(|row| match &row.event {
        RowEvent::Change(hash) | RowEvent::Verdict { hash, .. } => hash == change,
        RowEvent::Entered | RowEvent::Left => false,
    })
}

fn pick(cards: &[(usize, Vec<u8>)], which: u8) -> Option<(usize, Vec<u8>)> {
    cards.get(usize::from(which) % cards.len().max(1)).cloned()
}
