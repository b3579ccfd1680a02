//! What is said of devices that are not asked for or not opened.

use axum::http::StatusCode as S;

use super::super::problem::Problem;
use crate::domain::opening::OpeningFault;

pub(super) fn problem(fault: OpeningFault) -> Problem {
    let slug = fault.slug();
    let new = |status, vi, en| Problem::new(status, slug, vi, en);
    match fault {
        OpeningFault::NotFound => new(
            S::NOT_FOUND,
            ["Không còn yêu cầu mở máy này", "Trên máy, bấm «Quên mã PIN?» và xin lại"],
            ["There is no such request to open the device", "Ask again on the device: “Forgot the PIN?”"],
        ),
        OpeningFault::NotGenuine => new(
            S::UNPROCESSABLE_ENTITY,
            ["Máy chủ này không mở được khóa mà máy giữ", "Mang máy đến xã; dữ liệu trên máy vẫn còn"],
            [
                "This server cannot open what the device has kept",
                "Bring it to the office; what is on it is still there",
            ],
        ),
        OpeningFault::WeakKey => new(
            S::UNPROCESSABLE_ENTITY,
            ["Khóa trả lời của máy không dùng được", "Cập nhật ứng dụng rồi xin lại"],
            ["Nothing can be sealed to the device's reply key", "Update the app, then ask again"],
        ),
        OpeningFault::ShutOut => new(
            S::CONFLICT,
            ["Máy hoặc tài khoản của người giữ máy đã bị khóa", "Gặp quản trị của đơn vị; dữ liệu trên máy vẫn còn"],
            ["The device or its holder is shut out", "See your unit's administrator; what is on it is still there"],
        ),
        OpeningFault::CodeDiffers => new(
            S::CONFLICT,
            [
                "Mã này không phải mã của yêu cầu đang chờ",
                "Đọc lại mã trên chính máy đó; nếu vẫn khác, từ chối yêu cầu",
            ],
            [
                "These are not the letters of the request that waits",
                "Read them off the device itself again; if they still differ, refuse the request",
            ],
        ),
        OpeningFault::OwnDevice => new(
            S::FORBIDDEN,
            ["Không tự mở máy của mình", "Nhờ hai cán bộ khác của xã"],
            ["Nobody opens their own device", "Ask two other officers of the commune"],
        ),
        OpeningFault::SameOfficer => new(
            S::CONFLICT,
            ["Bạn đã đồng ý một lần", "Cần thêm một cán bộ khác của xã"],
            ["You have agreed already", "Another officer of the commune has to agree as well"],
        ),
        OpeningFault::AlreadyDecided => new(
            S::CONFLICT,
            ["Yêu cầu vừa được người khác xử lý", "Xem lại danh sách yêu cầu"],
            ["Somebody else has just dealt with the request", "Look at the list of requests again"],
        ),
    }
}
