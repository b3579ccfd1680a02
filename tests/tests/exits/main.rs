//! How held and rejected changes leave quarantine: every order of events for two devices and one server, and every pair of
//! exits at the real server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod every_order;
mod every_pair;
