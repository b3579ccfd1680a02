//! What the field brings in and what reviewers decide, on a real database.

use schemas::codes::names::NameSearch;
use schemas::ids::HouseholdId;
use schemas::ledger::{Decision, Hash, LedgerEntry, Unassessed};
use schemas::rules::{Class, ClassSet};
use sync_protocol::actor::Author;
use sync_protocol::hash::{ChangeHash, DisagreementId, EntryHash, ParcelId, PublicKey, RowHash};
use sync_protocol::journal::Scope;
use sync_protocol::log::{Cursor, Digest, Row, RowEvent};
use sync_protocol::message::{LogEnd, ScopeCursor};
use sync_protocol::verdict::{Hold, Verdict};

use super::*;
use crate::domain::field::{
    Carriage, DocumentKey, DocumentState, Home, LogState, LoggedRow, StoredChange, StoredSegment,
};
use crate::domain::review::{DisagreementView, HouseholdView, ReviewState, Said};

const OWN: HouseholdId = HouseholdId([1; 16]);
const OTHER: HouseholdId = HouseholdId([2; 16]);

/// A commune with a round, an account and two households.
struct Field {
    bench: Bench,
    commune: UnitId,
    village: UnitId,
    round: RoundId,
    account: AccountId,
}

async fn field() -> Field {
    let bench = bench().await;
    let [nation, _, commune, _, village] = tree(&bench).await;
    let account = person(&bench, "lan", commune).await;
    let round = round_of(nation);
    let id = round.id.clone();
    let made: Result<(), StoreError> = write!(bench, |tx| {
        round::insert(tx, &round).await?;
        for id in [OWN, OTHER] {
            let home = Home { id, commune, village, wrapped_key: Some(vec![7]), created_at: at(1) };
            household::insert(tx, &home).await?;
        }
        Ok(())
    });
    made.unwrap();
    Field { bench, commune, village, round: id, account }
}

impl Field {
    fn key(&self, household: HouseholdId) -> DocumentKey {
        DocumentKey { commune: self.commune, round: self.round.clone(), household }
    }

    fn author(&self) -> Author {
        Author { key: PublicKey([3; 32]), account: self.account, epoch: 1 }
    }

    fn scope(&self) -> Scope {
        Scope { village: self.village, round: self.round.clone() }
    }

    fn document(&self) -> DocumentState {
        DocumentState {
            household: OWN,
            village: self.village,
            left: Vec::new(),
            form: FormVersion("vn-2022-2025/1".to_owned()),
            heads: Vec::new(),
            changes: 0,
            saved: None,
            closed_at: None,
        }
    }

    fn change(&self, hash: u8, entry: u64, verdict: Verdict) -> StoredChange {
        StoredChange {
            household: OWN,
            hash: ChangeHash([hash; 32]),
            author: self.author(),
            entry,
            wall_ms: -5,
            seen_at: (entry > 1).then(|| at(0)),
            received_at: at(entry as i64),
            verdict,
            reason: None,
            sealed: vec![1, 2, 3],
        }
    }
}

#[tokio::test]
async fn a_household_is_in_one_commune_only() {
    let field = field().await;
    let (commune, village) = (field.commune, field.village);
    let home = Home { id: OWN, commune, village, wrapped_key: None, created_at: at(1) };
    let again: Result<(), StoreError> = write!(field.bench, |tx| household::insert(tx, &home).await);
    assert!(again.is_err());
    let found = household::by_id(read!(field.bench), OWN).await.unwrap().unwrap();
    assert_eq!((found.commune, found.village, found.wrapped_key), (commune, village, Some(vec![7])));
    assert_eq!(household::of_commune(read!(field.bench), commune).await.unwrap().len(), 2);
    assert_eq!(household::by_id(read!(field.bench), HouseholdId([9; 16])).await.unwrap(), None);
    let elsewhere = UnitId(village.0 + 1_000);
    for (village, beginning, found) in [
        (village, &[1, 1, 1][..], vec![OWN]),
        (village, &[], vec![OWN, OTHER]),
        (village, &[1, 1, 2], vec![]),
        (elsewhere, &[1, 1, 1], vec![]),
    ] {
        let ids = household::beginning(read!(field.bench), commune, village, beginning).await.unwrap();
        assert_eq!(ids, found);
    }
}

