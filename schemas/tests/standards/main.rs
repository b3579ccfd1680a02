//! The shipped standards and the engine, tested through what other crates can see.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic as the tests themselves do")]

mod classes;
mod faults;
mod home;
mod income;
mod missing;
mod properties;
mod reports;
mod thresholds;
