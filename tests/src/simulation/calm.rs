//! Liveness: once the faults stop, every queue drains within bounds, everybody comes to see the same, and asking for
//! everything once more changes nothing.

use anyhow::{Result, ensure};
use server::domain::field::DocumentKey;
use server::store;
use server::workflow::case::CaseId;
use server::workflow::quarantine;
use sync_protocol::device::{Outcome, Standing};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;
use sync_protocol::log::RowEvent;
use sync_protocol::verdict::Verdict;

use super::ground::{Ground, Log};
use super::handset::Handset;
use super::memory::{reads, waiting_on};
use super::plan::Disk;
use super::world::World;

/// Exchanges that a phone may need in any case: to find out that it is not alone with its key, and to start anew.
const EXCHANGES: usize = 12;
/// Bytes of log that an answer carries at least while there are more.
const PAGE_BYTES: usize = 2_000;
/// Bytes that a row takes about without its change.
const ROW_BYTES: usize = 160;
/// Bytes that may cross in any case.
const SPARE_BYTES: usize = 64 * 1024;

/// Stops the faults and waits until everything rests, then checks everything once more.
pub async fn come_to_rest(world: &mut World) -> Result<()> {
    world.clear_the_air();
    // Three times: a photo may show first that the server was set back, and what the last phone brings in the second turn is
    // read by the first one in the third.
    for is_again in [false, true, true] {
        for phone in 0..world.phones.len() {
            drain(world, phone).await?;
            world.drain_photos(phone, is_again).await?;
        }
    }
    let ground = world.check().await?;
    check_everything_arrived(world, &ground, world.is_unaware().await?)?;
    world.check_photos_are_back().await?;
    world.memory.check_given_back(&world.commune, &ground, &world.phones)?;
    for phone in world.phones.iter().filter(|phone| !phone.shut_out) {
        check_up_to_date(world, phone, &ground).await?;
    }
    repeat_everything(world).await
}

/// Has a phone exchange until nothing waits and nothing is new, within bounds.
async fn drain(world: &mut World, phone: usize) -> Result<()> {
    let (mut exchanges, mut bytes) = (0, 0);
    let mut bounds = bounds(world, phone).await?;
    let mut has_asked_again = false;
    loop {
        let handset = &world.phones[phone];
        let sync = handset.request(handset.clocks(&world.commune.clock));
        let Some(answer) = world.exchange(phone, &sync.bytes).await? else {
            let handset = &mut world.phones[phone];
            if std::mem::replace(&mut has_asked_again, true) || !handset.shut_out || !handset.ask_again()? {
                return Ok(());
            }
            bounds = self::bounds(world, phone).await?;
            continue;
        };
        (exchanges, bytes) = (exchanges + 1, bytes + sync.bytes.len() + answer.len());
        let handset = &mut world.phones[phone];
        let clocks = handset.clocks(&world.commune.clock);
        let Some(outcome) = handset.take(&sync, &answer, clocks, Disk::Keeps)? else {
            anyhow::bail!("rest: {} cannot read the answer", handset.name);
        };
        let name = &handset.name;
        let within = exchanges <= bounds.0 && bytes <= bounds.1;
        ensure!(within, "rest: {name} does not rest within {bounds:?}: {exchanges}, {bytes}; {:?}", outcome.remarks);
        if rests(handset, &outcome) {
            return Ok(());
        }
    }
}

fn rests(handset: &Handset, outcome: &Outcome) -> bool {
    !outcome.more && handset.device.waiting() == 0 && outcome.records.is_empty()
}

/// How many exchanges and bytes it may take a phone to come to rest: each log three times over, and what waits.
async fn bounds(world: &World, phone: usize) -> Result<(usize, usize)> {
    let ground = Ground::read(&world.commune).await?;
    let logs: usize = ground.logs.values().map(|log| size(log, &ground)).sum();
    let device = &world.phones[phone].device;
    let waiting = device.request(0, 0).bytes.len();
    // Every exchange answers for an entry at least, or says that it has to come another way.
    let exchanges = EXCHANGES + 3 * device.waiting() + 3 * logs / PAGE_BYTES;
    Ok((exchanges, SPARE_BYTES + 3 * logs + exchanges * waiting))
}

fn size(log: &Log, ground: &Ground) -> usize {
    let change = |hash: &ChangeHash| {
        let kept = ground.documents.values().find_map(|filed| filed.changes.get(hash));
        kept.map_or(0, |kept| kept.sealed.len())
    };
    let row = |event: &RowEvent| match event {
        RowEvent::Change(hash) => change(hash),
        RowEvent::Verdict { .. } | RowEvent::Entered | RowEvent::Left => 0,
    };
    log.rows.iter().map(|logged| ROW_BYTES + row(&logged.row.event)).sum()
}

