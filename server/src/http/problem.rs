//! How a refusal looks: `application/problem+json` (RFC 9457) with a stable slug, in Vietnamese and English.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong and what to do next, in one language.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Words {
    /// What went wrong.
    pub(super) title: &'static str,
    /// What to do next.
    pub(super) next: &'static str,
}

/// A refusal before it is written out.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) slug: &'static str,
    pub(super) vi: Words,
    pub(super) en: Words,
    /// What is particular to this case, such as the place in a body that could not be read.
    pub(super) detail: Option<String>,
    /// Seconds until another attempt makes sense.
    pub(super) retry_after_s: Option<u64>,
    /// Everything that is wrong with what was sent, one by one.
    pub(super) faults: Vec<FaultView>,
}

/// One thing that is wrong with a file that was sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FaultView {
    /// The file.
    pub(super) file: String,
    /// The line or the entry in it; empty when the file itself is wrong.
    pub(super) entry: String,
    /// What is wrong there, in Vietnamese.
    pub(super) vi: String,
    /// The same in English.
    pub(super) en: String,
}

impl Problem {
    /// A refusal: Vietnamese title and next step, then English.
    pub(super) fn new(
        status: StatusCode,
        slug: &'static str,
        [title_vi, next_vi]: [&'static str; 2],
        [title_en, next_en]: [&'static str; 2],
    ) -> Self {
        let vi = Words { title: title_vi, next: next_vi };
        let en = Words { title: title_en, next: next_en };
        Self { status, slug, vi, en, detail: None, retry_after_s: None, faults: Vec::new() }
    }

    /// Writes the refusal out under the name of its request.
    pub(super) fn respond(self, request_id: &str) -> Response {
        let incident = self.status.is_server_error().then(|| request_id.to_owned());
        let body = ProblemView {
            kind: format!("urn:rasoat:problem:{}", self.slug),
            status: self.status.as_u16(),
            slug: self.slug,
            title: self.vi.title,
            next: self.vi.next,
            en: self.en,
            detail: self.detail,
            faults: self.faults,
            incident,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// A refusal as it is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemView {
    /// Name of the kind of problem, stable from release to release.
    #[serde(rename = "type")]
    kind: String,
    /// The HTTP status.
    status: u16,
    /// The end of `type`, for programs that switch on it.
    slug: &'static str,
    /// What went wrong, in Vietnamese.
    title: &'static str,
    /// What to do next, in Vietnamese.
    next: &'static str,
    /// The same in English.
    en: Words,
    /// What is particular to this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Everything that is wrong with the files that were sent, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FaultView>,
    /// Name under which the fault stands in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<String>,
}
