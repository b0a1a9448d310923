//! The consumer as users see it: a builder, a stream of records, a handle.
//!
//! This room is the tokio shell around the machines of [`engine`](crate::engine). It holds tasks, channels and memory; it
//! decides nothing about shards or subscriptions.
//!
//! ```text
//!  build ──> coordinator task: registration and lineage machines, one for the consumer
//!               │ starts                           ^ check, handed over, failed
//!               v                                  │
//!            shard tasks: a reader machine each ── events, pages with their room ──> RecordStream ── records ──> user
//!               ^                                                                       │
//!               └───────────── room in the budget, last record handed over ─────────────┘
//! ```

mod budget;
mod builder;
mod call;
mod coordinator;
mod delivery;
mod event;
mod event_log;
mod failure;
mod fallback;
mod fan_out;
mod handle;
mod lag;
mod merge;
mod polled;
mod rate;
mod rooms;
mod shard_task;
mod shared;
mod start;
mod stream;
mod unpack;

pub use crate::engine::reader::{ChangeCause, DeliveryMode};
pub use crate::engine::subscription::EndCause;
pub use crate::model::{Failure, FailureClass};
pub use builder::ConsumerBuilder;
pub use event::ConsumerEvent;
pub use event_log::Events;
pub use fallback::Fallback;
pub use handle::ConsumerHandle;
pub use lag::ShardLag;
pub use rate::SubscribeRate;
pub use stream::RecordStream;
pub use unpack::OnMalformed;

use std::time::Instant;

use crate::kinesis::KinesisPort;
use shared::Shared;

/// A consumer of one stream: registered, reading, and holding what it reads until its stream is polled.
///
/// Dropping it, or the stream made of it, ends it.
#[derive(Debug)]
pub struct Consumer {
    records: RecordStream,
    shared: Shared,
}

impl Consumer {
    /// Configures a consumer of this stream (name or ARN). `kinesis` is a `&aws_sdk_kinesis::Client`, whose region, credentials,
    /// endpoint and HTTP client are used as they are, or any other [`KinesisPort`].
    pub fn builder(kinesis: impl Into<KinesisPort>, stream: impl Into<String>) -> ConsumerBuilder {
        ConsumerBuilder::new(kinesis.into(), stream.into())
    }

    /// A handle to watch and end the consumer with.
    pub fn handle(&self) -> ConsumerHandle {
        ConsumerHandle::new(self.shared.clone())
    }

    /// The records.
    pub fn into_stream(self) -> RecordStream {
        self.records
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
