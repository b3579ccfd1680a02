//! Listings: how each household of a round came to be reviewed, and what last year's list said of it.

use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::Listing;
use sqlx::FromRow;

use super::row::{RowOf, stored};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::field::DocumentKey;
use crate::domain::listing::ListedHousehold;

#[derive(FromRow)]
struct Row {
    household: Vec<u8>,
    how: String,
    sealed: Option<Vec<u8>>,
}

impl TryFrom<Row> for ListedHousehold {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "listing", id: format!("{:02x?}", row.household) };
        let how = match row.how.as_str() {
            "carried" => Ok(Listing::Carried),
            "requested" => Ok(Listing::Requested),
            _ => Err("neither carried nor requested"),
        };
        Ok(Self {
            household: HouseholdId(of.bytes("household", row.household)?),
            how: of.column("how", how)?,
            sealed: row.sealed,
        })
    }
}

fn code(how: Listing) -> &'static str {
    match how {
        Listing::Carried => "carried",
        Listing::Requested => "requested",
    }
}

/// Writes how a household came to be reviewed, new or not.
pub async fn put(tx: &mut Tx, commune: UnitId, round: &RoundId, listed: &ListedHousehold) -> Result<(), StoreError> {
    sql("INSERT INTO listing (commune, round, household, how, sealed) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (commune, round, household) DO UPDATE SET how = excluded.how, sealed = excluded.sealed")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .bind(listed.household.0.as_slice())
    .bind(code(listed.how))
    .bind(&listed.sealed)
    .execute(tx)
    .await?;
    Ok(())
}

/// How a household came to be reviewed; `None` when nobody has said it.
pub async fn by_key(read: &mut Read, key: &DocumentKey) -> Result<Option<ListedHousehold>, StoreError> {
    let row: Option<Row> =
        sql("SELECT household, how, sealed FROM listing WHERE commune = $1 AND round = $2 AND household = $3")
            .bind(stored(key.commune.0))
            .bind(key.round.as_str())
            .bind(key.household.0.as_slice())
            .fetch_optional(read)
            .await?;
    row.map(ListedHousehold::try_from).transpose()
}

/// All listings of a commune in a round, by household.
pub async fn of_commune(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<ListedHousehold>, StoreError> {
    let rows: Vec<Row> =
        sql("SELECT household, how, sealed FROM listing WHERE commune = $1 AND round = $2 ORDER BY household")
            .bind(stored(commune.0))
            .bind(round.as_str())
            .fetch_all(read)
            .await?;
    rows.into_iter().map(ListedHousehold::try_from).collect()
}
