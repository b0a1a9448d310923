//! Reads a SubscribeToShardEvent out of its JSON, in one pass and where it stands: payloads are decoded in place, and records
//! share the buffer. What the frame around it says is not known here.
//!
//! | member | missing, null or `""` |
//! |---|---|
//! | `Records`, `ChildShards`, `ParentShards` | none |
//! | `ContinuationSequenceNumber` | `None`: the shard has ended (null), or a server left it out |
//! | `MillisBehindLatest` | 0; below 0 as well |
//! | `SequenceNumber`, `ShardId` | refused |
//! | `Data` | refused, but `""` is a payload of no bytes |
//! | `HashKeyRange` | all hash keys, as in answers to calls; with one bound only: refused |
//! | `PartitionKey`, `ApproximateArrivalTimestamp` | `None`; but `""` is a key, and no time. Times end with the year 9999 |
//! | `EncryptionType` | `None`; the same for a type that is not known |
//!
//! Members come in any order. Unknown ones are passed over; of one that is there twice the last value counts that is not null, as
//! in the AWS SDK.
//!
//! Source: API reference, SubscribeToShardEvent, Record, ChildShard.

use base64_simd::STANDARD;
use bytes::{Buf, Bytes, BytesMut};

use super::decode_error::DecodeError;
use super::json::{self, Json, members};
use crate::model::{
    ChildShard, EncryptionType, HashKeyRange, KinesisRecord, OwnedPartitionKey, SequenceNumber, ShardId,
    SubscriptionEvent, Timestamp,
};

/// Reads an event.
pub(super) fn read(payload: BytesMut) -> Result<SubscriptionEvent, DecodeError> {
    let json = &mut Json::new(payload);
    let mut event = SubscriptionEvent {
        records: Vec::new(),
        continuation: None,
        millis_behind_latest: 0,
        child_shards: Vec::new(),
    };
    object(json, |json, member| {
        match member {
            EventMember::Records => event.records = records(json)?,
            EventMember::Continuation => event.continuation = continuation(json)?,
            EventMember::MillisBehindLatest => event.millis_behind_latest = millis_behind_latest(json)?,
            EventMember::ChildShards => event.child_shards = list(json, child_shard)?,
        }
        Ok(())
    })?;
    json.end()?;
    Ok(event)
}

members! {
    EventMember {
        Records = "Records",
        Continuation = "ContinuationSequenceNumber",
        MillisBehindLatest = "MillisBehindLatest",
        ChildShards = "ChildShards",
    }
}

members! {
    RecordMember {
        SequenceNumber = "SequenceNumber",
        ApproximateArrival = "ApproximateArrivalTimestamp",
        Data = "Data",
        PartitionKey = "PartitionKey",
        EncryptionType = "EncryptionType",
    }
}

members! {
    ChildMember { ShardId = "ShardId", ParentShards = "ParentShards", HashKeyRange = "HashKeyRange" }
}

members! {
    RangeMember { Start = "StartingHashKey", End = "EndingHashKey" }
}

/// Reads the known members of an object that are not null.
#[inline]
pub(super) fn object<M: json::Member>(
    json: &mut Json,
    mut read: impl FnMut(&mut Json, M) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    json.open(b'{')?;
    let mut first = true;
    while json.more(&mut first, b'}')? {
        match json.name()? {
            _ if json.null()? => {}
            Some(member) => read(json, member)?,
            None => json.skip()?,
        }
    }
    Ok(())
}

pub(super) fn list<T>(
    json: &mut Json,
    mut read: impl FnMut(&mut Json) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut items = Vec::new();
    json.open(b'[')?;
    let mut first = true;
    while json.more(&mut first, b']')? {
        items.push(read(json)?);
    }
    Ok(items)
}

