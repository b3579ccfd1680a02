//! Reading columns: a value that is not what its column holds becomes an error naming table, column and id.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use schemas::ids::AccountId;
use sync_protocol::actor::Author;
use sync_protocol::hash::PublicKey;

use super::StoreError;

/// Rows that one statement writes or asks for at most: far below the engines' limits on parameters.
pub(super) const ROWS: usize = 100;

/// Whether a statement for so many rows is worth keeping prepared: every number of rows makes another text.
pub(super) fn is_often(rows: usize) -> bool {
    rows == 1 || rows == ROWS
}

/// The row that is being read, for error messages.
pub(super) struct RowOf<Id> {
    pub(super) table: &'static str,
    pub(super) id: Id,
}

impl<Id: Display> RowOf<Id> {
    /// Passes a converted column on, or says which one could not be converted.
    pub(super) fn column<T, E: Display>(&self, column: &'static str, value: Result<T, E>) -> Result<T, StoreError> {
        value.map_err(|error| StoreError::BadRow {
            table: self.table,
            column,
            id: self.id.to_string(),
            reason: error.to_string(),
        })
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(&self, column: &'static str, text: &str) -> Result<T, StoreError> {
        self.column(column, text.parse())
    }

    pub(super) fn number(&self, column: &'static str, number: i64) -> Result<u64, StoreError> {
        self.column(column, u64::try_from(number))
    }

    pub(super) fn instant(&self, column: &'static str, milliseconds: i64) -> Result<Timestamp, StoreError> {
        self.column(column, Timestamp::from_millisecond(milliseconds))
    }

    pub(super) fn maybe_instant(
        &self,
        column: &'static str,
        milliseconds: Option<i64>,
    ) -> Result<Option<Timestamp>, StoreError> {
        milliseconds.map(|milliseconds| self.instant(column, milliseconds)).transpose()
    }

    pub(super) fn day(&self, column: &'static str, text: &str) -> Result<Date, StoreError> {
        self.parse(column, text)
    }

    /// The columns `key`, `account` and `epoch`: who wrote something, with which key, in which epoch.
    pub(super) fn author(&self, key: Vec<u8>, account: i64, epoch: i64) -> Result<Author, StoreError> {
        Ok(Author {
            key: PublicKey(self.bytes("key", key)?),
            account: AccountId(self.number("account", account)?),
            epoch: self.column("epoch", u32::try_from(epoch))?,
        })
    }

    pub(super) fn bytes<const N: usize>(&self, column: &'static str, bytes: Vec<u8>) -> Result<[u8; N], StoreError> {
        let found = bytes.len();
        self.column(column, <[u8; N]>::try_from(bytes).map_err(|_| format!("{N} bytes expected, {found} found")))
    }
}

/// How a number is stored. Both engines count in signed 64 bits; ids beyond that are of no row.
pub(super) fn stored(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(-1)
}

/// How an instant is stored: milliseconds since 1970, UTC.
pub(super) fn milliseconds(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// How a day is stored: `2026-10-01`, which sorts as days do.
pub(super) fn day(day: Date) -> String {
    day.to_string()
}

/// Makes sure that an update met its row.
pub(super) fn updated(table: &'static str, id: impl Display, rows: u64) -> Result<(), StoreError> {
    match rows {
        0 => Err(StoreError::NoSuchRow { table, id: id.to_string() }),
        _ => Ok(()),
    }
}
