//! Why something did not work, in the words of the person at the phone.
//!
//! Owns the causes and their texts. Exit codes are the command line's.

use std::path::PathBuf;

use schemas::form::Label;
use sync_protocol::device::{AnswerFault, CommitError, ParcelAnswerFault, ShareFault, Way};
use sync_protocol::field::FieldFault;
use sync_protocol::parcel::ParcelFault;
use sync_protocol::words;
use thiserror::Error;

use super::store::StoreFault;

/// Why a phone could not do what it was asked.
#[derive(Debug, Error)]
pub enum PhoneFault {
    /// Its directory.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// Nobody has let this phone in yet.
    #[error("not enrolled")]
    NotEnrolled,
    /// It was let in before; a second identity would split its journal.
    #[error("enrolled already")]
    EnrolledAlready,
    /// The address of the server cannot be used.
    #[error("server address: {0}")]
    Address(String),
    /// Plain HTTP beyond this machine, without being asked for.
    #[error("plain http to {0}")]
    PlainHttp(String),
    /// The certificates cannot be used.
    #[error("certificates: {0}")]
    Certificates(String),
    /// The code is not written like one.
    #[error("not an enrolment code")]
    Code,
    /// The server's key is not written like one.
    #[error("not a server key")]
    ServerKey,
    /// No answer: no network, no server, or the answer broke off.
    #[error("server cannot be reached: {0}")]
    Unreachable(String),
    /// The line broke off within a request or its answer.
    #[error("broken off: {1}")]
    Cut(Way, String),
    /// The server answered with a refusal.
    #[error("server refused: {}", .0.slug)]
    Refused(Box<Problem>),
    /// An answer that is not from the server this phone was enrolled at, or not one at all.
    #[error("answer not to be trusted: {0}")]
    Untrusted(String),
    /// The server could not take everything now. It is kept here.
    #[error("not taken now: {0}")]
    NotTaken(String),
    /// A file cannot be read or is not JSON.
    #[error("{path}: {reason}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The form that the phone was set up with is not known to this program.
    #[error("form {0} is not known")]
    FormUnknown(String),
    /// A file is no parcel, or no answer to one of this phone's.
    #[error(transparent)]
    Parcel(#[from] ParcelFault),
    /// There is no one village to share work of.
    #[error("no village, or several: name one")]
    NoVillage,
    /// The phone was let in without a key for parcels.
    #[error("no parcel key")]
    NoParcelKey,
    /// Something about a household cannot be shown or written.
    #[error(transparent)]
    Field(#[from] FieldFault),
}

/// A refusal as the server wrote it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable name of the problem; empty when something else than our server answered.
    pub slug: String,
    /// What went wrong, what to do next, and what is particular to the case.
    pub words: Label,
}

impl From<CommitError> for PhoneFault {
    fn from(fault: CommitError) -> Self {
        Self::Field(fault.into())
    }
}

impl From<AnswerFault> for PhoneFault {
    fn from(fault: AnswerFault) -> Self {
        Self::Untrusted(fault.to_string())
    }
}

impl From<ParcelAnswerFault> for PhoneFault {
    fn from(fault: ParcelAnswerFault) -> Self {
        match fault {
            ParcelAnswerFault::Parcel(fault) => fault.into(),
            ParcelAnswerFault::Answer(fault) => fault.into(),
        }
    }
}

impl From<ShareFault> for PhoneFault {
    fn from(fault: ShareFault) -> Self {
        match fault {
            ShareFault::NoVillage => Self::NoVillage,
            ShareFault::Parcel(fault) => fault.into(),
        }
    }
}

impl PhoneFault {
    /// Which way the line was cut, when it was: then a smaller request may come through.
    pub(super) fn cut(&self) -> Option<Way> {
        match self {
            Self::Cut(way, _) => Some(*way),
            // The body took longer than the server waits for one.
            Self::Refused(problem) if problem.slug == "server/timed-out" => Some(Way::Up),
            _ => None,
        }
    }

    /// Whether the server gives this phone nothing any more.
    pub(super) fn is_shut_out(&self) -> bool {
        matches!(self, Self::Refused(problem) if ["device/revoked", "session/account-disabled"].contains(&problem.slug.as_str()))
    }

    /// Its stable name, for scripts; the server's own where the server refused.
    pub fn slug(&self) -> &str {
        match self {
            Self::Store(StoreFault::InUse(_)) => "phone/in-use",
            Self::Store(StoreFault::Damaged { .. }) => "phone/damaged",
            Self::Store(StoreFault::File { .. } | StoreFault::Unreadable { .. } | StoreFault::Broken) => {
                "phone/storage"
            }
            Self::NotEnrolled => "phone/not-enrolled",
            Self::EnrolledAlready => "phone/enrolled-already",
            Self::Address(_) => "phone/address",
            Self::PlainHttp(_) => "phone/plain-http",
            Self::Certificates(_) => "phone/certificates",
            Self::Code => "phone/code",
            Self::ServerKey => "phone/server-key",
            Self::Unreachable(_) | Self::Cut(..) => "phone/unreachable",
            Self::Refused(problem) => &problem.slug,
            Self::Untrusted(_) => "phone/untrusted",
            Self::NotTaken(slug) => slug,
            Self::File { .. } => "phone/file",
            Self::FormUnknown(_) => "phone/form-unknown",
            Self::Parcel(fault) => fault.slug(),
            Self::NoParcelKey => "phone/no-parcel-key",
            Self::NoVillage => "phone/no-village",
            Self::Field(fault) => fault.slug(),
        }
    }

