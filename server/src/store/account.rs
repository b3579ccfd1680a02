//! Accounts and their passwords.

use jiff::Timestamp;
use jiff::civil::Date;
use schemas::ids::{AccountId, UnitId};
use sqlx::FromRow;

use super::row::{RowOf, day, milliseconds, stored, updated};
use super::statement::{scalar, sql};
use super::{Read, StoreError, Tx};
use crate::domain::account::{Account, Login, PasswordKind, Standing};
use crate::password::StoredPassword;

#[derive(FromRow)]
struct Row {
    id: i64,
    login: String,
    display_name: String,
    unit: i64,
    created_at: i64,
    disabled_at: Option<i64>,
    one_time_until: Option<i64>,
    one_time_used_at: Option<i64>,
}

impl TryFrom<Row> for Account {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = RowOf { table: "account", id: row.id };
        let disabled_at = of.maybe_instant("disabled_at", row.disabled_at)?;
        let used_at = of.maybe_instant("one_time_used_at", row.one_time_used_at)?;
        let until = of.maybe_instant("one_time_until", row.one_time_until)?;
        Ok(Self {
            id: AccountId(of.number("id", row.id)?),
            login: of.parse("login", &row.login)?,
            display_name: row.display_name,
            unit: UnitId(of.number("unit", row.unit)?),
            created_at: of.instant("created_at", row.created_at)?,
            standing: disabled_at.map_or(Standing::Active, Standing::Disabled),
            password: until.map_or(PasswordKind::Own, |until| PasswordKind::OneTime { until, used_at }),
        })
    }
}

/// Adds an account; `None` when the login is taken.
pub async fn insert(
    tx: &mut Tx,
    login: &Login,
    display_name: &str,
    unit: UnitId,
    password: &StoredPassword,
    now: Timestamp,
) -> Result<Option<AccountId>, StoreError> {
    let id: Option<i64> = scalar(
        "INSERT INTO account (login, display_name, unit, password, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (login) DO NOTHING RETURNING id",
    )
    .bind(login.as_str())
    .bind(display_name)
    .bind(stored(unit.0))
    .bind(&password.0)
    .bind(milliseconds(now))
    .fetch_optional(tx)
    .await?;
    id.map(|id| Ok(AccountId(RowOf { table: "account", id }.number("id", id)?))).transpose()
}

/// The account with this id.
pub async fn by_id(read: &mut Read, id: AccountId) -> Result<Option<Account>, StoreError> {
    let row: Option<Row> =
        sql("SELECT id, login, display_name, unit, created_at, disabled_at, one_time_until, one_time_used_at \
         FROM account WHERE id = $1")
        .bind(stored(id.0))
        .fetch_optional(read)
        .await?;
    row.map(Account::try_from).transpose()
}

/// The account with this login.
pub async fn by_login(read: &mut Read, login: &Login) -> Result<Option<Account>, StoreError> {
    let row: Option<Row> =
        sql("SELECT id, login, display_name, unit, created_at, disabled_at, one_time_until, one_time_used_at \
         FROM account WHERE login = $1")
        .bind(login.as_str())
        .fetch_optional(read)
        .await?;
    row.map(Account::try_from).transpose()
}

/// The stored password of an account.
pub async fn password(read: &mut Read, id: AccountId) -> Result<Option<StoredPassword>, StoreError> {
    let hash: Option<String> =
        scalar("SELECT password FROM account WHERE id = $1").bind(stored(id.0)).fetch_optional(read).await?;
    Ok(hash.map(StoredPassword))
}

/// Replaces the password of an account by one that its holder chose.
pub async fn set_password(tx: &mut Tx, id: AccountId, password: &StoredPassword) -> Result<(), StoreError> {
    let done = sql("UPDATE account SET password = $2, one_time_until = NULL, one_time_used_at = NULL WHERE id = $1")
        .bind(stored(id.0))
        .bind(&password.0)
        .execute(tx)
        .await?;
    updated("account", id, done)
}

/// Replaces the password of an account by one that opens one session until an instant.
pub async fn set_one_time_password(
    tx: &mut Tx,
    id: AccountId,
    password: &StoredPassword,
    until: Timestamp,
) -> Result<(), StoreError> {
    let done = sql("UPDATE account SET password = $2, one_time_until = $3, one_time_used_at = NULL WHERE id = $1")
        .bind(stored(id.0))
        .bind(&password.0)
        .bind(milliseconds(until))
        .execute(tx)
        .await?;
    updated("account", id, done)
}

/// Writes down that a one-time password has opened its session. One that has before is no row to change.
pub async fn use_one_time_password(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let done = sql("UPDATE account SET one_time_used_at = $2 \
         WHERE id = $1 AND one_time_until IS NOT NULL AND one_time_used_at IS NULL")
    .bind(stored(id.0))
    .bind(milliseconds(now))
    .execute(tx)
    .await?;
    updated("account", id, done)
}

/// Shuts an account; shutting it again keeps the first time.
pub async fn disable(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let done = sql("UPDATE account SET disabled_at = coalesce(disabled_at, $2) WHERE id = $1")
        .bind(stored(id.0))
        .bind(milliseconds(now))
        .execute(tx)
        .await?;
    updated("account", id, done)
}

/// The accounts that are looked after by a unit or anything within it on a day, by id.
pub async fn within(read: &mut Read, place: UnitId, on: Date) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<Row> = sql("WITH RECURSIVE inside (unit) AS ( \
           SELECT u.id FROM unit u WHERE u.id = $1 \
           UNION \
           SELECT v.unit FROM inside i JOIN unit_version v ON v.parent = i.unit \
           WHERE v.valid_from <= $2 AND (v.valid_to IS NULL OR v.valid_to > $2) \
         ) SELECT a.id, a.login, a.display_name, a.unit, a.created_at, a.disabled_at, a.one_time_until, \
                  a.one_time_used_at \
           FROM account a JOIN inside i ON i.unit = a.unit ORDER BY a.id")
    .bind(stored(place.0))
    .bind(day(on))
    .fetch_all(read)
    .await?;
    rows.into_iter().map(Account::try_from).collect()
}
