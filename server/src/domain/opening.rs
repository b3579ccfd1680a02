//! Devices whose PIN was forgotten: what one asks its commune to open, and how far that is.
//!
//! Owns the steps, and that two people take them. What is opened, and how, stands in [`sync_protocol::recovery`].

use jiff::Timestamp;
use schemas::ids::{AccountId, DeviceId, UnitId};
use schemas::ledger::Reason;
use sync_protocol::hash::SealKey;
use sync_protocol::recovery::{KeptKey, OpenedKey, opening_code};
use thiserror::Error;

use crate::token::{OpeningCode, SecretHash};

/// Why a device is not asked for, or not opened.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum OpeningFault {
    /// No such request: over, replaced by a later one, or never made.
    #[error("no such request to open a device")]
    NotFound,
    /// What is to be opened is not what a known device has kept for that commune: which of these is not said.
    #[error("not kept by this device for this commune")]
    NotGenuine,
    /// Nothing can be sealed to the key for the answer.
    #[error("weak reply key")]
    WeakKey,
    /// The device was shut out, or its holder was.
    #[error("device or holder shut out")]
    ShutOut,
    /// The letters are not those of the request.
    #[error("letters of another request")]
    CodeDiffers,
    /// Nobody opens the device that they hold themselves.
    #[error("own device")]
    OwnDevice,
    /// Whoever has agreed cannot agree for the second time.
    #[error("same officer")]
    SameOfficer,
    /// It was opened or refused already, or somebody agreed at this moment.
    #[error("already decided")]
    AlreadyDecided,
}

impl OpeningFault {
    /// The stable name that problem documents use.
    pub fn slug(self) -> &'static str {
        match self {
            Self::NotFound => "opening/not-found",
            Self::NotGenuine => "opening/not-genuine",
            Self::WeakKey => "opening/weak-key",
            Self::ShutOut => "opening/shut-out",
            Self::CodeDiffers => "opening/code-differs",
            Self::OwnDevice => "opening/own-device",
            Self::SameOfficer => "opening/same-officer",
            Self::AlreadyDecided => "opening/already-decided",
        }
    }
}

/// An officer's word on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Timestamp,
    /// How the holder was known, or what speaks against it.
    pub reason: Reason,
}

/// A request to open a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Which device.
    pub device: DeviceId,
    /// What the device has kept.
    pub kept: KeptKey,
    /// The commune for which it was kept, when the device was let in. The officers who decide are those of the commune in which the
    /// device works now.
    pub kept_for: UnitId,
    /// The key with which the device will open the answer.
    pub reply: SealKey,
    /// By what the device asks for the answer.
    pub token: SecretHash,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Nobody decides after this.
    pub expires_at: Timestamp,
    /// How far it is.
    pub state: OpeningState,
}

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpeningState {
    /// Nobody has agreed.
    Asked,
    /// One officer has.
    Confirmed(Word),
    /// Two have.
    Opened {
        /// Who agreed first.
        first: Word,
        /// Who agreed second: somebody else.
        second: Word,
        /// The device's key, for the device alone.
        opened: OpenedKey,
    },
    /// An officer has refused.
    Refused(Word),
}

impl OpeningState {
    /// The state after an officer has agreed. `opened`: the device's key for the device, made only where one has agreed
    /// already.
    pub fn confirm(self, word: Word, opened: Option<OpenedKey>) -> Result<Self, OpeningFault> {
        match (self, opened) {
            (Self::Asked, None) => Ok(Self::Confirmed(word)),
            (Self::Confirmed(first), _) if first.by == word.by => Err(OpeningFault::SameOfficer),
            (Self::Confirmed(first), Some(opened)) => Ok(Self::Opened { first, second: word, opened }),
            (Self::Asked | Self::Confirmed(_) | Self::Opened { .. } | Self::Refused(_), _) => {
                Err(OpeningFault::AlreadyDecided)
            }
        }
    }

    /// The state after an officer has refused.
    pub fn refuse(self, word: Word) -> Result<Self, OpeningFault> {
        match self {
            Self::Asked | Self::Confirmed(_) => Ok(Self::Refused(word)),
            Self::Opened { .. } | Self::Refused(_) => Err(OpeningFault::AlreadyDecided),
        }
    }
}

impl Opening {
    /// The letters that its device shows.
    pub fn code(&self) -> OpeningCode {
        OpeningCode::from_letters(opening_code(self.device, &self.reply, &self.kept))
    }

    /// Whether anybody may still decide.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.expires_at > now && matches!(self.state, OpeningState::Asked | OpeningState::Confirmed(_))
    }
}
