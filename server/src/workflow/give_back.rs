//! What phones give back after the server was set back to an older copy: rows under heads that it had signed itself, and the
//! changes that they name.
//!
//! Owns what a chapter has to prove before anything of it is looked at, and who wrote what comes back. Whoever brings a
//! chapter has no say in it: the server's own signature stands for every row, and each change passes the gate.

use std::collections::BTreeMap;

use schemas::ids::UnitId;
use schemas::ledger::{Decision, Hash};
use sync_protocol::actor::{Author, MOST_EPOCHS, import_actor};
use sync_protocol::chapter::{Chapter, Proven};
use sync_protocol::hash::{ActorId, PublicKey, RowHash};
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, origin};
use sync_protocol::message::{ChapterAnswer, LogEnd, ROW_START, Request, ScopeCursor, row_start};

use super::set_back::{self, Proof};
use super::{Refusal, ingest, intake, ledger, refused};
use crate::app::App;
use crate::domain::device::Device;
use crate::domain::field::{EndedGeneration, LogState, StoredChapter};
use crate::domain::log::SecurityEventKind;
use crate::domain::round::Round;
use crate::store::{self, Read};

/// How often a chapter is judged anew because somebody else's work came between.
const ATTEMPTS: usize = 8;

/// The logs that a device has read further than they go, or otherwise, with how far the server knows each in the device's
/// generation. A device that asks in version 1 is not told: it has no chapters.
pub(super) async fn forgotten(
    app: &App,
    read: &mut Read,
    request: &Request,
    assigned: &[(UnitId, LogEnd)],
) -> Result<Vec<ScopeCursor>, Refusal> {
    let mut forgotten = Vec::new();
    let starts: BTreeMap<&Scope, [u8; ROW_START]> = request.row_starts().collect();
    let asked = request.scopes.iter().filter(|asked| request.version > 1 && asked.cursor.position > 0);
    for ScopeCursor { scope, cursor } in asked {
        let is_read = assigned.iter().find(|(_, log)| log.at.scope == *scope).map(|(commune, _)| *commune);
        let commune = match is_read {
            Some(commune) => Some(commune),
            None => intake::place(app, scope).await?.map(|(commune, _)| commune),
        };
        let Some(commune) = commune else { continue };
        let start = starts.get(scope).copied();
        let position = known(read, commune, (scope, *cursor), start, is_read.is_some()).await?;
        // Where the device will read nothing that would show what else is missing, it gives back everything.
        let position = if position < cursor.position && is_read.is_none() { 0 } else { position };
        if position < cursor.position {
            let cursor = Cursor { generation: cursor.generation, position };
            forgotten.push(ScopeCursor { scope: scope.clone(), cursor });
        }
    }
    Ok(forgotten)
}

/// How far the server knows what was read of a log, up to the cursor. A generation that it does not know at all was forgotten as
/// a whole, be it later or earlier than the present one: of a round that is closed nobody would read the present one and find
/// out. `start`: how the last row that was read begins, where that was said; another one there is not what was read. `is_read`: whether
/// the device reads the present generation next, which shows by itself what an ended one had more.
async fn known(
    read: &mut Read,
    commune: UnitId,
    (scope, cursor): (&Scope, Cursor),
    start: Option<[u8; ROW_START]>,
    is_read: bool,
) -> Result<u64, Refusal> {
    let state = store::log::state(read, commune, scope).await?;
    let state = state.filter(|state| state.generation == cursor.generation);
    let position = match &state {
        Some(state) => state.position,
        None => ended_at(read, commune, scope, cursor.generation).await?,
    };
    let (Some(start), true) = (start, cursor.position <= position) else {
        return Ok(position.min(cursor.position));
    };
    let row = match state {
        Some(state) if state.position == cursor.position => Some(state.row),
        Some(state) => row_at(read, commune, (scope, &state), cursor.position).await?,
        None if is_read => None,
        None => Some(row_in(read, commune, scope, cursor).await?),
    };
    Ok(cursor.position - u64::from(row.is_some_and(|row| row_start(row) != start)))
}

