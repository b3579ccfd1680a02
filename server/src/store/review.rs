//! Where households stand with their reviewers, and the heads behind each pin.

use std::collections::BTreeMap;

use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::{Hash, Pin, Unassessed};
use sqlx::FromRow;
use sync_protocol::hash::ChangeHash;

use super::document::{heads_stored, read_heads};
use super::row::{RowOf, stored};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};
use crate::domain::field::DocumentKey;
use crate::domain::review::{ReviewState, Said};

#[derive(FromRow)]
struct Row {
    household: Vec<u8>,
    state: Option<String>,
    why: Option<String>,
    pin: Option<Vec<u8>>,
    ledger: Option<i64>,
    confirmed_points: Option<Vec<u8>>,
}

impl Row {
    fn read(self) -> Result<(HouseholdId, ReviewState), StoreError> {
        let of = RowOf { table: "review", id: format!("{:02x?}", self.household) };
        let why = self.why.as_deref().map(|code| Unassessed::from_code(code).ok_or("not a reason"));
        let said = match (self.state.as_deref(), why.map(|why| of.column("why", why)).transpose()?) {
            (None, None) => None,
            (Some("accepted"), None) => Some(Said::Accepted),
            (Some("returned"), None) => Some(Said::Returned),
            (Some("unassessed"), Some(why)) => Some(Said::Unassessed(why)),
            _ => of.column("state", Err("not a state"))?,
        };
        let pin = self.pin.map(|pin| of.bytes("pin", pin).map(Hash)).transpose()?;
        let ledger = self.ledger.map(|number| of.number("ledger", number)).transpose()?;
        let last = match (said, pin, ledger) {
            (Some(said), Some(pin), Some(ledger)) => Some((said, pin, ledger)),
            (None, None, None) => None,
            _ => of.column("state", Err("state, pin and ledger go together"))?,
        };
        let points = self.confirmed_points.map(|pin| of.bytes("confirmed_points", pin).map(Hash)).transpose()?;
        Ok((HouseholdId(of.bytes("household", self.household)?), ReviewState { last, confirmed_points: points }))
    }
}

/// Writes where a household stands.
pub async fn put(tx: &mut Tx, key: &DocumentKey, state: &ReviewState) -> Result<(), StoreError> {
    sql("INSERT INTO review (commune, round, household, state, why, pin, ledger, confirmed_points) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (commune, round, household) \
         DO UPDATE SET state = excluded.state, why = excluded.why, pin = excluded.pin, ledger = excluded.ledger, \
                       confirmed_points = excluded.confirmed_points")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(state.last.map(|(said, ..)| said.code()))
    .bind(state.last.and_then(|(said, ..)| said.why()).map(Unassessed::code))
    .bind(state.last.map(|(_, pin, _)| pin.0.to_vec()))
    .bind(state.last.map(|(.., ledger)| stored(ledger)))
    .bind(state.confirmed_points.map(|pin| pin.0.to_vec()))
    .execute(tx)
    .await?;
    Ok(())
}

/// Where a household stands.
pub async fn by_key(read: &mut Read, key: &DocumentKey) -> Result<Option<ReviewState>, StoreError> {
    let row: Option<Row> = sql("SELECT household, state, why, pin, ledger, confirmed_points FROM review \
         WHERE commune = $1 AND round = $2 AND household = $3")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .fetch_optional(read)
    .await?;
    row.map(|row| row.read().map(|(_, state)| state)).transpose()
}

/// Where the households of a commune stand, by household.
pub async fn of_commune(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<Vec<(HouseholdId, ReviewState)>, StoreError> {
    let rows: Vec<Row> = sql("SELECT household, state, why, pin, ledger, confirmed_points FROM review \
         WHERE commune = $1 AND round = $2 ORDER BY household")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Remembers the heads behind a pin; the same again changes nothing.
pub async fn put_pin(tx: &mut Tx, key: &DocumentKey, pin: Pin, heads: &[ChangeHash]) -> Result<(), StoreError> {
    sql("INSERT INTO pin (commune, round, household, pin, heads) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (commune, round, household, pin) DO NOTHING")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .bind(pin.0.as_slice())
    .bind(heads_stored(heads))
    .execute(tx)
    .await?;
    Ok(())
}

/// The heads behind a pin.
pub async fn heads_of_pin(read: &mut Read, key: &DocumentKey, pin: Pin) -> Result<Option<Vec<ChangeHash>>, StoreError> {
    let heads: Option<Vec<u8>> =
        scalar("SELECT heads FROM pin WHERE commune = $1 AND round = $2 AND household = $3 AND pin = $4")
            .bind(stored(key.commune.0))
            .bind(key.round.as_str())
            .bind(key.household.0.as_slice())
            .bind(pin.0.as_slice())
            .fetch_optional(read)
            .await?;
    let of = RowOf { table: "pin", id: pin.to_string() };
    heads.map(|heads| read_heads(&of, heads)).transpose()
}

/// The heads behind every pin of a commune in a round.
pub async fn pins_of_commune(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<BTreeMap<(HouseholdId, Pin), Vec<ChangeHash>>, StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> =
        sql("SELECT household, pin, heads FROM pin WHERE commune = $1 AND round = $2")
            .bind(stored(commune.0))
            .bind(round.as_str())
            .fetch_all(read)
            .await?;
    let read_row = |(household, pin, heads): (Vec<u8>, Vec<u8>, Vec<u8>)| {
        let of = RowOf { table: "pin", id: format!("{household:02x?}") };
        let key = (HouseholdId(of.bytes("household", household)?), Hash(of.bytes("pin", pin)?));
        Ok((key, read_heads(&of, heads)?))
    };
    rows.into_iter().map(read_row).collect()
}
