use std::fmt;

use bytes::Bytes;

use super::{ChildShard, OwnedPartitionKey, Records, SequenceNumber, Timestamp};

/// A record as Kinesis holds it: a plain record of a user, or an aggregate of many.
#[derive(Clone, PartialEq, Eq)]
pub struct KinesisRecord {
    /// The record's number in its shard.
    pub sequence_number: SequenceNumber,
    /// The partition key of the put; absent on streams with AUTO record distribution.
    pub partition_key: Option<OwnedPartitionKey>,
    /// The payload.
    pub data: Bytes,
    /// When the service took the record, to the millisecond.
    pub approximate_arrival: Option<Timestamp>,
    /// How the service stores the record; absent when it is not encrypted.
    pub encryption_type: Option<EncryptionType>,
}

/// How the service stores a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncryptionType {
    /// Not encrypted.
    None,
    /// Encrypted at rest with a KMS key.
    Kms,
}

/// One SubscribeToShardEvent. `R` is how its records are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionEvent<R = Records> {
    /// The records, possibly none.
    pub records: R,
    /// From where to go on; moves on without records too. `None` (null, absent or empty on the wire) is no position.
    pub continuation: Option<SequenceNumber>,
    /// How far the last record is behind the tip of the stream, in milliseconds.
    pub millis_behind_latest: u64,
    /// The shard's children: not empty only in the last event of a shard.
    pub child_shards: Vec<ChildShard>,
}

impl SubscriptionEvent {
    /// What the event weighs in the memory budget, in bytes.
    pub fn weight(&self) -> usize {
        self.records.weight()
    }
}

impl From<SubscriptionEvent<Vec<KinesisRecord>>> for SubscriptionEvent {
    /// The event with its records in one buffer.
    fn from(event: SubscriptionEvent<Vec<KinesisRecord>>) -> Self {
        Self {
            records: event.records.into(),
            continuation: event.continuation,
            millis_behind_latest: event.millis_behind_latest,
            child_shards: event.child_shards,
        }
    }
}

impl fmt::Debug for KinesisRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KinesisRecord")
            .field("sequence_number", &self.sequence_number)
            .field("data_len", &self.data.len())
            .finish_non_exhaustive()
    }
}
