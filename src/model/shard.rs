use super::{HashKeyRange, SequenceNumber, ShardId};

/// A shard as ListShards describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// The shard's id.
    pub shard_id: ShardId,
    /// The shard that this one was split from, or the first of the two it was merged from.
    pub parent_shard_id: Option<ShardId>,
    /// The second of the two shards that this one was merged from.
    pub adjacent_parent_shard_id: Option<ShardId>,
    /// The hash keys that the shard takes.
    pub hash_key_range: HashKeyRange,
    /// The lowest sequence number that the shard can hold.
    pub starting_sequence_number: SequenceNumber,
    /// The highest one; `None` while the shard is open.
    pub ending_sequence_number: Option<SequenceNumber>,
}

impl Shard {
    /// The ids of the shard's parents: none, one (split) or two (merge).
    pub fn parents(&self) -> impl Iterator<Item = &ShardId> {
        self.parent_shard_id.iter().chain(self.adjacent_parent_shard_id.iter())
    }

    /// Whether the shard takes no more records.
    pub fn is_closed(&self) -> bool {
        self.ending_sequence_number.is_some()
    }
}

/// A child shard as the last event of its parent announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildShard {
    /// The child's id.
    pub shard_id: ShardId,
    /// Its parents: one after a split, two after a merge.
    pub parent_shards: Vec<ShardId>,
    /// The hash keys that it takes.
    pub hash_key_range: HashKeyRange,
}
