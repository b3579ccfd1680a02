//! Every refusal and fault, turned into a status and words by one exhaustive match.

mod blob;
mod office;
mod opening;
mod review;
mod sent;
mod table;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::problem::Problem;
use crate::workflow::Refusal;

/// Why a request was not answered with what it asked for.
#[derive(Debug, Error)]
pub enum ApiError {
    /// A workflow refused, or a fault below it.
    #[error(transparent)]
    Workflow(#[from] Refusal),
    /// The body or the query is not what the endpoint takes; says where.
    #[error("unreadable request: {0}")]
    Unreadable(String),
    /// The body is too large.
    #[error("body too large")]
    TooLarge,
    /// A cookie came without the header that shows that our own page sent it.
    #[error("cookie without the request header")]
    ForgedRequest,
    /// No such path.
    #[error("no such path")]
    NoSuchPath,
    /// The path does not take this method.
    #[error("no such method")]
    NoSuchMethod,
    /// The work took too long and was given up.
    #[error("timed out")]
    TimedOut,
    /// As many watch as may.
    #[error("too many watch")]
    TooManyWatchers,
    /// The handler panicked.
    #[error("panicked")]
    Panicked,
    /// What was sent could not be put aside.
    #[error("temporary file: {0}")]
    Storage(std::io::Error),
    /// The route is missing from the access table, so nobody may use it.
    #[error("route without an access rule: {0}")]
    NoRule(String),
}

impl From<crate::store::StoreError> for ApiError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Workflow(Refusal::Store(error))
    }
}

/// Carried by a response until [`super::envelope::finish`] writes it out under the request's id.
#[derive(Clone, Debug)]
pub(super) struct Carried(pub(super) Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = problem(&self).status.into_response();
        response.extensions_mut().insert(Carried(Arc::new(self)));
        response
    }
}

/// The one place that gives a refusal its status, slug and words.
pub(super) fn problem(error: &ApiError) -> Problem {
    use ApiError as E;
    use StatusCode as S;
    let new = Problem::new;
    match error {
        E::Workflow(refusal) => refused(refusal),
        E::Unreadable(detail) => Problem {
            detail: Some(detail.clone()),
            ..new(
                S::UNPROCESSABLE_ENTITY,
                "request/unreadable",
                ["Không đọc được yêu cầu", "Sửa chỗ được nêu trong chi tiết rồi gửi lại"],
                ["The request cannot be read", "Correct what the detail names and send it again"],
            )
        },
        E::TooLarge => new(
            S::PAYLOAD_TOO_LARGE,
            "request/too-large",
            ["Yêu cầu quá lớn", "Chia nhỏ rồi gửi từng phần"],
            ["The request is too large", "Send it in smaller parts"],
        ),
        E::ForgedRequest => new(
            S::FORBIDDEN,
            "session/forged-request",
            [
                "Yêu cầu không đến từ trang của Rasoat",
                "Mở lại trang Rasoat và làm lại; không dùng liên kết từ nơi khác",
            ],
            ["The request did not come from Rasoat's own page", "Open Rasoat again and repeat the step there"],
        ),
        E::NoSuchPath => new(
            S::NOT_FOUND,
            "request/no-such-path",
            ["Không có địa chỉ này", "Kiểm tra lại địa chỉ"],
            ["There is nothing at this address", "Check the address"],
        ),
        E::NoSuchMethod => new(
            S::METHOD_NOT_ALLOWED,
            "request/no-such-method",
            ["Địa chỉ này không nhận thao tác đó", "Cập nhật ứng dụng rồi thử lại"],
            ["This address does not take that method", "Update the app and try again"],
        ),
        E::TimedOut => new(
            S::SERVICE_UNAVAILABLE,
            "server/timed-out",
            ["Máy chủ đang bận, chưa xong kịp", "Đợi một phút rồi thử lại; việc có thể đã được ghi, hãy xem lại trước"],
            [
                "The server was too busy to finish in time",
                "Wait a minute; look first whether it was done, then try again",
            ],
        ),
        E::TooManyWatchers => Problem {
            retry_after_s: Some(60),
            ..new(
                S::SERVICE_UNAVAILABLE,
                "server/too-many-watchers",
                ["Quá nhiều người đang theo dõi trực tiếp", "Trang vẫn dùng được; tải lại để xem thay đổi mới"],
                ["Too many people are watching live", "The page works all the same; reload it to see what is new"],
            )
        },
        E::Panicked | E::Storage(_) | E::NoRule(_) => fault(),
    }
}

