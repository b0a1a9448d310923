//! The machines that decide: registration, lineage, and for each shard subscription, polling, and the reader of the two.
//!
//! They know no clock, no I/O, no async and no randomness: `now` and a seed are handed in, and the same inputs give the same
//! outputs. What becomes of their commands is the business of the shell that drives them.
//!
//! ```text
//!         Input (result of a command, event, demand, timeout, shutdown) + now
//!                                   │
//!   Kinesis port <── Command ── [ machine ] ── Event (what the shell and the user learn) ──> consumer
//!                                   │
//!                      Timeout(Option<Instant>, reason)
//! ```
//!
//! **The law: after every input, drain `poll_output` until it answers `Timeout`; then wait for the next input, or call
//! `handle` with `Input::Timeout` once that instant has come.** Commands carry a [`CallId`]; the answer to a call that the
//! machine no longer waits for is dropped, and a subscription that it brings is closed.
//!
//! Machines never import each other, except that `reader` drives `subscription` and `polling`. What they share is here: [`Output`],
//! [`CallId`], [`Backoff`], [`Denial`], [`Pin`], [`Position`], [`Random`], [`ShardStart`], [`ShardStatus`], [`ShardFailure`].
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod backoff;
mod denial;
mod failure;
mod pin;
mod position;
mod random;
mod shard;

pub mod lineage;
pub mod polling;
pub mod reader;
pub mod registration;
pub mod subscription;

use std::time::Instant;

pub use backoff::Backoff;
pub use denial::Denial;
pub use failure::ShardFailure;
pub use pin::Pin;
pub use position::Position;
pub use random::Random;
pub use shard::{CheckCause, ShardStart, ShardStatus};

/// What a machine has to say, one thing at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<Command, Event, Reason> {
    /// Something to be done at the port.
    Command(Command),
    /// Something that the shell or the user learns.
    Event(Event),
    /// Nothing more for now; `Input::Timeout` is due at the instant, for the reason. `None`: nothing is due.
    Timeout(Option<(Instant, Reason)>),
}

/// Ties the answer of a call to the command that asked for it. Unique within a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);
