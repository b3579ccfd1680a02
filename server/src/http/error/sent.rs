//! What is said of files and messages that cannot be read.

use axum::http::StatusCode;
use sync_protocol::message::MessageFault;

use super::super::problem::Problem;
use crate::documents::workbook;
use crate::geography::collection::FileFault;

pub(super) fn workbook(refusal: &workbook::Refusal) -> Problem {
    let label = refusal.label();
    let words = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        refusal.slug(),
        ["Không nhập được tệp; chưa có gì được ghi", "Sửa tệp như chi tiết nêu rồi gửi lại"],
        ["The file cannot be imported; nothing was written", "Mend it as the detail says and send it again"],
    );
    Problem { detail: Some(format!("{} {}", label.vi, label.en)), ..words }
}

pub(super) fn boundaries(fault: &FileFault) -> Problem {
    let words = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "boundary/unreadable",
        ["Tệp không phải ranh giới GeoJSON", "Xuất lại tệp dạng GeoJSON FeatureCollection, hệ WGS 84"],
        ["The file holds no GeoJSON boundaries", "Export it as a GeoJSON FeatureCollection in WGS 84"],
    );
    Problem { detail: Some(fault.to_string()), ..words }
}

pub(super) fn message(fault: MessageFault) -> Problem {
    match fault {
        MessageFault::TooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            fault.slug(),
            ["Gói đồng bộ quá lớn", "Cập nhật ứng dụng; ứng dụng tự chia nhỏ"],
            ["The sync message is too large", "Update the app; it splits its work by itself"],
        ),
        MessageFault::Unreadable => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            fault.slug(),
            ["Không đọc được gói đồng bộ", "Đồng bộ lại; nếu vẫn lỗi, cập nhật ứng dụng. Dữ liệu trên máy vẫn còn"],
            ["The sync message cannot be read", "Sync again; then update the app. Your work is still on the device"],
        ),
        MessageFault::Version => Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            fault.slug(),
            ["Phiên bản đồng bộ khác với máy chủ", "Cập nhật ứng dụng. Dữ liệu trên máy vẫn còn"],
            ["The server speaks another version of sync", "Update the app. Your work is still on the device"],
        ),
    }
}
