//! One way to ask either engine: a statement, its parameters, and what is read of its rows.
//!
//! Owns how a statement is handed to SQLite or PostgreSQL. What it says is its noun's; the engines share the text, with `$1`
//! placeholders.

use std::borrow::Cow;

use schemas::ids::{HouseholdId, RoundId, UnitId};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Postgres, SqlSafeStr, SqlStr, Sqlite};

use super::connection::Connection;
use super::row::stored;
use super::{Read, StoreError};

/// Rows that one statement writes or asks for at most: far below the engines' limits on parameters.
pub(super) const ROWS: usize = 100;

/// A row of either engine as something that is read from it.
pub(super) trait Stored: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Stored for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A value that is handed over beside the text.
#[derive(Debug)]
pub(super) enum Param<'q> {
    Int(Option<i64>),
    Flag(bool),
    Text(Option<Cow<'q, str>>),
    Bytes(Option<Cow<'q, [u8]>>),
}

impl Param<'_> {
    /// The same, borrowed from nobody.
    pub(super) fn into_owned(self) -> Param<'static> {
        match self {
            Self::Int(value) => Param::Int(value),
            Self::Flag(value) => Param::Flag(value),
            Self::Text(value) => Param::Text(value.map(|value| value.into_owned().into())),
            Self::Bytes(value) => Param::Bytes(value.map(|value| value.into_owned().into())),
        }
    }
}

/// A statement with its parameters.
#[derive(Debug)]
pub(super) struct Statement<'q> {
    text: SqlStr,
    params: Vec<Param<'q>>,
    /// Whether the engine keeps it prepared: not worth it for one whose text is seldom the same.
    is_kept: bool,
}

/// A statement of which one column is read.
#[derive(Debug)]
pub(super) struct Scalar<'q>(Statement<'q>);

/// A statement.
pub(super) fn sql<'q>(text: &'static str) -> Statement<'q> {
    Statement { text: text.into_sql_str(), params: Vec::new(), is_kept: true }
}

/// A statement that is put together of constants. Nothing that comes from outside may stand in its text.
pub(super) fn sql_of<'q>(text: String) -> Statement<'q> {
    Statement { text: AssertSqlSafe(text).into_sql_str(), params: Vec::new(), is_kept: true }
}

/// A statement that each engine says in its own words.
pub(super) fn sql_each<'q>(to: &mut Read, sqlite: &'static str, postgres: &'static str) -> Statement<'q> {
    match to.connection() {
        Connection::Sqlite(_) => sql(sqlite),
        Connection::Postgres(_) => sql(postgres),
    }
}

/// A statement of which one column is read.
pub(super) fn scalar<'q>(text: &'static str) -> Scalar<'q> {
    Scalar(sql(text))
}

/// A statement that writes several rows at once: `before`, the rows, `after`. Each item gives the values of its row.
pub(super) fn insert_rows<'q, T>(
    before: &str,
    items: &'q [T],
    after: &str,
    values: impl Fn(Values<'q>, &'q T) -> Values<'q>,
) -> Statement<'q> {
    let (mut text, mut params) = (format!("{before} VALUES "), Vec::new());
    for (place, item) in items.iter().enumerate() {
        let first = params.len() + 1;
        params = values(Values(params), item).0;
        text.push_str(if place == 0 { "(" } else { ", (" });
        text.push_str(&places(first, params.len() + 1 - first));
        text.push(')');
    }
    text.push_str(after);
    Statement { text: AssertSqlSafe(text).into_sql_str(), params, is_kept: is_often(items.len()) }
}

/// The values of a row, one after the other.
pub(super) struct Values<'q>(Vec<Param<'q>>);

impl<'q> Values<'q> {
    /// The next value.
    pub(super) fn bind(mut self, value: impl Into<Param<'q>>) -> Self {
        self.0.push(value.into());
        self
    }
}

/// A statement about these households of a commune in a round, at most [`ROWS`]: `what`, and which they are.
pub(super) fn sql_of_households<'q>(
    what: &str,
    (commune, round): (UnitId, &'q RoundId),
    households: impl ExactSizeIterator<Item = &'q HouseholdId>,
) -> Statement<'q> {
    let count = households.len();
    let list = places(3, count);
    let statement = sql_of(format!("{what} WHERE commune = $1 AND round = $2 AND household IN ({list})"));
    let statement = statement.for_rows(count).bind(stored(commune.0)).bind(round.as_str());
    households.fold(statement, |statement, household| statement.bind(household.0.as_slice()))
}

/// So many placeholders from a number on: `$3, $4, $5`.
pub(super) fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// Whether a statement for so many rows is worth keeping prepared: every number of rows makes another text.
fn is_often(rows: usize) -> bool {
    rows == 1 || rows == ROWS
}

