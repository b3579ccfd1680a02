//! The server: everything behind the binary `rasoat`.
//!
//! Arrows of use: `http` -> `workflow` -> `store`, `jobs` -> `workflow`. Only `store` contains SQL, only `http`
//! knows status codes. `phone` is the other end of the line and meets them over HTTP only;
//! `demo` plays a whole review with both. What things are and the rules
//! stand in `schemas`; how two copies agree stands in `sync-protocol`.

pub mod app;
pub mod cli;
pub mod clock;
pub mod console;
pub mod demo;
pub mod documents;
pub mod domain;
pub mod geography;
pub mod http;
pub mod jobs;
pub mod password;
pub mod phone;
pub mod seal;
pub mod store;
pub mod tables;
pub mod throttle;
pub mod token;
pub mod workflow;

pub use schemas::standards;
