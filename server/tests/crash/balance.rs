//! What stands in front of several servers: one address, each connection to the next server that takes one.
//!
//! Owns the list of servers. A server that takes none is passed over, as a balancer does that looks before it leads.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// The servers there are, the next one first.
type Row = Arc<Mutex<Vec<SocketAddr>>>;

/// A balancer, open until the end of the test.
pub(crate) struct Balance {
    address: SocketAddr,
    servers: Row,
}

impl Balance {
    /// Opens the address; nobody is behind it yet.
    pub(crate) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, servers) = (listener.local_addr()?, Row::default());
        let row = servers.clone();
        tokio::spawn(async move {
            while let Ok((mut phone, _)) = listener.accept().await {
                let row = row.clone();
                tokio::spawn(async move {
                    if let Some(mut server) = next(&row).await {
                        // How a connection ended is seen by those at its ends.
                        let _ended = copy_bidirectional(&mut phone, &mut server).await;
                    }
                });
            }
        });
        Ok(Self { address, servers })
    }

    /// What phones take for the server's address.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One more server.
    pub(crate) fn add(&self, server: SocketAddr) {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).push(server);
    }

    /// A server that is gone.
    pub(crate) fn remove(&self, server: SocketAddr) {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != server);
    }
}

/// A connection to the next server that takes one; each is asked once.
async fn next(row: &Row) -> Option<TcpStream> {
    let there = row.lock().unwrap_or_else(PoisonError::into_inner).len();
    for _ in 0..there {
        let server = {
            let mut servers = row.lock().unwrap_or_else(PoisonError::into_inner);
            let server = servers.first().copied()?;
            servers.rotate_left(1);
            server
        };
        if let Ok(connection) = TcpStream::connect(server).await {
            connection.set_nodelay(true).ok()?;
            return Some(connection);
        }
    }
    None
}
