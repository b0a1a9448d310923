//! Events and pages as the AWS SDK reads them, and what they mean here.

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::types::{ChildShard, EncryptionType, Record, SubscribeToShardEvent};
use aws_smithy_json::codec::JsonCodec;
use aws_smithy_schema::codec::Codec;
use aws_smithy_types::DateTime;
use bytes::Bytes;
use kinesis_fanout::model::{self, HashKeyRange, KinesisRecord, SubscriptionEvent, Timestamp};
use kinesis_fanout::wire::{DecodeError, FrameReader, Message, raw_event_message, read_page};

/// What the SDK reads, if it is an event for it and each of its values means something.
pub(crate) fn read(json: &[u8]) -> Option<SubscriptionEvent> {
    let codec = JsonCodec::default();
    let mut deserializer = Codec::create_deserializer(&codec, json);
    SubscribeToShardEvent::deserialize(&mut deserializer).ok().and_then(|event| converted(&event))
}

/// What this library reads.
pub(crate) fn ours(json: &[u8]) -> Result<SubscriptionEvent, DecodeError> {
    let mut reader = FrameReader::new();
    reader.push(raw_event_message(json));
    match reader.next_frame().unwrap().unwrap().decode()? {
        Message::Event(event) => Ok(event),
        other => panic!("{other:?}"),
    }
}

/// The same event as values of the model.
pub(crate) fn converted(event: &SubscribeToShardEvent) -> Option<SubscriptionEvent> {
    let continuation = event.continuation_sequence_number.as_str();
    Some(SubscriptionEvent {
        records: event.records.iter().map(record).collect::<Option<_>>()?,
        continuation: if continuation.is_empty() { None } else { Some(continuation.parse().ok()?) },
        millis_behind_latest: event.millis_behind_latest.max(0) as u64,
        child_shards: event.child_shards.iter().flatten().map(child).collect::<Option<_>>()?,
    })
}

/// A page of GetRecords, as an event without a continuation and what the next page is asked for with.
pub(crate) type Page = (SubscriptionEvent, Option<String>);

/// What the SDK reads, if it is a page for it and each of its values means something.
pub(crate) fn page(json: &[u8]) -> Option<Page> {
    let codec = JsonCodec::default();
    let mut deserializer = Codec::create_deserializer(&codec, json);
    GetRecordsOutput::deserialize(&mut deserializer).ok().and_then(|output| converted_page(&output))
}

/// What this library reads.
pub(crate) fn our_page(json: &[u8]) -> Result<Page, DecodeError> {
    let page = read_page(json.to_vec())?;
    let event = SubscriptionEvent {
        records: page.records,
        continuation: None,
        millis_behind_latest: page.millis_behind_latest,
        child_shards: page.child_shards,
    };
    Ok((event, page.next_iterator))
}

/// The same page as values of the model.
pub(crate) fn converted_page(output: &GetRecordsOutput) -> Option<Page> {
    let event = SubscribeToShardEvent::builder().set_records(Some(output.records.clone()));
    let event = event.continuation_sequence_number("").set_child_shards(output.child_shards.clone());
    let event = event.millis_behind_latest(output.millis_behind_latest.unwrap_or(0)).build().ok()?;
    let next = output.next_shard_iterator.clone().filter(|iterator| !iterator.is_empty());
    Some((converted(&event)?, next))
}

/// The nearest millisecond, half up; before the epoch is the epoch. `None` if it does not fit 64 bits.
fn timestamp(time: &DateTime) -> Option<Timestamp> {
    let millis = (time.as_nanos() + 500_000).max(0) / 1_000_000;
    u64::try_from(millis).ok().map(Timestamp::from_millis)
}

fn record(record: &Record) -> Option<KinesisRecord> {
    Some(KinesisRecord {
        sequence_number: record.sequence_number.parse().ok()?,
        partition_key: record.partition_key.as_deref().map(Into::into),
        data: Bytes::copy_from_slice(record.data.as_ref()),
        approximate_arrival: match &record.approximate_arrival_timestamp {
            Some(time) => Some(timestamp(time)?),
            None => None,
        },
        encryption_type: match record.encryption_type {
            Some(EncryptionType::Kms) => Some(model::EncryptionType::Kms),
            Some(EncryptionType::None) => Some(model::EncryptionType::None),
            _ => None,
        },
    })
}

fn child(child: &ChildShard) -> Option<model::ChildShard> {
    let range = child.hash_key_range.as_ref();
    let parse = |range: &aws_sdk_kinesis::types::HashKeyRange| {
        HashKeyRange::parse(&range.starting_hash_key, &range.ending_hash_key).ok()
    };
    Some(model::ChildShard {
        shard_id: Some(child.shard_id.as_str()).filter(|id| !id.is_empty())?.into(),
        parent_shards: child.parent_shards.iter().map(|id| id.as_str().into()).collect(),
        hash_key_range: range.map_or(Some(HashKeyRange::ALL), parse)?,
    })
}