/// How far the server knows a generation that has ended.
async fn ended_at(read: &mut Read, commune: UnitId, scope: &Scope, generation: u64) -> Result<u64, Refusal> {
    let ended = store::generation::ended(read, commune, scope, generation).await?;
    Ok(ended.map_or(0, |ended| ended.position))
}

/// The hash that a row had in a generation that has ended: the rows are the same, in a chain of their own.
async fn row_in(read: &mut Read, commune: UnitId, scope: &Scope, cursor: Cursor) -> Result<RowHash, Refusal> {
    let most = u32::try_from(cursor.position).unwrap_or(u32::MAX);
    let rows = store::log::after(read, commune, scope, 0, most).await?;
    Ok(rows.iter().fold(origin(scope, cursor.generation), |previous, logged| logged.row.hash(&previous)))
}

/// Takes the chapters of a request in, if it brings any: before its segments, which build on them.
pub(super) async fn take_all(app: &App, device: &Device, request: &Request) -> Option<Vec<ChapterAnswer>> {
    let mut answers = Vec::new();
    for bytes in request.chapters.iter().flatten() {
        answers.push(take(app, device, bytes).await);
    }
    (!answers.is_empty()).then_some(answers)
}

/// Takes one chapter in. Whatever happens to it, the rest of the request goes its own way.
async fn take(app: &App, device: &Device, bytes: &[u8]) -> ChapterAnswer {
    match try_take(app, device, bytes).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(device.id = %device.id, %error, "A chapter could not be taken");
            ChapterAnswer::NotTaken("sync/try-again".to_owned())
        }
    }
}

async fn try_take(app: &App, device: &Device, bytes: &[u8]) -> Result<ChapterAnswer, Refusal> {
    let chapter = match Chapter::open(bytes, &PublicKey(app.server_public_key())) {
        Ok(chapter) => chapter,
        Err(fault) => return refuse(app, device, fault.slug()).await,
    };
    let Some((commune, round)) = intake::place(app, chapter.scope()).await? else {
        return Ok(ChapterAnswer::NotTaken("chapter/unknown-scope".to_owned()));
    };
    match claim(app, commune, &chapter).await? {
        Claim::NotForgotten => return refuse(app, device, "chapter/not-forgotten").await,
        Claim::Ended => {}
        Claim::SetBack { known } => {
            let (scope, generation) = (chapter.scope().clone(), chapter.head().cursor.generation);
            let proof = Proof { device: device.id, commune, scope, generation, known };
            set_back::begin(app, Some(proof)).await?;
        }
    }
    witness(app, commune, &chapter).await?;
    take_changes(app, device, commune, &round, &chapter).await
}

/// Refuses a chapter as a whole, and writes down that it came.
async fn refuse(app: &App, device: &Device, slug: &'static str) -> Result<ChapterAnswer, Refusal> {
    refused::note(app, "chapter/refuse", device, SecurityEventKind::ChapterRefused, slug).await?;
    Ok(ChapterAnswer::Refused(slug.to_owned()))
}

/// What a chapter with a true head says about this server.
enum Claim {
    /// Nothing: the head stands in the log.
    NotForgotten,
    /// Its generation has ended: that the server was set back is known.
    Ended,
    /// That the server was set back: it signed this head and does not know it. Up to there the rows are its own.
    SetBack { known: u64 },
}

