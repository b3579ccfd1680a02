//! What the Worker can ask for. In JSON a command is its name with its fields, `{"show": {"household": "…", "view": "mine"}}`,
//! or its bare name where it has none, `"list"`.
//!
//! *Parts* say what goes along; *gives* says what comes back, with `records` as the first part wherever something was
//! written.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemas::date;
use schemas::ids::{AccountId, DeviceId, HouseholdId, RoundId, UnitId};
use schemas::value::Key;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value as Json;
use sync_protocol::device;
use sync_protocol::field;

/// A command.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Makes a key and proves it for enrolment. Parts: seed. Gives `device`, `body` (what `POST /api/devices` takes); the
    /// secret key as a part.
    Enrol {
        /// The server's key, hexadecimal.
        server_key: String,
        /// The code as it was typed or scanned.
        code: String,
        /// What people will call the phone.
        name: String,
    },
    /// Signs a challenge for a new token. Parts: secret key. Gives `body` (what `POST /api/device-tokens` takes).
    Sign {
        /// The server's key, hexadecimal.
        server_key: String,
        /// The challenge, hexadecimal.
        challenge: String,
    },
    /// Seals the key under which everything here is encrypted, for the day on which its PIN is forgotten. Parts: seed, secret key,
    /// data key. Gives `commune`; what to keep as a part.
    KeepKey {
        /// The server's key, hexadecimal.
        server_key: String,
        /// The commune's recovery key as it came with enrolment, hexadecimal.
        recovery_key: String,
    },
    /// The PIN was forgotten: asks the commune to open what was kept. Parts: seed, what was kept. Gives `body` (what
    /// `POST /api/openings` takes) and `code`, the letters that people know the request by; the reply secret as a part.
    AskOpening {
        /// As it came from [`Command::KeepKey`].
        commune: UnitId,
    },
    /// The data key, once the commune has opened it. Parts: reply secret, what was opened. Gives the data key as a part.
    TakeKey {
        /// Which phone this is.
        device: DeviceId,
    },
    /// Opens a device. Parts: secret key, snapshot (empty when there is none), then any number of runs of records, those
    /// that were written after the snapshot. Gives [`Command::Stands`]' and `records`.
    Open {
        /// Whose phone it is.
        account: AccountId,
        /// The server's key, hexadecimal.
        server_key: String,
        /// The day on this device: ages are counted to it until [`Command::Surveys`] says to which they are.
        #[serde(deserialize_with = "day")]
        today: Date,
        /// The form for new households; that of the first standard in force when absent.
        #[serde(default)]
        form: Option<String>,
    },
    /// Takes in what the server says of the villages. Parts: its answer (`GET /api/devices/self/villages`). Lists, sections
    /// and results go by it from then on.
    Surveys,
    /// In place of [`Command::Open`]: a device for trying things out, nobody's, with one village of its own and a key of which no
    /// server knows. Parts: seed. Gives [`Command::Stands`]'.
    Practise {
        /// The village.
        village: UnitId,
        /// The round.
        round: RoundId,
        /// The day on this device.
        #[serde(deserialize_with = "day")]
        today: Date,
    },
    /// Everything that the device is, so that it opens quickly: one part. Records before it need not be kept.
    Snapshot,
    /// Begins a new epoch: after a restore, and when another instance may have written. Gives records.
    Epoch,
    /// Gives `epoch`, `households`, `waiting`, `scopes` (`village`, `round`), `clock_offset_ms`, `has_put_off`.
    Stands,
    /// The standards that ship with the app: id, label, status, form.
    Standards,
    /// A form, as screens are drawn from it.
    Form {
        /// Its name and version; the device's own when absent.
        #[serde(default)]
        version: Option<String>,
    },
    /// The next request. Gives `portion`; the body as a part.
    Request {
        /// What the clocks say.
        clocks: Clocks,
    },
    /// Takes the answer to the last request. Parts: the body. Gives [`crate::exchange::Turn`]; records. After the fault
    /// `phone/untrusted` the instance may be ahead of the disk: open another.
    Answer {
        /// What the clocks say.
        clocks: Clocks,
    },
    /// In an instance that is thrown away: makes the request that was sent and takes the answer to it. Parts: the body.
    /// Gives the [`crate::exchange::Turn`] that the other instance will come to. See [`crate::exchange`].
    Inspect {
        /// What the clocks said at the request.
        sent: Clocks,
        /// The portion of the request, as [`Command::Request`] gave it.
        portion: Portion,
        /// What the clocks say.
        clocks: Clocks,
    },
    /// The server does not speak the version of the last request. Gives `is_possible`: whether to ask again.
    SpeakOlder,
    /// The line was cut. Gives `is_possible` (whether to ask again, with less) and `portion`.
    Cut {
        /// Which way it had come.
        way: Way,
    },
    /// An exchange came through. Gives `portion`.
    CameThrough {
        /// How long it took.
        took_ms: u64,
    },
    /// The server gives this device nothing to read any more (`device/revoked`). Gives records; when there are some, one
    /// more request is worth it.
    AskAgain,
    /// Where each household stands: [`crate::households`] says how it is packed.
    List,
    /// The households whose head or address is meant: `households`.
    Find {
        /// What somebody typed.
        typed: String,
    },
    /// One household: [`field::HouseholdView`], with `plan` when something has to be said again, `blobs`, and
    /// `result_seen`: whether what is changed from now on says that the result was seen. No class is said
    /// but what each side of a disagreement comes to.
    Show {
        /// Which.
        household: HouseholdId,
        /// Which changes it shows.
        view: View,
    },
    /// How far a household is: `outline`, its own sections and those of each member ([`field::Outline`]); `screening`, what form
    /// A says: `review`, `no_review`, `undetermined`, null where it is not asked.
    Outline {
        /// Which.
        household: HouseholdId,
    },
    /// What a section asks of somebody, with what is typed and not saved yet: `questions` ([`field::AskedView`]).
    Asked {
        /// Of which household.
        household: HouseholdId,
        /// Which section.
        section: Key,
        /// Of whom.
        subject: field::About,
        /// What is typed, by question; `null` where an answer was taken back.
        #[serde(default)]
        answers: BTreeMap<Key, Json>,
    },
    /// What a household comes to, once its form is complete: [`field::ResultView`]; records.
    Result {
        /// Which.
        household: HouseholdId,
    },
    /// Founds a household. Parts: seed. Gives [`field::Committed`]; records.
    Found {
        /// The household, as [`field::said`] describes it.
        household: Json,
        /// What the clocks say.
        clocks: Clocks,
    },
    /// Writes values, one commit for each section. Parts: seed. Gives [`field::Committed`]; records.
    Edit {
        /// A list of `[household, path, value]`, as [`field::said`] describes it.
        edits: Json,
        /// What the clocks say.
        clocks: Clocks,
    },
    /// Settles a disagreement. Parts: seed. Gives [`field::Committed`]; records.
    Settle {
        /// Of which household.
        household: HouseholdId,
        /// Its id, as [`Command::Show`] gave it.
        disagreement: String,
        /// What holds.
        choice: Choice,
        /// What the clocks say.
        clocks: Clocks,
    },
    /// What can be said again of a household: [`field::PlanView`].
    Plan {
        /// Which.
        household: HouseholdId,
    },
    /// Says it again. Gives the [`field::PlanView`] that was followed; records.
    SayAgain {
        /// Of which household.
        household: HouseholdId,
        /// These fields; everything that can be when absent. What is not named is let go.
        #[serde(default)]
        fields: Option<Vec<String>>,
        /// The plan that was seen.
        #[serde(default)]
        plan: Option<String>,
        /// What the clocks say.
        clocks: Clocks,
    },
    /// Announces a photo whose bytes are on disk. Gives the photo; records.
    Attach {
        /// Of which household.
        household: HouseholdId,
        /// SHA-256 of its bytes, hexadecimal.
        blob: String,
        /// How many bytes it has.
        size_bytes: u64,
        /// What the clocks say.
        clocks: Clocks,
    },
    /// All photos: `blobs`; in `queue` those that the server waits for, in order; in `superfluous` the hashes of those that
    /// need not be kept, where all may take so many bytes.
    Blobs {
        /// How many.
        room_bytes: u64,
    },
    /// What the server said of a photo for good. Gives records.
    BlobAnswer {
        /// Of which household.
        household: HouseholdId,
        /// Its hash.
        blob: String,
        /// Why it will not take it; it has all of it when absent.
        #[serde(default)]
        refused: Option<String>,
    },
    /// The server does not know the photo that it should wait for (`blob/not-announced`). Gives records.
    BlobUnknown {
        /// Of which household.
        household: HouseholdId,
        /// Its hash.
        blob: String,
    },
    /// Puts everything that waits into a parcel. Parts: seed. Gives `entries`; records, then the file.
    Parcel {
        /// The key that came with enrolment or with the last parcel's answer, hexadecimal.
        key: String,
        /// What the clocks say.
        clocks: Clocks,
    },
    /// Takes the answer to a parcel. Parts: the file. Gives [`crate::exchange::Turn`] and `key` for the next; records.
    ParcelAnswer {
        /// What the clocks say.
        clocks: Clocks,
    },
    /// Which parcel a file is, or answers: `parcel`, `is_answer`. Parts: the file.
    WhichParcel,
    /// Own work that no log tells of, for colleagues of the village. Parts: seed. Gives `changes`; the file as a part.
    Share {
        /// The only one that is held when absent.
        #[serde(default)]
        village: Option<UnitId>,
        /// The only one that is held when absent.
        #[serde(default)]
        round: Option<RoundId>,
    },
    /// Looks at what a colleague has shared. Parts: the file. Gives `shown`, `known`, `left_out`; records.
    Look,
}

