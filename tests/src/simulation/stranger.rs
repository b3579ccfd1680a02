//! Somebody with a device of the commune who means no good: sends what no honest phone would, well signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use schemas::form::Form;
use schemas::ids::HouseholdId;
use schemas::value::Value;
use sync_protocol::actor::Author;
use sync_protocol::change::{self, Draft, OpId, Slot, Write};
use sync_protocol::device::View;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::history::History;
use sync_protocol::journal::{Body, JournalHead, Scope};
use sync_protocol::message::{Request, Response, SegmentAnswer};
use sync_protocol::segment::{Payload, Segment};
use sync_protocol::verdict::Verdict;

use super::commune::{Commune, Credentials};
use super::handset::Handset;
use super::plan::Trick;

/// The stranger and their device.
pub struct Stranger {
    credentials: Credentials,
    form: Arc<Form>,
    journal: JournalHead,
}

/// A change as it will be sent: for which household, under which hash, as which bytes.
type Sent = (HouseholdId, ChangeHash, Vec<u8>);

/// What the stranger has read on somebody's phone.
struct Read<'a> {
    phones: &'a [Handset],
    scope: Scope,
    home: HouseholdId,
    number: u64,
}

impl Stranger {
    /// The stranger, with a device that was let in.
    pub fn new(credentials: Credentials, form: Arc<Form>) -> Self {
        Self { credentials, form, journal: JournalHead::default() }
    }

    /// Who they are to the server.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    fn author(&self) -> Author {
        let key = PublicKey(self.credentials.key.verifying_key().to_bytes());
        Author { key, account: self.credentials.account, epoch: 1 }
    }

    /// Sends something, and makes sure that nothing of it was let in that must not be. Says what came of it.
    pub async fn play(
        &mut self,
        commune: &Commune,
        phones: &[Handset],
        (trick, scope, home, number): (Trick, Scope, HouseholdId, u64),
    ) -> Result<String> {
        let read = Read { phones, scope, home, number };
        let segment = match trick {
            Trick::Replayed => read.anothers_segment(),
            Trick::Noise => Some((0..number % 400).map(|at| (number.rotate_left(at as u32) & 0xff) as u8).collect()),
            _ => self.changes(trick, &read).map(|changes| self.segment(&read.scope, changes, trick)),
        };
        let Some(segment) = segment else { return Ok("has nothing to send".to_owned()) };
        let request = Request::bringing(vec![segment.into()], 1, 0);
        let answer = commune.exchange(&mut self.credentials, &request.to_bytes()).await?;
        let answers = Response::from_bytes(&answer)?.segments;
        let answer = answers.first().context("an answer for the segment")?;
        check_kept_out(trick, answer)?;
        Ok(format!("{answer:?}"))
    }

    fn segment(&mut self, scope: &Scope, changes: Vec<Sent>, trick: Trick) -> Vec<u8> {
        let (mut entries, mut payloads) = (Vec::new(), Vec::new());
        for (household, hash, bytes) in changes {
            entries.push(self.journal.append(None, 0, 0, Body::Change { household, hash }));
            payloads.push(Payload::Raw(bytes.into()));
        }
        let mut bytes =
            Segment::sign(self.author(), scope.clone(), entries, payloads, &self.credentials.key).to_bytes();
        if let (Trick::ForgedSignature, Some(last)) = (trick, bytes.last_mut()) {
            *last ^= 1;
        }
        bytes
    }

    /// The changes that a trick sends; `None` when there is nothing to play it with.
    fn changes(&self, trick: Trick, read: &Read<'_>) -> Option<Vec<Sent>> {
        if let Trick::Stolen | Trick::Smeared = trick {
            let (home, hash, bytes) = read.anothers_waiting()?;
            let bytes = if trick == Trick::Stolen { bytes } else { self.draft(read)?.encode()? };
            return Some(vec![(home, hash, bytes)]);
        }
        let mut draft = self.draft(read)?;
        match trick {
            Trick::ForeignActor => draft.actor = read.phones.first()?.device.author().actor(),
            Trick::UnknownDependency => draft.deps = vec![ChangeHash([7; 32])],
            Trick::OtherHouseholdsPast => draft.deps = read.anothers_heads()?,
            Trick::CounterJump => draft.start_op += 1 + read.number % 4_000_000_000,
            Trick::SequenceJump => draft.seq += 1 + read.number % 1_000,
            Trick::UnknownKey => retarget(&mut draft, "no_such_question")?,
            Trick::WrongType => draft.ops.iter_mut().for_each(|(_, op)| op.write = Write::Put(Value::from("rộng"))),
            _ => {}
        }
        renumber(&mut draft);
        let mut bytes = draft.encode()?;
        let (_, hash) = change::parse(&bytes).ok()?;
        if trick == Trick::Compressed {
            bytes[8] = 2;
        }
        let mut sent = vec![(read.home, hash, bytes.clone())];
        if trick == Trick::TwoHouseholds {
            sent.push((
                HouseholdId([read.home.0[0], read.home.0[1], 99, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]),
                hash,
                bytes,
            ));
        }
        Some(sent)
    }

    /// An edit of the household as it was read, in order.
    fn draft(&self, read: &Read<'_>) -> Option<Draft> {
        let history = read.history(&self.form);
        let slot = Slot::Answer("floor_area".parse().ok()?);
        let area = i64::try_from(read.number % 900).ok()?;
        let writes = BTreeMap::from([(slot, Write::Put(Value::Int(area)))]);
        history.draft(history.heads(), self.author().actor(), 1_790_000_000, None, &writes)
    }
}

