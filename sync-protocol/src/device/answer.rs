//! What a device makes of the server's answer: nothing is believed before it is checked, and a page that does not fit is
//! left out and asked for again rather than taken on trust.

use schemas::ids::HouseholdId;
use thiserror::Error;

use super::request::SentSegment;
use super::{Device, DeviceDocument, Outgoing, Record, Sync, Travel, View};
use crate::journal::Scope;
use crate::log::{Cursor, RowEvent, origin};
use crate::message::{Documents, MessageFault, PackedPage, Page, Response, SegmentAnswer};
use crate::parcel::SealSecret;

/// By how much clocks have to differ otherwise than before to be written down, and how long an answer may take to tell.
const NOTABLE_MS: i64 = 60_000;
/// The name under which a server says that it failed on a segment.
const FAILS: &str = "sync/try-again";

/// Why an answer is not taken at all.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AnswerFault {
    /// Not a response of a version that the device speaks.
    #[error(transparent)]
    Message(#[from] MessageFault),
    /// It answers for other segments than were sent.
    #[error("the answer does not belong to the request")]
    OtherRequest,
}

/// Something in an answer that people or the next exchange have to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Rows that do not continue what was read, or a head that the server did not sign: left out.
    BadPage(Scope),
    /// After reading everything, and everything again, the device has come to something else than the server.
    DigestDiffers(Scope),
    /// The device has come to something else than the server, or its log does not go on from where it stood: it reads the log
    /// from its first row again.
    ReadAnew(Scope),
    /// The server could not take a segment now, by this reason's name; it is kept and sent again.
    NotTaken(String),
    /// The log of a scope starts anew: the server was restored from a backup.
    NewGeneration(Scope),
    /// Somebody else writes with this device's key and epoch: a copy of it, or itself before it was set back. A new epoch
    /// has begun, and the page is asked for again.
    NotAlone(Scope),
    /// The server was set back and has forgotten rows that the device has read: it gives them back.
    Forgotten(Scope),
    /// Something that was given back was not taken, by this reason's name.
    NotTakenBack(Scope, String),
}

/// What an answer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// To be written to disk before success is shown.
    pub records: Vec<Record>,
    /// Whether to ask again at once.
    pub more: bool,
    /// Whether the server wants the scopes by name: ask again at once although nothing has moved.
    pub name_scopes: bool,
    /// What went otherwise than on a good day.
    pub remarks: Vec<Remark>,
    /// The server's clock less the device's, in milliseconds.
    pub clock_offset_ms: i64,
}

impl Device {
    /// Takes the answer to a request in. `wall_ms`: the device's clock when it arrived.
    pub fn answer(&mut self, sync: &Sync, response: &[u8], wall_ms: i64) -> Result<Outcome, AnswerFault> {
        let mut outcome = self.take_response(sync, Response::from_bytes(response)?, wall_ms)?;
        self.take_overtaken(None, &mut outcome);
        Ok(outcome)
    }

    /// Takes a response in that was read, from whatever road.
    pub(super) fn take_response(
        &mut self,
        sync: &Sync,
        response: Response,
        wall_ms: i64,
    ) -> Result<Outcome, AnswerFault> {
        let chapters = response.chapters.as_ref().map(Vec::len);
        if response.segments.len() != sync.sent.len() || chapters.is_some_and(|answered| answered != sync.given.len()) {
            return Err(AnswerFault::OtherRequest);
        }
        let mut outcome = Outcome {
            records: Vec::new(),
            more: response.more,
            // Whoever has just been told the names and asks for them again is not answered.
            name_scopes: response.name_scopes == Some(true) && !sync.named,
            remarks: Vec::new(),
            clock_offset_ms: response.server_ms.saturating_sub(wall_ms),
        };
        self.take_offset(response.server_ms, sync.sent_at_ms, wall_ms, &mut outcome);
        // First: what is answered for in this very answer is not doubted.
        self.take_set_back(response.set_back, response.assigned.as_deref(), &mut outcome);
        for (sent, answer) in sync.sent.iter().zip(response.segments) {
            self.take_segment(sent, answer, &mut outcome)?;
        }
        let gives_on = self.take_chapters(&sync.given, response.chapters, &mut outcome);
        self.take_forgotten(response.forgotten.unwrap_or_default(), &mut outcome);
        self.name_scopes = outcome.name_scopes;
        self.take_villages(response.assigned, response.village_keys, &mut outcome);
        for page in response.pages {
            self.take_page(page, &mut outcome);
        }
        for packed in response.packed.iter().flatten() {
            self.take_packed(packed, sync.epoch, &mut outcome);
        }
        outcome.more |= outcome.name_scopes;
        self.mend(gives_on, &mut outcome);
        Ok(outcome)
    }

