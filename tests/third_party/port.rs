//! The adapter.

use std::time::Duration;

use kinesis_fanout::kinesis::{EventSource, GetRecords, GetShardIterator};
use kinesis_fanout::model::{FailureClass, SequenceNumber, StartingPosition, SubscriptionEvent};

use crate::stream::Stream;

/// The next event, which has to come: the server sends one every 5 s at least.
async fn next(source: &mut Box<dyn EventSource>) -> SubscriptionEvent {
    let next = tokio::time::timeout(PATIENCE, source.next_event());
    next.await.expect("an event or an end in time").unwrap().expect("no end yet")
}

/// Reads events until this many records have come: their payloads, and the last continuation.
async fn read(source: &mut Box<dyn EventSource>, count: usize) -> (Vec<String>, SequenceNumber) {
    let mut payloads = Vec::new();
    loop {
        let event = next(source).await;
        payloads.extend(event.records.iter().map(payload));
        if payloads.len() >= count {
            return (payloads, event.continuation.unwrap());
        }
    }
}

fn payload(record: kinesis_fanout::model::KinesisRecordRef<'_>) -> String {
    String::from_utf8(record.data().to_vec()).unwrap()
}

#[tokio::test]
async fn reading_resumes_at_and_after_a_position() {
    let stream = Stream::create("resume", 1).await;
    let shard = stream.first_shard().await;
    let mut numbers = Vec::new();
    for payload in ["a", "b", "c", "d"] {
        numbers.push(stream.put(payload).await);
    }
    let at = StartingPosition::AtSequenceNumber(numbers[1].clone());
    let after = StartingPosition::AfterSequenceNumber(numbers[1].clone());
    // One consumer for each subscription, so that none takes another's place.
    for (name, position, expected) in
        [("horizon", StartingPosition::TrimHorizon, "abcd"), ("at", at, "bcd"), ("after", after, "cd")]
    {
        let consumer = stream.register(name).await;
        let mut source = stream.subscribe(&consumer, &shard, position).await.unwrap();
        let (payloads, _) = read(&mut source, expected.len()).await;
        assert_eq!(payloads.concat(), expected, "{name}");
    }
}

#[tokio::test]
async fn reading_every_shard_brings_every_record() {
    let stream = Stream::create("every-shard", 3).await;
    let mut sent: Vec<_> = (0..60).map(|n| format!("record-{n}")).collect();
    for payload in &sent {
        stream.put(payload).await;
    }
    let consumer = stream.register("billing").await;
    let mut payloads = Vec::new();
    for shard in stream.shards().await {
        let start = StartingPosition::TrimHorizon;
        let mut source = stream.subscribe(&consumer, &shard.shard_id, start).await.unwrap();
        let mut event = next(&mut source).await;
        while !event.records.is_empty() {
            payloads.extend(event.records.iter().map(payload));
            event = next(&mut source).await;
        }
    }
    sent.sort();
    payloads.sort();
    assert_eq!(payloads, sent);
}

#[tokio::test]
async fn reading_by_polling_pages_from_a_position() {
    let stream = Stream::create("polled", 1).await;
    let shard_id = stream.first_shard().await;
    let mut numbers = Vec::new();
    for payload in ["a", "b", "c"] {
        numbers.push(stream.put(payload).await);
    }
    let at = StartingPosition::AtSequenceNumber(numbers[1].clone());
    let after = StartingPosition::AfterSequenceNumber(numbers[1].clone());
    for (starting_position, expected) in [(StartingPosition::TrimHorizon, "abc"), (at, "bc"), (after, "c")] {
        let stream_arn = stream.arn.clone();
        let from = GetShardIterator { stream_arn, shard_id: shard_id.clone(), starting_position };
        let mut shard_iterator = stream.port.get_shard_iterator(from).await.unwrap();
        let mut payloads = Vec::new();
        while payloads.len() < expected.len() {
            let request = GetRecords { stream_arn: stream.arn.clone(), shard_iterator, limit: 2 };
            let source = stream.port.get_records(request).await.map_err(|error| error.failure).unwrap();
            assert!(source.size().is_some(), "both servers tell it");
            let page = source.read().await.unwrap();
            assert!(page.records.len() <= 2 && page.child_shards.is_empty());
            payloads.extend(page.records.iter().map(payload));
            shard_iterator = page.next_iterator.expect("the shard is open");
        }
        assert_eq!(payloads.concat(), expected);
    }
}

