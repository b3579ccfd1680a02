//! What things are: ids, code lists, forms, answers, standards and their rules, review states, roster entries.
//!
//! No I/O, no clock, no CRDT: bytes, dates and places come in as arguments, results go out as values. Builds for
//! `wasm32-unknown-unknown`, so that a phone and a server classify a household with the same code.

pub mod canonical;
pub mod codes;
pub mod date;
pub mod doubt;
pub mod form;
pub mod fraction;
pub mod household;
pub mod ids;
pub mod ledger;
pub mod mpi;
pub mod normal;
pub mod roster;
pub mod rules;
pub mod standard;
pub mod standards;
pub mod value;
