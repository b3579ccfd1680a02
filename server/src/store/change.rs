//! Changes: every one that was ever sent, with what became of it.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, RoundId, UnitId};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use sync_protocol::hash::ChangeHash;
use sync_protocol::verdict::Verdict;

use super::row::{ROWS, RowOf, is_often, milliseconds, stored, updated};
use super::{Read, StoreError, Tx};
use crate::domain::field::{DocumentKey, StoredChange};

#[derive(FromRow)]
struct Row {
    household: Vec<u8>,
    hash: Vec<u8>,
    key: Vec<u8>,
    account: i64,
    epoch: i64,
    entry: i64,
    wall_ms: i64,
    received_at: i64,
    verdict: i64,
    reason: Option<String>,
    sealed: Vec<u8>,
}

impl TryFrom<Row> for StoredChange {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "change", id: format!("{:02x?}", row.hash) };
        let author = of.author(row.key, row.account, row.epoch)?;
        Ok(Self {
            household: HouseholdId(of.bytes("household", row.household)?),
            hash: ChangeHash(of.bytes("hash", row.hash)?),
            author,
            entry: of.number("entry", row.entry)?,
            wall_ms: row.wall_ms,
            received_at: of.instant("received_at", row.received_at)?,
            verdict: verdict(&of, row.verdict)?,
            reason: row.reason,
            sealed: row.sealed,
        })
    }
}

fn verdict(of: &RowOf<String>, number: i64) -> Result<Verdict, StoreError> {
    let known = u8::try_from(number).ok().and_then(Verdict::from_code);
    of.column("verdict", known.ok_or("not a verdict"))
}

const COLUMNS: &str = "household, hash, key, account, epoch, entry, wall_ms, received_at, verdict, reason, sealed";

/// Keeps changes of a round; the verdict on one that is kept already is replaced. One statement for many: what a statement
/// costs is mostly the way to the database's thread and back.
pub async fn put(tx: &mut Tx, commune: UnitId, round: &RoundId, changes: &[StoredChange]) -> Result<(), StoreError> {
    for changes in changes.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO change (commune, round, household, hash, key, account, epoch, entry, wall_ms, received_at, \
                                 verdict, reason, sealed) ",
        );
        insert.push_values(changes, |mut row, change| {
            row.push_bind(stored(commune.0))
                .push_bind(round.as_str())
                .push_bind(change.household.0.as_slice())
                .push_bind(change.hash.0.as_slice())
                .push_bind(change.author.key.0.as_slice())
                .push_bind(stored(change.author.account.0))
                .push_bind(i64::from(change.author.epoch))
                .push_bind(stored(change.entry))
                .push_bind(change.wall_ms)
                .push_bind(milliseconds(change.received_at))
                .push_bind(i64::from(change.verdict.code()))
                .push_bind(change.reason.as_deref())
                .push_bind(change.sealed.as_slice());
        });
        insert.push(
            " ON CONFLICT (commune, round, household, hash) \
             DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason",
        );
        insert.build().persistent(is_often(changes.len())).execute(tx.sqlite()).await?;
    }
    Ok(())
}

/// Gives a kept change another verdict.
pub async fn set_verdict(
    tx: &mut Tx,
    key: &DocumentKey,
    hash: ChangeHash,
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE change SET verdict = $5, reason = coalesce($6, reason) \
         WHERE commune = $1 AND round = $2 AND household = $3 AND hash = $4",
    )
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(hash.0.as_slice())
    .bind(i64::from(verdict.code()))
    .bind(reason)
    .execute(tx.sqlite())
    .await?;
    updated("change", hash, done.rows_affected())
}

/// One change.
pub async fn by_hash(read: &mut Read, key: &DocumentKey, hash: ChangeHash) -> Result<Option<StoredChange>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM change WHERE commune = $1 AND round = $2 AND household = $3 AND hash = $4");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .bind(hash.0.as_slice())
        .fetch_optional(read.sqlite())
        .await?;
    row.map(StoredChange::try_from).transpose()
}

/// The changes of a round with these hashes, by household and hash.
pub async fn by_hashes(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
    hashes: &[ChangeHash],
) -> Result<BTreeMap<(HouseholdId, ChangeHash), StoredChange>, StoreError> {
    let mut found = BTreeMap::new();
    for hashes in hashes.chunks(ROWS) {
        let mut select = QueryBuilder::<Sqlite>::new("SELECT ");
        select.push(COLUMNS).push(" FROM change WHERE hash IN (");
        let mut list = select.separated(", ");
        for hash in hashes {
            list.push_bind(hash.0.as_slice());
        }
        select.push(") AND commune = ").push_bind(stored(commune.0));
        select.push(" AND round = ").push_bind(round.as_str());
        let rows: Vec<Row> =
            select.build_query_as().persistent(is_often(hashes.len())).fetch_all(read.sqlite()).await?;
        for row in rows {
            let change = StoredChange::try_from(row)?;
            found.insert((change.household, change.hash), change);
        }
    }
    Ok(found)
}

/// All changes of a document, whatever became of them, in the order of arrival.
pub async fn of_document(read: &mut Read, key: &DocumentKey) -> Result<Vec<StoredChange>, StoreError> {
    in_document(read, key, "").await
}

/// The changes of a document that wait, were rejected or were replaced: those that are not in it, in the order of arrival.
pub async fn outside_of_document(read: &mut Read, key: &DocumentKey) -> Result<Vec<StoredChange>, StoreError> {
    in_document(read, key, "AND verdict NOT IN (0, 2)").await
}

async fn in_document(
    read: &mut Read,
    key: &DocumentKey,
    condition: &'static str,
) -> Result<Vec<StoredChange>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM change WHERE commune = $1 AND round = $2 AND household = $3 {condition} \
         ORDER BY received_at, key, epoch, entry, hash"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .fetch_all(read.sqlite())
        .await?;
    rows.into_iter().map(StoredChange::try_from).collect()
}

/// The changes of a commune that wait or were rejected, oldest first.
pub async fn refused(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<StoredChange>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM change WHERE commune = $1 AND round = $2 AND verdict >= 16 \
         ORDER BY received_at, key, epoch, entry, hash"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(stored(commune.0))
        .bind(round.as_str())
        .fetch_all(read.sqlite())
        .await?;
    rows.into_iter().map(StoredChange::try_from).collect()
}

/// The households whose documents hold this change as accepted, wherever they are.
pub async fn accepted_in(read: &mut Read, hash: ChangeHash) -> Result<Vec<HouseholdId>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT household FROM change WHERE hash = $1 AND verdict IN (0, 2)")
        .bind(hash.0.as_slice())
        .fetch_all(read.sqlite())
        .await?;
    let of = RowOf { table: "change", id: hash.to_string() };
    rows.into_iter().map(|(household,)| of.bytes("household", household).map(HouseholdId)).collect()
}
