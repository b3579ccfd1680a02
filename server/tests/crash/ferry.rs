//! The only road between phones and server: one address over all restarts, and a server that dies at a drawn moment.
//!
//! Owns the server's process and the counting of what crosses. Knows nothing of what the bytes mean.

use std::io;
use std::net::SocketAddr;
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// When the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// When so many pieces of answers have left it, and before the last of them reaches its phone.
    Answering { pieces: u64 },
    /// A while after so many pieces of requests have gone to it: while it judges, writes or commits.
    Working { pieces: u64, then: Duration },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToPhone,
}

/// A moment that has yet to come, and whom to tell when the server is dead.
struct Fuse {
    moment: Moment,
    burnt: oneshot::Sender<()>,
}

#[derive(Default)]
struct Pier {
    server: Option<Child>,
    fuse: Option<Fuse>,
}

struct Shared {
    pier: Mutex<Pier>,
    server: watch::Sender<Option<SocketAddr>>,
}

/// The road, open until the end of the test.
pub(crate) struct Ferry {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Ferry {
    /// Opens the road; whoever comes waits until there is a server.
    pub(crate) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { pier: Mutex::default(), server: watch::Sender::new(None) });
        let crossings = shared.clone();
        tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                tokio::spawn(crossings.clone().cross(phone));
            }
        });
        Ok(Self { address, shared })
    }

    /// What phones take for the server's address.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to this server from now on.
    pub(crate) fn lead_to(&self, (server, address): (Child, SocketAddr)) {
        self.shared.pier().server = Some(server);
        self.shared.server.send_replace(Some(address));
    }

    /// Kills the server at a moment, and returns when it is dead.
    pub(crate) async fn kill_at(&self, moment: Moment) {
        let (burnt, dead) = oneshot::channel();
        self.shared.pier().fuse = Some(Fuse { moment, burnt });
        // The sender stays with the fuse until the server is dead.
        let _told = dead.await;
    }

    /// Kills the server now.
    pub(crate) fn kill(&self) {
        self.shared.kill();
    }
}

impl Drop for Ferry {
    /// A test that failed leaves no server behind.
    fn drop(&mut self) {
        self.kill();
    }
}

impl Shared {
    fn pier(&self) -> MutexGuard<'_, Pier> {
        self.pier.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill(&self) {
        self.server.send_replace(None);
        if let Some(mut server) = self.pier().server.take() {
            // `kill` is SIGKILL; both fail only for a process that ended by itself.
            let _ended_by_itself = server.kill().and_then(|()| server.wait());
        }
    }

    async fn cross(self: Arc<Self>, phone: TcpStream) -> io::Result<()> {
        let mut server = self.server.subscribe();
        let address = server.wait_for(Option::is_some).await.ok().and_then(|address| *address);
        let Some(address) = address else { return Ok(()) };
        let server = TcpStream::connect(address).await?;
        // Small answers would otherwise wait for one another's acknowledgements.
        phone.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ((from_phone, to_phone), (from_server, to_server)) = (phone.into_split(), server.into_split());
        let there = self.clone().carry(from_phone, to_server, Way::ToServer);
        let (there, back) = tokio::join!(there, self.carry(from_server, to_phone, Way::ToPhone));
        there.and(back)
    }

    async fn carry(self: Arc<Self>, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way) -> io::Result<()> {
        let mut piece = vec![0; 16 * 1024];
        loop {
            let size = from.read(&mut piece).await?;
            if size == 0 {
                return Ok(());
            }
            self.passing(way);
            to.write_all(&piece[..size]).await?;
        }
    }

    /// Counts a piece; the last of a fuse kills the server.
    fn passing(self: &Arc<Self>, way: Way) {
        let Some(Fuse { moment, burnt }) = self.pier().burn(way) else { return };
        match moment {
            Moment::Answering { .. } => {
                self.kill();
                let _told = burnt.send(());
            }
            Moment::Working { then, .. } => {
                let shared = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(then).await;
                    shared.kill();
                    let _told = burnt.send(());
                });
            }
        }
    }
}

impl Pier {
    /// Shortens the fuse when it counts this way; answers it when it has burnt down.
    fn burn(&mut self, way: Way) -> Option<Fuse> {
        let (left, counted) = match &mut self.fuse.as_mut()?.moment {
            Moment::Answering { pieces } => (pieces, Way::ToPhone),
            Moment::Working { pieces, .. } => (pieces, Way::ToServer),
        };
        if way != counted {
            return None;
        }
        *left = left.saturating_sub(1);
        if *left > 0 { None } else { self.fuse.take() }
    }
}
