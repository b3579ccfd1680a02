//! What people read about where their work stands: one table for every screen, Vietnamese first.

use schemas::form::Label;

use crate::device::{Remark, Whereabouts};
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

/// The words for what went otherwise than on a good day in an exchange: what it means for one's work, and what to do next.
pub fn remark(remark: &Remark) -> Label {
    let (vi, en) = match remark {
        Remark::BadPage(_) => (
            "một phần câu trả lời không do máy chủ ký nên không dùng; nếu còn lặp lại, báo xã",
            "a part of the answer was not signed by the server and was left out; if it happens again, tell the commune",
        ),
        Remark::DigestDiffers(_) => (
            "máy này và máy chủ vẫn ra hai kết quả khác nhau; việc của bạn còn nguyên, báo xã",
            "this phone and the server still come to different ends; your work is safe, tell the commune",
        ),
        Remark::ReadAnew(_) => ("đang đọc lại danh sách từ đầu", "the list is read again from its beginning"),
        Remark::NewGeneration(_) => (
            "máy chủ được dựng lại từ bản sao lưu; danh sách được đọc lại từ đầu",
            "the server was restored from a copy; the list is read again from its beginning",
        ),
        Remark::NotAlone(_) => (
            "một bản sao của máy này cũng đang ghi; từ nay hai bản được tách riêng",
            "a copy of this phone writes, too; from now on the two are kept apart",
        ),
        Remark::Forgotten(_) => (
            "máy chủ bị lùi lại; máy này gửi trả những gì máy chủ đã quên",
            "the server was set back; this phone gives back what it has forgotten",
        ),
        Remark::NotTakenBack(_, slug) => {
            let vi = format!("máy chủ chưa nhận lại được một phần đã quên ({slug}); báo xã");
            let en = format!("the server did not take back a part that it forgot ({slug}); tell the commune");
            return Label { vi, en };
        }
        Remark::NotTaken(slug) => return not_taken(slug),
    };
    Label { vi: vi.into(), en: en.into() }
}

fn not_taken(slug: &str) -> Label {
    let (vi, en) = match slug {
        "sync/busy" => ("máy chủ đang bận; sẽ tự gửi lại", "the server is busy; it goes again by itself"),
        "device/late-work-full" => (
            "xã còn quá nhiều việc gửi muộn chưa xem; việc của bạn vẫn ở trên máy này, báo xã",
            "the commune has too much late work to look at; yours is still on this phone, tell the commune",
        ),
        _ => {
            let vi = format!("máy chủ chưa nhận được một phần ({slug}); phần đó vẫn ở trên máy này, sẽ tự gửi lại");
            let en = format!(
                "the server cannot take a part now ({slug}); it is still on this phone and goes again by itself"
            );
            return Label { vi, en };
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemas::ids::UnitId;

    use super::*;
    use crate::journal::Scope;

    #[test]
    fn every_remark_has_words_of_its_own_in_both_languages() {
        let scope = || Scope { village: UnitId(7), round: "2026-dinh-ky".parse().unwrap() };
        let remarks = [
            Remark::BadPage(scope()),
            Remark::DigestDiffers(scope()),
            Remark::ReadAnew(scope()),
            Remark::NewGeneration(scope()),
            Remark::NotAlone(scope()),
            Remark::Forgotten(scope()),
            Remark::NotTakenBack(scope(), "chapter/unknown-scope".to_owned()),
            Remark::NotTaken("sync/busy".to_owned()),
            Remark::NotTaken("device/late-work-full".to_owned()),
        ];
        let labels: Vec<Label> = remarks.iter().map(remark).collect();
        let texts: BTreeSet<&str> = labels.iter().flat_map(|label| [label.vi.as_str(), label.en.as_str()]).collect();
        assert_eq!(texts.len(), 2 * remarks.len());
    }

    #[test]
    fn a_reason_that_this_program_does_not_know_is_named_and_the_work_is_said_to_be_here() {
        let Label { vi, en } = remark(&Remark::NotTaken("sync/of-tomorrow".to_owned()));
        assert!(vi.contains("sync/of-tomorrow") && vi.contains("vẫn ở trên máy này"), "{vi}");
        assert!(en.contains("sync/of-tomorrow") && en.contains("still on this phone"), "{en}");
    }
}
