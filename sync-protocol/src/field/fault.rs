//! Why something could not be shown or written, in the words of the person at the device.

use schemas::form::Label;
use schemas::ids::HouseholdId;
use thiserror::Error;

use crate::device::CommitError;
use crate::words;

/// Why a device could not do what it was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FieldFault {
    /// The household is not on this device.
    #[error("household {0} is not on this phone")]
    NoHousehold(HouseholdId),
    /// There is no such open disagreement.
    #[error("no open disagreement {0}")]
    NoDisagreement(String),
    /// The disagreement has no such side.
    #[error("side {side} of {sides}")]
    NoSide {
        /// Which was asked for, from 1.
        side: usize,
        /// How many there are.
        sides: usize,
    },
    /// Nothing of the household was turned away.
    #[error("nothing of household {0} is to be said again")]
    NothingToRebase(HouseholdId),
    /// The plan has no such field that could be said again.
    #[error("the plan has no field {0} that can be said again")]
    NoField(String),
    /// Somebody else has written there since: the plan that showed both has to be named.
    #[error("{0} has changed since: name the plan")]
    PlanNeeded(String),
    /// The plan is not as it was shown any more.
    #[error("another plan than was shown")]
    OtherPlan,
    /// What was to be written is refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl FieldFault {
    /// Its stable name, for scripts and screens.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NoHousehold(_) => "phone/no-household",
            Self::NoDisagreement(_) => "phone/no-disagreement",
            Self::NoSide { .. } => "phone/no-side",
            Self::NothingToRebase(_) => "phone/nothing-to-rebase",
            Self::NoField(_) => "phone/no-field",
            Self::PlanNeeded(_) => "phone/plan-needed",
            Self::OtherPlan => "phone/other-plan",
            Self::Commit(fault) => commit_slug(fault),
        }
    }

    /// What people are told.
    pub fn label(&self) -> Label {
        match self {
            Self::NoHousehold(_) => label("Hộ này không có trên máy", "The household is not on this phone"),
            Self::NoDisagreement(id) => said(
                format!("Hộ này không có điểm bất đồng nào đang mở mang mã {id}"),
                format!("This household has no open disagreement {id}"),
            ),
            Self::NoSide { side, sides } => said(
                format!("Không có ý kiến số {side}; có từ 1 đến {sides}"),
                format!("There is no side {side}; there are 1 to {sides}"),
            ),
            Self::NothingToRebase(_) => {
                label("Hộ này không có gì phải ghi lại", "Nothing of this household has to be said again")
            }
            Self::NoField(field) => said(
                format!("Kế hoạch không có mục {field} ghi lại được; xem «phone rebase»"),
                format!("The plan has no field {field} that can be said again; see \"phone rebase\""),
            ),
            Self::PlanNeeded(field) => said(
                format!("Mục {field} đã có người ghi khác; xem kế hoạch, rồi chọn bằng --take và --plan"),
                format!("Somebody has written {field} since; look at the plan, then choose with --take and --plan"),
            ),
            Self::OtherPlan => plan_is_stale(),
            Self::Commit(fault) => commit(fault),
        }
    }
}

/// The stable name of a commit that was refused; the verdict's where the server would refuse it.
pub(super) fn commit_slug(fault: &CommitError) -> &'static str {
    match fault {
        CommitError::NoScope => "phone/no-scope",
        CommitError::NoHousehold => "phone/no-household",
        CommitError::Damaged => "phone/damaged-copy",
        CommitError::Nothing => "phone/nothing",
        CommitError::Stale => "phone/other-plan",
        CommitError::NotInPlan => "phone/no-field",
        CommitError::TooLarge => "phone/too-large",
        CommitError::Refused(verdict, _) => verdict.slug(),
    }
}

/// What people are told of a commit that was refused.
pub fn commit(fault: &CommitError) -> Label {
    match fault {
        CommitError::NoScope => {
            label("Máy này không giữ thôn và đợt đó", "The village and round are not on this phone")
        }
        CommitError::NoHousehold => label("Hộ không có trên máy này", "The household is not on this phone"),
        CommitError::Damaged => label("Bản trên máy của hộ này bị hỏng", "The copy of this household is damaged"),
        CommitError::TooLarge => label("Lớn quá mức cho phép", "Larger than it may be"),
        CommitError::Stale | CommitError::NotInPlan => plan_is_stale(),
        CommitError::Nothing => label("Không có gì mới để ghi", "Nothing to write"),
        CommitError::Refused(verdict, reason) => said(
            format!("Không được ghi: {} ({reason})", words::verdict(*verdict).vi),
            format!("Not allowed: {} ({reason})", words::verdict(*verdict).en),
        ),
    }
}

fn plan_is_stale() -> Label {
    label("Kế hoạch đã khác; xem lại bằng «phone rebase»", "The plan has changed; look at it again")
}

fn label(vi: &str, en: &str) -> Label {
    said(vi.to_owned(), en.to_owned())
}

fn said(vi: String, en: String) -> Label {
    Label { vi, en }
}