async fn claim(app: &App, commune: UnitId, chapter: &Chapter) -> Result<Claim, Refusal> {
    let (scope, head) = (chapter.scope(), chapter.head());
    let mut read = app.store.read().await?;
    let state = store::log::state(&mut read, commune, scope).await?;
    let Some(state) = state.filter(|state| state.generation == head.cursor.generation) else {
        return Ok(match store::generation::ended(&mut read, commune, scope, head.cursor.generation).await? {
            Some(_) => Claim::Ended,
            None => Claim::SetBack { known: 0 },
        });
    };
    if row_at(&mut read, commune, (scope, &state), head.cursor.position).await? == Some(head.row) {
        return Ok(Claim::NotForgotten);
    }
    let mut known = 0;
    if row_at(&mut read, commune, (scope, &state), chapter.after()).await? == Some(chapter.previous()) {
        let own = store::log::after(&mut read, commune, scope, chapter.after(), u32::MAX).await?;
        let alike = own.iter().zip(chapter.rows()).take_while(|(own, row)| own.row == **row).count();
        known = chapter.after() + alike as u64;
    }
    Ok(Claim::SetBack { known })
}

/// The hash of a row of a log as it stands; the log's origin before the first.
async fn row_at(
    read: &mut Read,
    commune: UnitId,
    (scope, state): (&Scope, &LogState),
    position: u64,
) -> Result<Option<RowHash>, Refusal> {
    let Some(before) = position.checked_sub(1) else { return Ok(Some(origin(scope, state.generation))) };
    let row = store::log::after(read, commune, scope, before, 1).await?.pop();
    Ok(row.filter(|row| row.row.position == position).map(|row| row.hash))
}

