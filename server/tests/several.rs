//! Another database, and company at it: `rasoat copy`, `rasoat migrate`, and what wants to be alone.
#![allow(clippy::unwrap_used, reason = "every function of this file is part of a test")]

#[path = "support/postgres.rs"]
mod postgres;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How many copies may be faster than the kill.
const KILLS: usize = 20;

/// What a command came to: whether it went well, and all that it said.
struct Said {
    went_well: bool,
    text: String,
}

fn rasoat(data: &Path, database: Option<&str>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rasoat"));
    command.args(arguments).env("RASOAT_DATA", data).env_remove("DATABASE_URL").env("RASOAT_LOG", "info");
    if let Some(database) = database {
        command.env("DATABASE_URL", database);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(data: &Path, database: Option<&str>, arguments: &[&str]) -> Said {
    let mut child = rasoat(data, database, arguments).spawn().unwrap();
    // A password, for the command that asks for one.
    let _not_asked_for = child.stdin.take().unwrap().write_all("đường về bản xa\n".as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    Said { went_well: output.status.success(), text }
}

/// A server that ends with the value.
struct Server(Child);

impl Server {
    fn start(data: &Path, database: &str) -> Self {
        let mut child = rasoat(data, Some(database), &["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        assert!(log.lines().map_while(Result::ok).any(|line| line.contains("Listening")), "it does not listen");
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// A data directory with an administrator in it, and the address of its database.
fn office() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let create = ["admin", "create-account", "--login", "admin", "--name", "Quản trị"];
    let made = run(directory.path(), None, &create);
    assert!(made.went_well, "{}", made.text);
    let address = format!("sqlite:{}", directory.path().join("rasoat.db").display());
    (directory, address)
}

/// The lines of a copy that say what was proven.
fn proven(said: &Said) -> Vec<&str> {
    assert!(said.went_well, "{}", said.text);
    said.text.lines().filter(|line| line.split_once("  ").is_some_and(|(digest, _)| digest.len() == 64)).collect()
}

#[test]
fn what_wants_to_be_alone_is_refused_while_a_server_works_with_the_same_postgresql() {
    let (directory, file) = office();
    let database = postgres::database();
    let copied = run(directory.path(), None, &["copy", "--from", &file, "--to", &database]);
    assert!(copied.went_well, "{}", copied.text);
    let server = Server::start(directory.path(), &database);
    let second = Server::start(directory.path(), &database);
    let elsewhere = format!("sqlite:{}", directory.path().join("other.db").display());
    let commands: [&[&str]; 4] = [
        &["rebuild"],
        &["restored"],
        &["migrate", "--partitions", "2"],
        &["copy", "--from", &database, "--to", &elsewhere],
    ];
    for command in commands {
        let said = run(directory.path(), Some(&database), command);
        let named = [&server, &second].map(|server| format!("rasoat {}", server.0.id()));
        assert!(!said.went_well && named.iter().all(|name| said.text.contains(name)), "{command:?}: {}", said.text);
    }
    assert!(run(directory.path(), Some(&database), &["migrate"]).went_well, "servers go on meanwhile");
    drop((server, second));
    for command in &commands[..3] {
        let said = run(directory.path(), Some(&database), command);
        assert!(said.went_well, "{command:?}: {}", said.text);
    }
}

#[test]
fn a_database_goes_to_postgresql_and_back_and_is_the_same() {
    let (directory, file) = office();
    let database = postgres::database();
    let there = run(directory.path(), None, &["copy", "--from", &file, "--to", &database]);
    assert!(proven(&there).len() > 30, "{}", there.text);
    let twice = run(directory.path(), None, &["copy", "--from", &file, "--to", &database]);
    assert!(!twice.went_well && twice.text.contains("account"), "it is not empty: {}", twice.text);
    let nowhere = run(directory.path(), None, &["copy", "--from", "sqlite:/khong/co", "--to", &database]);
    assert!(!nowhere.went_well && nowhere.text.contains("/khong/co"), "{}", nowhere.text);
    let back = format!("sqlite:{}", directory.path().join("back.db").display());
    let returned = run(directory.path(), None, &["copy", "--from", &database, "--to", &back]);
    assert_eq!(proven(&returned), proven(&there));
    let taken = ["admin", "create-account", "--login", "admin", "--name", "Quản trị"];
    assert!(!run(directory.path(), Some(&database), &taken).went_well, "the login came along");
}

/// Begins a copy and kills it once the first rows are there.
fn killed_copy(data: &Path, from: &str, to: &str) {
    let mut copy = rasoat(data, None, &["copy", "--from", from, "--to", to]).spawn().unwrap();
    let mut told = BufReader::new(copy.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.any(|line| line.starts_with("unit:")), "it did not begin");
    copy.kill().unwrap();
    copy.wait().unwrap();
}

#[test]
fn a_copy_that_is_killed_is_begun_again_and_says_what_it_found() {
    let (directory, file) = office();
    for _ in 0..KILLS {
        let database = postgres::database();
        killed_copy(directory.path(), &file, &database);
        let opened = run(directory.path(), Some(&database), &["migrate"]);
        if opened.went_well {
            // It was over before the kill: the next time it may not be.
            continue;
        }
        assert!(opened.text.contains("rasoat copy"), "{}", opened.text);
        let again = run(directory.path(), None, &["copy", "--from", &file, "--to", &database]);
        assert!(proven(&again).len() > 30 && again.text.contains("that did not end"), "{}", again.text);
        assert!(run(directory.path(), Some(&database), &["rebuild"]).went_well);
        return;
    }
    panic!("{KILLS} copies were faster than the kill");
}
