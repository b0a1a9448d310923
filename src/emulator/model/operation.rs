//! The operations that this Kinesis has.

use std::fmt;

/// An operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "their names are those of the API reference")]
pub enum Operation {
    AddTagsToStream,
    CreateStream,
    DecreaseStreamRetentionPeriod,
    DeleteStream,
    DeregisterStreamConsumer,
    DescribeAccountSettings,
    DescribeLimits,
    DescribeStream,
    DescribeStreamConsumer,
    DescribeStreamSummary,
    DisableEnhancedMonitoring,
    EnableEnhancedMonitoring,
    GetRecords,
    GetShardIterator,
    IncreaseStreamRetentionPeriod,
    ListShards,
    ListStreamConsumers,
    ListStreams,
    ListTagsForResource,
    ListTagsForStream,
    MergeShards,
    PutRecord,
    PutRecords,
    RegisterStreamConsumer,
    RemoveTagsFromStream,
    SplitShard,
    StartStreamEncryption,
    StopStreamEncryption,
    SubscribeToShard,
    TagResource,
    UntagResource,
    UpdateAccountSettings,
    UpdateMaxRecordSize,
    UpdateShardCount,
    UpdateStreamMode,
    UpdateStreamRecordDistributionStrategy,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 36] = [
        Self::AddTagsToStream,
        Self::CreateStream,
        Self::DecreaseStreamRetentionPeriod,
        Self::DeleteStream,
        Self::DeregisterStreamConsumer,
        Self::DescribeAccountSettings,
        Self::DescribeLimits,
        Self::DescribeStream,
        Self::DescribeStreamConsumer,
        Self::DescribeStreamSummary,
        Self::DisableEnhancedMonitoring,
        Self::EnableEnhancedMonitoring,
        Self::GetRecords,
        Self::GetShardIterator,
        Self::IncreaseStreamRetentionPeriod,
        Self::ListShards,
        Self::ListStreamConsumers,
        Self::ListStreams,
        Self::ListTagsForResource,
        Self::ListTagsForStream,
        Self::MergeShards,
        Self::PutRecord,
        Self::PutRecords,
        Self::RegisterStreamConsumer,
        Self::RemoveTagsFromStream,
        Self::SplitShard,
        Self::StartStreamEncryption,
        Self::StopStreamEncryption,
        Self::SubscribeToShard,
        Self::TagResource,
        Self::UntagResource,
        Self::UpdateAccountSettings,
        Self::UpdateMaxRecordSize,
        Self::UpdateShardCount,
        Self::UpdateStreamMode,
        Self::UpdateStreamRecordDistributionStrategy,
    ];

    /// The operation of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.to_string() == name)
    }

    /// Calls per second, as the operation's page of the API reference gives it. SubscribeToShard's goes by consumer and shard.
    pub(super) fn rate(self) -> Option<u32> {
        match self {
            Self::GetRecords
            | Self::GetShardIterator
            | Self::PutRecord
            | Self::PutRecords
            | Self::SubscribeToShard => None,
            Self::ListShards => Some(1_000),
            Self::DescribeStreamConsumer | Self::DescribeStreamSummary => Some(20),
            Self::DescribeStream => Some(10),
            Self::DescribeLimits => Some(1),
            _ => Some(5),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
