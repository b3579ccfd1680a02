//! The shipped standards and the engine, tested through what other crates can see.

mod classes;
mod faults;
mod home;
mod income;
mod missing;
mod properties;
mod reports;
mod thresholds;
