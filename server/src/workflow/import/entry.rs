//! One household of a list against its document: what to write, or why it is not taken.
//!
//! Owns the rule that an import never overwrites a person: it goes on only from where an import left off.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

use schemas::codes::names;
use schemas::form::Form;
use schemas::household::{Answers, Household};
use schemas::ids::{AccountId, HouseholdId, UnitId};
use schemas::ledger;
use schemas::value::Value;
use sync_protocol::actor::{Author, import_actor};
use sync_protocol::gate::{Admission, Candidate, Fate, Policy, judge};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ActorId, ChangeHash, PublicKey};
use sync_protocol::history::{History, Past};
use sync_protocol::verdict::Verdict;

use super::answers;
use super::reading::{Entrant, Remark};
use crate::app::App;
use crate::documents::workbook::{Found, Sheet};
use crate::domain::field::StoredChange;
use crate::domain::listing::{Day, ListedFacts, ListedHousehold, ListedOn};
use crate::domain::round::Round;
use crate::seal::Subject;
use crate::store::{self, Read};
use crate::workflow::Refusal;
use crate::workflow::document::{self, Opened};
use crate::workflow::projection::Ruling;
use crate::workflow::shown::Shown;

/// Commit message of every change that an import makes.
const MESSAGE: &str = "import";

/// What all households of one import have in common.
pub(super) struct Context<'a> {
    pub(super) app: &'a App,
    pub(super) importer: AccountId,
    round: &'a Round,
    commune: UnitId,
    form: Arc<Form>,
    rulings: BTreeMap<UnitId, Ruling>,
}

/// What becomes of a household of the list.
pub(super) enum Entry {
    /// Taken over.
    Write(Box<Prepared>),
    /// The database says it already.
    Unchanged,
    /// Not taken, for this reason.
    NotTaken(Remark),
}

/// A household, ready to be written.
pub(super) struct Prepared {
    /// Its document as it will be; `state` is still what is stored.
    pub(super) opened: Opened,
    /// What is new.
    pub(super) changes: Vec<StoredChange>,
    /// The sealed cache; `None` when no change is new.
    pub(super) saved: Option<Vec<u8>>,
    /// What is shown of it; `None` when no change is new.
    pub(super) shown: Option<Shown>,
    /// What the list said, when that is new.
    pub(super) listed: Option<ListedHousehold>,
}

impl<'a> Context<'a> {
    pub(super) fn new(app: &'a App, round: &'a Round, commune: UnitId, form: Arc<Form>, importer: AccountId) -> Self {
        Self { app, importer, round, commune, form, rulings: BTreeMap::new() }
    }

    /// Judges one household of the list. `village` is where a household that nobody knows yet would belong.
    pub(super) async fn judge(
        &mut self,
        read: &mut Read,
        entrant: &Entrant,
        village: UnitId,
    ) -> Result<Entry, Refusal> {
        let opened = match self.open(read, entrant, village).await? {
            Ok(opened) => opened,
            Err(remark) => return Ok(Entry::NotTaken(remark)),
        };
        let mut prepared = Prepared { opened, changes: Vec::new(), saved: None, shown: None, listed: None };
        let bytes = match self.write(&mut prepared, &entrant.found)? {
            Ok(bytes) => bytes,
            Err(remark) => return Ok(Entry::NotTaken(remark)),
        };
        if !bytes.is_empty() {
            prepared.saved = Some(prepared.opened.extended(self.app, &bytes)?);
            prepared.shown = Some(self.shown(read, &prepared.opened).await?);
        }
        prepared.listed = self.listed(read, &prepared.opened, &entrant.found).await?;
        match prepared.changes.is_empty() && prepared.listed.is_none() {
            true => Ok(Entry::Unchanged),
            false => Ok(Entry::Write(Box::new(prepared))),
        }
    }

    async fn shown(&mut self, read: &mut Read, opened: &Opened) -> Result<Shown, Refusal> {
        let village = opened.home.village;
        let ruling = match self.rulings.entry(village) {
            Occupied(known) => known.into_mut(),
            Vacant(vacant) => vacant.insert(Ruling::of(self.app, read, self.round, village).await?),
        };
        Shown::of(self.app, opened, ruling)
    }

