//! Listening: plain on loopback, TLS beyond it, and a stop that finishes what was begun.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use thiserror::Error;
use tokio::task::JoinHandle;

use super::{AppState, Transport, meter, router};
use crate::app::App;

/// How long a stop waits for requests that are under way.
const FINISH: Duration = Duration::from_secs(30);

/// How the server may be reached.
#[derive(Clone, Debug)]
pub enum Protection {
    /// With TLS, anywhere.
    Tls {
        /// PEM file with the certificate and its chain.
        certificate: PathBuf,
        /// PEM file with the key.
        key: PathBuf,
    },
    /// Without TLS, on loopback only.
    LoopbackOnly,
    /// Without TLS, anywhere, because somebody asked for it by name.
    InsecureAsked,
}

/// Why the server does not listen.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Passwords and answers would cross a network in the clear.
    #[error(
        "{0} không phải địa chỉ nội bộ của máy: cần --tls-cert và --tls-key, hoặc --insecure-listen nếu chấp nhận không mã hóa.\n\
         {0} is not a loopback address: give --tls-cert and --tls-key, or --insecure-listen to accept unencrypted connections."
    )]
    TlsNeeded(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The certificate or its key cannot be used.
    #[error("TLS certificate or key: {0}")]
    Certificate(#[source] io::Error),
}

/// A server that listens.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    upkeep: JoinHandle<()>,
    app: Arc<App>,
}

/// Starts listening and returns once connections are taken.
pub async fn start(app: Arc<App>, address: SocketAddr, protection: Protection) -> Result<Running, ServeError> {
    if matches!(protection, Protection::LoopbackOnly) && !address.ip().is_loopback() {
        return Err(ServeError::TlsNeeded(address));
    }
    meter::start();
    let listen_error = |error| ServeError::Listen(address, error);
    let tls = match protection {
        Protection::Tls { certificate, key } => Some(load_certificate(certificate, key).await?),
        Protection::LoopbackOnly | Protection::InsecureAsked => None,
    };
    let listener = TcpListener::bind(address).map_err(listen_error)?;
    listener.set_nonblocking(true).map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let handle = Handle::new();
    let transport = if tls.is_some() { Transport::Tls } else { Transport::Plain };
    let service = router(AppState::new(app.clone(), transport)).into_make_service_with_connect_info::<SocketAddr>();
    let task = match tls {
        Some(tls) => {
            let server = axum_server::from_tcp_rustls(listener, tls).map_err(listen_error)?;
            tokio::spawn(server.handle(handle.clone()).serve(service))
        }
        None => {
            let server = axum_server::from_tcp(listener).map_err(listen_error)?;
            tokio::spawn(server.handle(handle.clone()).serve(service))
        }
    };
    Ok(Running { address, handle, task, upkeep: tokio::spawn(meter::keep_up()), app })
}

async fn load_certificate(certificate: PathBuf, key: PathBuf) -> Result<RustlsConfig, ServeError> {
    // Installed once per process; a second server in the same process finds it there already.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(certificate, key).await.map_err(ServeError::Certificate)
}

impl Running {
    /// Where it listens; with port 0 asked for, the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connections, finishes requests that are under way, then closes the database.
    pub async fn stop(self) {
        // Who watches comes again, to another server.
        self.app.store.end_watching();
        self.handle.graceful_shutdown(Some(FINISH));
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "The server ended with an error"),
            Err(error) => tracing::error!(%error, "The server's task ended abnormally"),
        }
        self.upkeep.abort();
        self.app.store.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Setup;
    use crate::clock::{Chance, Clock};
    use crate::password::Cost;

    #[tokio::test]
    async fn beyond_loopback_nothing_listens_without_tls_or_being_asked() {
        let directory = tempfile::tempdir().unwrap();
        let setup = Setup {
            data: directory.path().to_owned(),
            database: None,
            clock: Clock::manual("2026-10-01T00:00:00Z".parse().unwrap()),
            chance: Chance::seeded(1),
            password_cost: Cost::Light,
        };
        let app = Arc::new(App::open(setup).await.unwrap());
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let refused = start(app.clone(), everywhere, Protection::LoopbackOnly).await;
        assert!(matches!(refused, Err(ServeError::TlsNeeded(_))));
        start(app, everywhere, Protection::InsecureAsked).await.unwrap().stop().await;
    }
}