    /// Takes in which villages the device holds. Their keys first: a device that dies in between is told both again.
    fn take_villages(&mut self, assigned: Option<Vec<Scope>>, keys: Option<Vec<SealSecret>>, outcome: &mut Outcome) {
        let Some(assigned) = assigned else { return };
        self.take_keys(&assigned, keys.unwrap_or_default(), outcome);
        if self.is_moved_by(&assigned) {
            self.take(Record::Assigned(assigned), outcome);
        }
    }

    /// Notes how the clocks differ, once they differ otherwise than before. An answer that was long on its way says
    /// nothing about it.
    fn take_offset(&mut self, server_ms: i64, sent_at_ms: i64, wall_ms: i64, outcome: &mut Outcome) {
        let on_its_way = wall_ms.saturating_sub(sent_at_ms);
        let offset_ms = server_ms.saturating_sub(sent_at_ms.saturating_add(on_its_way / 2));
        let moved = |known: i64| known.abs_diff(offset_ms) > NOTABLE_MS.unsigned_abs();
        if (0..=NOTABLE_MS).contains(&on_its_way) && self.clock_offset_ms.is_none_or(moved) {
            self.take(Record::ClockOffset(offset_ms), outcome);
        }
    }

    /// Takes a packed page in; one that cannot be made here is asked for with bytes.
    fn take_packed(&mut self, packed: &[u8], epoch: u32, outcome: &mut Outcome) {
        let (scopes, page) = match PackedPage::read(packed, &self.forms) {
            Ok(packed) => (vec![packed.scope().clone()], self.unpack(&packed, epoch)),
            Err(_) => (self.scopes.keys().cloned().collect(), None),
        };
        match page.filter(|page| self.fits(page)) {
            Some(page) => self.take_page(page, outcome),
            None => self.ask_bytes(scopes, outcome),
        }
    }

    /// Asks for bytes, once: a server that still sends something else is not to be believed.
    fn ask_bytes(&mut self, mut scopes: Vec<Scope>, outcome: &mut Outcome) {
        let asked = |scope: &Scope| self.scopes.get(scope).is_none_or(|state| state.as_bytes);
        outcome.remarks.extend(scopes.iter().filter(|scope| asked(scope)).cloned().map(Remark::BadPage));
        scopes.retain(|scope| !asked(scope));
        if !scopes.is_empty() {
            self.take(Record::AskBytes(scopes), outcome);
            outcome.more = true;
        }
    }

    fn goes_plain(&self, entry: &(u32, u64)) -> bool {
        let mut outbox = self.outbox.iter();
        let outgoing = outbox.find(|outgoing| (outgoing.epoch, outgoing.entry.number) == *entry);
        outgoing.is_none_or(|outgoing| outgoing.travel == Travel::Plain)
    }

