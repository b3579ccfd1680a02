//! Suspicions that a person has looked at. Everything here can be made again from the ledger.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::{Hash, Pin};

use super::row::{RowOf, stored};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::field::DocumentKey;

/// Writes that a suspicion was looked at, and the number of the ledger entry that says so.
pub async fn put(tx: &mut Tx, key: &DocumentKey, suspicion: Pin, ledger: u64) -> Result<(), StoreError> {
    sql("INSERT INTO suspicion_check (commune, round, household, suspicion, ledger) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (commune, round, household, suspicion) DO UPDATE SET ledger = excluded.ledger")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(suspicion.0.as_slice())
    .bind(stored(ledger))
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes everything that is kept for a commune in a round.
pub async fn clear(tx: &mut Tx, commune: UnitId, round: &RoundId) -> Result<(), StoreError> {
    sql("DELETE FROM suspicion_check WHERE commune = $1 AND round = $2")
        .bind(stored(commune.0))
        .bind(round.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// The suspicions of a commune that were looked at, each with the number of its ledger entry.
pub async fn of_commune(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<BTreeMap<(HouseholdId, Pin), u64>, StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>, i64)> =
        sql("SELECT household, suspicion, ledger FROM suspicion_check WHERE commune = $1 AND round = $2")
            .bind(stored(commune.0))
            .bind(round.as_str())
            .fetch_all(read)
            .await?;
    let of = RowOf { table: "suspicion_check", id: commune };
    let read = |(household, suspicion, ledger)| {
        let household = HouseholdId(of.bytes("household", household)?);
        Ok(((household, Hash(of.bytes("suspicion", suspicion)?)), of.number("ledger", ledger)?))
    };
    rows.into_iter().map(read).collect()
}
