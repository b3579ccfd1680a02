//! How held and rejected changes leave quarantine: every order of events for two devices and one server, and every pair of
//! exits at the real server.

mod every_order;
mod every_pair;
