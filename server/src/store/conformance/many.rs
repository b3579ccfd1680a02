//! What is written of many households at once reads back as if each had been written by itself, on a real database.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, MemberId};
use schemas::rules::{Class, ClassSet};
use sync_protocol::hash::{ChangeHash, DisagreementId};

use super::*;
use crate::domain::clue::{KeptClues, NumberMark};
use crate::domain::field::{DocumentKey, DocumentState, Home};
use crate::domain::review::{DisagreementView, HouseholdView};

/// More than go in two statements.
const MANY: u8 = 250;

/// Everything of one household. `turn`: what differs when it is written again.
#[derive(Clone)]
struct Whole {
    state: DocumentState,
    view: HouseholdView,
    disagreements: Vec<DisagreementView>,
    clues: KeptClues,
}

fn whole(village: UnitId, number: u8, turn: u8) -> Whole {
    let household = HouseholdId([number; 16]);
    let heads = vec![ChangeHash([number; 32]), ChangeHash([turn; 32])];
    let state = DocumentState {
        household,
        village,
        left: Vec::new(),
        form: FormVersion("vn-2022-2025/1".to_owned()),
        heads: heads.clone(),
        changes: u64::from(number) + u64::from(turn),
        saved: number.is_multiple_of(2).then(|| vec![number, turn]),
        closed_at: None,
    };
    let view = HouseholdView {
        household,
        village,
        heads,
        head_name: format!("Lý Thị {number}"),
        classes: ClassSet::only(Class::Poor),
        complete: number.is_multiple_of(3),
        open_disagreements: 0,
        blocking: 0,
        last_outcome: None,
        point: number.is_multiple_of(5).then_some((22_300_000, 104_600_000, u32::from(turn))),
        summary: format!("{{\"turn\":{turn}}}"),
    };
    let disagreement = |id: u8| DisagreementView {
        household,
        id: DisagreementId([id; 16]),
        section: "housing".to_owned(),
        blocking: false,
        roster: false,
        impact: None,
    };
    // Some have more the second time, some have fewer, most have none.
    let disagreements = (0..number.wrapping_add(turn) % 3).map(|place| disagreement(number ^ place << 6)).collect();
    let marks = (0..(number / 2).wrapping_add(turn * (number % 2)) % 4)
        .map(|member| (MemberId([member; 10]), NumberMark([number; 32])));
    Whole { state, view, disagreements, clues: KeptClues { sealed: vec![number, turn], marks: marks.collect() } }
}

#[tokio::test]
async fn many_households_go_in_few_statements_and_read_back_as_each_was() {
    let bench = bench().await;
    let [nation, _, commune, _, village] = tree(&bench).await;
    let round = round_of(nation);
    let id = round.id.clone();
    let home = |id: HouseholdId| Home { id, commune, village, wrapped_key: Some(vec![7]), created_at: at(1) };
    let homes: Vec<Home> = (0..MANY).map(|number| home(HouseholdId([number; 16]))).collect();
    let made: Result<(), StoreError> = write!(bench, |tx| {
        round::insert(tx, &round).await?;
        household::insert_all(tx, &homes.iter().collect::<Vec<_>>()).await
    });
    made.unwrap();
    let mut expected: BTreeMap<HouseholdId, Whole> = BTreeMap::new();
    // All of them, a part again, and none.
    for (turn, numbers) in [(1, 0..MANY), (2, 40..200), (3, 9..9)] {
        let wholes: Vec<Whole> = numbers.map(|number| whole(village, number, turn)).collect();
        expected.extend(wholes.iter().map(|whole| (whole.state.household, whole.clone())));
        let round = id.clone();
        let written: Result<(), StoreError> = write!(bench, |tx| {
            let place = (commune, &round);
            let states: Vec<DocumentState> = wholes.iter().map(|whole| whole.state.clone()).collect();
            document::put_all(tx, place, &states).await?;
            let views: Vec<_> = wholes.iter().map(|whole| (&whole.view, &whole.disagreements[..])).collect();
            view::put_all(tx, place, &views).await?;
            let clues: Vec<_> = wholes.iter().map(|whole| (whole.state.household, &whole.clues)).collect();
            clue::put_all(tx, place, &clues).await
        });
        written.unwrap();
    }
    assert_eq!(household::of_commune(read!(bench), commune).await.unwrap().len(), usize::from(MANY));
    let open = view::disagreements(read!(bench), commune, &id).await.unwrap();
    for (household, whole) in &expected {
        let key = DocumentKey { commune, round: id.clone(), household: *household };
        assert_eq!(document::by_key(read!(bench), &key).await.unwrap().as_ref(), Some(&whole.state));
        assert_eq!(view::by_key(read!(bench), &key).await.unwrap().as_ref(), Some(&whole.view));
        assert_eq!(clue::by_key(read!(bench), &key).await.unwrap().as_ref(), Some(&whole.clues));
        let found = open.iter().filter(|found| found.household == *household);
        assert_eq!(found.count(), whole.disagreements.len(), "{household}");
    }
}
