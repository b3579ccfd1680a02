//! A page as it goes over the air: rows without the hashes that the device comes to by itself, and changes as intents.
//!
//! The server's signature covers the chain of rows, and every row of a change names it by its hash. A device that makes one
//! change differently comes to another chain: it takes nothing of the page and asks for it with bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemas::form::{Form, FormVersion};
use schemas::ids::{HouseholdId, RoundId, UnitId};

use super::Page;
use crate::change::{self, MAX_CHANGE_BYTES};
use crate::coder::{Coder, Context, Decoder, Encoder};
use crate::genesis::Genesis;
use crate::hash::{ActorId, ChangeHash, RowHash, Signature};
use crate::history::History;
use crate::intent::{self, Intent, Lexicons, Mismatch, Unreadable};
use crate::journal::Scope;
use crate::log::{Cursor, Row, RowEvent, SignedHead, origin};
use crate::named::{Households, Named};
use crate::verdict::Verdict;

/// First byte of a packed page, and its version.
const PACKED_VERSION: u8 = 1;
/// Most rows in one page.
const MOST_ROWS: usize = 10_000;
/// Most bytes of one packed page.
const MOST_BYTES: usize = 1024 * 1024;
/// Longest name of a round, in bytes.
const MOST_ROUND_BYTES: usize = 40;

const VILLAGE: Context = Context::new(0x901);
const ROUND: Context = Context::new(0x902);
const CURSOR: Context = Context::new(0x903);
const GOES_ON: Context = Context::new(0x904);
const TIME: Context = Context::new(0x905);
const EVENT: Context = Context::new(0x906);
const NUMBER: Context = Context::new(0x907);
const VERDICT: Context = Context::new(0x908);
const ACTOR: Context = Context::new(0x909);
const FORM: Context = Context::new(0x90a);
const RAW: Context = Context::new(0x90b);
const COUNT: Context = Context::new(0x90c);

