//! Refusals of messages that phones send, in words.

use axum::http::StatusCode;
use sync_protocol::message::MessageFault;

use crate::http::problem::Problem;

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
