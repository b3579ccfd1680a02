//! What is kept when the server was set back: generations that have ended, and what phones gave back.

use schemas::ids::HouseholdId;
use sync_protocol::hash::{ChangeHash, PublicKey, RowHash};
use sync_protocol::journal::Scope;
use sync_protocol::log::{Digest, Row, RowEvent};

use super::*;
use crate::domain::field::{DocumentKey, EndedGeneration, GivenBack, LogState, LoggedRow, StoredChapter};

async fn place(bench: &Bench) -> (UnitId, Scope) {
    let [nation, _, commune, _, village] = tree(bench).await;
    let round = round_of(nation);
    let scope = Scope { village, round: round.id.clone() };
    let made: Result<(), StoreError> = write!(bench, |tx| round::insert(tx, &round).await.map(drop));
    made.unwrap();
    (commune, scope)
}

#[tokio::test]
async fn a_generation_ends_once_and_is_shown_only_further() {
    let bench = bench().await;
    let (commune, scope) = place(&bench).await;
    let ended = EndedGeneration { scope: scope.clone(), generation: 7, position: 3, shown: 3, ended_at: at(1) };
    let (first, of) = (ended.clone(), scope.clone());
    let shown: Result<Vec<bool>, StoreError> = write!(bench, |tx| {
        generation::end(tx, commune, &first).await?;
        generation::end(tx, commune, &EndedGeneration { position: 1, ..first.clone() }).await?;
        let mut shown = Vec::new();
        for position in [3, 9, 5] {
            shown.push(generation::show(tx, commune, &of, 7, position).await?);
        }
        Ok(shown)
    });
    assert_eq!(shown.unwrap(), [false, true, false]);
    let ended = EndedGeneration { shown: 9, ..ended };
    assert_eq!(generation::ended(read!(bench), commune, &scope, 7).await.unwrap().as_ref(), Some(&ended));
    assert_eq!(generation::ended(read!(bench), commune, &scope, 8).await.unwrap(), None);
    assert_eq!(generation::of_commune(read!(bench), commune, &scope.round).await.unwrap(), [ended]);
}

#[tokio::test]
async fn the_newest_set_back_is_the_one_that_counts() {
    let bench = bench().await;
    assert_eq!(generation::last_set_back(read!(bench)).await.unwrap(), None);
    let noted: Result<(), StoreError> = write!(bench, |tx| {
        generation::note_set_back(tx, 9, at(2)).await?;
        generation::note_set_back(tx, 7, at(3)).await
    });
    noted.unwrap();
    assert_eq!(generation::last_set_back(read!(bench)).await.unwrap(), Some(9));
}

#[tokio::test]
async fn a_row_gets_another_hash_and_stays_what_it_is() {
    let bench = bench().await;
    let (commune, scope) = place(&bench).await;
    let row = Row { position: 1, written_at_ms: 5, household: HouseholdId([1; 16]), event: RowEvent::Entered };
    let logged = LoggedRow { row, hash: RowHash([1; 32]), digest: Digest::default() };
    let state = LogState { generation: 7, position: 1, row: logged.hash, digest: logged.digest };
    let (stored, of) = (logged.clone(), scope.clone());
    let written: Result<(), StoreError> = write!(bench, |tx| {
        log::append(tx, commune, &of, &[stored]).await?;
        log::put_state(tx, commune, &of, &state).await?;
        generation::rehash(tx, commune, &of, 1, &RowHash([2; 32])).await
    });
    written.unwrap();
    let rows = log::after(read!(bench), commune, &scope, 0, 9).await.unwrap();
    assert_eq!(rows, [LoggedRow { hash: RowHash([2; 32]), ..logged }]);
    assert_eq!(generation::logs(read!(bench)).await.unwrap(), [(commune, scope)]);
}

#[tokio::test]
async fn what_was_given_back_is_kept_with_who_gave_it_first() {
    let bench = bench().await;
    let (commune, scope) = place(&bench).await;
    let lan = person(&bench, "lan", commune).await;
    let device = device_of(lan, commune, 1);
    let (id, key) = (device.id, PublicKey(device.public_key.to_bytes()));
    let place = DocumentKey { commune, round: scope.round, household: HouseholdId([1; 16]) };
    let head = RowHash([4; 32]);
    let given = GivenBack { hash: ChangeHash([5; 32]), head, device: id, at: at(2) };
    let (kept, of) = (given.clone(), place.clone());
    let written: Result<(), StoreError> = write!(bench, |tx| {
        device::insert(tx, &device).await?;
        for second in [2, 3] {
            let chapter = StoredChapter { commune, head, device: id, received_at: at(second), rows: vec![9] };
            chapter::put(tx, &chapter).await?;
            chapter::give_back(tx, &of, &GivenBack { at: at(second), ..kept.clone() }).await?;
        }
        Ok(())
    });
    written.unwrap();
    assert_eq!(chapter::given_back(read!(bench), &place, given.hash).await.unwrap(), Some(given));
    assert_eq!(chapter::given_back(read!(bench), &place, ChangeHash([6; 32])).await.unwrap(), None);
    assert_eq!(chapter::writers(read!(bench)).await.unwrap(), [(key, lan)]);
}
