use bytes::Bytes;

use crate::engine::ShardStatus;
use crate::model::{ChildShard, HashKeyRange, KinesisRecord, SubscriptionEvent};

/// What is added to an event: `event([1, 2]).continuing(5)`.
pub(super) trait EventBuilder {
    fn continuing(self, number: u128) -> SubscriptionEvent;
    fn with_children(self, ids: &[&str]) -> SubscriptionEvent;
}

impl EventBuilder for SubscriptionEvent {
    fn continuing(mut self, number: u128) -> SubscriptionEvent {
        self.continuation = Some(number.into());
        self
    }

    fn with_children(mut self, ids: &[&str]) -> SubscriptionEvent {
        self.child_shards = children(ids);
        self
    }
}

/// An event with records of these numbers, without a continuation.
pub(super) fn event<const N: usize>(numbers: [u128; N]) -> SubscriptionEvent {
    event_of(&numbers)
}

pub(super) fn event_of(numbers: &[u128]) -> SubscriptionEvent {
    SubscriptionEvent {
        records: numbers.iter().map(|number| record(*number)).collect(),
        continuation: None,
        millis_behind_latest: 0,
        child_shards: Vec::new(),
    }
}

fn record(number: u128) -> KinesisRecord {
    KinesisRecord {
        sequence_number: number.into(),
        partition_key: None,
        data: Bytes::new(),
        approximate_arrival: None,
        encryption_type: None,
    }
}

pub(super) fn children(ids: &[&str]) -> Vec<ChildShard> {
    let child = |id: &&str| ChildShard {
        shard_id: (*id).into(),
        parent_shards: vec!["p".into()],
        hash_key_range: HashKeyRange::ALL,
    };
    ids.iter().map(child).collect()
}

pub(super) fn closed(ending: u128, ids: &[&str]) -> ShardStatus {
    ShardStatus::Closed { ending_sequence_number: ending.into(), children: children(ids) }
}

pub(super) fn gone(ids: &[&str]) -> ShardStatus {
    ShardStatus::Gone { children: children(ids) }
}
