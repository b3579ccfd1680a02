//! A server in memory: the smallest store that the authority can work with, for tests of the exchange.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use schemas::ids::{HouseholdId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::authority::{self, Effect, Judged, Register};
use sync_protocol::gate::Policy;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::history::History;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, Digest, Row, RowEvent, SignedHead, origin};
use sync_protocol::message::{MESSAGE_VERSION, Page, Request, Response, SegmentAnswer};
use sync_protocol::segment::Segment;
use sync_protocol::verdict::{Hold, Verdict};

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
    pub(crate) page_rows: usize,
    bytes: BTreeMap<ChangeHash, (Author, Vec<u8>)>,
    digest: Digest,
    known: RefCell<BTreeSet<PublicKey>>,
}

impl Register for Office {
    fn policy(&self, household: &HouseholdId) -> Policy {
        match self.closed.contains(household) {
            true => Policy::Holds(Hold::DocumentClosed),
            false => Policy::Allows,
        }
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
            page_rows: 1_000,
            bytes: BTreeMap::new(),
            digest: Digest::default(),
            known: RefCell::default(),
        }
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn enrol(&self, key: PublicKey) {
        self.known.borrow_mut().insert(key);
    }

    /// Answers a request; `who` is what the token said.
    pub(crate) fn exchange(&mut self, who: PublicKey, request: &[u8]) -> Vec<u8> {
        let request = Request::from_bytes(request).unwrap();
        let segments = request.segments.iter().map(|bytes| self.take(bytes)).collect();
        let cursor = request.scopes.first().map(|asked| asked.cursor);
        let page = cursor.and_then(|cursor| self.page(cursor, who, request.epoch));
        let more = page.as_ref().is_some_and(|page| page.head.cursor.position < self.rows.len() as u64);
        let response = Response {
            version: MESSAGE_VERSION,
            server_ms: 1_790_000_000_000,
            segments,
            pages: page.into_iter().collect(),
            more,
            assigned: vec![scope()],
        };
        response.to_bytes()
    }

    fn take(&mut self, bytes: &[u8]) -> SegmentAnswer {
        let segment = match Segment::open(bytes) {
            Ok(segment) => segment,
            Err(fault) => return SegmentAnswer::Refused(fault.slug().into()),
        };
        if !self.known.borrow().contains(&segment.author().key) {
            return SegmentAnswer::Refused("device/unknown".into());
        }
        let mut documents = BTreeMap::new();
        for household in authority::households(&segment) {
            let known = self.histories.get(&household).cloned();
            let founded = || authority::found(&segment, household, &segment.scope().round, &[form()]).unwrap();
            documents.insert(household, known.unwrap_or_else(founded));
        }
        let effects = authority::decide(&segment, &mut documents, self);
        let verdicts = effects.iter().map(Effect::verdict).collect();
        effects.into_iter().for_each(|effect| self.carry_out(effect, *segment.author()));
        SegmentAnswer::Taken(verdicts)
    }

    fn carry_out(&mut self, effect: Effect, author: Author) {
        match effect {
            Effect::Accept(judged) => self.accept(judged, author),
            Effect::Hold(judged, hold) => self.refuse(judged, Verdict::Held(hold)),
            Effect::Reject(judged, rejection, _) => self.refuse(judged, Verdict::Rejected(rejection)),
            Effect::Stands(_) | Effect::Unproven(..) | Effect::Command(_) | Effect::Blob { .. } => {}
        }
    }

    fn accept(&mut self, judged: Judged, author: Author) {
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
        history.push(node);
        self.digest.add(&judged.household, &heads(history));
        self.bytes.insert(hash, (author, judged.bytes));
        self.row(judged.household, RowEvent::Change(hash));
    }

    fn refuse(&mut self, judged: Judged, verdict: Verdict) {
        self.refused.insert((judged.household, judged.hash), verdict);
        self.row(judged.household, RowEvent::Verdict { hash: judged.hash, verdict });
    }

    fn row(&mut self, household: HouseholdId, event: RowEvent) {
        let position = self.rows.len() as u64 + 1;
        self.rows.push(Row { position, written_at_ms: 1_790_000_000_000, household, event });
    }

    fn page(&self, cursor: Cursor, who: PublicKey, epoch: u32) -> Option<Page> {
        let generation = self.generation;
        let after = if cursor.generation == generation { cursor } else { Cursor { generation, position: 0 } };
        let rows: Vec<Row> = self.rows[after.position as usize..].iter().take(self.page_rows).cloned().collect();
        let last = rows.last()?.position;
        let changes = rows.iter().filter_map(|row| match &row.event {
            RowEvent::Change(hash) => {
                let (author, bytes) = &self.bytes[hash];
                let own = author.key == who && author.epoch == epoch;
                Some(if own { Vec::new().into() } else { bytes.clone().into() })
            }
            RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
        });
        let row_hash =
            self.rows[..last as usize].iter().fold(origin(&scope(), generation), |hash, row| row.hash(&hash));
        // A digest is only known for the end of the log; pages before it are checked by the rows' chain.
        let head = SignedHead::sign(
            scope(),
            Cursor { generation, position: last },
            row_hash,
            &self.digest_at(last),
            &self.key,
        );
        Some(Page { scope: scope(), after, changes: changes.collect(), rows, head })
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
