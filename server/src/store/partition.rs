//! Splitting tables by commune, where the engine can: every statement of a commune then meets one part of each.
//!
//! Owns which tables can be split: those whose key begins with the commune and that nothing else keeps whole. A key that
//! does not begin so is refused by the engine itself.

use super::catalogue::{self, COMMUNE, Table};
use super::statement::{sql, sql_of};
use super::{Read, Store, StoreError, Tx};

impl Store {
    /// Splits every table that can be into so many parts by commune, with its rows; those that are split already stay. The
    /// names of those that were split now. An engine that has no parts refuses.
    pub async fn partition(&self, parts: u16) -> Result<Vec<String>, StoreError> {
        let mut read = self.read().await?;
        let mut split = Vec::new();
        for table in catalogue::tables(&mut read).await?.into_iter().filter(Table::is_of_commune) {
            if can_be_split(&mut read, &table.name).await? {
                split.push(table.name);
            }
        }
        drop(read);
        for table in split.clone() {
            // One at a time: a server has only so many locks, and what is split stays when this is ended.
            let done: Result<(), StoreError> =
                self.write("partition", move |tx| Box::pin(async move { split_table(tx, &table, parts).await })).await;
            done?;
        }
        Ok(split)
    }
}

/// Whether a table is whole and no other uniqueness than that of keys with the commune keeps it so: a household's id is one
/// in all communes.
async fn can_be_split(read: &mut Read, table: &str) -> Result<bool, StoreError> {
    let (can,): (bool,) = sql("SELECT c.relkind = 'r' AND NOT EXISTS (SELECT 1 FROM pg_index i \
           WHERE i.indrelid = c.oid AND i.indisunique AND NOT EXISTS (SELECT 1 FROM pg_attribute a \
             WHERE a.attrelid = c.oid AND a.attname = 'commune' AND a.attnum = ANY (i.indkey::smallint[]))) \
         FROM pg_class c WHERE c.oid = to_regclass($1)")
    .bind(table)
    .fetch_one(read)
    .await?;
    Ok(can)
}

/// Puts a table with parts in the place of a whole one: the same columns, checks, rows, keys, references and indexes, under the
/// same names, for the migrations to come.
async fn split_table(tx: &mut Tx, table: &str, parts: u16) -> Result<(), StoreError> {
    let (constraints, indexes) = around(tx, table).await?;
    let whole = format!("{table}_whole");
    let mut steps = vec![
        format!("ALTER TABLE {table} RENAME TO {whole}"),
        format!("CREATE TABLE {table} (LIKE {whole} INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH ({COMMUNE})"),
    ];
    steps.extend((0..parts).map(|part| {
        format!("CREATE TABLE {table}_{part} PARTITION OF {table} FOR VALUES WITH (MODULUS {parts}, REMAINDER {part})")
    }));
    steps.push(format!("INSERT INTO {table} SELECT * FROM {whole}"));
    // Their names are free only then.
    steps.push(format!("DROP TABLE {whole}"));
    steps.extend(constraints.into_iter().map(|(name, is)| format!("ALTER TABLE {table} ADD CONSTRAINT {name} {is}")));
    steps.extend(indexes.into_iter().map(|(index,)| index));
    for step in steps {
        sql_of(step).execute(tx).await?;
    }
    Ok(())
}

/// A table's keys and references by name, and the statements that make its other indexes.
async fn around(read: &mut Read, table: &str) -> Result<(Vec<(String, String)>, Vec<(String,)>), StoreError> {
    let constraints = sql("SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE conrelid = to_regclass($1) AND contype IN ('p', 'u', 'f') ORDER BY conname")
    .bind(table)
    .fetch_all(read)
    .await?;
    let indexes = sql("SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = to_regclass($1) \
         AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY i.indexrelid")
    .bind(table)
    .fetch_all(read)
    .await?;
    Ok((constraints, indexes))
}
