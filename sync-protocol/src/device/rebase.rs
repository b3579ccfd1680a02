//! Saying again what was not let in: a plan that a person looks at, then new changes on what the server has accepted.
//!
//! Nothing is written that nobody looked at: a plan shows each value beside what stood there when it was written and what
//! stands there now, and [`Device::rebase`] refuses a plan that is not the present one. Owns the comparison; how the new
//! changes name the old ones is [`crate::rebase`]'s.

use std::collections::{BTreeMap, BTreeSet};

use schemas::form::{Fault, Scope as Asked};
use schemas::ids::HouseholdId;

use super::document::{DeviceDocument, OwnChange, Standing};
use super::{Clocks, CommitError, Device, Record, View};
use crate::actor::Author;
use crate::change::{self, Op, Slot, Write};
use crate::hash::{ChangeHash, tagged};
use crate::history::{History, Past};
use crate::journal::{Body, Scope};
use crate::rebase::{self, MAX_NAMED};
use crate::verdict::{Hold, Rejection};

/// What an author can say again of a household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The household.
    pub household: HouseholdId,
    /// The values, by where they stand.
    pub items: Vec<Item>,
    /// The changes that they come from, oldest first.
    pub replaces: Vec<ChangeHash>,
    /// What the new changes will build on.
    pub base: Vec<ChangeHash>,
}

/// One value of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub slot: Slot,
    /// What stood there when it was written, of several values all; `None` when that is not known here any more.
    pub seen: Option<Vec<Write>>,
    /// What stands there now.
    pub accepted: Vec<Write>,
    /// What was written.
    pub own: Write,
    /// What can be done about it.
    pub state: ItemState,
    /// The change that wrote it last.
    from: ChangeHash,
}

/// What can be done about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// Its section is as it was when the value was written.
    Free,
    /// Its section says something else now: a person decides, seeing both.
    Changed,
    /// It stands there already.
    Stands,
    /// It cannot be said again: the form does not take it, or what it belongs to is not there.
    Impossible,
}

impl Plan {
    /// Its name: of the same changes on the same accepted heads there is one plan.
    pub fn id(&self) -> [u8; 8] {
        let count = (self.replaces.len() as u64).to_be_bytes();
        let hashes: Vec<u8> = self.replaces.iter().chain(&self.base).flat_map(|hash| hash.0).collect();
        let hash = tagged("rasoat plan 1", &[&self.household.0, &count, &hashes]);
        std::array::from_fn(|at| hash[at])
    }

    /// The slots of everything that can be said again.
    pub fn possible(&self) -> BTreeSet<Slot> {
        let possible = |item: &&Item| matches!(item.state, ItemState::Free | ItemState::Changed);
        self.items.iter().filter(possible).map(|item| item.slot.clone()).collect()
    }
}

/// The parts that a plan is made of.
struct Ground<'a> {
    /// The changes to be said again, oldest first, with what each writes.
    changes: Vec<(&'a OwnChange, Vec<Op>)>,
    /// What the new changes build on: what was accepted, and own work on its way there.
    base: History,
    /// Everything that fits together, whatever became of it.
    scratch: History,
}

impl Device {
    /// What can be said again of a household; `None` when nothing of its own was turned away.
    pub fn rebase_plan(&self, household: &HouseholdId) -> Option<Plan> {
        Some(self.ground(household)?.plan(*household))
    }

    /// Writes the taken values of a plan anew, in a new epoch where the present one has other work in the way, and puts
    /// the rest of it away. The plan must be as it was shown: nothing is overwritten that nobody saw.
    pub fn rebase(&mut self, plan: &Plan, take: &BTreeSet<Slot>, clocks: Clocks) -> Result<Vec<Record>, CommitError> {
        let Some(ground) = self.ground(&plan.household) else { return Err(CommitError::Nothing) };
        if ground.plan(plan.household) != *plan {
            return Err(CommitError::Stale);
        }
        let take = plan.with_makers(take)?;
        let document = self.documents.get(&plan.household).ok_or(CommitError::NoHousehold)?;
        let scope = document.scope.clone();
        if !self.scopes.contains_key(&scope) {
            return Err(CommitError::NoScope);
        }
        let fresh = self.needs_epoch(document, &ground.base);
        let author = Author { epoch: self.epoch + u32::from(fresh), ..self.author() };
        let messages = plan.messages(&take, document);
        let mut history = ground.base;
        let mut drafted = Vec::new();
        for (hash, message) in &messages {
            let writes = plan.writes(*hash, &take);
            let (node, bytes) = super::drafted(&history, author.actor(), &writes, Some(message.clone()), clocks)?;
            drafted.push((node.entry.hash, bytes));
            history.push(node);
        }
        let named: BTreeSet<ChangeHash> =
            messages.iter().flat_map(|(_, message)| rebase::replaced(Some(message), &plan.replaces)).collect();
        let let_go: Vec<ChangeHash> = plan.replaces.iter().filter(|hash| !named.contains(hash)).copied().collect();
        let begun = if fresh { self.begin_epoch() } else { Vec::new() };
        let mut records = self.appended(&scope, plan.household, drafted, clocks)?;
        records.splice(..0, begun);
        if !let_go.is_empty() {
            records.extend(self.applied(vec![Record::LetGo(let_go)]));
        }
        Ok(records)
    }

