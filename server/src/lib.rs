//! The server.

pub mod documents;
