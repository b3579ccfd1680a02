//! Projections of documents: what lists, screens and the inbox show. Everything here can be made again.

use schemas::codes::names::{NameSearch, fold};
use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::rules::{Class, ClassSet};
use sqlx::FromRow;
use sync_protocol::hash::DisagreementId;

use super::document::{heads_stored, read_heads};
use super::row::{RowOf, stored};
use super::statement::{ROWS, insert_rows, sql, sql_of, sql_of_households};
use super::{Read, StoreError, Tx};
use crate::domain::field::DocumentKey;
use crate::domain::review::{DisagreementView, HouseholdView};

/// Stored where there were too many combinations to look at.
const MAY_CHANGE: i64 = -1;

#[derive(FromRow)]
struct HouseholdRow {
    household: Vec<u8>,
    village: i64,
    heads: Vec<u8>,
    head_name: String,
    classes: i64,
    complete: bool,
    blocking: i64,
    open_disagreements: i64,
    last_outcome: Option<String>,
    latitude_e6: Option<i64>,
    longitude_e6: Option<i64>,
    accuracy_m: Option<i64>,
    summary: String,
}

#[derive(FromRow)]
struct DisagreementRow {
    household: Vec<u8>,
    id: Vec<u8>,
    section: String,
    blocking: bool,
    roster: bool,
    impact: i64,
}

fn classes_stored(classes: ClassSet) -> i64 {
    classes.iter().fold(0, |bits, class| bits | 1 << class as i64)
}

fn read_classes(of: &RowOf<String>, bits: i64) -> Result<ClassSet, StoreError> {
    let known = if (0..8).contains(&bits) { Ok(()) } else { Err("not a set of classes") };
    of.column("classes", known)?;
    Ok(Class::ALL.into_iter().filter(|class| bits >> *class as i64 & 1 == 1).collect())
}

impl TryFrom<HouseholdRow> for HouseholdView {
    type Error = StoreError;
    fn try_from(row: HouseholdRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "household_view", id: format!("{:02x?}", row.household) };
        let number = |column, value: i64| of.column(column, u32::try_from(value));
        let degree = |column, value: i64| of.column(column, i32::try_from(value));
        let point = match (row.latitude_e6, row.longitude_e6, row.accuracy_m) {
            (Some(latitude), Some(longitude), Some(accuracy)) => Some((
                degree("latitude_e6", latitude)?,
                degree("longitude_e6", longitude)?,
                number("accuracy_m", accuracy)?,
            )),
            _ => None,
        };
        Ok(Self {
            village: UnitId(of.number("village", row.village)?),
            heads: read_heads(&of, row.heads)?,
            head_name: row.head_name,
            classes: read_classes(&of, row.classes)?,
            complete: row.complete,
            blocking: number("blocking", row.blocking)?,
            open_disagreements: number("open_disagreements", row.open_disagreements)?,
            last_outcome: row.last_outcome,
            point,
            summary: row.summary,
            household: HouseholdId(of.bytes("household", row.household)?),
        })
    }
}

impl TryFrom<DisagreementRow> for DisagreementView {
    type Error = StoreError;
    fn try_from(row: DisagreementRow) -> Result<Self, StoreError> {
        let of = RowOf { table: "disagreement_view", id: format!("{:02x?}", row.id) };
        let impact = if row.impact == MAY_CHANGE { None } else { Some(read_classes(&of, row.impact)?) };
        Ok(Self {
            household: HouseholdId(of.bytes("household", row.household)?),
            id: DisagreementId(of.bytes("id", row.id)?),
            section: row.section,
            blocking: row.blocking,
            roster: row.roster,
            impact,
        })
    }
}

/// Writes what is shown of a household, and its open disagreements in place of those that were shown before.
pub async fn put(
    tx: &mut Tx,
    key: &DocumentKey,
    view: &HouseholdView,
    disagreements: &[DisagreementView],
) -> Result<(), StoreError> {
    put_all(tx, (key.commune, &key.round), &[(view, disagreements)]).await
}

/// The same for households of a commune in a round, none twice.
pub async fn put_all(
    tx: &mut Tx,
    place: (UnitId, &RoundId),
    views: &[(&HouseholdView, &[DisagreementView])],
) -> Result<(), StoreError> {
    for views in views.chunks(ROWS) {
        put_households(tx, place, views).await?;
        let households: Vec<HouseholdId> = views.iter().map(|(view, _)| view.household).collect();
        forget_disagreements(tx, place, &households).await?;
    }
    let disagreements: Vec<&DisagreementView> = views.iter().flat_map(|(_, disagreements)| *disagreements).collect();
    put_disagreements(tx, place, &disagreements).await
}

/// Shows nothing of a household any more.
pub async fn forget(tx: &mut Tx, key: &DocumentKey) -> Result<(), StoreError> {
    forget_disagreements(tx, (key.commune, &key.round), &[key.household]).await?;
    sql("DELETE FROM household_view WHERE commune = $1 AND round = $2 AND household = $3")
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .execute(tx)
        .await?;
    Ok(())
}

/// Of at most [`ROWS`] households.
async fn forget_disagreements(
    tx: &mut Tx,
    place: (UnitId, &RoundId),
    households: &[HouseholdId],
) -> Result<(), StoreError> {
    sql_of_households("DELETE FROM disagreement_view", place, households.iter()).execute(tx).await?;
    Ok(())
}

