//! What is new in the logs: rows with the changes they name, and the signed head after them.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::hash::PublicKey;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, RowEvent, SignedHead};
use sync_protocol::message::{Page, Request};

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
pub(super) struct Pages {
    /// One page for each scope with news, as far as there is room.
    pub(super) pages: Vec<Page>,
    /// Whether there is more.
    pub(super) more: bool,
}

/// Collects what is new for a device in the scopes it is assigned to.
pub(super) async fn collect(
    app: &App,
    device: &Device,
    request: &Request,
    assigned: &[(UnitId, Scope)],
) -> Result<Pages, Refusal> {
    let mut read = app.store.read().await?;
    let own = Author { key: PublicKey(device.public_key.to_bytes()), account: device.account, epoch: request.epoch };
    let mut reader = Reader { app, own, keys: BTreeMap::new(), room: MOST_BYTES.min(request.want_bytes as usize) };
    let mut collected = Pages { pages: Vec::new(), more: false };
    for (commune, scope) in assigned {
        let asked = request.scopes.iter().find(|asked| asked.scope == *scope).map(|asked| asked.cursor);
        let Some(state) = store::log::state(&mut read, *commune, scope).await? else { continue };
        let same = asked.filter(|cursor| cursor.generation == state.generation && cursor.position <= state.position);
        let after = same.unwrap_or(Cursor { generation: state.generation, position: 0 });
        if after.position == state.position {
            continue;
        }
        match reader.page(&mut read, *commune, scope, after).await? {
            Some(page) => {
                collected.more |= page.head.cursor.position < state.position;
                collected.pages.push(page);
            }
            None => collected.more = true,
        }
    }
    Ok(collected)
}

struct Reader<'a> {
    app: &'a App,
    own: Author,
    keys: BTreeMap<HouseholdId, HouseholdKey>,
    room: usize,
}

impl Reader<'_> {
    /// The next page of a log; `None` when there is no room left for its first row.
    async fn page(
        &mut self,
        read: &mut Read,
        commune: UnitId,
        scope: &Scope,
        after: Cursor,
    ) -> Result<Option<Page>, Refusal> {
        let mut rows = Vec::new();
        let mut changes = Vec::new();
        let mut last: Option<LoggedRow> = None;
        for logged in store::log::after(read, commune, scope, after.position, PAGE_ROWS).await? {
            let bytes = match logged.row.event {
                RowEvent::Change(_) => Some(self.bytes(read, commune, scope, &logged).await?),
                RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => None,
            };
            let size = ROW_BYTES + bytes.as_ref().map_or(0, Vec::len);
            if size > self.room {
                break;
            }
            self.room -= size;
            changes.extend(bytes.map(Into::into));
            rows.push(logged.row.clone());
            last = Some(logged);
        }
        let Some(last) = last else { return Ok(None) };
        let cursor = Cursor { generation: after.generation, position: last.row.position };
        let head = SignedHead::sign(scope.clone(), cursor, last.hash, &last.digest, self.app.server_key());
        Ok(Some(Page { scope: scope.clone(), after, rows, changes, head }))
    }

    /// The bytes of a row's change; none for what the asking device wrote itself.
    async fn bytes(
        &mut self,
        read: &mut Read,
        commune: UnitId,
        scope: &Scope,
        logged: &LoggedRow,
    ) -> Result<Vec<u8>, Refusal> {
        let RowEvent::Change(hash) = logged.row.event else { return Ok(Vec::new()) };
        let household = logged.row.household;
        let place = DocumentKey { commune, round: scope.round.clone(), household };
        let kept = store::change::by_hash(read, &place, hash).await?.ok_or(Refusal::ChangeNotFound)?;
        if kept.author == self.own {
            return Ok(Vec::new());
        }
        if !self.keys.contains_key(&household) {
            let home = store::household::by_id(read, household).await?.ok_or(Refusal::HouseholdNotFound)?;
            self.keys.insert(household, document::key_of(self.app, &home)?);
        }
        match self.keys.get(&household) {
            Some(key) => Ok(key.open(Subject::Change(&hash.0), &kept.sealed)?.to_vec()),
            None => Err(Refusal::Erased),
        }
    }
}
