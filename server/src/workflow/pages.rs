//! What is new in the logs: rows with the changes they name, and the signed head after them.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{HouseholdId, RoundId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, RowEvent, SignedHead};
use sync_protocol::message::{Documents, LogEnd, Page, Request, ScopeCursor, holding};

use super::Refusal;
use super::document;
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::field::{LogState, LoggedRow, StoredChange};
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read};

/// Rows that one page holds at most.
const PAGE_ROWS: u32 = 500;
/// Changes that are read from the store together.
const ROWS_AHEAD: usize = 100;
/// Bytes of changes that one answer carries at most, whatever the device wants.
const MOST_BYTES: usize = 1024 * 1024;
/// Bytes that a row without its change takes about.
const ROW_BYTES: usize = 64;

/// The pages of one answer.
#[derive(Default)]
pub(super) struct Pages {
    /// One page for each scope with news, as far as there is room.
    pub(super) pages: Vec<Page>,
    /// The same, packed.
    pub(super) packed: Vec<Vec<u8>>,
    /// Whether there is more.
    pub(super) more: bool,
    /// Whether the device has to say how far it has read.
    pub(super) name_scopes: bool,
}

/// Collects what is new for a device in the scopes it is assigned to.
pub(super) async fn collect(
    app: &App,
    read: &mut Read,
    device: &Device,
    request: &Request,
    assigned: &[(UnitId, LogEnd)],
) -> Result<Pages, Refusal> {
    let mut collected = Pages::default();
    if let Some(hash) = request.holding {
        let standing: Vec<LogEnd> = assigned.iter().map(|(_, log)| log.clone()).collect();
        collected.name_scopes = hash != holding(&standing);
        return Ok(collected);
    }
    let states = states(read, assigned).await?;
    let own = Author { key: PublicKey(device.public_key.to_bytes()), account: device.account, epoch: request.epoch };
    let room = MOST_BYTES.min(request.want_bytes as usize);
    let mut reader = Reader { app, own, keys: BTreeMap::new(), room, empty: room > 0 };
    for (commune, LogEnd { at: ScopeCursor { scope, .. }, .. }) in assigned {
        let asked = request.scopes.iter().find(|asked| asked.scope == *scope).map(|asked| asked.cursor);
        let Some(state) = states.get(&(*commune, scope.clone())) else { continue };
        let Some(after) = news(asked, state) else { continue };
        let Some(whole) = reader.page(read, *commune, scope, after).await? else {
            collected.more = true;
            continue;
        };
        collected.more |= whole.page.head.cursor.position < state.position;
        let as_bytes = request.as_bytes.as_ref().is_some_and(|scopes| scopes.contains(scope));
        let packed = match request.version > 1 && !as_bytes {
            true => reader.packed(read, &whole).await?,
            false => None,
        };
        match packed {
            Some(packed) => collected.packed.push(packed),
            None => collected.pages.push(whole.without_own()),
        }
    }
    Ok(collected)
}

/// The cursor that the next page follows; `None` when nothing is new. Who has read further than the log goes gives back what it
/// has forgotten first.
fn news(asked: Option<Cursor>, state: &LogState) -> Option<Cursor> {
    let first = Cursor { generation: state.generation, position: 0 };
    let after = asked.filter(|asked| asked.generation >= state.generation).unwrap_or(first);
    (after < state.cursor()).then_some(after)
}

/// Where logs stand.
type States = BTreeMap<(UnitId, Scope), LogState>;

/// Where the logs of the scopes stand; those without a row are left out. One question for each commune and round, however
/// many villages there are.
async fn states(read: &mut Read, assigned: &[(UnitId, LogEnd)]) -> Result<States, Refusal> {
    let logs: BTreeSet<(UnitId, &RoundId)> =
        assigned.iter().map(|(commune, log)| (*commune, &log.at.scope.round)).collect();
    let mut states = BTreeMap::new();
    for (commune, round) in logs {
        let of_commune = store::log::states(read, commune, round).await?;
        let named = |(village, state)| ((commune, Scope { village, round: round.clone() }), state);
        states.extend(of_commune.into_iter().map(named));
    }
    Ok(states)
}

/// A page with the bytes of all its changes.
struct Whole {
    page: Page,
    /// For each change the number of its journal entry, when the asking device wrote it.
    own: Vec<Option<u64>>,
}

impl Whole {
    /// The page without what the asking device wrote itself.
    fn without_own(mut self) -> Page {
        let own = self.page.changes.iter_mut().zip(&self.own).filter(|(_, own)| own.is_some());
        own.for_each(|(bytes, _)| *bytes = Vec::new().into());
        self.page
    }

