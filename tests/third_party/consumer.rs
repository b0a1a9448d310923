//! The consumer.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use kinesis_fanout::consumer::{ConsumerEvent, EndCause, Events};
use kinesis_fanout::{Record, RecordStream, StartPosition};

use crate::stream::Stream;

/// Longer than anything here takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

async fn put(stream: &Stream, prefix: &str, count: usize) -> Vec<String> {
    let mut payloads: Vec<_> = (0..count).map(|n| format!("{prefix}-{n}")).collect();
    for payload in &payloads {
        stream.put(payload).await;
    }
    payloads.sort();
    payloads
}

/// The next records, so many.
async fn take(records: &mut RecordStream, count: usize) -> Vec<Record> {
    let taking = records.by_ref().take(count).map(|record| record.expect("no error")).collect();
    tokio::time::timeout(PATIENCE, taking).await.expect("all records in time")
}

fn payloads(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| String::from_utf8_lossy(record.data()).into_owned();
    let mut payloads: Vec<_> = records.iter().map(text).collect();
    payloads.sort();
    payloads
}

async fn wait_for(events: &mut Events, what: &str, fits: impl Fn(&ConsumerEvent) -> bool) -> ConsumerEvent {
    let waiting = async {
        loop {
            let event = events.next().await.expect("the consumer goes on");
            if fits(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("no {what} in time"))
}

#[tokio::test]
async fn renews_without_losing_or_doubling_a_record() {
    let stream = Stream::create("consumer-renewal", 1).await;
    let consumer = stream.consumer().build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    for round in 0..3 {
        let sent = put(&stream, &format!("round-{round}"), 20).await;
        assert_eq!(payloads(&take(&mut records, 20).await), sent);
        wait_for(&mut events, "renewal", |event| matches!(event, ConsumerEvent::Renewed { .. })).await;
    }
    let sent = put(&stream, "last", 20).await;
    assert_eq!(payloads(&take(&mut records, 20).await), sent);
}

#[tokio::test]
async fn follows_a_live_split_and_a_live_merge() {
    let stream = Stream::create("consumer-reshard", 1).await;
    let consumer = stream.consumer().build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let sent = put(&stream, "one-shard", 20).await;
    assert_eq!(payloads(&take(&mut records, 20).await), sent);

    let parent = stream.first_shard().await;
    let middle = (u128::MAX / 2).to_string();
    let split = stream.client.split_shard().stream_name(stream.name).shard_to_split(parent.as_str());
    split.new_starting_hash_key(middle).send().await.unwrap();
    let is_end = |event: &ConsumerEvent| matches!(event, ConsumerEvent::ShardEnded { .. });
    let ConsumerEvent::ShardEnded { shard_id, children } =
        wait_for(&mut events, "end of the parent", is_end).await
    else {
        unreachable!("only that fits");
    };
    assert_eq!((shard_id, children.len()), (parent, 2));
    let sent = put(&stream, "two-shards", 40).await;
    let taken = take(&mut records, 40).await;
    assert_eq!(payloads(&taken), sent);
    assert!(
        children.iter().all(|child| taken.iter().any(|record| record.shard_id() == child)),
        "both are read"
    );

    let merge = stream.client.merge_shards().stream_name(stream.name).shard_to_merge(children[0].as_str());
    merge.adjacent_shard_to_merge(children[1].as_str()).send().await.unwrap();
    wait_for(
        &mut events,
        "start of the merged shard",
        |event| matches!(event, ConsumerEvent::ShardStarted { parents, .. } if parents.len() == 2),
    )
    .await;
    let sent = put(&stream, "merged", 20).await;
    assert_eq!(payloads(&take(&mut records, 20).await), sent);
}

#[tokio::test]
async fn goes_on_behind_a_position_that_the_user_stored() {
    let stream = Stream::create("consumer-resume", 1).await;
    put(&stream, "record", 9).await;
    let first = stream.consumer().build().await.unwrap();
    let handle = first.handle();
    let mut records = first.into_stream();
    let done = take(&mut records, 4).await.pop().unwrap();
    handle.shutdown().await.unwrap();
    drop(records);

    let positions = HashMap::from([(done.shard_id().clone(), done.position())]);
    let start = StartPosition::PerShard { positions, otherwise: Box::new(StartPosition::TrimHorizon) };
    let again = stream.consumer().start(start).build().await.unwrap();
    let taken = take(&mut again.into_stream(), 5).await;
    let expected: Vec<_> = (4..9).map(|n| format!("record-{n}")).collect();
    assert_eq!(payloads(&taken), expected);
}

#[tokio::test]
async fn of_two_on_one_name_the_second_is_refused_takes_over_and_the_first_sees_the_contention() {
    let stream = Stream::create("consumer-contention", 1).await;
    let first = stream.consumer().build().await.unwrap();
    let mut of_first = first.handle().events();
    let first_records = first.into_stream();
    wait_for(&mut of_first, "subscription", |event| matches!(event, ConsumerEvent::Subscribed { .. })).await;

    let second = stream.consumer().build().await.unwrap();
    let mut of_second = second.handle().events();
    let mut second_records = second.into_stream();
    wait_for(&mut of_second, "refusal or take-over", |event| match event {
        ConsumerEvent::SubscriptionEnded { cause, .. } => *cause == EndCause::InUse,
        event => matches!(event, ConsumerEvent::Subscribed { .. }),
    })
    .await;
    wait_for(&mut of_first, "contention", |event| matches!(event, ConsumerEvent::Contended { .. })).await;

    drop(first_records);
    let sent = put(&stream, "record", 20).await;
    assert_eq!(payloads(&take(&mut second_records, 20).await), sent);
}