    async fn open(
        &self,
        read: &mut Read,
        entrant: &Entrant,
        village: UnitId,
    ) -> Result<Result<Opened, Remark>, Refusal> {
        let (home, key) = match store::household::by_id(read, entrant.id).await? {
            Some(home) if home.commune != self.commune => {
                let (vi, en) = ("hộ đã chuyển sang xã khác", "the household has moved to another commune");
                return Ok(Err(Remark::new("household/moved", vi, en)));
            }
            Some(home) if home.wrapped_key.is_none() => {
                let (vi, en) = ("dữ liệu của hộ đã được xóa theo yêu cầu", "the household's data were erased");
                return Ok(Err(Remark::new("household/erased", vi, en)));
            }
            Some(home) => {
                if let Some(opened) = document::open(self.app, read, home.clone(), &self.round.id).await? {
                    return Ok(Ok(opened));
                }
                let key = document::key_of(self.app, &home)?;
                (home, key)
            }
            None => document::new_home(self.app, entrant.id, self.commune, village)?,
        };
        let genesis = Genesis { household: home.id, round: self.round.id.clone(), form: self.form.version.clone() };
        let history = History::new(genesis, self.form.clone());
        Ok(Ok(Opened { home, key, state: None, history }))
    }

    /// Writes what is new into the open document; the bytes of the changes.
    fn write(&self, prepared: &mut Prepared, found: &Found) -> Result<Result<Vec<Vec<u8>>, Remark>, Refusal> {
        let actor = import_actor(&self.round.id, self.commune);
        let before = Before::of(&prepared.opened.history, actor);
        if let Some(remark) = before.other_head(found) {
            return Ok(Err(remark));
        }
        let mut bytes = Vec::new();
        for writes in answers::writes(&found.household, &before.household) {
            let history = &mut prepared.opened.history;
            let heads = if bytes.is_empty() { before.heads.clone() } else { history.heads().to_vec() };
            let draft = history.draft(&heads, actor, 0, Some(MESSAGE.to_owned()), &writes);
            let Some(encoded) = draft.and_then(|draft| draft.encode()) else { continue };
            if let Some(remark) = standing_in_the_way(prepared, &before) {
                return Ok(Err(remark));
            }
            match self.admit(prepared, actor, &encoded)? {
                Ok(()) => bytes.push(encoded),
                Err(remark) => return Ok(Err(remark)),
            }
        }
        Ok(Ok(bytes))
    }

    /// Lets a change of our own through the gate that everybody's changes pass.
    fn admit(&self, prepared: &mut Prepared, actor: ActorId, bytes: &[u8]) -> Result<Result<(), Remark>, Refusal> {
        let refused =
            |reason: String| Remark::new("household/refused", "hộ không ghi được", "cannot be written").was(reason);
        let hash = match sync_protocol::change::parse(bytes) {
            Ok((_, hash)) => hash,
            Err(fault) => return Ok(Err(refused(fault.to_string()))),
        };
        let opened = &mut prepared.opened;
        match judge(&opened.history, Candidate { bytes, hash, actor }, Policy::Allows, |_| Fate::Unknown) {
            Admission::Admitted(node) => opened.history.push(*node),
            Admission::Known => return Ok(Ok(())),
            Admission::Held(hold, _) => return Ok(Err(refused(format!("{hold:?}")))),
            Admission::Rejected(_, reason) | Admission::Unproven(_, reason) => return Ok(Err(refused(reason))),
        }
        let sealed = opened.key.seal(Subject::Change(&hash.0), bytes, &self.app.chance)?;
        prepared.changes.push(self.stored(opened.home.id, hash, sealed));
        Ok(Ok(()))
    }

