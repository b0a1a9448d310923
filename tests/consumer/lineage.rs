use std::time::Duration;

use bytes::Bytes;
use kinesis_fanout::Record;
use kinesis_fanout::consumer::ConsumerEvent;
use kinesis_fanout::emulator::{Fault, LocalKinesis, Operation, Settings, ShardEnd, Start, StreamFault};

use crate::world::*;

const LOW_CHILD: &str = "shardId-000000000001";
const HIGH: &str = "340282366920938463463374607431768211455";

fn ended_shards(events: &[ConsumerEvent]) -> usize {
    let ended = |event: &&ConsumerEvent| matches!(event, ConsumerEvent::ShardEnded { .. });
    events.iter().filter(ended).count()
}

/// Splits a shard, once behind a reader that has caught up and once before there is a reader; both get all of parent and child in
/// order, and ask for the parent once.
async fn follow_a_split(settings: Settings) {
    for is_caught_up in [true, false] {
        let kinesis = kinesis(settings.clone(), 1);
        let reshard = |kinesis: &LocalKinesis| {
            for text in numbered("parent", 7) {
                put_data(kinesis, text);
            }
            kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
            for text in numbered("child", 7) {
                put_data(kinesis, text);
            }
        };
        if !is_caught_up {
            reshard(&kinesis);
        }
        let consumer = consumer(&kinesis).build().await.unwrap();
        let mut events = consumer.handle().events();
        let mut records = consumer.into_stream();
        if is_caught_up {
            assert!(take_for(&mut records, Duration::from_secs(7)).await.is_empty());
            reshard(&kinesis);
        }
        let taken = take_for(&mut records, Duration::from_secs(60)).await;
        let expected = [numbered("parent", 7), numbered("child", 7)].concat();
        assert_eq!(texts(&taken), expected, "caught up: {is_caught_up}");
        assert_eq!(subscribes(&kinesis).len(), 1, "caught up: {is_caught_up}");
        assert_eq!(ended_shards(&so_far(&mut events)), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn decision_04_a_shard_that_ends_with_records_in_its_last_event_is_handed_over_whole() {
    for event_max_records in [500, 3] {
        follow_a_split(Settings { shard_end_with_records: true, event_max_records, ..Settings::default() })
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn decision_04_children_end_a_shard_though_the_continuation_is_kept() {
    for shard_end_with_records in [false, true] {
        follow_a_split(Settings {
            shard_end: ShardEnd::KeptContinuation,
            shard_end_with_records,
            ..Settings::default()
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn decision_04_a_last_event_that_breaks_comes_again_and_the_bare_end_of_a_stream_ends_no_shard() {
    for fault in
        [StreamFault::BrokenChecksum, StreamFault::TruncatedFrame, StreamFault::InvalidJson, StreamFault::End]
    {
        let kinesis = kinesis(obliging(), 1);
        put_data(&kinesis, "parent");
        // The first event brings the record, the second one the children.
        kinesis.faults().inject(Fault::in_stream(1, fault.clone()).times(1));
        kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
        put_data(&kinesis, "child");
        let consumer = consumer(&kinesis).build().await.unwrap();
        let mut records = consumer.into_stream();
        let taken = take_for(&mut records, Duration::from_secs(60)).await;
        assert_eq!(texts(&taken), ["parent", "child"], "{fault:?}");
        assert_eq!(subscribes(&kinesis).len(), 2, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_aggregate_at_the_end_of_a_shard_does_not_hold_its_children() {
    let kinesis = kinesis(Settings::default(), 1);
    put_data(&kinesis, edge_case("R08"));
    kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
    put_data(&kinesis, "child");
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(5)).await;
    assert_eq!(texts(&taken), ["child"]);
}

#[tokio::test(start_paused = true)]
async fn decision_10_a_merge_waits_for_the_parent_that_is_far_behind() {
    let settings = Settings { pace: Some(100_000), event_max_bytes: 50_000, ..Settings::default() };
    let kinesis = kinesis(settings, 2);
    let (parents, child) = ([SHARD, LOW_CHILD], "shardId-000000000002");
    for _ in 0..100 {
        put_data(&kinesis, Bytes::from_static(&[7; 50_000]));
    }
    let put_high = || kinesis.put_record(STREAM, "key", Some(HIGH), "swift").unwrap();
    put_high();
    kinesis.merge_shards(STREAM, parents[0], parents[1]).unwrap();
    put_high();
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(40)).await;
    let behind = taken.iter().filter(|record| record.shard_id().as_str() == SHARD);
    let behind = behind.count();
    assert!((60..100).contains(&behind), "{behind}");
    let of = |shard: &'static str| move |record: &&Record| record.shard_id().as_str() == shard;
    assert_eq!(taken.iter().filter(of(LOW_CHILD)).count(), 1);
    let child_calls = || kinesis.statistics().subscribe_calls_of(child).len();
    assert_eq!(child_calls(), 0, "one parent is at its end, the other is not");
    let rest = take_for(&mut records, Duration::from_secs(40)).await;
    assert_eq!(rest.len(), 100 - behind + 1);
    assert_eq!(rest.last().unwrap().shard_id().as_str(), child);
    assert_eq!(child_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn children_are_read_at_once_though_the_listing_lags_behind() {
    let settings = Settings { list_shards_lag: Duration::from_secs(600), ..Settings::default() };
    let kinesis = kinesis(settings, 1);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    take_for(&mut records, Duration::from_secs(10)).await;
    kinesis.split_shard_in_half(STREAM, SHARD).unwrap();
    put_data(&kinesis, "child");
    kinesis.split_shard_in_half(STREAM, LOW_CHILD).unwrap();
    put_data(&kinesis, "grandchild");
    let taken = take_for(&mut records, Duration::from_secs(5)).await;
    assert_eq!(texts(&taken), ["child", "grandchild"]);
    // The listing catches up, and shows nothing that is not read already.
    put_data(&kinesis, "later");
    let taken = take_for(&mut records, Duration::from_secs(1200)).await;
    assert_eq!(texts(&taken), ["later"]);
    for shard in kinesis.list_shards(STREAM).unwrap() {
        let calls = kinesis.statistics().subscribe_calls_of(shard.shard_id.as_str());
        let from_start = calls.iter().filter(|call| call.start == Start::TrimHorizon);
        assert_eq!(from_start.count(), 1, "{}", shard.shard_id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_while_the_listing_lags_misses_no_shard() {
    let settings =
        Settings { list_shards_lag: Duration::from_secs(60), list_shards_page: 1, ..Settings::default() };
    let kinesis = kinesis(settings, 2);
    pass(Duration::from_secs(100)).await;
    put(&kinesis, numbered("parent", 30));
    kinesis.merge_shards(STREAM, SHARD, LOW_CHILD).unwrap();
    put(&kinesis, numbered("child", 30));
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let taken = take_for(&mut records, Duration::from_secs(20)).await;
    let expected = [numbered("parent", 30), numbered("child", 30)].concat();
    assert_eq!(payloads(&taken), sorted(expected));
    let listings = calls_of(&kinesis, Operation::ListShards);
    assert!(listings <= 12, "{listings}");
}
