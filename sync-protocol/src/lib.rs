//! How two copies agree.
