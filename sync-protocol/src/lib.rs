//! How two copies of a household agree: documents, the gate, journals, logs, and the device and server halves of sync.
//!
//! Sans-IO: bytes, time and chance come in as arguments, effects go out as values. Owns automerge. Builds for
//! `wasm32-unknown-unknown`, so that phone and server judge a change with the same code.

pub mod actor;
pub mod after_result;
pub mod archive;
pub mod authority;
pub mod change;
pub mod chapter;
mod coder;
pub mod device;
pub mod disagreement;
pub mod enrolment;
pub mod field;
pub mod gate;
pub mod genesis;
pub mod hash;
pub mod history;
pub mod impact;
pub mod intent;
pub mod journal;
pub mod log;
pub mod message;
pub mod named;
pub mod parcel;
pub mod rebase;
pub mod recovery;
pub mod salvage;
pub mod segment;
#[cfg(test)]
mod vectors;
pub mod verdict;
mod wire;
pub mod words;
