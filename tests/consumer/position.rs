use std::time::Duration;

use kinesis_fanout::SequenceNumber;
use kinesis_fanout::emulator::{Continuation, Fault, Operation, Settings, Start, StreamFault};

use crate::world::*;

/// The numbers of AFTER_SEQUENCE_NUMBER starts; any other start is a failure.
fn after_numbers(starts: &[Start]) -> Vec<SequenceNumber> {
    let number = |start: &Start| match start {
        Start::AfterSequenceNumber(number) => number.clone(),
        other => panic!("{other:?}"),
    };
    starts.iter().map(number).collect()
}

#[tokio::test(start_paused = true)]
async fn decision_01_an_idle_shard_is_renewed_after_the_continuation_of_its_empty_events() {
    let kinesis = kinesis(Settings::default(), 1);
    let last = put_data(&kinesis, "only");
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(1000)).await;
    assert_eq!(texts(&taken), ["only"]);
    let starts = starts(&kinesis);
    assert_eq!((starts.len(), &starts[0]), (4, &Start::TrimHorizon));
    let numbers = after_numbers(&starts[1..]);
    assert!(last < numbers[0], "{last} {numbers:?}");
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_shard_is_read_on_after_its_retention_has_passed() {
    let settings = Settings {
        retention: Duration::from_secs(3600),
        refuse_trimmed_sequence_number: true,
        ..Settings::default()
    };
    let kinesis = kinesis(settings, 1);
    put_data(&kinesis, "first");
    put_data(&kinesis, "second");
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    assert_eq!(take_for(&mut records, Duration::from_secs(3 * 3600)).await.len(), 2);
    put_data(&kinesis, "third");
    assert_eq!(texts(&take(&mut records, 1).await), ["third"]);
    let calls = subscribes(&kinesis);
    assert_eq!(calls.len(), 37, "one every five minutes");
    assert!(calls.iter().all(|call| call.refused.is_none()));
}

#[tokio::test(start_paused = true)]
async fn an_empty_event_moves_the_position_of_a_subscription_that_breaks_after_it() {
    let kinesis = kinesis(obliging(), 1);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let before = put_data(&kinesis, "before");
    take(&mut records, 1).await;
    pass(Duration::from_secs(12)).await;
    assert_eq!(kinesis.faults().interrupt(None, &StreamFault::TruncatedFrame), 1);
    put_data(&kinesis, "after");
    assert_eq!(texts(&take(&mut records, 1).await), ["after"]);
    let starts = starts(&kinesis);
    assert_eq!(starts.len(), 2);
    assert!(before < after_numbers(&starts[1..])[0]);
}

#[tokio::test(start_paused = true)]
async fn an_event_of_empty_aggregates_alone_moves_the_position() {
    let kinesis = kinesis(obliging(), 1);
    put_data(&kinesis, edge_case("R08"));
    let last = put_data(&kinesis, edge_case("R08"));
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    assert!(take_for(&mut records, Duration::from_secs(2)).await.is_empty());
    kinesis.faults().interrupt(None, &StreamFault::End);
    assert!(take_for(&mut records, Duration::from_secs(2)).await.is_empty());
    assert_eq!(starts(&kinesis), [Start::TrimHorizon, Start::AfterSequenceNumber(last)]);
    put_data(&kinesis, "after");
    assert_eq!(texts(&take(&mut records, 1).await), ["after"]);
}

#[tokio::test(start_paused = true)]
async fn continuations_that_are_no_records_numbers_carry_over_renewals() {
    let settings = Settings {
        continuation: Continuation::NeverARecord,
        subscription_time: Duration::from_secs(10),
        event_max_records: 3,
        ..Settings::default()
    };
    let kinesis = kinesis(settings, 1);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let (mut taken, mut numbers) = (Vec::new(), Vec::new());
    for second in 0..120 {
        numbers.push(put_data(&kinesis, format!("{second}")));
        numbers.push(put_data(&kinesis, format!("{second}+")));
        taken.extend(take_for(&mut records, Duration::from_secs(1)).await);
    }
    taken.extend(take_for(&mut records, Duration::from_secs(10)).await);
    let expected: Vec<_> = (0..120).flat_map(|n| [format!("{n}"), format!("{n}+")]).collect();
    assert_eq!(texts(&taken), expected);
    let starts = starts(&kinesis);
    assert!(starts.len() >= 12);
    for number in after_numbers(&starts[1..]) {
        assert!(!numbers.contains(&number), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn decision_04_a_continuation_that_is_refused_falls_back_to_the_last_record_without_its_repetition() {
    let kinesis = kinesis(obliging(), 1);
    let aggregated = put_data(&kinesis, aggregate(&numbered("first", 3)));
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    assert_eq!(texts(&take(&mut records, 3).await), numbered("first", 3));
    pass(Duration::from_secs(12)).await;
    let refusal = || {
        let (code, message) = ("InvalidArgumentException", "not from this shard");
        Fault::refuse(Operation::SubscribeToShard, code, message, 400)
    };
    kinesis.faults().inject(refusal().times(1));
    kinesis.faults().interrupt(None, &StreamFault::End);
    put_data(&kinesis, "second");
    assert_eq!(texts(&take(&mut records, 1).await), ["second"]);
    let calls = starts(&kinesis);
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[2], Start::AtSequenceNumber(aggregated));

    // Refused there as well, it is the end.
    kinesis.faults().inject(refusal());
    kinesis.faults().interrupt(None, &StreamFault::End);
    let (taken, error) = take_to_error(&mut records).await;
    assert!(taken.is_empty());
    assert_eq!(error.kind(), kinesis_fanout::ErrorKind::PositionRefused);
    assert_eq!(error.shard_id().unwrap().as_str(), SHARD);
    assert_eq!(starts(&kinesis).len(), 5);
}