    /// Appends drafted changes to the journal.
    fn appended(
        &mut self,
        scope: &Scope,
        household: HouseholdId,
        drafted: Vec<(ChangeHash, Vec<u8>)>,
        clocks: Clocks,
    ) -> Result<Vec<Record>, CommitError> {
        let mut records = Vec::new();
        for (hash, bytes) in drafted {
            let body = Body::Change { household, hash };
            let entry = self.entry(scope, clocks, body).ok_or(CommitError::NoScope)?;
            let (epoch, scope) = (self.epoch, scope.clone());
            records.extend(self.applied(vec![Record::Own { epoch, scope, entry, change: Some(bytes.into()) }]));
        }
        Ok(records)
    }

    /// Whether the present epoch has written something here that the new changes will not build on: its next change would
    /// leave that out.
    fn needs_epoch(&self, document: &DeviceDocument, base: &History) -> bool {
        document.own.iter().any(|own| own.entry.0 == self.epoch && !base.knows(&own.hash))
    }

    fn ground(&self, household: &HouseholdId) -> Option<Ground<'_>> {
        let document = self.documents.get(household)?;
        // While a log is read anew, what was accepted is not all here yet.
        if document.is_read_anew() {
            return None;
        }
        let mut base = document.history(household, &self.forms, View::Accepted)?;
        let mut scratch = base.clone();
        let mut turned_away = Vec::new();
        for own in &document.own {
            let Ok((expanded, hash)) = change::parse(&own.bytes) else { continue };
            if let Ok(node) = scratch.read(&expanded, hash) {
                scratch.push(node);
            }
            let fitting = base.read(&expanded, hash).ok();
            match fitting {
                Some(node) if own.is_on_its_way() => base.push(node),
                fitting if own.is_turned_away(fitting.is_some()) => turned_away.push(own),
                Some(_) | None => {}
            }
        }
        let read = |own: &'_ OwnChange| scratch.ops_of(&own.bytes);
        let changes: Vec<_> = turned_away.into_iter().filter_map(|own| Some((own, read(own)?))).collect();
        (!changes.is_empty()).then_some(Ground { changes, base, scratch })
    }
}

impl OwnChange {
    /// Whether it belongs to what its author goes on from.
    fn is_on_its_way(&self) -> bool {
        !self.answered && matches!(self.standing, Standing::Waiting | Standing::Acknowledged)
    }

    /// Whether its author may say it again: it can never be let in as it is, or waits for something that is not. What only
    /// policy holds waits for a person at the office.
    fn is_turned_away(&self, fits: bool) -> bool {
        !self.answered
            && match self.standing {
                Standing::Rejected(Rejection::ByReviewer) | Standing::Acknowledged | Standing::Superseded => false,
                Standing::Rejected(_) | Standing::Refused => true,
                Standing::Waiting | Standing::Held(Hold::BuildsOnHeld | Hold::MissingDependency) => !fits,
                Standing::Held(_) => false,
            }
    }
}

