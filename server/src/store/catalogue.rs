//! What tables a database has, as its engine tells it: for what is done with all of them.
//!
//! Nothing here knows a table by name, so none that a later migration adds is forgotten.

use std::collections::BTreeSet;

use super::statement::{Statement, sql_each};
use super::{Read, StoreError};

/// What stands first in the key of everything that is a commune's.
pub(super) const COMMUNE: &str = "commune";

/// What a column holds. Where one engine has flags the other has the numbers 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Flag,
    Text,
    Bytes,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        Some(match declared {
            "INTEGER" | "bigint" => Self::Int,
            "boolean" => Self::Flag,
            "TEXT" | "text" => Self::Text,
            "BLOB" | "bytea" => Self::Bytes,
            _ => return None,
        })
    }

    /// Whether values of the one are values of the other.
    pub(super) fn fits(self, other: Self) -> bool {
        let number = |kind| matches!(kind, Self::Int | Self::Flag);
        self == other || (number(self) && number(other))
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A table with its columns in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Places of the columns that make up its key, in the key's order.
    pub(super) key: Vec<usize>,
    /// The tables whose rows its rows name.
    pub(super) parents: BTreeSet<String>,
}

/// All tables but the engine's and the migrations' own: each after those whose rows its rows name.
pub(super) async fn tables(read: &mut Read) -> Result<Vec<Table>, StoreError> {
    let names: Vec<(String,)> = sql_each(
        read,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\' \
         ORDER BY name",
        "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition \
         AND relnamespace = current_schema()::regnamespace AND relname NOT LIKE '\\_%' ORDER BY relname COLLATE \"C\"",
    )
    .fetch_all(read)
    .await?;
    let mut waiting = Vec::with_capacity(names.len());
    for (name,) in names {
        waiting.push(table(read, name).await?);
    }
    in_order(waiting)
}

fn in_order(mut waiting: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    let (mut tables, mut known) = (Vec::<Table>::new(), BTreeSet::new());
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|table| table.parents.is_subset(&known));
        let Some(at) = ready else {
            return Err(StoreError::Unlike(format!("{} names tables in a circle", waiting[0].name)));
        };
        let table = waiting.remove(at);
        known.insert(table.name.clone());
        tables.push(table);
    }
    Ok(tables)
}

async fn table(read: &mut Read, name: String) -> Result<Table, StoreError> {
    let columns: Vec<(String, String, i64)> = of_table(
        read,
        &name,
        "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid",
        "SELECT a.attname::text, format_type(a.atttypid, NULL), \
                coalesce(array_position(i.indkey::smallint[], a.attnum) + 1, 0)::bigint \
         FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
         WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    )
    .fetch_all(read)
    .await?;
    let parents: Vec<(String,)> = of_table(
        read,
        &name,
        "SELECT \"table\" FROM pragma_foreign_key_list($1)",
        "SELECT p.relname::text FROM pg_constraint c JOIN pg_class p ON p.oid = c.confrelid \
         WHERE c.contype = 'f' AND c.conrelid = to_regclass($1)",
    )
    .fetch_all(read)
    .await?;
    let mut key: Vec<(i64, usize)> = Vec::new();
    let mut read_columns = Vec::with_capacity(columns.len());
    for (place, (column, declared, in_key)) in columns.into_iter().enumerate() {
        let kind = Kind::of(&declared)
            .ok_or_else(|| StoreError::Unlike(format!("table {name}, column {column}: {declared} is unknown")))?;
        key.extend((in_key > 0).then_some((in_key, place)));
        read_columns.push(Column { name: column, kind });
    }
    key.sort_unstable();
    if key.is_empty() {
        return Err(StoreError::Unlike(format!("table {name} has no key")));
    }
    let parents = parents.into_iter().map(|(parent,)| parent).filter(|parent| *parent != name).collect();
    Ok(Table { name, columns: read_columns, key: key.into_iter().map(|(_, place)| place).collect(), parents })
}

fn of_table<'q>(read: &mut Read, name: &'q str, sqlite: &'static str, postgres: &'static str) -> Statement<'q> {
    sql_each(read, sqlite, postgres).bind(name)
}

impl Table {
    /// Whether its key begins with the commune.
    pub(super) fn is_of_commune(&self) -> bool {
        self.key.first().is_some_and(|first| self.columns[*first].name == COMMUNE)
    }

    /// The names of its columns, for a statement.
    pub(super) fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The names of the columns of its key, for a statement.
    pub(super) fn key_names(&self) -> String {
        self.key.iter().map(|place| self.columns[*place].name.as_str()).collect::<Vec<_>>().join(", ")
    }
}
