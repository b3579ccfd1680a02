//! What offices bring to a round besides households: points tables.

use schemas::ledger::Hash;
use schemas::standard::PointsFiles;

use super::*;
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
