//! What each operation answers, as documents.

pub(super) mod records;
pub(super) mod streams;

use crate::emulator::codec::Document;
use crate::emulator::model::{
    AccountLimits, BillingCommitment, CommitmentStatus, ConsumerSummary, ListedConsumers, ListedShards,
    ServiceError, Tags,
};
use crate::model::{ConsumerStatus, EncryptionType, HashKeyRange, Shard, Timestamp};

pub(super) fn error(error: &ServiceError) -> Document {
    Document::structure([("__type", error.code.as_ref().into()), ("message", error.message.as_str().into())])
}

pub(super) fn shards(page: &ListedShards) -> Document {
    Document::structure([
        ("Shards", Document::list(&page.shards, shard)),
        ("NextToken", page.next_token.as_ref().into()),
    ])
}

fn shard(shard: &Shard) -> Document {
    Document::structure([
        ("ShardId", (&shard.shard_id).into()),
        ("ParentShardId", shard.parent_shard_id.as_ref().into()),
        ("AdjacentParentShardId", shard.adjacent_parent_shard_id.as_ref().into()),
        ("HashKeyRange", hash_key_range(shard.hash_key_range)),
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

pub(super) fn tags(tags: &Tags) -> Document {
    let tag = |(key, value): (&String, &String)| {
        Document::structure([("Key", key.into()), ("Value", value.into())])
    };
    Document::structure([("Tags", Document::list(tags, tag))])
}

pub(super) fn limits(limits: &AccountLimits) -> Document {
    Document::structure([
        ("ShardLimit", limits.shard_limit.into()),
        ("OpenShardCount", limits.open_shards.into()),
        ("OnDemandStreamCount", limits.on_demand_streams.into()),
        ("OnDemandStreamCountLimit", limits.on_demand_stream_limit.into()),
    ])
}

pub(super) fn commitment((commitment, now): (BillingCommitment, Timestamp)) -> Document {
    let status = match commitment.status(now) {
        CommitmentStatus::Disabled => "DISABLED",
        CommitmentStatus::Enabled => "ENABLED",
        CommitmentStatus::EnabledUntilEarliestAllowedEnd => "ENABLED_UNTIL_EARLIEST_ALLOWED_END",
    };
    let commitment = Document::structure([
        ("Status", status.into()),
        ("StartedAt", commitment.started_at.into()),
        ("EndedAt", commitment.ended_at.filter(|ended| *ended <= now).into()),
        ("EarliestAllowedEndAt", commitment.earliest_allowed_end().into()),
    ]);
    Document::structure([("MinimumThroughputBillingCommitment", commitment)])
}

fn hash_key_range(range: HashKeyRange) -> Document {
    Document::structure([
        ("StartingHashKey", range.start().to_string().into()),
        ("EndingHashKey", range.end().to_string().into()),
    ])
}

fn encryption(kind: EncryptionType) -> &'static str {
    match kind {
        EncryptionType::None => "NONE",
        EncryptionType::Kms => "KMS",
    }
}