    /// The households with others' changes whose documents do not begin on the page.
    fn begun_before(&self) -> BTreeSet<HouseholdId> {
        let rows = &self.page.rows;
        let changes = rows.iter().filter(|row| matches!(row.event, RowEvent::Change(_)));
        let others = changes.zip(&self.own).filter(|(_, own)| own.is_none()).map(|(row, _)| row.household);
        let entered = |household: &HouseholdId| {
            rows.iter().any(|row| row.household == *household && row.event == RowEvent::Entered)
        };
        others.filter(|household| !entered(household)).collect()
    }
}

struct Reader<'a> {
    app: &'a App,
    own: Author,
    keys: BTreeMap<HouseholdId, HouseholdKey>,
    room: usize,
    /// Whether the answer has no row yet: the first goes however little is wanted, or nothing ever would.
    empty: bool,
}

impl Reader<'_> {
    /// The next page of a log; `None` when there is no room left for its first row.
    async fn page(
        &mut self,
        read: &mut Read,
        commune: UnitId,
        scope: &Scope,
        after: Cursor,
    ) -> Result<Option<Whole>, Refusal> {
        if self.room < ROW_BYTES && !self.empty {
            return Ok(None);
        }
        let (mut rows, mut changes, mut own) = (Vec::new(), Vec::new(), Vec::new());
        let mut last: Option<LoggedRow> = None;
        let logged = store::log::after(read, commune, scope, after.position, PAGE_ROWS).await?;
        'rows: for logged in logged.chunks(ROWS_AHEAD) {
            let kept = store::change::by_hashes(read, commune, &scope.round, &hashes(logged)).await?;
            for logged in logged {
                let change = match logged.row.event {
                    RowEvent::Change(hash) => Some(self.change(read, kept.get(&(logged.row.household, hash))).await?),
                    RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
                };
                let size = ROW_BYTES + change.as_ref().map_or(0, |(bytes, own)| own.map_or(bytes.len(), |_| 0));
                if size > self.room && !self.empty {
                    break 'rows;
                }
                (self.room, self.empty) = (self.room.saturating_sub(size), false);
                if let Some((bytes, entry)) = change {
                    changes.push(bytes.into());
                    own.push(entry);
                }
                rows.push(logged.row.clone());
                last = Some(logged.clone());
            }
        }
        let Some(last) = last else { return Ok(None) };
        let cursor = Cursor { generation: after.generation, position: last.row.position };
        let head = SignedHead::sign(scope.clone(), cursor, last.hash, &last.digest, self.app.server_key());
        Ok(Some(Whole { page: Page { scope: scope.clone(), after, rows, changes, head }, own }))
    }

    /// The page packed; `None` when it has to go as it is.
    async fn packed(&self, read: &mut Read, whole: &Whole) -> Result<Option<Vec<u8>>, Refusal> {
        let round = &whole.page.scope.round;
        let mut open = BTreeMap::new();
        for household in whole.begun_before() {
            let home = store::household::by_id(read, household).await?.ok_or(Refusal::HouseholdNotFound)?;
            if let Some(opened) = document::open(self.app, read, home, round).await? {
                open.insert(household, opened.history);
            }
        }
        let forms = self.app.standards.forms().cloned().collect();
        let mut documents = Documents::new(round.clone(), forms, open);
        Ok(whole.page.packed(&whole.own, &mut documents))
    }

    /// The bytes of a row's change, and the number of its journal entry when the asking device wrote it.
    async fn change(
        &mut self,
        read: &mut Read,
        kept: Option<&StoredChange>,
    ) -> Result<(Vec<u8>, Option<u64>), Refusal> {
        let StoredChange { household, hash, author, entry, sealed, .. } = kept.ok_or(Refusal::ChangeNotFound)?;
        if !self.keys.contains_key(household) {
            let home = store::household::by_id(read, *household).await?.ok_or(Refusal::HouseholdNotFound)?;
            self.keys.insert(*household, document::key_of(self.app, &home)?);
        }
        let key = self.keys.get(household).ok_or(Refusal::Erased)?;
        // What was given back has no number until its author brings the journal again.
        let own = (*author == self.own && *entry != 0).then_some(*entry);
        Ok((key.open(Subject::Change(&hash.0), sealed)?.to_vec(), own))
    }
}

/// The changes that rows name, in order.
fn hashes(rows: &[LoggedRow]) -> Vec<ChangeHash> {
    let hash = |logged: &LoggedRow| match logged.row.event {
        RowEvent::Change(hash) => Some(hash),
        RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
    };
    rows.iter().filter_map(hash).collect()
}