    fn unpack(&self, packed: &PackedPage, epoch: u32) -> Option<Page> {
        let scope = packed.scope();
        let is_here = |document: &DeviceDocument| document.scope == *scope || document.is_logged_in(scope);
        let here: Vec<HouseholdId> =
            self.documents.iter().filter(|(_, document)| is_here(document)).map(|(id, _)| *id).collect();
        let ids: Vec<Option<HouseholdId>> =
            packed.households().iter().map(|named| named.find(here.iter().copied())).collect();
        let accepted = |id: &HouseholdId| self.documents.get(id).is_some_and(|document| !document.accepted.is_empty());
        // A household that comes from another village comes with its whole history, whatever of it is here already.
        let open = ids.iter().zip(packed.entering()).filter(|(_, enters)| !enters).filter_map(|(id, _)| id.as_ref());
        let open = open.filter(|id| accepted(id));
        let open = open.filter_map(|id| Some((*id, self.history(id, View::Accepted)?))).collect();
        let mut documents = Documents::new(scope.round.clone(), self.forms.clone(), open);
        let own = |number| {
            let own = self.documents.iter().flat_map(|(id, document)| document.own.iter().map(move |own| (*id, own)));
            let mut own = own.filter(|(_, own)| own.entry == (epoch, number));
            let own = own.next().map(|(household, own)| (household, own.hash, own.bytes.clone()));
            own.or_else(|| self.answered_change(epoch, number))
        };
        let previous = self.scopes.get(scope).filter(|state| state.cursor == packed.after());
        packed.unpack(previous.and_then(|state| state.row), &ids, own, &mut documents).ok()
    }

    pub(super) fn take(&mut self, record: Record, outcome: &mut Outcome) {
        self.apply(&record);
        outcome.records.push(record);
    }

    fn take_segment(
        &mut self,
        sent: &SentSegment,
        answer: SegmentAnswer,
        outcome: &mut Outcome,
    ) -> Result<(), AnswerFault> {
        let entries = &sent.entries;
        match answer {
            SegmentAnswer::Taken(verdicts) if verdicts.len() == entries.len() => {
                let verdicts: Vec<_> =
                    entries.iter().zip(verdicts).map(|((e, n), verdict)| (*e, *n, verdict)).collect();
                let ends_epoch = self.ends_epoch(&verdicts);
                self.take(Record::Verdicts(verdicts), outcome);
                if ends_epoch {
                    self.take(Record::Epoch(self.epoch + 1), outcome);
                }
            }
            SegmentAnswer::Taken(_) => return Err(AnswerFault::OtherRequest),
            SegmentAnswer::Refused(reason) if sent.may_be_parted(&reason) => {
                self.take(Record::Isolate(entries.clone()), outcome);
                outcome.more = true;
            }
            SegmentAnswer::Refused(reason) => {
                self.take(Record::Refused(entries.to_vec(), reason), outcome);
                self.take(Record::Epoch(self.epoch + 1), outcome);
            }
            SegmentAnswer::NotTaken(reason) => {
                self.put_off(entries, &reason, outcome);
                outcome.remarks.push(Remark::NotTaken(reason));
            }
            SegmentAnswer::SendBytes(places) => self.send_bytes(entries, &places, outcome),
        }
        Ok(())
    }

    fn send_bytes(&mut self, entries: &[(u32, u64)], places: &[u32], outcome: &mut Outcome) {
        let named = places.iter().filter_map(|place| entries.get(usize::try_from(*place).ok()?));
        let mut entries = if places.is_empty() { entries.to_vec() } else { named.copied().collect() };
        entries.retain(|entry| !self.goes_plain(entry));
        match entries.is_empty() {
            true => outcome.remarks.push(Remark::NotTaken("intent/mismatch".to_owned())),
            false => self.take(Record::SendBytes(entries), outcome),
        }
        outcome.more = true;
    }

    /// What the server could not take goes after the others. Where it failed, one entry may be why: they go apart.
    fn put_off(&mut self, entries: &[(u32, u64)], reason: &str, outcome: &mut Outcome) {
        if reason == FAILS && entries.len() > 1 {
            self.take(Record::Isolate(entries.to_vec()), outcome);
        }
        let named = |outgoing: &&mut Outgoing| entries.contains(&(outgoing.epoch, outgoing.entry.number));
        self.outbox.iter_mut().filter(named).for_each(|outgoing| outgoing.put_off += 1);
    }

