//! Every public function of the store on a real database.
//!
//! Written against [`Store`] only: this module is compiled once for each engine, and [`super::place`] says where a fresh
//! database is. That no function is forgotten is checked by the tidy test.

use std::task::Poll;

use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, DeviceId, RoundId, UnitId};

use crate::domain::account::{Session, Standing};
use crate::domain::device::{Device, DeviceKey, DeviceToken, EnrolmentCode};
use crate::domain::log::{Access, AccessAction, SecurityEvent, SecurityEventKind};
use crate::domain::role::{GrantId, Role};
use crate::domain::round::{Assignment, B1Mode, LeftOut, Round, RoundState};
use crate::domain::unit::{Area, Level, UnitAttributes, Validity};
use crate::password::StoredPassword;
use crate::store::statement::sql;
use crate::store::*;
use crate::token::SecretHash;

/// A fresh database that is removed with the test.
struct Bench {
    store: Store,
    place: Database,
    _directory: tempfile::TempDir,
}

/// Runs statements in one write and passes their result on.
macro_rules! write {
    ($bench:expr, |$tx:ident| $work:expr) => {
        $bench.store.write("conformance", move |$tx| Box::pin(async move { $work })).await
    };
}

macro_rules! read {
    ($bench:expr) => {
        &mut $bench.store.read().await.unwrap()
    };
}

// After the macros that they use.
#[path = "conformance/at_once.rs"]
mod at_once;
#[path = "conformance/blobs.rs"]
mod blobs;
#[path = "conformance/compiled.rs"]
mod compiled;
#[path = "conformance/field.rs"]
mod field;
#[path = "conformance/geography.rs"]
mod geography;
#[path = "conformance/many.rs"]
mod many;
#[path = "conformance/office.rs"]
mod office;
#[path = "conformance/openings.rs"]
mod openings;
#[path = "conformance/phones.rs"]
mod phones;
#[path = "conformance/set_back.rs"]
mod set_back;
#[path = "conformance/suspects.rs"]
mod suspects;
#[path = "conformance/told.rs"]
mod told;
#[path = "conformance/whole.rs"]
mod whole;

async fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let place = super::place(directory.path());
    Bench { store: Store::open(&place).await.unwrap(), place, _directory: directory }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

const BEFORE: Date = Date::constant(2025, 6, 30);
const REFORM: Date = Date::constant(2025, 7, 1);
const TODAY: Date = Date::constant(2026, 10, 1);

fn always() -> Validity {
    Validity { from: Date::constant(1900, 1, 1), to: None }
}

fn named(name: &str, parent: Option<UnitId>) -> UnitAttributes {
    UnitAttributes {
        parent,
        name: name.to_owned(),
        name_en: None,
        area: Some(Area::Rural),
        region: Some("mnpb".to_owned()),
    }
}

/// A nation with a province, two communes and a village in the first, in the order nation, province, commune, commune, village.
async fn tree(bench: &Bench) -> [UnitId; 5] {
    let made: Result<[UnitId; 5], StoreError> = write!(bench, |tx| {
        let nation = unit::insert(tx, Level::Nation, always(), &named("Việt Nam", None)).await?;
        let province = unit::insert(tx, Level::Province, always(), &named("Tuyên Quang", Some(nation))).await?;
        let own = unit::insert(tx, Level::Commune, always(), &named("Xã Một", Some(province))).await?;
        let other = unit::insert(tx, Level::Commune, always(), &named("Xã Hai", Some(province))).await?;
        let village = unit::insert(tx, Level::Village, always(), &named("Bản Lác", Some(own))).await?;
        Ok([nation, province, own, other, village])
    });
    made.unwrap()
}

async fn person(bench: &Bench, login: &'static str, unit: UnitId) -> AccountId {
    let made: Result<Option<AccountId>, StoreError> = write!(bench, |tx| {
        account::insert(tx, &login.parse().unwrap(), "Lan", unit, &StoredPassword("hash".to_owned()), at(0)).await
    });
    made.unwrap().unwrap()
}

fn device_key(seed: u8) -> DeviceKey {
    DeviceKey::from_bytes(&SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes()).unwrap()
}

