//! A server in memory: the smallest store that the authority can work with, for tests of the exchange.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::authority::{self, Effect, Judged, Register};
use sync_protocol::gate::Policy;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ChangeHash, EntryHash, PublicKey, RowHash};
use sync_protocol::history::History;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, Digest, Row, RowEvent, SignedHead, origin};
use sync_protocol::message::{Documents, LogEnd, Page, Request, Response, ScopeCursor, SegmentAnswer, holding};
use sync_protocol::rebase;
use sync_protocol::segment::{Packed, Segment, UnpackFault, Unpacking};
use sync_protocol::verdict::{Hold, Verdict};

use crate::schema::fits;
use crate::support::form;

pub(crate) fn scope() -> Scope {
    Scope { village: UnitId(41), round: "2026-dinh-ky".parse().unwrap() }
}

pub(crate) struct Office {
    pub(crate) key: SigningKey,
    pub(crate) generation: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) histories: BTreeMap<HouseholdId, History>,
    pub(crate) refused: BTreeMap<(HouseholdId, ChangeHash), Verdict>,
    pub(crate) closed: BTreeSet<HouseholdId>,
    /// Households in which nobody may write without being looked at.
    pub(crate) foreign: BTreeSet<HouseholdId>,
    writers: BTreeMap<(HouseholdId, ChangeHash), PublicKey>,
    asking: Option<PublicKey>,
    pub(crate) page_rows: usize,
    /// Whether its pages are packed where the device takes that.
    pub(crate) packs: bool,
    /// What happens to a packed segment before it is unpacked.
    pub(crate) spoils: fn(&mut Vec<u8>),
    bytes: BTreeMap<ChangeHash, (Author, u64, Vec<u8>)>,
    /// The hashes of journal entries, by author and number.
    pub(crate) heads: BTreeMap<(Author, u64), EntryHash>,
    digest: Digest,
    known: RefCell<BTreeMap<PublicKey, AccountId>>,
}

impl Register for Office {
    fn policy(&self, household: &HouseholdId) -> Policy {
        match (self.closed.contains(household), self.foreign.contains(household)) {
            (true, _) => Policy::Holds(Hold::DocumentClosed),
            (false, true) => Policy::Holds(Hold::OutOfScope),
            (false, false) => Policy::Allows,
        }
    }

    fn own(&self, household: &HouseholdId) -> Vec<(ChangeHash, Verdict)> {
        let of_asking = |(of, hash): &(HouseholdId, ChangeHash)| {
            of == household && self.writers.get(&(*of, *hash)).copied() == self.asking
        };
        self.refused.iter().filter(|(of, _)| of_asking(of)).map(|((_, hash), verdict)| (*hash, *verdict)).collect()
    }

    fn earlier(&self, household: &HouseholdId, change: &ChangeHash) -> Option<Verdict> {
        self.refused.get(&(*household, *change)).copied()
    }

    fn is_elsewhere(&self, household: &HouseholdId, change: &ChangeHash) -> bool {
        self.histories.iter().any(|(other, history)| other != household && history.knows(change))
    }
}

