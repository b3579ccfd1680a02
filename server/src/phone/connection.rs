//! The road to the server: one HTTP client, what it trusts, and how many bytes went over it.
//!
//! Owns addresses, TLS roots, limits and the reading of refusals. Knows nothing of what the bodies mean.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Url};
use schemas::form::Label;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_protocol::device::Way;

use super::fault::{PhoneFault, Problem};
use crate::token::Token;

/// Longest answer that is read: the server's pages are at most one megabyte together.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
const CONNECT_TIME: Duration = Duration::from_secs(20);
/// Silence after which an answer has broken off; a bad line may be slow for much longer than this in all.
const SILENCE: Duration = Duration::from_secs(60);

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Road {
    /// Its address.
    pub server: String,
    /// The only roots that are trusted (PEM); the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<String>,
    /// Whether plain HTTP may leave this machine.
    #[serde(default)]
    pub plain: PlainHttp,
}

/// Where plain HTTP is allowed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainHttp {
    /// Only within this machine.
    #[default]
    LoopbackOnly,
    /// Anywhere, because somebody asked for it.
    Anywhere,
}

/// What went over the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Bytes of bodies sent.
    pub bytes_up: u64,
    /// Bytes of bodies received.
    pub bytes_down: u64,
    /// Requests that were answered.
    pub round_trips: u64,
    /// How often the line broke off and what was on it went again.
    pub cuts: u64,
}

/// A client of one server.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    base: Url,
    pub(super) traffic: Traffic,
}

impl Connection {
    /// Prepares the client; nothing is sent yet.
    pub(super) fn new(road: &Road) -> Result<Self, PhoneFault> {
        let base = base(road)?;
        // Installed once per process; every later phone in it finds the provider there already.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT_TIME).read_timeout(SILENCE);
        let builder = if is_loopback(&base) { builder.no_proxy() } else { builder };
        let unusable = |error: reqwest::Error| PhoneFault::Certificates(causes(&error));
        let builder = match &road.roots {
            None => builder,
            Some(pem) => builder.tls_certs_only(Certificate::from_pem_bundle(pem.as_bytes()).map_err(unusable)?),
        };
        Ok(Self { client: builder.build().map_err(unusable)?, base, traffic: Traffic::default() })
    }

    /// Posts JSON and reads JSON.
    pub(super) async fn post_json<T: DeserializeOwned>(&mut self, path: &str, body: &Value) -> Result<T, PhoneFault> {
        json(&self.send(Method::POST, path, "application/json", body.to_string().into_bytes(), None).await?)
    }

    /// Posts a sync message or a parcel.
    pub(super) async fn post_message(
        &mut self,
        path: &str,
        body: Vec<u8>,
        token: &Token,
    ) -> Result<Vec<u8>, PhoneFault> {
        self.send(Method::POST, path, "application/cbor", body, Some(token)).await
    }

