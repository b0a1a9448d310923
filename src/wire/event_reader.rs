//! Reads a SubscribeToShardEvent out of its JSON, in one pass and where it stands: payloads are decoded in place, and records
//! are places in the buffer. What the frame around it says is not known here.
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

use std::ops::Range;

use base64_simd::STANDARD;
use bytes::BytesMut;

use super::decode_error::DecodeError;
use super::json::{self, Json, members};
use crate::model::{
    ChildShard, EncryptionType, HashKeyRange, RecordSpans, Records, SequenceNumber, ShardId, Span,
    SubscriptionEvent, Timestamp,
};

/// Reads an event.
pub(super) fn read(mut payload: BytesMut) -> Result<SubscriptionEvent, DecodeError> {
    let SubscriptionEvent { records, continuation, millis_behind_latest, child_shards } =
        members(&mut Json::new(&mut payload))?;
    let records = Records::new(payload.freeze(), records);
    Ok(SubscriptionEvent { records, continuation, millis_behind_latest, child_shards })
}

/// Reads the members of an event.
fn members(json: &mut Json) -> Result<SubscriptionEvent<Vec<RecordSpans>>, DecodeError> {
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
pub(super) fn records(json: &mut Json) -> Result<Vec<RecordSpans>, DecodeError> {
    let mut records = Vec::new();
    json.open(b'[')?;
    let mut first = true;
    let before = json.remaining();
    while json.more(&mut first, b']')? {
        match records.len() {
            0 => records.reserve_exact(1),
            1 => {
                let len = before - json.remaining();
                records.reserve_exact((1 + json.remaining() / len).min(MAX_RESERVED));
            }
            _ => {}
        }
        records.push(record(json)?);
    }
    if records.capacity() > records.len() + records.len() / 8 {
        records.shrink_to_fit();
    }
    Ok(records)
}

fn record(json: &mut Json) -> Result<RecordSpans, DecodeError> {
    let mut record = RecordSpans::default();
    let (mut has_number, mut has_data) = (false, false);
    object(json, |json, member| {
        match member {
            RecordMember::SequenceNumber => {
                record.sequence_number = sequence_number(json)?;
                has_number = !record.sequence_number.is_empty();
            }
            RecordMember::ApproximateArrival => record.approximate_arrival = Some(timestamp(json)?),
            RecordMember::Data => {
                record.data = payload(json)?;
                has_data = true;
            }
            RecordMember::PartitionKey => record.partition_key = Some(partition_key(json)?),
            RecordMember::EncryptionType => record.encryption_type = encryption_type(json)?,
        }
        Ok(())
    })?;
    match (has_number, has_data) {
        (true, true) => Ok(record),
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

/// Where a sequence number lies; "" is none.
#[inline]
fn sequence_number(json: &mut Json) -> Result<Span, DecodeError> {
    // What are all digits holds no quote and no backslash.
    if json.text_of::<USUAL_DIGITS>().is_some_and(|text| SequenceNumber::is_number(text)) {
        return Ok(span(json.skip_text::<USUAL_DIGITS>()));
    }
    let text = json.text()?;
    if !text.is_empty() && !SequenceNumber::is_number(json.slice(text.clone())) {
        return Err(SEQUENCE_NUMBER.invalid());
    }
    Ok(span(text))
}

#[inline]
fn partition_key(json: &mut Json) -> Result<Span, DecodeError> {
    let text = json.text()?;
    match std::str::from_utf8(json.slice(text.clone())) {
        Ok(_) => Ok(span(text)),
        Err(_) => Err(PARTITION_KEY.invalid()),
    }
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
fn payload(json: &mut Json) -> Result<Span, DecodeError> {
    let text = json.text()?;
    let start = text.start;
    let payload = STANDARD.decode_inplace(json.slice_mut(text)).map_err(|_| DATA.invalid())?;
    Ok(span(start..start + payload.len()))
}

/// A place in the buffer of an event, whose size the bounds of frames and pages keep far below 4 GiB.
#[inline]
fn span(range: Range<usize>) -> Span {
    range.start as u32..range.end as u32
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

pub(super) fn utf8<'a>(json: &'a mut Json, member: Member) -> Result<&'a str, DecodeError> {
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
