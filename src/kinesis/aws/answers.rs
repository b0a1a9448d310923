//! What the SDK answered, as values of the model. Knows neither calls nor failures of calls.
//!
//! Where the service leaves a required member out, the SDK fills in "" or 0 without a word; here such an answer is malformed,
//! except where nothing depends on the member. Source: `_subscribe_to_shard_event.rs` and `_record.rs` of aws-sdk-kinesis.

use aws_sdk_kinesis::operation::describe_stream_consumer::DescribeStreamConsumerOutput;
use aws_sdk_kinesis::operation::describe_stream_summary::DescribeStreamSummaryOutput;
use aws_sdk_kinesis::operation::get_shard_iterator::GetShardIteratorOutput;
use aws_sdk_kinesis::operation::list_shards::ListShardsOutput;
use aws_sdk_kinesis::operation::register_stream_consumer::RegisterStreamConsumerOutput;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types;

use crate::kinesis::ShardPage;
use crate::model::{
    ConsumerDescription, ConsumerStatus, Failure, FailureClass, HashKeyRange, SequenceNumber, Shard, ShardId,
    StreamReference, StreamStatus, StreamSummary, Timestamp,
};

/// A page of ListShards.
pub(super) fn shard_page(output: ListShardsOutput) -> Result<ShardPage, Failure> {
    Ok(ShardPage {
        shards: output.shards.unwrap_or_default().into_iter().map(shard).collect::<Result<_, _>>()?,
        next_token: output.next_token.filter(|token| !token.is_empty()),
    })
}

/// The iterator.
pub(super) fn shard_iterator(output: GetShardIteratorOutput) -> Result<String, Failure> {
    let iterator = output.shard_iterator.filter(|iterator| !iterator.is_empty());
    iterator.ok_or_else(|| malformed("GetShardIterator", "ShardIterator", ""))
}

/// A stream's description; `asked` is what the call named.
pub(super) fn stream_summary(
    output: DescribeStreamSummaryOutput,
    asked: &StreamReference,
    server_time: Option<Timestamp>,
) -> Result<StreamSummary, Failure> {
    let Some(summary) = output.stream_description_summary else {
        return Err(malformed("DescribeStreamSummary", "StreamDescriptionSummary", ""));
    };
    let stream_arn = match (summary.stream_arn.as_str(), asked) {
        ("", StreamReference::Arn(arn)) => arn.clone(),
        ("", StreamReference::Name(_)) => return Err(malformed("DescribeStreamSummary", "StreamARN", "")),
        (arn, _) => arn.to_owned(),
    };
    Ok(StreamSummary {
        stream_arn,
        status: stream_status(&summary.stream_status),
        creation: Some(timestamp(&summary.stream_creation_timestamp)).filter(|time| time.as_millis() > 0),
        server_time,
    })
}

/// The consumer that RegisterStreamConsumer made.
pub(super) fn registered(output: RegisterStreamConsumerOutput) -> Result<ConsumerDescription, Failure> {
    match output.consumer {
        Some(consumer) => consumer_description(consumer.consumer_arn, &consumer.consumer_status),
        None => Err(malformed("RegisterStreamConsumer", "Consumer", "")),
    }
}

/// The consumer that DescribeStreamConsumer found.
pub(super) fn described(output: DescribeStreamConsumerOutput) -> Result<ConsumerDescription, Failure> {
    match output.consumer_description {
        Some(consumer) => consumer_description(consumer.consumer_arn, &consumer.consumer_status),
        None => Err(malformed("DescribeStreamConsumer", "ConsumerDescription", "")),
    }
}

fn shard(shard: types::Shard) -> Result<Shard, Failure> {
    let Some(numbers) = shard.sequence_number_range else {
        return Err(malformed("Shard", "SequenceNumberRange", ""));
    };
    Ok(Shard {
        shard_id: shard_id("Shard", shard.shard_id)?,
        parent_shard_id: optional_shard_id(shard.parent_shard_id),
        adjacent_parent_shard_id: optional_shard_id(shard.adjacent_parent_shard_id),
        hash_key_range: hash_key_range("Shard", shard.hash_key_range.as_ref())?,
        starting_sequence_number: sequence_number("Shard", &numbers.starting_sequence_number)?,
        ending_sequence_number: numbers
            .ending_sequence_number
            .filter(|digits| !digits.is_empty())
            .map(|digits| sequence_number("Shard", &digits))
            .transpose()?,
    })
}

fn consumer_description(
    consumer_arn: String,
    status: &types::ConsumerStatus,
) -> Result<ConsumerDescription, Failure> {
    if consumer_arn.is_empty() {
        return Err(malformed("Consumer", "ConsumerARN", ""));
    }
    Ok(ConsumerDescription {
        consumer_arn,
        status: match status {
            types::ConsumerStatus::Active => ConsumerStatus::Active,
            types::ConsumerStatus::Deleting => ConsumerStatus::Deleting,
            // With a status that this SDK does not know, whoever waits for ACTIVE goes on waiting.
            _ => ConsumerStatus::Creating,
        },
    })
}

fn stream_status(status: &types::StreamStatus) -> StreamStatus {
    match status {
        types::StreamStatus::Creating => StreamStatus::Creating,
        types::StreamStatus::Active => StreamStatus::Active,
        types::StreamStatus::Deleting => StreamStatus::Deleting,
        // A status that this SDK does not know is some change of a stream that exists: the next call shows what it allows.
        _ => StreamStatus::Updating,
    }
}

fn sequence_number(of: &str, digits: &str) -> Result<SequenceNumber, Failure> {
    digits.parse().map_err(|_| malformed(of, "sequence number", digits))
}

/// The wire has it for every shard by the API reference, but the SDK's type is optional: a shard without one takes any key.
fn hash_key_range(of: &str, range: Option<&types::HashKeyRange>) -> Result<HashKeyRange, Failure> {
    let Some(range) = range else {
        return Ok(HashKeyRange::ALL);
    };
    HashKeyRange::parse(&range.starting_hash_key, &range.ending_hash_key).map_err(|_| {
        let text = format!("{}..={}", range.starting_hash_key, range.ending_hash_key);
        malformed(of, "HashKeyRange", &text)
    })
}

fn shard_id(of: &str, id: String) -> Result<ShardId, Failure> {
    optional_shard_id(Some(id)).ok_or_else(|| malformed(of, "ShardId", ""))
}

fn optional_shard_id(id: Option<String>) -> Option<ShardId> {
    id.filter(|id| !id.is_empty()).map(ShardId::from)
}

/// The nearest millisecond. JSON carries seconds with a fraction, which the SDK turns into a float and then cuts off, so that
/// `.123` becomes `.122999`: its own `to_millis` is one too low for half of all values.
fn timestamp(time: &DateTime) -> Timestamp {
    let millis = time.as_nanos().saturating_add(HALF_A_MILLISECOND) / NANOS_PER_MILLISECOND;
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn malformed(of: &str, member: &str, text: &str) -> Failure {
    Failure::new(FailureClass::Malformed, format!("{of} with the {member} {text:?}"))
}

const NANOS_PER_MILLISECOND: i128 = 1_000_000;
const HALF_A_MILLISECOND: i128 = NANOS_PER_MILLISECOND / 2;

#[cfg(test)]
mod tests;
