//! What end-to-end tests stand on: a real server on a port of its own, the people of the commune, and their phones;
//! and a commune simulated in one process, for everything that a radio link, a disk and a stranger can do.
//!
//! Owns no tests; those stand in `tests/`, one file per subject.

pub mod client;
pub mod cluster;
pub mod core;
pub mod field;
pub mod fieldwork;
pub mod fuzz;
pub mod house;
pub mod line;
pub mod measure;
pub mod phone;
pub mod points;
pub mod simulation;
