use std::collections::HashMap;
use std::time::SystemTime;

use super::{RecordPosition, SequenceNumber, ShardId, Timestamp};

/// Where a consumer starts to read its stream.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum StartPosition {
    /// With the oldest record that the stream still holds. The default: it cannot miss a record.
    #[default]
    TrimHorizon,
    /// With what is written from now on. "Now" is taken once, from the service's own clock, when the consumer is built, and
    /// kept for every retry: no record written after `build` returned is missed; a few written just before may be delivered.
    Latest,
    /// With the first record that arrived at this time or later (millisecond precision). Older than the oldest record is the
    /// same as [`TrimHorizon`](Self::TrimHorizon).
    AtTimestamp(SystemTime),
    /// After the given position in each of these shards, and at `otherwise` in all others. Descendants of a named shard are
    /// read from their beginning.
    PerShard {
        /// The last record done in each shard. Reading goes on with the record after it, inside the same aggregate if need be.
        positions: HashMap<ShardId, RecordPosition>,
        /// Where to start in shards that are neither named nor descend from a named one.
        otherwise: Box<StartPosition>,
    },
}

/// Where a subscription starts to read its shard: the StartingPosition of SubscribeToShard.
///
/// LATEST has no place here: a subscription that is tried again would skip what came in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record of the shard.
    TrimHorizon,
    /// With the first record that arrived at this time or later.
    AtTimestamp(Timestamp),
    /// With the record of this sequence number.
    AtSequenceNumber(SequenceNumber),
    /// With the record after this sequence number.
    AfterSequenceNumber(SequenceNumber),
}

/// Which shards ListShards is asked for: its ShardFilter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardFilter {
    /// All shards that have not expired: no filter.
    All,
    /// The shards that were open at the trim horizon.
    AtTrimHorizon,
    /// The shards that are open now.
    AtLatest,
    /// The shards that were open at this time.
    AtTimestamp(Timestamp),
}