/// A page whose changes have not been made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedPage {
    scope: Scope,
    after: Cursor,
    lexicons: Lexicons,
    households: Vec<Named>,
    actors: Vec<ActorId>,
    rows: Vec<PackedRow>,
    digest: [u8; 16],
    count: u64,
    signature: Signature,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PackedRow {
    written_at_ms: i64,
    /// The place of its household among those named; `None` for an own change, which the device knows.
    household: Option<usize>,
    event: PackedEvent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PackedEvent {
    /// The device's own change, by the number of its journal entry.
    Own(u64),
    /// The numbers of actor and form stand beside the intent.
    Intent(Box<Intent>, usize, usize),
    Raw(Vec<u8>),
    Entered,
    Left,
    Verdict(ChangeHash, Verdict),
}

impl PackedEvent {
    fn kind(&self) -> u32 {
        match self {
            Self::Own(_) => 0,
            Self::Intent(..) => 1,
            Self::Raw(_) => 2,
            Self::Entered => 3,
            Self::Left => 4,
            Self::Verdict(..) => 5,
        }
    }
}

/// The documents of one round as far as a page touches them: both ends keep them alike while they go through its rows.
#[derive(Debug)]
pub struct Documents {
    round: RoundId,
    forms: Vec<Arc<Form>>,
    open: BTreeMap<HouseholdId, History>,
}

impl Documents {
    /// `open`: the documents that are touched and do not begin on the page. They may hold more than stands before it.
    pub fn new(round: RoundId, forms: Vec<Arc<Form>>, open: BTreeMap<HouseholdId, History>) -> Self {
        Self { round, forms, open }
    }

    /// Takes a change in; its document begins with it when it builds on the genesis of one of the forms.
    fn take(&mut self, household: HouseholdId, bytes: &[u8]) -> Option<ChangeHash> {
        let (expanded, hash) = change::parse(bytes).ok()?;
        if !self.open.contains_key(&household) {
            let form = self.forms.iter().find(|form| {
                let genesis = self.genesis(household, &form.version).hash();
                expanded.deps.iter().any(|dep| ChangeHash::from(*dep) == genesis)
            })?;
            let history = History::new(self.genesis(household, &form.version), form.clone());
            self.open.insert(household, history);
        }
        let history = self.open.get_mut(&household)?;
        if let (false, Ok(node)) = (history.knows(&hash), history.read(&expanded, hash)) {
            history.push(node);
        }
        Some(hash)
    }

    /// The forms of the documents that are open.
    fn forms(&self) -> BTreeMap<FormVersion, Arc<Form>> {
        self.open.values().map(|history| (history.form().version.clone(), history.form().clone())).collect()
    }

    fn genesis(&self, household: HouseholdId, form: &FormVersion) -> Genesis {
        Genesis { household, round: self.round.clone(), form: form.clone() }
    }

    fn intent(&self, household: &HouseholdId, hash: &ChangeHash) -> Option<(Intent, ActorId, &Form)> {
        let history = self.open.get(household)?;
        let node = history.node(hash)?;
        Some((Intent::of(history, node)?, node.entry.actor, history.form()))
    }

    /// Makes a change on the document as it stands.
    fn make(
        &mut self,
        household: HouseholdId,
        form: &Arc<Form>,
        intent: &Intent,
        actor: ActorId,
    ) -> Result<(ChangeHash, Vec<u8>), Mismatch> {
        let genesis = self.genesis(household, &form.version);
        let history = self.open.entry(household).or_insert_with(|| History::new(genesis, form.clone()));
        let made = intent.rebuild(history, actor)?;
        if let (false, Ok(node)) = (history.knows(&made.hash), history.read(&made.expanded, made.hash)) {
            history.push(node);
        }
        Ok((made.hash, made.bytes))
    }
}

impl Page {
    /// The page packed; `None` when it cannot be and has to go as it is. `own`: for each accepted change among the rows
    /// the number of its journal entry, when the asking device wrote it in the epoch that it named; here its bytes have
    /// to stand in [`Page::changes`] too, because others' changes may build on it.
    pub fn packed(&self, own: &[Option<u64>], documents: &mut Documents) -> Option<Vec<u8>> {
        PackedPage::of(self, own, documents)?.to_bytes()
    }
}

impl PackedPage {
    fn of(page: &Page, own: &[Option<u64>], documents: &mut Documents) -> Option<Self> {
        let changed = || page.rows.iter().filter(|row| matches!(row.event, RowEvent::Change(_)));
        let others = changed().zip(own).filter(|(_, own)| own.is_none());
        let others: BTreeSet<HouseholdId> = others.map(|(row, _)| row.household).collect();
        // Where all changes are the asker's own nothing is told, so nothing has to be made.
        for (row, bytes) in changed().zip(&page.changes).filter(|(row, _)| others.contains(&row.household)) {
            documents.take(row.household, bytes);
        }
        let lexicons = Lexicons::of(documents.forms().values());
        let (mut ids, mut actors, mut rows) = (Vec::new(), Vec::new(), Vec::with_capacity(page.rows.len()));
        let mut changes = page.changes.iter().zip(own);
        for row in &page.rows {
            let event = match &row.event {
                RowEvent::Entered => PackedEvent::Entered,
                RowEvent::Left => PackedEvent::Left,
                RowEvent::Verdict { hash, verdict } => PackedEvent::Verdict(*hash, *verdict),
                RowEvent::Change(hash) => match changes.next()? {
                    (_, Some(number)) => PackedEvent::Own(*number),
                    (bytes, None) => event_of(documents, &row.household, hash, &lexicons, &mut actors)
                        .unwrap_or_else(|| PackedEvent::Raw(bytes.to_vec())),
                },
            };
            let is_own = matches!(event, PackedEvent::Own(_));
            let household = (!is_own).then(|| Households::place(&mut ids, row.household));
            rows.push(PackedRow { written_at_ms: row.written_at_ms, household, event });
        }
        Some(Self {
            scope: page.scope.clone(),
            after: page.after,
            households: ids.iter().map(|id| name(page, id, &ids)).collect(),
            lexicons,
            actors,
            rows,
            digest: page.head.digest,
            count: page.head.count,
            signature: page.head.signature(),
        })
    }

    /// Reads a packed page. Takes memory and time in proportion to its bytes, and to at most a million decisions.
    pub fn read(bytes: &[u8], forms: &[Arc<Form>]) -> Result<Self, Unreadable> {
        let [PACKED_VERSION, bytes @ ..] = bytes else { return Err(Unreadable) };
        if bytes.len() >= MOST_BYTES {
            return Err(Unreadable);
        }
        let mut decoder = Decoder::new(bytes);
        let packed = code(&mut decoder, &Lexicons::of(forms), None)?;
        decoder.finish().map(|()| packed)
    }

    /// Its bytes; `None` when it is larger than a packed page may be.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![PACKED_VERSION];
        let mut encoder = Encoder::new();
        code(&mut encoder, &self.lexicons, Some(self)).ok()?;
        bytes.extend(encoder.finish()?);
        (bytes.len() <= MOST_BYTES).then_some(bytes)
    }

    /// The decisions of a packed page.
    #[cfg(test)]
    pub(crate) fn decisions(bytes: &[u8], forms: &[Arc<Form>]) -> Vec<String> {
        crate::coder::trace::decisions(&bytes[1..], |coder| code(coder, &Lexicons::of(forms), None).map(drop))
    }

    /// Which log it is of.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The cursor that it follows.
    pub fn after(&self) -> Cursor {
        self.after
    }

    /// The households that it names, in the order in which [`PackedPage::unpack`] wants their ids.
    pub fn households(&self) -> &[Named] {
        &self.households
    }

    /// Makes the page. `previous`: the row that it should follow; `ids`: whom the names mean; `own`: household, hash and
    /// bytes of an own change by the number of its journal entry. Whether the page is to be believed is told by its chain and
    /// signature, which are still to be checked.
    pub fn unpack(
        &self,
        previous: Option<RowHash>,
        ids: &[Option<HouseholdId>],
        own: impl Fn(u64) -> Option<(HouseholdId, ChangeHash, Vec<u8>)>,
        documents: &mut Documents,
    ) -> Result<Page, Mismatch> {
        let mut row_hash = previous.unwrap_or_else(|| origin(&self.scope, self.after.generation));
        let mut position = self.after.position;
        let (mut rows, mut changes) = (Vec::with_capacity(self.rows.len()), Vec::new());
        for packed in &self.rows {
            let (household, event, bytes) = self.unpack_row(packed, ids, &own, documents)?;
            changes.extend(bytes.map(Into::into));
            position = position.saturating_add(1);
            let row = Row { position, written_at_ms: packed.written_at_ms, household, event };
            row_hash = row.hash(&row_hash);
            rows.push(row);
        }
        let cursor = Cursor { generation: self.after.generation, position };
        let digest = (self.digest, self.count);
        let head = SignedHead::assembled(self.scope.clone(), cursor, row_hash, digest, self.signature);
        Ok(Page { scope: self.scope.clone(), after: self.after, rows, changes, head })
    }

    /// What a row says, of whom, and the bytes that [`Page::changes`] holds for it.
    fn unpack_row(
        &self,
        packed: &PackedRow,
        ids: &[Option<HouseholdId>],
        own: impl Fn(u64) -> Option<(HouseholdId, ChangeHash, Vec<u8>)>,
        documents: &mut Documents,
    ) -> Result<(HouseholdId, RowEvent, Option<Vec<u8>>), Mismatch> {
        let named = packed.household.and_then(|place| ids.get(place).copied().flatten());
        let named = named.ok_or(Mismatch::Reference);
        Ok(match &packed.event {
            PackedEvent::Entered => (named?, RowEvent::Entered, None),
            PackedEvent::Left => (named?, RowEvent::Left, None),
            PackedEvent::Verdict(hash, verdict) => (named?, RowEvent::Verdict { hash: *hash, verdict: *verdict }, None),
            PackedEvent::Own(number) => {
                let (household, hash, bytes) = own(*number).ok_or(Mismatch::Reference)?;
                documents.take(household, &bytes);
                (household, RowEvent::Change(hash), Some(Vec::new()))
            }
            PackedEvent::Intent(intent, actor, form) => {
                let lexicon = self.lexicons.lexicon(*form).ok_or(Mismatch::Reference)?;
                let actor = self.actors.get(*actor).ok_or(Mismatch::Reference)?;
                let (hash, bytes) = documents.make(named?, &lexicon.form, intent, *actor)?;
                (named?, RowEvent::Change(hash), Some(bytes))
            }
            PackedEvent::Raw(bytes) => {
                let hash = documents.take(named?, bytes).ok_or(Mismatch::Differs)?;
                (named?, RowEvent::Change(hash), Some(bytes.clone()))
            }
        })
    }
}

