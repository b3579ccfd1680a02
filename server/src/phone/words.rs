//! What people read about a verdict: what became of the change, and what to do next.

use schemas::form::Label;
use sync_protocol::verdict::{Hold, Rejection, Verdict};

/// The words for a verdict.
pub(super) fn verdict(verdict: Verdict) -> Label {
    let (vi, en) = match verdict {
        Verdict::Accepted => ("đã nhận", "accepted"),
        Verdict::Released => ("đã cho vào", "released"),
        Verdict::Superseded => ("đã được ghi lại trong một thay đổi khác", "said again in another change"),
        Verdict::Held(hold) => held(hold),
        Verdict::Rejected(rejection) => rejected(rejection),
    };
    Label { vi: vi.into(), en: en.into() }
}

fn held(hold: Hold) -> (&'static str, &'static str) {
    match hold {
        Hold::MissingDependency => ("chờ một thay đổi khác đến trước", "waits for a change that has not arrived"),
        Hold::BuildsOnHeld => {
            ("dựa trên một thay đổi đang chờ hoặc bị từ chối", "builds on a change that waits or was rejected")
        }
        Hold::OutOfScope => {
            ("hộ thuộc thôn không được phân công; hỏi văn phòng", "not an assigned village; ask the office")
        }
        Hold::NotEntitled => ("không có quyền ghi ở đây; hỏi văn phòng", "no right to write here; ask the office"),
        Hold::DeviceRevoked => ("máy đã bị thu hồi; hỏi văn phòng", "the phone was revoked; ask the office"),
        Hold::DocumentClosed => {
            ("hộ đã chốt trong đợt này; để dành cho đợt sau", "closed by a decision; offered to the next round")
        }
        Hold::DocumentFull => ("hộ có quá nhiều thay đổi; hỏi văn phòng", "too many changes; ask the office"),
    }
}

fn rejected(rejection: Rejection) -> (&'static str, &'static str) {
    match rejection {
        Rejection::TooLarge => ("một lần ghi quá lớn", "larger than a change may be"),
        Rejection::ChunkType | Rejection::Malformed => ("dữ liệu hỏng; ghi lại", "damaged bytes; say it again"),
        Rejection::NotAllowed => ("thao tác không được phép", "an operation that is not allowed"),
        Rejection::OtherHash => ("dữ liệu khác với nhật ký", "not the bytes that the journal names"),
        Rejection::ForeignActor => ("không phải của máy này", "not written by this phone"),
        Rejection::Fork => ("hai bản của máy này cùng ghi; ghi lại", "two copies of this phone wrote; say it again"),
        Rejection::WrongPast => ("không khớp với những gì đã ghi; ghi lại", "does not follow its past; say it again"),
        Rejection::UnknownKey => ("phiếu không có câu hỏi này", "the form has no such question"),
        Rejection::WrongType => ("sai kiểu giá trị", "a value of the wrong kind"),
        Rejection::OtherHousehold => ("dựa trên hộ khác", "builds on another household"),
        Rejection::ByReviewer => ("cán bộ đã xem và bỏ ra", "a reviewer looked at it and left it out"),
    }
}
