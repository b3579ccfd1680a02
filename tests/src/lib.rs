//! What end-to-end tests stand on: a real server on a port of its own, the people of the commune, and their phones.
//!
//! Owns no tests; those stand in `tests/`, one file per subject.

pub mod client;
pub mod field;
pub mod house;
pub mod phone;
