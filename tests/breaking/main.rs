//! The whole consumer over its own transport, on connections that break in every way: HTTP/2 over pipes in memory, with the clock
//! paused. What is read comes from a local Kinesis, through a server that breaks off on order.
//!
//! Three things are held whatever happens: each record comes once and in order, every break has a cause with its name, and no
//! break is answered by more calls than it takes to go on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod dead;
mod ends;
mod fallback;
mod frames;
mod refused;
mod server;
mod world;
