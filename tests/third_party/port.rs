//! The adapter against a Kinesis that nobody here wrote: ministack, on loopback, with subscriptions of 10 s.
//!
//! Taken from it: resuming AT and AFTER, the clean end of a subscription, the refusal within 5 s and the take-over after, the
//! event with the children of a live split. Not taken, since it deviates from AWS there: the continuation that it keeps at the
//! end of a shard, and the parent that it deletes at a reshard.
//!
//! Run by `.ci/third-party`, which starts the server; plain `cargo test` leaves this out. Nothing here sleeps: what has to take
//! time is waited for by the events that the server sends, an empty one every 5 s.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::primitives::Blob;
use kinesis_fanout::kinesis::{
    EventSource, KinesisPort, ListShards, PortError, RegisteredConsumer, SubscribeToShard,
};
use kinesis_fanout::model::{
    ConsumerStatus, FailureClass, SequenceNumber, Shard, ShardFilter, ShardId, StartingPosition,
    StreamReference, StreamStatus, SubscriptionEvent,
};

/// A stream of one shard.
struct Stream {
    client: Client,
    port: KinesisPort,
    name: &'static str,
    arn: String,
}

impl Stream {
    async fn create(name: &'static str) -> Self {
        let url = std::env::var("KINESIS_FANOUT_MINISTACK").expect(
            "KINESIS_FANOUT_MINISTACK is the URL of a ministack; .ci/third-party starts one and sets it",
        );
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .endpoint_url(url);
        let client = Client::from_conf(config.build());
        client
            .create_stream()
            .stream_name(name)
            .shard_count(1)
            .send()
            .await
            .unwrap();
        let port = KinesisPort::from(&client);
        let by_name = StreamReference::Name(name.into());
        let summary = port.describe_stream_summary(&by_name).await.unwrap();
        assert_eq!(summary.status, StreamStatus::Active);
        Self {
            client,
            port,
            name,
            arn: summary.stream_arn,
        }
    }

    /// Puts a record with this payload.
    async fn put(&self, payload: &str) -> SequenceNumber {
        let put = self.client.put_record().stream_name(self.name);
        let put = put.partition_key("key").data(Blob::new(payload));
        put.send().await.unwrap().sequence_number.parse().unwrap()
    }

    /// Registers a consumer and answers its ARN.
    async fn register(&self, consumer_name: &str) -> String {
        let registered = self.port.register_stream_consumer(&self.arn, consumer_name);
        let arn = registered.await.unwrap().consumer_arn;
        let described = RegisteredConsumer::Name {
            stream_arn: self.arn.clone(),
            consumer_name: consumer_name.into(),
        };
        let described = self.port.describe_stream_consumer(described).await.unwrap();
        assert_eq!(
            (&described.consumer_arn, described.status),
            (&arn, ConsumerStatus::Active)
        );
        arn
    }

    async fn shards(&self) -> Vec<Shard> {
        let first = ListShards::First {
            stream_arn: self.arn.clone(),
            filter: ShardFilter::All,
        };
        self.port.list_shards(first).await.unwrap().shards
    }

    async fn first_shard(&self) -> ShardId {
        self.shards().await.remove(0).shard_id
    }

    async fn subscribe(
        &self,
        consumer_arn: &str,
        shard_id: &ShardId,
        starting_position: StartingPosition,
    ) -> Result<Box<dyn EventSource>, PortError> {
        let request = SubscribeToShard {
            consumer_arn: consumer_arn.into(),
            shard_id: shard_id.clone(),
            starting_position,
        };
        self.port.subscribe_to_shard(request).await
    }
}

/// The next event, which has to come: the server sends one every 5 s at least.
async fn next(source: &mut Box<dyn EventSource>) -> SubscriptionEvent {
    let next = tokio::time::timeout(PATIENCE, source.next_event());
    next.await
        .expect("an event or an end in time")
        .unwrap()
        .expect("no end yet")
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

fn payload(record: &kinesis_fanout::model::KinesisRecord) -> String {
    String::from_utf8(record.data.to_vec()).unwrap()
}

#[tokio::test]
async fn reading_resumes_at_and_after_a_position() {
    let stream = Stream::create("resume").await;
    let shard = stream.first_shard().await;
    let mut numbers = Vec::new();
    for payload in ["a", "b", "c", "d"] {
        numbers.push(stream.put(payload).await);
    }
    let at = StartingPosition::AtSequenceNumber(numbers[1].clone());
    let after = StartingPosition::AfterSequenceNumber(numbers[1].clone());
    // One consumer for each subscription, so that none takes another's place.
    for (name, position, expected) in [
        ("horizon", StartingPosition::TrimHorizon, "abcd"),
        ("at", at, "bcd"),
        ("after", after, "cd"),
    ] {
        let consumer = stream.register(name).await;
        let mut source = stream.subscribe(&consumer, &shard, position).await.unwrap();
        let (payloads, _) = read(&mut source, expected.len()).await;
        assert_eq!(payloads.concat(), expected, "{name}");
    }
}

#[tokio::test]
async fn a_renewal_after_the_last_continuation_loses_and_doubles_nothing() {
    let stream = Stream::create("renewal").await;
    let shard = stream.first_shard().await;
    let consumer = stream.register("billing").await;
    stream.put("a").await;
    let mut payloads = Vec::new();
    let mut position = StartingPosition::TrimHorizon;
    for (during, between) in [("b", "c"), ("d", "e")] {
        let mut source = stream
            .subscribe(&consumer, &shard, position.clone())
            .await
            .unwrap();
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
    let stream = Stream::create("contention").await;
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
    let stream = Stream::create("split").await;
    let parent = stream.first_shard().await;
    let consumer = stream.register("billing").await;
    stream.put("a").await;
    let horizon = StartingPosition::TrimHorizon;
    let mut source = stream
        .subscribe(&consumer, &parent, horizon.clone())
        .await
        .unwrap();
    assert_eq!(read(&mut source, 1).await.0, ["a"]);
    let split = stream.client.split_shard().stream_name(stream.name);
    let split = split
        .shard_to_split(parent.as_str())
        .new_starting_hash_key((u128::MAX / 2 + 1).to_string());
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
        let mut source = stream
            .subscribe(&consumer, &child.shard_id, horizon.clone())
            .await
            .unwrap();
        payloads.extend(next(&mut source).await.records.iter().map(payload));
    }
    assert_eq!((last.child_shards.len(), payloads.concat().as_str()), (2, "b"));
}

/// Longer than the server's longest pause. Only a broken server or reader makes a test wait for it.
const PATIENCE: Duration = Duration::from_secs(30);
