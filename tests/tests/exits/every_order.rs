//! Every order in which two devices' changes can arrive, be held, let in, said again by their author or by a reviewer, or
//! left out, breadth first.
//!
//! The rules are the real ones: the authority, the gate, what waits and is looked at again, what is salvaged, and which
//! verdicts are open. Only their storage is a map here. States with the same verdicts are visited once: what the office has
//! said in its own name, and in which order, is not told apart. What an author says again is drafted on what the server
//! has at one moment and arrives at any later one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use house_tests::simulation::memory::may_become;
use schemas::form::{Form, FormVersion};
use schemas::ids::{AccountId, HouseholdId, UnitId};
use schemas::value::Value;
use server::standards::Standards;
use sync_protocol::actor::Author;
use sync_protocol::authority::{self, Effect, Register, Waiting};
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::gate::{self, Admission, Candidate, Fate, Policy};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ActorId, ChangeHash, PublicKey};
use sync_protocol::history::History;
use sync_protocol::journal::{Body, JournalHead, Scope};
use sync_protocol::rebase;
use sync_protocol::salvage;
use sync_protocol::segment::{Payload, Segment};
use sync_protocol::verdict::{Hold, Rejection, Verdict};

const HOUSEHOLD: HouseholdId = HouseholdId([1; 16]);

fn form() -> Arc<Form> {
    Standards::shipped().unwrap().form(&FormVersion("vn-2022-2025/1".to_owned())).unwrap().clone()
}

fn empty(form: &Arc<Form>) -> History {
    let genesis = Genesis { household: HOUSEHOLD, round: "2026-dinh-ky".parse().unwrap(), form: form.version.clone() };
    History::new(genesis, form.clone())
}

fn scope() -> Scope {
    Scope { village: UnitId(1), round: "2026-dinh-ky".parse().unwrap() }
}

fn author(n: u8) -> Author {
    in_epoch(n, 1)
}

fn in_epoch(n: u8, epoch: u32) -> Author {
    let key = SigningKey::from_bytes(&[n; 32]).verifying_key().to_bytes();
    Author { key: PublicKey(key), account: AccountId(n.into()), epoch }
}

/// A change of a device.
#[derive(Clone)]
struct Written {
    hash: ChangeHash,
    bytes: Vec<u8>,
    actor: ActorId,
    account: AccountId,
}

impl Written {
    fn waiting(&self) -> Waiting {
        Waiting { hash: self.hash, bytes: self.bytes.clone(), actor: self.actor }
    }
}

/// What two devices have written, and every run of their journals that can arrive.
struct World {
    changes: Vec<Written>,
    segments: Vec<Segment>,
    empty: History,
}

/// A device's chain of changes, each on the one before it, wrong or not.
fn chain(n: u8, form: &Arc<Form>, writes: &[(&str, Value)]) -> (Vec<Written>, Vec<Segment>) {
    let (author, mut history, mut journal) = (author(n), empty(form), JournalHead::default());
    let (mut changes, mut entries) = (Vec::new(), Vec::new());
    for (key, value) in writes {
        let writes = BTreeMap::from([(Slot::Answer(key.parse().unwrap()), Write::Put(value.clone()))]);
        let draft = history.draft(history.heads(), author.actor(), 0, None, &writes).unwrap();
        let bytes = draft.encode().unwrap();
        let (expanded, hash) = change::parse(&bytes).unwrap();
        let node = history.read(&expanded, hash).unwrap();
        history.push(node);
        entries.push(journal.append(None, 0, 0, Body::Change { household: HOUSEHOLD, hash }));
        changes.push(Written { hash, bytes, actor: author.actor(), account: author.account });
    }
    let (scope, key) = (scope(), SigningKey::from_bytes(&[n; 32]));
    let runs = (0..entries.len()).flat_map(|from| (from + 1..=entries.len()).map(move |to| from..to));
    let sign = |run: std::ops::Range<usize>| {
        let payloads = changes[run.clone()].iter().map(|change| Payload::Raw(change.bytes.clone().into())).collect();
        Segment::sign(author, scope.clone(), entries[run].to_vec(), payloads, &key)
    };
    let segments = runs.map(sign).collect();
    (changes, segments)
}

