//! The consumer over the emulator's port, in virtual time: no socket, no waiting.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod breaking;
mod contention;
mod fallback;
mod fallback_positions;
mod fallback_registration;
mod lineage;
mod memory;
mod memory_polled;
mod outages;
mod polling;
mod polling_failures;
mod polls;
mod position;
mod reading;
mod refusals;
mod scene;
mod starting;
mod timing;
mod weighing;
mod world;
