//! Copying a whole database into an empty one of whichever engine, and proving that it is the same.
//!
//! Owns the order, the pages and the proof: every table, row by row in the order of its key, some megabytes in memory at
//! most; then both are read and their digests compared, and every list's root is computed again from its leaves. Knows no
//! table by name but the one that says that a copy has not ended.

use std::fmt;

use jiff::Timestamp;
use schemas::ids::{RoundId, UnitId};
use schemas::ledger::Hash;
use schemas::roster::root_of_leaves;
use sha2::{Digest, Sha256};

use super::catalogue::{self, Table};
use super::row::{RowOf, milliseconds};
use super::statement::{ROWS, Statement, insert_rows, places, sql, sql_each, sql_of};
use super::{Read, Store, StoreError, Tx, roster};

mod cells;

use cells::{Cell, Cells};

/// The table that says that a copy has not ended.
const UNFINISHED: &str = "unfinished_copy";
/// Bytes that a page of rows should hold about.
const PAGE_BYTES: usize = 1024 * 1024;

/// A copy that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// What was copied.
    pub source: String,
    /// Since when.
    pub begun_at: Timestamp,
}

/// What is said of a copy while it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An earlier copy did not end; this many rows of it were removed.
    Removed(Unfinished, u64),
    /// A table is there, not yet proven.
    Written {
        /// Its name.
        table: String,
        /// Its rows.
        rows: u64,
    },
    /// A table was read back and is the same.
    Proven {
        /// Its name.
        table: String,
        /// The digest of its rows on both sides.
        digest: Hash,
    },
    /// A list's root follows from its leaves in the copy.
    Root {
        /// Whose list.
        commune: UnitId,
        /// Of which round.
        round: RoundId,
        /// Its number.
        number: u64,
        /// Its root.
        root: Hash,
    },
}

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Content {
    rows: u64,
    digest: Hash,
}

/// The copy that did not end in this database, if there is one.
pub async fn unfinished(read: &mut Read) -> Result<Option<Unfinished>, StoreError> {
    let row: Option<(String, i64)> = sql("SELECT source, begun_at FROM unfinished_copy").fetch_optional(read).await?;
    let of = RowOf { table: UNFINISHED, id: "" };
    row.map(|(source, begun_at)| Ok(Unfinished { begun_at: of.instant("begun_at", begun_at)?, source })).transpose()
}

/// Copies everything. The target is refused unless it is empty or holds a part of a copy that did not end, which is removed.
/// `source`: what the source is called, for people. Whatever ends this before its time leaves the target marked as
/// unfinished, so that nothing works with it.
pub async fn whole(
    (from, source): (&Store, &str),
    to: &Store,
    now: Timestamp,
    listener: &mut (dyn FnMut(Step) + Send),
) -> Result<(), StoreError> {
    let mut read = from.read().await?;
    let pairs = pairs(catalogue::tables(&mut read).await?, catalogue::tables(&mut to.read().await?).await?)?;
    if let Some(removed) = clear(to, &pairs).await? {
        listener(removed);
    }
    mark(to, source.to_owned(), now).await?;
    let mut contents = Vec::with_capacity(pairs.len());
    for (table, target) in &pairs {
        let content = table_into(&mut read, table, to, target).await?;
        listener(Step::Written { table: table.name.clone(), rows: content.rows });
        contents.push(content);
    }
    let mut copied = to.read().await?;
    for ((_, target), content) in pairs.iter().zip(contents) {
        if read_back(&mut copied, target).await? != content {
            return Err(StoreError::CopyDiffers(target.name.clone()));
        }
        listener(Step::Proven { table: target.name.clone(), digest: content.digest });
    }
    check_roots(&mut copied, listener).await?;
    drop(copied);
    finish(to).await
}

/// The tables of both sides, in order: the same with the same columns.
fn pairs(from: Vec<Table>, to: Vec<Table>) -> Result<Vec<(Table, Table)>, StoreError> {
    let keep = |tables: Vec<Table>| tables.into_iter().filter(|table| table.name != UNFINISHED).collect::<Vec<_>>();
    let (from, mut to) = (keep(from), keep(to));
    let mut pairs = Vec::with_capacity(from.len());
    for table in from {
        let at = to.iter().position(|target| target.name == table.name);
        let Some(target) = at.map(|at| to.remove(at)) else { return Err(StoreError::Unlike(table.name)) };
        let target = target.ordered_as(&table)?;
        pairs.push((table, target));
    }
    match to.first() {
        Some(left) => Err(StoreError::Unlike(left.name.clone())),
        None => Ok(pairs),
    }
}

