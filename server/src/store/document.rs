//! Documents: heads and the saved cache of each household in each round.

use std::collections::BTreeMap;

use schemas::form::FormVersion;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use sqlx::FromRow;
use sync_protocol::hash::ChangeHash;

use super::household::HomeRow;
use super::row::{RowOf, milliseconds, stored};
use super::statement::{ROWS, insert_rows, places, sql, sql_of};
use super::{Read, StoreError, Tx};
use crate::domain::field::{DocumentKey, DocumentStanding, DocumentState, Home};

#[derive(FromRow)]
struct Row {
    household: Vec<u8>,
    village: i64,
    left_villages: Vec<u8>,
    form: String,
    heads: Vec<u8>,
    changes: i64,
    saved: Option<Vec<u8>>,
    closed_at: Option<i64>,
}

#[derive(FromRow)]
struct StandingRow {
    #[sqlx(flatten)]
    home: HomeRow,
    heads: Option<Vec<u8>>,
    lives_in: Option<i64>,
}

impl TryFrom<Row> for DocumentState {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "document", id: format!("{:02x?}", row.household) };
        Ok(Self {
            household: HouseholdId(of.bytes("household", row.household)?),
            village: UnitId(of.number("village", row.village)?),
            left: read_villages(&of, &row.left_villages)?,
            form: FormVersion(row.form),
            heads: read_heads(&of, row.heads)?,
            changes: of.number("changes", row.changes)?,
            saved: row.saved,
            closed_at: of.maybe_instant("closed_at", row.closed_at)?,
        })
    }
}

/// How heads are stored: 32 bytes each, sorted.
pub(super) fn heads_stored(heads: &[ChangeHash]) -> Vec<u8> {
    heads.iter().flat_map(|head| head.0).collect()
}

pub(super) fn read_heads(of: &RowOf<String>, bytes: Vec<u8>) -> Result<Vec<ChangeHash>, StoreError> {
    let (heads, rest) = bytes.as_chunks::<32>();
    let whole = if rest.is_empty() { Ok(()) } else { Err("not whole hashes") };
    of.column("heads", whole)?;
    Ok(heads.iter().copied().map(ChangeHash).collect())
}

fn villages_stored(villages: &[UnitId]) -> Vec<u8> {
    villages.iter().flat_map(|village| village.0.to_be_bytes()).collect()
}

fn read_villages(of: &RowOf<String>, bytes: &[u8]) -> Result<Vec<UnitId>, StoreError> {
    let (villages, rest) = bytes.as_chunks::<8>();
    of.column("left_villages", if rest.is_empty() { Ok(()) } else { Err("not whole ids") })?;
    Ok(villages.iter().map(|village| UnitId(u64::from_be_bytes(*village))).collect())
}

/// Writes a document's state, new or not.
pub async fn put(tx: &mut Tx, key: &DocumentKey, state: &DocumentState) -> Result<(), StoreError> {
    put_all(tx, (key.commune, &key.round), std::slice::from_ref(state)).await
}

/// Writes the states of documents of a commune in a round, new or not, none twice.
pub async fn put_all(
    tx: &mut Tx,
    (commune, round): (UnitId, &RoundId),
    states: &[DocumentState],
) -> Result<(), StoreError> {
    for states in states.chunks(ROWS) {
        let before = "INSERT INTO document (commune, round, household, village, left_villages, form, heads, changes, saved, closed_at)";
        let after = " ON CONFLICT (commune, round, household) \
             DO UPDATE SET village = excluded.village, left_villages = excluded.left_villages, heads = excluded.heads, \
                           changes = excluded.changes, saved = excluded.saved, closed_at = excluded.closed_at";
        let insert = insert_rows(before, states, after, |row, state| {
            row.bind(stored(commune.0))
                .bind(round.as_str())
                .bind(state.household.0.as_slice())
                .bind(stored(state.village.0))
                .bind(villages_stored(&state.left))
                .bind(&state.form.0)
                .bind(heads_stored(&state.heads))
                .bind(stored(state.changes))
                .bind(&state.saved)
                .bind(state.closed_at.map(milliseconds))
        });
        insert.execute(tx).await?;
    }
    Ok(())
}

/// The document of a household in a round.
pub async fn by_key(read: &mut Read, key: &DocumentKey) -> Result<Option<DocumentState>, StoreError> {
    let row: Option<Row> = sql("SELECT household, village, left_villages, form, heads, changes, saved, closed_at \
         FROM document \
         WHERE commune = $1 AND round = $2 AND household = $3")
    .bind(stored(key.commune.0))
    .bind(key.round.as_str())
    .bind(key.household.0.as_slice())
    .fetch_optional(read)
    .await?;
    row.map(DocumentState::try_from).transpose()
}

/// The households with these ids as far as they are known, wherever they belong in a round, each with the heads of its
/// document.
pub async fn standing(
    read: &mut Read,
    round: &RoundId,
    households: &[HouseholdId],
) -> Result<BTreeMap<HouseholdId, DocumentStanding>, StoreError> {
    let mut found = BTreeMap::new();
    for households in households.chunks(ROWS) {
        let list = places(2, households.len());
        let text = format!(
            "SELECT h.id, h.commune, h.village, h.wrapped_key, h.created_at, d.heads, d.village AS lives_in \
             FROM household h \
             LEFT JOIN document d ON d.commune = h.commune AND d.household = h.id AND d.round = $1 WHERE h.id IN ({list})"
        );
        let select = sql_of(text).for_rows(households.len()).bind(round.as_str());
        let select = households.iter().fold(select, |select, household| select.bind(household.0.as_slice()));
        let rows: Vec<StandingRow> = select.fetch_all(read).await?;
        for row in rows {
            let mut home = Home::try_from(row.home)?;
            let of = RowOf { table: "document", id: home.id.to_string() };
            if let Some(village) = row.lives_in {
                home.village = UnitId(of.number("village", village)?);
            }
            let heads = row.heads.map(|heads| read_heads(&of, heads)).transpose()?;
            found.insert(home.id, DocumentStanding { home, heads });
        }
    }
    Ok(found)
}

/// All documents of a commune in a round, by household.
pub async fn of_commune(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<DocumentState>, StoreError> {
    let rows: Vec<Row> = sql("SELECT household, village, left_villages, form, heads, changes, saved, closed_at \
         FROM document \
         WHERE commune = $1 AND round = $2 ORDER BY household")
    .bind(stored(commune.0))
    .bind(round.as_str())
    .fetch_all(read)
    .await?;
    rows.into_iter().map(DocumentState::try_from).collect()
}
