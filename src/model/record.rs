use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::{
    EncryptionType, KinesisRecord, KinesisRecordRef, RecordPosition, Records, SequenceNumber, ShardId,
};

/// A user record: what a producer put, whether it travelled plain or inside a KPL aggregate.
///
/// Owned, `Send + 'static` and cheap: one reference count on the event that it came with, and no allocation of its own. So a
/// record that is kept keeps the whole event in memory (up to about 1 MiB, or one large record); keep
/// `Bytes::copy_from_slice(record.data())` instead when it has to stay for long.
///
/// `Debug` never prints the payload.
#[derive(Clone)]
pub struct Record {
    block: Arc<EventBlock>,
    index: u32,
    user: Option<UserRecordSpans>,
}

/// The partition key of a user record. Producers of aggregates are not held to UTF-8, so a key is bytes with two views.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey<'a>(&'a [u8]);

/// What the records of one event share.
pub struct EventBlock {
    /// The stream's name.
    pub stream: Arc<str>,
    /// The shard that the event came from.
    pub shard_id: ShardId,
    /// How far the event was behind the tip of the stream, in milliseconds.
    pub millis_behind_latest: u64,
    /// The records as Kinesis holds them.
    pub records: Records,
}

/// A part of a payload, as offsets of its bytes.
pub type Span = Range<u32>;

/// Where the parts of a user record lie in the payload of the aggregate that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecordSpans {
    /// The partition key.
    pub partition_key: Span,
    /// The explicit hash key, where the record carries one.
    pub explicit_hash_key: Option<Span>,
    /// The payload.
    pub data: Span,
    /// The index in the aggregate.
    pub sub_sequence_number: u64,
}

/// Builds a [`Record`] for a test of code that takes records.
///
/// ```
/// use kinesis_fanout::Record;
///
/// let record = Record::builder().sequence_number(17).partition_key("customer-4").data("{}").build();
/// assert_eq!(record.data(), b"{}");
/// assert_eq!(record.sequence_number().as_str(), "17");
/// ```
#[derive(Debug, Clone)]
pub struct RecordBuilder {
    stream: Arc<str>,
    shard_id: ShardId,
    millis_behind_latest: u64,
    record: KinesisRecord,
    explicit_hash_key: Option<String>,
    sub_sequence_number: Option<u64>,
}

impl Record {
    /// The record at `index` of the event; with `user`, the user record at those spans of its payload.
    ///
    /// The index and the spans must lie within the block: spans come from a parse of that very payload.
    #[doc(hidden)]
    #[inline]
    pub fn of_block(block: Arc<EventBlock>, index: u32, user: Option<UserRecordSpans>) -> Self {
        Self { block, index, user }
    }

    /// A builder for tests, with a plausible value for everything.
    pub fn builder() -> RecordBuilder {
        RecordBuilder {
            stream: "stream".into(),
            shard_id: "shardId-000000000000".into(),
            millis_behind_latest: 0,
            record: KinesisRecord {
                sequence_number: 1.into(),
                partition_key: None,
                data: Bytes::new(),
                approximate_arrival: None,
                encryption_type: None,
            },
            explicit_hash_key: None,
            sub_sequence_number: None,
        }
    }

    /// The name of the stream.
    pub fn stream(&self) -> &str {
        &self.block.stream
    }

    /// The shard that the record was read from.
    pub fn shard_id(&self) -> &ShardId {
        &self.block.shard_id
    }

    /// The sequence number of the Kinesis record: all user records of an aggregate share one. Made on each call, without an
    /// allocation.
    pub fn sequence_number(&self) -> SequenceNumber {
        self.kinesis_record().sequence_number()
    }

    /// The index in the aggregate that carried the record, counted from 0 on the wire; `None` for a plain record.
    pub fn sub_sequence_number(&self) -> Option<u64> {
        self.user.as_ref().map(|user| user.sub_sequence_number)
    }

