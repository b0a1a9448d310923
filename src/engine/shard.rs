use crate::model::{ChildShard, RecordPosition, SequenceNumber, StartingPosition, Timestamp};

use super::Pin;

/// Where the reading of a shard starts, as lineage hands it to the subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardStart {
    /// With the oldest record: every child shard starts here.
    TrimHorizon,
    /// At the pin that stands for LATEST.
    Pinned(Pin),
    /// At a time that the user gave.
    Timestamp(Timestamp),
    /// After a record that the user has done.
    After(RecordPosition),
}

/// Why a listing is asked what has become of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckCause {
    /// What came last had neither a way on nor children.
    UnclearEnd,
    /// The service refused the position.
    PositionRefused,
    /// The service does not know the shard, or does not know the consumer.
    NotFound,
}

/// What a complete listing says of a shard that somebody asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardStatus {
    /// The shard takes records.
    Open,
    /// The shard takes no more records.
    Closed {
        /// The number that no record of the shard lies above.
        ending_sequence_number: SequenceNumber,
        /// The children that are listed.
        children: Vec<ChildShard>,
    },
    /// The shard is not listed yet: listings may lag behind a reshard. Worth another try.
    Unlisted,
    /// The shard is not listed any more.
    Gone {
        /// The children that are listed.
        children: Vec<ChildShard>,
    },
}

impl ShardStart {
    /// What SubscribeToShard is asked for first.
    pub fn starting_position(&self) -> StartingPosition {
        match self {
            Self::TrimHorizon => StartingPosition::TrimHorizon,
            Self::Pinned(pin) => StartingPosition::AtTimestamp(pin.timestamp()),
            Self::Timestamp(time) => StartingPosition::AtTimestamp(*time),
            Self::After(position) => StartingPosition::AtSequenceNumber(position.sequence_number().clone()),
        }
    }
}
