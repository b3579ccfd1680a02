//! Units: the tree as of any day.

use jiff::civil::Date;
use schemas::ids::UnitId;
use sqlx::FromRow;

use super::row::{RowOf, day, stored, updated};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};
use crate::domain::unit::{Level, Unit, UnitAttributes, Validity};

/// Deepest tree that is followed; a chain that is longer can only be a loop.
const DEEPEST: i64 = 16;

#[derive(FromRow)]
struct Row {
    id: i64,
    level: String,
    valid_from: String,
    valid_to: Option<String>,
    parent: Option<i64>,
    name: String,
    name_en: Option<String>,
    area: Option<String>,
    region: Option<String>,
}

impl TryFrom<Row> for Unit {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "unit", id: row.id };
        let parent = row.parent.map(|parent| of.number("parent", parent)).transpose()?;
        Ok(Self {
            id: UnitId(of.number("id", row.id)?),
            level: of.parse("level", &row.level)?,
            validity: Validity {
                from: of.day("valid_from", &row.valid_from)?,
                to: row.valid_to.map(|to| of.day("valid_to", &to)).transpose()?,
            },
            attributes: UnitAttributes {
                parent: parent.map(UnitId),
                name: row.name,
                name_en: row.name_en,
                area: row.area.map(|area| of.parse("area", &area)).transpose()?,
                region: row.region,
            },
        })
    }
}

/// Adds a unit with its first attributes.
pub async fn insert(
    tx: &mut Tx,
    level: Level,
    validity: Validity,
    attributes: &UnitAttributes,
) -> Result<UnitId, StoreError> {
    let id: i64 = scalar("INSERT INTO unit (level, valid_from, valid_to) VALUES ($1, $2, $3) RETURNING id")
        .bind(level.code())
        .bind(day(validity.from))
        .bind(validity.to.map(day))
        .fetch_one(tx)
        .await?;
    let unit = UnitId(RowOf { table: "unit", id }.number("id", id)?);
    insert_version(tx, unit, validity, attributes).await?;
    Ok(unit)
}

/// Gives a unit other attributes from a day on; what held before stays answerable.
pub async fn revise(tx: &mut Tx, unit: UnitId, from: Date, attributes: &UnitAttributes) -> Result<(), StoreError> {
    end_version(tx, unit, from).await?;
    insert_version(tx, unit, Validity { from, to: None }, attributes).await
}

/// Ends a unit: from that day on it no longer exists.
pub async fn close(tx: &mut Tx, unit: UnitId, on: Date) -> Result<(), StoreError> {
    end_version(tx, unit, on).await?;
    let done = sql("UPDATE unit SET valid_to = $2 WHERE id = $1 AND valid_to IS NULL")
        .bind(stored(unit.0))
        .bind(day(on))
        .execute(tx)
        .await?;
    updated("unit", unit, done)
}

async fn end_version(tx: &mut Tx, unit: UnitId, on: Date) -> Result<(), StoreError> {
    let done = sql("UPDATE unit_version SET valid_to = $2 WHERE unit = $1 AND valid_to IS NULL")
        .bind(stored(unit.0))
        .bind(day(on))
        .execute(tx)
        .await?;
    updated("unit_version", unit, done)
}

