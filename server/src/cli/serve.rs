//! `rasoat serve`: runs until it is asked to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Data;
use crate::app::{App, Setup};
use crate::clock::{Chance, Clock};
use crate::http::serve::{Protection, start};
use crate::jobs;
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
        serve(open(self.data).await?, self.listen, protection).await
    }
}

/// Serves until SIGTERM or SIGINT, then finishes what was begun.
pub(super) async fn serve(app: App, listen: SocketAddr, protection: Protection) -> anyhow::Result<()> {
    let mut stop = StopSignals::take()?;
    let app = Arc::new(app);
    let running = start(app.clone(), listen, protection).await?;
    let jobs = jobs::start(app);
    tracing::info!(address = %running.address(), "Listening");
    stop.asked().await;
    tracing::info!("Stopping: finishing requests that are under way");
    jobs.abort();
    running.stop().await;
    Ok(())
}

/// Opens a data directory with the clock and the randomness of the machine.
pub(super) async fn open(data: Data) -> anyhow::Result<App> {
    let chance = Chance::from_system().context("the operating system gives no randomness")?;
    let setup = Setup {
        data: data.directory,
        database: data.database,
        clock: Clock::system(),
        chance,
        password_cost: Cost::Standard,
    };
    Ok(App::open(setup).await?)
}

/// SIGTERM and SIGINT. Taken before the first connection is: a signal that comes earlier must not kill work begun.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn take() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