impl Ground<'_> {
    fn plan(&self, household: HouseholdId) -> Plan {
        let mut last: BTreeMap<&Slot, (&OwnChange, &Op)> = BTreeMap::new();
        for (own, ops) in &self.changes {
            last.extend(ops.iter().map(|op| (&op.slot, (*own, op))));
        }
        // A settlement names what its author had seen: whoever still disagrees is asked anew.
        last.retain(|slot, _| !matches!(slot, Slot::Settled(_)));
        let items = last.values().map(|(own, op)| self.item(own, op, &last)).collect();
        let replaces = self.changes.iter().map(|(own, _)| own.hash).collect();
        Plan { household, items, replaces, base: self.base.heads().to_vec() }
    }

    fn item(&self, own: &OwnChange, op: &Op, last: &BTreeMap<&Slot, (&OwnChange, &Op)>) -> Item {
        let seen = self.seen(own);
        let here = self.base.whole();
        let accepted = self.base.writes_at(&op.slot, &here);
        let same = |seen: &Past| {
            let sections = self.base.sections_of(&op.slot);
            let section = |section| self.scratch.section(section, seen) == self.base.section(section, &here);
            self.scratch.writes_at(&op.slot, seen) == accepted && sections.iter().all(section)
        };
        let stands = accepted == [op.write.clone()] || (accepted.is_empty() && op.write == Write::Clear);
        let state = match stands {
            true => ItemState::Stands,
            false if !self.is_possible(op, &accepted, last) => ItemState::Impossible,
            false if seen.as_ref().is_some_and(same) => ItemState::Free,
            false => ItemState::Changed,
        };
        let seen = seen.map(|seen| self.scratch.writes_at(&op.slot, &seen));
        Item { slot: op.slot.clone(), seen, accepted, own: op.write.clone(), state, from: own.hash }
    }

    /// What the author of a change had seen apart from what is to be said again.
    fn seen(&self, own: &OwnChange) -> Option<Past> {
        let (mut heads, mut queue) = (BTreeSet::new(), deps(own)?);
        while let Some(dep) = queue.pop() {
            if self.scratch.knows(&dep) {
                heads.insert(dep);
                continue;
            }
            // It fits nowhere itself, but what its author had seen before it is known all the same.
            let (earlier, _) = self.changes.iter().find(|(earlier, _)| earlier.hash == dep)?;
            queue.extend(deps(earlier)?);
        }
        let past = self.scratch.past_of(&heads.into_iter().collect::<Vec<_>>())?;
        let again: Vec<ChangeHash> = self.changes.iter().map(|(own, _)| own.hash).collect();
        Some(self.scratch.without(&past, &again))
    }

    fn is_possible(&self, op: &Op, accepted: &[Write], last: &BTreeMap<&Slot, (&OwnChange, &Op)>) -> bool {
        let fits = |scope, key: &schemas::value::Key| {
            let question = self.base.form().question(scope, key.as_str());
            question.is_some_and(|question| match &op.write {
                Write::Put(value) => question.check(value) != Err(Fault::WrongType),
                Write::Clear | Write::Make | Write::Settle(_) => true,
            })
        };
        let here = |slot: Slot| last.contains_key(&slot) || !self.base.writes_at(&slot, &self.base.whole()).is_empty();
        match &op.slot {
            Slot::Answer(key) => fits(Asked::Household, key),
            Slot::MemberAnswer(member, key) => fits(Asked::Member, key) && here(Slot::Member(*member)),
            // Only who opened a visit writes to it, and a new epoch is somebody else.
            Slot::VisitAnswer(visit, key) => fits(Asked::Visit, key) && last.contains_key(&Slot::Visit(*visit)),
            Slot::Confirmed(_) => match &op.write {
                Write::Put(value) => {
                    value.as_text().and_then(|visit| visit.parse().ok()).is_some_and(|visit| here(Slot::Visit(visit)))
                }
                Write::Clear | Write::Make | Write::Settle(_) => false,
            },
            // Made once, under an id of its own.
            Slot::Member(_) | Slot::Visit(_) | Slot::Note(_) => accepted.is_empty(),
            Slot::Settled(_) => false,
        }
    }
}

fn deps(own: &OwnChange) -> Option<Vec<ChangeHash>> {
    let (expanded, _) = change::parse(&own.bytes).ok()?;
    Some(expanded.deps.iter().copied().map(Into::into).collect())
}

impl Plan {
    /// What is taken, with the members and visits that it belongs to.
    fn with_makers(&self, take: &BTreeSet<Slot>) -> Result<BTreeSet<Slot>, CommitError> {
        let possible = self.possible();
        if !take.is_subset(&possible) {
            return Err(CommitError::NotInPlan);
        }
        let makers = take.iter().filter_map(|slot| match slot {
            Slot::MemberAnswer(member, _) => Some(Slot::Member(*member)),
            Slot::VisitAnswer(visit, _) => Some(Slot::Visit(*visit)),
            Slot::Confirmed(_) => match self.items.iter().find(|item| item.slot == *slot).map(|item| &item.own) {
                Some(Write::Put(visit)) => Some(Slot::Visit(visit.as_text()?.parse().ok()?)),
                _ => None,
            },
            Slot::Answer(_) | Slot::Member(_) | Slot::Visit(_) | Slot::Note(_) | Slot::Settled(_) => None,
        });
        let makers: Vec<Slot> = makers.filter(|slot| possible.contains(slot)).collect();
        Ok(take.iter().cloned().chain(makers).collect())
    }

    /// What is said again of one change.
    fn writes(&self, from: ChangeHash, take: &BTreeSet<Slot>) -> BTreeMap<Slot, Write> {
        let taken = self.items.iter().filter(|item| item.from == from && take.contains(&item.slot));
        taken.map(|item| (item.slot.clone(), item.own.clone())).collect()
    }

    /// The changes of which something is said again, oldest first, with the message of each new one: it names the change,
    /// what that one stood for itself, and as many as there is room for of those of which nothing is left to say.
    fn messages(&self, take: &BTreeSet<Slot>, document: &DeviceDocument) -> Vec<(ChangeHash, String)> {
        let (said, mut rest): (Vec<ChangeHash>, Vec<ChangeHash>) =
            self.replaces.iter().partition(|hash| !self.writes(**hash, take).is_empty());
        let earlier: Vec<ChangeHash> = document.own.iter().map(|own| own.hash).collect();
        let stood_for = |hash: &ChangeHash| {
            let own = document.own.iter().find(|own| own.hash == *hash);
            let message = own.and_then(|own| change::parse(&own.bytes).ok()).and_then(|(change, _)| change.message);
            rebase::replaced(message.as_deref(), &earlier)
        };
        let message = |hash: ChangeHash| {
            let mut names = vec![hash];
            let room = rest.len().min(MAX_NAMED - 1);
            names.extend(rest.drain(..room));
            let before: Vec<ChangeHash> = names.iter().flat_map(stood_for).collect();
            names.extend(before);
            (hash, rebase::message(&names))
        };
        said.into_iter().map(message).collect()
    }
}
