use std::time::Duration;

use crate::engine::reader::{ChangeCause, DeliveryMode};
use crate::engine::subscription::EndCause;
use crate::kpl::MalformedAggregate;
use crate::model::{Failure, SequenceNumber, ShardId};

/// Something that happened inside a consumer and that a person may want to see, count or be woken by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsumerEvent {
    /// The registered consumer is ACTIVE: at the start, and again if it was deleted and registered anew.
    Registered {
        /// Its ARN.
        consumer_arn: String,
    },
    /// The reading of a shard begins: one of the shards of the start, or a child whose parents have been handed over.
    ShardStarted {
        /// The shard.
        shard_id: ShardId,
        /// Its parents among the shards that this consumer reads; none for a shard of the start.
        parents: Vec<ShardId>,
    },
    /// A subscription delivered its first event.
    Subscribed {
        /// The shard.
        shard_id: ShardId,
    },
    /// A subscription ended by its time, and the one after it delivered its first event: every 5 minutes.
    Renewed {
        /// The shard.
        shard_id: ShardId,
    },
    /// A subscription, or an attempt at one, ended for a reason that has no event of its own here.
    SubscriptionEnded {
        /// The shard.
        shard_id: ShardId,
        /// Why.
        cause: EndCause,
        /// When the next attempt follows; `None`: after a look at the list of shards, or when there is room for events.
        retry_in: Option<Duration>,
    },
    /// A subscription delivered nothing, not even the empty events of an idle shard, and was given up. It is taken anew.
    Silent {
        /// The shard.
        shard_id: ShardId,
        /// For how long nothing came while it was being read.
        after: Duration,
    },
    /// Somebody else uses the same registered consumer, and took the shard over. Each then gets its records in bursts: give
    /// every application a registered consumer of its own.
    Contended {
        /// The shard.
        shard_id: ShardId,
        /// When the shard is taken back.
        retry_in: Duration,
    },
    /// The user of the stream left no room for so long that a subscription was given up. It is taken anew when there is room.
    Blocked {
        /// The shard.
        shard_id: ShardId,
        /// For how long there was no room.
        after: Duration,
    },
    /// An aggregated record has the right checksum and cannot be read: the producer is broken. Passed on as it is, or an error,
    /// as configured.
    MalformedAggregate {
        /// The shard.
        shard_id: ShardId,
        /// The record.
        sequence_number: SequenceNumber,
        /// What is wrong with it.
        reason: MalformedAggregate,
    },
    /// Another of fan-out and polling serves the shard from here on: see [`Fallback`](super::Fallback).
    DeliveryChanged {
        /// The shard.
        shard_id: ShardId,
        /// How its records were delivered.
        from: DeliveryMode,
        /// How they are delivered now.
        to: DeliveryMode,
        /// Why.
        cause: ChangeCause,
    },
    /// Fan-out was tried again for a shard that is polled, and did not work. Polling goes on.
    ProbeFailed {
        /// The shard.
        shard_id: ShardId,
        /// Why the attempt ended.
        cause: EndCause,
        /// When the next one follows; `None`: when there is a registered consumer again, or where `probe_every` is longer than a clock
        /// can count.
        next_in: Option<Duration>,
    },
    /// There is no registered consumer to subscribe with: shards without a subscription are polled. It is tried again;
    /// [`Registered`](Self::Registered) follows when there is one.
    FanOutUnavailable {
        /// Why.
        reason: String,
    },
    /// The limits of a polled shard are used up, 5 calls and 2 MiB a second, which all who poll it share.
    Throttled {
        /// The shard.
        shard_id: ShardId,
        /// When the next call follows.
        retry_in: Duration,
    },
    /// The iterator of a polled shard was older than 5 minutes, as it is behind a user who was away for so long. Another one is asked
    /// for, after the last record.
    IteratorExpired {
        /// The shard.
        shard_id: ShardId,
    },
    /// A call for a polled shard failed. It is tried again.
    PollFailed {
        /// The shard.
        shard_id: ShardId,
        /// How.
        failure: Failure,
        /// When the next call follows; `None`: after a look at the list of shards.
        retry_in: Option<Duration>,
    },
    /// All records of a shard have been handed over, and there will be no more.
    ShardEnded {
        /// The shard.
        shard_id: ShardId,
        /// Its child shards.
        children: Vec<ShardId>,
    },
    /// A call for the consumer as a whole failed: it lists shards, or looks after the registered consumer. It is tried again where that
    /// can help; a shard whose end or whose consumer is in question waits for it.
    CallFailed {
        /// The operation of the Kinesis API.
        operation: &'static str,
        /// How.
        failure: Failure,
    },
    /// This reader was too slow and missed events.
    Missed {
        /// How many.
        events: u64,
    },
}

impl ConsumerEvent {
    /// Writes the event to the log: what somebody should look at as a warning, the rest for debugging.
    pub(super) fn log(&self) {
        match self {
            Self::Silent { .. }
            | Self::Contended { .. }
            | Self::MalformedAggregate { .. }
            | Self::DeliveryChanged { to: DeliveryMode::Polling, .. }
            | Self::FanOutUnavailable { .. }
            | Self::ProbeFailed { .. }
            | Self::PollFailed { .. }
            | Self::CallFailed { .. } => {
                tracing::warn!(event = ?self, "kinesis-fanout");
            }
            Self::SubscriptionEnded { cause: EndCause::Failed(_) | EndCause::Barren, .. } => {
                tracing::warn!(event = ?self, "kinesis-fanout");
            }
            Self::Registered { .. }
            | Self::DeliveryChanged { .. }
            | Self::ShardStarted { .. }
            | Self::ShardEnded { .. } => {
                tracing::info!(event = ?self, "kinesis-fanout");
            }
            _ => tracing::debug!(event = ?self, "kinesis-fanout"),
        }
    }
}
