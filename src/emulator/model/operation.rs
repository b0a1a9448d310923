//! The operations that this Kinesis has.

use std::fmt;

/// An operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "their names are those of the API reference")]
pub enum Operation {
    CreateStream,
    DeleteStream,
    DeregisterStreamConsumer,
    DescribeStreamConsumer,
    DescribeStreamSummary,
    ListShards,
    ListStreamConsumers,
    MergeShards,
    PutRecord,
    PutRecords,
    RegisterStreamConsumer,
    SplitShard,
    SubscribeToShard,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CreateStream,
        Self::DeleteStream,
        Self::DeregisterStreamConsumer,
        Self::DescribeStreamConsumer,
        Self::DescribeStreamSummary,
        Self::ListShards,
        Self::ListStreamConsumers,
        Self::MergeShards,
        Self::PutRecord,
        Self::PutRecords,
        Self::RegisterStreamConsumer,
        Self::SplitShard,
        Self::SubscribeToShard,
    ];

    /// The operation of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.to_string() == name)
    }

    /// Calls per second, as the operation's page of the API reference gives it. SubscribeToShard's goes by consumer and shard.
    pub(super) fn rate(self) -> Option<u32> {
        match self {
            Self::PutRecord | Self::PutRecords | Self::SubscribeToShard => None,
            Self::ListShards => Some(1_000),
            Self::DescribeStreamConsumer | Self::DescribeStreamSummary => Some(20),
            Self::CreateStream
            | Self::DeleteStream
            | Self::DeregisterStreamConsumer
            | Self::ListStreamConsumers
            | Self::MergeShards
            | Self::RegisterStreamConsumer
            | Self::SplitShard => Some(5),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