    /// The partition key: that of the user record, or that of the put for a plain one. Absent on plain records of streams with
    /// AUTO record distribution.
    pub fn partition_key(&self) -> Option<PartitionKey<'_>> {
        match &self.user {
            Some(user) => Some(PartitionKey(self.slice(&user.partition_key))),
            None => self.kinesis_record().partition_key_bytes().map(PartitionKey),
        }
    }

    /// The explicit hash key, as the producer wrote it: decimal digits from any decent producer, yet not checked. Kinesis does
    /// not hand it out for plain records, so only user records of aggregates can have one.
    pub fn explicit_hash_key(&self) -> Option<&[u8]> {
        self.user.as_ref()?.explicit_hash_key.as_ref().map(|span| self.slice(span))
    }

    /// The payload.
    #[inline]
    pub fn data(&self) -> &[u8] {
        match &self.user {
            Some(user) => self.slice(&user.data),
            None => self.kinesis_record().data(),
        }
    }

    /// The payload without a copy. It keeps the buffer of its event alive for as long as it lives:
    /// `Bytes::copy_from_slice(record.data())` is the way to a small value that stays.
    pub fn data_bytes(&self) -> Bytes {
        let whole = self.kinesis_record().data_bytes();
        match &self.user {
            Some(user) => whole.slice(user.data.start as usize..user.data.end as usize),
            None => whole,
        }
    }

    /// When the service took the Kinesis record, exact to the millisecond as the service tells it. Absent if it did not.
    pub fn approximate_arrival(&self) -> Option<SystemTime> {
        self.kinesis_record().approximate_arrival().map(SystemTime::from)
    }

    /// How the service stores the record; absent when it is not encrypted.
    pub fn encryption_type(&self) -> Option<EncryptionType> {
        self.kinesis_record().encryption_type()
    }

    /// How far the event that brought the record was behind the tip of the stream, in milliseconds. 0: caught up.
    pub fn millis_behind_latest(&self) -> u64 {
        self.block.millis_behind_latest
    }

    /// Where the record stands in its shard: an ordered key that can be stored beside a user's own data, and given to
    /// [`StartPosition::PerShard`](crate::StartPosition::PerShard) to go on after it.
    pub fn position(&self) -> RecordPosition {
        let sequence_number = self.sequence_number();
        match self.sub_sequence_number() {
            Some(sub) => RecordPosition::within_aggregate(sequence_number, sub),
            None => RecordPosition::new(sequence_number),
        }
    }

    #[inline]
    fn kinesis_record(&self) -> KinesisRecordRef<'_> {
        self.block.records.at(self.index as usize)
    }

    #[inline]
    fn slice(&self, span: &Span) -> &[u8] {
        &self.kinesis_record().data()[span.start as usize..span.end as usize]
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("stream", &self.stream())
            .field("shard_id", self.shard_id())
            .field("sequence_number", &self.sequence_number())
            .field("sub_sequence_number", &self.sub_sequence_number())
            .field("data_len", &self.data().len())
            .finish_non_exhaustive()
    }
}

impl<'a> PartitionKey<'a> {
    /// The key as it came.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The key as text; `None` if it is not UTF-8.
    pub fn as_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// The key as text, with U+FFFD for what is not UTF-8.
    pub fn to_string_lossy(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}

impl fmt::Display for PartitionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for PartitionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

impl fmt::Debug for EventBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBlock")
            .field("shard_id", &self.shard_id)
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

impl RecordBuilder {
    /// The stream's name. Default: "stream".
    pub fn stream(mut self, stream: &str) -> Self {
        self.stream = stream.into();
        self
    }

    /// The shard. Default: "shardId-000000000000".
    pub fn shard_id(mut self, shard_id: impl Into<ShardId>) -> Self {
        self.shard_id = shard_id.into();
        self
    }

    /// The sequence number. Default: 1.
    pub fn sequence_number(mut self, sequence_number: impl Into<SequenceNumber>) -> Self {
        self.record.sequence_number = sequence_number.into();
        self
    }