fn device_of(account: AccountId, unit: UnitId, seed: u8) -> Device {
    let public_key = device_key(seed);
    let (id, name) = (public_key.device_id(), "Máy của Lan".to_owned());
    Device { id, public_key, account, unit, name, enrolled_at: at(1), revoked_at: None, clock: None, opened: None }
}

fn round_of(unit: UnitId) -> Round {
    Round {
        id: "2026-dinh-ky".parse().unwrap(),
        unit,
        name: "Rà soát định kỳ 2026".to_owned(),
        standards: vec!["vn-2022-2025".parse().unwrap(), "vn-2027-2030".parse().unwrap()],
        form_version: FormVersion("vn-2022-2025/1".to_owned()),
        b1_mode: B1Mode::Paper,
        left_out: vec![LeftOut::Points, LeftOut::Photos],
        reference_on: TODAY,
        state: RoundState::Planned,
    }
}

#[tokio::test]
async fn updates_of_rows_that_do_not_exist_are_errors() {
    let bench = bench().await;
    macro_rules! refused {
        (|$tx:ident| $work:expr) => {{
            let refused: Result<(), StoreError> = write!(bench, |$tx| $work);
            assert!(matches!(refused, Err(StoreError::NoSuchRow { .. })), "{refused:?}");
        }};
    }
    refused!(|tx| unit::close(tx, UnitId(9), TODAY).await);
    refused!(|tx| unit::revise(tx, UnitId(9), TODAY, &named("x", None)).await);
    refused!(|tx| account::disable(tx, AccountId(9), at(0)).await);
    refused!(|tx| account::set_password(tx, AccountId(9), &StoredPassword(String::new())).await);
    refused!(|tx| grant::end(tx, GrantId(9), at(0)).await);
    refused!(|tx| session::revoke(tx, SecretHash([9; 32]), at(0)).await);
    refused!(|tx| device::revoke(tx, DeviceId([9; 16]), at(0)).await);
    refused!(|tx| round::set_state(tx, &"none".parse().unwrap(), RoundState::Open).await);
    let nothing = |round: RoundId| Assignment { commune: UnitId(1), round, village: UnitId(1), account: AccountId(1) };
    let nothing = nothing("none".parse().unwrap());
    refused!(|tx| assignment::delete(tx, &nothing).await);
}

#[tokio::test]
async fn a_row_that_is_not_what_its_columns_hold_is_an_error_naming_table_column_and_id() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let account = person(&bench, "lan", nation).await;
    let damaged: Result<(), StoreError> = write!(bench, |tx| {
        grant::insert(tx, account, Role::Auditor, nation, at(0)).await?;
        sql("UPDATE role_grant SET role = 'king'").execute(tx).await?;
        Ok(())
    });
    damaged.unwrap();
    let error = grant::effective(read!(bench), account, at(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "bad row: table role_grant, column role, id 1: unknown role: \"king\"");
}

#[tokio::test]
async fn a_job_that_fails_or_panics_takes_back_its_own_writes_and_nobody_elses() {
    let bench = bench().await;
    let add = |name: &'static str| named(name, None);
    let kept = bench.store.write("kept", move |tx| {
        Box::pin(async move { unit::insert(tx, Level::Nation, always(), &add("kept")).await })
    });
    let failed = bench.store.write("failed", move |tx| {
        Box::pin(async move {
            unit::insert(tx, Level::Nation, always(), &add("failed")).await?;
            Err::<(), _>(StoreError::Closed)
        })
    });
    let panicked = bench.store.write("panicked", move |tx| {
        Box::pin(async move {
            unit::insert(tx, Level::Nation, always(), &add("panicked")).await?;
            panic!("as a fault in a workflow would")
        })
    });
    let (kept, failed, panicked): (Result<UnitId, StoreError>, _, Result<(), StoreError>) =
        tokio::join!(kept, failed, panicked);
    assert!(matches!(failed, Err(StoreError::Closed)));
    assert!(matches!(panicked, Err(StoreError::Panicked("panicked"))));
    let roots = unit::roots(read!(bench), TODAY).await.unwrap();
    assert_eq!(roots.iter().map(|unit| unit.id).collect::<Vec<_>>(), [kept.unwrap()]);
}