/// Lan's village is taken away and given back; the last but one of minh's changes is faulty, and his last builds on it. Of
/// each there are so many, at most three.
fn world(count: usize) -> World {
    let form = form();
    let lan = [("floor_area", Value::Int(40)), ("tv", Value::Bool(true)), ("radio", Value::Bool(true))];
    let minh = [("floor_area", Value::Int(50)), ("internet", Value::Int(1)), ("laptop", Value::Bool(true))];
    let ((mut changes, mut segments), (others, more)) =
        (chain(1, &form, &lan[..count]), chain(2, &form, &minh[3 - count..]));
    changes.extend(others);
    segments.extend(more);
    World { changes, segments, empty: empty(&form) }
}

/// What the server has: a document, and a verdict for each change that came; and what authors say again.
#[derive(Clone)]
struct State {
    lan_is_assigned: bool,
    verdicts: BTreeMap<ChangeHash, Verdict>,
    history: History,
    again: BTreeMap<u8, Again>,
}

/// What an author says again, once.
#[derive(Clone)]
struct Again {
    written: Written,
    segment: Segment,
    names: Vec<ChangeHash>,
}

/// The state as the author of a segment meets it.
struct Asked<'a>(&'a State, AccountId, &'a World);

impl Register for Asked<'_> {
    fn policy(&self, _: &HouseholdId) -> Policy {
        self.0.policy_for(self.1)
    }

    fn earlier(&self, _: &HouseholdId, change: &ChangeHash) -> Option<Verdict> {
        self.0.verdicts.get(change).copied().filter(|verdict| !counts(*verdict))
    }

    fn own(&self, _: &HouseholdId) -> Vec<(ChangeHash, Verdict)> {
        self.0.own(self.1, self.2)
    }

    fn is_elsewhere(&self, _: &HouseholdId, _: &ChangeHash) -> bool {
        false
    }
}

fn counts(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Accepted | Verdict::Released)
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Arrives(usize),
    LanIsAssigned(bool),
    Release(usize),
    Salvage(usize),
    SetAside(usize),
    /// An author reads the verdicts and says again what was turned away.
    SaysAgain(u8),
    /// That arrives.
    AgainArrives(u8),
}

impl State {
    fn new(world: &World) -> Self {
        let history = world.empty.clone();
        Self { lan_is_assigned: true, verdicts: BTreeMap::new(), history, again: BTreeMap::new() }
    }

    fn policy_for(&self, account: AccountId) -> Policy {
        match self.lan_is_assigned || account != author(1).account {
            true => Policy::Allows,
            false => Policy::Holds(Hold::OutOfScope),
        }
    }

    /// Every change that there is.
    fn changes<'a>(&'a self, world: &'a World) -> impl Iterator<Item = &'a Written> {
        world.changes.iter().chain(self.again.values().map(|again| &again.written))
    }

    /// The verdicts of what an author has sent that is not in the document.
    fn own(&self, account: AccountId, world: &World) -> Vec<(ChangeHash, Verdict)> {
        let of_author = self.changes(world).filter(|change| change.account == account);
        let judged = of_author.filter_map(|change| Some((change.hash, *self.verdicts.get(&change.hash)?)));
        judged.filter(|(_, verdict)| !counts(*verdict)).collect()
    }

    fn after(&self, event: Event, world: &World) -> Option<Self> {
        let mut next = self.clone();
        match event {
            Event::Arrives(segment) => next.take(&world.segments[segment], world),
            Event::LanIsAssigned(assigned) if assigned == self.lan_is_assigned => return None,
            Event::LanIsAssigned(assigned) => next.lan_is_assigned = assigned,
            Event::Release(at) | Event::Salvage(at) | Event::SetAside(at) => {
                let change = self.changes(world).nth(at)?.clone();
                if !self.verdicts.get(&change.hash)?.is_open() {
                    return None;
                }
                let verdict = next.exit(event, &change)?;
                next.verdicts.insert(change.hash, verdict);
                if verdict == Verdict::Released {
                    next.follow(vec![change], world);
                }
            }
            Event::SaysAgain(n) if self.again.contains_key(&n) => return None,
            Event::SaysAgain(n) => {
                next.again.insert(n, self.said_again(n, world)?);
            }
            Event::AgainArrives(n) => next.take(&self.again.get(&n)?.segment, world),
        }
        Some(next)
    }

