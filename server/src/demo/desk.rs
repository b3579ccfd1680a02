//! Somebody at an office, who talks to the server over HTTP like everybody else.

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};

/// Everybody's password in the demo.
pub(super) const PASSWORD: &str = "ra-soat-ho-ngheo";

/// Somebody at an office, logged in.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Desk {
    /// Logs somebody in.
    pub(super) async fn log_in(base: &str, login: &str) -> anyhow::Result<Self> {
        let mut desk = Self::nobody(base)?;
        let body = json!({ "login": login, "password": PASSWORD, "keep": "bearer" });
        let session = desk.post("/api/session", &body).await.with_context(|| format!("login {login}"))?;
        desk.token = session["token"].as_str().context("a token")?.to_owned();
        Ok(desk)
    }

    /// Somebody who is not logged in.
    pub(super) fn nobody(base: &str) -> anyhow::Result<Self> {
        Self::with_token(base, "")
    }

    /// Somebody, or some phone, with a token.
    pub(super) fn with_token(base: &str, token: &str) -> anyhow::Result<Self> {
        // Installed once per process; whoever comes second finds it there already.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, base: base.to_owned(), token: token.to_owned() })
    }

    /// Asks for something.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        json_of(self.send(Method::GET, path, None).await?)
    }

    /// Asks for a list.
    pub(super) async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        match self.get(path).await? {
            Value::Array(items) => Ok(items),
            _ => bail!("{path}: a list was expected"),
        }
    }

    /// Asks for a file.
    pub(super) async fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.send(Method::GET, path, None).await
    }

    /// Says something.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        json_of(self.send(Method::POST, path, Some(serde_json::to_vec(body)?)).await?)
    }

    /// Brings a file.
    pub(super) async fn bring(&self, path: &str, bytes: Vec<u8>) -> anyhow::Result<Value> {
        json_of(self.send(Method::POST, path, Some(bytes)).await?)
    }

    /// Sends bytes and gets bytes back.
    pub(super) async fn post_bytes(&self, path: &str, bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        self.send(Method::POST, path, Some(bytes)).await
    }

    /// Takes something back.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> anyhow::Result<Vec<u8>> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.with_context(|| format!("{method} {path}"))?;
        let (status, bytes) = (answer.status(), answer.bytes().await?.to_vec());
        if !status.is_success() {
            bail!("{method} {path}: {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(bytes)
    }
}

fn json_of(bytes: Vec<u8>) -> anyhow::Result<Value> {
    match bytes.is_empty() {
        true => Ok(Value::Null),
        false => Ok(serde_json::from_slice(&bytes)?),
    }
}
