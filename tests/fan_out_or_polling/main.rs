//! The page "fan-out or polling", held against the library: its policies and its figures.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod figures;
mod policies;

use kinesis_fanout::Consumer;
use kinesis_fanout::consumer::ConsumerBuilder;
use kinesis_fanout::emulator::LocalKinesis;

const PAGE: &str = include_str!("../../docs/fan-out-or-polling.md");

const STREAM: &str = "orders";

/// A consumer by fan-out, with reproducible jitter.
fn fan_out(kinesis: &LocalKinesis) -> ConsumerBuilder {
    Consumer::builder(kinesis, STREAM).fan_out("billing").seed(7)
}