    fn take(&mut self, segment: &Segment, world: &World) {
        let mut documents = BTreeMap::from([(HOUSEHOLD, self.history.clone())]);
        let effects = authority::decide(segment, &mut documents, &Asked(self, segment.author().account, world));
        self.history = documents.remove(&HOUSEHOLD).unwrap();
        let mut accepted = Vec::new();
        for effect in effects {
            match effect {
                Effect::Accept(judged) => {
                    accepted.extend(self.changes(world).find(|change| change.hash == judged.hash).cloned());
                    self.verdicts.insert(judged.hash, Verdict::Accepted)
                }
                Effect::Hold(judged, hold) => self.verdicts.insert(judged.hash, Verdict::Held(hold)),
                Effect::Reject(judged, rejection, _) => self.verdicts.insert(judged.hash, Verdict::Rejected(rejection)),
                Effect::Supersede(judged) => self.verdicts.insert(judged.hash, Verdict::Superseded),
                Effect::Stands(_) => None,
                Effect::Unproven(..) | Effect::Command(_) | Effect::Blob { .. } => panic!("an honest device sent this"),
            };
        }
        if !accepted.is_empty() {
            self.follow(accepted, world);
        }
    }

    /// As the server does when a document moves on: what waited for its past is looked at again, each change under its own
    /// author, and what was said again comes to its end.
    fn follow(&mut self, mut admitted: Vec<Written>, world: &World) {
        let held = [Verdict::Held(Hold::MissingDependency), Verdict::Held(Hold::BuildsOnHeld)];
        let waits = |change: &&Written| self.verdicts.get(&change.hash).is_some_and(|verdict| held.contains(verdict));
        let waiting: Vec<Written> = self.changes(world).filter(waits).cloned().collect();
        let asked: Vec<Waiting> = waiting.iter().map(Written::waiting).collect();
        let by = |hash: ChangeHash| waiting.iter().find(|change| change.hash == hash).unwrap();
        let state = self.clone();
        let looked = authority::reconsider(&mut self.history, asked, |change, entry| {
            let account = by(change.hash).account;
            match authority::is_decided(entry, || state.own(account, world)) {
                true => Policy::Holds(Hold::AlreadyDecided),
                false => state.policy_for(account),
            }
        });
        for (change, verdict, _) in looked.judged {
            self.verdicts.insert(change.hash, verdict);
        }
        for change in looked.admitted {
            self.verdicts.insert(change.hash, Verdict::Accepted);
            admitted.push(by(change.hash).clone());
        }
        for change in admitted {
            let message = self.history.node(&change.hash).unwrap().entry.message.clone();
            let open = self.own(change.account, world).into_iter().filter(|(_, verdict)| verdict.is_open());
            let open: Vec<ChangeHash> = open.map(|(hash, _)| hash).collect();
            for hash in rebase::replaced(message.as_deref(), &open) {
                self.verdicts.insert(hash, Verdict::Superseded);
            }
        }
    }

