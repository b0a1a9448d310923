use std::time::Duration;

use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings, Start, StreamFault};
use kinesis_fanout::{ErrorKind, RecordPosition, SequenceNumber, StartPosition};

use crate::world::*;

const SECOND_SHARD: &str = "shardId-000000000001";
/// A hash key of the second of two shards.
const HIGH: &str = "340282366920938463463374607431768211455";

fn per_shard(
    positions: impl IntoIterator<Item = (&'static str, RecordPosition)>,
    otherwise: StartPosition,
) -> StartPosition {
    let named = positions.into_iter().map(|(shard, position)| (shard.into(), position));
    StartPosition::PerShard { positions: named.collect(), otherwise: Box::new(otherwise) }
}

fn put_high(kinesis: &LocalKinesis, data: &'static str) {
    kinesis.put_record(STREAM, "key", Some(HIGH), data).unwrap();
}

#[tokio::test(start_paused = true)]
async fn decision_02_a_start_inside_an_aggregate_brings_the_rest_of_it_whatever_breaks() {
    let faults = [
        None,
        Some(Fault::in_stream(0, StreamFault::BrokenChecksum).times(1)),
        Some(Fault::in_stream(1, StreamFault::TruncatedFrame).times(2)),
    ];
    for (events, fault) in [(500, 0), (500, 1), (1, 0), (1, 1), (1, 2)] {
        let kinesis = kinesis(Settings { event_max_records: events, ..obliging() }, 1);
        put_data(&kinesis, "before");
        let aggregated = put_data(&kinesis, aggregate(&numbered("user", 5)));
        put_data(&kinesis, aggregate(&numbered("next", 2)));
        put_data(&kinesis, "after");
        if let Some(fault) = faults[fault].clone() {
            kinesis.faults().inject(fault);
        }
        let done = RecordPosition::within_aggregate(aggregated.clone(), 2);
        let start = per_shard([(SHARD, done)], StartPosition::Latest);
        let mut records = consumer(&kinesis).start(start).build().await.unwrap().into_stream();
        let taken = take_for(&mut records, Duration::from_secs(60)).await;
        assert_eq!(
            texts(&taken),
            ["user-3", "user-4", "next-0", "next-1", "after"],
            "{events} records an event, fault {fault}"
        );
        assert_eq!(taken[0].sub_sequence_number(), Some(3));
        assert_eq!(starts(&kinesis)[0], Start::AtSequenceNumber(aggregated));
    }
}

#[tokio::test(start_paused = true)]
async fn decision_02_a_start_at_the_last_of_an_aggregate_brings_what_follows_it() {
    let kinesis = kinesis(Settings::default(), 1);
    let aggregated = put_data(&kinesis, aggregate(&numbered("user", 3)));
    put_data(&kinesis, "after");
    let done = RecordPosition::within_aggregate(aggregated, 2);
    let start = per_shard([(SHARD, done)], StartPosition::TrimHorizon);
    let mut records = consumer(&kinesis).start(start).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(60)).await;
    assert_eq!(texts(&taken), ["after"]);
}

