//! The library and its transport against a Kinesis that nobody here wrote: ministack, on loopback, with subscriptions of 10 s, over
//! HTTP/2 with prior knowledge and by ALPN.
//!
//! Taken from it: resuming AT and AFTER, the clean end of a subscription, the refusal within 5 s and the take-over after, the
//! children of a live split and merge. Not taken, since it deviates from AWS there: the continuation that it keeps at the
//! end of a shard, and the parent that it deletes at a reshard.
//!
//! Of kinesis-local what one subscription at a time shows: it loses consumers and records under concurrent calls, leaves closed
//! shards open for ever and knows no take-over. And polling, one test at a time: pages, null iterators with children, closed parents,
//! records of 9 MiB. It keeps to no rates, as ministack does not, and ministack refuses an iterator for a parent that it has dropped,
//! so that only what has been read of one before a reshard is asked of it.
//!
//! Neither has no fan-out; a server before them refuses SubscribeToShard (`no_fan_out`). moto 5.2.5 has none: it answers status 500 to
//! that, which says no more than that it failed, and is not tried here, since its closed shards never end for GetRecords.
//!
//! Run by `.ci/third-party`, which starts the server; plain `cargo test` leaves this out. Nothing here sleeps: what has to take
//! time is waited for by the events that the server sends, an empty one every 5 s.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod consumer;
mod fallback;
mod no_fan_out;
mod polling;
mod port;
mod reading;
mod stream;
