//! Changes: every one that was ever sent, with what became of it.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, RoundId, UnitId};
use sqlx::FromRow;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::verdict::Verdict;

use super::row::{RowOf, milliseconds, stored, updated};
use super::statement::{ROWS, Statement, insert_rows, places, scalar, sql, sql_of};
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
    seen_at: Option<i64>,
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
            seen_at: of.maybe_instant("seen_at", row.seen_at)?,
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

const COLUMNS: &str =
    "household, hash, key, account, epoch, entry, wall_ms, seen_at, received_at, verdict, reason, sealed";

/// Keeps changes of a round; the verdict on one that is kept already is replaced. One statement for many: what a statement
/// costs is mostly the way to the database's thread and back.
pub async fn put(tx: &mut Tx, commune: UnitId, round: &RoundId, changes: &[StoredChange]) -> Result<(), StoreError> {
    for changes in changes.chunks(ROWS) {
        let before = "INSERT INTO change (commune, round, household, hash, key, account, epoch, entry, wall_ms, seen_at, \
                                          received_at, verdict, reason, sealed)";
        let after = " ON CONFLICT (commune, round, household, hash) \
                     DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason";
        let insert = insert_rows(before, changes, after, |row, change| {
            row.bind(stored(commune.0))
                .bind(round.as_str())
                .bind(change.household.0.as_slice())
                .bind(change.hash.0.as_slice())
                .bind(change.author.key.0.as_slice())
                .bind(stored(change.author.account.0))
                .bind(i64::from(change.author.epoch))
                .bind(stored(change.entry))
                .bind(change.wall_ms)
                .bind(change.seen_at.map(milliseconds))
                .bind(milliseconds(change.received_at))
                .bind(i64::from(change.verdict.code()))
                .bind(change.reason.as_deref())
                .bind(change.sealed.as_slice())
        });
        insert.execute(tx).await?;
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
    let done = sql("UPDATE change SET verdict = $5, reason = coalesce($6, reason) \
         WHERE commune = $1 AND round = $2 AND household = $3 AND hash = $4")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(hash.0.as_slice())
    .bind(i64::from(verdict.code()))
    .bind(reason)
    .execute(tx)
    .await?;
    updated("change", hash, done)
}

/// One change.
pub async fn by_hash(read: &mut Read, key: &DocumentKey, hash: ChangeHash) -> Result<Option<StoredChange>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM change WHERE commune = $1 AND round = $2 AND household = $3 AND hash = $4");
    let row: Option<Row> = sql_of(sql)
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .bind(hash.0.as_slice())
        .fetch_optional(read)
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
        let rows: Vec<Row> = named(COLUMNS, commune, round, hashes).fetch_all(read).await?;
        for row in rows {
            let change = StoredChange::try_from(row)?;
            found.insert((change.household, change.hash), change);
        }
    }
    Ok(found)
}

/// What became of the changes of a round with these hashes, by household and hash.
pub async fn verdicts(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
    hashes: &[ChangeHash],
) -> Result<BTreeMap<(HouseholdId, ChangeHash), Verdict>, StoreError> {
    let mut found = BTreeMap::new();
    for hashes in hashes.chunks(ROWS) {
        let columns = "household, hash, verdict";
        let rows: Vec<(Vec<u8>, Vec<u8>, i64)> = named(columns, commune, round, hashes).fetch_all(read).await?;
        for (household, hash, number) in rows {
            let of = RowOf { table: "change", id: format!("{hash:02x?}") };
            let verdict = verdict(&of, number)?;
            let hash = ChangeHash(of.bytes("hash", hash)?);
            found.insert((HouseholdId(of.bytes("household", household)?), hash), verdict);
        }
    }
    Ok(found)
}

/// Asks for the changes of a round with these hashes.
fn named<'q>(columns: &str, commune: UnitId, round: &'q RoundId, hashes: &'q [ChangeHash]) -> Statement<'q> {
    let list = places(3, hashes.len());
    let text = format!("SELECT {columns} FROM change WHERE commune = $1 AND round = $2 AND hash IN ({list})");
    let select = sql_of(text).for_rows(hashes.len()).bind(stored(commune.0)).bind(round.as_str());
    hashes.iter().fold(select, |select, hash| select.bind(hash.0.as_slice()))
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
    let rows: Vec<Row> = sql_of(sql)
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .fetch_all(read)
        .await?;
    rows.into_iter().map(StoredChange::try_from).collect()
}

/// The changes of a commune that wait or were rejected, oldest first.
pub async fn refused(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<StoredChange>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM change WHERE commune = $1 AND round = $2 AND verdict >= 16 \
         ORDER BY received_at, key, epoch, entry, hash"
    );
    let rows: Vec<Row> = sql_of(sql).bind(stored(commune.0)).bind(round.as_str()).fetch_all(read).await?;
    rows.into_iter().map(StoredChange::try_from).collect()
}

/// How many changes under this key are held.
pub async fn held_of_key(read: &mut Read, key: &PublicKey) -> Result<u64, StoreError> {
    let held: i64 = scalar("SELECT count(*) FROM change WHERE key = $1 AND verdict BETWEEN 16 AND 31")
        .bind(key.0.as_slice())
        .fetch_one(read)
        .await?;
    RowOf { table: "change", id: "held" }.number("count", held)
}

/// The households whose documents hold this change as accepted, wherever they are.
pub async fn accepted_in(read: &mut Read, hash: ChangeHash) -> Result<Vec<HouseholdId>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = sql("SELECT household FROM change WHERE hash = $1 AND verdict IN (0, 2)")
        .bind(hash.0.as_slice())
        .fetch_all(read)
        .await?;
    let of = RowOf { table: "change", id: hash.to_string() };
    rows.into_iter().map(|(household,)| of.bytes("household", household).map(HouseholdId)).collect()
}
