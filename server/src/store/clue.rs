//! Clues to doubles and strays, and the marks of their members' numbers. Everything here can be made again.
//!
//! What belongs to a household whose key was destroyed is never given out.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, MemberId, RoundId, UnitId};
use sqlx::FromRow;

use super::household::HomeRow;
use super::row::{RowOf, stored};
use super::statement::{ROWS, insert_rows, scalar, sql, sql_of_households};
use super::{Read, StoreError, Tx};
use crate::domain::clue::{Holder, KeptClues, NumberMark};
use crate::domain::field::{DocumentKey, Home};

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    home: HomeRow,
    sealed: Vec<u8>,
}

#[derive(FromRow)]
struct HolderRow {
    mark: Vec<u8>,
    commune: i64,
    household: Vec<u8>,
    member: Vec<u8>,
}

impl TryFrom<HolderRow> for Holder {
    type Error = StoreError;
    fn try_from(row: HolderRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "person_number", id: format!("{}/{:02x?}", row.commune, row.household) };
        Ok(Self {
            mark: NumberMark(of.bytes("mark", row.mark)?),
            commune: UnitId(of.number("commune", row.commune)?),
            household: HouseholdId(of.bytes("household", row.household)?),
            member: MemberId(of.bytes("member", row.member)?),
        })
    }
}

/// Writes the clues of a household in place of those before.
pub async fn put(tx: &mut Tx, key: &DocumentKey, kept: &KeptClues) -> Result<(), StoreError> {
    put_all(tx, (key.commune, &key.round), &[(key.household, kept)]).await
}

/// The same for households of a commune in a round, none twice.
pub async fn put_all(
    tx: &mut Tx,
    place: (UnitId, &RoundId),
    kept: &[(HouseholdId, &KeptClues)],
) -> Result<(), StoreError> {
    for kept in kept.chunks(ROWS) {
        put_clues(tx, place, kept).await?;
        // Most edits leave the numbers as they were, and looking is cheaper than writing.
        let households: Vec<HouseholdId> = kept.iter().map(|(household, _)| *household).collect();
        let mut before = marks_of(tx, place, &households).await?;
        let is_other =
            |(household, kept): &(HouseholdId, &KeptClues)| before.remove(household).unwrap_or_default() != kept.marks;
        let others: Vec<(HouseholdId, &KeptClues)> = kept.iter().copied().filter(is_other).collect();
        put_marks(tx, place, &others).await?;
    }
    Ok(())
}

async fn put_clues(
    tx: &mut Tx,
    (commune, round): (UnitId, &RoundId),
    kept: &[(HouseholdId, &KeptClues)],
) -> Result<(), StoreError> {
    let before = "INSERT INTO clue (commune, round, household, sealed)";
    let after = " ON CONFLICT (commune, round, household) DO UPDATE SET sealed = excluded.sealed";
    let insert = insert_rows(before, kept, after, |row, (household, kept)| {
        row.bind(stored(commune.0)).bind(round.as_str()).bind(household.0.as_slice()).bind(&kept.sealed)
    });
    insert.execute(tx).await?;
    Ok(())
}

/// Writes the marks of at most [`ROWS`] households in place of those before.
async fn put_marks(
    tx: &mut Tx,
    place: (UnitId, &RoundId),
    kept: &[(HouseholdId, &KeptClues)],
) -> Result<(), StoreError> {
    if kept.is_empty() {
        return Ok(());
    }
    let ((commune, round), households) = (place, kept.iter().map(|(household, _)| household));
    sql_of_households("DELETE FROM person_number", place, households).execute(tx).await?;
    let marks = |(household, kept): &'_ (HouseholdId, &KeptClues)| {
        let household = *household;
        kept.marks.iter().map(move |(member, mark)| (household, *member, *mark)).collect::<Vec<_>>()
    };
    let marks: Vec<(HouseholdId, MemberId, NumberMark)> = kept.iter().flat_map(marks).collect();
    for marks in marks.chunks(ROWS) {
        let before = "INSERT INTO person_number (commune, round, household, member, mark)";
        let insert = insert_rows(before, marks, "", |row, (household, member, mark)| {
            row.bind(stored(commune.0))
                .bind(round.as_str())
                .bind(household.0.as_slice())
                .bind(member.0.as_slice())
                .bind(mark.0.as_slice())
        });
        insert.execute(tx).await?;
    }
    Ok(())
}

