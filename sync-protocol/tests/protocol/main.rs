//! How copies agree, tested on the protocol's public face: no server, no clock, no files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod copies;
mod cut;
mod disagreements;
mod exchange;
mod form;
mod gate;
mod histories;
mod office;
mod packed;
mod parcels;
mod phone;
mod rebase;
mod recovery;
mod schema;
mod shares;
mod snapshots;
mod support;
mod versions;
