//! How the engines would do what they are asked: for tests of hot paths.
//!
//! Owns the writing down of statements on the way to the engine, and the reading of plans. What is a hot path, the test says.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Executor};

use super::catalogue::{self, Table};
use super::connection::Connection;
use super::statement::sql_of;
use super::{Store, StoreError, Tx};

/// Indexes of a commune's tables that do not begin with the commune, and who looks by them.
const BY_SOMETHING_ELSE: &[(&str, &str)] = &[
    ("household_by_id", "a household is known by its id before its commune is; one row"),
    ("change_by_hash", "a change that builds on another household's is no change of this one; one hash"),
    ("change_waiting_by_key", "late work of one phone that was shut out"),
    ("segment_by_author", "the journal of one person goes through all communes"),
    ("assignment_by_account", "what one person surveys, whichever commune it is in"),
    ("person_number_by_mark", "one number that stands in two communes is what is looked for"),
    ("blob_by_device", "what one phone brought today"),
    ("blob_part_by_device", "what one phone brought today"),
];

thread_local! {
    /// The statements of this thread since somebody asked for them, with how many parameters each has.
    static SEEN: RefCell<Option<BTreeMap<String, usize>>> = const { RefCell::new(None) };
}

/// Writes a statement down that is about to be asked.
pub(super) fn note(text: &str, params: usize) {
    SEEN.with_borrow_mut(|seen| seen.as_mut().map(|seen| seen.insert(text.to_owned(), params)));
}

/// From here on the statements of this thread are written down.
pub(crate) fn listen() {
    SEEN.set(Some(BTreeMap::new()));
}

/// What was written down; nothing more is.
pub(crate) fn heard() -> BTreeMap<String, usize> {
    SEEN.take().unwrap_or_default()
}

/// What is wrong with how an engine would answer these statements: a commune's table read as a whole, or by an index where
/// the commune is not named.
pub(crate) async fn faults(store: &Store, statements: BTreeMap<String, usize>) -> Vec<String> {
    let found: Result<Vec<String>, StoreError> = store
        .write("plans", move |tx| {
            Box::pin(async move {
                let tables = catalogue::tables(tx).await?;
                let tables: Vec<String> =
                    tables.into_iter().filter(Table::is_of_commune).map(|table| table.name).collect();
                let mut faults = Vec::new();
                for (text, params) in &statements {
                    let plan = plan(tx, text, *params).await?;
                    let wrong = steps(&plan).into_iter().filter_map(|step| step.fault(&tables, text));
                    faults.extend(wrong.map(|wrong| format!("{wrong}\n    {text}\n    {}", plan.join("\n    "))));
                }
                Ok(faults)
            })
        })
        .await;
    found.unwrap()
}

/// Puts many copies of what is a commune's beside it, each with another commune's number: on PostgreSQL, which plans by how many
/// rows there are.
pub(crate) async fn fill(store: &Store, copies: u32) {
    let filled: Result<(), StoreError> = store
        .write("plans", move |tx| {
            Box::pin(async move {
                // The copies have no units.
                sql_of("SET LOCAL session_replication_role = replica".to_owned()).execute(tx).await?;
                for table in catalogue::tables(tx).await?.into_iter().filter(Table::is_of_commune) {
                    let copied = table.columns.iter().map(|column| match column.name.as_str() {
                        "commune" => "1000 + n".to_owned(),
                        // Each has people of its own.
                        "account" => "account + 100 * n".to_owned(),
                        name if name == "household" || (table.name == "household" && name == "id") => {
                            format!("overlay({name} placing int4send(n) from 9)")
                        }
                        name => name.to_owned(),
                    });
                    let (name, columns, copied) = (&table.name, table.names(), copied.collect::<Vec<_>>().join(", "));
                    let rows = format!("SELECT {copied} FROM {name}, generate_series(1, {copies}) n");
                    sql_of(format!("INSERT INTO {name} ({columns}) {rows}")).execute(tx).await?;
                    sql_of(format!("ANALYZE {name}")).execute(tx).await?;
                }
                Ok(())
            })
        })
        .await;
    filled.unwrap();
}

/// How an engine would answer a statement.
pub(crate) async fn of(store: &Store, text: String, params: usize) -> Vec<String> {
    let asked: Result<Vec<String>, StoreError> =
        store.write("plans", move |tx| Box::pin(async move { plan(tx, &text, params).await })).await;
    asked.unwrap()
}

