//! How copies agree, tested on the protocol's public face: no server, no clock, no files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod copies;
mod disagreements;
mod exchange;
mod gate;
mod histories;
mod office;
mod packed;
mod parcels;
mod phone;
mod support;
