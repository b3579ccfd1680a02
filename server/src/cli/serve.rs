//! `rasoat serve`: runs until it is asked to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::Data;
use crate::app::{App, Setup};
use crate::clock::{Chance, Clock};
use crate::http::serve::{Protection, start};
use crate::password::Cost;

/// Flags of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    data: Data,
    /// Địa chỉ và cổng. Address and port.
    #[arg(long, env = "RASOAT_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Chứng thư TLS, tệp PEM. TLS certificate, a PEM file.
    #[arg(long, env = "RASOAT_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Khóa TLS, tệp PEM. TLS key, a PEM file.
    #[arg(long, env = "RASOAT_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Chấp nhận kết nối không mã hóa từ ngoài máy. Accept unencrypted connections from beyond the machine.
    #[arg(long, env = "RASOAT_INSECURE_LISTEN")]
    insecure_listen: bool,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT, then finishes what was begun.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let protection = match (self.tls_cert, self.tls_key) {
            (Some(certificate), Some(key)) => Protection::Tls { certificate, key },
            _ if self.insecure_listen => Protection::InsecureAsked,
            _ => Protection::LoopbackOnly,
        };
        let app = open(self.data).await?;
        let running = start(Arc::new(app), self.listen, protection).await?;
        tracing::info!(address = %running.address(), "Listening");
        asked_to_stop().await?;
        tracing::info!("Stopping: finishing requests that are under way");
        running.stop().await;
        Ok(())
    }
}

/// Opens a data directory with the clock and the randomness of the machine.
pub(super) async fn open(data: Data) -> anyhow::Result<App> {
    let chance = Chance::from_system().context("the operating system gives no randomness")?;
    let setup = Setup { data: data.directory, clock: Clock::system(), chance, password_cost: Cost::Standard };
    Ok(App::open(setup).await?)
}

async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