    /// What people are told.
    pub fn label(&self) -> Label {
        match self {
            Self::Store(fault) => store(fault),
            Self::Refused(problem) => problem.words.clone(),
            Self::Field(fault) => fault.label(),
            Self::Parcel(fault) => words::parcel_fault(*fault),
            Self::NoVillage => label(
                "Không rõ thôn nào, hoặc máy chưa giữ thôn này; ghi --village",
                "No such village on this phone, or several: name one with --village",
            ),
            Self::NoParcelKey => label(
                "Máy này chưa có khóa để lập gói; ghi danh lại bằng bản mới",
                "This phone has no key for parcels; enrol with a newer version",
            ),
            Self::NotEnrolled | Self::EnrolledAlready | Self::Code | Self::ServerKey | Self::FormUnknown(_) => {
                self.enrolment()
            }
            Self::Address(_) | Self::PlainHttp(_) | Self::Certificates(_) | Self::Unreachable(_) | Self::Cut(..) => {
                self.road()
            }
            Self::Untrusted(reason) => said(
                format!("Không tin được câu trả lời của máy chủ ({reason}). Dữ liệu vẫn ở trên máy này"),
                format!("The server's answer cannot be trusted ({reason}). Your work is still on this phone"),
            ),
            Self::NotTaken(slug) => said(
                format!("Máy chủ chưa nhận được lúc này ({slug}). Dữ liệu vẫn ở trên máy này; đồng bộ lại sau"),
                format!("The server cannot take it now ({slug}). Your work is still on this phone; sync again later"),
            ),
            Self::File { path, reason } => said(
                format!("Không đọc được tệp {}: {reason}", path.display()),
                format!("The file {} cannot be read: {reason}", path.display()),
            ),
        }
    }

    fn enrolment(&self) -> Label {
        match self {
            Self::EnrolledAlready => {
                label("Máy này đã ghi danh; dùng thư mục khác", "This phone is enrolled already; use another directory")
            }
            Self::Code => label(
                "Mã ghi danh phải có 12 chữ, ví dụ 7K2M-0QXZ-B4T9",
                "An enrolment code has 12 letters, such as 7K2M-0QXZ-B4T9",
            ),
            Self::ServerKey => label("Khóa máy chủ phải có 64 chữ số hex", "A server key has 64 hexadecimal digits"),
            Self::FormUnknown(form) => said(
                format!("Không có phiếu {form} trong chương trình này; hãy cập nhật"),
                format!("This program has no form {form}; update it"),
            ),
            _ => label("Máy này chưa ghi danh; chạy «phone enrol»", "This phone is not enrolled; run \"phone enrol\""),
        }
    }

    fn road(&self) -> Label {
        match self {
            Self::Address(reason) => {
                said(format!("Địa chỉ máy chủ không dùng được: {reason}"), format!("Server address: {reason}"))
            }
            Self::PlainHttp(host) => said(
                format!("Không gửi dữ liệu không mã hóa tới {host}; dùng https, hoặc --insecure nếu chấp nhận"),
                format!("Nothing is sent unencrypted to {host}; use https, or --insecure to accept it"),
            ),
            Self::Certificates(reason) => {
                said(format!("Chứng thư không dùng được: {reason}"), format!("Certificates: {reason}"))
            }
            Self::Unreachable(reason) | Self::Cut(_, reason) => said(
                format!("Không tới được máy chủ ({reason}). Dữ liệu vẫn ở trên máy này; đồng bộ lại khi có mạng"),
                format!("The server cannot be reached ({reason}). Your work is still on this phone; sync again later"),
            ),
            _ => label("Không tới được máy chủ", "The server cannot be reached"),
        }
    }
}

fn store(fault: &StoreFault) -> Label {
    match fault {
        StoreFault::InUse(path) => said(
            format!("Một chương trình khác đang dùng {}", path.display()),
            format!("Another process works with {}", path.display()),
        ),
        StoreFault::Damaged { offset, copy, .. } => said(
            format!("Nhật ký trên máy hỏng tại byte {offset}; đã sao sang {}. Báo người hỗ trợ", copy.display()),
            format!("The log is damaged at byte {offset}; copied to {}. Ask for support", copy.display()),
        ),
        StoreFault::File { .. } | StoreFault::Unreadable { .. } | StoreFault::Broken => {
            said(format!("Lỗi lưu trên máy này: {fault}"), format!("This phone's storage failed: {fault}"))
        }
    }
}

fn label(vi: &str, en: &str) -> Label {
    said(vi.to_owned(), en.to_owned())
}

fn said(vi: String, en: String) -> Label {
    Label { vi, en }
}