/// The marks of a household's numbers.
pub async fn marks(read: &mut Read, key: &DocumentKey) -> Result<BTreeMap<MemberId, NumberMark>, StoreError> {
    let found = marks_of(read, (key.commune, &key.round), &[key.household]).await?;
    Ok(found.into_values().next().unwrap_or_default())
}

/// The marks of at most [`ROWS`] households; those without any are left out.
async fn marks_of(
    read: &mut Read,
    place: (UnitId, &RoundId),
    households: &[HouseholdId],
) -> Result<BTreeMap<HouseholdId, BTreeMap<MemberId, NumberMark>>, StoreError> {
    let select = sql_of_households("SELECT household, member, mark FROM person_number", place, households.iter());
    let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = select.fetch_all(read).await?;
    let mut found: BTreeMap<HouseholdId, BTreeMap<MemberId, NumberMark>> = BTreeMap::new();
    for (household, member, mark) in rows {
        let of = RowOf { table: "person_number", id: format!("{household:02x?}") };
        let marks = found.entry(HouseholdId(of.bytes("household", household)?)).or_default();
        marks.insert(MemberId(of.bytes("member", member)?), NumberMark(of.bytes("mark", mark)?));
    }
    Ok(found)
}

/// Removes the clues of a household in every round.
pub async fn forget(tx: &mut Tx, commune: UnitId, household: HouseholdId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM clue WHERE commune = $1 AND household = $2",
        "DELETE FROM person_number WHERE commune = $1 AND household = $2",
    ] {
        sql(statement).bind(stored(commune.0)).bind(household.0.as_slice()).execute(tx).await?;
    }
    Ok(())
}

/// The clues of a household as they are stored.
pub async fn by_key(read: &mut Read, key: &DocumentKey) -> Result<Option<KeptClues>, StoreError> {
    let sealed: Option<Vec<u8>> =
        scalar("SELECT sealed FROM clue WHERE commune = $1 AND round = $2 AND household = $3")
            .bind(stored(key.commune.0))
            .bind(key.round.as_str())
            .bind(key.household.0.as_slice())
            .fetch_optional(read)
            .await?;
    match sealed {
        Some(sealed) => Ok(Some(KeptClues { sealed, marks: marks(read, key).await? })),
        None => Ok(None),
    }
}

/// The households of a commune with their sealed clues, by id.
pub async fn of_commune(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<(Home, Vec<u8>)>, StoreError> {
    let rows: Vec<Row> = sql("SELECT h.id, h.commune, h.village, h.wrapped_key, h.created_at, c.sealed \
         FROM clue c JOIN household h ON h.commune = c.commune AND h.id = c.household \
         WHERE c.commune = $1 AND c.round = $2 AND h.wrapped_key IS NOT NULL ORDER BY c.household")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(|row| Ok((row.home.try_into()?, row.sealed))).collect()
}

/// Everybody in any commune who has a number that stands in a household of this commune and in another household too.
pub async fn shared_numbers(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<Holder>, StoreError> {
    let rows: Vec<HolderRow> = sql("SELECT n.mark, n.commune, n.household, n.member \
         FROM person_number n JOIN household h ON h.commune = n.commune AND h.id = n.household \
         WHERE n.round = $2 AND h.wrapped_key IS NOT NULL AND n.mark IN ( \
           SELECT own.mark FROM person_number own WHERE own.commune = $1 AND own.round = $2 AND EXISTS ( \
             SELECT 1 FROM person_number other \
             WHERE other.round = own.round AND other.mark = own.mark AND other.household <> own.household)) \
         ORDER BY n.mark, n.commune, n.household, n.member")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Holder::try_from).collect()
}
