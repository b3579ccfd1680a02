//! The field app's core: the thin binding through which a Web Worker uses [`sync_protocol::device::Device`], the admission
//! gate and the rules engine of `schemas`.
//!
//! Owns the bytes between the Worker and the core, and nothing of what they mean: state, rules and words are those of the
//! phone without a screen. No I/O; time and chance come in with each command (`clocks`, and 32 random bytes as a part).
//!
//! # The module
//!
//! Four exports, no imports: `memory`, `core_alloc(length) -> pointer`, `core_call(pointer, length) -> pointer` and
//! `core_free(pointer, length)`. A call takes a message that was written to allocated memory, takes that memory over, and
//! gives back `[u32 length][message]`, which the caller frees (`length + 4` bytes). Memory may have grown: views on it have
//! to be made anew after each call.
//!
//! A message, both ways, is `[u32 length][JSON][u32 number of parts]([u32 length][bytes])*`, numbers little-endian.
//! [`command::Command`] says what can be asked and which parts go along. An answer's JSON is
//! `{"done": …}` or `{"fault": {"slug", "words": {"vi", "en"}, "detail"}}`.
//!
//! # Records
//!
//! What a command writes comes back as its first part, and is in memory already: it has to be on disk before anything of the
//! answer is shown or sent. Such a part is records one after another, each `[u32 length][bytes]`; parts put behind each
//! other in the order of the commands are what [`command::Command::Open`] takes. An instance whose records could not be
//! written is ahead of the disk: throw it away and open another.
//!
//! # When it traps
//!
//! Every malformed message is answered with a fault. A fault of ours panics, and a panic traps: the instance is then in no
//! known state. The Worker throws it away and opens another from what is on disk, and nothing is lost, because nothing was
//! on disk that the trap came before. Bytes from the network can be tried first in an instance that is thrown away
//! afterwards ([`command::Command::Inspect`]), so that what traps there never meets the one that people work with.

mod abi;
pub mod blobs;
pub mod command;
pub mod core;
pub mod exchange;
pub mod fault;
pub mod frames;
pub mod households;
pub mod identity;
pub mod message;
pub mod parcels;
pub mod recovery;

pub use crate::core::Core;