/// How the engine would do it, whatever its parameters are.
async fn plan(tx: &mut Tx, text: &str, params: usize) -> Result<Vec<String>, StoreError> {
    if let Connection::Postgres(connection) = tx.connection() {
        // Tables of a test are so small that reading all of them would be best.
        let prepared = format!(
            "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; PREPARE asked AS {text}"
        );
        connection.execute(AssertSqlSafe(prepared)).await?;
        // What is a value of every type.
        let values = vec!["'1'"; params].join(", ");
        let given = if params == 0 { String::new() } else { format!("({values})") };
        let lines: Vec<(String,)> =
            sql_of(format!("EXPLAIN (COSTS OFF) EXECUTE asked{given}")).for_rows(0).fetch_all(tx).await?;
        sql_of("DEALLOCATE asked".to_owned()).execute(tx).await?;
        return Ok(lines.into_iter().map(|(line,)| line).collect());
    }
    let lines: Vec<(i64, i64, i64, String)> = sql_of(format!("EXPLAIN QUERY PLAN {text}")).fetch_all(tx).await?;
    Ok(lines.into_iter().map(|(.., line)| line).collect())
}

/// A step of a plan that reads a table.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Row by row.
    Whole(String),
    /// By an index, and by what of it.
    Index { index: String, by: String },
}

impl Step {
    /// What is wrong with it, in the plan of a statement.
    fn fault(&self, tables: &[String], text: &str) -> Option<String> {
        match self {
            Self::Whole(name) => {
                // SQLite calls a table as the statement does.
                let is_of_commune =
                    tables.iter().any(|table| table == name || text.contains(&format!(" {table} {name} ")));
                is_of_commune.then(|| format!("reads all of {name}"))
            }
            Self::Index { index, by } => {
                let of_commune = tables.iter().any(|table| {
                    index.starts_with(&format!("{table}_")) || index.starts_with(&format!("sqlite_autoindex_{table}_"))
                });
                let is_expected = BY_SOMETHING_ELSE.iter().any(|(known, _)| known == index);
                (of_commune && !is_expected && !by.contains("commune")).then(|| format!("reads {index} by {by:?}"))
            }
        }
    }
}

/// The steps of a plan that read tables: SQLite says each in a line, PostgreSQL what it reads by in a line below.
fn steps(plan: &[String]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, line) in plan.iter().enumerate() {
        let word_after = |words: &str| {
            let (_, rest) = line.split_once(words)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        let by = || {
            let below =
                plan[at + 1..].iter().take_while(|line| !line.contains("->")).find(|line| line.contains("Index Cond:"));
            below.cloned().unwrap_or_default()
        };
        if let Some(table) = word_after("Seq Scan on ") {
            steps.push(Step::Whole(table));
        } else if let Some(index) = word_after("Bitmap Index Scan on ").or_else(|| word_after("Scan using ")) {
            steps.push(Step::Index { index, by: by() });
        } else if let Some(index) = word_after(" INDEX ") {
            let by = line.split_once('(').map_or(String::new(), |(_, by)| by.to_owned());
            steps.push(Step::Index { index, by });
        } else if let Some(table) = word_after("SCAN ") {
            steps.push(Step::Whole(table));
        }
    }
    steps
}

#[test]
fn plans_of_both_engines_are_read_step_by_step() {
    let plan = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let index = |index: &str, by: &str| Step::Index { index: index.to_owned(), by: by.to_owned() };
    let sqlite = plan("SEARCH c USING INDEX sqlite_autoindex_clue_1 (commune=? AND round=?)\nSCAN change");
    assert_eq!(
        steps(&sqlite),
        [index("sqlite_autoindex_clue_1", "commune=? AND round=?)"), Step::Whole("change".to_owned())]
    );
    let postgres = plan(
        "Nested Loop\n  ->  Index Scan using change_by_hash on change\n        Index Cond: (hash = $1)\n  ->  Seq Scan on pin",
    );
    assert_eq!(
        steps(&postgres),
        [index("change_by_hash", "        Index Cond: (hash = $1)"), Step::Whole("pin".to_owned())]
    );
    let tables = ["change".to_owned(), "pin".to_owned()];
    assert_eq!(index("change_by_hash", "hash").fault(&tables, ""), None, "that is in the list");
    assert!(index("change_pkey", "round").fault(&tables, "").is_some());
    assert!(Step::Whole("pin".to_owned()).fault(&tables, "").is_some());
    assert!(Step::Whole("p".to_owned()).fault(&tables, "SELECT 1 FROM pin p WHERE true").is_some());
}
