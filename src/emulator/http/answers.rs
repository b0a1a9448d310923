//! Answers in JSON 1.1.

use serde_json::{Map, Value, json};

use crate::emulator::Settings;
use crate::emulator::model::{
    Answer, ConsumerSummary, ListedConsumers, ListedShards, PutAnswer, ServiceError, StreamDescription,
};
use crate::model::{ConsumerStatus, EncryptionType, Shard, StreamStatus, Timestamp};

pub(super) fn error(error: &ServiceError) -> Value {
    json!({"__type": error.code, "message": error.message})
}

pub(super) fn stream_summary(stream: &StreamDescription, settings: &Settings) -> Value {
    let status = match stream.status {
        StreamStatus::Creating => "CREATING",
        StreamStatus::Active => "ACTIVE",
        StreamStatus::Updating => "UPDATING",
        StreamStatus::Deleting => "DELETING",
    };
    json!({"StreamDescriptionSummary": {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": status,
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": (settings.retention.as_secs() / 3_600).max(1),
        "StreamCreationTimestamp": seconds(stream.created),
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": settings.encryption.map_or("NONE", encryption),
        "OpenShardCount": stream.open_shards,
        "ConsumerCount": stream.consumers,
    }})
}

pub(super) fn shards(page: &ListedShards) -> Value {
    let shards: Vec<_> = page.shards.iter().map(shard).collect();
    with_token(json!({"Shards": shards}), page.next_token.as_deref())
}

fn shard(shard: &Shard) -> Value {
    let mut numbers = Map::new();
    numbers.insert("StartingSequenceNumber".into(), shard.starting_sequence_number.as_str().into());
    if let Some(ending) = &shard.ending_sequence_number {
        numbers.insert("EndingSequenceNumber".into(), ending.as_str().into());
    }
    let mut members = Map::new();
    members.insert("ShardId".into(), shard.shard_id.as_str().into());
    let parents = ["ParentShardId", "AdjacentParentShardId"];
    for (name, parent) in parents.into_iter().zip(shard.parents()) {
        members.insert(name.into(), parent.as_str().into());
    }
    let range = shard.hash_key_range;
    members.insert(
        "HashKeyRange".into(),
        json!({"StartingHashKey": range.start().to_string(), "EndingHashKey": range.end().to_string()}),
    );
    members.insert("SequenceNumberRange".into(), numbers.into());
    members.into()
}

pub(super) fn registered(consumer: &ConsumerSummary) -> Value {
    json!({"Consumer": self::consumer(consumer)})
}

pub(super) fn described(consumer: &ConsumerSummary) -> Value {
    let mut described = self::consumer(consumer);
    described["StreamARN"] = consumer.stream_arn.as_str().into();
    json!({"ConsumerDescription": described})
}

pub(super) fn consumers(page: &ListedConsumers) -> Value {
    let consumers: Vec<_> = page.consumers.iter().map(consumer).collect();
    with_token(json!({"Consumers": consumers}), page.next_token.as_deref())
}

fn consumer(consumer: &ConsumerSummary) -> Value {
    let status = match consumer.status {
        ConsumerStatus::Creating => "CREATING",
        ConsumerStatus::Active => "ACTIVE",
        ConsumerStatus::Deleting => "DELETING",
    };
    json!({
        "ConsumerName": consumer.name,
        "ConsumerARN": consumer.arn,
        "ConsumerStatus": status,
        "ConsumerCreationTimestamp": seconds(consumer.created),
    })
}

pub(super) fn put(answer: &PutAnswer, settings: &Settings) -> Value {
    let answer = json!({
        "ShardId": answer.shard_id.as_str(),
        "SequenceNumber": answer.sequence_number.as_str(),
    });
    with_encryption(answer, settings)
}

pub(super) fn put_all(answers: &[Answer<PutAnswer>], settings: &Settings) -> Value {
    let failed = answers.iter().filter(|answer| answer.is_err()).count();
    let records: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Ok(put) => json!({
                "ShardId": put.shard_id.as_str(),
                "SequenceNumber": put.sequence_number.as_str(),
            }),
            Err(error) => json!({"ErrorCode": error.code, "ErrorMessage": error.message}),
        })
        .collect();
    with_encryption(json!({"FailedRecordCount": failed, "Records": records}), settings)
}

fn with_token(mut answer: Value, token: Option<&str>) -> Value {
    if let Some(token) = token {
        answer["NextToken"] = token.into();
    }
    answer
}

fn with_encryption(mut answer: Value, settings: &Settings) -> Value {
    if let Some(kind) = settings.encryption {
        answer["EncryptionType"] = encryption(kind).into();
    }
    answer
}

fn encryption(kind: EncryptionType) -> &'static str {
    match kind {
        EncryptionType::None => "NONE",
        EncryptionType::Kms => "KMS",
    }
}

/// Seconds with a fraction. A double holds milliseconds of our time exactly enough to read them back.
fn seconds(timestamp: Timestamp) -> f64 {
    timestamp.as_millis() as f64 / 1_000.0
}