impl Read<'_> {
    fn history(&self, form: &Arc<Form>) -> History {
        let read = self.phones.iter().find_map(|phone| phone.device.history(&self.home, View::Accepted));
        let genesis = Genesis { household: self.home, round: self.scope.round.clone(), form: form.version.clone() };
        read.filter(|history| *history.genesis() == genesis).unwrap_or_else(|| History::new(genesis, form.clone()))
    }

    fn anothers_heads(&self) -> Option<Vec<ChangeHash>> {
        let documents = self.phones.iter().flat_map(|phone| phone.device.households());
        let mut others =
            documents.filter(|(home, document)| **home != self.home && !document.accepted_heads().is_empty());
        others.next().map(|(_, document)| document.accepted_heads().to_vec())
    }

    fn anothers_waiting(&self) -> Option<Sent> {
        let documents = self.phones.iter().flat_map(|phone| phone.device.households());
        let mut own = documents.flat_map(|(home, document)| document.own.iter().map(|own| (*home, own)));
        own.next().map(|(home, own)| (home, own.hash, own.bytes.clone()))
    }

    fn anothers_segment(&self) -> Option<Vec<u8>> {
        let requests = self.phones.iter().map(|phone| phone.device.request(0, 0).bytes);
        let mut segments = requests.filter_map(|bytes| Request::from_bytes(&bytes).ok()?.segments.pop());
        segments.next().map(|segment| segment.to_vec())
    }
}

/// Has the change write to another key.
fn retarget(draft: &mut Draft, key: &str) -> Option<()> {
    let key: schemas::value::Key = key.parse().ok()?;
    for (_, op) in &mut draft.ops {
        op.slot = Slot::Answer(key.clone());
        op.replaces.clear();
    }
    Some(())
}

/// Gives the operations the names that follow from actor and counter.
fn renumber(draft: &mut Draft) {
    let (actor, first) = (draft.actor, draft.start_op);
    for (counter, (_, op)) in (first..).zip(&mut draft.ops) {
        op.id = OpId { counter, actor };
    }
}

/// What must never be accepted is not.
fn check_kept_out(trick: Trick, answer: &SegmentAnswer) -> Result<()> {
    let verdicts = match answer {
        SegmentAnswer::Taken(verdicts) => verdicts.as_slice(),
        // Asked for bytes: nothing was taken.
        SegmentAnswer::Refused(_) | SegmentAnswer::SendBytes(_) => return Ok(()),
        SegmentAnswer::NotTaken(reason) => {
            ensure!(reason != "sync/try-again", "hostile: {trick:?} makes the server fail");
            return Ok(());
        }
    };
    let refused_whole = matches!(trick, Trick::ForgedSignature | Trick::Replayed | Trick::Noise);
    ensure!(!refused_whole, "hostile: a segment of {trick:?} was taken: {verdicts:?}");
    let faulty = !matches!(trick, Trick::Honest | Trick::TwoHouseholds | Trick::Stolen | Trick::Smeared);
    ensure!(!(faulty && verdicts.contains(&Verdict::Accepted)), "hostile: {trick:?} was let in: {verdicts:?}");
    let twice = verdicts.iter().filter(|verdict| **verdict == Verdict::Accepted).count() > 1;
    ensure!(!twice, "hostile: {trick:?} was let in twice");
    Ok(())
}
