//! A private PostgreSQL for tests, from the binaries that are installed here. Shared by the tests that need a second engine.
//!
//! It runs as another user when the tests run as root, listens on a socket in its own directory only, and ends, with
//! everything in it, when the process of the tests ends, however it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Starts a server, says so, and waits for its standard input to end.
const SCRIPT: &str = "set -e; PATH=$0:$PATH; \
    initdb -D \"$1/data\" -U rasoat -A trust -E UTF8 --locale=C.UTF-8 --no-sync >\"$1/log\" 2>&1; \
    pg_ctl -D \"$1/data\" -l \"$1/log\" -w -o \"$2 -k '$1'\" start >>\"$1/log\" 2>&1; \
    echo ready; cat >/dev/null; \
    pg_ctl -D \"$1/data\" -m immediate stop >/dev/null 2>&1; rm -rf \"$1\"";
/// Tests ask for much at once and nothing of it outlives them.
const OPTIONS: &str = "-c listen_addresses= -c max_connections=400 -c fsync=off -c shared_buffers=64MB";

/// A running server.
struct Cluster {
    directory: PathBuf,
    /// Where its programs are.
    programs: PathBuf,
    /// Its end is the server's end.
    _stdin: ChildStdin,
    _child: Child,
}

/// A new, empty database.
pub(crate) fn database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let cluster = CLUSTER.get_or_init(Cluster::start);
    let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let made = Command::new(cluster.programs.join("createdb"))
        .arg("-h")
        .arg(&cluster.directory)
        .args(["-U", "rasoat", &name])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    cluster.address(&name)
}

impl Cluster {
    fn start() -> Self {
        let programs = programs().expect("PostgreSQL must be installed: apt-get install postgresql");
        let directory = tempfile::Builder::new().prefix("rasoat-pg").tempdir().unwrap().keep();
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).arg(&programs).arg(&directory).arg(OPTIONS);
        if let Some((user, group)) = other_user(&directory) {
            std::os::unix::fs::chown(&directory, Some(user), Some(group)).unwrap();
            command.uid(user).gid(group);
        }
        let mut child = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n", "{}", fs::read_to_string(directory.join("log")).unwrap_or_default());
        let stdin = child.stdin.take().unwrap();
        Self { directory, programs, _stdin: stdin, _child: child }
    }

    fn address(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=rasoat", self.directory.display())
    }
}

/// Where the newest installed server's programs are.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten();
    let debian = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).collect::<Vec<_>>();
    let mut all: Vec<PathBuf> = debian.collect();
    all.sort();
    others.into_iter().chain(all).rfind(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// User and group to run as when this is root: PostgreSQL refuses to.
fn other_user(directory: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(directory).unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = |name: &str| {
        let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut parts = line.split(':').skip(1).map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    user("postgres").or_else(|| user("nobody"))
}
