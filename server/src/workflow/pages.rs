//! What is new in the logs: rows with the changes they name, and the signed head after them.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::{HouseholdId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::hash::PublicKey;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, RowEvent, SignedHead};
use sync_protocol::message::{Documents, Page, Request, ScopeCursor, holding};

use super::Refusal;
use super::document;
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::field::{DocumentKey, LoggedRow};
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read};

/// Rows that one page holds at most.
const PAGE_ROWS: u32 = 500;
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
    device: &Device,
    request: &Request,
    assigned: &[(UnitId, Scope)],
) -> Result<Pages, Refusal> {
    let mut read = app.store.read().await?;
    let mut collected = Pages::default();
    if let Some(hash) = request.holding {
        collected.name_scopes = hash != holding(&standing(&mut read, assigned).await?);
        return Ok(collected);
    }
    let own = Author { key: PublicKey(device.public_key.to_bytes()), account: device.account, epoch: request.epoch };
    let room = MOST_BYTES.min(request.want_bytes as usize);
    let mut reader = Reader { app, own, keys: BTreeMap::new(), room, empty: room > 0 };
    for (commune, scope) in assigned {
        let asked = request.scopes.iter().find(|asked| asked.scope == *scope).map(|asked| asked.cursor);
        let Some(state) = store::log::state(&mut read, *commune, scope).await? else { continue };
        let same = asked.filter(|cursor| cursor.generation == state.generation && cursor.position <= state.position);
        let after = same.unwrap_or(Cursor { generation: state.generation, position: 0 });
        if after.position == state.position {
            continue;
        }
        let Some(whole) = reader.page(&mut read, *commune, scope, after).await? else {
            collected.more = true;
            continue;
        };
        collected.more |= whole.page.head.cursor.position < state.position;
        let as_bytes = request.as_bytes.as_ref().is_some_and(|scopes| scopes.contains(scope));
        let packed = match request.version > 1 && !as_bytes {
            true => reader.packed(&mut read, &whole).await?,
            false => None,
        };
        match packed {
            Some(packed) => collected.packed.push(packed),
            None => collected.pages.push(whole.without_own()),
        }
    }
    Ok(collected)
}

/// How far the logs of the scopes have come.
async fn standing(read: &mut Read, assigned: &[(UnitId, Scope)]) -> Result<Vec<ScopeCursor>, Refusal> {
    let mut cursors = Vec::with_capacity(assigned.len());
    for (commune, scope) in assigned {
        let state = store::log::state(read, *commune, scope).await?;
        let cursor = state.map(|state| Cursor { generation: state.generation, position: state.position });
        cursors.push(ScopeCursor { scope: scope.clone(), cursor: cursor.unwrap_or_default() });
    }
    Ok(cursors)
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
        let (mut rows, mut changes, mut own) = (Vec::new(), Vec::new(), Vec::new());
        let mut last: Option<LoggedRow> = None;
        for logged in store::log::after(read, commune, scope, after.position, PAGE_ROWS).await? {
            let change = match logged.row.event {
                RowEvent::Change(_) => Some(self.change(read, commune, scope, &logged).await?),
                RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
            };
            let size = ROW_BYTES + change.as_ref().map_or(0, |(bytes, own)| own.map_or(bytes.len(), |_| 0));
            if size > self.room && !self.empty {
                break;
            }
            (self.room, self.empty) = (self.room.saturating_sub(size), false);
            if let Some((bytes, entry)) = change {
                changes.push(bytes.into());
                own.push(entry);
            }
            rows.push(logged.row.clone());
            last = Some(logged);
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
        commune: UnitId,
        scope: &Scope,
        logged: &LoggedRow,
    ) -> Result<(Vec<u8>, Option<u64>), Refusal> {
        let RowEvent::Change(hash) = logged.row.event else { return Ok((Vec::new(), None)) };
        let household = logged.row.household;
        let place = DocumentKey { commune, round: scope.round.clone(), household };
        let kept = store::change::by_hash(read, &place, hash).await?.ok_or(Refusal::ChangeNotFound)?;
        if !self.keys.contains_key(&household) {
            let home = store::household::by_id(read, household).await?.ok_or(Refusal::HouseholdNotFound)?;
            self.keys.insert(household, document::key_of(self.app, &home)?);
        }
        let key = self.keys.get(&household).ok_or(Refusal::Erased)?;
        let own = (kept.author == self.own).then_some(kept.entry);
        Ok((key.open(Subject::Change(&hash.0), &kept.sealed)?.to_vec(), own))
    }
}