fn refused(refusal: &Refusal) -> Problem {
    use Refusal as R;
    use StatusCode as S;
    let new = Problem::new;
    match refusal {
        R::WrongPassword => new(
            S::UNAUTHORIZED,
            "session/wrong-password",
            ["Sai tên đăng nhập hoặc mật khẩu", "Gõ lại; nếu quên mật khẩu, gặp quản trị của đơn vị"],
            ["Wrong login or password", "Type it again; if you forgot it, ask your unit's administrator"],
        ),
        R::AccountDisabled => new(
            S::UNAUTHORIZED,
            "session/account-disabled",
            ["Tài khoản đã bị khóa", "Gặp quản trị của đơn vị; dữ liệu trên máy vẫn còn"],
            ["The account is disabled", "Ask your unit's administrator; what is on your device is still there"],
        ),
        R::TooManyAttempts(wait) => Problem {
            retry_after_s: Some(wait.as_secs().saturating_add(1)),
            ..new(
                S::TOO_MANY_REQUESTS,
                "session/too-many-attempts",
                ["Thử quá nhiều lần", "Đợi rồi thử lại"],
                ["Too many attempts", "Wait, then try again"],
            )
        },
        R::SessionNeeded => new(
            S::UNAUTHORIZED,
            "session/needed",
            ["Cần đăng nhập", "Đăng nhập rồi làm lại"],
            ["You need to log in", "Log in and repeat the step"],
        ),
        R::SessionUnknown => new(
            S::UNAUTHORIZED,
            "session/unknown",
            ["Phiên làm việc không có", "Đăng nhập lại"],
            ["There is no such session", "Log in again"],
        ),
        R::SessionExpired => new(
            S::UNAUTHORIZED,
            "session/expired",
            ["Phiên làm việc đã hết hạn", "Đăng nhập lại"],
            ["The session is over", "Log in again"],
        ),
        R::SessionRevoked => new(
            S::UNAUTHORIZED,
            "session/revoked",
            ["Phiên làm việc đã được kết thúc", "Đăng nhập lại"],
            ["The session was ended", "Log in again"],
        ),
        R::RoleNeeded => new(
            S::FORBIDDEN,
            "access/role-needed",
            ["Vai trò của bạn không làm được việc này", "Nhờ người có vai trò phù hợp, hoặc nhờ quản trị giao vai trò"],
            ["Your role does not allow this", "Ask somebody whose role does, or ask an administrator for the role"],
        ),
        R::AboveOwnRole => new(
            S::FORBIDDEN,
            "access/above-own-role",
            ["Vai trò này cao hơn quyền giao của bạn", "Nhờ quản trị cấp trên"],
            ["This role is above what you may give or take", "Ask an administrator above you"],
        ),
        R::UnitNotFound => new(
            S::NOT_FOUND,
            "unit/not-found",
            ["Không tìm thấy đơn vị", "Chọn lại trong danh sách đơn vị của bạn"],
            ["Unit not found", "Choose one from your own units"],
        ),
        R::AccountNotFound => new(
            S::NOT_FOUND,
            "account/not-found",
            ["Không tìm thấy tài khoản", "Chọn lại trong danh sách tài khoản của đơn vị"],
            ["Account not found", "Choose one from your unit's accounts"],
        ),
        R::GrantNotFound => new(
            S::NOT_FOUND,
            "grant/not-found",
            ["Không tìm thấy vai trò đã giao", "Xem lại danh sách vai trò của tài khoản"],
            ["Grant not found", "Look at the account's grants again"],
        ),
        R::DeviceNotFound => new(
            S::NOT_FOUND,
            "device/not-found",
            ["Không tìm thấy thiết bị", "Chọn lại trong danh sách thiết bị của đơn vị"],
            ["Device not found", "Choose one from your unit's devices"],
        ),
        R::LoginTaken => new(
            S::CONFLICT,
            "account/login-taken",
            ["Tên đăng nhập đã có người dùng", "Chọn tên khác"],
            ["The login is taken", "Choose another"],
        ),
        R::PasswordNotAcceptable => new(
            S::UNPROCESSABLE_ENTITY,
            "account/password-not-acceptable",
            ["Mật khẩu phải dài từ 10 đến 200 ký tự", "Chọn mật khẩu khác, ví dụ vài từ dễ nhớ"],
            ["A password has 10 to 200 characters", "Choose another, for example a few words"],
        ),
        R::NotAnEnumerator => new(
            S::UNPROCESSABLE_ENTITY,
            "enrolment/not-an-enumerator",
            ["Người này chưa được giao rà soát ở đơn vị này", "Giao vai trò rà soát viên hoặc trưởng thôn trước"],
            ["This person does not survey in this unit", "Give them the role of enumerator or village head first"],
        ),
        R::CodeNotValid => new(
            S::UNPROCESSABLE_ENTITY,
            "enrolment/code-not-valid",
            ["Mã không dùng được: sai, đã dùng hoặc quá 15 phút", "Xin cán bộ xã mã mới"],
            ["The code does not work: wrong, used or older than 15 minutes", "Ask the office for a new one"],
        ),
        R::ProofWrong => new(
            S::UNAUTHORIZED,
            "device/proof-wrong",
            ["Chữ ký của thiết bị không đúng", "Cập nhật ứng dụng rồi thử lại; nếu vẫn lỗi, xin mã mới"],
            ["The device's signature is wrong", "Update the app and try again; then ask for a new code"],
        ),
        R::DeviceKnownAlready => new(
            S::CONFLICT,
            "device/known-already",
            ["Thiết bị đã được đăng ký", "Đồng bộ như thường; nếu đổi người dùng, tạo khóa mới trên máy"],
            ["The device is enrolled already", "Sync as usual; for another person make a new key on the device"],
        ),
        R::DeviceRevoked => new(
            S::UNAUTHORIZED,
            "device/revoked",
            ["Thiết bị đã bị khóa", "Mang máy đến xã; dữ liệu trên máy vẫn còn"],
            ["The device is shut out", "Bring it to the office; what is on it is still there"],
        ),
        R::ChallengeStale => new(
            S::UNAUTHORIZED,
            "device/challenge-stale",
            ["Câu thử không còn hiệu lực", "Ứng dụng xin câu thử mới rồi ký lại"],
            ["The challenge is no longer good", "Ask for a new one and sign that"],
        ),
        R::DeviceTokenNotValid => new(
            S::UNAUTHORIZED,
            "device/token-not-valid",
            ["Thẻ của thiết bị đã hết hạn hoặc không đúng", "Ứng dụng tự xin thẻ mới bằng khóa của máy"],
            ["The device's token is over or wrong", "Renew it with the device's key"],
        ),
        R::RoundIdTaken => new(
            S::CONFLICT,
            "round/id-taken",
            ["Mã đợt rà soát đã có", "Chọn mã khác"],
            ["The round's id is taken", "Choose another"],
        ),
        R::RoundClosed => new(
            S::CONFLICT,
            "round/closed",
            ["Đợt rà soát đã kết thúc", "Chọn đợt đang mở; dữ liệu mới thuộc đợt sau"],
            ["The round is over", "Choose one that is open; new data belong to the next"],
        ),
        R::Workbook(refusal) => sent::workbook(refusal),
        R::Boundaries(fault) => sent::boundaries(fault),
        R::HouseholdNotFound => new(
            S::NOT_FOUND,
            "household/not-found",
            ["Không tìm thấy hộ", "Chọn lại trong danh sách của xã"],
            ["Household not found", "Choose one from your commune's list"],
        ),
        R::ChangeNotFound => new(
            S::NOT_FOUND,
            "change/not-found",
            ["Không tìm thấy thay đổi", "Xem lại hộp việc cần xử lý"],
            ["Change not found", "Look at the inbox again"],
        ),
        R::Erased => new(
            S::GONE,
            "household/erased",
            ["Dữ liệu của hộ đã được xóa", "Không đọc lại được nữa"],
            ["The household's data were erased", "They cannot be read again"],
        ),
        R::PointsTableNeeded => new(
            S::CONFLICT,
            "round/points-table-needed",
            [
                "Đợt rà soát cần bảng điểm B1 của cơ quan",
                "Nạp bảng điểm, hoặc mở đợt theo cách nhập điểm từ phiếu giấy",
            ],
            ["The round needs the office's B1 points table", "Load the table, or open the round in paper-score mode"],
        ),
        R::OneTimePasswordOver
        | R::PasswordChangeNeeded
        | R::PasswordNotNew
        | R::LevelNotBelow
        | R::UnitNameTaken
        | R::CodeTaken
        | R::OwnUnit
        | R::RevisedLater(_)
        | R::RoundLooksAtUnit(_) => office::problem(refusal),
        R::TableFaulty(faults) => table::faulty(faults),
        R::TableIsSample(_)
        | R::TableNotFound
        | R::TableOfAnotherStandard
        | R::TableNeedsAnother
        | R::TableNotConfirmed
        | R::TableLacksPlace(_) => table::problem(refusal),
        R::Blob(fault) => blob::problem(*fault),
        R::Opening(fault) => opening::problem(*fault),
        R::Message(fault) => sent::message(*fault),
        R::Parcel(fault) => sent::parcel(*fault),
        R::ParcelAuthorUnknown | R::ParcelAuthorShutOut => sent::parcel_author(refusal),
        R::RoundNotFound
        | R::AssignmentNotFound
        | R::FormOfAnotherStandard
        | R::StandardUnknown(_)
        | R::RoundNot(_)
        | R::DisagreementNotFound
        | R::SuspicionNotFound
        | R::StaleHeads
        | R::DisagreementsOpen(_)
        | R::Incomplete(_)
        | R::HeldChanges(_)
        | R::NotBorneOut(_)
        | R::NothingAccepted
        | R::NotAnotherVillage
        | R::PointsNotConfirmed
        | R::PointsDiffer
        | R::PointsNotTyped
        | R::SamePerson
        | R::NotForRecognition
        | R::PlaceNotSaid
        | R::ReasonNeeded
        | R::ReasonTooLong
        | R::AlreadyDecided
        | R::NothingToWrite
        | R::NothingToSalvage
        | R::Unwritable(_)
        | R::NotAdmitted(_) => review::problem(refusal),
        R::LedgerMoved => new(
            S::CONFLICT,
            "roster/decided-meanwhile",
            ["Có quyết định mới trong khi đang lập danh sách", "Lập lại danh sách"],
            ["Something was decided while the list was being compiled", "Compile it again"],
        ),
        R::RosterNotFound => new(
            S::NOT_FOUND,
            "roster/not-found",
            ["Chưa lập danh sách của đợt này", "Lập danh sách trước, sau khi mọi hộ đã có quyết định"],
            ["No list was compiled in this round yet", "Compile it first, once every household is decided"],
        ),
        R::LedgerBroken(_)
        | R::ListingUnreadable(_)
        | R::DecisionLost(_)
        | R::RosterAltered
        | R::TableLost(_)
        | R::WorkbookNotWritten(_) => self::fault(),
        R::Archive(_) | R::Seal(_) | R::FormUnknown(_) | R::Store(_) | R::Password(_) => self::fault(),
    }
}

/// Whatever is the server's own fault: nothing about it leaves the house but the incident's name.
fn fault() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server/fault",
        ["Máy chủ gặp lỗi", "Thử lại; nếu vẫn lỗi, báo quản trị kèm mã sự cố"],
        ["The server failed", "Try again; if it fails again, tell the administrator the incident id"],
    )
}
