//! A consumer that polls and nothing else.

use std::num::NonZeroU16;
use std::time::Duration;

use futures::StreamExt;
use kinesis_fanout::consumer::{ConsumerEvent, DeliveryMode};
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings};
use kinesis_fanout::model::StartingPosition;
use kinesis_fanout::{Consumer, ErrorKind, RecordPosition, StartPosition};

use crate::polls::{Answer, Asked, Bend, apart, watched};
use crate::world::*;

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
const LOW_CHILD: &str = "shardId-000000000001";

/// The calls that only fan-out makes.
fn fan_out_calls(kinesis: &LocalKinesis) -> u64 {
    let operations = [
        Operation::RegisterStreamConsumer,
        Operation::DescribeStreamConsumer,
        Operation::DeregisterStreamConsumer,
        Operation::SubscribeToShard,
    ];
    operations.into_iter().map(|operation| calls_of(kinesis, operation)).sum()
}

fn limit(records: u16) -> NonZeroU16 {
    NonZeroU16::new(records).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_polled_stream_is_read_without_a_registered_consumer() {
    let kinesis = kinesis(Settings::default(), 4);
    put(&kinesis, numbered("before", 100));
    let consumer = polled(&kinesis).deregister_on_shutdown(true).build().await.unwrap();
    let handle = consumer.handle();
    let mut events = handle.events();
    let mut records = consumer.into_stream();
    assert_eq!(payloads(&take(&mut records, 100).await), sorted(numbered("before", 100)));
    for round in 0..60 {
        put(&kinesis, numbered(&format!("round-{round}"), 10));
        assert_eq!(take_for(&mut records, MINUTE).await.len(), 10, "round {round}");
    }
    let lags = handle.lag();
    assert_eq!(lags.len(), 4);
    assert!(lags.iter().all(|lag| lag.delivery == DeliveryMode::Polling));
    assert!(lags.iter().all(|lag| lag.millis_behind_latest == Some(0)), "{lags:?}");
    let happened = so_far(&mut events);
    let is_start = |event: &ConsumerEvent| matches!(event, ConsumerEvent::ShardStarted { .. });
    assert!(happened.iter().all(is_start), "{happened:?}");
    assert_eq!(calls_of(&kinesis, Operation::GetShardIterator), 4, "one for each shard, ever");
    handle.shutdown().await.unwrap();
    assert!(records.next().await.is_none());
    assert!(handle.lag().is_empty());
    assert_eq!(fan_out_calls(&kinesis), 0);
}

#[tokio::test(start_paused = true)]
async fn decision_03_latest_is_a_time_while_polling_too_and_loses_nothing_while_the_first_polls_fail() {
    let unavailable = |operation| Fault::refuse(operation, "ServiceUnavailable", "down", 503);
    let faults = [
        unavailable(Operation::GetShardIterator),
        unavailable(Operation::GetRecords),
        Fault::silent(Operation::GetShardIterator, None),
        Fault::silent(Operation::GetRecords, None),
        Fault::expired_iterator(),
    ];
    for fault in faults {
        let kinesis = kinesis(Settings::default(), 2);
        put(&kinesis, numbered("old", 20));
        pass(2 * SECOND).await;
        kinesis.faults().inject(fault.clone());
        let (port, polls) = watched(&kinesis, Bend::Straight);
        let consumer = Consumer::builder(port, STREAM).polling().start(StartPosition::Latest);
        let mut records = consumer.seed(7).build().await.unwrap().into_stream();
        put(&kinesis, numbered("early", 20));
        assert!(take_for(&mut records, 5 * MINUTE).await.is_empty());
        kinesis.faults().clear();
        put(&kinesis, numbered("late", 20));
        let taken = take_for(&mut records, 2 * MINUTE).await;
        let expected = [numbered("early", 20), numbered("late", 20)].concat();
        assert_eq!(payloads(&taken), sorted(expected), "{fault:?}");
        let is_time = |start: &StartingPosition| matches!(start, StartingPosition::AtTimestamp(_));
        assert!(polls.starts().iter().all(is_time), "{:?}", polls.starts());
    }
}

#[tokio::test(start_paused = true)]
async fn a_polled_start_at_a_time_brings_what_arrived_then_or_later() {
    let kinesis = kinesis(Settings::default(), 1);
    put_data(&kinesis, "too early");
    pass(10 * SECOND).await;
    let time = kinesis.now();
    put_data(&kinesis, "at the time");
    pass(10 * SECOND).await;
    kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
    put_data(&kinesis, "child");
    let start = StartPosition::AtTimestamp(time);
    let mut records = polled(&kinesis).start(start).build().await.unwrap().into_stream();
    assert_eq!(texts(&take_for(&mut records, MINUTE).await), ["at the time", "child"]);
}

#[tokio::test(start_paused = true)]
async fn decision_02_a_polled_start_inside_an_aggregate_brings_the_rest_of_it_whatever_fails() {
    let faults = [
        None,
        Some(Fault::expired_iterator().times(3)),
        Some(Fault::refuse(Operation::GetRecords, "InternalFailureException", "down", 500).times(2)),
    ];
    for (records, fault) in [(10_000, 0), (10_000, 1), (1, 0), (1, 1), (1, 2)] {
        let kinesis = kinesis(Settings::default(), 1);
        put_data(&kinesis, "before");
        let aggregated = put_data(&kinesis, aggregate(&numbered("user", 5)));
        put_data(&kinesis, aggregate(&numbered("next", 2)));
        put_data(&kinesis, "after");
        if let Some(fault) = faults[fault].clone() {
            kinesis.faults().inject(fault);
        }
        let done = RecordPosition::within_aggregate(aggregated.clone(), 2);
        let positions = [(SHARD.into(), done)].into();
        let start = StartPosition::PerShard { positions, otherwise: Box::new(StartPosition::Latest) };
        let (port, polls) = watched(&kinesis, Bend::Straight);
        let consumer = Consumer::builder(port, STREAM).polling().poll_limit(limit(records)).start(start);
        let mut stream = consumer.seed(7).build().await.unwrap().into_stream();
        let taken = take_for(&mut stream, MINUTE).await;
        assert_eq!(
            texts(&taken),
            ["user-3", "user-4", "next-0", "next-1", "after"],
            "{records} records a page, fault {fault}"
        );
        assert_eq!(taken[0].sub_sequence_number(), Some(3));
        assert_eq!(polls.starts()[0], StartingPosition::AtSequenceNumber(aggregated));
    }
}

#[tokio::test(start_paused = true)]
async fn splits_and_merges_are_followed_while_polling_whatever_the_end_of_a_shard_tells() {
    for bend in [Bend::Straight, Bend::NoChildren, Bend::EmptyBehind] {
        for lag in [Duration::ZERO, 2 * MINUTE] {
            let settings = Settings { list_shards_lag: lag, ..Settings::default() };
            let kinesis = kinesis(settings, 1);
            pass(3 * MINUTE).await;
            let (port, _) = watched(&kinesis, bend);
            let builder = Consumer::builder(port, STREAM).polling().seed(7);
            let mut records = builder.build().await.unwrap().into_stream();
            let put_all = |name: &str| {
                numbered(name, 7).into_iter().for_each(|text| {
                    put_data(&kinesis, text);
                })
            };
            put_all("parent");
            assert_eq!(take_for(&mut records, 10 * SECOND).await.len(), 7);
            put_all("rest");
            kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
            put_all("child");
            kinesis.merge_shards(STREAM, LOW_CHILD, "shardId-000000000002").unwrap();
            put_all("merged");
            kinesis.split_shard_in_half(STREAM, "shardId-000000000003").unwrap();
            put_all("grandchild");
            let taken = take_for(&mut records, 10 * MINUTE).await;
            let expected = ["rest", "child", "merged", "grandchild"].map(|name| numbered(name, 7)).concat();
            assert_eq!(texts(&taken), expected, "{bend:?}, listings lag {lag:?}");
            put_all("later");
            assert_eq!(texts(&take_for(&mut records, MINUTE).await), numbered("later", 7));
            let polls = calls_of(&kinesis, Operation::GetRecords);
            assert!(polls <= 6 * 15 * 60, "{polls} scans, {bend:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_polled_shard_that_is_empty_and_ended_holds_its_children_up_for_nobody() {
    let kinesis = kinesis(Settings::default(), 1);
    kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
    kinesis.merge_shards(STREAM, LOW_CHILD, "shardId-000000000002").unwrap();
    put_data(&kinesis, edge_case("R08"));
    kinesis.split_shard_in_half(STREAM, "shardId-000000000003").unwrap();
    put_data(&kinesis, "child");
    let mut records = polled(&kinesis).build().await.unwrap().into_stream();
    assert_eq!(texts(&take_for(&mut records, 10 * SECOND).await), ["child"]);
}

#[tokio::test(start_paused = true)]
async fn poll_limit_bounds_each_page_and_poll_interval_spaces_the_polls_of_an_idle_shard() {
    for (records, interval) in [(1, SECOND), (100, 5 * SECOND), (10_000, Duration::from_millis(500))] {
        let kinesis = kinesis(Settings::default(), 1);
        let (port, polls) = watched(&kinesis, Bend::Straight);
        let builder = Consumer::builder(port, STREAM).polling().poll_limit(limit(records));
        let mut stream = builder.poll_interval(interval).build().await.unwrap().into_stream();
        for text in numbered("record", 200) {
            put_data(&kinesis, text);
        }
        assert_eq!(texts(&take(&mut stream, 200).await), numbered("record", 200));
        for poll in polls.scans() {
            assert_eq!(poll.asked, Asked::Records { limit: records });
            let Answer::Page { records: given, .. } = poll.answer else { panic!("{poll:?}") };
            assert!(given <= usize::from(records));
        }
        let pages = polls.scans().len();
        assert!(pages >= 200 / usize::from(records), "{pages} pages");
        polls.clear();
        take_for(&mut stream, 10 * MINUTE).await;
        let scans = polls.scans();
        let expected = (10 * MINUTE).as_millis() / interval.as_millis();
        assert!(scans.len().abs_diff(expected as usize) <= 1, "{} scans for {expected}", scans.len());
        assert!(apart(&scans).iter().all(|apart| *apart >= interval), "{:?}", apart(&scans));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_behind_is_polled_again_at_once_unless_it_is_not_to_be() {
    for bend in [Bend::Straight, Bend::EmptyBehind] {
        for rescan in [true, false] {
            let kinesis = kinesis(Settings::default(), 1);
            let (port, polls) = watched(&kinesis, bend);
            for text in numbered("record", 20) {
                put_data(&kinesis, text);
            }
            let builder = Consumer::builder(port, STREAM).polling().poll_limit(limit(1));
            let builder = builder.poll_interval(10 * SECOND).rescan_while_behind(rescan);
            let mut stream = builder.build().await.unwrap().into_stream();
            assert_eq!(texts(&take(&mut stream, 20).await), numbered("record", 20));
            let apart = apart(&polls.scans());
            assert!(apart.len() >= 19);
            let expected = if rescan { Duration::from_millis(205) } else { 10 * SECOND };
            let fits = |apart: &Duration| *apart >= expected && *apart <= expected + SECOND / 50;
            assert!(apart.iter().all(fits), "{bend:?}, rescan {rescan}: {apart:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn settings_of_the_polling_that_cannot_work_are_refused_before_any_call() {
    let kinesis = kinesis(Settings::default(), 1);
    let zero = Duration::ZERO;
    for (what, builder) in [
        ("poll_limit", polled(&kinesis).poll_limit(limit(10_001))),
        ("poll_limit", polled(&kinesis).poll_limit(limit(u16::MAX))),
        ("poll_interval", polled(&kinesis).poll_interval(zero)),
        ("give_up_after", polled(&kinesis).give_up_after(zero)),
        ("poll_limit", falling_back(&kinesis).poll_limit(limit(10_001))),
        ("poll_interval", falling_back(&kinesis).poll_interval(zero)),
    ] {
        let error = builder.build().await.expect_err("no consumer");
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{what}");
        assert!(error.to_string().contains(what), "{error}");
    }
    assert_eq!(kinesis.statistics().calls.values().sum::<u64>(), 0);
    put_data(&kinesis, "record");
    let ever = polled(&kinesis).poll_interval(Duration::MAX).poll_limit(limit(10_000));
    let mut records = ever.build().await.unwrap().into_stream();
    assert_eq!(texts(&take_for(&mut records, 10 * MINUTE).await), ["record"]);
    assert_eq!(calls_of(&kinesis, Operation::GetRecords), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trimmed_position_of_a_polled_shard_goes_on_at_the_time_of_its_last_record() {
    let settings = Settings {
        retention: Duration::from_secs(3600),
        refuse_trimmed_sequence_number: true,
        ..Settings::default()
    };
    let kinesis = kinesis(settings, 1);
    let mut records = polled(&kinesis).build().await.unwrap().into_stream();
    put_data(&kinesis, "first");
    assert_eq!(take_for(&mut records, 3 * 60 * MINUTE).await.len(), 1);
    // What is new is read with the iterator at hand; without one, the position is asked for anew.
    kinesis.faults().inject(Fault::expired_iterator().times(1));
    put_data(&kinesis, "second");
    assert_eq!(texts(&take_for(&mut records, MINUTE).await), ["second"]);
}
