//! A SubscribeToShardEvent as JSON 1.1. What the frame around it says is not known here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc32fast::Hasher;

use crate::model::{ChildShard, EncryptionType, KinesisRecord, SequenceNumber, SubscriptionEvent, Timestamp};

/// The event as the service writes it: timestamps as seconds with three decimals, payloads in base64. An absent partition key
/// or encryption type is left out, an absent continuation is `null`, and `ChildShards` is there only if there are any.
pub fn event_payload(event: &SubscriptionEvent) -> Vec<u8> {
    let records: Vec<_> = event.records.iter().map(KinesisRecord::from).collect();
    let mut json = String::with_capacity(records_len(&records) + tail_len(event));
    json.push_str(BEFORE_RECORDS);
    put_list(&mut json, &records, put_record);
    put_tail(&mut json, event);
    json.into_bytes()
}

/// The records of an event as JSON, with their checksum: what is the same for all who read them.
#[derive(Debug, Clone)]
pub struct EncodedRecords {
    pub(super) json: Bytes,
    pub(super) checksum: Hasher,
}

impl EncodedRecords {
    /// Encodes records.
    pub fn new(records: &[KinesisRecord]) -> Self {
        let mut json = String::with_capacity(records_len(records));
        put_list(&mut json, records, put_record);
        let mut bytes = json.into_bytes();
        // What the estimate had too much would be kept as long as the records.
        bytes.shrink_to_fit();
        let mut checksum = Hasher::new();
        checksum.update(&bytes);
        Self { json: bytes.into(), checksum }
    }

    /// The JSON.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The bytes that it holds.
    pub fn size(&self) -> usize {
        self.json.len()
    }
}

/// What comes before the records in an event.
pub(super) const BEFORE_RECORDS: &str = "{\"Records\":";

/// What comes behind the records in an event.
pub(super) fn tail<R>(event: &SubscriptionEvent<R>) -> String {
    let mut json = String::with_capacity(tail_len(event));
    put_tail(&mut json, event);
    json
}

fn put_tail<R>(json: &mut String, event: &SubscriptionEvent<R>) {
    json.push_str(",\"ContinuationSequenceNumber\":");
    put_number(json, event.continuation.as_ref());
    json.push_str(",\"MillisBehindLatest\":");
    json.push_str(&event.millis_behind_latest.to_string());
    if !event.child_shards.is_empty() {
        json.push_str(",\"ChildShards\":");
        put_list(json, &event.child_shards, put_child);
    }
    json.push('}');
}

fn put_record(json: &mut String, record: &KinesisRecord) {
    json.push_str("{\"SequenceNumber\":");
    put_number(json, Some(&record.sequence_number));
    if let Some(arrival) = record.approximate_arrival {
        json.push_str(",\"ApproximateArrivalTimestamp\":");
        put_timestamp(json, arrival);
    }
    json.push_str(",\"Data\":\"");
    STANDARD.encode_string(&record.data, json);
    json.push('"');
    if let Some(key) = &record.partition_key {
        json.push_str(",\"PartitionKey\":");
        put_string(json, key);
    }
    match record.encryption_type {
        Some(EncryptionType::None) => json.push_str(",\"EncryptionType\":\"NONE\""),
        Some(EncryptionType::Kms) => json.push_str(",\"EncryptionType\":\"KMS\""),
        None => {}
    }
    json.push('}');
}

fn put_child(json: &mut String, child: &ChildShard) {
    json.push_str("{\"ShardId\":");
    put_string(json, child.shard_id.as_str());
    json.push_str(",\"ParentShards\":");
    put_list(json, &child.parent_shards, |json, parent| put_string(json, parent.as_str()));
    let range = child.hash_key_range;
    json.push_str(&format!(
        ",\"HashKeyRange\":{{\"StartingHashKey\":\"{}\",\"EndingHashKey\":\"{}\"}}}}",
        range.start(),
        range.end()
    ));
}

fn put_list<T>(json: &mut String, items: &[T], put: impl Fn(&mut String, &T)) {
    json.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        put(json, item);
    }
    json.push(']');
}

fn put_number(json: &mut String, number: Option<&SequenceNumber>) {
    match number {
        Some(number) => {
            json.push('"');
            json.push_str(number.as_str());
            json.push('"');
        }
        None => json.push_str("null"),
    }
}

/// Seconds with three decimals, written from whole milliseconds: exact, where a float would not be.
fn put_timestamp(json: &mut String, timestamp: Timestamp) {
    json.push_str(&timestamp.to_string());
}

/// A JSON string. Only what RFC 8259 §7 demands is escaped; everything else stays UTF-8.
pub(super) fn put_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
}

fn records_len(records: &[KinesisRecord]) -> usize {
    let records = records.iter().map(|record| {
        let key = record.partition_key.as_ref().map_or(0, |key| key.len());
        record.data.len().div_ceil(3) * 4 + key + RECORD_MEMBERS
    });
    records.sum::<usize>() + BEFORE_RECORDS.len()
}

fn tail_len<R>(event: &SubscriptionEvent<R>) -> usize {
    event.child_shards.len() * CHILD_MEMBERS + EVENT_MEMBERS
}

/// Names, quotes, 56 digits and a timestamp, rounded up.
const RECORD_MEMBERS: usize = 224;
const CHILD_MEMBERS: usize = 256;
const EVENT_MEMBERS: usize = 160;