#[tokio::test]
async fn a_document_is_read_back_as_it_was_written_last() {
    let field = field().await;
    let key = field.key(OWN);
    assert_eq!(document::by_key(read!(field.bench), &key).await.unwrap(), None);
    let mut state = field.document();
    for heads in [vec![], vec![ChangeHash([1; 32]), ChangeHash([2; 32])]] {
        state.changes = heads.len() as u64;
        state.heads = heads;
        state.left.extend([field.commune, field.village]);
        let (stored_key, stored) = (key.clone(), state.clone());
        let written: Result<(), StoreError> = write!(field.bench, |tx| document::put(tx, &stored_key, &stored).await);
        written.unwrap();
        assert_eq!(document::by_key(read!(field.bench), &key).await.unwrap(), Some(state.clone()));
        let standing =
            document::standing(read!(field.bench), &field.round, &[OWN, HouseholdId([9; 16])]).await.unwrap();
        assert_eq!(
            standing.into_iter().map(|(id, known)| (id, known.heads)).collect::<Vec<_>>(),
            [(OWN, Some(state.heads.clone()))]
        );
    }
    assert_eq!(document::of_commune(read!(field.bench), field.commune, &field.round).await.unwrap(), [state]);
}

#[tokio::test]
async fn a_household_that_moves_stays_on_in_the_rounds_in_which_it_lived_elsewhere() {
    let field = field().await;
    let (key, elsewhere) = (field.key(OWN), field.commune);
    let state = field.document();
    let written: Result<(), StoreError> = write!(field.bench, |tx| document::put(tx, &key, &state).await);
    written.unwrap();
    let home = household::by_id(read!(field.bench), OWN).await.unwrap().unwrap();
    let settled = Home { village: elsewhere, ..home.clone() };
    let moved: Result<(), StoreError> = write!(field.bench, |tx| household::settle(tx, &settled).await);
    moved.unwrap();
    assert_eq!(household::by_id(read!(field.bench), OWN).await.unwrap().unwrap().village, elsewhere);
    let standing = document::standing(read!(field.bench), &field.round, &[OWN]).await.unwrap();
    assert_eq!(standing[&OWN].home.village, field.village);
    let unknown = Home { id: HouseholdId([9; 16]), ..home };
    let nothing: Result<(), StoreError> = write!(field.bench, |tx| household::settle(tx, &unknown).await);
    assert!(matches!(nothing, Err(StoreError::NoSuchRow { .. })));
}

