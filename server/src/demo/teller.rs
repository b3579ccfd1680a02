//! Tells the story: the clock, chance and the book that everybody in it uses, and what people see while it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use schemas::ids::RoundId;

use super::book::Book;
use super::dice::Dice;
use super::place::Place;
use crate::clock::{Chance, Clock};
use crate::console;
use crate::phone::{Exchanged, Traffic};
use crate::standards::Standards;

/// The morning on which the story begins: a Monday after 1 September, when reviews begin.
const BEGINS: &str = "2026-09-14T00:30:00Z";

/// Who tells the story.
pub(super) struct Teller {
    pub(super) clock: Clock,
    pub(super) standards: Arc<Standards>,
    pub(super) reference_on: Date,
    pub(super) round: RoundId,
    /// What phones sent and got since this start.
    pub(super) traffic: Traffic,
    seed: u64,
    start: u64,
    book: Book,
    bar: ProgressBar,
}

impl Teller {
    /// Opens the book of a directory and goes on where it ends.
    pub(super) fn new(seed: u64, place: &Place, book: &Path, scenes: u64) -> anyhow::Result<Self> {
        let mut book = Book::open(book)?;
        let begins: Timestamp = BEGINS.parse()?;
        let clock = Clock::manual(book.last().unwrap_or(begins));
        let start = book.start(clock.now())?;
        let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {elapsed} {msg}");
        let bar = ProgressBar::new(scenes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Ok(Self {
            clock,
            standards: Arc::new(Standards::shipped()?),
            reference_on: place.reference_on.0,
            round: place.round.clone(),
            traffic: Traffic::default(),
            seed,
            start,
            book,
            bar,
        })
    }

    /// Makes sure that a story that was begun goes on as what it was begun.
    pub(super) fn check_begun_as(&mut self, what: &str) -> anyhow::Result<()> {
        match self.book.step("begun-as") {
            None => self.done("begun-as", what),
            Some(begun) if begun == what => Ok(()),
            Some(begun) => bail!(
                "thư mục này là của một lần chạy khác ({begun}); hãy chọn thư mục khác hoặc đúng tham số cũ\n\
                 this directory belongs to another run ({begun}); take another directory or the same parameters"
            ),
        }
    }

    /// Chance for a phone or for the server: never the same stream twice, however often the story is started.
    pub(super) fn chance(&self, what: &str) -> Chance {
        Dice::chance(self.seed, &format!("{what}/start {}", self.start))
    }

    /// The dice of one scene, the same at every start.
    pub(super) fn dice(&self, what: &str) -> Dice {
        Dice::of(self.seed, what)
    }

    /// Says on the terminal what comes next.
    pub(super) fn scene(&self, text: &str) {
        match self.bar.is_hidden() {
            true => {
                let (at, all) = (self.bar.position() + 1, self.bar.length().unwrap_or_default());
                console::complain(format_args!("[{at}/{all}] {text}"));
            }
            false => self.bar.set_message(text.to_owned()),
        }
        self.bar.inc(1);
    }

    /// Takes the progress off the terminal.
    pub(super) fn hush(&self) {
        self.bar.finish_and_clear();
    }

    /// Lets minutes pass.
    pub(super) fn minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// Lets time pass until the morning of the day after so many days, if it is not past yet.
    pub(super) fn morning(&self, days: u32) {
        let day = Duration::from_secs(24 * 3600);
        let begins: Timestamp = BEGINS.parse().unwrap_or_default();
        let until = begins + day * days;
        if let Ok(wait) = Duration::try_from(until.duration_since(self.clock.now())) {
            self.clock.advance(wait);
        }
    }

    /// Notes what a phone sent and got.
    pub(super) fn travelled(&mut self, exchanged: &Exchanged) {
        self.traffic.bytes_up += exchanged.traffic.bytes_up;
        self.traffic.bytes_down += exchanged.traffic.bytes_down;
        self.traffic.round_trips += exchanged.traffic.round_trips;
    }

    /// Whether a step is over.
    pub(super) fn is_done(&self, step: &str) -> bool {
        self.book.step(step).is_some()
    }

    /// What a step that is over left behind.
    pub(super) fn left_by(&self, step: &str) -> Option<&str> {
        self.book.step(step)
    }

    /// Notes that a step is over.
    pub(super) fn done(&mut self, step: &str, left: &str) -> anyhow::Result<()> {
        self.book.done(self.clock.now(), step, left)
    }

    /// Notes something that the server has acknowledged.
    pub(super) fn event(&mut self, kind: &str, what: &str) -> anyhow::Result<()> {
        self.book.event(self.clock.now(), kind, what)
    }

    /// How often something happened.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.book.count(kind)
    }
}