async fn insert_version(
    tx: &mut Tx,
    unit: UnitId,
    validity: Validity,
    attributes: &UnitAttributes,
) -> Result<(), StoreError> {
    sql("INSERT INTO unit_version (unit, valid_from, valid_to, parent, name, name_en, area, region) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(stored(unit.0))
    .bind(day(validity.from))
    .bind(validity.to.map(day))
    .bind(attributes.parent.map(|parent| stored(parent.0)))
    .bind(&attributes.name)
    .bind(&attributes.name_en)
    .bind(attributes.area.map(|area| area.code()))
    .bind(&attributes.region)
    .execute(tx)
    .await?;
    Ok(())
}

/// The first day of the unit's newest attributes; `None` when it has ended or never was.
pub async fn revised_on(read: &mut Read, unit: UnitId) -> Result<Option<Date>, StoreError> {
    let from: Option<String> = scalar("SELECT valid_from FROM unit_version WHERE unit = $1 AND valid_to IS NULL")
        .bind(stored(unit.0))
        .fetch_optional(read)
        .await?;
    let of = RowOf { table: "unit_version", id: unit };
    from.map(|from| of.day("valid_from", &from)).transpose()
}

/// The unit as it was on a day; `None` when it did not exist then.
pub async fn by_id(read: &mut Read, unit: UnitId, on: Date) -> Result<Option<Unit>, StoreError> {
    let row: Option<Row> =
        sql("SELECT u.id, u.level, u.valid_from, u.valid_to, v.parent, v.name, v.name_en, v.area, v.region \
         FROM unit u JOIN unit_version v ON v.unit = u.id \
         WHERE u.id = $1 AND v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2)")
        .bind(stored(unit.0))
        .bind(day(on))
        .fetch_optional(read)
        .await?;
    row.map(Unit::try_from).transpose()
}

/// The units that lay directly in this one on a day, by id.
pub async fn children(read: &mut Read, unit: UnitId, on: Date) -> Result<Vec<Unit>, StoreError> {
    let rows: Vec<Row> =
        sql("SELECT u.id, u.level, u.valid_from, u.valid_to, v.parent, v.name, v.name_en, v.area, v.region \
         FROM unit_version v JOIN unit u ON u.id = v.unit \
         WHERE v.parent = $1 AND v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) ORDER BY u.id")
        .bind(stored(unit.0))
        .bind(day(on))
        .fetch_all(read)
        .await?;
    rows.into_iter().map(Unit::try_from).collect()
}

/// The unit itself and everything it lay in on a day, nearest first; empty when it did not exist then.
pub async fn lineage(read: &mut Read, unit: UnitId, on: Date) -> Result<Vec<UnitId>, StoreError> {
    let rows: Vec<(i64,)> = sql("WITH RECURSIVE lineage (unit, parent, depth) AS ( \
           SELECT v.unit, v.parent, 0 FROM unit_version v \
           WHERE v.unit = $1 AND v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) \
           UNION ALL \
           SELECT v.unit, v.parent, l.depth + 1 FROM lineage l JOIN unit_version v ON v.unit = l.parent \
           WHERE v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) AND l.depth < $3 \
         ) SELECT unit FROM lineage ORDER BY depth")
    .bind(stored(unit.0))
    .bind(day(on))
    .bind(DEEPEST)
    .fetch_all(read)
    .await?;
    let of = RowOf { table: "unit_version", id: unit };
    rows.into_iter().map(|(id,)| Ok(UnitId(of.number("unit", id)?))).collect()
}

/// Whether a unit was another or lay anywhere within it on a day.
pub async fn is_within(read: &mut Read, unit: UnitId, place: UnitId, on: Date) -> Result<bool, StoreError> {
    Ok(lineage(read, unit, on).await?.contains(&place))
}

/// All units of a level on a day, by id.
pub async fn of_level(read: &mut Read, level: Level, on: Date) -> Result<Vec<UnitId>, StoreError> {
    let rows: Vec<(i64,)> = sql(
        "SELECT id FROM unit WHERE level = $1 AND valid_from <= $2 AND (valid_to IS NULL OR valid_to > $2) ORDER BY id",
    )
    .bind(level.code())
    .bind(day(on))
    .fetch_all(read)
    .await?;
    let of = RowOf { table: "unit", id: level.code() };
    rows.into_iter().map(|(id,)| of.number("id", id).map(UnitId)).collect()
}

/// The commune that a unit was or lay in on a day; `None` above communes.
pub async fn commune_of(read: &mut Read, unit: UnitId, on: Date) -> Result<Option<UnitId>, StoreError> {
    for ancestor in lineage(read, unit, on).await? {
        match by_id(read, ancestor, on).await? {
            Some(found) if found.level == Level::Commune => return Ok(Some(found.id)),
            Some(_) | None => {}
        }
    }
    Ok(None)
}

/// The tops of the tree on a day, by id; normally one.
pub async fn roots(read: &mut Read, on: Date) -> Result<Vec<Unit>, StoreError> {
    let rows: Vec<Row> =
        sql("SELECT u.id, u.level, u.valid_from, u.valid_to, v.parent, v.name, v.name_en, v.area, v.region \
         FROM unit_version v JOIN unit u ON u.id = v.unit \
         WHERE v.parent IS NULL AND v.valid_from <= $1 AND (v.valid_to IS NULL OR v.valid_to > $1) ORDER BY u.id")
        .bind(day(on))
        .fetch_all(read)
        .await?;
    rows.into_iter().map(Unit::try_from).collect()
}

/// Gives a unit an official code of a scheme.
pub async fn insert_code(
    tx: &mut Tx,
    unit: UnitId,
    scheme: &str,
    code: &str,
    validity: Validity,
) -> Result<(), StoreError> {
    sql("INSERT INTO unit_code (scheme, code, valid_from, valid_to, unit) VALUES ($1, $2, $3, $4, $5)")
        .bind(scheme)
        .bind(code)
        .bind(day(validity.from))
        .bind(validity.to.map(day))
        .bind(stored(unit.0))
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends the code that a unit has in a scheme, if it has one without an end that began before that day.
pub async fn end_code(tx: &mut Tx, unit: UnitId, scheme: &str, on: Date) -> Result<(), StoreError> {
    sql("UPDATE unit_code SET valid_to = $3 WHERE unit = $1 AND scheme = $2 AND valid_to IS NULL AND valid_from < $3")
        .bind(stored(unit.0))
        .bind(scheme)
        .bind(day(on))
        .execute(tx)
        .await?;
    Ok(())
}

/// A unit that an official code means on a day or on any later one; `None` when the code is free from then on.
pub async fn holder_of_code(
    read: &mut Read,
    scheme: &str,
    code: &str,
    from: Date,
) -> Result<Option<UnitId>, StoreError> {
    let found: Option<i64> = scalar(
        "SELECT unit FROM unit_code WHERE scheme = $1 AND code = $2 AND (valid_to IS NULL OR valid_to > $3) LIMIT 1",
    )
    .bind(scheme)
    .bind(code)
    .bind(day(from))
    .fetch_optional(read)
    .await?;
    let of = RowOf { table: "unit_code", id: code };
    found.map(|unit| Ok(UnitId(of.number("unit", unit)?))).transpose()
}

/// The unit that an official code meant on a day.
pub async fn by_code(read: &mut Read, scheme: &str, code: &str, on: Date) -> Result<Option<UnitId>, StoreError> {
    let found: Option<i64> = scalar(
        "SELECT unit FROM unit_code \
         WHERE scheme = $1 AND code = $2 AND valid_from <= $3 AND (valid_to IS NULL OR valid_to > $3) \
         ORDER BY valid_from DESC LIMIT 1",
    )
    .bind(scheme)
    .bind(code)
    .bind(day(on))
    .fetch_optional(read)
    .await?;
    let of = RowOf { table: "unit_code", id: code };
    found.map(|unit| Ok(UnitId(of.number("unit", unit)?))).transpose()
}

/// The units that an official code meant on a day, in whatever scheme, by id.
pub async fn coded(read: &mut Read, code: &str, on: Date) -> Result<Vec<UnitId>, StoreError> {
    let found: Vec<(i64,)> = sql("SELECT DISTINCT unit FROM unit_code \
         WHERE code = $1 AND valid_from <= $2 AND (valid_to IS NULL OR valid_to > $2) ORDER BY unit")
    .bind(code)
    .bind(day(on))
    .fetch_all(read)
    .await?;
    let of = RowOf { table: "unit_code", id: code };
    found.into_iter().map(|(unit,)| Ok(UnitId(of.number("unit", unit)?))).collect()
}

/// The units of a level within a place on a day, by id.
pub async fn within(read: &mut Read, place: UnitId, level: Level, on: Date) -> Result<Vec<Unit>, StoreError> {
    let rows: Vec<Row> = sql("WITH RECURSIVE inside (unit, depth) AS ( \
           SELECT u.id, 0 FROM unit u WHERE u.id = $1 \
           UNION \
           SELECT v.unit, i.depth + 1 FROM inside i JOIN unit_version v ON v.parent = i.unit \
           WHERE v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) AND i.depth < $4 \
         ) SELECT u.id, u.level, u.valid_from, u.valid_to, v.parent, v.name, v.name_en, v.area, v.region \
           FROM inside i JOIN unit u ON u.id = i.unit JOIN unit_version v ON v.unit = u.id \
           WHERE u.level = $3 AND v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) ORDER BY u.id")
    .bind(stored(place.0))
    .bind(day(on))
    .bind(level.code())
    .bind(DEEPEST)
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Unit::try_from).collect()
}

/// The official code of a unit on a day and its scheme, the one given last first; `None` when it had none.
pub async fn code_of(read: &mut Read, unit: UnitId, on: Date) -> Result<Option<(String, String)>, StoreError> {
    let found = sql("SELECT scheme, code FROM unit_code \
         WHERE unit = $1 AND valid_from <= $2 AND (valid_to IS NULL OR valid_to > $2) \
         ORDER BY valid_from DESC, scheme LIMIT 1")
    .bind(stored(unit.0))
    .bind(day(on))
    .fetch_optional(read)
    .await?;
    Ok(found)
}