#[tokio::test]
async fn every_change_is_kept_with_its_latest_verdict() {
    let field = field().await;
    let held = Verdict::Held(Hold::OutOfScope);
    let changes = [field.change(1, 1, Verdict::Accepted), field.change(2, 2, held)];
    let (commune, round, key) = (field.commune, field.round.clone(), field.key(OWN));
    let (stored, stored_round) = (changes.clone(), round.clone());
    let written: Result<(), StoreError> =
        write!(field.bench, |tx| change::put(tx, commune, &stored_round, &stored).await);
    written.unwrap();
    assert_eq!(change::of_document(read!(field.bench), &key).await.unwrap(), changes);
    assert_eq!(change::outside_of_document(read!(field.bench), &key).await.unwrap(), changes[1..]);
    assert_eq!(change::refused(read!(field.bench), commune, &round).await.unwrap(), changes[1..]);
    assert_eq!(change::held_of_key(read!(field.bench), &changes[0].author.key).await.unwrap(), 1);
    assert_eq!(change::accepted_in(read!(field.bench), changes[0].hash).await.unwrap(), [OWN]);
    assert_eq!(change::accepted_in(read!(field.bench), changes[1].hash).await.unwrap(), []);
    let (hash, stored_key) = (changes[1].hash, key.clone());
    let decided: Result<(), StoreError> = write!(field.bench, |tx| {
        change::set_verdict(tx, &stored_key, hash, Verdict::Released, Some("có mặt")).await
    });
    decided.unwrap();
    let hashes = [changes[0].hash, ChangeHash([9; 32])];
    let found = change::by_hashes(read!(field.bench), commune, &round, &hashes).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [((OWN, changes[0].hash), changes[0].clone())]);
    let known = change::verdicts(read!(field.bench), commune, &round, &hashes).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [((OWN, changes[0].hash), Verdict::Accepted)]);
    let found = change::by_hash(read!(field.bench), &key, hash).await.unwrap().unwrap();
    assert_eq!((found.verdict, found.reason.as_deref()), (Verdict::Released, Some("có mặt")));
    let nothing: Result<(), StoreError> =
        write!(field.bench, |tx| change::set_verdict(tx, &key, ChangeHash([9; 32]), Verdict::Released, None).await);
    assert!(matches!(nothing, Err(StoreError::NoSuchRow { .. })));
}

#[tokio::test]
async fn segments_and_commands_are_kept_once() {
    let field = field().await;
    let segment = |head: u8, entries| StoredSegment {
        head: EntryHash([head; 32]),
        author: field.author(),
        entries,
        scope: field.scope(),
        received_at: at(3),
        journal: vec![9],
    };
    let segments = [segment(1, (1, 3)), segment(2, (4, 4))];
    let (commune, stored) = (field.commune, segments.clone());
    let kept: Result<Vec<bool>, StoreError> = write!(field.bench, |tx| {
        let mut kept = Vec::new();
        for segment in stored.iter().chain(&stored) {
            kept.push(segment::put(tx, commune, segment).await?);
            segment::put_command(tx, commune, (segment.head, 1), at(3), &[1]).await?;
        }
        Ok(kept)
    });
    assert_eq!(kept.unwrap(), [true, true, false, false]);
    let commands = segment::commands(read!(field.bench), field.commune).await.unwrap();
    assert_eq!(commands, [(EntryHash([1; 32]), 1, vec![1]), (EntryHash([2; 32]), 1, vec![1])]);
    let author = field.author();
    assert_eq!(segment::of_author(read!(field.bench), &author).await.unwrap(), segments);
    assert_eq!(segment::of_round(read!(field.bench), commune, &field.round).await.unwrap(), segments);
    assert_eq!(segment::of_round(read!(field.bench), UnitId(99), &field.round).await.unwrap(), []);
    assert_eq!(segment::authors(read!(field.bench), commune, &field.round).await.unwrap(), [author]);
    assert_eq!(segment::authors(read!(field.bench), UnitId(99), &field.round).await.unwrap(), []);
    assert_eq!(segment::last_of_author(read!(field.bench), &author).await.unwrap(), 4);
    let another = Author { epoch: 2, ..author };
    assert_eq!(segment::last_of_author(read!(field.bench), &another).await.unwrap(), 0);
    for (author, number, head) in [(&author, 3, Some([1; 32])), (&author, 2, None), (&another, 3, None)] {
        let found = segment::head_at(read!(field.bench), author, number).await.unwrap();
        assert_eq!(found, head.map(EntryHash), "{number}");
    }
}

