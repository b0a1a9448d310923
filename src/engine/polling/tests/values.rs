use bytes::Bytes;

use crate::engine::ShardStatus;
use crate::model::{ChildShard, HashKeyRange, KinesisRecord, RecordsPage, Timestamp};

/// What is added to a page: `page([1, 2]).behind(500)`.
pub(super) trait PageBuilder {
    fn behind(self, millis: u64) -> RecordsPage;
    fn last(self) -> RecordsPage;
    fn with_children(self, ids: &[&str]) -> RecordsPage;
    fn of_bytes_each(self, bytes: usize) -> RecordsPage;
}

impl PageBuilder for RecordsPage {
    fn behind(mut self, millis: u64) -> RecordsPage {
        self.millis_behind_latest = millis;
        self
    }

    /// Without a next iterator.
    fn last(mut self) -> RecordsPage {
        self.next_iterator = None;
        self
    }

    fn with_children(mut self, ids: &[&str]) -> RecordsPage {
        self.child_shards = children(ids);
        self.last()
    }

    /// Each record carries so many bytes.
    fn of_bytes_each(mut self, bytes: usize) -> RecordsPage {
        let grown = |record| KinesisRecord { data: vec![0; bytes].into(), ..KinesisRecord::from(record) };
        self.records = self.records.iter().map(grown).collect();
        self
    }
}

/// A page that is caught up, with records of these numbers; the next iterator is named for the last of them.
pub(super) fn page<const N: usize>(numbers: [u128; N]) -> RecordsPage {
    let name = numbers.last().map_or("next".to_string(), |number| format!("next{number}"));
    RecordsPage {
        records: numbers.into_iter().map(record).collect(),
        next_iterator: Some(name),
        millis_behind_latest: 0,
        child_shards: Vec::new(),
    }
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
