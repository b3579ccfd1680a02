//! `rasoat version`.

use std::io::Write;

/// Prints the version.
pub fn run() -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "rasoat {}", env!("CARGO_PKG_VERSION"))?;
    Ok(())
}
