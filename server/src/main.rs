//! The `rasoat` binary.
fn main() {}