#[tokio::test(start_paused = true)]
async fn shards_without_a_position_start_where_the_others_are_told_to() {
    for (otherwise, expected) in [
        (StartPosition::TrimHorizon, vec!["low-2", "low-new", "high-1", "high-new"]),
        (StartPosition::Latest, vec!["low-2", "low-new", "high-new"]),
    ] {
        let kinesis = kinesis(Settings::default(), 2);
        let done = put_data(&kinesis, "low-1");
        put_data(&kinesis, "low-2");
        put_high(&kinesis, "high-1");
        pass(Duration::from_secs(2)).await;
        let start = per_shard([(SHARD, RecordPosition::new(done))], otherwise);
        let mut records = consumer(&kinesis).start(start).build().await.unwrap().into_stream();
        put_data(&kinesis, "low-new");
        put_high(&kinesis, "high-new");
        let taken = take_for(&mut records, Duration::from_secs(30)).await;
        let expected = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(payloads(&taken), sorted(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn descendants_of_a_named_shard_are_read_from_their_beginning() {
    let kinesis = kinesis(Settings::default(), 2);
    let done = put_data(&kinesis, "done");
    put_data(&kinesis, "rest");
    put_high(&kinesis, "foreign");
    kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
    put_data(&kinesis, "child");
    kinesis.split_shard_in_half(STREAM, "shardId-000000000002").unwrap();
    put_data(&kinesis, "grandchild");
    pass(Duration::from_secs(2)).await;
    let start = per_shard([(SHARD, RecordPosition::new(done))], StartPosition::Latest);
    let mut records = consumer(&kinesis).start(start).build().await.unwrap().into_stream();
    put_data(&kinesis, "new");
    put_high(&kinesis, "new elsewhere");
    let mut taken = texts(&take_for(&mut records, Duration::from_secs(30)).await);
    taken.retain(|text| text != "new elsewhere");
    assert_eq!(taken, ["rest", "child", "grandchild", "new"]);
    let statistics = kinesis.statistics();
    for descendant in [2, 3, 4, 5].map(|n| format!("shardId-{n:012}")) {
        let calls = statistics.subscribe_calls_of(&descendant);
        assert_eq!(calls.len(), 1, "{descendant}");
        assert_eq!(calls[0].start, Start::TrimHorizon);
    }
    let elsewhere = &statistics.subscribe_calls_of(SECOND_SHARD)[0].start;
    assert!(matches!(elsewhere, Start::AtTimestamp(_)), "{elsewhere:?}");
}

#[tokio::test(start_paused = true)]
async fn decision_03_latest_is_a_time_and_loses_nothing_while_the_first_subscribes_fail() {
    let unavailable = Fault::refuse(Operation::SubscribeToShard, "ServiceUnavailable", "down", 503);
    let faults = [
        Fault::silent(Operation::SubscribeToShard, None),
        Fault::in_stream(0, StreamFault::End),
        Fault::in_stream(0, StreamFault::BrokenChecksum),
        unavailable,
    ];
    for fault in faults {
        let kinesis = kinesis(Settings::default(), 2);
        put(&kinesis, numbered("old", 20));
        pass(Duration::from_secs(2)).await;
        kinesis.faults().inject(fault);
        let mut records =
            consumer(&kinesis).start(StartPosition::Latest).build().await.unwrap().into_stream();
        put(&kinesis, numbered("early", 20));
        assert!(take_for(&mut records, Duration::from_secs(300)).await.is_empty());
        kinesis.faults().clear();
        put(&kinesis, numbered("late", 20));
        let taken = take_for(&mut records, Duration::from_secs(120)).await;
        let expected = [numbered("early", 20), numbered("late", 20)].concat();
        assert_eq!(payloads(&taken), sorted(expected));
        let starts = starts(&kinesis);
        assert!(starts.len() >= 3, "it was tried again");
        assert!(starts.iter().all(|start| matches!(start, Start::AtTimestamp(_))));
        assert!(starts.iter().all(|start| *start == starts[0]), "{starts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn decision_03_a_pin_that_is_refused_moves_back_and_never_for_ever() {
    let refusal = || {
        let (code, message) = ("InvalidArgumentException", "in the future");
        Fault::refuse(Operation::SubscribeToShard, code, message, 400)
    };
    let kinesis = kinesis(Settings::default(), 1);
    kinesis.faults().inject(refusal().times(2));
    let latest = || consumer(&kinesis).start(StartPosition::Latest);
    let mut records = latest().build().await.unwrap().into_stream();
    put_data(&kinesis, "new");
    assert_eq!(texts(&take(&mut records, 1).await), ["new"]);
    let times: Vec<_> = starts(&kinesis)
        .iter()
        .map(|start| match start {
            Start::AtTimestamp(time) => time.as_millis(),
            other => panic!("{other:?}"),
        })
        .collect();
    let back: Vec<_> = times.iter().map(|time| (times[0] - time) / 1000).collect();
    assert_eq!(back, [0, 60, 240]);
    drop(records);
    pass(Duration::from_secs(10)).await;

    let before = starts(&kinesis).len();
    kinesis.faults().inject(refusal());
    let mut records = latest().build().await.unwrap().into_stream();
    let (taken, error) = take_to_error(&mut records).await;
    assert!(taken.is_empty());
    assert_eq!(error.kind(), ErrorKind::PositionRefused);
    assert_eq!(starts(&kinesis).len() - before, 8, "the pin and seven steps to a day");
}

#[tokio::test(start_paused = true)]
async fn a_start_at_a_time_brings_what_arrived_then_or_later_and_reads_no_shard_that_ended_before() {
    let kinesis = kinesis(Settings::default(), 1);
    put_data(&kinesis, "old");
    kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
    pass(Duration::from_secs(10)).await;
    put_data(&kinesis, "too early");
    pass(Duration::from_secs(10)).await;
    let time = kinesis.now();
    put_data(&kinesis, "at the time");
    pass(Duration::from_secs(10)).await;
    kinesis.split_shard_in_half(STREAM, SECOND_SHARD).unwrap();
    put_data(&kinesis, "child");
    let at = |time| consumer(&kinesis).start(StartPosition::AtTimestamp(time));
    let mut records = at(time).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(30)).await;
    assert_eq!(texts(&taken), ["at the time", "child"]);
    assert_eq!(subscribes(&kinesis).len(), 0);
    drop(records);
    pass(Duration::from_secs(10)).await;

    let long_ago = time - Duration::from_secs(30 * 24 * 3600);
    let mut records = at(long_ago).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(30)).await;
    assert_eq!(texts(&taken), ["old", "too early", "at the time", "child"]);
}

#[tokio::test(start_paused = true)]
async fn a_position_that_the_shard_never_gave_is_a_typed_error() {
    let kinesis = kinesis(Settings::default(), 1);
    put_data(&kinesis, "record");
    let foreign = RecordPosition::new(SequenceNumber::from(12));
    let start = per_shard([(SHARD, foreign)], StartPosition::TrimHorizon);
    let mut records = consumer(&kinesis).start(start).build().await.unwrap().into_stream();
    let (taken, error) = take_to_error(&mut records).await;
    assert!(taken.is_empty());
    assert_eq!(error.kind(), ErrorKind::PositionRefused);
    assert_eq!(subscribes(&kinesis).len(), 1);
}