    fn stored(&self, household: HouseholdId, hash: ChangeHash, sealed: Vec<u8>) -> StoredChange {
        let key = PublicKey(self.app.server_public_key());
        StoredChange {
            household,
            hash,
            author: Author { key, account: self.importer, epoch: 0 },
            entry: 0,
            wall_ms: 0,
            seen_at: None,
            received_at: self.app.clock.now(),
            verdict: Verdict::Accepted,
            reason: None,
            sealed,
        }
    }

    /// What the list says beside the document; `None` when it is stored already.
    async fn listed(
        &self,
        read: &mut Read,
        opened: &Opened,
        found: &Found,
    ) -> Result<Option<ListedHousehold>, Refusal> {
        // Plain data with text keys: nothing here that JSON cannot hold.
        let facts = serde_json::to_vec(&facts(found)).expect("plain data");
        let subject = Subject::Listing(self.round.id.as_str());
        if let Some(known) = store::listing::by_key(read, &opened.place()).await?
            && let Some(sealed) = &known.sealed
            && *opened.key.open(subject, sealed)? == facts
        {
            return Ok(None);
        }
        let sealed = Some(opened.key.seal(subject, &facts, &self.app.chance)?);
        Ok(Some(ListedHousehold { household: opened.home.id, how: ledger::Listing::Carried, sealed }))
    }
}

/// Where imports left a document.
struct Before {
    heads: Vec<ChangeHash>,
    household: Household,
    /// Whether the document holds anything that no import wrote.
    edited: bool,
}

impl Before {
    fn of(history: &History, actor: ActorId) -> Self {
        let last = history.nodes().iter().rev().find(|node| node.entry.actor == actor);
        let edited = history.nodes().iter().any(|node| node.entry.actor != actor);
        match last {
            Some(node) => {
                let household = history.household(&node.past);
                Self { heads: vec![node.entry.hash], household, edited }
            }
            None => {
                let genesis = vec![history.genesis().hash()];
                Self { heads: genesis, household: history.household(&Past::default()), edited }
            }
        }
    }

    /// The id is another household's: a corrected list has given its head's number to somebody else.
    fn other_head(&self, found: &Found) -> Option<Remark> {
        let key = |person: &Answers, key: &str| person.get(key).and_then(Value::as_text).map(str::to_owned);
        let known =
            self.household.members.values().find(|person| key(person, "relation").as_deref() == Some("head"))?;
        let head = found.household.head()?;
        let other_name = key(known, "full_name").is_some_and(|name| !names::near(&name, &head.name));
        let other_birth = key(known, "born") != head.born.map(|born| born.to_string());
        let (vi, en) = (
            "số định danh của chủ hộ này đã thuộc một hộ khác",
            "the number of this head belongs to another household already",
        );
        (other_name && other_birth).then(|| Remark::new("household/number-of-another", vi, en))
    }
}

/// Why a document takes no change of an import now.
fn standing_in_the_way(prepared: &Prepared, before: &Before) -> Option<Remark> {
    let closed = prepared.opened.state.as_ref().is_some_and(|state| state.closed_at.is_some());
    match (before.edited, closed) {
        (true, _) => {
            let (vi, en) = ("đã có người sửa", "somebody has edited it since");
            Some(Remark::new("household/edited", vi, en))
        }
        (false, true) => Some(Remark::new("household/closed", "hồ sơ của hộ đã khóa", "the document is closed")),
        (false, false) => None,
    }
}

fn facts(found: &Found) -> ListedFacts {
    let household = &found.household;
    ListedFacts {
        list: match found.sheet {
            Sheet::Listed => ListedOn::Current,
            Sheet::EscapedPoor => ListedOn::EscapedPoor,
            Sheet::EscapedNearPoor => ListedOn::EscapedNearPoor,
        },
        number: household.number.clone(),
        class: household.class,
        b1: household.b1,
        b2: household.b2,
        decision_number: household.decision_number.clone(),
        decision_on: household.decision_on.map(Day),
        minority: household.flags.minority,
        no_labour: household.flags.no_labour,
        meritorious: household.flags.meritorious,
        causes: household.causes.clone(),
        note: household.note.clone(),
    }
}
