//! What the port asks for, as the SDK's types. Knows neither calls nor answers.
//!
//! Names and rules: API reference, StartingPosition, GetShardIterator and ShardFilter.

use aws_sdk_kinesis::error::BuildError;
use aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types;

use crate::model::{Failure, FailureClass, ShardFilter, StartingPosition, Timestamp};

/// The StartingPosition of SubscribeToShard.
pub(super) fn starting_position(position: StartingPosition) -> Result<types::StartingPosition, Failure> {
    use types::ShardIteratorType as Kind;

    let builder = types::StartingPosition::builder();
    let builder = match position {
        StartingPosition::TrimHorizon => builder.r#type(Kind::TrimHorizon),
        StartingPosition::AtTimestamp(time) => builder.r#type(Kind::AtTimestamp).timestamp(date_time(time)),
        StartingPosition::AtSequenceNumber(number) => {
            builder.r#type(Kind::AtSequenceNumber).sequence_number(number.as_str())
        }
        StartingPosition::AfterSequenceNumber(number) => {
            builder.r#type(Kind::AfterSequenceNumber).sequence_number(number.as_str())
        }
    };
    builder.build().map_err(unbuildable)
}

/// GetShardIterator with the ShardIteratorType of this position, and what belongs to it.
pub(super) fn iterator_position(
    call: GetShardIteratorFluentBuilder,
    position: StartingPosition,
) -> GetShardIteratorFluentBuilder {
    use types::ShardIteratorType as Kind;

    match position {
        StartingPosition::TrimHorizon => call.shard_iterator_type(Kind::TrimHorizon),
        StartingPosition::AtTimestamp(time) => {
            call.shard_iterator_type(Kind::AtTimestamp).timestamp(date_time(time))
        }
        StartingPosition::AtSequenceNumber(number) => {
            call.shard_iterator_type(Kind::AtSequenceNumber).starting_sequence_number(number.as_str())
        }
        StartingPosition::AfterSequenceNumber(number) => {
            call.shard_iterator_type(Kind::AfterSequenceNumber).starting_sequence_number(number.as_str())
        }
    }
}

/// The ShardFilter of ListShards; none for all shards.
pub(super) fn shard_filter(filter: ShardFilter) -> Result<Option<types::ShardFilter>, Failure> {
    use types::ShardFilterType as Kind;

    let builder = types::ShardFilter::builder();
    let builder = match filter {
        ShardFilter::All => return Ok(None),
        ShardFilter::AtTrimHorizon => builder.r#type(Kind::AtTrimHorizon),
        ShardFilter::AtLatest => builder.r#type(Kind::AtLatest),
        ShardFilter::AtTimestamp(time) => builder.r#type(Kind::AtTimestamp).timestamp(date_time(time)),
    };
    builder.build().map(Some).map_err(unbuildable)
}

fn date_time(time: Timestamp) -> DateTime {
    DateTime::from_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// A builder refuses only what lacks its type, and each one above sets it.
fn unbuildable(error: BuildError) -> Failure {
    Failure::new(FailureClass::InvalidArgument, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Timestamp = Timestamp::from_millis(1_730_000_000_123);

    fn position(position: StartingPosition) -> (String, Option<String>, Option<DateTime>) {
        let sdk = starting_position(position).unwrap();
        (sdk.r#type().as_str().to_owned(), sdk.sequence_number, sdk.timestamp)
    }

    #[test]
    fn starting_positions_keep_their_digits_and_their_millisecond() {
        let number = || "0042".parse().unwrap();
        assert_eq!(position(StartingPosition::TrimHorizon), ("TRIM_HORIZON".into(), None, None));
        assert_eq!(
            position(StartingPosition::AtSequenceNumber(number())),
            ("AT_SEQUENCE_NUMBER".into(), Some("0042".into()), None)
        );
        assert_eq!(
            position(StartingPosition::AfterSequenceNumber(number())),
            ("AFTER_SEQUENCE_NUMBER".into(), Some("0042".into()), None)
        );
        assert_eq!(
            position(StartingPosition::AtTimestamp(TIME)),
            ("AT_TIMESTAMP".into(), None, Some(DateTime::from_secs_and_nanos(1_730_000_000, 123_000_000)))
        );
    }

    #[test]
    fn all_shards_are_asked_for_without_a_filter() {
        assert_eq!(shard_filter(ShardFilter::All).unwrap(), None);
        for (filter, name) in [
            (ShardFilter::AtTrimHorizon, "AT_TRIM_HORIZON"),
            (ShardFilter::AtLatest, "AT_LATEST"),
            (ShardFilter::AtTimestamp(TIME), "AT_TIMESTAMP"),
        ] {
            let sdk = shard_filter(filter).unwrap().unwrap();
            assert_eq!(sdk.r#type().as_str(), name);
            assert_eq!(sdk.timestamp().is_some(), name == "AT_TIMESTAMP");
        }
    }
}
