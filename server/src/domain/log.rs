//! What is written down about rights and about reads of sensitive data.
//!
//! Entries hold ids and codes only: no names, no answers, no addresses.

use jiff::Timestamp;
use schemas::ids::{AccountId, UnitId};

use super::codes;

codes! {
    /// What happened to an account, a right or a device.
    SecurityEventKind("security event") {
        /// A session began.
        LoggedIn = "logged_in",
        /// Somebody typed a wrong password for this account.
        LoginFailed = "login_failed",
        /// A session was ended by its holder.
        LoggedOut = "logged_out",
        /// A password was changed.
        PasswordChanged = "password_changed",
        /// An administrator gave out a one-time password.
        PasswordReset = "password_reset",
        /// An account was made.
        AccountCreated = "account_created",
        /// An account was shut.
        AccountDisabled = "account_disabled",
        /// A role was given.
        GrantGiven = "grant_given",
        /// A role was taken.
        GrantTaken = "grant_taken",
        /// An enrolment code was given out.
        CodeCreated = "code_created",
        /// A phone was let in.
        DeviceEnrolled = "device_enrolled",
        /// A phone was shut out.
        DeviceRevoked = "device_revoked",
        /// A phone whose PIN was forgotten asked to be opened.
        OpeningAsked = "opening_asked",
        /// An officer agreed to open a phone.
        OpeningConfirmed = "opening_confirmed",
        /// An officer refused to open a phone.
        OpeningRefused = "opening_refused",
        /// A second officer agreed: a phone was opened.
        DeviceOpened = "device_opened",
        /// A phone sent a segment that cannot be trusted.
        SegmentRefused = "segment_refused",
        /// A phone sent bytes that are not the change its journal names.
        ChangeRefused = "change_refused",
        /// A phone gave back what the server had not forgotten or never said.
        ChapterRefused = "chapter_refused",
        /// A phone has proven that the server was set back.
        SetBackProven = "set_back_proven",
        /// A phone sent a photo that cannot be what it announced, or that it may not bring.
        BlobRefused = "blob_refused",
        /// A unit was made.
        UnitCreated = "unit_created",
        /// A unit was given other attributes or another code.
        UnitRevised = "unit_revised",
        /// A round was made.
        RoundCreated = "round_created",
        /// Somebody loaded a points table.
        PointsTableLoaded = "points_table_loaded",
        /// A second person confirmed a points table.
        PointsTableConfirmed = "points_table_confirmed",
    }
}

/// One such happening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: SecurityEventKind,
    /// Who did it; `None` when nobody was logged in.
    pub actor: Option<AccountId>,
    /// The id of what it was done to.
    pub subject: String,
}

codes! {
    /// How sensitive data were read.
    AccessAction("access action") {
        /// Seen on a screen.
        Viewed = "viewed",
        /// Taken out as a file.
        Exported = "exported",
    }
}

/// One read of sensitive data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The commune whose data were read.
    pub commune: UnitId,
    /// When.
    pub at: Timestamp,
    /// Who read.
    pub account: AccountId,
    /// How.
    pub action: AccessAction,
    /// The id of what was read, such as a household's.
    pub subject: String,
}