/// Writes down how far the log had come, when that is further than anybody has shown so far.
async fn witness(app: &App, commune: UnitId, chapter: &Chapter) -> Result<(), Refusal> {
    let (now, scope, head) = (app.clock.now(), chapter.scope().clone(), chapter.head().clone());
    let (generation, shown) = (head.cursor.generation, head.cursor.position);
    app.store
        .write_in(commune, "chapter/witness", move |tx| {
            Box::pin(async move {
                let fresh = EndedGeneration { scope: scope.clone(), generation, position: 0, shown: 0, ended_at: now };
                store::generation::end(tx, commune, &fresh).await?;
                let ended = store::generation::ended(tx, commune, &scope, generation).await?;
                let known = ended.map_or(0, |ended| ended.position);
                if store::generation::show(tx, commune, &scope, generation, shown).await? {
                    let (Scope { village, round }, row) = (scope, Hash(head.row.0));
                    let gap = Decision::GapProven { village, round, generation, known, shown, row };
                    ledger::append(tx, commune, now, None, gap).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Takes the changes of a chapter in that can be: whoever is known to have written them, in households that can be read.
async fn take_changes(
    app: &App,
    device: &Device,
    commune: UnitId,
    round: &Round,
    chapter: &Chapter,
) -> Result<ChapterAnswer, Refusal> {
    let proven = chapter.proven().unwrap_or_default();
    let known = authors(app, device, (commune, round), &proven).await?;
    let (mut changes, mut authors, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (place, proven) in (0..).zip(proven) {
        let home = store::household::by_id(&mut app.store.read().await?, proven.household).await?;
        match known.get(&proven.actor) {
            _ if home.is_some_and(|home| home.wrapped_key.is_none()) => {
                refused.push((place, "household/erased".to_owned()));
            }
            None => refused.push((place, "chapter/unknown-author".to_owned())),
            Some(author) => {
                authors.push(*author);
                changes.push(proven);
            }
        }
    }
    let stored = StoredChapter {
        commune,
        head: chapter.head().row,
        device: device.id,
        received_at: app.clock.now(),
        rows: chapter.evidence(),
    };
    let place = (commune, chapter.scope().village);
    for _ in 0..ATTEMPTS {
        let judged = intake::judge_given_back(app, &changes, &authors, place, round).await?;
        if ingest::write_given_back(app, stored.clone(), &authors, judged, &changes).await? {
            return Ok(ChapterAnswer::Taken(refused));
        }
    }
    Ok(ChapterAnswer::NotTaken("sync/busy".to_owned()))
}

/// Who is behind the actors of changes, as far as the server knows them.
async fn authors(
    app: &App,
    device: &Device,
    (commune, round): (UnitId, &Round),
    changes: &[Proven],
) -> Result<BTreeMap<ActorId, Author>, Refusal> {
    let mut known = BTreeMap::new();
    // Nobody knows any more who imported; whoever gives an import's change back stands for it.
    let imported = Author { key: PublicKey(app.server_public_key()), account: device.account, epoch: 0 };
    known.insert(import_actor(&round.id, commune), imported);
    let writers = store::chapter::writers(&mut app.store.read().await?).await?;
    for epoch in 1..=MOST_EPOCHS {
        if changes.iter().all(|proven| known.contains_key(&proven.actor)) {
            break;
        }
        let of_epoch = writers.iter().map(|(key, account)| Author { key: *key, account: *account, epoch });
        known.extend(of_epoch.map(|author| (author.actor(), author)));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use schemas::ledger::verify;
    use sync_protocol::log::SignedHead;
    use sync_protocol::message::{Page, Response};

    use super::*;
    use crate::workflow::bench::{Bench, Carried, answer, home};
    use crate::workflow::exchange::exchange;

    /// The village's log from its first row, as somebody reads it who wrote nothing of it.
    async fn page(bench: &Bench, reader: &Carried) -> Page {
        let scopes = vec![ScopeCursor { scope: bench.scope(0), cursor: Cursor::default() }];
        let request = Request { version: 1, scopes, want_bytes: 1 << 20, ..Request::bringing(Vec::new(), 9, 0) };
        let response = exchange(&bench.app, &reader.device, &request.to_bytes()).await.unwrap();
        Response::from_bytes(&response).unwrap().pages.remove(0)
    }

    fn chapter(page: &Page) -> Chapter {
        let start = origin(&page.scope, page.head.cursor.generation);
        Chapter::new(start, page.rows.clone(), page.changes.clone(), page.head.clone())
    }

    #[tokio::test]
    async fn what_was_never_forgotten_or_never_said_is_refused_by_name_and_changes_nothing() {
        let bench = Bench::new().await;
        let (mut lan, minh) = (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await);
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        lan.write(bench.scope(0), home(2), [answer("floor_area", 50)]);
        lan.sync(&bench).await;
        let page = page(&bench, &minh).await;
        let forged = SignedHead::sign(
            page.scope.clone(),
            Cursor { position: 99, ..page.head.cursor },
            page.head.row,
            &Default::default(),
            &SigningKey::from_bytes(&[9; 32]),
        );
        let mut of_another_household = page.clone();
        of_another_household.rows[1].household = home(7);
        let mut other_bytes = page.clone();
        other_bytes.changes.swap(0, 1);
        let mut too_few = page.clone();
        too_few.changes.pop();
        let cases = [
            (chapter(&page).to_bytes(), "chapter/not-forgotten"),
            (chapter(&Page { head: forged, ..page.clone() }).to_bytes(), "chapter/head"),
            (chapter(&of_another_household).to_bytes(), "chapter/chain"),
            (chapter(&other_bytes).to_bytes(), "chapter/bytes"),
            (chapter(&too_few).to_bytes(), "chapter/changes"),
            (b"chapter".to_vec(), "chapter/unreadable"),
        ];
        for (bytes, slug) in cases {
            assert_eq!(take(&bench.app, &minh.device, &bytes).await, ChapterAnswer::Refused(slug.to_owned()));
        }
        let mut read = bench.app.store.read().await.unwrap();
        let state = store::log::state(&mut read, bench.commune, &bench.scope(0)).await.unwrap().unwrap();
        assert_eq!(state.generation, page.head.cursor.generation);
        let texts = store::ledger::texts(&mut read, bench.commune).await.unwrap();
        let entries = verify(bench.commune, texts.iter().map(String::as_str)).unwrap();
        assert!(!entries.iter().any(|entry| matches!(entry.decision, Decision::SetBack { .. })));
        let events = store::security_event::newest(&mut read, 50).await.unwrap();
        assert_eq!(events.iter().filter(|event| event.kind == SecurityEventKind::ChapterRefused).count(), 6);
    }

    #[tokio::test]
    async fn who_asks_in_version_1_is_not_told_what_was_forgotten() {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        lan.sync(&bench).await;
        let read = page(&bench, &lan).await.head.cursor;
        let ahead = ScopeCursor { scope: bench.scope(0), cursor: Cursor { position: 99, ..read } };
        for (version, told) in [(1, None), (2, Some(read.position))] {
            let asked = Request { version, scopes: vec![ahead.clone()], ..Request::bringing(Vec::new(), 9, 0) };
            let response = exchange(&bench.app, &lan.device, &asked.to_bytes()).await.unwrap();
            let forgotten = Response::from_bytes(&response).unwrap().forgotten;
            assert_eq!(forgotten.map(|logs| logs[0].cursor.position), told, "version {version}");
        }
    }

    #[tokio::test]
    async fn a_log_of_the_same_length_that_ends_otherwise_is_told_as_forgotten() {
        let bench = Bench::new().await;
        let mut lan = bench.phone(bench.lan, 11).await;
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        lan.sync(&bench).await;
        let idle = Request::from_bytes(&lan.phone.request(0, 0).bytes).unwrap();
        let [asked] = &idle.scopes[..] else { panic!("one village") };
        for (rows, told) in [
            (idle.rows.clone(), None),
            (Some(vec![9; 4].into()), Some(asked.cursor.position - 1)),
            // What does not say so of each scope says nothing.
            (Some(vec![9; 5].into()), None),
            (Some(vec![9; 8].into()), None),
            (None, None),
        ] {
            let asked = Request { rows, ..idle.clone() };
            let response = exchange(&bench.app, &lan.device, &asked.to_bytes()).await.unwrap();
            let forgotten = Response::from_bytes(&response).unwrap().forgotten;
            assert_eq!(forgotten.map(|logs| logs[0].cursor.position), told, "{:?}", asked.rows);
        }
    }

    #[tokio::test]
    async fn a_head_that_the_server_signed_and_does_not_know_starts_every_log_anew_once() {
        let bench = Bench::new().await;
        let (mut lan, minh) = (bench.phone(bench.lan, 11).await, bench.phone(bench.minh, 12).await);
        lan.write(bench.scope(0), home(1), [answer("floor_area", 40)]);
        lan.sync(&bench).await;
        let mut page = page(&bench, &minh).await;
        // What the server had written after a copy that was put back since.
        let lost = sync_protocol::log::Row { position: 3, ..page.rows[1].clone() };
        page.rows.push(lost.clone());
        page.changes.push(page.changes[0].clone());
        let cursor = Cursor { position: 3, ..page.head.cursor };
        let row = lost.hash(&page.head.row);
        page.head = SignedHead::sign(page.scope.clone(), cursor, row, &Default::default(), bench.app.server_key());
        for _ in 0..2 {
            let taken = take(&bench.app, &minh.device, &chapter(&page).to_bytes()).await;
            assert_eq!(taken, ChapterAnswer::Taken(Vec::new()));
        }
        let mut read = bench.app.store.read().await.unwrap();
        let texts = store::ledger::texts(&mut read, bench.commune).await.unwrap();
        let entries = verify(bench.commune, texts.iter().map(String::as_str)).unwrap();
        let said = |of: fn(&Decision) -> bool| entries.iter().filter(|entry| of(&entry.decision)).count();
        assert_eq!(said(|decision| matches!(decision, Decision::SetBack { .. })), 1);
        assert_eq!(said(|decision| matches!(decision, Decision::GapProven { known: 2, shown: 3, .. })), 1);
        let state = store::log::state(&mut read, bench.commune, &bench.scope(0)).await.unwrap().unwrap();
        assert!(state.generation > page.head.cursor.generation);
        drop(read);
        assert_eq!(crate::workflow::rebuild::rebuild(&bench.app).await.unwrap().differences, []);
        assert_eq!(lan.sync(&bench).await, [sync_protocol::device::Remark::NewGeneration(bench.scope(0))]);
    }
}
