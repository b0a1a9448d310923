//! The consumer by fan-out where the server has none.

use std::time::Duration;

use kinesis_fanout::Consumer;
use kinesis_fanout::consumer::{ChangeCause, ConsumerBuilder, ConsumerEvent, DeliveryMode, Fallback};

use crate::no_fan_out::{NoFanOut, Refusal};
use crate::reading::{follow_a_split_and_a_merge, payloads, put, take, wait_for};
use crate::stream::{Stream, connect, server_url};

fn consumer(stream: &Stream, server: &NoFanOut) -> ConsumerBuilder {
    let (client, transport) = connect(&server.url);
    Consumer::builder(&client, stream.name).fan_out("billing").transport(transport)
}

/// All shards are polled, because of their first refusal.
async fn fall_back(stream: &Stream, server: &NoFanOut) {
    let before = put(stream, "before", 30).await;
    // A shard that waits for this fails the test.
    let never = Duration::from_secs(1 << 20);
    let fallback = Fallback::Polling { after: never, probe_every: never };
    let consumer = consumer(stream, server).fallback(fallback).build().await.unwrap();
    let handle = consumer.handle();
    let (mut events, mut records) = (handle.events(), consumer.into_stream());
    assert_eq!(payloads(&take(&mut records, 30).await), before);
    let live = put(stream, "live", 30).await;
    assert_eq!(payloads(&take(&mut records, 30).await), live);

    for _ in 0..2 {
        let is_change = |event: &ConsumerEvent| matches!(event, ConsumerEvent::DeliveryChanged { .. });
        let change = wait_for(&mut events, "change of delivery", is_change).await;
        let ConsumerEvent::DeliveryChanged { to: DeliveryMode::Polling, cause, .. } = change else {
            panic!("{change:?}");
        };
        assert!(matches!(cause, ChangeCause::FanOutDenied(_)), "{cause:?}");
    }
    assert!(handle.lag().iter().all(|shard| shard.delivery == DeliveryMode::Polling));
    assert_eq!((stream.registered().await, server.attempts()), (vec!["billing".to_owned()], 2));
}

#[tokio::test]
async fn what_the_server_says_to_an_unknown_operation_has_each_shard_polled_at_once() {
    let stream = Stream::create("fallback-own", 2).await;
    fall_back(&stream, &NoFanOut::before(&server_url(), Refusal::OfTheServer).await).await;
}

#[tokio::test]
async fn what_aws_says_to_an_unknown_operation_has_each_shard_polled_at_once() {
    let stream = Stream::create("fallback-aws", 2).await;
    fall_back(&stream, &NoFanOut::before(&server_url(), Refusal::OfAws).await).await;
}

#[tokio::test]
async fn children_are_polled_too() {
    let stream = Stream::create("fallback-reshard", 1).await;
    let server = NoFanOut::before(&server_url(), Refusal::OfAws).await;
    follow_a_split_and_a_merge(&stream, consumer(&stream, &server)).await;
    // The shard, its two children, and theirs.
    assert_eq!(server.attempts(), 4);
}