#[tokio::test]
async fn of_two_segments_that_end_with_one_entry_the_longer_is_kept() {
    let field = field().await;
    let segment = |entries, journal| {
        let (head, author, scope) = (EntryHash([2; 32]), field.author(), field.scope());
        StoredSegment { head, author, entries, scope, received_at: at(3), journal }
    };
    let (commune, came) =
        (field.commune, [segment((4, 4), vec![9]), segment((3, 4), vec![8]), segment((4, 4), vec![9])]);
    let stored = came.clone();
    let kept: Result<Vec<bool>, StoreError> = write!(field.bench, |tx| {
        let mut kept = Vec::new();
        for segment in &stored {
            kept.push(segment::put(tx, commune, segment).await?);
        }
        Ok(kept)
    });
    assert_eq!(kept.unwrap(), [true, true, false]);
    assert_eq!(segment::of_author(read!(field.bench), &field.author()).await.unwrap(), came[1..2]);
}

#[tokio::test]
async fn whoever_surveys_a_village_is_told_how_far_its_log_has_come_and_of_no_other() {
    let field = field().await;
    let (commune, account, scope) = (field.commune, field.account, field.scope());
    let found = log::of_account(read!(field.bench), account, &field.round).await.unwrap();
    assert_eq!(found, [], "nothing is assigned");
    let assignment = Assignment { commune, round: field.round.clone(), village: field.village, account };
    let given: Result<(), StoreError> = write!(field.bench, |tx| assignment::insert(tx, &assignment).await);
    given.unwrap();
    let at = ScopeCursor { scope: scope.clone(), cursor: Cursor { generation: 0, position: 0 } };
    let mut log = LogEnd { at, row: None };
    let found = log::of_account(read!(field.bench), account, &field.round).await.unwrap();
    assert_eq!(found, [(commune, log.clone())], "no row yet");
    let state = LogState { generation: 7, position: 3, row: RowHash([3; 32]), digest: Digest::default() };
    let written: Result<(), StoreError> = write!(field.bench, |tx| log::put_state(tx, commune, &scope, &state).await);
    written.unwrap();
    (log.at.cursor, log.row) = (Cursor { generation: 7, position: 3 }, Some(RowHash([3; 32])));
    let found = log::of_account(read!(field.bench), account, &field.round).await.unwrap();
    assert_eq!(found, [(commune, log)]);
}

#[tokio::test]
async fn a_log_gives_its_rows_back_in_order_and_says_where_it_stands() {
    let field = field().await;
    let (commune, scope) = (field.commune, field.scope());
    assert_eq!(log::state(read!(field.bench), commune, &scope).await.unwrap(), None);
    let mut digest = Digest::default();
    digest.add(&OWN, &[]);
    let logged = |position, event| LoggedRow {
        row: Row { position, written_at_ms: 5, household: OWN, event },
        hash: RowHash([position as u8; 32]),
        digest,
    };
    let verdict = RowEvent::Verdict { hash: ChangeHash([2; 32]), verdict: Verdict::Held(Hold::DocumentClosed) };
    let rows = [logged(1, RowEvent::Entered), logged(2, RowEvent::Change(ChangeHash([1; 32]))), logged(3, verdict)];
    let state = LogState { generation: 7, position: 3, row: RowHash([3; 32]), digest };
    let (stored, stored_state, stored_scope) = (rows.clone(), state.clone(), scope.clone());
    let written: Result<(), StoreError> = write!(field.bench, |tx| {
        log::append(tx, commune, &stored_scope, &stored).await?;
        log::put_state(tx, commune, &stored_scope, &stored_state).await
    });
    written.unwrap();
    assert_eq!(log::state(read!(field.bench), commune, &scope).await.unwrap(), Some(state.clone()));
    let states = log::states(read!(field.bench), commune, &field.round).await.unwrap();
    assert_eq!(states.into_iter().collect::<Vec<_>>(), [(field.village, state)]);
    assert_eq!(log::states(read!(field.bench), field.village, &field.round).await.unwrap().len(), 0);
    assert_eq!(log::villages(read!(field.bench), commune, &field.round).await.unwrap(), [field.village]);
    assert_eq!(unit::of_level(read!(field.bench), Level::Village, TODAY).await.unwrap(), [field.village]);
    assert_eq!(log::after(read!(field.bench), commune, &scope, 0, 9).await.unwrap(), rows);
    assert_eq!(log::after(read!(field.bench), commune, &scope, 1, 1).await.unwrap(), rows[1..2]);
    let (again, stored_scope) = (rows[0].clone(), scope.clone());
    let twice: Result<(), StoreError> =
        write!(field.bench, |tx| log::append(tx, commune, &stored_scope, &[again]).await);
    assert!(twice.is_err(), "one position, one row");
}

