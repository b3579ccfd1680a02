//! How copies agree, tested on the protocol's public face: no server, no clock, no files.

mod disagreements;
mod exchange;
mod gate;
mod histories;
mod office;
mod support;