    /// What an author says again, on what the server has accepted now; `None` when there is nothing.
    fn said_again(&self, n: u8, world: &World) -> Option<Again> {
        let author = in_epoch(n, 2);
        let turned_away = |(_, verdict): &(ChangeHash, Verdict)| {
            *verdict != Verdict::Rejected(Rejection::ByReviewer)
                && (matches!(verdict, Verdict::Rejected(_))
                    || matches!(verdict, Verdict::Held(Hold::BuildsOnHeld | Hold::MissingDependency)))
        };
        let own = self.own(author.account, world).into_iter().filter(turned_away);
        let names: Vec<ChangeHash> = own.map(|(hash, _)| hash).collect();
        let named = world.changes.iter().filter(|change| names.contains(&change.hash));
        let wanted = named.filter_map(|change| salvage::wanted(&self.history, &change.bytes));
        let mut writes: BTreeMap<Slot, Write> = wanted.flat_map(|wanted| wanted.writes).collect();
        writes.remove(&Slot::Answer("internet".parse().unwrap()));
        let message = Some(rebase::message(&names));
        let draft = self.history.draft(self.history.heads(), author.actor(), 0, message, &writes)?;
        let bytes = draft.encode()?;
        let (_, hash) = change::parse(&bytes).unwrap();
        let entry = JournalHead::default().append(None, 0, 0, Body::Change { household: HOUSEHOLD, hash });
        let payload = Payload::Raw(bytes.clone().into());
        let segment = Segment::sign(author, scope(), vec![entry], vec![payload], &SigningKey::from_bytes(&[n; 32]));
        let written = Written { hash, bytes, actor: author.actor(), account: author.account };
        Some(Again { written, segment, names })
    }

    /// The verdict that an exit gives; `None` when it is refused.
    fn exit(&mut self, event: Event, change: &Written) -> Option<Verdict> {
        match event {
            Event::Release(_) => {
                let waiting = change.waiting();
                let looked = authority::reconsider(&mut self.history, vec![waiting], |_, _| Policy::Allows);
                (!looked.admitted.is_empty()).then_some(Verdict::Released)
            }
            Event::Salvage(_) => {
                let wanted = salvage::wanted(&self.history, &change.bytes)?;
                let actor = author(9).actor();
                let draft = self.history.draft(self.history.heads(), actor, 0, None, &wanted.writes)?;
                let bytes = draft.encode()?;
                let (_, hash) = change::parse(&bytes).ok()?;
                match gate::judge(&self.history, Candidate { bytes: &bytes, hash, actor }, Policy::Allows, |_| {
                    Fate::Unknown
                }) {
                    Admission::Admitted(node) => self.history.push(*node),
                    Admission::Known | Admission::Held(..) | Admission::Rejected(..) | Admission::Unproven(..) => {
                        return None;
                    }
                }
                Some(Verdict::Superseded)
            }
            Event::SetAside(_) => Some(Verdict::Rejected(Rejection::ByReviewer)),
            Event::Arrives(_) | Event::LanIsAssigned(_) | Event::SaysAgain(_) | Event::AgainArrives(_) => None,
        }
    }

    fn key(&self) -> Key {
        let verdict = |hash: &ChangeHash| self.verdicts.get(hash).copied();
        let again = self.again.iter().map(|(n, again)| (*n, again.names.clone(), verdict(&again.written.hash)));
        let mut verdicts = self.verdicts.clone();
        self.again.values().for_each(|again| {
            verdicts.remove(&again.written.hash);
        });
        (self.lan_is_assigned, verdicts, again.collect())
    }

    /// The devices' changes that the document holds.
    fn accepted(&self, world: &World) -> BTreeSet<ChangeHash> {
        self.changes(world).map(|change| change.hash).filter(|hash| self.history.knows(hash)).collect()
    }
}

/// What tells states apart.
type Key = (bool, BTreeMap<ChangeHash, Verdict>, Vec<(u8, Vec<ChangeHash>, Option<Verdict>)>);

fn events(world: &World, authors: &[u8]) -> Vec<Event> {
    let changes = 0..world.changes.len() + authors.len();
    let arrives = (0..world.segments.len()).map(Event::Arrives);
    let exits = changes.flat_map(|at| [Event::Release(at), Event::Salvage(at), Event::SetAside(at)]);
    let again = authors.iter().flat_map(|n| [Event::SaysAgain(*n), Event::AgainArrives(*n)]);
    let moves = [Event::LanIsAssigned(false), Event::LanIsAssigned(true)];
    arrives.chain(moves).chain(exits).chain(again).collect()
}

