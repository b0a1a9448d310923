use std::fmt;

use bytes::Bytes;

use super::{ChildShard, OwnedPartitionKey, SequenceNumber, Timestamp};

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

/// One SubscribeToShardEvent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionEvent {
    /// The records, possibly none.
    pub records: Vec<KinesisRecord>,
    /// From where to go on; moves on without records too. `None` (null, absent or empty on the wire) is no position.
    pub continuation: Option<SequenceNumber>,
    /// How far the last record is behind the tip of the stream, in milliseconds.
    pub millis_behind_latest: u64,
    /// The shard's children: not empty only in the last event of a shard.
    pub child_shards: Vec<ChildShard>,
}

impl KinesisRecord {
    /// A record to be filled in where it stands.
    pub(crate) const BLANK: Self = Self {
        sequence_number: SequenceNumber::ZERO,
        partition_key: None,
        data: Bytes::new(),
        approximate_arrival: None,
        encryption_type: None,
    };

    /// What the record weighs in the memory budget: the bytes of its payload and its key, and 192 for the rest of it, the
    /// sequence number included.
    ///
    /// In memory the value takes 160 bytes, in the list of its event up to an eighth more. Its payload is a part of its event's
    /// frame where that was decoded in place, and the frame keeps the size it had on the wire: 4 bytes for 3 of payload.
    pub fn weight(&self) -> usize {
        self.data.len() + self.partition_key.as_ref().map_or(0, |key| key.len()) + RECORD_OVERHEAD
    }
}

impl SubscriptionEvent {
    /// What the event weighs in the memory budget, in bytes.
    pub fn weight(&self) -> usize {
        self.records.iter().map(KinesisRecord::weight).sum()
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

/// The struct (160 bytes, with its sequence number) and an eighth of room in the list that it stands in, rounded up.
const RECORD_OVERHEAD: usize = 192;
