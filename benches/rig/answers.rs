//! What the server answers to the calls that a consumer makes before it reads. As little as will do: one stream, its shards
//! all open, one registered consumer, ACTIVE.

use serde_json::{Value, json};

use super::pages;

/// The answer to this operation, about a stream of these shards; `None`: the operation is not known here.
pub(crate) fn answer(operation: &str, shard_ids: &[String]) -> Option<Value> {
    Some(match operation {
        "ListShards" => json!({ "Shards": shards(shard_ids) }),
        "DescribeStreamSummary" => json!({ "StreamDescriptionSummary": {
            "StreamName": "bench",
            "StreamARN": STREAM_ARN,
            "StreamStatus": "ACTIVE",
            "RetentionPeriodHours": 24,
            "StreamCreationTimestamp": 1_730_000_000,
            "EnhancedMonitoring": [],
            "OpenShardCount": shard_ids.len(),
        }}),
        "GetShardIterator" => pages::shard_iterator(),
        "RegisterStreamConsumer" => json!({ "Consumer": consumer() }),
        "DescribeStreamConsumer" => {
            let mut consumer = consumer();
            consumer["StreamARN"] = STREAM_ARN.into();
            json!({ "ConsumerDescription": consumer })
        }
        _ => return None,
    })
}

fn consumer() -> Value {
    json!({
        "ConsumerName": "bench",
        "ConsumerARN": CONSUMER_ARN,
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": 1_730_000_000,
    })
}

/// The shards in equal parts of the hash keys.
fn shards(shard_ids: &[String]) -> Vec<Value> {
    let part = u128::MAX / shard_ids.len().max(1) as u128;
    let shard = |(number, shard_id): (usize, &String)| {
        let start = part * number as u128;
        let end = if number + 1 == shard_ids.len() { u128::MAX } else { start + part - 1 };
        json!({
            "ShardId": shard_id,
            "HashKeyRange": { "StartingHashKey": start.to_string(), "EndingHashKey": end.to_string() },
            "SequenceNumberRange": { "StartingSequenceNumber": "49000000000000000000000000000000000000000000000000000000" },
        })
    };
    shard_ids.iter().enumerate().map(shard).collect()
}

pub(crate) const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/bench";
pub(crate) const CONSUMER_ARN: &str =
    "arn:aws:kinesis:us-east-1:000000000000:stream/bench/consumer/bench:1730000000";
