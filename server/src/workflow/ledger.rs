//! Adding to the ledger: numbers, the chain and the pins that decisions name.

use hmac::Mac;
use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};
use schemas::ledger::{Decision, Hash, LEDGER_VERSION, LedgerEntry, Pin};
use sync_protocol::hash::ChangeHash;

use super::Refusal;
use crate::seal::{HouseholdKey, keyed_hash};
use crate::store::{self, Tx};

/// Writes a decision down; returns its number and hash.
pub(super) async fn append(
    tx: &mut Tx,
    commune: UnitId,
    now: Timestamp,
    by: Option<AccountId>,
    decision: Decision,
) -> Result<(u64, Hash), Refusal> {
    let last = store::ledger::last(tx, commune).await?;
    let number = last.map_or(1, |(number, _)| number + 1);
    let previous = last.map(|(_, hash)| hash);
    let entry = LedgerEntry { v: LEDGER_VERSION, commune, number, previous, at_ms: now.as_millisecond(), by, decision };
    store::ledger::append(tx, &entry).await?;
    Ok((number, entry.hash()))
}

/// The pin of a document at some heads: their HMAC under the household's secret.
pub fn pin(key: &HouseholdKey, heads: &[ChangeHash]) -> Pin {
    let mut heads = heads.to_vec();
    heads.sort_unstable();
    let bytes: Vec<u8> = heads.iter().flat_map(|head| head.0).collect();
    secret_hash(key, "pin of heads 1", &bytes)
}

/// The pin of points that a second person read on the signed paper form.
pub fn points_pin(key: &HouseholdKey, points: i64) -> Pin {
    secret_hash(key, "pin of a value 1", points.to_string().as_bytes())
}

/// The pin of the facts that a suspicion rests on.
pub(super) fn suspicion_pin(key: &HouseholdKey, facts: &str) -> Pin {
    secret_hash(key, "pin of a suspicion 1", facts.as_bytes())
}

fn secret_hash(key: &HouseholdKey, purpose: &str, message: &[u8]) -> Hash {
    let secret = key.derive(purpose);
    Hash(keyed_hash(&secret).chain_update(message).finalize().into_bytes().into())
}
