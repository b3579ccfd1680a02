//! Refusals about units and one-time passwords, in words.

use axum::http::StatusCode;

use crate::http::problem::Problem;
use crate::workflow::Refusal;

/// What an administrator, or whoever an administrator helped, is told.
pub(super) fn problem(refusal: &Refusal) -> Problem {
    use Refusal as R;
    use StatusCode as S;
    let new = Problem::new;
    match refusal {
        R::OneTimePasswordOver => new(
            S::UNAUTHORIZED,
            "session/one-time-password-over",
            ["Mật khẩu dùng một lần đã dùng hoặc hết hạn", "Xin quản trị của đơn vị cấp lại"],
            ["The one-time password was used or is over", "Ask your unit's administrator for another"],
        ),
        R::PasswordChangeNeeded => new(
            S::FORBIDDEN,
            "session/password-change-needed",
            ["Cần đổi mật khẩu trước", "Chọn mật khẩu của riêng mình rồi làm tiếp"],
            ["The password has to be changed first", "Choose your own, then go on"],
        ),
        R::PasswordNotNew => new(
            S::UNPROCESSABLE_ENTITY,
            "account/password-not-new",
            ["Mật khẩu mới trùng mật khẩu dùng một lần", "Chọn mật khẩu khác"],
            ["The new password is the one-time password", "Choose another"],
        ),
        R::LevelNotBelow => new(
            S::UNPROCESSABLE_ENTITY,
            "unit/level-not-below",
            ["Cấp này không nằm trực tiếp trong đơn vị", "Chọn cấp thấp hơn; thôn phải nằm trong xã"],
            ["This level does not lie directly in the unit", "Choose a lower one; a village lies in a commune"],
        ),
        R::UnitNameTaken => new(
            S::CONFLICT,
            "unit/name-taken",
            ["Trong đơn vị đã có nơi trùng tên", "Đặt tên khác, ví dụ thêm số"],
            ["A unit of this name lies there already", "Choose another name, for example with a number"],
        ),
        R::CodeTaken => new(
            S::CONFLICT,
            "unit/code-taken",
            ["Mã này đang thuộc đơn vị khác", "Kiểm tra lại mã và ngày áp dụng"],
            ["The code belongs to another unit", "Check the code and the day from which it holds"],
        ),
        R::OwnUnit => new(
            S::FORBIDDEN,
            "unit/own",
            ["Không tự đổi đơn vị của mình", "Nhờ quản trị cấp trên"],
            ["Your own unit is changed from above", "Ask an administrator above you"],
        ),
        R::RevisedLater(last) => Problem {
            detail: Some(last.to_string()),
            ..new(
                S::CONFLICT,
                "unit/revised-later",
                ["Đơn vị đã có thay đổi từ ngày nêu trong chi tiết", "Chọn ngày sau ngày đó"],
                ["The unit has changed on the day that the detail names", "Choose a day after it"],
            )
        },
        R::RoundLooksAtUnit(round) => Problem {
            detail: Some(round.to_string()),
            ..new(
                S::CONFLICT,
                "unit/round-looks-at-it",
                [
                    "Đợt đang mở xếp loại theo khu vực và vùng này",
                    "Áp dụng từ sau ngày xét của đợt, hoặc đóng đợt trước",
                ],
                [
                    "An open round classifies by this area and region",
                    "Let it hold after the round's day, or close it first",
                ],
            )
        },
        // The caller names the variants above.
        _ => super::fault(),
    }
}