/// The name of a household: the device knows it when the page says that it was changed and not that it entered.
fn name(page: &Page, id: &HouseholdId, named: &[HouseholdId]) -> Named {
    let of_household = || page.rows.iter().filter(|row| row.household == *id).map(|row| &row.event);
    let is_changed = of_household().any(|event| matches!(event, RowEvent::Change(_)));
    match is_changed && !of_household().any(|event| *event == RowEvent::Entered) {
        true => Named::for_stranger(id, named.iter()),
        false => Named::Whole(*id),
    }
}

fn event_of(
    documents: &Documents,
    household: &HouseholdId,
    hash: &ChangeHash,
    lexicons: &Lexicons,
    actors: &mut Vec<ActorId>,
) -> Option<PackedEvent> {
    let (intent, actor, form) = documents.intent(household, hash)?;
    let form = lexicons.number(form)?;
    // What the form's dictionary cannot say is tried apart, so that it does not spoil the page.
    intent::code(&mut Encoder::new(), lexicons.lexicon(form)?, Some(&intent)).ok()?;
    let known = actors.iter().position(|known| *known == actor);
    let number = known.unwrap_or_else(|| {
        actors.push(actor);
        actors.len() - 1
    });
    Some(PackedEvent::Intent(Box::new(intent), number, form))
}