async fn put_households(
    tx: &mut Tx,
    (commune, round): (UnitId, &RoundId),
    views: &[(&HouseholdView, &[DisagreementView])],
) -> Result<(), StoreError> {
    let before = "INSERT INTO household_view \
         (commune, round, household, village, heads, head_name, folded_name, classes, complete, blocking, \
          open_disagreements, last_outcome, latitude_e6, longitude_e6, accuracy_m, summary)";
    let after = " ON CONFLICT (commune, round, household) \
         DO UPDATE SET village = excluded.village, heads = excluded.heads, head_name = excluded.head_name, \
                       folded_name = excluded.folded_name, classes = excluded.classes, complete = excluded.complete, \
                       blocking = excluded.blocking, open_disagreements = excluded.open_disagreements, \
                       last_outcome = excluded.last_outcome, latitude_e6 = excluded.latitude_e6, \
                       longitude_e6 = excluded.longitude_e6, accuracy_m = excluded.accuracy_m, \
                       summary = excluded.summary";
    let insert = insert_rows(before, views, after, |row, (view, _)| {
        row.bind(stored(commune.0))
            .bind(round.as_str())
            .bind(view.household.0.as_slice())
            .bind(stored(view.village.0))
            .bind(heads_stored(&view.heads))
            .bind(&view.head_name)
            .bind(fold(&view.head_name))
            .bind(classes_stored(view.classes))
            .bind(view.complete)
            .bind(i64::from(view.blocking))
            .bind(i64::from(view.open_disagreements))
            .bind(&view.last_outcome)
            .bind(view.point.map(|(latitude, ..)| i64::from(latitude)))
            .bind(view.point.map(|(_, longitude, _)| i64::from(longitude)))
            .bind(view.point.map(|(.., accuracy)| i64::from(accuracy)))
            .bind(&view.summary)
    });
    insert.execute(tx).await?;
    Ok(())
}

async fn put_disagreements(
    tx: &mut Tx,
    (commune, round): (UnitId, &RoundId),
    views: &[&DisagreementView],
) -> Result<(), StoreError> {
    for views in views.chunks(ROWS) {
        let before = "INSERT INTO disagreement_view (commune, round, household, id, section, blocking, roster, impact)";
        let insert = insert_rows(before, views, "", |row, view| {
            row.bind(stored(commune.0))
                .bind(round.as_str())
                .bind(view.household.0.as_slice())
                .bind(view.id.0.as_slice())
                .bind(&view.section)
                .bind(view.blocking)
                .bind(view.roster)
                .bind(view.impact.map_or(MAY_CHANGE, classes_stored))
        });
        insert.execute(tx).await?;
    }
    Ok(())
}

const HOUSEHOLD_COLUMNS: &str = "household, village, heads, head_name, classes, complete, blocking, \
     open_disagreements, last_outcome, latitude_e6, longitude_e6, accuracy_m, summary";

/// What is shown of a household.
pub async fn by_key(read: &mut Read, key: &DocumentKey) -> Result<Option<HouseholdView>, StoreError> {
    let sql =
        format!("SELECT {HOUSEHOLD_COLUMNS} FROM household_view WHERE commune = $1 AND round = $2 AND household = $3");
    let row: Option<HouseholdRow> = sql_of(sql)
        .bind(stored(key.commune.0))
        .bind(key.round.as_str())
        .bind(key.household.0.as_slice())
        .fetch_optional(read)
        .await?;
    row.map(HouseholdView::try_from).transpose()
}

/// What is shown of the households of a commune, by village and name.
pub async fn of_commune(read: &mut Read, commune: UnitId, round: &RoundId) -> Result<Vec<HouseholdView>, StoreError> {
    let sql = format!(
        "SELECT {HOUSEHOLD_COLUMNS} FROM household_view WHERE commune = $1 AND round = $2 \
         ORDER BY village, folded_name, household"
    );
    let rows: Vec<HouseholdRow> = sql_of(sql).bind(stored(commune.0)).bind(round.as_str()).fetch_all(read).await?;
    rows.into_iter().map(HouseholdView::try_from).collect()
}

/// What is shown of the households of a commune whose head is meant, by village and name. The commune's part of the index
/// holds the folded names; only what is found is read.
pub async fn named(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
    search: &NameSearch,
) -> Result<Vec<HouseholdView>, StoreError> {
    // What both engines have for "contains": taking it away changes something.
    let begins = |number| format!(" AND replace(' ' || folded_name, ' ' || ${number}, '') <> ' ' || folded_name");
    let words: String = (3..).zip(search.words()).map(|(number, _)| begins(number)).collect();
    let sql = format!(
        "SELECT {HOUSEHOLD_COLUMNS} FROM household_view WHERE commune = $1 AND round = $2{words} \
         ORDER BY village, folded_name, household"
    );
    let query = sql_of(sql).bind(stored(commune.0)).bind(round.as_str());
    let query = search.words().iter().fold(query, |query, word| query.bind(word));
    let rows: Vec<HouseholdRow> = query.fetch_all(read).await?;
    rows.into_iter().map(HouseholdView::try_from).collect()
}

/// The open disagreements of a commune, those that block and those about identity first.
pub async fn disagreements(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<Vec<DisagreementView>, StoreError> {
    let rows: Vec<DisagreementRow> =
        sql("SELECT household, id, section, blocking, roster, impact FROM disagreement_view \
         WHERE commune = $1 AND round = $2 ORDER BY blocking DESC, roster DESC, household, section, id")
        .bind(stored(commune.0))
        .bind(round.as_str())
        .fetch_all(read)
        .await?;
    rows.into_iter().map(DisagreementView::try_from).collect()
}