/// The records. Room for all of them is made after the first, as if the rest were as long; what was too much, beyond an eighth,
/// is given back.
pub(super) fn records(json: &mut Json) -> Result<Vec<KinesisRecord>, DecodeError> {
    let mut records = Vec::new();
    json.open(b'[')?;
    let mut first = true;
    let before = json.remaining();
    while json.more(&mut first, b']')? {
        let index = records.len();
        match index {
            0 => records.reserve_exact(1),
            1 => {
                let len = before - json.remaining();
                records.reserve_exact((1 + json.remaining() / len).min(MAX_RESERVED));
            }
            _ => {}
        }
        records.push(KinesisRecord::BLANK);
        fill(&mut records[index], json)?;
    }
    if records.capacity() > records.len() + records.len() / 8 {
        records.shrink_to_fit();
    }
    Ok(records)
}

/// Reads a record into its place.
fn fill(record: &mut KinesisRecord, json: &mut Json) -> Result<(), DecodeError> {
    let (mut has_number, mut has_data) = (false, false);
    object(json, |json, member| {
        match member {
            RecordMember::SequenceNumber => has_number = set_number(&mut record.sequence_number, json)?,
            RecordMember::ApproximateArrival => {
                record.approximate_arrival = Some(timestamp(json)?);
            }
            RecordMember::Data => {
                record.data = payload(json)?;
                has_data = true;
            }
            RecordMember::PartitionKey => set_key(&mut record.partition_key, json)?,
            RecordMember::EncryptionType => record.encryption_type = encryption_type(json)?,
        }
        Ok(())
    })?;
    match (has_number, has_data) {
        (true, true) => Ok(()),
        (false, _) => Err(SEQUENCE_NUMBER.missing()),
        (_, false) => Err(DATA.missing()),
    }
}

pub(super) fn child_shard(json: &mut Json) -> Result<ChildShard, DecodeError> {
    let (mut shard_id, mut parent_shards, mut hash_key_range) = (None, Vec::new(), HashKeyRange::ALL);
    object(json, |json, member| {
        match member {
            ChildMember::ShardId => {
                shard_id = Some(utf8(json, SHARD_ID)?).filter(|id| !id.is_empty()).map(ShardId::from)
            }
            ChildMember::ParentShards => {
                parent_shards = list(json, |json| utf8(json, PARENT_SHARDS).map(ShardId::from))?;
            }
            ChildMember::HashKeyRange => hash_key_range = self::hash_key_range(json)?,
        }
        Ok(())
    })?;
    let shard_id = shard_id.ok_or(SHARD_ID.missing())?;
    Ok(ChildShard { shard_id, parent_shards, hash_key_range })
}

fn hash_key_range(json: &mut Json) -> Result<HashKeyRange, DecodeError> {
    let (mut start, mut end) = (String::new(), String::new());
    object(json, |json, member| {
        let bound = utf8(json, HASH_KEY_RANGE)?.to_owned();
        match member {
            RangeMember::Start => start = bound,
            RangeMember::End => end = bound,
        }
        Ok(())
    })?;
    HashKeyRange::parse(&start, &end).map_err(|_| HASH_KEY_RANGE.invalid())
}

/// Reads a sequence number into its place; "" is none.
#[inline]
fn set_number(number: &mut SequenceNumber, json: &mut Json) -> Result<bool, DecodeError> {
    // What are all digits holds no quote and no backslash.
    if json.text_of::<USUAL_DIGITS>().is_some_and(|text| number.set(text).is_ok()) {
        json.skip_text::<USUAL_DIGITS>();
        return Ok(true);
    }
    let text = json.text()?;
    if text.is_empty() {
        return Ok(false);
    }
    number.set(json.slice(text)).map_err(|_| SEQUENCE_NUMBER.invalid())?;
    Ok(true)
}

/// Reads a partition key into its place. A long one shares the buffer.
#[inline]
fn set_key(key: &mut Option<OwnedPartitionKey>, json: &mut Json) -> Result<(), DecodeError> {
    let text = json.text()?;
    if text.len() > OwnedPartitionKey::INLINE {
        let shared = behind(json.split_to(text.end).freeze(), text.start);
        *key = Some(shared.try_into().map_err(|_| PARTITION_KEY.invalid())?);
    } else {
        let text = std::str::from_utf8(json.slice(text)).map_err(|_| PARTITION_KEY.invalid())?;
        key.insert(OwnedPartitionKey::BLANK).set(text);
    }
    Ok(())
}

