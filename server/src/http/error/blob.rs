//! What is said of photos that are not taken or not given.

use axum::http::StatusCode as S;

use super::super::problem::Problem;
use crate::workflow::blob::BlobFault;

pub(super) fn problem(fault: BlobFault) -> Problem {
    let slug = fault.slug();
    let new = |status, vi, en| Problem::new(status, slug, vi, en);
    match fault {
        BlobFault::NotAnnounced => new(
            S::NOT_FOUND,
            ["Máy này chưa báo có ảnh đó", "Đồng bộ dữ liệu trước rồi gửi ảnh"],
            ["This device has not announced the photo", "Sync the data first, then send the photo"],
        ),
        BlobFault::OutOfScope => new(
            S::FORBIDDEN,
            ["Hộ thuộc thôn không được phân công", "Hỏi văn phòng; ảnh vẫn còn trên máy"],
            [
                "The household is in a village that is not assigned to you",
                "Ask the office; the photo stays on the device",
            ],
        ),
        BlobFault::TooLarge => new(
            S::PAYLOAD_TOO_LARGE,
            ["Ảnh quá lớn", "Chụp lại ở cỡ nhỏ hơn (tối đa 2 MB)"],
            ["The photo is too large", "Take it again in a smaller size (2 MB at most)"],
        ),
        BlobFault::TooLong => new(
            S::UNPROCESSABLE_ENTITY,
            ["Ảnh dài hơn đã báo", "Cập nhật ứng dụng rồi gửi lại"],
            ["The photo is longer than was announced", "Update the app and send it again"],
        ),
        BlobFault::Offset(received) => Problem {
            detail: Some(received.to_string()),
            ..new(
                S::CONFLICT,
                ["Phần ảnh không nối tiếp", "Gửi tiếp từ byte nêu trong chi tiết"],
                ["The part does not follow what is there", "Go on from the byte that the detail names"],
            )
        },
        BlobFault::WrongHash => new(
            S::UNPROCESSABLE_ENTITY,
            ["Ảnh nhận được không đúng mã", "Gửi lại từ đầu"],
            ["What came is not the photo that was announced", "Send it again from the beginning"],
        ),
        BlobFault::MediaType => new(
            S::UNSUPPORTED_MEDIA_TYPE,
            ["Tệp không phải ảnh JPEG, PNG hoặc WebP", "Chụp hoặc lưu lại thành một trong các loại đó"],
            ["The file is no JPEG, PNG or WebP picture", "Take or save it as one of these"],
        ),
        BlobFault::HouseholdFull => new(
            S::CONFLICT,
            ["Hộ đã có đủ số ảnh", "Hỏi văn phòng; ảnh vẫn còn trên máy"],
            ["The household has as many photos as it may have", "Ask the office; the photo stays on the device"],
        ),
        BlobFault::DayFull => new(
            S::TOO_MANY_REQUESTS,
            ["Máy đã gửi đủ lượng ảnh trong ngày", "Gửi tiếp vào ngày mai; dữ liệu vẫn đồng bộ bình thường"],
            ["This device has sent enough photos today", "Go on tomorrow; data sync as before"],
        ),
        BlobFault::NotFound => new(
            S::NOT_FOUND,
            ["Không tìm thấy ảnh", "Xem lại trang của hộ"],
            ["Photo not found", "Look at the household's page again"],
        ),
    }
}
