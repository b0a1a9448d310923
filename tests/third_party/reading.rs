//! What all tests of the consumer do: put records, take them, wait for an event, and reshard the stream meanwhile.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use kinesis_fanout::consumer::{ConsumerBuilder, ConsumerEvent, Events};
use kinesis_fanout::{Record, RecordStream, ShardId, StartPosition};

use crate::stream::Stream;

/// Puts so many records; their payloads, sorted.
pub(crate) async fn put(stream: &Stream, prefix: &str, count: usize) -> Vec<String> {
    let mut payloads: Vec<_> = (0..count).map(|n| format!("{prefix}-{n}")).collect();
    for payload in &payloads {
        stream.put(payload).await;
    }
    payloads.sort();
    payloads
}

/// The next records, so many.
pub(crate) async fn take(records: &mut RecordStream, count: usize) -> Vec<Record> {
    let taking = records.by_ref().take(count).map(|record| record.expect("no error")).collect();
    tokio::time::timeout(PATIENCE, taking).await.expect("all records in time")
}

/// Their payloads, sorted.
pub(crate) fn payloads(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| String::from_utf8_lossy(record.data()).into_owned();
    let mut payloads: Vec<_> = records.iter().map(text).collect();
    payloads.sort();
    payloads
}

pub(crate) async fn wait_for(
    events: &mut Events,
    what: &str,
    fits: impl Fn(&ConsumerEvent) -> bool,
) -> ConsumerEvent {
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

/// Reads a stream of one shard while that is split and its children are merged. Between two reshards all is read, since one of the
/// servers drops a parent with what is left in it.
pub(crate) async fn follow_a_split_and_a_merge(stream: &Stream, consumer: ConsumerBuilder) {
    let consumer = consumer.build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let sent = put(stream, "one-shard", 20).await;
    assert_eq!(payloads(&take(&mut records, 20).await), sent);

    let parent = stream.first_shard().await;
    stream.split(&parent).await;
    let children = children_of(&parent, &mut events).await;
    assert_eq!(children.len(), 2);
    let sent = put(stream, "two-shards", 40).await;
    let taken = take(&mut records, 40).await;
    assert_eq!(payloads(&taken), sent);
    assert!(
        children.iter().all(|child| taken.iter().any(|record| record.shard_id() == child)),
        "both are read"
    );

    stream.merge(&children[0], &children[1]).await;
    wait_for(
        &mut events,
        "start of the merged shard",
        |event| matches!(event, ConsumerEvent::ShardStarted { parents, .. } if parents.len() == 2),
    )
    .await;
    let sent = put(stream, "merged", 20).await;
    assert_eq!(payloads(&take(&mut records, 20).await), sent);
}

/// Reads a part of a stream of one shard, and the rest by another consumer that starts behind it.
pub(crate) async fn go_on_behind_a_stored_position(stream: &Stream, consumer: ConsumerBuilder) {
    put(stream, "record", 9).await;
    let first = consumer.clone().build().await.unwrap();
    let handle = first.handle();
    let mut records = first.into_stream();
    let done = take(&mut records, 4).await.pop().unwrap();
    handle.shutdown().await.unwrap();
    drop(records);

    let positions = HashMap::from([(done.shard_id().clone(), done.position())]);
    let start = StartPosition::PerShard { positions, otherwise: Box::new(StartPosition::TrimHorizon) };
    let again = consumer.start(start).build().await.unwrap();
    let taken = take(&mut again.into_stream(), 5).await;
    let expected: Vec<_> = (4..9).map(|n| format!("record-{n}")).collect();
    assert_eq!(payloads(&taken), expected);
}

/// The children that the end of this shard brings.
async fn children_of(parent: &ShardId, events: &mut Events) -> Vec<ShardId> {
    let is_end = |event: &ConsumerEvent| matches!(event, ConsumerEvent::ShardEnded { .. });
    match wait_for(events, "end of the parent", is_end).await {
        ConsumerEvent::ShardEnded { shard_id, children } if shard_id == *parent => children,
        other => panic!("another end: {other:?}"),
    }
}

/// Longer than anything here takes, so that a hang is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