    /// Makes the record one of an aggregate, with this index. Default: a plain record.
    pub fn sub_sequence_number(mut self, sub_sequence_number: u64) -> Self {
        self.sub_sequence_number = Some(sub_sequence_number);
        self
    }

    /// The partition key. Default: none; a record of an aggregate always has one, "" if none is given.
    pub fn partition_key(mut self, partition_key: impl Into<String>) -> Self {
        self.record.partition_key = Some(partition_key.into().into());
        self
    }

    /// The explicit hash key, which makes the record one of an aggregate (with index 0 if none is given). Default: none.
    pub fn explicit_hash_key(mut self, explicit_hash_key: impl Into<String>) -> Self {
        self.explicit_hash_key = Some(explicit_hash_key.into());
        self
    }

    /// The payload. Default: empty.
    pub fn data(mut self, data: impl Into<Bytes>) -> Self {
        self.record.data = data.into();
        self
    }

    /// The time of arrival, cut to milliseconds. Default: none.
    pub fn approximate_arrival(mut self, time: SystemTime) -> Self {
        self.record.approximate_arrival = Some(time.into());
        self
    }

    /// The encryption type. Default: none.
    pub fn encryption_type(mut self, encryption_type: EncryptionType) -> Self {
        self.record.encryption_type = Some(encryption_type);
        self
    }

    /// How far behind the tip of the stream, in milliseconds. Default: 0.
    pub fn millis_behind_latest(mut self, millis: u64) -> Self {
        self.millis_behind_latest = millis;
        self
    }

    /// The record.
    pub fn build(mut self) -> Record {
        let sub = self.sub_sequence_number.or(self.explicit_hash_key.as_ref().map(|_| 0));
        let user = sub.map(|sub| self.lay_out(sub));
        let block = EventBlock {
            stream: self.stream,
            shard_id: self.shard_id,
            millis_behind_latest: self.millis_behind_latest,
            records: Records::from_iter([&self.record]),
        };
        Record::of_block(Arc::new(block), 0, user)
    }

    /// Puts key, explicit hash key and payload into one buffer, as an aggregate has them.
    fn lay_out(&mut self, sub_sequence_number: u64) -> UserRecordSpans {
        let mut buffer = Vec::new();
        let mut put = |part: &[u8]| {
            let start = buffer.len() as u32;
            buffer.extend_from_slice(part);
            start..buffer.len() as u32
        };
        let partition_key = put(self.record.partition_key.as_deref().unwrap_or("").as_bytes());
        let explicit_hash_key = self.explicit_hash_key.as_ref().map(|key| put(key.as_bytes()));
        let data = put(&self.record.data);
        self.record.data = buffer.into();
        UserRecordSpans { partition_key, explicit_hash_key, data, sub_sequence_number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_record_shows_the_kinesis_record() {
        let record = Record::builder().sequence_number(9).partition_key("k").data("payload").build();
        assert_eq!(record.data(), b"payload");
        assert_eq!(record.data_bytes(), "payload");
        assert_eq!(record.partition_key().unwrap().as_str(), Some("k"));
        assert_eq!((record.sub_sequence_number(), record.explicit_hash_key()), (None, None));
        assert_eq!(record.position(), RecordPosition::new(9.into()));
    }

    #[test]
    fn a_user_record_shows_its_part_of_the_aggregate() {
        let record = Record::builder()
            .sub_sequence_number(3)
            .partition_key("clé")
            .explicit_hash_key("42")
            .data("x")
            .build();
        assert_eq!(record.data(), b"x");
        assert_eq!(record.data_bytes(), "x");
        assert_eq!(record.partition_key().unwrap().to_string(), "clé");
        assert_eq!(record.explicit_hash_key(), Some(&b"42"[..]));
        assert_eq!(record.position(), RecordPosition::within_aggregate(1.into(), 3));
    }

    #[test]
    fn debug_never_prints_the_payload() {
        let record = Record::builder().partition_key("secret-key").data("secret").build();
        assert!(!format!("{record:?}").contains("secret"));
        assert!(!format!("{:?}", record.kinesis_record()).contains("secret"));
    }
}
