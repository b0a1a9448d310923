//! What each operation answers, as documents.

use crate::emulator::Settings;
use crate::emulator::codec::Document;
use crate::emulator::model::{
    Answer, ConsumerSummary, ListedConsumers, ListedShards, PutAnswer, ServiceError, StreamDescription,
};
use crate::model::{ConsumerStatus, EncryptionType, Shard, StreamStatus};

pub(super) fn error(error: &ServiceError) -> Document {
    Document::structure([("__type", error.code.as_ref().into()), ("message", error.message.as_str().into())])
}

pub(super) fn stream_summary(stream: &StreamDescription, settings: &Settings) -> Document {
    let status = match stream.status {
        StreamStatus::Creating => "CREATING",
        StreamStatus::Active => "ACTIVE",
        StreamStatus::Updating => "UPDATING",
        StreamStatus::Deleting => "DELETING",
    };
    let metrics = Document::structure([("ShardLevelMetrics", Document::List(Vec::new()))]);
    let summary = Document::structure([
        ("StreamName", (&stream.name).into()),
        ("StreamARN", (&stream.arn).into()),
        ("StreamStatus", status.into()),
        ("StreamModeDetails", Document::structure([("StreamMode", "PROVISIONED".into())])),
        ("RetentionPeriodHours", (settings.retention.as_secs() / 3_600).max(1).into()),
        ("StreamCreationTimestamp", stream.created.into()),
        ("EnhancedMonitoring", vec![metrics].into()),
        ("EncryptionType", settings.encryption.map_or("NONE", encryption).into()),
        ("OpenShardCount", stream.open_shards.into()),
        ("ConsumerCount", stream.consumers.into()),
    ]);
    Document::structure([("StreamDescriptionSummary", summary)])
}

pub(super) fn shards(page: &ListedShards) -> Document {
    Document::structure([
        ("Shards", Document::list(&page.shards, shard)),
        ("NextToken", page.next_token.as_ref().into()),
    ])
}

fn shard(shard: &Shard) -> Document {
    let range = shard.hash_key_range;
    Document::structure([
        ("ShardId", (&shard.shard_id).into()),
        ("ParentShardId", shard.parent_shard_id.as_ref().into()),
        ("AdjacentParentShardId", shard.adjacent_parent_shard_id.as_ref().into()),
        (
            "HashKeyRange",
            Document::structure([
                ("StartingHashKey", range.start().to_string().into()),
                ("EndingHashKey", range.end().to_string().into()),
            ]),
        ),
        (
            "SequenceNumberRange",
            Document::structure([
                ("StartingSequenceNumber", (&shard.starting_sequence_number).into()),
                ("EndingSequenceNumber", shard.ending_sequence_number.as_ref().into()),
            ]),
        ),
    ])
}

pub(super) fn registered(consumer: &ConsumerSummary) -> Document {
    Document::structure([("Consumer", self::consumer(consumer))])
}

pub(super) fn described(consumer: &ConsumerSummary) -> Document {
    let described = self::consumer(consumer).with("StreamARN", &consumer.stream_arn);
    Document::structure([("ConsumerDescription", described)])
}

pub(super) fn consumers(page: &ListedConsumers) -> Document {
    Document::structure([
        ("Consumers", Document::list(&page.consumers, consumer)),
        ("NextToken", page.next_token.as_ref().into()),
    ])
}

fn consumer(consumer: &ConsumerSummary) -> Document {
    let status = match consumer.status {
        ConsumerStatus::Creating => "CREATING",
        ConsumerStatus::Active => "ACTIVE",
        ConsumerStatus::Deleting => "DELETING",
    };
    Document::structure([
        ("ConsumerName", (&consumer.name).into()),
        ("ConsumerARN", (&consumer.arn).into()),
        ("ConsumerStatus", status.into()),
        ("ConsumerCreationTimestamp", consumer.created.into()),
    ])
}

pub(super) fn put(answer: &PutAnswer, settings: &Settings) -> Document {
    placed(answer).with("EncryptionType", settings.encryption.map(encryption))
}

pub(super) fn put_all(answers: &[Answer<PutAnswer>], settings: &Settings) -> Document {
    let entry = |answer: &Answer<PutAnswer>| match answer {
        Ok(put) => placed(put),
        Err(error) => Document::structure([
            ("ErrorCode", error.code.as_ref().into()),
            ("ErrorMessage", error.message.as_str().into()),
        ]),
    };
    Document::structure([
        ("FailedRecordCount", answers.iter().filter(|answer| answer.is_err()).count().into()),
        ("Records", Document::list(answers, entry)),
        ("EncryptionType", settings.encryption.map(encryption).into()),
    ])
}

fn placed(put: &PutAnswer) -> Document {
    Document::structure([
        ("ShardId", (&put.shard_id).into()),
        ("SequenceNumber", (&put.sequence_number).into()),
    ])
}

fn encryption(kind: EncryptionType) -> &'static str {
    match kind {
        EncryptionType::None => "NONE",
        EncryptionType::Kms => "KMS",
    }
}