    /// Sends a part of a photo and reads JSON.
    pub(super) async fn patch<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: Vec<u8>,
        token: &Token,
    ) -> Result<T, PhoneFault> {
        json(&self.send(Method::PATCH, path, "application/octet-stream", body, Some(token)).await?)
    }

    /// Reads JSON.
    pub(super) async fn get<T: DeserializeOwned>(&mut self, path: &str, token: &Token) -> Result<T, PhoneFault> {
        json(&self.send(Method::GET, path, "application/octet-stream", Vec::new(), Some(token)).await?)
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: Vec<u8>,
        token: Option<&Token>,
    ) -> Result<Vec<u8>, PhoneFault> {
        let url = self.base.join(path).map_err(|error| PhoneFault::Address(error.to_string()))?;
        let sent = body.len() as u64;
        let mut request = self.client.request(method, url).header("content-type", kind).body(body);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.reveal()));
        }
        let response = request.send().await.map_err(|error| broken(Way::Up, error))?;
        let status = response.status();
        let answer = read(response).await?;
        self.traffic.bytes_up += sent;
        self.traffic.bytes_down += answer.len() as u64;
        self.traffic.round_trips += 1;
        match status.is_success() {
            true => Ok(answer),
            false => Err(PhoneFault::Refused(Box::new(problem(status.as_u16(), &answer)))),
        }
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, PhoneFault> {
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(Way::Down, error))? {
        if answer.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(PhoneFault::Untrusted(format!("more than {MAX_ANSWER_BYTES} bytes")));
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn json<T: DeserializeOwned>(answer: &[u8]) -> Result<T, PhoneFault> {
    serde_json::from_slice(answer).map_err(|error| PhoneFault::Untrusted(error.to_string()))
}

/// No line at all, or one that is silent, is not tried again at once; one that broke off is, with less.
fn broken(way: Way, error: reqwest::Error) -> PhoneFault {
    let cut = !error.is_connect() && !error.is_timeout();
    let reason = causes(&error.without_url());
    if cut { PhoneFault::Cut(way, reason) } else { PhoneFault::Unreachable(reason) }
}

/// An error with everything that led to it: "connection refused" stands at the end of the chain.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[derive(Deserialize)]
struct Words {
    title: String,
    next: String,
}

#[derive(Deserialize)]
struct ProblemBody {
    slug: String,
    #[serde(flatten)]
    vi: Words,
    en: Words,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    incident: Option<String>,
}

/// Reads a refusal; something between us and the server may have answered instead of it.
fn problem(status: u16, body: &[u8]) -> Problem {
    let Ok(body) = serde_json::from_slice::<ProblemBody>(body) else {
        let vi = format!("Máy chủ trả lời lỗi {status}; kiểm tra địa chỉ máy chủ");
        let en = format!("The server answered with error {status}; check the server's address");
        return Problem { status, slug: String::new(), words: Label { vi, en } };
    };
    let particular: String = body.detail.iter().chain(&body.incident).map(|text| format!(" ({text})")).collect();
    let say = |words: &Words| format!("{}. {}{particular}", words.title, words.next);
    Problem { status, words: Label { vi: say(&body.vi), en: say(&body.en) }, slug: body.slug }
}

fn base(road: &Road) -> Result<Url, PhoneFault> {
    let url = Url::parse(&road.server).map_err(|error| PhoneFault::Address(error.to_string()))?;
    match (url.scheme(), url.host_str()) {
        ("https", Some(_)) => Ok(url),
        ("http", Some(_)) if is_loopback(&url) || road.plain == PlainHttp::Anywhere => Ok(url),
        ("http", Some(host)) => Err(PhoneFault::PlainHttp(host.to_owned())),
        _ => Err(PhoneFault::Address(format!("http:// or https:// expected: {url}"))),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn road(server: &str, plain: PlainHttp) -> Road {
        Road { server: server.to_owned(), roots: None, plain }
    }

    #[test]
    fn beyond_this_machine_nothing_goes_unencrypted_unless_asked() {
        let refused = base(&road("http://rasoat.example", PlainHttp::LoopbackOnly));
        assert!(matches!(refused, Err(PhoneFault::PlainHttp(host)) if host == "rasoat.example"));
        assert!(base(&road("http://127.0.0.1.example", PlainHttp::LoopbackOnly)).is_err());
        assert!(base(&road("http://rasoat.example", PlainHttp::Anywhere)).is_ok());
        for server in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "https://rasoat.example"] {
            assert!(base(&road(server, PlainHttp::LoopbackOnly)).is_ok(), "{server}");
        }
        for server in ["", "rasoat.example", "ftp://rasoat.example", "file:///etc/passwd"] {
            assert!(matches!(base(&road(server, PlainHttp::Anywhere)), Err(PhoneFault::Address(_))), "{server}");
        }
    }

    #[test]
    fn a_refusal_that_is_not_ours_is_told_with_its_status() {
        let told = problem(502, b"<html>Bad gateway</html>");
        assert_eq!((told.status, told.slug.as_str()), (502, ""));
        assert!(told.words.vi.contains("502"));
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        let mut road = road("https://rasoat.example", PlainHttp::LoopbackOnly);
        road.roots = Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned());
        assert!(matches!(Connection::new(&road), Err(PhoneFault::Certificates(_))));
    }
}
