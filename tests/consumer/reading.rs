use std::time::Duration;

use futures::StreamExt;
use kinesis_fanout::consumer::ConsumerEvent;
use kinesis_fanout::emulator::Settings;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn reads_all_records_of_all_shards_once_and_in_the_order_of_their_shard() {
    let kinesis = kinesis(Settings::default(), 4);
    put(&kinesis, numbered("early", 500));
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let mut taken = take(&mut records, 500).await;
    put(&kinesis, numbered("late", 500));
    taken.extend(take(&mut records, 500).await);
    assert_eq!(payloads(&taken), sorted([numbered("early", 500), numbered("late", 500)].concat()));
    for shard in kinesis.list_shards(STREAM).unwrap() {
        let positions: Vec<_> = taken
            .iter()
            .filter(|record| *record.shard_id() == shard.shard_id)
            .map(|r| r.position())
            .collect();
        assert!(!positions.is_empty() && positions.is_sorted());
    }
    assert!(take_for(&mut records, Duration::from_secs(60)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn renews_every_subscription_without_a_gap() {
    let kinesis = kinesis(Settings::default(), 2);
    let consumer = consumer(&kinesis).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let mut taken = Vec::new();
    for minute in 0..16 {
        put(&kinesis, numbered(&format!("minute-{minute}"), 10));
        taken.extend(take_for(&mut records, Duration::from_secs(60)).await);
    }
    assert_eq!(taken.len(), 160);
    let renewed = so_far(&mut events).iter().filter(|e| matches!(e, ConsumerEvent::Renewed { .. })).count();
    assert_eq!(renewed, 6, "three in sixteen minutes for each of two shards");
}

#[tokio::test(start_paused = true)]
async fn follows_splits_and_merges_and_never_delivers_a_child_before_its_parents() {
    let kinesis = kinesis(Settings::default(), 2);
    put(&kinesis, numbered("first", 100));
    let consumer = consumer(&kinesis).build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    kinesis.split_shard_in_half(STREAM, "shardId-000000000000").unwrap();
    put(&kinesis, numbered("second", 100));
    kinesis.merge_shards(STREAM, "shardId-000000000003", "shardId-000000000001").unwrap();
    put(&kinesis, numbered("third", 100));
    let taken = take(&mut records, 300).await;
    assert_eq!(
        payloads(&taken),
        sorted([numbered("first", 100), numbered("second", 100), numbered("third", 100)].concat())
    );
    let first_and_last = |shard: &str| {
        let mut at = (0..taken.len()).filter(|n| taken[*n].shard_id().as_str() == shard);
        let first = at.next();
        (first, at.next_back().or(first))
    };
    for shard in kinesis.list_shards(STREAM).unwrap() {
        for parent in shard.parents() {
            let (child, parent) = (first_and_last(shard.shard_id.as_str()), first_and_last(parent.as_str()));
            assert!(child.0 > parent.1, "{} before {parent:?}", shard.shard_id);
        }
    }
    let ended = so_far(&mut events).iter().filter(|e| matches!(e, ConsumerEvent::ShardEnded { .. })).count();
    assert_eq!(ended, 3);
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_the_stream_and_goes_on_when_its_future_is_dropped() {
    let kinesis = kinesis(Settings::default(), 2);
    let consumer = consumer(&kinesis).deregister_on_shutdown(true).build().await.unwrap();
    let handle = consumer.handle();
    let mut events = handle.events();
    let mut records = consumer.into_stream();
    put(&kinesis, numbered("record", 10));
    take(&mut records, 10).await;
    drop(handle.shutdown());
    assert!(records.next().await.is_none());
    assert!(records.next().await.is_none());
    while events.next().await.is_some() {}
    assert!(kinesis.describe_consumer(STREAM, CONSUMER).is_err(), "deregistered");
    handle.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_leaves_no_subscription_behind() {
    let kinesis = kinesis(Settings::default(), 8);
    let consumer = consumer(&kinesis).build().await.unwrap();
    let handle = consumer.handle();
    let mut events = handle.events();
    let records = consumer.into_stream();
    wait_for(&mut events, |event| matches!(event, ConsumerEvent::Subscribed { .. })).await;
    drop(records);
    while events.next().await.is_some() {}
    assert_eq!(kinesis.statistics().open_subscriptions, 0);
    let calls = kinesis.statistics().subscribe_calls.len();
    pass(Duration::from_secs(3600)).await;
    assert_eq!(kinesis.statistics().subscribe_calls.len(), calls);
}
