//! What the tests of the consumer stand on: a local Kinesis with one stream, and ways to read it within a bound of virtual
//! time.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{FutureExt, StreamExt};
use kinesis_fanout::consumer::{ConsumerBuilder, ConsumerEvent, Events, Fallback};
use kinesis_fanout::emulator::{LocalKinesis, Operation, Settings, SlotAfterHangUp, Start, SubscribeCall};
use kinesis_fanout::kpl::Aggregator;
use kinesis_fanout::{Consumer, Error, Record, RecordStream, SequenceNumber};

pub(crate) const STREAM: &str = "orders";
pub(crate) const CONSUMER: &str = "billing";
/// The first shard of the stream.
pub(crate) const SHARD: &str = "shardId-000000000000";

/// More virtual time than anything that works takes.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A service that lets a subscription in whenever the one before has ended.
pub(crate) fn obliging() -> Settings {
    Settings {
        take_over_after: Duration::ZERO,
        slot_after_hang_up: SlotAfterHangUp::AtOnce,
        ..Settings::default()
    }
}

/// A local Kinesis with the stream, of so many shards.
pub(crate) fn kinesis(settings: Settings, shards: usize) -> LocalKinesis {
    let kinesis = LocalKinesis::new(settings);
    kinesis.create_stream(STREAM, shards).unwrap();
    kinesis
}

/// A consumer of it by fan-out and nothing else, with reproducible jitter.
pub(crate) fn consumer(kinesis: &LocalKinesis) -> ConsumerBuilder {
    Consumer::builder(kinesis, STREAM).fan_out(CONSUMER).fallback(Fallback::Off).seed(7)
}

/// A consumer of it by fan-out, which polls where that is not to be had.
pub(crate) fn falling_back(kinesis: &LocalKinesis) -> ConsumerBuilder {
    Consumer::builder(kinesis, STREAM).fan_out(CONSUMER).seed(7)
}

/// A consumer of it by polling alone.
pub(crate) fn polled(kinesis: &LocalKinesis) -> ConsumerBuilder {
    Consumer::builder(kinesis, STREAM).polling().seed(7)
}

/// Puts records with these payloads, each with a key of its own.
pub(crate) fn put(kinesis: &LocalKinesis, payloads: impl IntoIterator<Item = String>) {
    for payload in payloads {
        kinesis.put_record(STREAM, &payload, None, payload.clone()).unwrap();
    }
}

/// Puts a record into the first shard and gives its number.
pub(crate) fn put_data(kinesis: &LocalKinesis, data: impl Into<bytes::Bytes>) -> SequenceNumber {
    let put = kinesis.put_record(STREAM, "key", Some("0"), data).unwrap();
    put.sequence_number
}

/// An aggregate of user records with these payloads.
pub(crate) fn aggregate(payloads: &[String]) -> bytes::Bytes {
    let mut aggregator = Aggregator::new();
    for payload in payloads {
        assert!(aggregator.add("user", None, payload.clone()).unwrap().is_none());
    }
    aggregator.finish().unwrap().data
}

/// The blob of one of the edge cases in `tests/vectors/kpl`.
pub(crate) fn edge_case(id: &str) -> bytes::Bytes {
    let text = include_str!("../vectors/kpl/edge-cases.json");
    let cases: serde_json::Value = serde_json::from_str(text).unwrap();
    let case =
        cases.as_array().unwrap().iter().find(|case| case["id"].as_str().unwrap().starts_with(id)).unwrap();
    STANDARD.decode(case["blob_base64"].as_str().unwrap()).unwrap().into()
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
            taken.push(records.next().await.expect("the stream goes on").expect("no error"));
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, taking).await.is_ok();
    assert!(in_time, "{} of {count} records, then nothing for half an hour", taken.len());
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

/// What comes until the error that ends the stream, and the error. Nothing may follow it.
pub(crate) async fn take_to_error(records: &mut RecordStream) -> (Vec<Record>, Error) {
    let mut taken = Vec::new();
    let taking = async {
        loop {
            match records.next().await.expect("an error before the end") {
                Ok(record) => taken.push(record),
                Err(error) => return error,
            }
        }
    };
    let error = tokio::time::timeout(PATIENCE, taking).await.expect("an error comes");
    assert!(records.next().await.is_none());
    (taken, error)
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
    tokio::time::timeout(PATIENCE, waiting).await.expect("the event comes")
}

/// The payloads as text, sorted: what came, whatever the order between shards.
pub(crate) fn payloads(records: &[Record]) -> Vec<String> {
    let mut payloads: Vec<_> =
        records.iter().map(|record| String::from_utf8_lossy(record.data()).into_owned()).collect();
    payloads.sort();
    payloads
}

/// The payloads as text, as they came.
pub(crate) fn texts(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| String::from_utf8_lossy(record.data()).into_owned();
    records.iter().map(text).collect()
}

/// How often the operation was called.
pub(crate) fn calls_of(kinesis: &LocalKinesis, operation: Operation) -> u64 {
    kinesis.statistics().calls_of(operation)
}

/// The SubscribeToShard calls for the first shard.
pub(crate) fn subscribes(kinesis: &LocalKinesis) -> Vec<SubscribeCall> {
    kinesis.statistics().subscribe_calls_of(SHARD)
}

/// From where the first shard was asked for, call by call.
pub(crate) fn starts(kinesis: &LocalKinesis) -> Vec<Start> {
    subscribes(kinesis).into_iter().map(|call| call.start).collect()
}

pub(crate) fn sorted(mut payloads: Vec<String>) -> Vec<String> {
    payloads.sort();
    payloads
}
