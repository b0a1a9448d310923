//! Connections that are dead without a word, and a process that was.

use std::time::Duration;

use kinesis_fanout::consumer::ConsumerEvent;
use kinesis_fanout::transport::Http2Client;
use tokio::time::{Instant, advance};

use crate::server::Break;
use crate::world::*;

/// What ended subscriptions, and when.
struct Mended {
    causes: Vec<String>,
    after: Duration,
    calls: usize,
    connections: usize,
}

/// Reads a record, lets the network swallow the connection, and puts another record.
async fn mend(world: &World) -> Mended {
    let consumer = world.consumer().await;
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    world.put("before");
    assert_eq!(take_for(&mut records, Duration::from_secs(11)).await, ["before"]);
    so_far(&mut events);
    let (calls, connections) = (world.calls(), world.server.connections());
    world.server.break_all(Break::BlackHole);
    world.put("behind");
    let began = Instant::now();
    let mut after = Duration::ZERO;
    while after < Duration::from_secs(300) {
        let taken = take_for(&mut records, Duration::from_secs(1)).await;
        after = began.elapsed();
        if !taken.is_empty() {
            assert_eq!(taken, ["behind"]);
            break;
        }
    }
    let causes = so_far(&mut events).into_iter().filter_map(|event| match event {
        ConsumerEvent::Silent { after, .. } => Some(format!("Silent({after:?})")),
        ConsumerEvent::SubscriptionEnded { cause, .. } => Some(format!("{cause:?}")),
        _ => None,
    });
    Mended {
        causes: causes.collect(),
        after,
        calls: world.calls() - calls,
        connections: world.server.connections() - connections,
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_noticed_by_a_ping_and_the_shard_goes_on_over_another() {
    let ping = |interval, timeout| {
        Http2Client::builder()
            .ping_interval(Duration::from_secs(interval))
            .ping_timeout(Duration::from_secs(timeout))
    };
    let mended = mend(&World::with(1, ping(10, 5))).await;
    assert_eq!(mended.causes.len(), 1, "{:?}", mended.causes);
    assert!(mended.causes[0].contains("nor did it answer a PING"), "{:?}", mended.causes);
    assert!(mended.after <= Duration::from_secs(10 + 5 + 7), "{:?}", mended.after);
    assert_eq!((mended.calls, mended.connections), (1, 1));
}

/// The silence of 35 s comes before the PING's time-out, 30 s and 10 s. The call after it goes over another connection, since the
/// PING to this one is not answered.
#[tokio::test(start_paused = true)]
async fn with_the_defaults_a_dead_connection_costs_the_silence_and_no_more() {
    let mended = mend(&World::new(1)).await;
    assert!(mended.causes[0].starts_with("Silent(35"), "{:?}", mended.causes);
    assert_eq!(mended.causes.len(), 1, "{:?}", mended.causes);
    assert!(mended.after <= Duration::from_secs(35 + 7), "{:?}: {:?}", mended.after, mended.causes);
    assert_eq!((mended.calls, mended.connections), (1, 1), "what met the dead connection never arrived");
}

/// No event for longer than the silence that is allowed, but bytes all the while.
#[tokio::test(start_paused = true)]
async fn an_event_that_takes_100_s_is_no_silence() {
    for padding in [0, 20_000] {
        let world = World::new(1);
        let consumer = world.consumer().await;
        let mut events = consumer.handle().events();
        let mut records = consumer.into_stream();
        world.put("before");
        assert_eq!(take_for(&mut records, Duration::from_secs(11)).await, ["before"]);
        so_far(&mut events);
        world.server.break_all(Break::Trickle);
        let slow = format!("slow{}", "x".repeat(padding));
        world.put(&slow);
        assert!(take_for(&mut records, Duration::from_secs(99)).await.is_empty());
        assert!(take_for(&mut records, Duration::from_secs(20)).await == [slow]);
        assert!(so_far(&mut events).is_empty());
        assert_eq!(world.calls(), 1);
    }
}

/// Ten minutes in which nothing of us ran: to the service all subscriptions have ended, to us all deadlines have passed.
#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_for_ten_minutes_goes_on_with_one_call_for_each_shard() {
    let shards = 20;
    let world = World::new(shards);
    let consumer = world.consumer().await;
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let expected: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let put = || {
        for text in &expected {
            world.kinesis.put_record(STREAM, text, None, text.clone()).unwrap();
        }
    };
    let sorted = |mut texts: Vec<String>| {
        texts.sort_by_key(|text| text.parse::<u32>().unwrap());
        texts
    };
    put();
    assert_eq!(sorted(take_for(&mut records, Duration::from_secs(11)).await), expected);
    let calls = world.all_calls();
    so_far(&mut events);
    put();
    advance(Duration::from_secs(600)).await;
    assert_eq!(sorted(take_for(&mut records, Duration::from_secs(30)).await), expected);
    let ended = so_far(&mut events).into_iter().filter(|event| {
        matches!(event, ConsumerEvent::Silent { .. } | ConsumerEvent::SubscriptionEnded { .. })
    });
    let ended: Vec<_> = ended.collect();
    assert!(ended.len() <= 2 * shards, "{ended:?}");
    assert!(world.all_calls() - calls <= 2 * shards, "{} calls", world.all_calls() - calls);
    assert!(world.server.connections() <= 2);
}
