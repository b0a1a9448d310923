use bytes::Bytes;

use crate::engine::ShardStatus;
use crate::model::{
    ChildShard, HashKeyRange, KinesisRecord, Records, RecordsPage, SubscriptionEvent, Timestamp,
};

/// An event with records of these numbers, going on after the last of them or, without records, after 0.
pub(super) fn event<const N: usize>(numbers: [u128; N]) -> SubscriptionEvent {
    SubscriptionEvent {
        records: records(&numbers),
        continuation: Some(numbers.last().copied().unwrap_or_default().into()),
        millis_behind_latest: 0,
        child_shards: Vec::new(),
    }
}

/// What is changed in an event: `event([1, 2]).continuing(5)`.
pub(super) trait EventBuilder {
    fn continuing(self, number: u128) -> SubscriptionEvent;
    fn bare(self) -> SubscriptionEvent;
    fn last(self) -> SubscriptionEvent;
}

impl EventBuilder for SubscriptionEvent {
    fn continuing(mut self, number: u128) -> SubscriptionEvent {
        self.continuation = Some(number.into());
        self
    }

    /// Without a continuation.
    fn bare(mut self) -> SubscriptionEvent {
        self.continuation = None;
        self
    }

    /// With the children `a` and `b`.
    fn last(mut self) -> SubscriptionEvent {
        self.child_shards = children(&["a", "b"]);
        self.bare()
    }
}

/// A page with records of these numbers that is caught up; the next iterator is named for the last of them.
pub(super) fn page<const N: usize>(numbers: [u128; N]) -> RecordsPage {
    RecordsPage {
        records: records(&numbers),
        next_iterator: Some(numbers.last().map_or("next".into(), |number| format!("next{number}"))),
        millis_behind_latest: 0,
        child_shards: Vec::new(),
    }
}

/// The last page of the shard, with the children `a` and `b`.
pub(super) fn last_page<const N: usize>(numbers: [u128; N]) -> RecordsPage {
    RecordsPage { next_iterator: None, child_shards: children(&["a", "b"]), ..page(numbers) }
}

fn records(numbers: &[u128]) -> Records {
    numbers.iter().map(|number| record(*number)).collect()
}

/// Record `n` arrived at second `n`.
fn record(number: u128) -> KinesisRecord {
    KinesisRecord {
        sequence_number: number.into(),
        partition_key: None,
        data: Bytes::new(),
        approximate_arrival: Some(Timestamp::from_millis(1000 * number as u64)),
        encryption_type: None,
    }
}

fn children(ids: &[&str]) -> Vec<ChildShard> {
    let child = |id: &&str| ChildShard {
        shard_id: (*id).into(),
        parent_shards: vec!["p".into()],
        hash_key_range: HashKeyRange::ALL,
    };
    ids.iter().map(child).collect()
}

pub(super) fn closed(ending: u128) -> ShardStatus {
    ShardStatus::Closed { ending_sequence_number: ending.into(), children: children(&["a", "b"]) }
}

pub(super) fn gone() -> ShardStatus {
    ShardStatus::Gone { children: children(&["a", "b"]) }
}
