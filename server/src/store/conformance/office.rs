//! What offices keep besides households: points tables, official codes, one-time passwords.

use schemas::ledger::Hash;
use schemas::standard::PointsFiles;

use super::*;
use crate::domain::account::PasswordKind;
use crate::domain::points_table::{OfficeTable, Signature, TableState};

fn table(unit: UnitId, number: u8, loaded: Signature) -> OfficeTable {
    OfficeTable {
        unit,
        hash: Hash([number; 32]),
        standard: "vn-2022-2025".parse().unwrap(),
        source: "Quyết định thử".to_owned(),
        files: PointsFiles { numbers: format!("số {number}"), mapping: "khi".to_owned() },
        state: TableState::Loaded(loaded),
    }
}

#[tokio::test]
async fn a_points_table_is_confirmed_once_and_by_somebody_else() {
    let bench = bench().await;
    let [_, province, commune, ..] = tree(&bench).await;
    let (lan, hoa) = (person(&bench, "lan", province).await, person(&bench, "hoa", province).await);
    let (loaded, confirmed) = (Signature { by: lan, at: at(1) }, Signature { by: hoa, at: at(2) });
    let kept = table(province, 1, loaded);
    let (first, second, elsewhere) = (kept.clone(), table(province, 2, loaded), table(commune, 1, loaded));
    let made: Result<(), StoreError> = write!(bench, |tx| {
        points_table::insert(tx, &first).await?;
        points_table::insert(tx, &second).await?;
        points_table::insert(tx, &elsewhere).await?;
        // Loaded again by somebody else: it stays whose it was.
        let again = table(first.unit, 1, Signature { by: hoa, at: at(9) });
        points_table::insert(tx, &again).await
    });
    made.unwrap();
    let by_oneself: Result<(), StoreError> =
        write!(bench, |tx| points_table::confirm(tx, province, Hash([1; 32]), Signature { by: lan, at: at(2) }).await);
    assert!(matches!(by_oneself, Err(StoreError::Database(_))), "{by_oneself:?}");
    let done: Result<(), StoreError> =
        write!(bench, |tx| points_table::confirm(tx, province, Hash([1; 32]), confirmed).await);
    done.unwrap();
    let twice: Result<(), StoreError> =
        write!(bench, |tx| points_table::confirm(tx, province, Hash([1; 32]), confirmed).await);
    assert!(matches!(twice, Err(StoreError::NoSuchRow { .. })));
    let expected = OfficeTable { state: TableState::Confirmed { loaded, confirmed }, ..kept };
    assert_eq!(points_table::by_hash(read!(bench), province, Hash([1; 32])).await.unwrap().as_ref(), Some(&expected));
    let of_unit = points_table::of_unit(read!(bench), province).await.unwrap();
    assert_eq!(of_unit, [expected.clone(), table(province, 2, loaded)]);
    assert_eq!(points_table::files(read!(bench), Hash([1; 32])).await.unwrap(), Some(expected.files));
    assert_eq!(points_table::files(read!(bench), Hash([3; 32])).await.unwrap(), None);
}

#[tokio::test]
async fn a_round_keeps_the_hash_of_its_points_table() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let round = Round { b1_mode: B1Mode::Points(Hash([7; 32])), ..round_of(nation) };
    let kept = round.clone();
    let made: Result<_, StoreError> = write!(bench, |tx| round::insert(tx, &round).await);
    made.unwrap();
    assert_eq!(round::by_id(read!(bench), &kept.id).await.unwrap(), Some(kept));
}

#[tokio::test]
async fn a_one_time_password_opens_one_session_and_is_forgotten_once_another_is_chosen() {
    let bench = bench().await;
    let [nation, ..] = tree(&bench).await;
    let lan = person(&bench, "lan", nation).await;
    let nobody: Result<(), StoreError> = write!(bench, |tx| account::use_one_time_password(tx, lan, at(1)).await);
    assert!(matches!(nobody, Err(StoreError::NoSuchRow { .. })), "her own password is none: {nobody:?}");
    let given: Result<(), StoreError> = write!(bench, |tx| {
        account::set_one_time_password(tx, lan, &StoredPassword("once".to_owned()), at(9)).await?;
        account::use_one_time_password(tx, lan, at(2)).await
    });
    given.unwrap();
    let kind = PasswordKind::OneTime { until: at(9), used_at: Some(at(2)) };
    assert_eq!(account::by_id(read!(bench), lan).await.unwrap().unwrap().password, kind);
    let twice: Result<(), StoreError> = write!(bench, |tx| account::use_one_time_password(tx, lan, at(3)).await);
    assert!(matches!(twice, Err(StoreError::NoSuchRow { .. })));
    let chosen: Result<(), StoreError> =
        write!(bench, |tx| account::set_password(tx, lan, &StoredPassword("own".to_owned())).await);
    chosen.unwrap();
    let account = account::by_login(read!(bench), &"lan".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(account.password, PasswordKind::Own);
}

#[tokio::test]
async fn a_code_belongs_to_one_unit_at_a_time_and_ends_where_the_next_begins() {
    let bench = bench().await;
    let [_, province, commune, other, _] = tree(&bench).await;
    let given: Result<(), StoreError> = write!(bench, |tx| {
        unit::insert_code(tx, commune, "gso", "01240", always()).await?;
        unit::end_code(tx, commune, "gso", REFORM).await?;
        unit::end_code(tx, other, "gso", REFORM).await?;
        unit::insert_code(tx, commune, "gso", "01243", Validity { from: REFORM, to: None }).await?;
        unit::revise(tx, commune, REFORM, &named("Xã Một", Some(province))).await
    });
    given.unwrap();
    let read = read!(bench);
    let holder = async |read: &mut Read, code: &str, from| unit::holder_of_code(read, "gso", code, from).await.unwrap();
    assert_eq!(holder(read, "01240", BEFORE).await, Some(commune));
    assert_eq!(holder(read, "01240", REFORM).await, None);
    assert_eq!(holder(read, "01243", BEFORE).await, Some(commune), "it will be taken later");
    assert_eq!(unit::revised_on(read, commune).await.unwrap(), Some(REFORM));
    assert_eq!(unit::revised_on(read, UnitId(999)).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_is_claimed_once_until_it_is_due_again_and_left_to_the_next_by_whoever_fails() {
    let bench = bench().await;
    let claims = async |before: i64, now: i64| -> bool {
        let claimed: Result<bool, StoreError> =
            write!(bench, |tx| background_job::claim(tx, "sweep", at(before), at(now)).await);
        claimed.unwrap()
    };
    assert!(claims(0, 10).await);
    assert!(!claims(9, 20).await, "it was done at 10");
    let failed: Result<(), StoreError> = write!(bench, |tx| {
        background_job::claim(tx, "sweep", at(10), at(30)).await?;
        Err(StoreError::Closed)
    });
    assert!(failed.is_err());
    assert!(claims(10, 20).await, "nobody has done it since");
    assert!(claims(0, 15).await, "by a clock that was wrong it is done in five seconds");
}
