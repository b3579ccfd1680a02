//! Every order in which two devices' changes can arrive, be held, let in, said again or left out, breadth first.
//!
//! The rules are the real ones: the authority, the gate, what waits and is looked at again, what is salvaged, and which
//! verdicts are open. Only their storage is a map here. States with the same verdicts are visited once: what the office has
//! said in its own name, and in which order, is not told apart.

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

fn author(n: u8) -> Author {
    let key = SigningKey::from_bytes(&[n; 32]).verifying_key().to_bytes();
    Author { key: PublicKey(key), account: AccountId(n.into()), epoch: 1 }
}

/// A change of a device.
struct Written {
    hash: ChangeHash,
    bytes: Vec<u8>,
    actor: ActorId,
    account: AccountId,
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
    let (scope, key) =
        (Scope { village: UnitId(1), round: "2026-dinh-ky".parse().unwrap() }, SigningKey::from_bytes(&[n; 32]));
    let runs = (0..entries.len()).flat_map(|from| (from + 1..=entries.len()).map(move |to| from..to));
    let sign = |run: std::ops::Range<usize>| {
        let payloads = changes[run.clone()].iter().map(|change| Payload::Raw(change.bytes.clone().into())).collect();
        Segment::sign(author, scope.clone(), entries[run].to_vec(), payloads, &key)
    };
    let segments = runs.map(sign).collect();
    (changes, segments)
}

/// Lan's village is taken away and given back; the second of minh's changes is faulty, and his third builds on it.
fn world() -> World {
    let form = form();
    let lan = [("floor_area", Value::Int(40)), ("tv", Value::Bool(true)), ("radio", Value::Bool(true))];
    let minh = [("floor_area", Value::Int(50)), ("internet", Value::Int(1)), ("laptop", Value::Bool(true))];
    let ((mut changes, mut segments), (others, more)) = (chain(1, &form, &lan), chain(2, &form, &minh));
    changes.extend(others);
    segments.extend(more);
    World { changes, segments, empty: empty(&form) }
}

/// What the server has: a document, and a verdict for each change that came.
#[derive(Clone)]
struct State {
    lan_is_assigned: bool,
    verdicts: BTreeMap<ChangeHash, Verdict>,
    history: History,
}

/// The state as the author of a segment meets it.
struct Asked<'a>(&'a State, AccountId);

impl Register for Asked<'_> {
    fn policy(&self, _: &HouseholdId) -> Policy {
        self.0.policy_for(self.1)
    }

    fn earlier(&self, _: &HouseholdId, change: &ChangeHash) -> Option<Verdict> {
        self.0.verdicts.get(change).copied().filter(|verdict| !matches!(verdict, Verdict::Accepted | Verdict::Released))
    }

    fn is_elsewhere(&self, _: &HouseholdId, _: &ChangeHash) -> bool {
        false
    }
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Arrives(usize),
    LanIsAssigned(bool),
    Release(usize),
    Salvage(usize),
    SetAside(usize),
}

impl State {
    fn policy_for(&self, account: AccountId) -> Policy {
        match self.lan_is_assigned || account != author(1).account {
            true => Policy::Allows,
            false => Policy::Holds(Hold::OutOfScope),
        }
    }

    fn after(&self, event: Event, world: &World) -> Option<Self> {
        let mut next = self.clone();
        match event {
            Event::Arrives(segment) => next.take(&world.segments[segment], world),
            Event::LanIsAssigned(assigned) if assigned == self.lan_is_assigned => return None,
            Event::LanIsAssigned(assigned) => next.lan_is_assigned = assigned,
            Event::Release(at) | Event::Salvage(at) | Event::SetAside(at) => {
                let change = &world.changes[at];
                if !self.verdicts.get(&change.hash)?.is_open() {
                    return None;
                }
                let verdict = next.exit(event, change)?;
                next.verdicts.insert(change.hash, verdict);
            }
        }
        Some(next)
    }

    fn take(&mut self, segment: &Segment, world: &World) {
        let mut documents = BTreeMap::from([(HOUSEHOLD, self.history.clone())]);
        let effects = authority::decide(segment, &mut documents, &Asked(self, segment.author().account));
        self.history = documents.remove(&HOUSEHOLD).unwrap();
        let accepted = effects.iter().any(|effect| matches!(effect, Effect::Accept(_)));
        for effect in effects {
            match effect {
                Effect::Accept(judged) => self.verdicts.insert(judged.hash, Verdict::Accepted),
                Effect::Hold(judged, hold) => self.verdicts.insert(judged.hash, Verdict::Held(hold)),
                Effect::Reject(judged, rejection, _) => self.verdicts.insert(judged.hash, Verdict::Rejected(rejection)),
                Effect::Stands(_) => None,
                Effect::Unproven(..) | Effect::Command(_) | Effect::Blob { .. } => panic!("an honest device sent this"),
            };
        }
        if accepted {
            self.look_again(segment.author().account, world);
        }
    }