#[tokio::test]
async fn the_ledger_takes_each_number_once() {
    let field = field().await;
    let commune = field.commune;
    assert_eq!(ledger::last(read!(field.bench), commune).await.unwrap(), None);
    let decision = Decision::Assigned { round: field.round.clone(), village: field.village, account: field.account };
    let entry = LedgerEntry { v: 1, commune, number: 1, previous: None, at_ms: 5, by: None, decision };
    let hash = entry.hash();
    let texts = vec![entry.text()];
    for expected in [true, false] {
        let entry = entry.clone();
        let written: Result<(), StoreError> = write!(field.bench, |tx| ledger::append(tx, &entry).await);
        assert_eq!(written.is_ok(), expected);
    }
    assert_eq!(ledger::last(read!(field.bench), commune).await.unwrap(), Some((1, hash)));
    assert_eq!(ledger::texts(read!(field.bench), commune).await.unwrap(), texts);
}

#[tokio::test]
async fn reviews_and_pins_are_read_back() {
    let field = field().await;
    let (key, pin, heads) = (field.key(OWN), Hash([5; 32]), vec![ChangeHash([1; 32])]);
    assert_eq!(review::by_key(read!(field.bench), &key).await.unwrap(), None);
    let states = [
        ReviewState { last: None, confirmed_points: Some(Hash([6; 32])) },
        ReviewState { last: Some((Said::Returned, pin, 1)), confirmed_points: None },
        ReviewState { last: Some((Said::Unassessed(Unassessed::NotFound), pin, 2)), confirmed_points: None },
        ReviewState { last: Some((Said::Accepted, pin, 3)), confirmed_points: Some(Hash([6; 32])) },
    ];
    for state in &states {
        let (stored_key, stored, stored_heads) = (key.clone(), state.clone(), heads.clone());
        let written: Result<(), StoreError> = write!(field.bench, |tx| {
            review::put_pin(tx, &stored_key, pin, &stored_heads).await?;
            review::put(tx, &stored_key, &stored).await
        });
        written.unwrap();
        assert_eq!(review::by_key(read!(field.bench), &key).await.unwrap().as_ref(), Some(state));
    }
    let all = review::of_commune(read!(field.bench), field.commune, &field.round).await.unwrap();
    assert_eq!(all, [(OWN, states[3].clone())]);
    assert_eq!(review::heads_of_pin(read!(field.bench), &key, pin).await.unwrap(), Some(heads.clone()));
    assert_eq!(review::heads_of_pin(read!(field.bench), &key, Hash([9; 32])).await.unwrap(), None);
    let pins = review::pins_of_commune(read!(field.bench), field.commune, &field.round).await.unwrap();
    assert_eq!(pins.into_iter().collect::<Vec<_>>(), [((OWN, pin), heads)]);
}

/// What is shown of the own household.
fn shown(field: &Field) -> HouseholdView {
    HouseholdView {
        household: OWN,
        village: field.village,
        heads: vec![ChangeHash([1; 32])],
        head_name: "Hoàng Văn Đức".to_owned(),
        classes: [Class::Poor, Class::NearPoor].into_iter().collect(),
        complete: true,
        open_disagreements: 2,
        blocking: 1,
        last_outcome: Some("met".to_owned()),
        point: Some((22_300_000, -104_600_000, 12)),
        summary: "{}".to_owned(),
    }
}

