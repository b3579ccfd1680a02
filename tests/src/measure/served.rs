//! A server in a process of its own: its memory and the time of the processor that it takes, as the system counts them.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// Ticks of a second in which Linux counts processor time for everybody to see.
const TICKS: u64 = 100;

/// A running server. It ends with the value.
pub struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    /// Starts `program serve` on a data directory that no other process works with.
    pub fn start(program: &Path, data: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["--log-json", "serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("RASOAT_LOG", "info")
            .stderr(Stdio::piped())
            .spawn()?;
        let log = child.stderr.take().map(BufReader::new);
        match log.context("the server's log").and_then(listening) {
            Ok(address) => Ok(Self { child, address }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// Where it listens.
    pub fn listens(&self) -> SocketAddr {
        self.address
    }

    /// Kilobytes of memory that it holds now.
    pub fn resident_kb(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Processor time that it has taken since it started, for itself and in the kernel.
    pub fn processor_time(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold anything; the fields after it are numbers.
        let (_, fields) = stat.rsplit_once(')').context("fields")?;
        let ticks: Result<Vec<u64>, _> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect();
        Ok(Duration::from_millis(ticks?.iter().sum::<u64>() * 1_000 / TICKS))
    }
}

/// Reads the log up to the line that says where the server listens; the rest is read and forgotten.
fn listening(mut log: impl BufRead + Send + 'static) -> Result<SocketAddr> {
    let mut line = String::new();
    loop {
        line.clear();
        anyhow::ensure!(log.read_line(&mut line)? > 0, "the server ended before it listened");
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = said["fields"]["address"].as_str() {
            let address = address.parse()?;
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return Ok(address);
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It is ours, and all that it was asked is answered.
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}
