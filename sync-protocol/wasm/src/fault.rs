//! Why the core could not do what it was asked: a stable name, and words for the person at the phone.

use schemas::form::Label;
use serde_json::{Value as Json, json};
use sync_protocol::device::{AnswerFault, CommitError, ParcelAnswerFault, ShareFault, SnapshotFault};
use sync_protocol::field::FieldFault;
use sync_protocol::parcel::ParcelFault;
use sync_protocol::recovery::RecoveryFault;
use sync_protocol::words;
use thiserror::Error;

/// Why a command was not done.
#[derive(Debug, Error)]
pub enum CoreFault {
    /// The bytes are no message.
    #[error("not a message")]
    Message,
    /// The JSON is no command, or a field of it is wrong.
    #[error("not a command: {0}")]
    Command(serde_json::Error),
    /// A part is missing, or of the wrong length.
    #[error("part {0} is missing or of the wrong length")]
    Part(usize),
    /// A text is not written like what it should be.
    #[error("not a {0}")]
    Text(&'static str),
    /// No device is open.
    #[error("no device is open")]
    NotOpen,
    /// The shipped standards do not load.
    #[error("standards: {0}")]
    Standards(String),
    /// The form is not known to this program.
    #[error("form {0} is not known")]
    FormUnknown(String),
    /// What is on disk is damaged at a record.
    #[error("record {0} is damaged")]
    Records(usize),
    /// The snapshot cannot be used: open without it, from all records.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFault),
    /// An answer to no request.
    #[error("no request is on its way")]
    NoRequest,
    /// The answer is not the server's, or none at all.
    #[error(transparent)]
    Answer(#[from] AnswerFault),
    /// Something about a household.
    #[error(transparent)]
    Field(#[from] FieldFault),
    /// A parcel.
    #[error(transparent)]
    Parcel(#[from] ParcelFault),
    /// What a forgotten PIN needs.
    #[error(transparent)]
    Recovery(#[from] RecoveryFault),
    /// There is no one village to share work of.
    #[error("no village, or several: name one")]
    NoVillage,
}

impl From<CommitError> for CoreFault {
    fn from(fault: CommitError) -> Self {
        Self::Field(fault.into())
    }
}

impl From<ParcelAnswerFault> for CoreFault {
    fn from(fault: ParcelAnswerFault) -> Self {
        match fault {
            ParcelAnswerFault::Parcel(fault) => fault.into(),
            ParcelAnswerFault::Answer(fault) => fault.into(),
        }
    }
}

impl From<ShareFault> for CoreFault {
    fn from(fault: ShareFault) -> Self {
        match fault {
            ShareFault::NoVillage => Self::NoVillage,
            ShareFault::Parcel(fault) => fault.into(),
        }
    }
}

impl CoreFault {
    /// Its stable name.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Message => "core/message",
            Self::Command(_) => "core/command",
            Self::Part(_) => "core/part",
            Self::Text(what) => match *what {
                "code" => "phone/code",
                "server key" => "phone/server-key",
                _ => "core/text",
            },
            Self::NotOpen => "core/not-open",
            Self::Standards(_) => "core/standards",
            Self::FormUnknown(_) => "phone/form-unknown",
            Self::Records(_) => "phone/damaged",
            Self::Snapshot(fault) => fault.slug(),
            Self::NoRequest => "core/no-request",
            Self::Answer(_) => "phone/untrusted",
            Self::Field(fault) => fault.slug(),
            Self::Parcel(fault) => fault.slug(),
            Self::Recovery(fault) => fault.slug(),
            Self::NoVillage => "phone/no-village",
        }
    }

    /// What people are told.
    pub fn label(&self) -> Label {
        let (vi, en) = match self {
            Self::Field(fault) => return fault.label(),
            Self::Parcel(fault) => return words::parcel_fault(*fault),
            Self::Message | Self::Command(_) | Self::Part(_) | Self::NotOpen | Self::Standards(_) | Self::NoRequest => {
                ("Ứng dụng có lỗi; báo người hỗ trợ", "A fault of the app; ask for support")
            }
            Self::Text("code") => (
                "Mã ghi danh phải có 12 chữ, ví dụ 7K2M-0QXZ-B4T9",
                "An enrolment code has 12 letters, such as 7K2M-0QXZ-B4T9",
            ),
            Self::Text("server key") => {
                ("Khóa máy chủ phải có 64 chữ số hex", "A server key has 64 hexadecimal digits")
            }
            Self::Text(_) => ("Viết sai dạng", "Not written as it should be"),
            Self::FormUnknown(_) => {
                ("Không có phiếu này trong ứng dụng; hãy cập nhật", "This app has no such form; update it")
            }
            Self::Records(_) | Self::Snapshot(_) => {
                ("Dữ liệu lưu trên máy bị hỏng; báo người hỗ trợ", "What is stored here is damaged; ask for support")
            }
            Self::Answer(_) => (
                "Không tin được câu trả lời của máy chủ. Dữ liệu vẫn ở trên máy này",
                "The server's answer cannot be trusted. Your work is still on this phone",
            ),
            Self::Recovery(_) => (
                "Không dùng được khóa khôi phục; xin xã mở lại lần nữa. Dữ liệu vẫn ở trên máy này",
                "The recovery key cannot be used; ask the commune again. Your work is still on this phone",
            ),
            Self::NoVillage => {
                ("Không rõ thôn nào, hoặc máy chưa giữ thôn này", "No such village on this phone, or several: name one")
            }
        };
        Label { vi: vi.to_owned(), en: en.to_owned() }
    }

    /// As it stands in an answer.
    pub fn json(&self) -> Json {
        json!({ "fault": { "slug": self.slug(), "words": self.label(), "detail": self.to_string() } })
    }
}
