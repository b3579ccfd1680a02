//! What people and phones may do, one file per noun.
//!
//! Owns the rules of each step and its transaction: state change and security event go in together, under a name for
//! metrics. Knows no status codes and no SQL.

use std::time::Duration;

use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{HouseholdId, RoundId, StandardId};
use schemas::ledger::{Hash, LedgerFault, Unassessed};
use schemas::rules::SampleRefused;
use schemas::standard::Faults;
use sync_protocol::archive::ArchiveError;
use sync_protocol::message::MessageFault;
use sync_protocol::parcel::ParcelFault;
use sync_protocol::verdict::Verdict;
use thiserror::Error;

use crate::documents::workbook;
use crate::documents::workbook::WriteError;
use crate::domain::opening::OpeningFault;
use crate::domain::round::RoundState;
use crate::geography::collection::FileFault;
use crate::password::PasswordError;
use crate::seal::SealError;
use crate::store::StoreError;
use blob::BlobFault;

pub mod account;
pub mod assignment;
#[cfg(test)]
pub(crate) mod bench;
pub mod blob;
pub mod case;
pub mod clue;
pub mod device;
pub mod document;
pub mod enrolment;
pub mod exchange;
pub mod geography;
mod give_back;
pub mod grant;
#[cfg(test)]
mod hot_paths;
pub mod household;
pub mod housekeeping;
pub mod import;
pub mod inbox;
mod ingest;
mod intake;
mod late;
pub mod ledger;
pub mod logbook;
pub mod moving;
mod office;
pub mod opening;
mod pages;
pub mod parcel;
pub mod permit;
pub mod points_table;
pub mod projection;
pub mod quarantine;
pub mod rebuild;
mod refused;
mod reproject;
pub mod review;
pub mod roster;
pub mod round;
pub mod session;
pub mod set_back;
pub mod shown;
pub mod standing;
pub mod unit;
mod unpack;
mod waiting;
pub mod warning;
pub mod watch;

