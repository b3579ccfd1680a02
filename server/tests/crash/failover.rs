//! A database that dies under load, and its standby that takes its place: with synchronous replication nothing that a phone
//! was told is lost, and the servers in front of it go on by themselves.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::PoisonError;

use anyhow::{Context, Result, ensure};
use server::app::Database;
use server::clock::Chance;

use crate::balance::Balance;
use crate::office::{Office, while_nothing_starts};
use crate::postgres::{other_user, programs};
use crate::servers::{PHONES, SERVERS, Server, Walk, check, heard};
use crate::walker::Told;

const SEED: u64 = 20_261_124;

/// Two PostgreSQL servers, the second a copy of the first that every commit waits for. `now` leads to the one that is in
/// charge, as an address that moves does. An order kills the first as a machine that loses its power would, and puts the
/// second in charge.
const SCRIPT: &str = r#"set -e; PATH=$0:$PATH; cd "$1"; exec 3>&1 >>log 2>&1; mkdir s1 s2
    options="-c listen_addresses= -c max_connections=60 -c shared_buffers=64MB"
    initdb -D one -U rasoat -A trust -E UTF8 --locale=C.UTF-8
    pg_ctl -D one -l one.log -w -o "$options -k '$1/s1'" start
    pg_basebackup -h "$1/s1" -U rasoat -D two -R -X stream -c fast
    pg_ctl -D two -l two.log -w -o "$options -k '$1/s2'" start
    createdb -h "$1/s1" -U rasoat rasoat
    psql -h "$1/s1" -U rasoat -d postgres -c "ALTER SYSTEM SET synchronous_standby_names = '*'" -c "SELECT pg_reload_conf()"
    waits="SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    until [ "$(psql -h "$1/s1" -U rasoat -d postgres -Atc "$waits")" = 1 ]; do sleep 0.1; done
    ln -s s1 now; echo ready >&3
    if read order; then
        kill -9 "$(head -1 one/postmaster.pid)"
        pg_ctl -D two -w promote
        ln -s s2 next; mv -T next now; echo promoted >&3
        cat >/dev/null
    fi
    pg_ctl -D one -m immediate stop || true; pg_ctl -D two -m immediate stop || true; cd /; rm -rf "$1""#;

/// The two, until the end of the test.
struct Pair {
    directory: PathBuf,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    _process: Child,
}

impl Pair {
    fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL must be installed: apt-get install postgresql")?;
        let directory = tempfile::Builder::new().prefix("rasoat-pair").tempdir()?.keep();
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).arg(&programs).arg(&directory);
        if let Some((user, group)) = other_user(&directory) {
            std::os::unix::fs::chown(&directory, Some(user), Some(group))?;
            command.uid(user).gid(group);
        }
        let _nothing_closes = while_nothing_starts();
        let mut process = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = process.stdin.take().context("orders")?;
        let answers = BufReader::new(process.stdout.take().context("answers")?);
        let mut pair = Self { directory, orders, answers, _process: process };
        pair.hear("ready")?;
        Ok(pair)
    }

    /// Waits for an answer.
    fn hear(&mut self, expected: &str) -> Result<()> {
        let mut said = String::new();
        self.answers.read_line(&mut said)?;
        let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        ensure!(said.trim() == expected, "{expected} expected: {said:?}\n{}", log());
        Ok(())
    }

    fn address(&self) -> String {
        format!("postgres:///rasoat?host={}&user=rasoat", self.directory.join("now").display())
    }

    /// Kills the one that is in charge, and returns when the other one is.
    fn fail_over(mut self) -> Result<Self> {
        self.orders.write_all(b"now\n")?;
        self.hear("promoted")?;
        Ok(self)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_the_database_dies_under_load_and_its_standby_takes_over() -> Result<()> {
    println!("seed {SEED}");
    let pair = tokio::task::spawn_blocking(Pair::start).await??;
    let chance = Chance::seeded(SEED);
    let database = Some(Database::Postgres(pair.address()));
    let office = Office::prepare(database, chance.clone(), usize::from(PHONES)).await?;
    let (balance, told) = (Balance::open().await?, Told::default());
    let servers: Result<Vec<Server>> = (0..SERVERS).map(|_| Server::start(&office, &balance)).collect();
    let servers = servers?;
    let mut walk = Walk::begin(&office, &balance, &told).await?;
    heard(&mut walk, &told, 30).await?;
    let failing = tokio::task::spawn_blocking(move || pair.fail_over());
    let pair = failing.await??;
    let before = told.lock().unwrap_or_else(PoisonError::into_inner).len();
    println!("{before} changes acknowledged when the standby had taken over");
    heard(&mut walk, &told, 30).await?;
    let steps = check(&office, chance, walk.end().await?, &told).await?;
    // None at all when the standby was there before anybody asked.
    println!("{} exchanges failed in between", steps.iter().map(|steps| steps.failed).sum::<u64>());
    for server in servers {
        server.stop(&balance).await?;
    }
    drop(pair);
    Ok(())
}
