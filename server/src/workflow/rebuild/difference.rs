//! What a rebuild can find, and how it is told: kind and place in one line.

use std::fmt::{self, Display, Formatter};

use schemas::ids::{RoundId, UnitId};
use schemas::ledger::{LedgerFault, Pin};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;

use crate::domain::field::DocumentKey;

/// Something stored that is not what it should be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The document's row, its heads or its saved bytes were not those of its changes: made again.
    Cache(DocumentKey),
    /// What was shown of a household was not what its document says: made again, or taken away where there is none.
    View(DocumentKey),
    /// The open disagreements that were shown were not those of its document: made again.
    Disagreements(DocumentKey),
    /// What doubles and strays are looked for with was not what the document says: made again.
    Clues(DocumentKey),
    /// Which suspicions of a commune were looked at was not what the ledger says: made again.
    Checks(UnitId, RoundId),
    /// Where a household stood with its reviewers was not what the ledger says: made again.
    Review(DocumentKey),
    /// A change that the log names was gone and the saved document still held it: given back to the changes, with its
    /// author, time and number from the signed journal that names it.
    GivenBack(DocumentKey, ChangeHash),
    /// The heads behind a pin were gone, and those that give this pin were found in the document: made again.
    PinFound(DocumentKey, Pin),
    /// The log names a change that is not among the changes.
    ChangeLost(DocumentKey, ChangeHash, Left),
    /// What became of a change is not what the log says last, or the log does not know it.
    Verdict(DocumentKey, ChangeHash),
    /// The saved document holds a change that neither the log nor the changes know.
    SavedAlone(DocumentKey, ChangeHash),
    /// The changes that are kept of a document do not fit together or do not open.
    Changes(DocumentKey),
    /// The log names a household that is gone, and its key with it; or the key does not open.
    Household(DocumentKey),
    /// The chain or the digest of a village's log breaks at this position.
    Log(UnitId, Scope, u64),
    /// A commune's ledger breaks.
    Ledger(UnitId, LedgerFault),
    /// A review, a check or a list names this entry, and the ledger ends before it.
    LedgerCut(UnitId, u64),
    /// A decision names this pin, and the heads behind it are gone or are others.
    Pin(DocumentKey, Pin),
    /// The ledger says in this entry that a list was compiled, and there is none.
    RosterLost(UnitId, RoundId, u64),
    /// The ledger does not say of the list with this number what the list says of itself, or one before it is missing.
    Roster(UnitId, RoundId, u64),
    /// The root of the list with this number does not follow from its lines.
    RosterLines(UnitId, RoundId, u64),
}

/// What is left of a change that was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Its bytes stand in the saved document, but no signed journal says whose it was.
    InSavedDocument,
    /// Nothing on this server; the phone that wrote it, others of the village, or a backup may have it.
    Nothing,
}

impl Difference {
    /// Whether it is mended by writing a household's document and what is shown of it anew.
    pub(super) fn is_of_document(&self) -> bool {
        matches!(self, Self::Cache(_) | Self::View(_) | Self::Disagreements(_) | Self::Clues(_))
    }

    /// Whether it was made again. What cannot be made again is left as it is, and everything that hangs on it too.
    pub fn is_mended(&self) -> bool {
        match self {
            Self::Cache(_) | Self::View(_) | Self::Disagreements(_) | Self::Clues(_) => true,
            Self::Checks(..) | Self::Review(_) | Self::GivenBack(..) | Self::PinFound(..) => true,
            Self::ChangeLost(..) | Self::Verdict(..) | Self::SavedAlone(..) | Self::Changes(_) => false,
            Self::Household(_) | Self::Log(..) | Self::Ledger(..) | Self::LedgerCut(..) => false,
            Self::Pin(..) | Self::RosterLost(..) | Self::Roster(..) | Self::RosterLines(..) => false,
        }
    }
}

/// A document's place as it is told.
struct At<'a>(&'a DocumentKey);

impl Display for At<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.0.commune, self.0.round, self.0.household)
    }
}

impl Display for Left {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::InSavedDocument => "(còn trong hồ sơ đã lưu / still in the saved document)",
            Self::Nothing => "(máy chủ không còn / nothing left here: ask the phones or a backup)",
        })
    }
}

impl Display for Difference {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cache(key) => write!(out, "document/cache {}", At(key)),
            Self::View(key) => write!(out, "household/view {}", At(key)),
            Self::Disagreements(key) => write!(out, "household/disagreements {}", At(key)),
            Self::Clues(key) => write!(out, "household/clues {}", At(key)),
            Self::Checks(commune, round) => write!(out, "suspicion/checks {commune}/{round}"),
            Self::Review(key) => write!(out, "household/review {}", At(key)),
            Self::GivenBack(key, hash) => write!(out, "change/given-back {} {hash}", At(key)),
            Self::PinFound(key, pin) => write!(out, "pin/found {} {pin}", At(key)),
            Self::ChangeLost(key, hash, left) => write!(out, "change/lost {} {hash} {left}", At(key)),
            Self::Verdict(key, hash) => write!(out, "change/verdict {} {hash}", At(key)),
            Self::SavedAlone(key, hash) => write!(out, "document/saved-alone {} {hash}", At(key)),
            Self::Changes(key) => write!(out, "document/changes {}", At(key)),
            Self::Household(key) => write!(out, "household/lost {}", At(key)),
            Self::Log(commune, Scope { village, round }, position) => {
                write!(out, "log/chain {commune}/{village}/{round} {position}")
            }
            Self::Ledger(commune, fault) => write!(out, "ledger/chain {commune} {fault}"),
            Self::LedgerCut(commune, entry) => write!(out, "ledger/cut {commune} {entry}"),
            Self::Pin(key, pin) => write!(out, "pin/lost {} {pin}", At(key)),
            Self::RosterLost(commune, round, entry) => write!(out, "roster/lost {commune}/{round} {entry}"),
            Self::Roster(commune, round, number) => write!(out, "roster/ledger {commune}/{round} {number}"),
            Self::RosterLines(commune, round, number) => write!(out, "roster/lines {commune}/{round} {number}"),
        }
    }
}