impl Office {
    pub(crate) fn new() -> Self {
        Self {
            key: SigningKey::from_bytes(&[5; 32]),
            generation: 77,
            rows: Vec::new(),
            histories: BTreeMap::new(),
            refused: BTreeMap::new(),
            closed: BTreeSet::new(),
            foreign: BTreeSet::new(),
            writers: BTreeMap::new(),
            asking: None,
            page_rows: 1_000,
            packs: true,
            spoils: |_| {},
            bytes: BTreeMap::new(),
            heads: BTreeMap::new(),
            digest: Digest::default(),
            known: RefCell::default(),
        }
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn enrol(&self, author: Author) {
        self.known.borrow_mut().insert(author.key, author.account);
    }

    /// Answers a request; `who` is what the token said.
    pub(crate) fn exchange(&mut self, who: PublicKey, request: &[u8]) -> Vec<u8> {
        assert_eq!(fits("request", request), Ok(()));
        let request = Request::from_bytes(request).unwrap();
        let segments = request.segments.iter().map(|bytes| self.take(who, bytes)).collect();
        let cursor = self.cursor(&request);
        let rows = self.rows.len() as u64;
        let page = cursor.and_then(|cursor| self.page(cursor, who, request.epoch));
        let more = page.as_ref().is_some_and(|(page, _)| page.head.cursor.position < rows);
        let packed = page.as_ref().filter(|_| self.packs && request.version > 1 && request.as_bytes.is_none());
        let packed = packed.and_then(|(page, own)| page.packed(own, &mut self.documents()));
        let plain = page.filter(|_| packed.is_none()).map(|(page, own)| without_own(page, &own));
        let response = Response {
            pages: plain.into_iter().collect(),
            more,
            assigned: (request.version == 1 || request.scopes.is_empty()).then(|| vec![scope()]),
            packed: packed.map(|packed| vec![packed.into()]),
            name_scopes: cursor.is_none().then_some(true),
            ..Response::answering(request.version, segments, 1_790_000_000_000)
        };
        let bytes = response.to_bytes();
        assert_eq!(fits("response", &bytes), Ok(()));
        bytes
    }

    /// How far the device has read; `None` when it has to say so.
    fn cursor(&self, request: &Request) -> Option<Cursor> {
        let here = Cursor { generation: self.generation, position: self.rows.len() as u64 };
        match request.holding {
            None => Some(request.scopes.first().map(|asked| asked.cursor).unwrap_or_default()),
            Some(hash) => (hash == holding(&[self.end(here)])).then_some(here),
        }
    }

    fn end(&self, cursor: Cursor) -> LogEnd {
        LogEnd {
            at: ScopeCursor { scope: scope(), cursor },
            row: Some(self.row_hash(cursor.position)).filter(|_| cursor.position > 0),
        }
    }

    fn documents(&self) -> Documents {
        Documents::new(scope().round, vec![form()], self.histories.clone())
    }

    fn take(&mut self, who: PublicKey, bytes: &[u8]) -> SegmentAnswer {
        let opened = match Packed::is_packed(bytes) {
            true => match self.unpack(who, bytes) {
                Err(UnpackFault::Mismatch(places)) => return SegmentAnswer::SendBytes(places),
                Err(UnpackFault::Segment(fault)) => Err(fault),
                Ok(segment) => Ok(segment),
            },
            false => Segment::open(bytes),
        };
        let segment = match opened {
            Ok(segment) => segment,
            Err(fault) => return SegmentAnswer::Refused(fault.slug().into()),
        };
        if !self.known.borrow().contains_key(&segment.author().key) {
            return SegmentAnswer::Refused("device/unknown".into());
        }
        self.asking = Some(segment.author().key);
        let entries = segment.entries().iter();
        self.heads.extend(entries.map(|entry| ((*segment.author(), entry.number), entry.hash())));
        let mut documents = BTreeMap::new();
        for household in authority::households(&segment) {
            documents.insert(household, self.document(household));
        }
        let effects = authority::decide(&segment, &mut documents, self);
        let verdicts = effects.iter().map(Effect::verdict).collect();
        let numbered = segment.entries().iter().map(|entry| entry.number).zip(effects);
        numbered.for_each(|(number, effect)| self.carry_out(effect, (*segment.author(), number)));
        SegmentAnswer::Taken(verdicts)
    }

    fn unpack(&self, who: PublicKey, bytes: &[u8]) -> Result<Segment, UnpackFault> {
        let mut bytes = bytes.to_vec();
        (self.spoils)(&mut bytes);
        let packed = Packed::read(&bytes, &[form()]).map_err(|_| UnpackFault::Mismatch(Vec::new()))?;
        let account = self.known.borrow().get(&who).copied().unwrap_or(AccountId(0));
        let author = Author { key: who, account, epoch: packed.epoch() };
        let ids: Vec<_> = packed.households().iter().map(|named| named.find(self.histories.keys().copied())).collect();
        let documents = ids.iter().flatten().map(|id| (*id, self.document(*id))).collect();
        let previous = packed.known_previous().and_then(|number| self.heads.get(&(author, number)).copied());
        let here = |cursor: &Cursor| cursor.generation == self.generation && cursor.position <= self.rows.len() as u64;
        let known = packed.known_beacons().into_iter().filter(here);
        let beacons = known.map(|cursor| (cursor, self.row_hash(cursor.position))).collect();
        packed.unpack(Unpacking { author, previous, beacons, ids, documents })
    }

    fn row_hash(&self, position: u64) -> RowHash {
        self.rows[..position as usize].iter().fold(origin(&scope(), self.generation), |hash, row| row.hash(&hash))
    }

    /// What is accepted of a household; an empty document where that is nothing.
    pub(crate) fn document(&self, household: HouseholdId) -> History {
        let genesis = Genesis { household, round: scope().round, form: form().version.clone() };
        self.histories.get(&household).cloned().unwrap_or_else(|| History::new(genesis, form()))
    }

    fn carry_out(&mut self, effect: Effect, author: (Author, u64)) {
        match effect {
            Effect::Accept(judged) => self.accept(judged, author),
            Effect::Hold(judged, hold) => self.refuse(judged, Verdict::Held(hold), author.0.key),
            Effect::Reject(judged, rejection, _) => self.refuse(judged, Verdict::Rejected(rejection), author.0.key),
            Effect::Supersede(judged) => self.refuse(judged, Verdict::Superseded, author.0.key),
            Effect::Stands(_) | Effect::Unproven(..) | Effect::Command(_) | Effect::Blob { .. } => {}
        }
    }

    fn accept(&mut self, judged: Judged, (author, number): (Author, u64)) {
        if let Entry::Vacant(vacant) = self.histories.entry(judged.household) {
            let genesis = Genesis { household: judged.household, round: scope().round, form: form().version.clone() };
            vacant.insert(History::new(genesis, form()));
            self.digest.add(&judged.household, &[]);
            self.row(judged.household, RowEvent::Entered);
        }
        let history = self.histories.get_mut(&judged.household).unwrap();
        let heads = |history: &History| if history.nodes().is_empty() { vec![] } else { history.heads().to_vec() };
        self.digest.remove(&judged.household, &heads(history));
        let (change, hash) = sync_protocol::change::parse(&judged.bytes).unwrap();
        let node = history.read(&change, hash).unwrap();
        let message = node.entry.message.clone();
        history.push(node);
        self.digest.add(&judged.household, &heads(history));
        self.bytes.insert(hash, (author, number, judged.bytes));
        self.row(judged.household, RowEvent::Change(hash));
        let open: Vec<ChangeHash> =
            self.own(&judged.household).into_iter().filter(|(_, v)| v.is_open()).map(|(hash, _)| hash).collect();
        for hash in rebase::replaced(message.as_deref(), &open) {
            self.decide(judged.household, hash, Verdict::Superseded);
        }
    }

    /// What a person decides, or the author has said again.
    pub(crate) fn decide(&mut self, household: HouseholdId, hash: ChangeHash, verdict: Verdict) {
        self.refused.insert((household, hash), verdict);
        self.row(household, RowEvent::Verdict { hash, verdict });
    }

    fn refuse(&mut self, judged: Judged, verdict: Verdict, by: PublicKey) {
        self.writers.insert((judged.household, judged.hash), by);
        self.refused.insert((judged.household, judged.hash), verdict);
        self.row(judged.household, RowEvent::Verdict { hash: judged.hash, verdict });
    }

    fn row(&mut self, household: HouseholdId, event: RowEvent) {
        let position = self.rows.len() as u64 + 1;
        self.rows.push(Row { position, written_at_ms: 1_790_000_000_000, household, event });
    }

    /// A page with the bytes of all its changes, and which of them are the device's own.
    fn page(&self, cursor: Cursor, who: PublicKey, epoch: u32) -> Option<(Page, Vec<Option<u64>>)> {
        let generation = self.generation;
        let after = if cursor.generation == generation { cursor } else { Cursor { generation, position: 0 } };
        let rows: Vec<Row> = self.rows[after.position as usize..].iter().take(self.page_rows).cloned().collect();
        let last = rows.last()?.position;
        let hashes: Vec<ChangeHash> = rows.iter().filter_map(changed).collect();
        let changes = hashes.iter().map(|hash| self.bytes[hash].2.clone().into()).collect();
        let is_own = |(author, number): (&Author, u64)| {
            let own = author.key == who && author.epoch == epoch;
            own.then_some(number)
        };
        let own = hashes.iter().map(|hash| is_own((&self.bytes[hash].0, self.bytes[hash].1))).collect();
        // A digest is only known for the end of the log; pages before it are checked by the rows' chain.
        let head = SignedHead::sign(
            scope(),
            Cursor { generation, position: last },
            self.row_hash(last),
            &self.digest_at(last),
            &self.key,
        );
        Some((Page { scope: scope(), after, changes, rows, head }, own))
    }

    fn digest_at(&self, last: u64) -> Digest {
        let mut digest = Digest::default();
        let mut heads: BTreeMap<HouseholdId, Vec<ChangeHash>> = BTreeMap::new();
        for row in &self.rows[..last as usize] {
            match row.event {
                RowEvent::Entered => {
                    digest.add(&row.household, &[]);
                    heads.insert(row.household, Vec::new());
                }
                RowEvent::Change(hash) => {
                    let heads = heads.get_mut(&row.household).unwrap();
                    digest.remove(&row.household, heads);
                    let node = self.histories[&row.household].node(&hash).unwrap();
                    heads.retain(|head| !node.entry.deps.contains(head));
                    heads.push(hash);
                    digest.add(&row.household, heads);
                }
                RowEvent::Verdict { .. } | RowEvent::Left => {}
            }
        }
        digest
    }
}

fn changed(row: &Row) -> Option<ChangeHash> {
    match &row.event {
        RowEvent::Change(hash) => Some(*hash),
        RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
    }
}

/// The page as it goes plain: without the bytes that the device has.
fn without_own(mut page: Page, own: &[Option<u64>]) -> Page {
    let own = page.changes.iter_mut().zip(own).filter(|(_, own)| own.is_some());
    own.for_each(|(bytes, _)| *bytes = Vec::new().into());
    page
}