fn code(coder: &mut impl Coder, known: &Lexicons, given: Option<&PackedPage>) -> Result<PackedPage, Unreadable> {
    let village = UnitId(coder.number(VILLAGE, given.map_or(0, |given| given.scope.village.0)));
    let round = coder.text(ROUND, MOST_ROUND_BYTES, given.map(|given| given.scope.round.as_str()))?;
    let after = Cursor {
        generation: coder.number(CURSOR, given.map_or(0, |given| given.after.generation)),
        position: coder.number(CURSOR.with(1), given.map_or(0, |given| given.after.position)),
    };
    let lexicons = Lexicons::code(coder, known, given.map(|given| &given.lexicons))?;
    let mut turn = Turn { households: Households::default(), actors: Vec::new(), actor: 0, time_ms: 0, own: 0 };
    let mut rows = Vec::new();
    let mut left = given.map(|given| given.rows.as_slice()).unwrap_or_default().iter();
    while coder.bit(GOES_ON, !left.as_slice().is_empty()) {
        rows.push(turn.code(coder, &lexicons, given, left.next())?);
        if rows.len() > MOST_ROWS {
            return Err(Unreadable);
        }
    }
    Ok(PackedPage {
        scope: Scope { village, round: round.parse().map_err(|_| Unreadable)? },
        after,
        lexicons,
        households: turn.households.named,
        actors: turn.actors,
        rows,
        digest: coder.bytes(given.map(|given| &given.digest)),
        count: coder.number(COUNT, given.map_or(0, |given| given.count)),
        signature: Signature(coder.bytes(given.map(|given| &given.signature.0))),
    })
}