/// What must hold of every step.
fn check(before: &State, event: Event, after: &State, world: &World) {
    for (hash, verdict) in &before.verdicts {
        let now = after.verdicts.get(hash).copied();
        assert!(now.is_some_and(|now| may_become(*verdict, now)), "{event:?} took {hash} from {verdict:?} to {now:?}");
    }
    let accepted: BTreeSet<ChangeHash> =
        after.verdicts.iter().filter(|(_, verdict)| counts(**verdict)).map(|(hash, _)| *hash).collect();
    assert_eq!(accepted, after.accepted(world), "{event:?}: the document holds what was not accepted");
    match event {
        Event::Arrives(segment) => {
            let sent = changes_of(&world.segments[segment]);
            assert!(sent.iter().all(|hash| after.verdicts.contains_key(hash)), "{event:?} lost a change");
        }
        Event::AgainArrives(n) => check_again(before, &before.again[&n], after),
        Event::LanIsAssigned(_) | Event::Release(_) | Event::Salvage(_) | Event::SetAside(_) | Event::SaysAgain(_) => {}
    }
}

/// What an author says again has a verdict; let in, it ends everything it stands for; and it is not let in by itself once
/// somebody has decided on any of that.
fn check_again(before: &State, again: &Again, after: &State) {
    let verdict = after.verdicts[&again.written.hash];
    let closed = |hash: &ChangeHash| {
        let stood = before.verdicts.get(hash).copied();
        stood.is_some_and(|verdict| !verdict.is_open() && !counts(verdict))
    };
    let is_new = !before.verdicts.contains_key(&again.written.hash);
    if is_new && again.names.iter().any(closed) {
        assert!(!counts(verdict), "said again over somebody's decision");
    }
    if is_new && counts(verdict) {
        assert!(again.names.iter().all(|hash| !after.verdicts[hash].is_open()), "said again and still open");
    }
}

fn changes_of(segment: &Segment) -> Vec<ChangeHash> {
    let entries = segment.entries().iter();
    entries.filter_map(|entry| if let Body::Change { hash, .. } = entry.body { Some(hash) } else { None }).collect()
}

/// Visits every state; returns how many there are and every verdict that was reached.
fn explore(world: &World, authors: &[u8]) -> (usize, BTreeSet<Verdict>) {
    let events = events(world, authors);
    let first = State::new(world);
    let mut seen = BTreeSet::from([first.key()]);
    let mut queue = VecDeque::from([first]);
    let mut ends = BTreeSet::new();
    while let Some(state) = queue.pop_front() {
        for event in &events {
            let Some(next) = state.after(*event, world) else { continue };
            check(&state, *event, &next, world);
            ends.extend(next.verdicts.values().copied());
            if seen.insert(next.key()) {
                queue.push_back(next);
            }
        }
    }
    (seen.len(), ends)
}

#[test]
fn no_order_of_events_loses_a_change_or_takes_two_exits() {
    let (states, ends) = explore(&world(3), &[]);
    let reached = [
        Verdict::Accepted,
        Verdict::Released,
        Verdict::Superseded,
        Verdict::Held(Hold::OutOfScope),
        Verdict::Held(Hold::MissingDependency),
        Verdict::Held(Hold::BuildsOnHeld),
        Verdict::Rejected(Rejection::WrongType),
        Verdict::Rejected(Rejection::ByReviewer),
    ];
    assert_eq!(ends, reached.into(), "after {states} states");
    assert!(states > 5_000, "only {states} states: events do not reach each other");
}

#[test]
fn no_order_with_work_said_again_loses_a_change_or_takes_two_exits() {
    let (states, ends) = explore(&world(2), &[1, 2]);
    assert!(ends.contains(&Verdict::Held(Hold::AlreadyDecided)), "{ends:?} after {states} states");
    assert!(ends.contains(&Verdict::Superseded) && ends.contains(&Verdict::Released));
    assert!(states > 2_000, "only {states} states: events do not reach each other");
}
