//! The library against a Kinesis that nobody here wrote: ministack, on loopback, with subscriptions of 10 s.
//!
//! Taken from it: resuming AT and AFTER, the clean end of a subscription, the refusal within 5 s and the take-over after, the
//! children of a live split and merge. Not taken, since it deviates from AWS there: the continuation that it keeps at the
//! end of a shard, and the parent that it deletes at a reshard.
//!
//! Run by `.ci/third-party`, which starts the server; plain `cargo test` leaves this out. Nothing here sleeps: what has to take
//! time is waited for by the events that the server sends, an empty one every 5 s.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod consumer;
mod port;
mod stream;