/// What one row takes from those before it.
struct Turn {
    households: Households,
    actors: Vec<ActorId>,
    actor: usize,
    time_ms: i64,
    own: u64,
}

impl Turn {
    fn code(
        &mut self,
        coder: &mut impl Coder,
        lexicons: &Lexicons,
        page: Option<&PackedPage>,
        given: Option<&PackedRow>,
    ) -> Result<PackedRow, Unreadable> {
        let kind = coder.symbol(EVENT, 3, given.map_or(0, |given| given.event.kind()));
        let later = coder.signed(TIME, given.map_or(0, |given| given.written_at_ms.wrapping_sub(self.time_ms)));
        self.time_ms = self.time_ms.wrapping_add(later);
        let named = |given: &PackedRow| Some((given.household?, page?.households.get(given.household?)?));
        let household = match kind {
            0 => None,
            _ => Some(self.households.code(coder, given.and_then(named))?),
        };
        let event = self.code_event(coder, lexicons, page, kind, given.map(|given| &given.event))?;
        Ok(PackedRow { written_at_ms: self.time_ms, household, event })
    }

    fn code_event(
        &mut self,
        coder: &mut impl Coder,
        lexicons: &Lexicons,
        page: Option<&PackedPage>,
        kind: u32,
        given: Option<&PackedEvent>,
    ) -> Result<PackedEvent, Unreadable> {
        Ok(match kind {
            0 => {
                let number = if let Some(PackedEvent::Own(number)) = given { *number } else { 0 };
                self.own = self.own.wrapping_add_signed(coder.signed(NUMBER, number.wrapping_sub(self.own) as i64));
                PackedEvent::Own(self.own)
            }
            1 => self.code_intent(coder, lexicons, page, given)?,
            2 => {
                let bytes = if let Some(PackedEvent::Raw(bytes)) = given { Some(bytes.as_slice()) } else { None };
                PackedEvent::Raw(coder.blob(RAW, MAX_CHANGE_BYTES, bytes)?)
            }
            3 => PackedEvent::Entered,
            4 => PackedEvent::Left,
            5 => {
                let (hash, code) = match given {
                    Some(PackedEvent::Verdict(hash, verdict)) => (Some(&hash.0), verdict.code()),
                    _ => (None, 0),
                };
                let hash = ChangeHash(coder.bytes(hash));
                // Eight bits fit in a byte.
                let verdict = Verdict::from_code(coder.symbol(VERDICT, 8, code.into()) as u8);
                PackedEvent::Verdict(hash, verdict.ok_or(Unreadable)?)
            }
            _ => return Err(Unreadable),
        })
    }

    fn code_intent(
        &mut self,
        coder: &mut impl Coder,
        lexicons: &Lexicons,
        page: Option<&PackedPage>,
        given: Option<&PackedEvent>,
    ) -> Result<PackedEvent, Unreadable> {
        let (intent, actor, form) = match given {
            Some(PackedEvent::Intent(intent, actor, form)) => (Some(intent.as_ref()), *actor, *form),
            _ => (None, 0, 0),
        };
        let known = self.actors.len();
        if known == 0 || !coder.bit(ACTOR, actor == self.actor) {
            // One past the last is somebody who has not been named yet.
            let number = coder.number(ACTOR.with(1), (known - actor.min(known)) as u64);
            let number = usize::try_from(number).ok().and_then(|back| known.checked_sub(back));
            self.actor = number.ok_or(Unreadable)?;
            if self.actor == known {
                let actor = page.and_then(|page| page.actors.get(known));
                self.actors.push(ActorId(coder.bytes(actor.map(|actor| &actor.0))));
            }
        }
        let form = usize::try_from(coder.number(FORM, form as u64)).map_err(|_| Unreadable)?;
        let lexicon = lexicons.lexicon(form).ok_or(Unreadable)?;
        let intent = intent::code(coder, lexicon, intent)?;
        Ok(PackedEvent::Intent(Box::new(intent), self.actor, form))
    }
}
