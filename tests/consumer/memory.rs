use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use kinesis_fanout::consumer::ConsumerEvent;
use kinesis_fanout::emulator::{Fault, LocalKinesis, Settings, StreamFault};

use crate::weighing::weighed;
use crate::world::*;

const MIB: usize = 1 << 20;
const SHARDS: usize = 64;
/// What an event of the service brings at most, larger records apart.
const EVENT: usize = MIB + MIB / 4;

fn budget(bytes: usize) -> NonZeroUsize {
    NonZeroUsize::new(bytes).unwrap()
}

/// Puts a record of 20 kB into each shard every ten seconds, for an hour; gives how many.
fn keep_busy(kinesis: &LocalKinesis) -> Arc<AtomicUsize> {
    let sent = Arc::new(AtomicUsize::new(0));
    let (kinesis, count) = (kinesis.clone(), Arc::clone(&sent));
    let width = u128::MAX / SHARDS as u128;
    tokio::spawn(async move {
        static PAYLOAD: [u8; 20_000] = [7; 20_000];
        let mut ticks = tokio::time::interval(Duration::from_secs(10));
        for _ in 0..360 {
            ticks.tick().await;
            for shard in 0..SHARDS as u128 {
                let hash_key = (shard * width + width / 2).to_string();
                kinesis.put_record(STREAM, "key", Some(&hash_key), Bytes::from_static(&PAYLOAD)).unwrap();
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    sent
}

/// A user who does not poll for an hour, on 64 busy shards, and then goes on. Gives the most that was held in that hour, in
/// bytes.
async fn pause_for_an_hour(tell_event_size: bool, bytes: usize) -> usize {
    let settings = Settings { tell_event_size, ..Settings::default() };
    let kinesis = kinesis(settings, SHARDS);
    let (port, scales) = weighed(&kinesis);
    let consumer = kinesis_fanout::Consumer::builder(port, STREAM)
        .fan_out(CONSUMER)
        .memory_budget(budget(bytes))
        .seed(1)
        .build()
        .await
        .unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let sent = keep_busy(&kinesis);

    pass(Duration::from_secs(600)).await;
    let calls = kinesis.statistics().subscribe_calls.len();
    assert_eq!(kinesis.statistics().open_subscriptions, 0, "all are given up");
    assert!(scales.held() <= bytes, "{} B held for good", scales.held());
    pass(Duration::from_secs(3000)).await;
    assert_eq!(kinesis.statistics().subscribe_calls.len(), calls, "no call while there is no room");
    let so_far = so_far(&mut events);
    assert!(so_far.iter().any(|event| matches!(event, ConsumerEvent::Blocked { .. })));
    assert!(!so_far.iter().any(|event| matches!(event, ConsumerEvent::Silent { .. })), "no false alarm");

    pass(Duration::from_secs(10)).await;
    let most_held = scales.peak();
    let sent = sent.load(Ordering::Relaxed);
    assert_eq!(sent, 360 * SHARDS);
    let taken = take(&mut records, sent).await;
    for shard in kinesis.list_shards(STREAM).unwrap() {
        let of_shard = taken.iter().filter(|record| *record.shard_id() == shard.shard_id);
        let positions: Vec<_> = of_shard.map(|record| record.position()).collect();
        assert_eq!(positions.len(), 360);
        assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "in order and once");
    }
    drop(taken);
    assert!(take_for(&mut records, Duration::from_secs(30)).await.is_empty());
    most_held
}

#[tokio::test(start_paused = true)]
async fn a_user_who_stops_polling_for_an_hour_costs_the_budget_and_an_event_for_each_subscription() {
    let bytes = 2 * MIB;
    let most_held = pause_for_an_hour(false, bytes).await;
    assert!(most_held <= bytes + SHARDS * EVENT, "{most_held} B");
}

#[tokio::test(start_paused = true)]
async fn where_the_size_of_an_event_is_known_before_a_pause_costs_the_budget_alone() {
    let bytes = 2 * MIB;
    let most_held = pause_for_an_hour(true, bytes).await;
    assert!(most_held <= bytes, "{most_held} B");
}

#[tokio::test(start_paused = true)]
async fn a_record_of_ten_mib_passes_a_budget_of_one() {
    for tell_event_size in [false, true] {
        let settings = Settings { max_record_size: 10 * MIB, tell_event_size, ..Settings::default() };
        let kinesis = kinesis(settings, 2);
        put(&kinesis, numbered("before", 20));
        let huge = "x".repeat(10 * MIB - 3);
        kinesis.put_record(STREAM, "key", None, huge.clone()).unwrap();
        put(&kinesis, numbered("after", 20));
        let consumer = consumer(&kinesis).memory_budget(budget(MIB)).build().await.unwrap();
        let taken = take(&mut consumer.into_stream(), 41).await;
        assert_eq!(
            payloads(&taken),
            sorted([numbered("before", 20), vec![huge], numbered("after", 20)].concat())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_user_does_not_make_every_shard_fetch_its_events_again_and_again() {
    for tell_event_size in [false, true] {
        let settings = Settings { tell_event_size, ..Settings::default() };
        let kinesis = kinesis(settings, SHARDS);
        let consumer = consumer(&kinesis).memory_budget(budget(MIB)).build().await.unwrap();
        let mut records = consumer.into_stream();
        let sent = keep_busy(&kinesis);
        let mut taken = 0;
        for _ in 0..3600 {
            pass(Duration::from_secs(1)).await;
            taken += take(&mut records, 2).await.len();
        }
        let fetched = kinesis.statistics().records as usize;
        assert!(fetched < 5 * taken, "{fetched} fetched for {taken} of {}", sent.load(Ordering::Relaxed));
    }
}

#[tokio::test(start_paused = true)]
async fn room_that_was_made_for_an_event_that_breaks_is_given_back() {
    let settings = Settings { tell_event_size: true, max_record_size: 10 * MIB, ..Settings::default() };
    let kinesis = kinesis(settings, 2);
    let broken = Fault::in_stream(0, StreamFault::BrokenChecksum).shard("shardId-000000000000");
    kinesis.faults().inject(broken);
    let half = (u128::MAX / 2 + 1).to_string();
    kinesis.put_record(STREAM, "key", Some("0"), "x".repeat(9 * MIB)).unwrap();
    for n in 0..100 {
        kinesis.put_record(STREAM, "key", Some(&half), format!("{n}")).unwrap();
    }
    let consumer = consumer(&kinesis).memory_budget(budget(MIB)).build().await.unwrap();
    let mut records = consumer.into_stream();
    assert_eq!(take_for(&mut records, Duration::from_secs(20)).await.len(), 100, "the other shard is read");
    kinesis.faults().clear();
    assert_eq!(take(&mut records, 1).await[0].data().len(), 9 * MIB);
}

#[tokio::test(start_paused = true)]
async fn a_next_that_is_dropped_loses_nothing() {
    let kinesis = kinesis(Settings::default(), 4);
    let mut records = consumer(&kinesis).build().await.unwrap().into_stream();
    let mut taken = Vec::new();
    for round in 0..200 {
        put(&kinesis, numbered(&format!("round-{round}"), 5));
        let millis = Duration::from_millis(round % 7);
        if let Ok(record) = tokio::time::timeout(millis, records.next()).await {
            taken.push(record.unwrap().unwrap());
        }
    }
    taken.extend(take_for(&mut records, Duration::from_secs(60)).await);
    assert_eq!(taken.len(), 1000);
}
