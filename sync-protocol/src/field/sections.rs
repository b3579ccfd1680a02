//! From the values of a file to changes: one commit for each form section, as the app saves them.
//!
//! Visits and notes go first, in a commit of their own, because a confirmation names a visit that must exist; then the
//! household's sections in the form's order, then membership and each member. Owns minting ids for what a file names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand_core::CryptoRng;
use schemas::doubt;
use schemas::form::{Form, Label, Scope as Asked};
use schemas::household::{Answers, Household, SectionKey};
use schemas::ids::{HouseholdId, MemberId, NoteId, RoundId, UnitId, VisitId};
use schemas::value::Key;
use serde::Serialize;
use serde_json::Value as Json;

use super::check::{self, Wrong};
use super::said::{self, Edit, Named, Place, Said, Whole};
use crate::change::{Slot, Write};
use crate::device::{Clocks, CommitError, Device, Record, View};
use crate::history::History;
use crate::journal::Scope;

/// The name of the warning about a value that is kept but unusual.
const ODD: &str = "said/odd";
/// The name of the warning about a citizen ID that does not fit the person.
const NUMBER: &str = "said/number-and-person";

/// What a file came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Committed {
    /// What is on disk now.
    pub written: Vec<Written>,
    /// What is not, and why.
    pub faults: Vec<ItemFault>,
    /// Written, but unusual.
    pub warnings: Vec<ItemFault>,
}

impl Committed {
    /// Adds what another part of the file came to.
    pub fn join(&mut self, mut other: Self) {
        self.written.append(&mut other.written);
        self.faults.append(&mut other.faults);
        self.warnings.append(&mut other.warnings);
    }
}

/// What was written into memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// To be on disk before success is shown.
    pub records: Vec<Record>,
    /// What is shown then.
    pub committed: Committed,
}

impl Saved {
    fn refused(faults: Vec<ItemFault>) -> Self {
        Self { records: Vec::new(), committed: Committed { faults, ..Committed::default() } }
    }
}

/// The edits of one household, each with the number of its item.
pub type OfHousehold = (HouseholdId, Vec<(usize, Said)>);

/// The edits of a file by household, in the order in which those are first named, and what cannot be read.
pub fn by_household(json: Json) -> (Vec<OfHousehold>, Vec<ItemFault>) {
    let (mut order, mut faults): (Vec<OfHousehold>, Vec<ItemFault>) = (Vec::new(), Vec::new());
    let mut places: BTreeMap<HouseholdId, usize> = BTreeMap::new();
    for (item, edit) in (1..).zip(said::edits(json)) {
        match edit {
            Ok(Edit { household, said }) => {
                let at = *places.entry(household).or_insert(order.len());
                if at == order.len() {
                    order.push((household, Vec::new()));
                }
                order[at].1.push((item, said));
            }
            Err((path, wrong)) => faults.push(ItemFault::new(item, None, path, &wrong)),
        }
    }
    (order, faults)
}

/// What was written of one household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Which household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// Its round.
    pub round: RoundId,
    /// The sections that were saved, one commit each.
    pub sections: Vec<String>,
    /// The sections in which everything stood already.
    pub unchanged: Vec<String>,
    /// The ids of what the file named: `members/+baby` and the like.
    pub minted: BTreeMap<String, String>,
}

/// Something about one value of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemFault {
    /// Which item of the file, from 1.
    pub item: usize,
    /// Of which household, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub household: Option<HouseholdId>,
    /// Where in it; empty for the item as a whole.
    pub path: String,
    /// The stable name of what is wrong.
    pub slug: &'static str,
    /// What is wrong.
    #[serde(flatten)]
    pub reason: Label,
}

impl ItemFault {
    pub(super) fn new(item: usize, household: Option<HouseholdId>, path: String, wrong: &Wrong) -> Self {
        Self { item, household, path, slug: wrong.slug(), reason: wrong.label() }
    }
}

/// Which commit a value belongs to, in the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Visits,
    Form(usize, Key),
    Membership,
    Member(MemberId),
}

/// One commit to be.
#[derive(Debug, Default)]
struct Section {
    writes: BTreeMap<Slot, Write>,
    from: Vec<(usize, String)>,
}

impl Section {
    /// A member's answers with these writes over them.
    fn over(&self, member: MemberId, mut answers: Answers) -> Answers {
        for (slot, write) in &self.writes {
            match (slot, write) {
                (Slot::MemberAnswer(whose, key), Write::Put(value)) if *whose == member => {
                    answers.insert(key.clone(), value.clone());
                }
                (Slot::MemberAnswer(whose, key), Write::Clear) if *whose == member => drop(answers.remove(key)),
                _ => {}
            }
        }
        answers
    }
}

