//! Clues to doubles and strays, and the marks of their members' numbers. Everything here can be made again.
//!
//! What belongs to a household whose key was destroyed is never given out.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, MemberId, RoundId, UnitId};
use sqlx::FromRow;

use super::household::HomeRow;
use super::row::{RowOf, stored};
use super::statement::{scalar, sql};
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
    sql("INSERT INTO clue (commune, round, household, sealed) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (commune, round, household) DO UPDATE SET sealed = excluded.sealed")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(&kept.sealed)
    .execute(tx)
    .await?;
    // Most edits leave the numbers as they were, and looking is cheaper than writing.
    if marks(tx, key).await? == kept.marks {
        return Ok(());
    }
    sql("DELETE FROM person_number WHERE commune = $1 AND round = $2 AND household = $3")
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .execute(tx)
        .await?;
    for (member, mark) in &kept.marks {
        put_mark(tx, key, *member, *mark).await?;
    }
    Ok(())
}

async fn put_mark(tx: &mut Tx, key: &DocumentKey, member: MemberId, mark: NumberMark) -> Result<(), StoreError> {
    sql("INSERT INTO person_number (commune, round, household, member, mark) VALUES ($1, $2, $3, $4, $5)")
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .bind(member.0.as_slice())
        .bind(mark.0.as_slice())
        .execute(tx)
        .await?;
    Ok(())
}

/// The marks of a household's numbers.
pub async fn marks(read: &mut Read, key: &DocumentKey) -> Result<BTreeMap<MemberId, NumberMark>, StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        sql("SELECT member, mark FROM person_number WHERE commune = $1 AND round = $2 AND household = $3")
            .bind(stored(key.commune.0))
            .bind(key.round.as_str())
            .bind(key.household.0.as_slice())
            .fetch_all(read)
            .await?;
    let of = RowOf { table: "person_number", id: key.household };
    let read = |(member, mark)| Ok((MemberId(of.bytes("member", member)?), NumberMark(of.bytes("mark", mark)?)));
    rows.into_iter().map(read).collect()
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
