//! Refusals of decisions, rounds and assignments, in words.

use axum::http::StatusCode;

use crate::http::problem::Problem;
use crate::workflow::Refusal;

/// Refusals of decisions on a household: what stands in the way, and what to do about it.
pub(super) fn problem(refusal: &Refusal) -> Problem {
    use Refusal as R;
    use StatusCode as S;
    let new = Problem::new;
    match refusal {
        R::RoundNotFound => new(
            S::NOT_FOUND,
            "round/not-found",
            ["Không tìm thấy đợt rà soát", "Chọn lại trong danh sách đợt"],
            ["Round not found", "Choose one from the list of rounds"],
        ),
        R::AssignmentNotFound => new(
            S::NOT_FOUND,
            "assignment/not-found",
            ["Người này không được giao bản này", "Xem lại danh sách phân công"],
            ["This person does not survey this village", "Look at the assignments again"],
        ),
        R::FormOfAnotherStandard => new(
            S::UNPROCESSABLE_ENTITY,
            "round/form-of-another-standard",
            ["Phiếu không thuộc chuẩn chính của đợt", "Chọn phiếu của chuẩn đứng đầu"],
            ["The form is not the deciding standard's", "Choose the form of the first standard"],
        ),
        R::StandardUnknown(id) => Problem {
            detail: Some(id.to_string()),
            ..new(
                S::UNPROCESSABLE_ENTITY,
                "round/unknown-standard",
                ["Máy chủ không có chuẩn này", "Chọn chuẩn có sẵn, hoặc nạp chuẩn của cơ quan"],
                ["This server does not have the standard", "Choose one that it has, or load the office's"],
            )
        },
        R::RoundNot(state) => Problem {
            detail: Some(state.code().to_owned()),
            ..new(
                S::CONFLICT,
                "round/wrong-state",
                ["Đợt rà soát không ở trạng thái phù hợp", "Xem lại trạng thái của đợt"],
                ["The round is in another state", "Look at the state of the round"],
            )
        },
        R::DisagreementNotFound => new(
            S::NOT_FOUND,
            "disagreement/not-found",
            ["Không còn điểm khác nhau này", "Mở lại hộ; có thể người khác vừa giải quyết"],
            ["This disagreement is not open", "Open the household again; somebody may just have settled it"],
        ),
        R::StaleHeads => new(
            S::CONFLICT,
            "review/stale",
            ["Hộ đã thay đổi sau khi bạn mở", "Mở lại, xem chỗ thay đổi rồi quyết định"],
            ["The household has changed since you opened it", "Open it again, look at the change, then decide"],
        ),
        R::DisagreementsOpen(_) => new(
            S::CONFLICT,
            "review/disagreements-open",
            ["Còn điểm khác nhau chưa giải quyết", "Giải quyết từng điểm trước khi quyết định"],
            ["Disagreements are open", "Settle each of them, then decide"],
        ),
        R::Incomplete(_) => new(
            S::CONFLICT,
            "review/incomplete",
            ["Hộ chưa đủ thông tin để xếp loại", "Xem phần còn thiếu; trả lại cho rà soát viên nếu cần"],
            ["The household cannot be classified yet", "See what is missing; return it to the enumerator"],
        ),
        R::HeldChanges(_) => new(
            S::CONFLICT,
            "review/held-changes",
            ["Còn thay đổi đang bị giữ lại", "Cho vào, viết lại hoặc bỏ ra kèm lý do, rồi quyết định"],
            ["Changes of this household are held", "Release, salvage or set them aside with a reason, then decide"],
        ),
        R::NotBorneOut(why) => Problem {
            detail: Some(why.code().to_owned()),
            ..new(
                S::CONFLICT,
                "review/not-borne-out",
                [
                    "Phiếu không ghi như lý do này",
                    "Xem lượt đến hộ gần nhất và tình trạng từng thành viên; chọn đúng lý do, hoặc ghi cho đủ",
                ],
                [
                    "The household's record does not say so",
                    "Look at the latest visit and at each member's standing; choose the reason they give, or record it",
                ],
            )
        },
        R::NothingAccepted => new(
            S::CONFLICT,
            "household/nothing-accepted",
            ["Chưa nhận được gì của hộ này", "Xem các thay đổi đang chờ và cho vào trước khi chuyển hộ"],
            [
                "Nothing of this household has been accepted",
                "Look at the changes that wait before moving the household",
            ],
        ),
        R::NotAnotherVillage => new(
            S::CONFLICT,
            "household/not-another-village",
            [
                "Không phải một thôn khác của xã này",
                "Chọn thôn khác trong xã; hộ đi khỏi xã thì kết thúc rà soát tại đây",
            ],
            [
                "Not another village of this commune",
                "Choose another village of the commune; for a household that left the commune the round ends here",
            ],
        ),
        R::PointsNotConfirmed => new(
            S::CONFLICT,
            "review/points-not-confirmed",
            [
                "Điểm B1 nhập từ phiếu giấy chưa được người thứ hai xác nhận",
                "Nhờ người khác đọc phiếu và xác nhận điểm",
            ],
            ["Nobody else has confirmed the paper score", "Have a second person read the form and confirm the points"],
        ),
        R::PointsDiffer => new(
            S::CONFLICT,
            "review/points-differ",
            ["Điểm trên phiếu khác điểm đã nhập", "Đọc lại phiếu; nếu nhập sai, trả lại để sửa"],
            ["The points on the form are not those that were typed", "Read the form again, or return the household"],
        ),
        R::PointsNotTyped => new(
            S::CONFLICT,
            "review/points-not-typed",
            ["Đợt này không nhập điểm từ phiếu giấy", "Không cần xác nhận điểm; duyệt hộ như thường"],
            ["This round does not take points from paper forms", "There is nothing to confirm; accept as usual"],
        ),
        R::SamePerson => new(
            S::CONFLICT,
            "review/same-person",
            ["Người nhập điểm không thể tự xác nhận", "Nhờ người khác xác nhận"],
            ["Whoever typed the points cannot confirm them", "Ask somebody else to confirm"],
        ),
        R::NotForRecognition => new(
            S::CONFLICT,
            "review/not-for-recognition",
            ["Kết quả này không dùng để công nhận", "Dùng điểm B1 theo phiếu hoặc bảng điểm của cơ quan"],
            ["This result may not be used for recognition", "Use B1 points from the form or the office's table"],
        ),
        R::PlaceNotSaid => new(
            S::CONFLICT,
            "review/place-not-said",
            ["Chưa khai báo khu vực nông thôn hay thành thị", "Quản trị khai báo khu vực và vùng cho xã"],
            ["Nobody has said whether the place is rural or urban", "Have an administrator say area and region"],
        ),
        R::ReasonNeeded => new(
            S::UNPROCESSABLE_ENTITY,
            "review/reason-needed",
            ["Cần ghi lý do", "Ghi lý do bằng lời rồi gửi lại"],
            ["A reason is needed", "Say why in words and send it again"],
        ),
        R::ReasonTooLong => new(
            S::UNPROCESSABLE_ENTITY,
            "review/reason-too-long",
            ["Lý do quá dài", "Viết gọn trong 2.000 ký tự; giấy tờ chi tiết lưu kèm hồ sơ"],
            ["The reason is too long", "Keep it within 2,000 characters; keep the papers with the file"],
        ),
        R::AlreadyDecided => new(
            S::CONFLICT,
            "review/already-decided",
            ["Việc này đã được quyết định", "Mở lại để xem ai đã quyết định và lý do"],
            ["This has been decided already", "Open it again to see who decided and why"],
        ),
        R::SuspicionNotFound => new(
            S::NOT_FOUND,
            "review/suspicion-not-found",
            ["Không còn nghi vấn này", "Tải lại: tên, vị trí hoặc số định danh có thể vừa thay đổi"],
            ["There is no such suspicion any more", "Load again: a name, place or number may have changed"],
        ),
        R::NothingToWrite => new(
            S::CONFLICT,
            "review/nothing-to-write",
            ["Không có gì thay đổi", "Các giá trị này đã có sẵn"],
            ["Nothing would change", "These values stand there already"],
        ),
        R::NothingToSalvage => new(
            S::CONFLICT,
            "review/nothing-to-salvage",
            ["Không đọc được nội dung thay đổi", "Bỏ ra kèm lý do, và nhờ rà soát viên nhập lại"],
            ["The change cannot be read", "Set it aside with a reason and have it entered again"],
        ),
        R::NotAdmitted(verdict) => Problem {
            detail: Some(verdict.slug().to_owned()),
            ..new(
                S::CONFLICT,
                "review/not-admitted",
                ["Thay đổi chưa vào được", "Xem lý do trong chi tiết"],
                ["The change cannot be let in", "See the detail for the reason"],
            )
        },
        other => Problem {
            detail: Some(other.to_string()),
            ..new(
                S::UNPROCESSABLE_ENTITY,
                "review/unwritable",
                ["Không ghi được giá trị này", "Sửa chỗ được nêu trong chi tiết"],
                ["The value cannot be written", "Correct what the detail names"],
            )
        },
    }
}