/// What the clocks say.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    wall_ms: i64,
    uptime_ms: u64,
}

impl From<Clocks> for device::Clocks {
    fn from(Clocks { wall_ms, uptime_ms }: Clocks) -> Self {
        Self { wall_ms, uptime_ms }
    }
}

/// How much an exchange carries.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portion {
    up_bytes: u32,
    down_bytes: u32,
}

impl From<Portion> for device::Portion {
    fn from(Portion { up_bytes, down_bytes }: Portion) -> Self {
        Self::of(up_bytes, down_bytes)
    }
}

/// Which way a cut exchange had come.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// No answer had begun.
    Up,
    /// The answer had begun.
    Down,
}

impl From<Way> for device::Way {
    fn from(way: Way) -> Self {
        match way {
            Way::Up => Self::Up,
            Way::Down => Self::Down,
        }
    }
}

/// Which changes a view shows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// What the server has accepted.
    Accepted,
    /// That, and own work.
    Mine,
    /// That, and what colleagues have shared.
    Preview,
}

impl From<View> for device::View {
    fn from(view: View) -> Self {
        match view {
            View::Accepted => Self::Accepted,
            View::Mine => Self::Mine,
            View::Preview => Self::Preview,
        }
    }
}

/// A day, as `2026-10-01`.
fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    date::day(&text).ok_or_else(|| de::Error::custom("not a day (2026-10-01)"))
}

/// What holds in a disagreement.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// One side, by its number from 1.
    Take(usize),
    /// Something else: edits of the section.
    Set(Json),
}

impl From<Choice> for field::Choice {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Take(side) => Self::Take(side),
            Choice::Set(edits) => Self::Set(edits),
        }
    }
}