impl Table {
    /// The same table with its columns in another's order.
    fn ordered_as(&self, other: &Self) -> Result<Self, StoreError> {
        let unlike = |what: &str| StoreError::Unlike(format!("{}.{what}", self.name));
        let mut columns = Vec::with_capacity(other.columns.len());
        for column in &other.columns {
            let own = self.columns.iter().find(|own| own.name == column.name && own.kind.fits(column.kind));
            columns.push(own.ok_or_else(|| unlike(&column.name))?.clone());
        }
        let same_key = self.key_names() == other.key_names();
        match columns.len() == self.columns.len() && same_key {
            true => Ok(Self { columns, key: other.key.clone(), ..self.clone() }),
            false => Err(unlike("*")),
        }
    }
}

/// Removes what a copy left that did not end; anything else in the target is not ours to remove.
async fn clear(to: &Store, pairs: &[(Table, Table)]) -> Result<Option<Step>, StoreError> {
    let mut read = to.read().await?;
    let left = unfinished(&mut read).await?;
    let mut there = Vec::new();
    for (_, table) in pairs {
        let count = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        let (is_there,): (bool,) = sql_of(count).fetch_one(&mut read).await?;
        there.extend(is_there.then(|| table.name.clone()));
    }
    drop(read);
    match (left, there.is_empty()) {
        (None, true) => Ok(None),
        (None, false) => Err(StoreError::NotEmpty(there.join(", "))),
        (Some(left), _) => {
            there.reverse();
            let removed = to.write("copy/clear", move |tx| Box::pin(remove(tx, there))).await?;
            Ok(Some(Step::Removed(left, removed)))
        }
    }
}

/// Empties tables, those first that name others.
async fn remove(tx: &mut Tx, tables: Vec<String>) -> Result<u64, StoreError> {
    let mut removed = 0;
    for table in tables {
        removed += sql_of(format!("DELETE FROM {table}")).execute(tx).await?;
    }
    Ok(removed)
}

async fn mark(to: &Store, source: String, now: Timestamp) -> Result<(), StoreError> {
    to.write("copy/begin", move |tx| {
        Box::pin(async move {
            sql("DELETE FROM unfinished_copy").execute(tx).await?;
            let insert = sql("INSERT INTO unfinished_copy (source, begun_at) VALUES ($1, $2)");
            insert.bind(source).bind(milliseconds(now)).execute(tx).await.map(drop)
        })
    })
    .await
}

/// Copies the rows of a table; what they are, as they were read.
async fn table_into(read: &mut Read, table: &Table, to: &Store, target: &Table) -> Result<Content, StoreError> {
    let mut pages = Pages::new(table);
    while let Some(page) = pages.next(read).await? {
        let target = target.clone();
        to.write("copy/rows", move |tx| Box::pin(async move { write(tx, &target, page).await })).await?;
    }
    Ok(pages.content())
}

async fn write(tx: &mut Tx, table: &Table, rows: Vec<Cells>) -> Result<(), StoreError> {
    let before = format!("INSERT INTO {} ({})", table.name, table.names());
    let insert = insert_rows(&before, &rows, "", |row, cells| {
        let columns = cells.0.iter().zip(&table.columns);
        columns.fold(row, |row, (cell, column)| row.bind(cell.for_column(column.kind)))
    });
    insert.execute(tx).await.map(drop)
}

/// What a table holds that was written.
async fn read_back(read: &mut Read, table: &Table) -> Result<Content, StoreError> {
    let mut pages = Pages::new(table);
    while pages.next(read).await?.is_some() {}
    Ok(pages.content())
}

/// A table read page by page in the order of its key.
struct Pages<'t> {
    table: &'t Table,
    /// The key of the last row that was read.
    after: Option<Vec<Cell>>,
    /// Rows of the next page: few where rows are large.
    rows: usize,
    count: u64,
    digest: Sha256,
}

