//! What has happened in the story so far, in a file: a start after a stop, or after a kill, goes on where it was.
//!
//! One line for each step that is over and for each thing that the server has acknowledged, written after it: a step in
//! whose middle the machine stopped is done again, and doing it again changes nothing that it did before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use jiff::Timestamp;

/// What a line is about.
const STEP: &str = "step";
const EVENT: &str = "event";
const START: &str = "start";

/// The story's file, open.
pub(super) struct Book {
    file: File,
    steps: BTreeMap<String, String>,
    events: BTreeMap<String, BTreeSet<String>>,
    starts: u64,
    last: Option<Timestamp>,
}

impl Book {
    /// Opens the book, or begins one; a line that a kill has torn off is cut away.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let text = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole as u64)?;
        let (steps, events) = (BTreeMap::new(), BTreeMap::new());
        let mut book = Self { file, steps, events, starts: 0, last: None };
        for line in std::str::from_utf8(&text[..whole])?.lines() {
            book.read(line).with_context(|| format!("{}: {line}", path.display()))?;
        }
        Ok(book)
    }

    fn read(&mut self, line: &str) -> anyhow::Result<()> {
        let parts: Vec<&str> = line.splitn(4, '\t').collect();
        let [at, kind, name, value] = parts.as_slice() else { bail!("not a line of the story") };
        self.last = Some(Timestamp::from_millisecond(at.parse()?)?);
        match *kind {
            STEP => drop(self.steps.insert((*name).to_owned(), (*value).to_owned())),
            EVENT => drop(self.events.entry((*name).to_owned()).or_default().insert((*value).to_owned())),
            START => self.starts += 1,
            _ => bail!("neither a step nor an event"),
        }
        Ok(())
    }

    fn write(&mut self, at: Timestamp, kind: &str, name: &str, value: &str) -> anyhow::Result<()> {
        let line = format!("{}\t{kind}\t{name}\t{value}", at.as_millisecond());
        // One write: a kill leaves the line whole or torn at its end, never mixed with another.
        self.file.write_all(format!("{line}\n").as_bytes())?;
        self.read(&line)
    }

    /// Notes a start and says which one it is, from 1.
    pub(super) fn start(&mut self, at: Timestamp) -> anyhow::Result<u64> {
        self.write(at, START, "", "")?;
        Ok(self.starts)
    }

    /// When the last line was written, by the story's clock.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// What a step that is over left behind; `None` while it is not.
    pub(super) fn step(&self, name: &str) -> Option<&str> {
        self.steps.get(name).map(String::as_str)
    }

    /// Notes that a step is over.
    pub(super) fn done(&mut self, at: Timestamp, name: &str, value: &str) -> anyhow::Result<()> {
        self.write(at, STEP, name, value)
    }

    /// Notes something that the server has acknowledged; the same thing again counts once.
    pub(super) fn event(&mut self, at: Timestamp, kind: &str, what: &str) -> anyhow::Result<()> {
        match self.events.get(kind).is_some_and(|known| known.contains(what)) {
            true => Ok(()),
            false => self.write(at, EVENT, kind, what),
        }
    }

    /// How often something happened.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.events.get(kind).map_or(0, BTreeSet::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn a_line_torn_by_a_kill_is_cut_away_and_the_story_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("story");
        let mut book = Book::open(&path).unwrap();
        assert_eq!(book.start(at(1)).unwrap(), 1);
        book.done(at(2), "import/01243", "48 households").unwrap();
        book.event(at(3), "accepted", "a").unwrap();
        book.event(at(3), "accepted", "a").unwrap();
        drop(book);
        let whole = std::fs::read(&path).unwrap();
        let mut torn = whole.clone();
        torn.extend(b"4\tstep\timp");
        std::fs::write(&path, torn).unwrap();
        let mut book = Book::open(&path).unwrap();
        assert_eq!(
            (book.step("import/01243"), book.step("imp"), book.count("accepted")),
            (Some("48 households"), None, 1)
        );
        assert_eq!(book.last(), Some(at(3)));
        assert_eq!(book.start(at(5)).unwrap(), 2);
        assert!(std::fs::read(&path).unwrap().starts_with(&whole));
    }

    #[test]
    fn a_file_that_is_no_story_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("story");
        std::fs::write(&path, "Dear diary\n").unwrap();
        assert!(Book::open(&path).is_err());
    }
}
