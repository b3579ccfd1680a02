//! A directory in which the demo plays, small enough to be played many times.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use schemas::roster::RosterFile;

use crate::libreoffice::{EVERY_SHEET, convert, sheets};

/// A directory and the flags of the story in it.
pub(crate) struct Stage {
    directory: tempfile::TempDir,
    seed: u64,
    port: u16,
}

impl Stage {
    pub(crate) fn new(seed: u64) -> Self {
        // Free a moment ago; kept over all starts, because phones remember it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { directory: tempfile::tempdir().unwrap(), seed, port }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("demo").join(name)
    }

    /// The demo that ends by itself, with as few households as there can be.
    pub(crate) fn command(&self) -> Command {
        self.sized(2)
    }

    /// The demo that ends by itself, with so many listed households in each village.
    pub(crate) fn sized(&self, households: u16) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rasoat"));
        command.args(["demo", "--exit", "--villages", "3", "--households", &households.to_string()]);
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        command
            .env("RASOAT_DATA", self.path(""))
            .env("RASOAT_LOG", "warn")
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null());
        command
    }

    fn seeded(&self) -> Command {
        let mut command = self.command();
        command.args(["--seed", &self.seed.to_string()]);
        command
    }

    /// Plays from where the story is to its end; what it printed.
    pub(crate) fn play(&self) -> String {
        told(&mut self.seeded())
    }

    /// Plays it with its database on a server.
    pub(crate) fn play_on(&self, database: &str) -> String {
        told(self.seeded().env("DATABASE_URL", database))
    }

    /// Starts the demo and kills it in the middle of what follows so many new lines of its story; false when it was over
    /// before.
    pub(crate) fn killed_after(&self, lines: usize) -> bool {
        let until = self.lines() + lines;
        let log = fs::File::create(self.directory.path().join("log")).unwrap();
        let mut demo = self.seeded().stdout(Stdio::null()).stderr(log).spawn().unwrap();
        while self.lines() < until {
            if let Some(status) = demo.try_wait().unwrap() {
                let log = fs::read_to_string(self.directory.path().join("log")).unwrap();
                assert!(status.success(), "{log}");
                return false;
            }
            // How far the story is decides, never how long this takes.
            thread::sleep(Duration::from_millis(1));
        }
        demo.kill().unwrap();
        demo.wait().unwrap();
        true
    }

    /// How many lines the story has: a line for everything that is over or was acknowledged.
    pub(crate) fn lines(&self) -> usize {
        let story = fs::read(self.path("story")).unwrap_or_default();
        story.iter().filter(|byte| **byte == b'\n').count()
    }

    /// The last line of what was printed.
    pub(crate) fn root(told: &str) -> String {
        told.lines().last().unwrap_or_default().to_owned()
    }

    /// The lists of all communes, from their files.
    pub(crate) fn lists(&self) -> Vec<RosterFile> {
        let files = fs::read_dir(self.path("lists")).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|file| file.extension().is_some_and(|ending| ending == "json"));
        files.map(|file| RosterFile::read(&fs::read(file).unwrap()).unwrap()).collect()
    }

    /// The logins that have a phone.
    pub(crate) fn phones(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path("phones")) else { return Vec::new() };
        let mut phones: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        phones.sort();
        // A phone that was killed while it was let in has no identity yet and knows of nothing.
        phones.retain(|phone| phone.join("identity.json").exists());
        phones
    }

    /// The sheets of a workbook as LibreOffice reads them; `None` where it is not installed, which only a machine outside
    /// CI may be.
    pub(crate) fn converted(&self, name: &str) -> Option<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        convert(&self.path(name), EVERY_SHEET, folder.path())?;
        Some(sheets(folder.path()))
    }
}

/// What a command printed that went well.
fn told(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
