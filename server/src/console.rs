//! What commands write on standard output and standard error.
//!
//! Whoever reads may go away: `rasoat classify … | head`. That loses words, never the work behind them, so a closed pipe is
//! no failure; a full disk is one.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes a text as it is.
pub fn text(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    unless_closed(write!(out, "{text}").and_then(|()| out.flush()))
}

/// Writes a line.
pub fn line(line: impl Display) -> io::Result<()> {
    text(format_args!("{line}\n"))
}

/// Writes a line on standard error. There is nowhere left to tell that it did not work.
pub fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
        assert!(unless_closed(Err(ErrorKind::StorageFull.into())).is_err());
        assert!(unless_closed(Err(ErrorKind::BrokenPipe.into())).is_ok());
    }
}
