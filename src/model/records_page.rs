use super::{ChildShard, KinesisRecordRef, Records};

/// What GetRecords answers: a page of the records of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordsPage {
    /// The records, oldest first; possibly none, also where more follow.
    pub records: Records,
    /// What the next page is asked for with. `None` (null, absent or empty on the wire): the shard has ended.
    pub next_iterator: Option<String>,
    /// How far the page is behind the tip of the shard, in milliseconds; 0: caught up.
    pub millis_behind_latest: u64,
    /// The shard's children: not empty only in the last page of a shard, and not with every server.
    pub child_shards: Vec<ChildShard>,
}

impl RecordsPage {
    /// What the page weighs in the memory budget, in bytes.
    pub fn weight(&self) -> usize {
        self.records.weight()
    }

    /// The bytes of the payloads and keys: what the service counts against the 2 MiB a second of a shard.
    pub fn payload_bytes(&self) -> usize {
        let bytes =
            |record: KinesisRecordRef<'_>| record.data().len() + record.partition_key().map_or(0, str::len);
        self.records.iter().map(bytes).sum()
    }
}