#[tokio::test]
async fn a_renewal_after_the_last_continuation_loses_and_doubles_nothing() {
    let stream = Stream::create("renewal", 1).await;
    let shard = stream.first_shard().await;
    let consumer = stream.register("billing").await;
    stream.put("a").await;
    let mut payloads = Vec::new();
    let mut position = StartingPosition::TrimHorizon;
    for (during, between) in [("b", "c"), ("d", "e")] {
        let mut source = stream.subscribe(&consumer, &shard, position.clone()).await.unwrap();
        let (first, _) = read(&mut source, 1).await;
        payloads.extend(first);
        stream.put(during).await;
        // To the clean end, 10 s after the start.
        loop {
            let event = tokio::time::timeout(PATIENCE, source.next_event()).await.unwrap();
            let Some(event) = event.unwrap() else { break };
            assert!(event.child_shards.is_empty());
            payloads.extend(event.records.iter().map(payload));
            position = StartingPosition::AfterSequenceNumber(event.continuation.unwrap());
        }
        stream.put(between).await;
    }
    let mut source = stream.subscribe(&consumer, &shard, position).await.unwrap();
    payloads.extend(read(&mut source, 1).await.0);
    assert_eq!(payloads.concat(), "abcde");
}

#[tokio::test]
async fn a_second_subscription_is_refused_and_after_5_s_takes_over() {
    let stream = Stream::create("contention", 1).await;
    let shard = stream.first_shard().await;
    let consumer = stream.register("billing").await;
    let horizon = || StartingPosition::TrimHorizon;
    let mut old = stream.subscribe(&consumer, &shard, horizon()).await.unwrap();
    next(&mut old).await;
    let refused = stream.subscribe(&consumer, &shard, horizon()).await;
    let refused = refused.map(drop).unwrap_err();
    assert_eq!(refused.failure.class, FailureClass::ResourceInUse, "{refused}");

    // The next idle event comes 5 s after the first one, so 5 s after the subscription at least.
    next(&mut old).await;
    let mut new = stream.subscribe(&consumer, &shard, horizon()).await.unwrap();
    let lost = loop {
        match tokio::time::timeout(PATIENCE, old.next_event()).await.unwrap() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the old subscription ended without a word"),
            Err(error) => break error,
        }
    };
    assert_eq!(lost.failure.class, FailureClass::ResourceInUse, "{lost}");
    stream.put("a").await;
    assert_eq!(read(&mut new, 1).await.0, ["a"]);
}

#[tokio::test]
async fn a_live_split_ends_the_parent_with_its_children() {
    let stream = Stream::create("split", 1).await;
    let parent = stream.first_shard().await;
    let consumer = stream.register("billing").await;
    stream.put("a").await;
    let horizon = StartingPosition::TrimHorizon;
    let mut source = stream.subscribe(&consumer, &parent, horizon.clone()).await.unwrap();
    assert_eq!(read(&mut source, 1).await.0, ["a"]);
    let split = stream.client.split_shard().stream_name(stream.name);
    let split = split.shard_to_split(parent.as_str()).new_starting_hash_key((u128::MAX / 2 + 1).to_string());
    split.send().await.unwrap();
    stream.put("b").await;

    let last = loop {
        let event = next(&mut source).await;
        if !event.child_shards.is_empty() {
            break event;
        }
    };
    assert!(source.next_event().await.unwrap().is_none(), "then it ends");
    let mut payloads = Vec::new();
    let listed = stream.shards().await;
    for child in &last.child_shards {
        assert_eq!(child.parent_shards, std::slice::from_ref(&parent));
        let shard = listed.iter().find(|shard| shard.shard_id == child.shard_id);
        assert_eq!(shard.unwrap().hash_key_range, child.hash_key_range);
        let mut source = stream.subscribe(&consumer, &child.shard_id, horizon.clone()).await.unwrap();
        payloads.extend(next(&mut source).await.records.iter().map(payload));
    }
    assert_eq!((last.child_shards.len(), payloads.concat().as_str()), (2, "b"));
}

/// Longer than the server's longest pause. Only a broken server or reader makes a test wait for it.
const PATIENCE: Duration = Duration::from_secs(30);
