//! Rounds.

use schemas::form::FormVersion;
use schemas::ids::{RoundId, StandardId, UnitId};
use schemas::ledger::Hash;
use sqlx::FromRow;

use super::row::{RowOf, day, stored, updated};
use super::statement::sql;
use super::{Read, StoreError, Tx};
use crate::domain::round::{B1Mode, B1Source, LeftOut, Round, RoundState};

#[derive(FromRow)]
struct Row {
    id: String,
    unit: i64,
    name: String,
    standards: String,
    form_version: String,
    b1_mode: String,
    points_table: Option<Vec<u8>>,
    left_out: String,
    reference_on: String,
    state: String,
}

impl TryFrom<Row> for Round {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "round", id: &row.id };
        let table = row.points_table.map(|table| of.bytes("points_table", table).map(Hash)).transpose()?;
        let b1_mode = B1Mode::new(of.parse::<B1Source>("b1_mode", &row.b1_mode)?, table);
        let standards = row.standards.split(',').map(|id| of.parse::<StandardId>("standards", id));
        let left_out = row.left_out.split(',').filter(|code| !code.is_empty());
        let left_out = left_out.map(|code| of.parse::<LeftOut>("left_out", code));
        Ok(Self {
            id: of.parse("id", &row.id)?,
            unit: UnitId(of.number("unit", row.unit)?),
            standards: standards.collect::<Result<_, _>>()?,
            left_out: left_out.collect::<Result<_, _>>()?,
            b1_mode: of.column("points_table", b1_mode.ok_or("the mode and the table do not go together"))?,
            reference_on: of.day("reference_on", &row.reference_on)?,
            state: of.parse("state", &row.state)?,
            form_version: FormVersion(row.form_version),
            name: row.name,
        })
    }
}

/// Whether a round was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It was.
    Added,
    /// Its id is taken; nothing was changed.
    IdTaken,
}

/// Adds a round.
pub async fn insert(tx: &mut Tx, round: &Round) -> Result<Created, StoreError> {
    let standards: Vec<&str> = round.standards.iter().map(StandardId::as_str).collect();
    let left_out: Vec<&str> = round.left_out.iter().map(|left_out| left_out.code()).collect();
    let done =
        sql("INSERT INTO round (id, unit, name, standards, form_version, b1_mode, points_table, left_out, reference_on, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING")
        .bind(round.id.as_str())
        .bind(stored(round.unit.0))
        .bind(&round.name)
        .bind(standards.join(","))
        .bind(&round.form_version.0)
        .bind(round.b1_mode.source().code())
        .bind(round.b1_mode.table().map(|table| table.0.to_vec()))
        .bind(left_out.join(","))
        .bind(day(round.reference_on))
        .bind(round.state.code())
        .execute(tx)
        .await?;
    Ok(if done == 0 { Created::IdTaken } else { Created::Added })
}

/// The round with this id.
pub async fn by_id(read: &mut Read, id: &RoundId) -> Result<Option<Round>, StoreError> {
    let row: Option<Row> =
        sql("SELECT id, unit, name, standards, form_version, b1_mode, points_table, left_out, reference_on, state \
         FROM round WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(read)
        .await?;
    row.map(Round::try_from).transpose()
}

/// All rounds, by id.
pub async fn all(read: &mut Read) -> Result<Vec<Round>, StoreError> {
    let rows: Vec<Row> =
        sql("SELECT id, unit, name, standards, form_version, b1_mode, points_table, left_out, reference_on, state \
         FROM round ORDER BY id")
        .fetch_all(read)
        .await?;
    rows.into_iter().map(Round::try_from).collect()
}

/// Moves a round on.
pub async fn set_state(tx: &mut Tx, id: &RoundId, state: RoundState) -> Result<(), StoreError> {
    let done =
        sql("UPDATE round SET state = $2 WHERE id = $1").bind(id.as_str()).bind(state.code()).execute(tx).await?;
    updated("round", id, done)
}
