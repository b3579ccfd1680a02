//! What people read about where their work stands: one table for every screen, Vietnamese first.

use schemas::form::Label;

use crate::device::Whereabouts;
use crate::parcel::ParcelFault;
use crate::verdict::{Hold, Rejection, Verdict};

/// The words for a verdict: what became of the change, and what to do next.
pub fn verdict(verdict: Verdict) -> Label {
    let (vi, en) = match verdict {
        Verdict::Accepted => ("đã nhận", "accepted"),
        Verdict::Released => ("đã cho vào", "released"),
        Verdict::Superseded => ("đã được ghi lại trong một thay đổi khác", "said again in another change"),
        Verdict::Held(hold) => held(hold),
        Verdict::Rejected(rejection) => rejected(rejection),
    };
    Label { vi: vi.into(), en: en.into() }
}

/// The words for where a household stands.
pub fn whereabouts(stands: Whereabouts) -> Label {
    let (vi, en) = match stands {
        Whereabouts::Phone => ("trên máy này", "on this phone"),
        Whereabouts::Server => ("ở máy chủ", "at the server"),
        Whereabouts::NeedsYou => ("cần người xem", "needs you"),
    };
    Label { vi: vi.into(), en: en.into() }
}

/// The words for work of which the server took nothing.
pub fn segment_refused() -> Label {
    let (vi, en) =
        ("máy chủ từ chối cả gói; ghi lại bằng «rebase»", "the server refused the whole segment; say it again");
    Label { vi: vi.into(), en: en.into() }
}

/// The words for a household that belongs to another village now.
pub fn household_left() -> Label {
    let (vi, en) = (
        "hộ đã chuyển sang thôn khác; điều chưa được nhận sẽ do văn phòng xem",
        "the household belongs to another village now; the office looks at what was not taken",
    );
    Label { vi: vi.into(), en: en.into() }
}

/// The words for an open disagreement about a section.
pub fn disagreement(section: &str) -> Label {
    let vi = format!("hai người ghi khác nhau ở phần {section}; chọn bằng «settle»");
    let en = format!("people said different things in {section}; choose with \"settle\"");
    Label { vi, en }
}

/// The words for a file that is no parcel, or no answer to one.
pub fn parcel_fault(fault: ParcelFault) -> Label {
    let (vi, en) = match fault {
        ParcelFault::NotAwaited => (
            "Đây không phải câu trả lời cho gói nào máy này đang chờ",
            "This answers no parcel that this phone waits for",
        ),
        ParcelFault::OtherWay => {
            ("Nhầm chiều: đây là gói gửi đi hay câu trả lời?", "The other way: is this a parcel or an answer?")
        }
        ParcelFault::Version => ("Gói của phiên bản khác; hãy cập nhật", "A parcel of another version; update"),
        ParcelFault::TooLarge => ("Tệp quá lớn", "The file is too large"),
        ParcelFault::Unreadable
        | ParcelFault::OtherKey
        | ParcelFault::WeakKey
        | ParcelFault::Damaged
        | ParcelFault::Signature => {
            let slug = fault.slug();
            let vi = format!("Tệp hỏng hoặc bị sửa ({slug}); chép lại từ máy gốc");
            return Label { vi, en: format!("The file is damaged or was altered ({slug}); copy it again") };
        }
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
        Hold::AlreadyDecided => (
            "ghi lại một thay đổi mà văn phòng đã quyết; văn phòng sẽ xem",
            "says again what the office had decided on; the office will look at it",
        ),
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
