//! The exchange with the server, turn by turn: what is sent, and what is made of the answer.
//!
//! # A turn
//!
//! 1. `request`, and its body goes to `POST /api/sync`; a cut is told with `cut` and the request made again, 426 with
//!    `speak_older`, an answer with `came_through`.
//! 2. The answer may be tried first in an instance that is thrown away: opened from the snapshot and records on disk, it is
//!    asked to `inspect`. Nothing less is a check: what answers carry is packed against the documents that are here, so only
//!    a whole device with the same state does the whole work on these bytes (decoding, signatures, hashes, rebuilding
//!    changes, reading them against their documents). What comes back is what `answer` will say. It costs opening and taking
//!    once more, and the memory of a second device as long as it lasts; a Worker may leave it out where memory is short,
//!    because a trap in the instance that people work with loses nothing either: it is opened again from disk, the answer
//!    is noted as one that traps, and the user is told that the app needs an update.
//! 3. `answer`; its records go to disk; while `go_on`, the next turn.

use std::time::Duration;

use schemas::form::Label;
use serde::Serialize;
use serde_json::{Value as Json, json};
use sync_protocol::device::{Clocks, Outcome, Portion, Record, Remark};
use sync_protocol::words;

use crate::command;
use crate::core::{Open, Parts, Reply};
use crate::fault::CoreFault;

/// What an answer came to.
#[derive(Debug, Serialize)]
pub struct Turn {
    /// Whether to ask again at once.
    pub go_on: bool,
    /// Journal entries that the server answered for.
    pub sent: usize,
    /// Journal entries that still wait.
    pub waiting: usize,
    /// Rows of logs that were read.
    pub rows: usize,
    /// Whether the server has more to be read. How much it does not say.
    pub more: bool,
    /// The server's clock less the device's, in milliseconds.
    pub clock_offset_ms: i64,
    /// What went otherwise than on a good day.
    pub remarks: Vec<Noted>,
}

/// Something that went otherwise.
#[derive(Debug, Serialize)]
pub struct Noted {
    /// The stable name; for what was not taken the server's own.
    pub slug: String,
    /// What people are told.
    pub words: Label,
    /// About which place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub village: Option<u64>,
    /// Whether the answer is not to be trusted: rows that the known server did not sign, or that come to something else.
    pub is_untrusted: bool,
}

/// Makes the next request.
pub(crate) fn request(open: &mut Open, clocks: command::Clocks) -> Result<Reply, CoreFault> {
    let sync = open.device.request_in(Clocks::from(clocks).wall_ms, open.portion);
    let body = sync.bytes.clone();
    open.sync = Some(sync);
    Ok(Reply::of(json!({ "portion": portion(open.portion) }))?.with(body))
}

/// Takes the answer to the last request.
pub(crate) fn answer(open: &mut Open, clocks: command::Clocks, parts: &Parts<'_>) -> Result<Reply, CoreFault> {
    let (turn, records) = taken(open, parts.at(0)?, clocks.into())?;
    Reply::written(&records, turn)
}

/// Makes the request that another instance sent, and takes the answer to it.
pub(crate) fn inspect(
    open: &mut Open,
    sent: command::Clocks,
    portion: command::Portion,
    clocks: command::Clocks,
    parts: &Parts<'_>,
) -> Result<Reply, CoreFault> {
    open.sync = Some(open.device.request_in(Clocks::from(sent).wall_ms, portion.into()));
    let (turn, _) = taken(open, parts.at(0)?, clocks.into())?;
    Reply::of(turn)
}

/// The server does not speak the version of the last request.
pub(crate) fn speak_older(open: &mut Open) -> Result<Reply, CoreFault> {
    Reply::of(json!({ "is_possible": open.device.speak_older() }))
}

/// The line was cut: less goes over it.
pub(crate) fn cut(open: &mut Open, way: command::Way) -> Result<Reply, CoreFault> {
    let smaller = open.portion.after_cut(way.into());
    open.portion = smaller.unwrap_or(open.portion);
    Reply::of(json!({ "is_possible": smaller.is_some(), "portion": portion(open.portion) }))
}

/// An exchange came through: more may go over the line.
pub(crate) fn came_through(open: &mut Open, took_ms: u64) -> Result<Reply, CoreFault> {
    open.portion = open.portion.after_success(Duration::from_millis(took_ms));
    Reply::of(json!({ "portion": portion(open.portion) }))
}

fn portion(portion: Portion) -> Json {
    json!({ "up_bytes": portion.up_bytes, "down_bytes": portion.down_bytes })
}

fn taken(open: &mut Open, answer: &[u8], clocks: Clocks) -> Result<(Turn, Vec<Record>), CoreFault> {
    let sync = open.sync.as_ref().ok_or(CoreFault::NoRequest)?;
    let before = open.device.waiting();
    let outcome = open.device.answer(sync, answer, clocks.wall_ms)?;
    // Answered once: what comes of it again belongs to another request.
    open.sync = None;
    Ok(turn(open, before, outcome))
}

/// Sums up what was taken. Every turn that is followed by another wrote something down, names the scopes once or tries what
/// was not tried: a server that says "more" and brings nothing holds nobody.
pub(crate) fn turn(open: &Open, before: usize, outcome: Outcome) -> (Turn, Vec<Record>) {
    let waiting = open.device.waiting();
    let is_news = |record: &Record| !matches!(record, Record::ClockOffset(_));
    let not_taken = outcome.remarks.iter().any(|remark| matches!(remark, Remark::NotTaken(_)));
    let untried = not_taken && open.device.has_untried();
    let moved = outcome.records.iter().any(is_news) || outcome.name_scopes || untried;
    let rows = outcome.records.iter().map(|record| match record {
        Record::Page(page) => page.rows.len(),
        _ => 0,
    });
    let turn = Turn {
        go_on: moved && (outcome.more || waiting > 0),
        sent: before.saturating_sub(waiting),
        waiting,
        rows: rows.sum(),
        more: outcome.more,
        clock_offset_ms: outcome.clock_offset_ms,
        remarks: outcome.remarks.iter().map(noted).collect(),
    };
    (turn, outcome.records)
}

fn noted(remark: &Remark) -> Noted {
    let (slug, scope) = match remark {
        Remark::BadPage(scope) => ("log/bad-page", Some(scope)),
        Remark::DigestDiffers(scope) => ("log/digest-differs", Some(scope)),
        Remark::ReadAnew(scope) => ("log/read-anew", Some(scope)),
        Remark::NewGeneration(scope) => ("log/new-generation", Some(scope)),
        Remark::NotAlone(scope) => ("log/not-alone", Some(scope)),
        Remark::Forgotten(scope) => ("log/forgotten", Some(scope)),
        Remark::NotTakenBack(scope, slug) => (slug.as_str(), Some(scope)),
        Remark::NotTaken(slug) => (slug.as_str(), None),
    };
    let is_untrusted = matches!(remark, Remark::BadPage(_) | Remark::DigestDiffers(_));
    Noted {
        slug: slug.to_owned(),
        words: words::remark(remark),
        village: scope.map(|scope| scope.village.0),
        is_untrusted,
    }
}
