//! A line between a phone and the server that breaks: each connection after so many bytes, either way.
//!
//! Owns a listener on this machine that carries bytes and counts them; what the bytes are is not its business.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One way of a line.
#[derive(Debug)]
struct Lane {
    /// After how many bytes of it a connection breaks.
    breaks_after: AtomicU64,
    /// Bytes that were given to it, those included that went no further.
    carried: AtomicU64,
}

impl Default for Lane {
    fn default() -> Self {
        Self { breaks_after: AtomicU64::new(u64::MAX), carried: AtomicU64::new(0) }
    }
}

impl Lane {
    /// Carries bytes until somebody closes or the connection breaks.
    async fn carry(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut room = self.breaks_after.load(Ordering::SeqCst);
        let mut buffer = vec![0; 4096];
        while room > 0 {
            let most = buffer.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let read = from.read(&mut buffer[..most]).await?;
            if read == 0 {
                return Ok(());
            }
            self.carried.fetch_add(read as u64, Ordering::SeqCst);
            to.write_all(&buffer[..read]).await?;
            room -= read as u64;
        }
        Ok(())
    }
}

/// A line to a server.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    up: Arc<Lane>,
    down: Arc<Lane>,
    listening: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Line {
    /// Opens a line that does not break yet. `server`: its address, `127.0.0.1:12345`.
    pub async fn to(server: String) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (up, down) = (Arc::new(Lane::default()), Arc::new(Lane::default()));
        let lanes = (up.clone(), down.clone());
        let listening = tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let (server, (up, down)) = (server.clone(), lanes.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    let (from_phone, to_phone) = phone.into_split();
                    let (from_server, to_server) = server.into_split();
                    // Whichever way ends first takes the other with it.
                    tokio::select! {
                        _ = up.carry(from_phone, to_server) => {}
                        _ = down.carry(from_server, to_phone) => {}
                    }
                });
            }
        });
        Ok(Self { address, up, down, listening })
    }

    /// Where a phone finds it.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on every new connection breaks after so many bytes up and so many down.
    pub fn break_after(&self, up: u64, down: u64) {
        self.up.breaks_after.store(up, Ordering::SeqCst);
        self.down.breaks_after.store(down, Ordering::SeqCst);
    }

    /// Bytes up and down since it was asked last, those of requests and answers included that broke off.
    pub fn carried(&self) -> (u64, u64) {
        (self.up.carried.swap(0, Ordering::SeqCst), self.down.carried.swap(0, Ordering::SeqCst))
    }
}
