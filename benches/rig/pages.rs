//! The answers of polling: one page of records, encoded once and given again and again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::Outcome;
use super::events::Shape;

/// A page with the records of this shape, of a shard that is an hour behind.
pub(crate) fn page(shape: Shape) -> Outcome<Bytes> {
    let record = |record: kinesis_fanout::model::KinesisRecord| -> Outcome<Value> {
        let key = record.partition_key.ok_or("a record without a key")?;
        Ok(json!({
            "ApproximateArrivalTimestamp": 1_730_000_000.123,
            "Data": STANDARD.encode(&record.data),
            "PartitionKey": key.as_str(),
            "SequenceNumber": record.sequence_number.to_string(),
        }))
    };
    let records = shape.kinesis_records()?.into_iter().map(record).collect::<Outcome<Vec<_>>>()?;
    let page = json!({
        "MillisBehindLatest": 3_600_000,
        "NextShardIterator": ITERATOR,
        "Records": records,
    });
    Ok(page.to_string().into())
}

/// The answer to GetShardIterator.
pub(crate) fn shard_iterator() -> Value {
    json!({ "ShardIterator": ITERATOR })
}

/// As long as those of the service; the answer is the same whichever is given.
const ITERATOR: &str = "AAAAAAAAAAHSywljv0zEgPX4NyKdZ5wryMzP9yALs8NeKbUjp1IxtZs1Sp+KEd9I6AJ9ZG4lNR1EMi+9Md/nHvtLyxpfhEzYvkTZ4D9DQVz/mBYWRO6OTZRKnW9gd+efGN2aHFdkH1rJl4BL9Wyrk+ghYG22D2T1Da2EyNSH1+LAbK33gQweTJADBdyMwlo5r6PqcP2dzhg=";