/// The commits to be of one household.
pub(super) struct Draft<'a, R> {
    rng: &'a mut R,
    form: Arc<Form>,
    household: HouseholdId,
    before: Option<Household>,
    members: BTreeMap<String, MemberId>,
    visits: BTreeMap<String, VisitId>,
    opened: BTreeSet<VisitId>,
    groups: BTreeMap<Group, Section>,
    pub(super) warnings: Vec<ItemFault>,
}

impl<'a, R: CryptoRng> Draft<'a, R> {
    /// A draft on top of what the household says now; `None` founds it.
    pub(super) fn new(rng: &'a mut R, form: Arc<Form>, household: HouseholdId, before: Option<Household>) -> Self {
        Self {
            rng,
            form,
            household,
            before,
            members: BTreeMap::new(),
            visits: BTreeMap::new(),
            opened: BTreeSet::new(),
            groups: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Takes all values of a file about this household; those that are wrong are given back.
    pub(super) fn take(&mut self, said: Vec<(usize, Said)>) -> Vec<ItemFault> {
        // Confirmations last: they may name a visit that stands further down in the file.
        let (last, first): (Vec<_>, Vec<_>) =
            said.into_iter().partition(|(_, said)| matches!(said.place, Ok(Place::Confirmed(_))));
        let mut faults = Vec::new();
        for (item, Said { path, place, value }) in first.into_iter().chain(last) {
            let put = place.and_then(|place| self.put((item, &path), place, &value));
            faults.extend(put.err().map(|wrong| ItemFault::new(item, Some(self.household), path, &wrong)));
        }
        self.doubt_numbers();
        faults
    }

    /// Notes each member whose citizen ID fits neither what stands here nor what the file says of the person.
    fn doubt_numbers(&mut self) {
        for (group, section) in &self.groups {
            let Group::Member(member) = group else { continue };
            let Some((item, path)) = section.from.iter().rfind(|(_, path)| check::is_of_number(path)) else { continue };
            let before = self.before.as_ref().and_then(|before| before.members.get(member));
            let after = section.over(*member, before.cloned().unwrap_or_default());
            let household = Some(self.household);
            let doubt = |reason| ItemFault { item: *item, household, path: path.clone(), slug: NUMBER, reason };
            self.warnings.extend(doubt::of_number(&after).into_iter().map(doubt));
        }
    }

    /// All writes at once, whatever commit they belong to.
    pub(super) fn into_writes(self) -> BTreeMap<Slot, Write> {
        self.groups.into_values().flat_map(|section| section.writes).collect()
    }

    fn put(&mut self, from: (usize, &str), place: Place, value: &Json) -> Result<(), Wrong> {
        match place {
            Place::Answer(key) => {
                let write = self.checked(from, Asked::Household, &key, value)?;
                let section = self.form.question(Asked::Household, key.as_str()).map(|q| q.section.clone());
                let group = self.form_group(section.ok_or(Wrong::Question)?)?;
                self.write(group, from, Slot::Answer(key), write);
            }
            Place::Member(who, None) => drop(self.member(from, who)?),
            Place::Member(who, Some(key)) => {
                let write = self.checked(from, Asked::Member, &key, value)?;
                let member = self.member(from, who)?;
                self.write(Group::Member(member), from, Slot::MemberAnswer(member, key), write);
            }
            Place::Visit(which, None) => drop(self.visit(from, which)?),
            Place::Visit(which, Some(key)) => {
                let write = self.checked(from, Asked::Visit, &key, value)?;
                if write == Write::Clear {
                    return Err(Wrong::CannotClear);
                }
                let visit = self.visit(from, which)?;
                self.write(Group::Visits, from, Slot::VisitAnswer(visit, key), write);
            }
            Place::Note => {
                let note = check::note(value)?;
                let slot = Slot::Note(NoteId(drawn(self.rng)));
                self.write(Group::Visits, from, slot, Write::Put(note));
            }
            Place::Confirmed(section) => self.confirm(from, section, value)?,
        }
        Ok(())
    }

    fn checked(&mut self, from: (usize, &str), asked: Asked, key: &Key, value: &Json) -> Result<Write, Wrong> {
        let checked = check::answer(&self.form, asked, key, value)?;
        let (item, path) = (from.0, from.1.to_owned());
        let household = Some(self.household);
        self.warnings.extend(checked.odd.map(|reason| ItemFault { item, household, path, slug: ODD, reason }));
        Ok(checked.value.map_or(Write::Clear, Write::Put))
    }

    fn write(&mut self, group: Group, (item, path): (usize, &str), slot: Slot, write: Write) {
        let section = self.groups.entry(group).or_default();
        section.from.push((item, path.to_owned()));
        section.writes.insert(slot, write);
    }

    fn form_group(&self, section: Key) -> Result<Group, Wrong> {
        let at = self.form.sections.iter().position(|known| known.key == section).ok_or(Wrong::Section)?;
        Ok(Group::Form(at, section))
    }

    /// The member that is meant. A new one is listed; an id that is not there is new only while a household is founded.
    fn member(&mut self, from: (usize, &str), who: Named<MemberId>) -> Result<MemberId, Wrong> {
        let member = match who {
            Named::New(name) => *self.members.entry(name).or_insert_with(|| MemberId(drawn(self.rng))),
            Named::Id(member) if self.is_listed(&member) => return Ok(member),
            Named::Id(member) if self.before.is_none() => member,
            Named::Id(_) => return Err(Wrong::Member),
        };
        self.write(Group::Member(member), from, Slot::Member(member), Write::Make);
        Ok(member)
    }

    fn is_listed(&self, member: &MemberId) -> bool {
        self.before.as_ref().is_some_and(|before| before.members.contains_key(member))
    }

    /// The visit that is meant; opened when it is new.
    fn visit(&mut self, from: (usize, &str), which: Named<VisitId>) -> Result<VisitId, Wrong> {
        let visit = match which {
            Named::New(name) => *self.visits.entry(name).or_insert_with(|| VisitId(drawn(self.rng))),
            Named::Id(visit) if self.is_opened(&visit) => return Ok(visit),
            Named::Id(visit) if self.before.is_none() => visit,
            Named::Id(_) => return Err(Wrong::Visit),
        };
        self.opened.insert(visit);
        self.write(Group::Visits, from, Slot::Visit(visit), Write::Make);
        Ok(visit)
    }

    fn is_opened(&self, visit: &VisitId) -> bool {
        self.opened.contains(visit) || self.before.as_ref().is_some_and(|before| before.visits.contains_key(visit))
    }

    fn confirm(&mut self, from: (usize, &str), section: SectionKey, value: &Json) -> Result<(), Wrong> {
        let text = value.as_str().ok_or(if value.is_null() { Wrong::CannotClear } else { Wrong::Visit })?;
        let visit = match said::named(text)? {
            Named::New(name) => self.visits.get(&name).copied().ok_or(Wrong::Visit)?,
            Named::Id(visit) if self.is_opened(&visit) => visit,
            Named::Id(_) => return Err(Wrong::Visit),
        };
        let group = match &section {
            SectionKey::Form(key) => self.form_group(key.clone())?,
            SectionKey::Membership => Group::Membership,
            SectionKey::Member(member) => match self.is_listed(member) || self.lists(member) {
                true => Group::Member(*member),
                false => return Err(Wrong::Member),
            },
        };
        self.write(group, from, Slot::Confirmed(section), Write::Put(visit.to_string().as_str().into()));
        Ok(())
    }

    fn lists(&self, member: &MemberId) -> bool {
        self.groups.contains_key(&Group::Member(*member))
    }

    fn minted(&self) -> BTreeMap<String, String> {
        let members = self.members.iter().map(|(name, id)| (format!("members/+{name}"), id.to_string()));
        let visits = self.visits.iter().map(|(name, id)| (format!("visits/+{name}"), id.to_string()));
        members.chain(visits).collect()
    }
}

impl Device {
    /// Founds a household of a file, the `item`th. The records have to be on disk before success is shown.
    pub fn found_household(&mut self, item: usize, whole: Whole, clocks: Clocks, rng: &mut impl CryptoRng) -> Saved {
        let named = whole.household;
        let household = named.unwrap_or_else(|| HouseholdId(drawn(rng)));
        let fault = |path: String, wrong: &Wrong| ItemFault::new(item, named, path, wrong);
        let mut faults: Vec<ItemFault> = whole.faults.iter().map(|(path, wrong)| fault(path.clone(), wrong)).collect();
        let scope = self.scope_of(whole.village, whole.round.as_ref());
        if self.holds(&household) {
            faults.push(fault(String::new(), &Wrong::HereAlready));
        }
        if scope.is_none() {
            faults.push(fault(String::new(), &Wrong::WhichVillage));
        }
        let Some(form) = self.form_of(&household) else { return damaged(named, [(item, String::new())]) };
        let mut draft = Draft::new(rng, form, household, None);
        faults.extend(draft.take(whole.said.into_iter().map(|said| (item, said)).collect()));
        match scope {
            Some(scope) if faults.is_empty() => self.save_draft(&scope, draft, clocks),
            _ => Saved::refused(faults),
        }
    }

    /// Writes what somebody says of a household that is here. The records have to be on disk before success is shown.
    pub fn edit_household(
        &mut self,
        household: HouseholdId,
        said: Vec<(usize, Said)>,
        clocks: Clocks,
        rng: &mut impl CryptoRng,
    ) -> Saved {
        let before = self.household(&household, View::Mine);
        let (Some(before), Some(scope)) = (before, self.document_scope(&household)) else {
            let missing = said
                .into_iter()
                .map(|(item, said)| ItemFault::new(item, Some(household), said.path, &Wrong::NoHousehold));
            return Saved::refused(missing.collect());
        };
        let Some(form) = self.form_of(&household) else {
            return damaged(Some(household), said.into_iter().map(|(item, said)| (item, said.path)));
        };
        let mut draft = Draft::new(rng, form, household, Some(before));
        let faults = draft.take(said);
        let mut saved = self.save_draft(&scope, draft, clocks);
        saved.committed.faults.splice(..0, faults);
        saved
    }

    /// Writes the sections of a draft. A section that is refused holds up nothing but itself.
    fn save_draft<R: CryptoRng>(&mut self, scope: &Scope, mut draft: Draft<'_, R>, clocks: Clocks) -> Saved {
        let household = draft.household;
        let mut saved = Saved::default();
        let (mut sections, mut unchanged) = (Vec::new(), Vec::new());
        let minted = draft.minted();
        for (group, section) in std::mem::take(&mut draft.groups) {
            match self.save(scope, household, &section.writes, clocks) {
                Ok(written) => {
                    saved.records.extend(written);
                    sections.push(group.to_string());
                }
                Err(CommitError::Nothing) => unchanged.push(group.to_string()),
                Err(fault) => {
                    let wrong = Wrong::Commit(fault);
                    let faults = section.from.into_iter();
                    let faults = faults.map(|(item, path)| ItemFault::new(item, Some(household), path, &wrong));
                    saved.committed.faults.extend(faults);
                }
            }
        }
        saved.committed.warnings.append(&mut draft.warnings);
        let Scope { village, round } = scope.clone();
        if !sections.is_empty() || !unchanged.is_empty() {
            saved.committed.written.push(Written { household, village, round, sections, unchanged, minted });
        }
        saved
    }

    /// Writes one section of a household, founding the household in `scope` when its round is not here yet.
    pub fn save(
        &mut self,
        scope: &Scope,
        household: HouseholdId,
        writes: &BTreeMap<Slot, Write>,
        clocks: Clocks,
    ) -> Result<Vec<Record>, CommitError> {
        match self.document_scope(&household).is_some_and(|here| here.round == scope.round) {
            true => self.commit(household, writes, clocks),
            false => self.found(scope.clone(), household, writes, clocks),
        }
    }

    /// The scope that is meant: what is named, or the only one that is held.
    pub fn scope_of(&self, village: Option<UnitId>, round: Option<&RoundId>) -> Option<Scope> {
        let fits = |scope: &&Scope| {
            village.is_none_or(|village| village == scope.village) && round.is_none_or(|round| *round == scope.round)
        };
        let mut held = self.scopes().map(|(scope, _)| scope).filter(fits);
        held.next().filter(|_| held.next().is_none()).cloned()
    }

    /// The form that a household is filled in on; the device's own for one that is not here yet.
    fn form_of(&self, household: &HouseholdId) -> Option<Arc<Form>> {
        let history = self.history(household, View::Mine);
        history.as_ref().map(History::form).or(self.form()).cloned()
    }
}

/// Nothing is written without a form.
fn damaged(household: Option<HouseholdId>, said: impl IntoIterator<Item = (usize, String)>) -> Saved {
    let wrong = Wrong::Commit(CommitError::Damaged);
    Saved::refused(said.into_iter().map(|(item, path)| ItemFault::new(item, household, path, &wrong)).collect())
}

/// Random bytes for an id.
fn drawn<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

impl std::fmt::Display for Group {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Visits => out.write_str("visits"),
            Self::Form(_, section) => section.fmt(out),
            Self::Membership => SectionKey::Membership.fmt(out),
            Self::Member(member) => SectionKey::Member(*member).fmt(out),
        }
    }
}