    /// As intake does: what waited for a dependency is looked at again when its author's work moves the document on.
    fn look_again(&mut self, account: AccountId, world: &World) {
        let held = [Verdict::Held(Hold::MissingDependency), Verdict::Held(Hold::BuildsOnHeld)];
        let waits = |change: &&Written| self.verdicts.get(&change.hash).is_some_and(|verdict| held.contains(verdict));
        let waiting =
            |change: &Written| Waiting { hash: change.hash, bytes: change.bytes.clone(), actor: change.actor };
        let of_author = world.changes.iter().filter(|change| change.account == account);
        let waiting: Vec<Waiting> = of_author.filter(waits).map(waiting).collect();
        let policy = self.policy_for(account);
        for admitted in authority::reconsider(&mut self.history, waiting, |_| policy) {
            self.verdicts.insert(admitted.hash, Verdict::Accepted);
        }
    }

    /// The verdict that an exit gives; `None` when it is refused.
    fn exit(&mut self, event: Event, change: &Written) -> Option<Verdict> {
        match event {
            Event::Release(_) => {
                let waiting = Waiting { hash: change.hash, bytes: change.bytes.clone(), actor: change.actor };
                let admitted = authority::reconsider(&mut self.history, vec![waiting], |_| Policy::Allows);
                (!admitted.is_empty()).then_some(Verdict::Released)
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
            Event::Arrives(_) | Event::LanIsAssigned(_) => None,
        }
    }

    fn key(&self) -> (bool, BTreeMap<ChangeHash, Verdict>) {
        (self.lan_is_assigned, self.verdicts.clone())
    }

    /// The devices' changes that the document holds.
    fn accepted(&self, world: &World) -> BTreeSet<ChangeHash> {
        world.changes.iter().map(|change| change.hash).filter(|hash| self.history.knows(hash)).collect()
    }
}

fn events(world: &World) -> Vec<Event> {
    let changes = 0..world.changes.len();
    let arrives = (0..world.segments.len()).map(Event::Arrives);
    let exits = changes.flat_map(|at| [Event::Release(at), Event::Salvage(at), Event::SetAside(at)]);
    arrives.chain([Event::LanIsAssigned(false), Event::LanIsAssigned(true)]).chain(exits).collect()
}

/// What must hold of every step.
fn check(before: &State, event: Event, after: &State, world: &World) {
    for (hash, verdict) in &before.verdicts {
        let now = after.verdicts.get(hash).copied();
        assert!(now.is_some_and(|now| may_become(*verdict, now)), "{event:?} took {hash} from {verdict:?} to {now:?}");
    }
    let counts = |verdict: &Verdict| matches!(verdict, Verdict::Accepted | Verdict::Released);
    let accepted: BTreeSet<ChangeHash> =
        after.verdicts.iter().filter(|(_, verdict)| counts(verdict)).map(|(hash, _)| *hash).collect();
    assert_eq!(accepted, after.accepted(world), "{event:?}: the document holds what was not accepted");
    if let Event::Arrives(segment) = event {
        let sent = changes_of(&world.segments[segment]);
        assert!(sent.iter().all(|hash| after.verdicts.contains_key(hash)), "{event:?} lost a change");
    }
}

fn changes_of(segment: &Segment) -> Vec<ChangeHash> {
    let entries = segment.entries().iter();
    entries.filter_map(|entry| if let Body::Change { hash, .. } = entry.body { Some(hash) } else { None }).collect()
}

#[test]
fn no_order_of_events_loses_a_change_or_takes_two_exits() {
    let world = world();
    let events = events(&world);
    let first = State { lan_is_assigned: true, verdicts: BTreeMap::new(), history: world.empty.clone() };
    let mut seen = BTreeSet::from([first.key()]);
    let mut queue = VecDeque::from([first]);
    let mut ends = BTreeSet::new();
    while let Some(state) = queue.pop_front() {
        for event in &events {
            let Some(next) = state.after(*event, &world) else { continue };
            check(&state, *event, &next, &world);
            ends.extend(next.verdicts.values().copied());
            if seen.insert(next.key()) {
                queue.push_back(next);
            }
        }
    }
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
    assert_eq!(ends, reached.into(), "after {} states", seen.len());
    assert!(seen.len() > 10_000, "only {} states: events do not reach each other", seen.len());
}
