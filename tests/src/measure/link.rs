//! A line between phones and a server that counts what it carries and, if asked, is as slow as the field's.
//!
//! A proxy on real sockets within this machine. It counts the bytes of the TCP streams, HTTP's own included; what IP, TCP
//! and TLS add is not in it. A slow line delays and paces both directions and charges a new connection a round trip.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use server::clock::Stopwatch;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Most bytes that go on together: what one packet holds.
const PACKET_BYTES: usize = 1_400;
/// Packets under way in one direction; past that the sender waits, as it would for a full buffer.
const PACKETS: usize = 64;

/// How a line is.
#[derive(Clone, Copy, Debug)]
pub struct Quality {
    /// From here to there and back.
    pub round_trip: Duration,
    /// Bits a second from the phone to the server.
    pub up_bits: u64,
    /// Bits a second from the server to the phone.
    pub down_bits: u64,
}

/// A line of the second generation at the edge of its cell.
pub const SLOW: Quality = Quality { round_trip: Duration::from_millis(600), up_bits: 60_000, down_bits: 120_000 };

/// What went over a line since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Bytes from the phone to the server.
    pub up: u64,
    /// Bytes from the server to the phone.
    pub down: u64,
}

/// An open line.
pub struct Link {
    address: SocketAddr,
    server: Arc<Mutex<SocketAddr>>,
    up: Arc<Direction>,
    down: Arc<Direction>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// Opens a line to a server; without a quality it only counts.
    pub async fn open(server: SocketAddr, quality: Option<Quality>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let up = Direction::new(quality.map(|quality| (quality.round_trip / 2, quality.up_bits)));
        let down = Direction::new(quality.map(|quality| (quality.round_trip / 2, quality.down_bits)));
        let directions = (up.clone(), down.clone());
        let server = Arc::new(Mutex::new(server));
        let handshake = quality.map_or(Duration::ZERO, |quality| quality.round_trip);
        let accepting = tokio::spawn(accept(listener, server.clone(), handshake, directions));
        Ok(Self { address, server, up, down, accepting })
    }

    /// Where phones find the server by this line.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to another server from the next connection on.
    pub fn lead_to(&self, server: SocketAddr) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// What it has carried so far.
    pub fn carried(&self) -> Carried {
        Carried { up: self.up.bytes.load(Ordering::SeqCst), down: self.down.bytes.load(Ordering::SeqCst) }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One direction of a line, shared by all its connections.
struct Direction {
    bytes: AtomicU64,
    pace: Option<Pace>,
}

struct Pace {
    delay: Duration,
    bits_per_second: u64,
    running: Stopwatch,
    /// When the line will have sent everything that was given to it.
    free_at: Mutex<Duration>,
}

impl Direction {
    fn new(pace: Option<(Duration, u64)>) -> Arc<Self> {
        let pace = pace.map(|(delay, bits_per_second)| Pace {
            delay,
            bits_per_second,
            running: Stopwatch::start(),
            free_at: Mutex::default(),
        });
        Arc::new(Self { bytes: AtomicU64::new(0), pace })
    }

    /// How long from now until these bytes are there.
    fn send(&self, bytes: usize) -> Duration {
        self.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
        self.pace.as_ref().map_or(Duration::ZERO, |pace| pace.send(bytes as u64))
    }
}

impl Pace {
    fn send(&self, bytes: u64) -> Duration {
        let takes = Duration::from_micros(bytes * 8 * 1_000_000 / self.bits_per_second);
        let now = self.running.elapsed();
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = now.max(*free_at) + takes;
        *free_at + self.delay - now
    }
}

async fn accept(
    listener: TcpListener,
    server: Arc<Mutex<SocketAddr>>,
    handshake: Duration,
    (up, down): (Arc<Direction>, Arc<Direction>),
) {
    while let Ok((phone, _)) = listener.accept().await {
        let (up, down) = (up.clone(), down.clone());
        let server = *server.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::spawn(async move {
            sleep(handshake).await;
            // A server that is gone shows itself to the phone as a connection that closes.
            let Ok(server) = TcpStream::connect(server).await else { return };
            let (from_phone, to_phone) = phone.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::join!(carry(from_phone, to_server, up), carry(from_server, to_phone, down));
        });
    }
}

/// Carries one direction of a connection until its sender is done.
async fn carry(mut from: OwnedReadHalf, to: OwnedWriteHalf, direction: Arc<Direction>) {
    let (packets, under_way) = mpsc::channel(PACKETS);
    let delivering = tokio::spawn(deliver(under_way, to));
    let running = Stopwatch::start();
    let mut packet = [0; PACKET_BYTES];
    while let Ok(read @ 1..) = from.read(&mut packet).await {
        let there_at = running.elapsed() + direction.send(read);
        if packets.send((running, there_at, packet[..read].to_vec())).await.is_err() {
            break;
        }
    }
    drop(packets);
    // What is under way still arrives; how it ended is seen by whoever waits for an answer.
    let _ended = delivering.await;
}

async fn deliver(mut under_way: mpsc::Receiver<(Stopwatch, Duration, Vec<u8>)>, mut to: OwnedWriteHalf) {
    while let Some((running, there_at, packet)) = under_way.recv().await {
        sleep(there_at.saturating_sub(running.elapsed())).await;
        if to.write_all(&packet).await.is_err() {
            return;
        }
    }
    let _closed_already = to.shutdown().await;
}
