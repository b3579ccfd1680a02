//! Refusals of points tables, in words.

use axum::http::StatusCode;
use schemas::standard::Faults;

use crate::http::problem::{FaultView, Problem};

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
