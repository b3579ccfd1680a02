//! A PostgreSQL of one's own, from the programs that are installed here, for what is measured: it writes to disk as any
//! other does. It ends, with everything in it, when the value does, or the process.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, ensure};
use server::app::Database;

/// Starts a server, says so, and waits for its standard input to end.
const SCRIPT: &str = "set -e; PATH=$0:$PATH; cd \"$1\"; \
    initdb -D data -U rasoat -A trust -E UTF8 --locale=C.UTF-8 >log 2>&1; \
    pg_ctl -D data -l log -w -o \"-k '$1' -c listen_addresses= -c shared_buffers=256MB -c max_wal_size=4GB\" start >>log 2>&1; \
    echo ready; cat >/dev/null; \
    pg_ctl -D data -m immediate stop >/dev/null 2>&1; cd /; rm -rf \"$1\"";

/// A running server.
pub struct Cluster {
    directory: PathBuf,
    programs: PathBuf,
    /// Its end is the server's end.
    stdin: Option<ChildStdin>,
    process: Child,
}

impl Cluster {
    /// Starts a server on an empty directory.
    pub fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL is not installed: apt-get install postgresql")?;
        let directory = tempfile::Builder::new().prefix("rasoat-pg").tempdir()?.keep();
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).arg(&programs).arg(&directory);
        if let Some((user, group)) = other_user(&directory)? {
            std::os::unix::fs::chown(&directory, Some(user), Some(group))?;
            command.uid(user).gid(group);
        }
        let mut process = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        BufReader::new(process.stdout.take().context("its output")?).read_line(&mut said)?;
        let log = || std::fs::read_to_string(directory.join("log")).unwrap_or_default();
        ensure!(said == "ready\n", "PostgreSQL did not start: {}", log());
        Ok(Self { directory, programs, stdin: process.stdin.take(), process })
    }

    /// Makes a new, empty database.
    pub fn database(&self, name: &str) -> Result<Database> {
        let mut command = Command::new(self.programs.join("createdb"));
        let made = command.arg("-h").arg(&self.directory).args(["-U", "rasoat", name]).output()?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Ok(Database::Postgres(format!("postgres:///{name}?host={}&user=rasoat", self.directory.display())))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _reaped = self.process.wait();
    }
}

/// Where the newest installed server's programs are.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten();
    let mut debian: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).collect::<Vec<_>>();
    others.into_iter().chain(debian).rfind(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// User and group to run as when this is root: PostgreSQL refuses to.
fn other_user(directory: &Path) -> Result<Option<(u32, u32)>> {
    if std::fs::metadata(directory)?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let user = |name: &str| {
        let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut parts = line.split(':').skip(1).map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    Ok(user("postgres").or_else(|| user("nobody")))
}
