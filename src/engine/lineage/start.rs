use std::collections::BTreeMap;

use crate::engine::{Pin, ShardStart};
use crate::model::{RecordPosition, ShardFilter, ShardId, StartPosition, Timestamp};

/// Where the reading of a stream starts, with LATEST resolved to a pin and nested positions merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageStart {
    /// The last record done in each named shard. A named shard and its descendants are ours, whatever `otherwise` says.
    pub positions: BTreeMap<ShardId, RecordPosition>,
    /// Where to start in shards that are neither named nor descend from a named one.
    pub otherwise: StreamStart,
}

/// Where to start in a stream without saved positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStart {
    /// With the oldest record that the stream still holds.
    TrimHorizon,
    /// With what is written from the pin on (decision 3).
    Latest(Pin),
    /// With the first record that arrived at this time or later.
    AtTimestamp(Timestamp),
}

impl LineageStart {
    /// The start that a user asked for, with this pin for LATEST. In nested `PerShard`s the outer position of a shard wins.
    pub fn resolve(position: &StartPosition, pin: Pin) -> Self {
        match position {
            StartPosition::TrimHorizon => StreamStart::TrimHorizon.into(),
            StartPosition::Latest => StreamStart::Latest(pin).into(),
            StartPosition::AtTimestamp(time) => StreamStart::AtTimestamp((*time).into()).into(),
            StartPosition::PerShard { positions, otherwise } => {
                let mut start = Self::resolve(otherwise, pin);
                let outer = positions.iter();
                start.positions.extend(outer.map(|(shard, position)| (shard.clone(), position.clone())));
                start
            }
        }
    }
}

impl From<StreamStart> for LineageStart {
    fn from(otherwise: StreamStart) -> Self {
        Self { positions: BTreeMap::new(), otherwise }
    }
}

impl StreamStart {
    /// The listing that has the shards to start with.
    pub(super) fn filter(self) -> ShardFilter {
        match self {
            Self::TrimHorizon => ShardFilter::AtTrimHorizon,
            Self::Latest(pin) => ShardFilter::AtTimestamp(pin.timestamp()),
            Self::AtTimestamp(time) => ShardFilter::AtTimestamp(time),
        }
    }
}

impl From<StreamStart> for ShardStart {
    fn from(start: StreamStart) -> Self {
        match start {
            StreamStart::TrimHorizon => Self::TrimHorizon,
            StreamStart::Latest(pin) => Self::Pinned(pin),
            StreamStart::AtTimestamp(time) => Self::Timestamp(time),
        }
    }
}
