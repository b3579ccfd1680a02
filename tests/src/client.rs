//! Somebody who talks to the server over HTTP.

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

/// A client, with or without a token.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    headers: Vec<(String, String)>,
}

/// What the server said.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; `Null` when there is none or it is not JSON.
    pub body: Value,
    /// The headers, by name.
    pub headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// The problem's slug; empty when this is no problem.
    pub fn slug(&self) -> &str {
        self.body["slug"].as_str().unwrap_or_default()
    }

    /// Whether the server did what it was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A text of the body; empty when it holds none of that name.
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

impl Client {
    /// Somebody who is not logged in.
    pub fn anonymous(base: &str) -> Result<Self> {
        Self::built(base, reqwest::Client::builder)
    }

    /// Somebody who is not logged in and trusts one certificate (PEM).
    pub fn trusting(base: &str, certificate: &[u8]) -> Result<Self> {
        let certificate = reqwest::Certificate::from_pem(certificate)?;
        Self::built(base, || reqwest::Client::builder().tls_certs_only([certificate]))
    }

    fn built(base: &str, builder: impl FnOnce() -> reqwest::ClientBuilder) -> Result<Self> {
        // Installed once per process; the second test in a process finds it there already.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = builder().no_proxy().build()?;
        Ok(Self { http, base: base.to_owned(), headers: Vec::new() })
    }

    /// The same client with another header.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same client with a bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    /// Asks, with a JSON body if there is one.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        answer(request).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Sends a file with POST.
    pub async fn post_bytes(&self, path: &str, bytes: Vec<u8>) -> Result<Answer> {
        answer(self.request(Method::POST, path).body(bytes)).await
    }

    /// Sends bytes with POST and gives back status and bytes.
    pub async fn post_raw(&self, path: &str, bytes: Vec<u8>) -> Result<(u16, Vec<u8>)> {
        let response = self.request(Method::POST, path).body(bytes).send().await?;
        Ok((response.status().as_u16(), response.bytes().await?.to_vec()))
    }

    /// Asks with GET and gives back status and bytes.
    pub async fn get_raw(&self, path: &str) -> Result<(u16, Vec<u8>)> {
        let response = self.request(Method::GET, path).send().await?;
        Ok((response.status().as_u16(), response.bytes().await?.to_vec()))
    }

    /// Begins to be told of events.
    pub async fn listen(&self, path: &str) -> Result<Events> {
        let response = self.request(Method::GET, path).send().await?.error_for_status()?;
        Ok(Events { response, heard: String::new() })
    }

    /// Asks with GET.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks with POST.
    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.ask(Method::POST, path, Some(&body)).await
    }

    /// Asks with DELETE.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.ask(Method::DELETE, path, None).await
    }
}

/// Server-sent events, one after the other.
pub struct Events {
    response: reqwest::Response,
    heard: String,
}

impl Events {
    /// Name and data of the next event; `None` when the server has ended the stream.
    pub async fn next(&mut self) -> Result<Option<(String, Value)>> {
        loop {
            if let Some((event, rest)) = self.heard.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.heard = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                if let (Some(name), Some(data)) = (field("event"), field("data")) {
                    return Ok(Some((name.to_owned(), serde_json::from_str(data)?)));
                }
            } else {
                let Some(bytes) = self.response.chunk().await? else { return Ok(None) };
                self.heard.push_str(std::str::from_utf8(&bytes)?);
            }
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
        // It does not end by itself.
        return Ok(Answer { status, body: Value::Null, headers });
    }
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
    Ok(Answer { status, body, headers })
}