#[tokio::test]
async fn a_view_replaces_the_one_before_it_with_all_its_disagreements() {
    let field = field().await;
    let (key, view) = (field.key(OWN), shown(&field));
    let disagreement = |id: u8, blocking, impact| DisagreementView {
        household: OWN,
        id: DisagreementId([id; 16]),
        section: "housing".to_owned(),
        blocking,
        roster: false,
        impact,
    };
    let open = [disagreement(1, false, Some(ClassSet::only(Class::Poor))), disagreement(2, true, None)];
    for disagreements in [&open[..], &open[1..]] {
        let (stored_key, stored, all) = (key.clone(), view.clone(), disagreements.to_vec());
        let written: Result<(), StoreError> = write!(field.bench, |tx| view::put(tx, &stored_key, &stored, &all).await);
        written.unwrap();
        let found = view::disagreements(read!(field.bench), field.commune, &field.round).await.unwrap();
        assert_eq!(found.len(), disagreements.len());
        assert_eq!(found[0], open[1], "what blocks comes first");
    }
    assert_eq!(view::by_key(read!(field.bench), &key).await.unwrap(), Some(view.clone()));
    let of_commune = view::of_commune(read!(field.bench), field.commune, &field.round).await.unwrap();
    assert_eq!(of_commune.iter().collect::<Vec<_>>(), [&view]);
    assert_found_by_name(&field, &view).await;
    let stored_key = key.clone();
    let forgotten: Result<(), StoreError> = write!(field.bench, |tx| view::forget(tx, &stored_key).await);
    forgotten.unwrap();
    assert_eq!(view::by_key(read!(field.bench), &key).await.unwrap(), None);
    assert_eq!(view::disagreements(read!(field.bench), field.commune, &field.round).await.unwrap(), []);
}

/// The database finds whom a phone would find.
async fn assert_found_by_name(field: &Field, view: &HouseholdView) {
    for typed in ["uc", "van", "duc lan", "ĐỨC", "duc hoang", "% _", "h'o", "", "hoang' --"] {
        let search = NameSearch::of(typed);
        let found = view::named(read!(field.bench), field.commune, &field.round, &search).await.unwrap();
        let meant = search.finds(&view.head_name);
        assert_eq!(found, if meant { vec![view.clone()] } else { Vec::new() }, "{typed}");
    }
}

#[tokio::test]
async fn who_carried_an_authors_work_is_known_with_the_first_time_of_each() {
    let field = field().await;
    let devices = [1, 2, 3].map(|seed| device_of(field.account, field.village, seed));
    let [author, one, other] = devices.each_ref().map(|device| device.id);
    let carriage = move |carrier, seconds| {
        let parcel = ParcelId([7; 16]);
        Carriage { parcel, carrier, author, size_bytes: 900, received_at: at(seconds) }
    };
    let (head, entries, journal) = (EntryHash([1; 32]), (2, 5), vec![9]);
    let segment =
        StoredSegment { head, author: field.author(), entries, scope: field.scope(), received_at: at(3), journal };
    let (commune, refused) = (field.commune, EntryHash([2; 32]));
    let written: Result<(), StoreError> = write!(field.bench, |tx| {
        for device in &devices {
            device::insert(tx, device).await?;
        }
        segment::put(tx, commune, &segment).await?;
        for (carrier, seconds) in [(one, 1), (other, 2), (one, 3)] {
            carriage::put(tx, &carriage(carrier, seconds), &[head, refused]).await?;
        }
        Ok(())
    });
    written.unwrap();
    let found = carriage::of_author(read!(field.bench), &field.author()).await.unwrap();
    assert_eq!(found, [((2, 5), carriage(one, 1)), ((2, 5), carriage(other, 2))]);
    let later = Author { epoch: 2, ..field.author() };
    assert_eq!(carriage::of_author(read!(field.bench), &later).await.unwrap(), []);
}