/// Nothing waits on a phone any more, on one that was shut out neither: what it brought is kept for a person.
fn check_everything_arrived(world: &World, ground: &Ground, is_unaware: bool) -> Result<()> {
    for phone in &world.phones {
        let waits = waiting_on(&world.commune, phone);
        ensure!(waits.is_empty(), "rest: {waits:?} still waits on {}", phone.name);
        for (household, document, hash, standing) in phone.own() {
            let filed = ground
                .documents
                .iter()
                .find(|(key, _)| key.household == household && key.round == document.scope.round);
            let verdict = filed.and_then(|(_, filed)| filed.changes.get(&hash)).map(|change| change.verdict);
            ensure!(standing != Standing::Refused, "rest: a segment of {} with {hash} was refused", phone.name);
            let key = DocumentKey { commune: world.commune.unit, round: document.scope.round.clone(), household };
            let unnoticed = is_unaware && !reads(phone, &key.round) && world.memory.has_been_forgotten(&key, &hash);
            ensure!(verdict.is_some() || unnoticed, "rest: {hash} of {} is not at the server", phone.name);
        }
    }
    Ok(())
}

/// A phone has read everything of the villages that are its holder's, and says of its own changes what the server says.
async fn check_up_to_date(world: &World, phone: &Handset, ground: &Ground) -> Result<()> {
    let (mut read, name) = (world.commune.app.store.read().await?, &phone.name);
    let round = world.commune.round()?;
    for assignment in store::assignment::of_account(&mut read, phone.credentials.account, &round).await? {
        let scope = Scope { village: assignment.village, round: round.clone() };
        let Some(log) = ground.logs.get(&scope) else { continue };
        let state = phone.device.scopes().find(|(held, _)| **held == scope).map(|(_, state)| *state);
        let Some(state) = state else { anyhow::bail!("rest: {name} does not hold village {}", scope.village) };
        ensure!(state.cursor.position == log.state.position, "rest: {name} has not read all of {}", scope.village);
        let (here, there) = (World::heads_on(phone, &scope), ground.heads_in(&scope));
        let same = state.digest() == log.state.digest;
        ensure!(same == (here == there), "digest: {name} sums up {same}, but the sets say otherwise");
        ensure!(same, "rest: {name} has come to something else in village {}", scope.village);
        for (household, document, hash, standing) in phone.own().filter(|(_, document, ..)| document.scope == scope) {
            let filed = ground.documents.iter().find(|(key, _)| key.household == household && key.round == round);
            let verdict = filed.and_then(|(_, filed)| filed.changes.get(&hash)).map(|change| change.verdict);
            ensure!(
                says_the_same(standing, verdict, document.is_logged_in(&scope)),
                "standing: {name} says {standing:?} of {hash}, which is {verdict:?}"
            );
        }
    }
    Ok(())
}

fn says_the_same(standing: Standing, verdict: Option<Verdict>, is_in_log: bool) -> bool {
    match (standing, verdict) {
        (Standing::Held(here), Some(Verdict::Held(there))) => here == there,
        (Standing::Rejected(here), Some(Verdict::Rejected(there))) => here == there,
        (Standing::Superseded, Some(Verdict::Superseded)) => true,
        // Accepted changes are no longer the phone's own once it has read the log, but for those of a household that has left:
        // their content stands in another log.
        (Standing::Acknowledged, Some(Verdict::Accepted | Verdict::Released)) => !is_in_log,
        _ => false,
    }
}

/// Sends old requests again, all of them, twice. The first time what was held may be let in, if policy has changed since;
/// the second time nothing is left to happen.
async fn repeat_everything(world: &mut World) -> Result<()> {
    let sent = std::mem::take(&mut world.sent);
    for (phone, bytes) in &sent {
        world.exchange(*phone, bytes).await?;
    }
    let once = world.check().await?.summary();
    for (phone, bytes) in &sent {
        world.exchange(*phone, bytes).await?;
    }
    let twice = world.check().await?.summary();
    ensure!(once == twice, "repeat: sending everything again changed something");
    Ok(())
}

/// Whatever is held or was rejected can be looked at by a person: nothing waits for ever.
pub async fn empty_quarantine(world: &mut World) -> Result<()> {
    let reviewer = world.commune.reviewer().await?;
    for (key, filed) in &world.check().await?.documents {
        let id = CaseId { round: key.round.clone(), commune: key.commune, household: key.household };
        for change in filed.changes.values().filter(|change| change.verdict.is_open()) {
            let reason = "khép lại đợt rà soát".to_owned();
            let aside = quarantine::set_aside(&world.commune.app, &reviewer, id.clone(), change.hash, reason).await;
            ensure!(aside.is_ok(), "exit: {} ({:?}) cannot be left out: {aside:?}", change.hash, change.verdict);
        }
    }
    world.check().await?;
    Ok(())
}