fn continuation(json: &mut Json) -> Result<Option<SequenceNumber>, DecodeError> {
    let text = json.text()?;
    if text.is_empty() {
        return Ok(None);
    }
    SequenceNumber::try_from(json.slice(text)).map(Some).map_err(|_| CONTINUATION.invalid())
}

/// A payload, decoded where it stands. The alphabet and the padding are the standard ones, with no bit to spare.
#[inline]
fn payload(json: &mut Json) -> Result<Bytes, DecodeError> {
    let text = json.text()?;
    let mut buffer = json.split_to(text.end);
    let payload = STANDARD.decode_inplace(&mut buffer[text.start..]).map_err(|_| DATA.invalid())?;
    let end = text.start + payload.len();
    buffer.truncate(end);
    Ok(behind(buffer.freeze(), text.start))
}

/// What lies behind the first `start` bytes.
#[inline]
fn behind(mut buffer: Bytes, start: usize) -> Bytes {
    buffer.advance(start);
    buffer
}

fn encryption_type(json: &mut Json) -> Result<Option<EncryptionType>, DecodeError> {
    Ok(match utf8(json, ENCRYPTION_TYPE)? {
        "NONE" => Some(EncryptionType::None),
        "KMS" => Some(EncryptionType::Kms),
        _ => None,
    })
}

/// Seconds, to the nearest millisecond.
#[inline]
fn timestamp(json: &mut Json) -> Result<Timestamp, DecodeError> {
    let millis = json.number()?.scaled(3).filter(|millis| *millis <= LAST_MILLISECOND);
    millis.map(Timestamp::from_millis).ok_or(ARRIVAL.invalid())
}

fn millis_behind_latest(json: &mut Json) -> Result<u64, DecodeError> {
    let millis = json.number()?.integer().ok_or(BEHIND.invalid())?;
    Ok(u64::try_from(millis).unwrap_or(0))
}

pub(super) fn utf8(json: &mut Json, member: Member) -> Result<&str, DecodeError> {
    let text = json.text()?;
    std::str::from_utf8(json.slice(text)).map_err(|_| member.invalid())
}

/// A member of a structure, for errors.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) of: &'static str,
    pub(super) name: &'static str,
}

impl Member {
    fn missing(self) -> DecodeError {
        DecodeError::Missing { of: self.of, member: self.name }
    }

    pub(super) fn invalid(self) -> DecodeError {
        DecodeError::Invalid { of: self.of, member: self.name }
    }
}

/// The end of the year 9999, beyond which no date is written in four digits: a time above it is none.
const LAST_MILLISECOND: u64 = 253_402_300_799_999;
/// The digits of a sequence number of Kinesis.
const USUAL_DIGITS: usize = 56;
/// The most records that room is made for at once, ahead of reading them: those of a full page of GetRecords, as AWS states no
/// number for an event. More only make the list grow.
const MAX_RESERVED: usize = 10_000;

const CONTINUATION: Member = Member { of: "SubscribeToShardEvent", name: "ContinuationSequenceNumber" };
const BEHIND: Member = Member { of: "SubscribeToShardEvent", name: "MillisBehindLatest" };
const SEQUENCE_NUMBER: Member = Member { of: "Record", name: "SequenceNumber" };
const ARRIVAL: Member = Member { of: "Record", name: "ApproximateArrivalTimestamp" };
const DATA: Member = Member { of: "Record", name: "Data" };
const PARTITION_KEY: Member = Member { of: "Record", name: "PartitionKey" };
const ENCRYPTION_TYPE: Member = Member { of: "Record", name: "EncryptionType" };
const SHARD_ID: Member = Member { of: "ChildShard", name: "ShardId" };
const PARENT_SHARDS: Member = Member { of: "ChildShard", name: "ParentShards" };
const HASH_KEY_RANGE: Member = Member { of: "ChildShard", name: "HashKeyRange" };

#[cfg(test)]
mod tests;
