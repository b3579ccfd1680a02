//! `rasoat version`.

use crate::console;

/// Prints the version.
pub fn run() -> anyhow::Result<()> {
    Ok(console::line(format_args!("rasoat {}", env!("CARGO_PKG_VERSION")))?)
}