/// Why a step was not taken. All but the last few are answers to whoever asked.
#[derive(Debug, Error)]
pub enum Refusal {
    /// No such login, or not its password: which of the two is not said.
    #[error("wrong login or password")]
    WrongPassword,
    /// The one-time password has opened its session, or its time is over.
    #[error("one-time password over")]
    OneTimePasswordOver,
    /// The session may do nothing before its holder has chosen a password.
    #[error("password change needed")]
    PasswordChangeNeeded,
    /// The new password is the one-time password.
    #[error("password not new")]
    PasswordNotNew,
    /// The account is shut.
    #[error("account disabled")]
    AccountDisabled,
    /// Too many attempts; how long until the next.
    #[error("too many attempts")]
    TooManyAttempts(Duration),
    /// No token was sent.
    #[error("no session")]
    SessionNeeded,
    /// The token is of no session.
    #[error("unknown session")]
    SessionUnknown,
    /// The session ended by itself.
    #[error("session expired")]
    SessionExpired,
    /// The session was ended.
    #[error("session revoked")]
    SessionRevoked,
    /// None of the caller's grants allows this here.
    #[error("role needed")]
    RoleNeeded,
    /// The role is above what the caller may give or take.
    #[error("above own role")]
    AboveOwnRole,
    /// No such unit, or none that the caller may know of.
    #[error("unit not found")]
    UnitNotFound,
    /// The level does not go directly into the unit.
    #[error("level not below")]
    LevelNotBelow,
    /// Something of this name lies there already.
    #[error("unit name taken")]
    UnitNameTaken,
    /// The official code belongs to another unit on that day or later.
    #[error("code taken")]
    CodeTaken,
    /// The caller's own unit is looked after from above.
    #[error("own unit")]
    OwnUnit,
    /// The unit has changed on this day, so nothing can change on it or before.
    #[error("unit revised on {0}")]
    RevisedLater(Date),
    /// This open round looks at what was to change.
    #[error("round {0} looks at the unit")]
    RoundLooksAtUnit(RoundId),
    /// No such account, or none that the caller may know of.
    #[error("account not found")]
    AccountNotFound,
    /// No such grant, or none that the caller may know of.
    #[error("grant not found")]
    GrantNotFound,
    /// No such device, or none that the caller may know of.
    #[error("device not found")]
    DeviceNotFound,
    /// The login is in use.
    #[error("login taken")]
    LoginTaken,
    /// The password is too short or too long.
    #[error("password not acceptable")]
    PasswordNotAcceptable,
    /// The person does not survey in this unit.
    #[error("not an enumerator here")]
    NotAnEnumerator,
    /// No such code, used before, or its fifteen minutes are over.
    #[error("enrolment code not valid")]
    CodeNotValid,
    /// The signature does not prove the key.
    #[error("device proof wrong")]
    ProofWrong,
    /// The key was enrolled before.
    #[error("device known already")]
    DeviceKnownAlready,
    /// The device was shut out.
    #[error("device revoked")]
    DeviceRevoked,
    /// The challenge is not ours or too old.
    #[error("challenge stale")]
    ChallengeStale,
    /// The token is of no device, or over.
    #[error("device token not valid")]
    DeviceTokenNotValid,
    /// The id is in use.
    #[error("round id taken")]
    RoundIdTaken,
    /// The round takes no more work.
    #[error("round closed")]
    RoundClosed,
    /// The workbook cannot be read.
    #[error(transparent)]
    Workbook(#[from] workbook::Refusal),
    /// The file holds no boundaries.
    #[error(transparent)]
    Boundaries(#[from] FileFault),
    /// No such household, or none that the caller may know of.
    #[error("household not found")]
    HouseholdNotFound,
    /// No such round, or none that the caller may know of.
    #[error("round not found")]
    RoundNotFound,
    /// The person does not survey this village.
    #[error("assignment not found")]
    AssignmentNotFound,
    /// The form does not belong to the deciding standard of the round.
    #[error("form of another standard")]
    FormOfAnotherStandard,
    /// The round cannot go to this state from where it is.
    #[error("round not {0}")]
    RoundNot(RoundState),
    /// No such disagreement is open: settled meanwhile, or never there.
    #[error("disagreement not found")]
    DisagreementNotFound,
    /// No such suspicion on this household: a fact has changed since, or it was never there.
    #[error("suspicion not found")]
    SuspicionNotFound,
    /// The document has moved on since the person saw it.
    #[error("stale heads")]
    StaleHeads,
    /// So many disagreements have to be settled first.
    #[error("{0} disagreements open")]
    DisagreementsOpen(u32),
    /// So many answers are missing, or the class is open for another reason.
    #[error("{0} answers missing")]
    Incomplete(usize),
    /// So many held changes have to be looked at first.
    #[error("{0} held changes")]
    HeldChanges(usize),
    /// The household's own document does not say what the decision says.
    #[error("not borne out: {0:?}")]
    NotBorneOut(Unassessed),
    /// Nothing of the household has been accepted yet.
    #[error("nothing accepted yet")]
    NothingAccepted,
    /// The place is no other village of the commune.
    #[error("not another village of the commune")]
    NotAnotherVillage,
    /// Nobody else has confirmed the points on the paper form.
    #[error("paper points not confirmed")]
    PointsNotConfirmed,
    /// The points that were read are not those that were typed.
    #[error("points differ")]
    PointsDiffer,
    /// The person who typed cannot be the one who confirms.
    #[error("same person")]
    SamePerson,
    /// The result may not be used for recognition.
    #[error("not for recognition")]
    NotForRecognition,
    /// The office has not said whether the place is country or town.
    #[error("area type of the place not known")]
    PlaceNotSaid,
    /// A decision of this kind needs a reason in words.
    #[error("reason needed")]
    ReasonNeeded,
    /// The reason is longer than anybody reads.
    #[error("reason too long")]
    ReasonTooLong,
    /// Another decision on the same thing came first.
    #[error("already decided")]
    AlreadyDecided,
    /// Everything that was to be written stands there already.
    #[error("nothing to write")]
    NothingToWrite,
    /// The change cannot be read, or nothing of it can be said on the document as it stands.
    #[error("nothing to salvage")]
    NothingToSalvage,
    /// What was to be written cannot be.
    #[error("cannot be written: {0}")]
    Unwritable(String),
    /// The gate does not let the change in.
    #[error("not admitted: {0:?}")]
    NotAdmitted(Verdict),
    /// No such change, or none that the caller may know of.
    #[error("change not found")]
    ChangeNotFound,
    /// The household's key was destroyed: nothing about it can be read again.
    #[error("household erased")]
    Erased,
    /// A photo is not taken or not given.
    #[error(transparent)]
    Blob(#[from] BlobFault),
    /// A device with a forgotten PIN is not asked for, or not opened.
    #[error(transparent)]
    Opening(#[from] OpeningFault),
    /// The message of a phone cannot be read.
    #[error(transparent)]
    Message(MessageFault),
    /// A parcel cannot be taken.
    #[error(transparent)]
    Parcel(ParcelFault),
    /// A parcel of a device that nobody let in.
    #[error("parcel of an unknown device")]
    ParcelAuthorUnknown,
    /// A parcel of a device that was shut out, or whose account was.
    #[error("parcel of a device that was shut out")]
    ParcelAuthorShutOut,
    /// A document is on a form that this server does not have.
    #[error("form {0:?} is not on this server")]
    FormUnknown(FormVersion),
    /// A round asks for a standard that this server does not have.
    #[error("standard {0} is not on this server")]
    StandardUnknown(StandardId),
    /// The round takes B1 from a points table and names none.
    #[error("no points table for the round")]
    PointsTableNeeded,
    /// The round does not take B1 from paper forms.
    #[error("points are not typed in this round")]
    PointsNotTyped,
    /// No such points table, or none that the caller or the round may use.
    #[error("points table not found")]
    TableNotFound,
    /// The files of a points table are not sound.
    #[error("points table with {} faults", .0.0.len())]
    TableFaulty(Faults),
    /// The points table is a sample.
    #[error(transparent)]
    TableIsSample(SampleRefused),
    /// The unit has this very table for another standard.
    #[error("points table of another standard")]
    TableOfAnotherStandard,
    /// Whoever loaded a points table cannot be the one who confirms it.
    #[error("points table needs another person")]
    TableNeedsAnother,
    /// Nobody has confirmed the points table of the round.
    #[error("points table not confirmed")]
    TableNotConfirmed,
    /// The points table says nothing of places like this one.
    #[error("points table lacks the region of {0}")]
    TableLacksPlace(String),
    /// The points table that a round uses is not there or cannot be read any more.
    #[error("points table {0} is lost")]
    TableLost(Hash),
    /// A stored document cannot be opened or saved.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Something sealed does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A commune's stored ledger does not hold together.
    #[error("ledger: {0}")]
    LedgerBroken(LedgerFault),
    /// What an earlier list said of a household cannot be read.
    #[error("listing of household {0} is unreadable")]
    ListingUnreadable(HouseholdId),
    /// A decision on a household names a state that is not there.
    #[error("decision on household {0} has no state or no entry")]
    DecisionLost(HouseholdId),
    /// Something was decided while the list was being compiled.
    #[error("decided meanwhile")]
    LedgerMoved,
    /// A stored list does not give its own root.
    #[error("roster altered")]
    RosterAltered,
    /// No list was compiled yet.
    #[error("no roster")]
    RosterNotFound,
    /// A file could not be written.
    #[error(transparent)]
    WorkbookNotWritten(#[from] WriteError),
    /// A fault of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of password hashing.
    #[error(transparent)]
    Password(#[from] PasswordError),
}
