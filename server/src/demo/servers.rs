//! The servers of the story: whoever comes is sent to the next one, as a balancer in front of them would.

use std::cell::Cell;
use std::net::SocketAddr;

/// Addresses of servers that share a database.
pub(super) struct Servers {
    addresses: Vec<String>,
    asked: Cell<usize>,
}

impl Servers {
    /// At least one.
    pub(super) fn new(addresses: &[SocketAddr]) -> Self {
        let addresses = addresses.iter().map(|address| format!("http://{address}")).collect();
        Self { addresses, asked: Cell::new(0) }
    }

    /// Another one than the time before, where there is another.
    pub(super) fn next(&self) -> &str {
        let asked = self.asked.replace(self.asked.get() + 1);
        self.addresses.get(asked % self.addresses.len().max(1)).map_or("", String::as_str)
    }
}
