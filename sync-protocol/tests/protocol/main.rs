//! How copies agree, tested on the protocol's public face: no server, no clock, no files.

mod disagreements;
mod gate;
mod histories;
mod support;