impl<'t> Pages<'t> {
    fn new(table: &'t Table) -> Self {
        Self { table, after: None, rows: 1, count: 0, digest: Sha256::new() }
    }

    async fn next(&mut self, read: &mut Read) -> Result<Option<Vec<Cells>>, StoreError> {
        let page: Vec<Cells> = self.statement().fetch_all(read).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some(self.table.key.iter().map(|place| last.0[*place].clone()).collect());
        let bytes: usize = page.iter().map(Cells::size).sum();
        self.rows = if bytes < PAGE_BYTES { (self.rows * 2).min(ROWS) } else { (self.rows / 2).max(1) };
        self.count += page.len() as u64;
        page.iter().for_each(|row| row.add_to(&mut self.digest));
        Ok(Some(page))
    }

    fn statement(&self) -> Statement<'static> {
        let Table { name, columns, key, .. } = self.table;
        let (all, by) = (self.table.names(), self.table.key_names());
        let Some(after) = &self.after else {
            return sql_of(format!("SELECT {all} FROM {name} ORDER BY {by} LIMIT $1")).bind(self.rows as i64);
        };
        let (from, limit) = (places(1, key.len()), key.len() + 1);
        let text = format!("SELECT {all} FROM {name} WHERE ({by}) > ({from}) ORDER BY {by} LIMIT ${limit}");
        let bound = after.iter().zip(key).fold(sql_of(text), |statement, (cell, place)| {
            statement.bind(cell.for_column(columns[*place].kind).into_owned())
        });
        bound.bind(self.rows as i64)
    }

    fn content(self) -> Content {
        Content { rows: self.count, digest: Hash(self.digest.finalize().into()) }
    }
}

/// Every list's root has to follow from its leaves.
async fn check_roots(read: &mut Read, listener: &mut (dyn FnMut(Step) + Send)) -> Result<(), StoreError> {
    let of = RowOf { table: "roster", id: "" };
    let lists: Vec<(i64, String)> =
        sql("SELECT DISTINCT commune, round FROM roster ORDER BY commune, round").fetch_all(read).await?;
    for (commune, round) in lists {
        let (commune, round) = (UnitId(of.number("commune", commune)?), of.parse::<RoundId>("round", &round)?);
        for list in roster::of_commune(read, commune, &round).await? {
            let leaves = roster::lines(read, commune, &round, list.number).await?;
            let root = root_of_leaves(&list.header, leaves.iter().map(|line| line.leaf));
            if root != list.root {
                return Err(StoreError::CopyDiffers(format!("roster_line ({commune}, {round}, {})", list.number)));
            }
            listener(Step::Root { commune, round: round.clone(), number: list.number, root });
        }
    }
    Ok(())
}

/// Says that the copy is whole. Numbers that the engine gives out go on after those that were copied.
async fn finish(to: &Store) -> Result<(), StoreError> {
    to.write("copy/end", |tx| {
        Box::pin(async move {
            let counted: Vec<(String, String)> = sql_each(
                tx,
                // SQLite goes on after the highest number by itself.
                "SELECT '', '' WHERE 0",
                "SELECT table_name::text, column_name::text FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY table_name",
            )
            .fetch_all(tx)
            .await?;
            for (table, column) in counted {
                let highest = format!("SELECT max({column}) FROM {table}");
                let next = format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), ({highest}))");
                sql_of(next).execute(tx).await?;
            }
            sql("DELETE FROM unfinished_copy").execute(tx).await.map(drop)
        })
    })
    .await
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed(Unfinished { source, begun_at }, rows) => write!(
                out,
                "đã xóa phần còn lại của lần sao chép dở từ {source} ({begun_at}): {rows} dòng / \
                 removed what was left of a copy from {source} that did not end ({begun_at}): {rows} rows"
            ),
            Self::Written { table, rows } => write!(out, "{table}: {rows} dòng / rows"),
            Self::Proven { table, digest } => write!(out, "{digest}  {table}"),
            Self::Root { commune, round, number, root } => {
                write!(out, "{root}  danh sách / list {commune}/{round}/{number}")
            }
        }
    }
}
