//! Refusals of points tables, in words.

use axum::http::StatusCode;
use schemas::standard::Faults;

use crate::http::problem::{FaultView, Problem};
use crate::workflow::Refusal;

/// Most faults of a table that are told at once; whoever mends these sends the table again.
const MOST_FAULTS: usize = 100;

/// The refusal of files with faults: each with its file, its line or entry, and its reason.
pub(super) fn faulty(faults: &Faults) -> Problem {
    let shown = faults.0.iter().take(MOST_FAULTS).map(|fault| {
        let label = fault.reason.label();
        FaultView { file: fault.file.clone(), entry: fault.entry.clone(), vi: label.vi, en: label.en }
    });
    let words = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "points-table/faulty",
        ["Bảng điểm có lỗi; chưa có gì được ghi", "Sửa từng dòng, từng mục được nêu rồi gửi lại"],
        ["The points table has faults; nothing was kept", "Mend every line and entry that is named and send it again"],
    );
    Problem { detail: Some(format!("{} lỗi / faults", faults.0.len())), faults: shown.collect(), ..words }
}

/// Refusals of whole tables, and of rounds by them.
pub(super) fn problem(refusal: &Refusal) -> Problem {
    use Refusal as R;
    use StatusCode as S;
    let new = Problem::new;
    match refusal {
        R::TableIsSample(sample) => Problem {
            detail: Some(sample.to_string()),
            ..new(
                S::UNPROCESSABLE_ENTITY,
                "points-table/sample",
                ["Bảng điểm này chỉ là bảng mẫu", "Dùng bảng điểm của cơ quan có thẩm quyền cho giai đoạn hiện nay"],
                [
                    "This points table is only a sample",
                    "Use the table that the office in charge has issued for this period",
                ],
            )
        },
        R::TableNotFound => new(
            S::NOT_FOUND,
            "points-table/not-found",
            ["Không tìm thấy bảng điểm", "Chọn bảng điểm của đơn vị hoặc của cấp trên, cho đúng chuẩn của đợt"],
            ["Points table not found", "Choose one of the unit or of one above it, for the standard of the round"],
        ),
        R::TableOfAnotherStandard => new(
            S::CONFLICT,
            "points-table/of-another-standard",
            ["Đơn vị đã nạp bảng điểm này cho chuẩn khác", "Kiểm tra lại chuẩn của bảng điểm"],
            ["The unit has this very table for another standard", "Check which standard the table is for"],
        ),
        R::TableNeedsAnother => new(
            S::CONFLICT,
            "points-table/same-person",
            ["Người nạp bảng điểm không thể tự xác nhận", "Nhờ người thứ hai xem và xác nhận"],
            ["Whoever loaded the table cannot confirm it", "Have a second person look at it and confirm it"],
        ),
        R::TableNotConfirmed => new(
            S::CONFLICT,
            "round/points-table-not-confirmed",
            ["Bảng điểm của đợt chưa được người thứ hai xác nhận", "Nhờ người thứ hai xác nhận rồi mở đợt"],
            ["Nobody has confirmed the round's points table", "Have a second person confirm it, then open the round"],
        ),
        R::TableLacksPlace(name) => Problem {
            detail: Some(name.clone()),
            ..new(
                S::CONFLICT,
                "round/points-table-lacks-place",
                ["Bảng điểm không có cột cho vùng của nơi này", "Nạp bảng điểm đủ vùng, hoặc sửa vùng của đơn vị"],
                [
                    "The points table has no column for this place",
                    "Load a table that has, or correct the unit's region",
                ],
            )
        },
        // The caller names the variants above.
        _ => super::fault(),
    }
}
