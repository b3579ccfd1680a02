//! Reading a workbook in a process of its own.
//!
//! Owns both ends: the parent starts this same program again with a hidden subcommand and limits on memory, processor and
//! time; the child writes one JSON value a line. The parent believes nothing it hears: the child reads hostile files, and
//! one that dies, hangs or talks nonsense becomes one clear refusal.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::workbook::{self, Item, Options, Refusal, Summary};

/// The subcommand that makes this program a reader. No person types it.
pub const SUBCOMMAND: &str = "internal-read-workbook";

/// A longer line than any that an honest child writes.
const LINE_BYTES: u64 = 1 << 20;

/// What a child may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildLimits {
    /// Address space.
    pub memory_bytes: u64,
    /// Processor time.
    pub processor_seconds: u64,
    /// Time by the wall.
    pub wall: Duration,
}

impl Default for ChildLimits {
    fn default() -> Self {
        Self { memory_bytes: 3 << 30, processor_seconds: 300, wall: Duration::from_secs(600) }
    }
}

/// Where workbooks are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// In a child of this very program: what every server does.
    Child(ChildLimits),
    /// Right here: for tests, whose own program does not answer to [`SUBCOMMAND`].
    Here,
}

impl Reader {
    /// Reads a workbook. Blocks until it is read.
    pub fn read(self, path: &Path, options: Options, sink: &mut dyn FnMut(Item)) -> Result<Summary, Refusal> {
        match self {
            Self::Here => workbook::read(path, options, sink),
            Self::Child(limits) => {
                let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
                read_in_child(&program, path, options, limits, sink)
            }
        }
    }
}

/// What a child says, one a line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Item(Item),
    Refused(Refusal),
    End(Summary),
}

/// Why a child could not do its part; its parent sees only that it ended.
#[derive(Debug, Error)]
pub enum ChildError {
    /// Called otherwise than with a path and a day.
    #[error("usage: {SUBCOMMAND} PATH YYYY-MM-DD")]
    Usage,
    /// The parent no longer listens.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// A value that has no JSON.
    #[error("cannot encode: {0}")]
    Encoding(#[from] serde_json::Error),
}

/// The child's side: reads the file named by the arguments behind the subcommand and writes what it finds.
pub fn run_child(arguments: impl IntoIterator<Item = OsString>, out: impl Write) -> Result<(), ChildError> {
    let mut arguments = arguments.into_iter();
    let (Some(path), Some(day), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err(ChildError::Usage);
    };
    let as_of: Date = day.to_str().and_then(|day| day.parse().ok()).ok_or(ChildError::Usage)?;
    let mut out = BufWriter::new(out);
    let mut written = Ok(());
    let result = workbook::read(&PathBuf::from(path), Options { as_of }, &mut |item| {
        if written.is_ok() {
            written = write_line(&mut out, &Line::Item(item));
        }
    });
    written?;
    write_line(&mut out, &result.map_or_else(Line::Refused, Line::End))?;
    Ok(out.flush()?)
}

fn write_line(out: &mut impl Write, line: &Line) -> Result<(), ChildError> {
    serde_json::to_writer(&mut *out, line)?;
    Ok(out.write_all(b"\n")?)
}

/// The parent's side: like [`workbook::read`], in a child of `program`, which must answer to [`SUBCOMMAND`].
///
/// Blocks until the child has ended. After a refusal, nothing given out before counts.
pub fn read_in_child(
    program: &Path,
    path: &Path,
    options: Options,
    limits: ChildLimits,
    sink: &mut dyn FnMut(Item),
) -> Result<Summary, Refusal> {
    let mut child = spawn(program, path, options, limits).map_err(|error| failed(format!("cannot start: {error}")))?;
    let Some(stdout) = child.stdout.take() else { return Err(failed("no output")) };
    let child = Arc::new(Mutex::new(child));
    let watchdog = Watchdog::set(child.clone(), limits.wall);
    let heard = listen(stdout, sink);
    // It has said its last word or fallen silent, and must not linger.
    kill(&child);
    let timed_out = watchdog.call_off();
    let ended = child.lock().unwrap_or_else(PoisonError::into_inner).wait();
    match (heard, timed_out) {
        (_, true) => Err(failed("out of time")),
        (Ok(Some(end)), false) => end,
        (Ok(None), false) => Err(died(ended)),
        (Err(refusal), false) => Err(refusal),
    }
}

/// Starts the program again under limits that the shell sets, because safe code has no call for them.
fn spawn(program: &Path, path: &Path, options: Options, limits: ChildLimits) -> io::Result<Child> {
    let script = format!(
        "ulimit -v {} && ulimit -t {} && ulimit -c 0 && exec \"$@\"",
        limits.memory_bytes / 1024,
        limits.processor_seconds
    );
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script).arg("sh").arg(program).arg(SUBCOMMAND).arg(path).arg(options.as_of.to_string());
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

/// Hears a child out. `None` when it fell silent before it said how it ended.
fn listen(stdout: ChildStdout, sink: &mut dyn FnMut(Item)) -> Result<Option<Result<Summary, Refusal>>, Refusal> {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line);
        match count.map_err(|error| failed(error.to_string()))? {
            0 => return Ok(None),
            _ if line.last() != Some(&b'\n') => return Ok(None),
            _ => {}
        }
        match serde_json::from_slice(&line).map_err(|error| failed(format!("nonsense: {error}")))? {
            Line::Item(item) => sink(item),
            Line::Refused(refusal) => return Ok(Some(Err(refusal))),
            Line::End(summary) => return Ok(Some(Ok(summary))),
        }
    }
}

/// Kills a child that takes too long.
struct Watchdog {
    call_off: mpsc::Sender<()>,
    thread: thread::JoinHandle<bool>,
}

impl Watchdog {
    fn set(child: Arc<Mutex<Child>>, wall: Duration) -> Self {
        let (call_off, called_off) = mpsc::channel();
        let thread = thread::spawn(move || {
            let late = called_off.recv_timeout(wall) == Err(RecvTimeoutError::Timeout);
            if late {
                kill(&child);
            }
            late
        });
        Self { call_off, thread }
    }

    /// Ends the watch; true when the child was killed for being late.
    fn call_off(self) -> bool {
        drop(self.call_off);
        // The thread only waits and kills; if it died all the same, nobody was killed.
        self.thread.join().unwrap_or(false)
    }
}

fn kill(child: &Mutex<Child>) {
    // It may have ended already, which is as good.
    let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
}

fn failed(detail: impl Into<String>) -> Refusal {
    Refusal::ReaderFailed { detail: detail.into().chars().take(200).collect() }
}

fn died(ended: io::Result<ExitStatus>) -> Refusal {
    failed(ended.map_or_else(|error| error.to_string(), |status| status.to_string()))
}