/// Hands the parameters to a query of either engine.
macro_rules! bound {
    ($query:expr, $params:expr) => {
        $params.into_iter().fold($query, |query, param| match param {
            Param::Int(value) => query.bind(value),
            Param::Flag(value) => query.bind(value),
            Param::Text(Some(Cow::Borrowed(value))) => query.bind(value),
            Param::Text(value) => query.bind(value.map(Cow::into_owned)),
            Param::Bytes(Some(Cow::Borrowed(value))) => query.bind(value),
            Param::Bytes(value) => query.bind(value.map(Cow::into_owned)),
        })
    };
}

/// Runs a query that gives rows on whichever engine there is.
macro_rules! fetched {
    ($statement:expr, $from:expr, $fetch:ident) => {{
        let Statement { text, params, is_kept } = $statement;
        #[cfg(test)]
        super::plans::note(text.as_str(), params.len());
        match $from.connection() {
            Connection::Sqlite(connection) => {
                let query = sqlx::query_as::<Sqlite, T>(text).persistent(is_kept);
                bound!(query, params).$fetch(connection).await?
            }
            Connection::Postgres(connection) => {
                let query = sqlx::query_as::<Postgres, T>(text).persistent(is_kept);
                bound!(query, params).$fetch(connection).await?
            }
        }
    }};
}

impl<'q> Statement<'q> {
    /// The next parameter.
    pub(super) fn bind(mut self, value: impl Into<Param<'q>>) -> Self {
        self.params.push(value.into());
        self
    }

    /// For as many rows as these: kept prepared only where that comes often.
    pub(super) fn for_rows(self, rows: usize) -> Self {
        Self { is_kept: is_often(rows), ..self }
    }

    /// Runs it. Returns how many rows it met.
    pub(super) async fn execute(self, to: &mut Read) -> Result<u64, StoreError> {
        let Self { text, params, is_kept } = self;
        #[cfg(test)]
        super::plans::note(text.as_str(), params.len());
        Ok(match to.connection() {
            Connection::Sqlite(connection) => {
                let query = sqlx::query::<Sqlite>(text).persistent(is_kept);
                bound!(query, params).execute(connection).await?.rows_affected()
            }
            Connection::Postgres(connection) => {
                let query = sqlx::query::<Postgres>(text).persistent(is_kept);
                bound!(query, params).execute(connection).await?.rows_affected()
            }
        })
    }

    /// All rows.
    pub(super) async fn fetch_all<T: Stored>(self, from: &mut Read) -> Result<Vec<T>, StoreError> {
        Ok(fetched!(self, from, fetch_all))
    }

    /// The one row; an error when there is none.
    pub(super) async fn fetch_one<T: Stored>(self, from: &mut Read) -> Result<T, StoreError> {
        Ok(fetched!(self, from, fetch_one))
    }

    /// The row, if there is one.
    pub(super) async fn fetch_optional<T: Stored>(self, from: &mut Read) -> Result<Option<T>, StoreError> {
        Ok(fetched!(self, from, fetch_optional))
    }
}

impl<'q> Scalar<'q> {
    /// The next parameter.
    pub(super) fn bind(self, value: impl Into<Param<'q>>) -> Self {
        Self(self.0.bind(value))
    }

    /// The value of the one row; an error when there is none.
    pub(super) async fn fetch_one<T>(self, from: &mut Read) -> Result<T, StoreError>
    where
        (T,): Stored,
    {
        self.0.fetch_one(from).await.map(|(value,)| value)
    }

    /// The value of the row, if there is one.
    pub(super) async fn fetch_optional<T>(self, from: &mut Read) -> Result<Option<T>, StoreError>
    where
        (T,): Stored,
    {
        Ok(self.0.fetch_optional(from).await?.map(|(value,)| value))
    }
}

/// What may be handed over, each by the kind of column that holds it.
macro_rules! params {
    ($($from:ty => $kind:ident ($value:ident, $some:expr);)+) => {
        $(impl<'q> From<$from> for Param<'q> {
            fn from($value: $from) -> Self {
                Self::$kind($some)
            }
        })+
    };
}

params! {
    i64 => Int(value, Some(value));
    Option<i64> => Int(value, value);
    bool => Flag(value, value);
    &'q str => Text(value, Some(value.into()));
    String => Text(value, Some(value.into()));
    &'q String => Text(value, Some(value.as_str().into()));
    Option<&'q str> => Text(value, value.map(Cow::from));
    Option<String> => Text(value, value.map(Cow::from));
    &'q Option<String> => Text(value, value.as_deref().map(Cow::from));
    &'q [u8] => Bytes(value, Some(value.into()));
    Vec<u8> => Bytes(value, Some(value.into()));
    &'q Vec<u8> => Bytes(value, Some(value.as_slice().into()));
    Option<&'q [u8]> => Bytes(value, value.map(Cow::from));
    Option<Vec<u8>> => Bytes(value, value.map(Cow::from));
    &'q Option<Vec<u8>> => Bytes(value, value.as_deref().map(Cow::from));
}
