use std::time::Duration;

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
            | Self::CallFailed { .. } => {
                tracing::warn!(event = ?self, "kinesis-fanout");
            }
            Self::SubscriptionEnded { cause: EndCause::Failed(_) | EndCause::Barren, .. } => {
                tracing::warn!(event = ?self, "kinesis-fanout");
            }
            Self::Registered { .. } | Self::ShardStarted { .. } | Self::ShardEnded { .. } => {
                tracing::info!(event = ?self, "kinesis-fanout");
            }
            _ => tracing::debug!(event = ?self, "kinesis-fanout"),
        }
    }
}
