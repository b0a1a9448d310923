//! What is told of streams.

use super::encryption;
use crate::emulator::codec::Document;
use crate::emulator::model::{
    DescribedStream, ListedStreams, MonitoringChange, ShardCountChange, ShardLevelMetric, StreamDescription,
};
use crate::model::StreamStatus;

pub(in crate::emulator::http) fn summary(stream: &StreamDescription) -> Document {
    let summary = described(stream)
        .with("OpenShardCount", stream.open_shards)
        .with("ConsumerCount", stream.consumers)
        .with("MaxRecordSizeInKiB", stream.max_record_size.div_ceil(1 << 10))
        .with(
            "RecordDistributionStrategy",
            stream.record_distribution_strategy.map(|strategy| strategy.to_string()),
        );
    Document::structure([("StreamDescriptionSummary", summary)])
}

pub(in crate::emulator::http) fn description(answer: &DescribedStream) -> Document {
    let description = described(&answer.stream)
        .with("Shards", Document::list(&answer.shards, super::shard))
        .with("HasMoreShards", answer.has_more_shards);
    Document::structure([("StreamDescription", description)])
}

pub(in crate::emulator::http) fn list(page: &ListedStreams) -> Document {
    let names = page.streams.iter().map(|stream| &stream.name);
    Document::structure([
        ("StreamNames", Document::texts(names)),
        ("HasMoreStreams", page.next_token.is_some().into()),
        ("NextToken", page.next_token.as_ref().into()),
        ("StreamSummaries", Document::list(&page.streams, named)),
    ])
}

pub(in crate::emulator::http) fn shard_count(change: &ShardCountChange) -> Document {
    Document::structure([
        ("StreamName", (&change.stream).into()),
        ("StreamARN", (&change.arn).into()),
        ("CurrentShardCount", change.current.into()),
        ("TargetShardCount", change.target.into()),
    ])
}

pub(in crate::emulator::http) fn monitoring(change: &MonitoringChange) -> Document {
    Document::structure([
        ("StreamName", (&change.stream).into()),
        ("StreamARN", (&change.arn).into()),
        ("CurrentShardLevelMetrics", metrics(&change.current)),
        ("DesiredShardLevelMetrics", metrics(&change.desired)),
    ])
}

/// What every description of a stream has.
fn named(stream: &StreamDescription) -> Document {
    let status = match stream.status {
        StreamStatus::Creating => "CREATING",
        StreamStatus::Active => "ACTIVE",
        StreamStatus::Updating => "UPDATING",
        StreamStatus::Deleting => "DELETING",
    };
    Document::structure([
        ("StreamName", (&stream.name).into()),
        ("StreamARN", (&stream.arn).into()),
        ("StreamStatus", status.into()),
        ("StreamModeDetails", Document::structure([("StreamMode", stream.mode.to_string().into())])),
        ("StreamCreationTimestamp", stream.created.into()),
    ])
}

/// What both of the long ones have.
fn described(stream: &StreamDescription) -> Document {
    let enhanced = Document::structure([("ShardLevelMetrics", metrics(&stream.metrics))]);
    named(stream)
        // A period below an hour is a setting that the service does not have.
        .with("RetentionPeriodHours", (stream.retention.as_secs() / 3_600).max(1))
        .with("EnhancedMonitoring", vec![enhanced])
        .with("EncryptionType", stream.encryption.map_or("NONE", encryption))
        .with("KeyId", stream.key_id.as_ref())
}

fn metrics(metrics: &[ShardLevelMetric]) -> Document {
    Document::texts(metrics.iter().map(ShardLevelMetric::to_string))
}
