//! What the tests of the consumer stand on: a local Kinesis with one stream, and ways to read it within a bound of virtual
//! time.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use kinesis_fanout::consumer::{ConsumerBuilder, ConsumerEvent, Events};
use kinesis_fanout::emulator::{LocalKinesis, Settings};
use kinesis_fanout::{Consumer, Record, RecordStream};

pub(crate) const STREAM: &str = "orders";
pub(crate) const CONSUMER: &str = "billing";

/// More virtual time than anything that works takes.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A local Kinesis with the stream, of so many shards.
pub(crate) fn kinesis(settings: Settings, shards: usize) -> LocalKinesis {
    let kinesis = LocalKinesis::new(settings);
    kinesis.create_stream(STREAM, shards).unwrap();
    kinesis
}

/// A consumer of it, with reproducible jitter.
pub(crate) fn consumer(kinesis: &LocalKinesis) -> ConsumerBuilder {
    Consumer::builder(kinesis, STREAM).fan_out(CONSUMER).seed(7)
}

/// Puts records with these payloads, each with a key of its own.
pub(crate) fn put(kinesis: &LocalKinesis, payloads: impl IntoIterator<Item = String>) {
    for payload in payloads {
        kinesis
            .put_record(STREAM, &payload, None, payload.clone())
            .unwrap();
    }
}

/// `prefix-0`, `prefix-1` …
pub(crate) fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}-{n}")).collect()
}

/// The next records, so many.
pub(crate) async fn take(records: &mut RecordStream, count: usize) -> Vec<Record> {
    let mut taken = Vec::new();
    let taking = async {
        while taken.len() < count {
            taken.push(
                records
                    .next()
                    .await
                    .expect("the stream goes on")
                    .expect("no error"),
            );
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, taking).await.is_ok();
    assert!(
        in_time,
        "{} of {count} records, then nothing for half an hour",
        taken.len()
    );
    taken
}

/// What comes within this time.
pub(crate) async fn take_for(records: &mut RecordStream, time: Duration) -> Vec<Record> {
    let mut taken = Vec::new();
    let taking = async {
        while let Some(record) = records.next().await {
            taken.push(record.expect("no error"));
        }
    };
    let _ = tokio::time::timeout(time, taking).await;
    taken
}

/// Lets virtual time pass, whatever goes on in it.
pub(crate) async fn pass(time: Duration) {
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

/// What has happened since the reader was last asked.
pub(crate) fn so_far(events: &mut Events) -> Vec<ConsumerEvent> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}

/// The next event that fits.
pub(crate) async fn wait_for(events: &mut Events, fits: impl Fn(&ConsumerEvent) -> bool) -> ConsumerEvent {
    let waiting = async {
        loop {
            let event = events.next().await.expect("the consumer goes on");
            if fits(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("the event comes")
}

/// The payloads as text, sorted: what came, whatever the order between shards.
pub(crate) fn payloads(records: &[Record]) -> Vec<String> {
    let mut payloads: Vec<_> = records
        .iter()
        .map(|record| String::from_utf8_lossy(record.data()).into_owned())
        .collect();
    payloads.sort();
    payloads
}

pub(crate) fn sorted(mut payloads: Vec<String>) -> Vec<String> {
    payloads.sort();
    payloads
}