    /// Whether there is something to take on or to give up. What the device keeps because its own work waits there is
    /// neither: it would be written down again after every answer.
    fn is_moved_by(&self, assigned: &[Scope]) -> bool {
        assigned.iter().any(|scope| !self.scopes.contains_key(scope)) || self.given_up(assigned).next().is_some()
    }

    fn take_page(&mut self, page: Page, outcome: &mut Outcome) {
        let scope = page.scope.clone();
        if self.has_read(&page.head.cursor, &scope) {
            return;
        }
        if !self.fits(&page) {
            if !self.doubts(&page, outcome) {
                outcome.remarks.push(Remark::BadPage(scope));
            }
            return;
        }
        if self.lacks(&page) {
            let known = outcome.remarks.iter().any(|remark| matches!(remark, Remark::NotAlone(_)));
            if !known {
                self.take(Record::Epoch(self.epoch + 1), outcome);
            }
            outcome.more = true;
            outcome.remarks.push(Remark::NotAlone(scope));
            return;
        }
        let generation = self.scopes.get(&scope).map(|state| state.cursor.generation);
        if generation.is_some_and(|generation| generation != 0 && generation != page.head.cursor.generation) {
            outcome.remarks.push(Remark::NewGeneration(scope.clone()));
        }
        let end = page.head.cursor;
        self.take(Record::Page(page), outcome);
        match self.scopes.get(&scope) {
            Some(state) if state.cursor != end => {
                outcome.remarks.push(Remark::ReadAnew(scope));
                outcome.more = true;
            }
            Some(state) if state.is_read_anew => outcome.remarks.push(Remark::DigestDiffers(scope)),
            Some(_) | None => {}
        }
    }

    /// Whether the device has read up to there already: an old answer that comes late says nothing new, and a log is not
    /// started anew for it.
    fn has_read(&self, cursor: &Cursor, scope: &Scope) -> bool {
        let read = self.scopes.get(scope).map(|state| state.cursor);
        let is_old = |read: Cursor| read.generation > cursor.generation;
        read.is_some_and(|read| {
            is_old(read) || read.generation == cursor.generation && read.position >= cursor.position
        })
    }

    /// Whether the server left out bytes, as this device's own, that the device does not have.
    fn lacks(&self, page: &Page) -> bool {
        let changes = page.rows.iter().filter_map(|row| match row.event {
            RowEvent::Change(hash) => Some((row.household, hash)),
            RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
        });
        let left_out = changes.zip(&page.changes).filter(|(_, bytes)| bytes.is_empty());
        let has = |(household, hash)| {
            self.documents.get(&household).is_some_and(|document| document.has(&page.scope.round, &hash))
        };
        left_out.map(|(change, _)| change).any(|change| !has(change))
    }

    /// Whether a page continues what was read, or starts a log from its first row, and the server signed where it ends.
    fn fits(&self, page: &Page) -> bool {
        let Some(state) = self.scopes.get(&page.scope) else { return false };
        let continues = page.after == state.cursor && state.row.is_some();
        let is_new = page.after.generation != state.cursor.generation || state.row.is_none();
        let starts = page.after.position == 0 && is_new;
        if !(continues || starts)
            || page.head.scope != page.scope
            || page.after.generation != page.head.cursor.generation
        {
            return false;
        }
        let first = if continues { state.row } else { None };
        let mut row_hash = first.unwrap_or_else(|| origin(&page.scope, page.head.cursor.generation));
        let mut position = page.after.position;
        for row in &page.rows {
            position += 1;
            if row.position != position {
                return false;
            }
            row_hash = row.hash(&row_hash);
        }
        let changes = page.rows.iter().filter(|row| matches!(row.event, RowEvent::Change(_))).count();
        row_hash == page.head.row
            && position == page.head.cursor.position
            && changes == page.changes.len()
            && page.head.is_signed_by(&self.identity.server)
    }
}
