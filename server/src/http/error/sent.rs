//! What is said of files and messages that cannot be read.

use axum::http::StatusCode;
use sync_protocol::message::MessageFault;
use sync_protocol::parcel::ParcelFault;

use super::super::problem::Problem;
use crate::documents::workbook;
use crate::geography::collection::FileFault;
use crate::workflow::Refusal;

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

pub(super) fn parcel(fault: ParcelFault) -> Problem {
    let status = match fault {
        ParcelFault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ParcelFault::Version => StatusCode::UPGRADE_REQUIRED,
        ParcelFault::Unreadable
        | ParcelFault::OtherWay
        | ParcelFault::OtherKey
        | ParcelFault::WeakKey
        | ParcelFault::Damaged
        | ParcelFault::Signature
        | ParcelFault::NotAwaited => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let words = Problem::new(
        status,
        fault.slug(),
        ["Không nhận được gói chuyển hộ", "Chép lại tệp từ máy gốc; dữ liệu vẫn còn trên máy đó"],
        ["The parcel cannot be taken", "Copy the file from its phone again; the work is still there"],
    );
    Problem { detail: Some(fault.to_string()), ..words }
}

pub(super) fn parcel_author(refusal: &Refusal) -> Problem {
    let shut_out = matches!(refusal, Refusal::ParcelAuthorShutOut);
    Problem::new(
        StatusCode::FORBIDDEN,
        if shut_out { "parcel/author-shut-out" } else { "parcel/unknown-author" },
        ["Máy lập gói này không được nhận", "Hỏi văn phòng; dữ liệu vẫn còn trên máy đó"],
        ["The phone that made this parcel is not let in", "Ask the office; the work is still on that phone"],
    )
}
