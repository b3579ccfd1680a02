//! The official list, through what other crates can see: who is refused, what a root holds, and the golden file.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic as the tests themselves do")]

mod approved;
mod compiling;
mod golden;
mod tree;
