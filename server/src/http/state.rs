//! What handlers are handed: the application and how the connection is protected.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use super::event::MOST_WATCHERS;
use crate::app::App;
use crate::token::hex;

/// Whether the server itself speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Cookies are marked secure and browsers are told to stay on TLS.
    Tls,
    /// Loopback, or a plain connection that was asked for by name.
    Plain,
}

/// State of the router. Stands for the [`App`] wherever a workflow asks for one.
#[derive(Clone, Debug)]
pub struct AppState {
    app: Arc<App>,
    transport: Transport,
    requests: Arc<RequestIds>,
    watchers: Arc<Semaphore>,
}

#[derive(Debug)]
struct RequestIds {
    start: [u8; 4],
    next: AtomicU64,
}

impl AppState {
    /// State for one running server.
    pub fn new(app: Arc<App>, transport: Transport) -> Self {
        // Drawn once per process, not per request: how often somebody asks for /health must not change a seeded run.
        let requests = RequestIds { start: app.process, next: AtomicU64::new(1) };
        Self { app, transport, requests: Arc::new(requests), watchers: Arc::new(Semaphore::new(MOST_WATCHERS)) }
    }

    /// The places of those who watch.
    pub(super) fn watchers(&self) -> &Arc<Semaphore> {
        &self.watchers
    }

    /// How the connection is protected.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// A name for the next request: unique within a start, different from start to start.
    pub(super) fn request_id(&self) -> String {
        format!("{}-{:06}", hex(&self.requests.start), self.requests.next.fetch_add(1, Ordering::Relaxed))
    }
}

impl Deref for AppState {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}