#[tokio::test]
async fn a_snapshot_cannot_write_and_does_not_see_what_came_after_it() {
    let bench = bench().await;
    let mut snapshot = bench.store.read().await.unwrap();
    assert!(unit::roots(&mut snapshot, TODAY).await.unwrap().is_empty());
    tree(&bench).await;
    assert!(unit::roots(&mut snapshot, TODAY).await.unwrap().is_empty());
    assert!(sql("DELETE FROM unit").execute(&mut snapshot).await.is_err());
    assert_eq!(unit::roots(read!(bench), TODAY).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart_and_a_closed_store_refuses() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    bench.store.check().await.unwrap();
    assert_eq!(bench.store.queued_jobs(), 0);
    bench.store.close().await;
    let late: Result<(), StoreError> = write!(bench, |tx| unit::close(tx, nation, TODAY).await);
    assert!(matches!(late, Err(StoreError::Closed)));
    assert!(bench.store.check().await.is_err());
    let reopened = Store::open(&bench.place).await.unwrap();
    let found = unit::by_id(&mut reopened.read().await.unwrap(), nation, TODAY).await.unwrap();
    assert_eq!(found.map(|unit| unit.attributes.name), Some("Việt Nam".to_owned()));
}

#[tokio::test]
async fn the_tree_is_answered_as_of_any_day() {
    let bench = bench().await;
    let [nation, province, own, other, village] = tree(&bench).await;
    let moved: Result<(), StoreError> = write!(bench, |tx| {
        unit::revise(tx, village, REFORM, &named("Thôn Lác", Some(other))).await?;
        unit::close(tx, own, REFORM).await?;
        unit::insert_code(tx, village, "gso", "02674", Validity { from: REFORM, to: None }).await
    });
    moved.unwrap();
    let read = read!(bench);
    assert_eq!(unit::lineage(read, village, BEFORE).await.unwrap(), [village, own, province, nation]);
    assert_eq!(unit::lineage(read, village, TODAY).await.unwrap(), [village, other, province, nation]);
    assert!(unit::is_within(read, village, own, BEFORE).await.unwrap());
    assert!(!unit::is_within(read, village, own, TODAY).await.unwrap());
    assert_eq!(unit::commune_of(read, village, BEFORE).await.unwrap(), Some(own));
    assert_eq!(unit::commune_of(read, village, TODAY).await.unwrap(), Some(other));
    assert_eq!(unit::commune_of(read, province, TODAY).await.unwrap(), None);
    assert_eq!(unit::by_id(read, own, TODAY).await.unwrap(), None);
    assert_eq!(unit::by_id(read, village, BEFORE).await.unwrap().unwrap().attributes.name, "Bản Lác");
    let below = unit::children(read, province, TODAY).await.unwrap();
    assert_eq!(below.iter().map(|unit| unit.id).collect::<Vec<_>>(), [other]);
    assert_eq!(unit::by_code(read, "gso", "02674", TODAY).await.unwrap(), Some(village));
    assert_eq!(unit::by_code(read, "gso", "02674", BEFORE).await.unwrap(), None);
    assert!(unit::lineage(read, UnitId(u64::MAX), TODAY).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_loop_in_the_tree_ends_the_walk() {
    let bench = bench().await;
    let [_, province, own, ..] = tree(&bench).await;
    let looped: Result<(), StoreError> =
        write!(bench, |tx| unit::revise(tx, province, REFORM, &named("Tuyên Quang", Some(own))).await);
    looped.unwrap();
    assert!(unit::lineage(read!(bench), own, TODAY).await.unwrap().len() <= 17);
    person(&bench, "lan", own).await;
    assert_eq!(account::within(read!(bench), province, TODAY).await.unwrap().len(), 1);
}

#[tokio::test]
async fn accounts_keep_one_login_each_and_are_found_within_their_unit() {
    let bench = bench().await;
    let [_, province, own, other, village] = tree(&bench).await;
    let lan = person(&bench, "lan", village).await;
    let taken: Result<Option<AccountId>, StoreError> = write!(bench, |tx| {
        account::insert(tx, &"lan".parse().unwrap(), "Lan khác", other, &StoredPassword("x".to_owned()), at(0)).await
    });
    assert_eq!(taken.unwrap(), None);
    let changed: Result<(), StoreError> = write!(bench, |tx| {
        account::set_password(tx, lan, &StoredPassword("other".to_owned())).await?;
        account::disable(tx, lan, at(5)).await?;
        account::disable(tx, lan, at(9)).await
    });
    changed.unwrap();
    let read = read!(bench);
    let found = account::by_id(read, lan).await.unwrap().unwrap();
    assert_eq!(found.standing, Standing::Disabled(at(5)));
    assert_eq!(account::by_login(read, &"lan".parse().unwrap()).await.unwrap(), Some(found.clone()));
    assert_eq!(account::by_login(read, &"minh".parse().unwrap()).await.unwrap(), None);
    assert_eq!(account::password(read, lan).await.unwrap(), Some(StoredPassword("other".to_owned())));
    assert_eq!(account::within(read, province, TODAY).await.unwrap(), std::slice::from_ref(&found));
    assert_eq!(account::within(read, own, TODAY).await.unwrap(), [found]);
    assert!(account::within(read, other, TODAY).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_grant_holds_from_its_beginning_up_to_its_end() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let hoa = person(&bench, "hoa", nation).await;
    let id: Result<GrantId, StoreError> = write!(bench, |tx| {
        let id = grant::insert(tx, hoa, Role::Reviewer, nation, at(10)).await?;
        grant::end(tx, id, at(20)).await?;
        grant::end(tx, id, at(30)).await?;
        Ok(id)
    });
    let id = id.unwrap();
    let read = read!(bench);
    let held = grant::by_id(read, id).await.unwrap().unwrap();
    assert_eq!((held.role, held.from_at, held.to_at), (Role::Reviewer, at(10), Some(at(20))));
    for (seconds, expected) in [(9, 0), (10, 1), (19, 1), (20, 0)] {
        assert_eq!(grant::effective(read, hoa, at(seconds)).await.unwrap().len(), expected, "second {seconds}");
    }
}

#[tokio::test]
async fn sessions_end_one_by_one_all_but_one_or_by_age() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let duc = person(&bench, "duc", nation).await;
    let session = move |byte: u8| Session {
        hash: SecretHash([byte; 32]),
        account: duc,
        created_at: at(0),
        expires_at: at(i64::from(byte) * 100),
        revoked_at: None,
    };
    let done: Result<[u64; 3], StoreError> = write!(bench, |tx| {
        for byte in 1..=4 {
            session::insert(tx, &session(byte)).await?;
        }
        session::revoke(tx, SecretHash([1; 32]), at(1)).await?;
        session::revoke(tx, SecretHash([1; 32]), at(2)).await?;
        let others = session::revoke_others(tx, duc, Some(SecretHash([4; 32])), at(3)).await?;
        let rest = session::revoke_others(tx, duc, None, at(4)).await?;
        Ok([others, rest, session::delete_expired(tx, at(250)).await?])
    });
    assert_eq!(done.unwrap(), [2, 1, 2]);
    let read = read!(bench);
    assert_eq!(session::by_hash(read, SecretHash([1; 32])).await.unwrap(), None);
    assert_eq!(session::by_hash(read, SecretHash([3; 32])).await.unwrap().unwrap().revoked_at, Some(at(3)));
    assert_eq!(session::by_hash(read, SecretHash([4; 32])).await.unwrap().unwrap().revoked_at, Some(at(4)));
}

#[tokio::test]
async fn the_newest_server_key_signs() {
    let bench = bench().await;
    assert_eq!(server_key::newest(read!(bench)).await.unwrap(), None);
    let key = |byte: u8| server_key::SealedServerKey { public_key: [byte; 32], sealed: vec![byte] };
    let (old, new) = (key(1), key(2));
    let expected = new.clone();
    let written: Result<(), StoreError> = write!(bench, |tx| {
        server_key::insert(tx, &new, at(2)).await?;
        server_key::insert(tx, &old, at(1)).await
    });
    written.unwrap();
    assert_eq!(server_key::newest(read!(bench)).await.unwrap(), Some(expected));
}

#[tokio::test]
async fn rounds_read_back_as_written_and_keep_one_id_each() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let round = round_of(nation);
    let added = round.clone();
    let created: Result<_, StoreError> = write!(bench, |tx| {
        let first = round::insert(tx, &added).await?;
        let again = round::insert(tx, &Round { name: "khác".to_owned(), ..added.clone() }).await?;
        round::set_state(tx, &added.id, RoundState::Open).await?;
        Ok((first, again))
    });
    assert_eq!(created.unwrap(), (round::Created::Added, round::Created::IdTaken));
    let expected = Round { state: RoundState::Open, ..round };
    let read = read!(bench);
    assert_eq!(round::by_id(read, &expected.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(round::by_id(read, &"none".parse().unwrap()).await.unwrap(), None);
    assert_eq!(round::all(read).await.unwrap(), [expected]);
}

#[tokio::test]
async fn assignments_are_found_by_commune_and_by_person() {
    let bench = bench().await;
    let [nation, _, commune, _, village] = tree(&bench).await;
    let lan = person(&bench, "lan", commune).await;
    let round = round_of(nation);
    let assignment = Assignment { commune, round: round.id.clone(), village, account: lan };
    let (added, id) = (assignment.clone(), round.id.clone());
    let written: Result<(), StoreError> = write!(bench, |tx| {
        round::insert(tx, &round).await?;
        assignment::insert(tx, &added).await?;
        assignment::insert(tx, &added).await
    });
    written.unwrap();
    assert_eq!(assignment::of_commune(read!(bench), commune, &id).await.unwrap(), std::slice::from_ref(&assignment));
    assert_eq!(assignment::of_account(read!(bench), lan, &id).await.unwrap(), std::slice::from_ref(&assignment));
    let removed: Result<(), StoreError> = write!(bench, |tx| assignment::delete(tx, &assignment).await);
    removed.unwrap();
    assert!(assignment::of_commune(read!(bench), commune, &id).await.unwrap().is_empty());
}

#[tokio::test]
async fn logs_are_read_newest_first() {
    let bench = bench().await;
    let [nation, _, commune, other, _] = tree(&bench).await;
    let hoa = person(&bench, "hoa", nation).await;
    let access = move |commune, seconds| Access {
        commune,
        at: at(seconds),
        account: hoa,
        action: AccessAction::Viewed,
        subject: "household".to_owned(),
    };
    let event = move |seconds| SecurityEvent {
        at: at(seconds),
        kind: SecurityEventKind::LoggedIn,
        actor: Some(hoa),
        subject: hoa.to_string(),
    };
    let written: Result<(), StoreError> = write!(bench, |tx| {
        for (place, seconds) in [(commune, 1), (other, 2), (commune, 3)] {
            access_log::append(tx, &access(place, seconds)).await?;
            security_event::append(tx, &event(seconds)).await?;
        }
        Ok(())
    });
    written.unwrap();
    let read = read!(bench);
    assert_eq!(access_log::newest(read, commune, 10).await.unwrap(), [access(commune, 3), access(commune, 1)]);
    assert_eq!(access_log::newest(read, other, 10).await.unwrap(), [access(other, 2)]);
    assert_eq!(security_event::newest(read, 2).await.unwrap(), [event(3), event(2)]);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_undo_its_job() {
    let bench = bench().await;
    let mut job = Box::pin(bench.store.write("given_up", move |tx| {
        Box::pin(async move { unit::insert(tx, Level::Nation, always(), &named("Việt Nam", None)).await })
    }));
    let queued = std::future::poll_fn(|context| {
        let polled: Poll<Result<UnitId, StoreError>> = job.as_mut().poll(context);
        Poll::Ready(polled.is_pending())
    });
    assert!(queued.await);
    drop(job);
    // Queued behind the job that was given up, so it is over when this one is.
    let behind: Result<(), StoreError> = write!(bench, |_tx| Ok(()));
    behind.unwrap();
    assert_eq!(unit::roots(read!(bench), TODAY).await.unwrap().len(), 1);
}
