//! A database on a server: PostgreSQL, for many communes and several processes at once.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::row::stored;
use super::turn::{Part, Turn};
use super::{Company, READERS, StoreError, Tx};

/// Begins a snapshot that cannot write even by mistake.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Connections that write at once, each with its own queue: a commune's jobs go through one of them.
const WRITERS: usize = 4;
/// How our processes call themselves at the server, before their number.
const PROGRAM: &str = "rasoat ";
/// How often others are looked for before they count as there.
const ATTEMPTS: u32 = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(25);
/// The advisory lock that stands for everything. A commune's is its number, which is never negative; an account's lies below
/// the house's.
const HOUSE: i64 = -1;

/// An open database.
pub(super) struct Opened {
    pub(super) readers: PgPool,
    pub(super) writers: Vec<Tx>,
}

/// Begins a transaction that has its turn: with the house nobody else writes, with a part of it nobody else writes in that
/// part, in whatever process. Every transaction takes the house first, in common or for itself, and then parts in their one
/// order: nobody waits in a circle. What is read after this was committed before it.
pub(super) fn begin(turn: &Turn) -> AssertSqlSafe<String> {
    AssertSqlSafe(match turn.parts() {
        None => format!("BEGIN; SELECT pg_advisory_xact_lock({HOUSE})"),
        Some(parts) => {
            let locks = parts.iter().map(|part| format!("; SELECT pg_advisory_xact_lock({})", lock_of(*part)));
            format!("BEGIN; SELECT pg_advisory_xact_lock_shared({HOUSE}){}", locks.collect::<String>())
        }
    })
}

fn lock_of(part: Part) -> i64 {
    match part {
        Part::Account(account) => HOUSE.saturating_sub(1).saturating_sub(stored(account.0)),
        Part::Commune(commune) => stored(commune.0),
    }
}

/// Connects, and runs the migrations that the database has not seen: one process at a time does.
pub(super) async fn open(address: &str, company: Company) -> Result<Opened, StoreError> {
    // The name by which others find this process.
    let name = format!("{PROGRAM}{}", std::process::id());
    let options = PgConnectOptions::from_str(address)?.application_name(&name);
    let mut first = PgConnection::connect_with(&options).await?;
    if company == Company::Nobody {
        keep_others_out(&mut first).await?;
    }
    sqlx::migrate!("migrations/postgres").run(&mut first).await.map_err(StoreError::Migration)?;
    let writers = match company {
        // The one that keeps others out. Were it to break, they would not be kept out any more: it is never replaced.
        Company::Nobody => vec![Tx::postgres(first, None)],
        Company::Others => {
            let mut writers = vec![Tx::postgres(first, Some(options.clone()))];
            for _ in 1..WRITERS {
                writers.push(Tx::postgres(PgConnection::connect_with(&options).await?, Some(options.clone())));
            }
            writers
        }
    };
    // And one that listens to what others have written.
    let readers = PgPoolOptions::new().max_connections(READERS + 1).connect_with(options).await?;
    Ok(Opened { readers, writers })
}

/// Takes the house for as long as the connection lasts. Whoever is there already is named; who comes later can read, and
/// waits with what it writes.
async fn keep_others_out(connection: &mut PgConnection) -> Result<(), StoreError> {
    let others = "SELECT DISTINCT application_name || coalesce(' @ ' || host(client_addr), '') FROM pg_stat_activity \
                  WHERE datname = current_database() AND application_name LIKE $1 AND pid <> pg_backend_pid()";
    for attempt in 1.. {
        let there: Vec<(String,)> =
            sqlx::query_as(others).bind(format!("{PROGRAM}%")).fetch_all(&mut *connection).await?;
        match there.is_empty() {
            true => break,
            // A process that has just ended is seen for a moment longer.
            false if attempt < ATTEMPTS => tokio::time::sleep(BETWEEN_ATTEMPTS).await,
            false => {
                let names: Vec<String> = there.into_iter().map(|(name,)| name).collect();
                return Err(StoreError::Shared(names.join(", ")));
            }
        }
    }
    sqlx::query("SELECT pg_advisory_lock($1)").bind(HOUSE).execute(connection).await?;
    Ok(())
}

/// An address for people: host and database.
pub(super) fn shown(address: &str) -> String {
    match PgConnectOptions::from_str(address) {
        Ok(options) => format!("postgres://{}/{}", options.get_host(), options.get_database().unwrap_or_default()),
        Err(_) => "postgres".to_owned(),
    }
}
