//! What the tests stand on: a local Kinesis, the server before it, and a consumer that reads through it.

use std::num::NonZeroUsize;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use futures::{FutureExt, StreamExt};
use kinesis_fanout::consumer::{ConsumerBuilder, ConsumerEvent, Events, Fallback};
use kinesis_fanout::emulator::{LocalKinesis, Operation, Settings, SlotAfterHangUp};
use kinesis_fanout::kinesis::{
    EventSource, GetRecords, GetShardIterator, Kinesis, KinesisPort, ListShards, PageSource, PortFuture,
    RegisteredConsumer, ShardPage, SubscribeToShard,
};
use kinesis_fanout::model::{ConsumerDescription, StreamReference, StreamSummary};
use kinesis_fanout::transport::{Http2Client, Http2ClientBuilder};
use kinesis_fanout::{Consumer, Error, Record, RecordStream};
use tokio::io::DuplexStream;

use crate::server::Server;

pub(crate) struct World {
    pub(crate) kinesis: LocalKinesis,
    pub(crate) server: Server,
    http2: Http2Client,
    memory_budget: NonZeroUsize,
}

impl World {
    /// A stream of so many shards, whose events have 3 records at most.
    pub(crate) fn new(shards: usize) -> Self {
        Self::with(shards, Http2Client::builder())
    }

    pub(crate) fn with(shards: usize, transport: Http2ClientBuilder) -> Self {
        let settings = Settings {
            event_max_records: 3,
            take_over_after: Duration::ZERO,
            slot_after_hang_up: SlotAfterHangUp::AtOnce,
            ..Settings::default()
        };
        let kinesis = LocalKinesis::new(settings);
        kinesis.create_stream(STREAM, shards).unwrap();
        let server = Server::new(kinesis.clone());
        let connect = server.clone();
        let http2 = transport.dialled_by(move |_, _| std::future::ready(Ok(connect.connect()))).build();
        Self { kinesis, server, http2, memory_budget: NonZeroUsize::new(64 << 20).unwrap() }
    }

    /// The same with room for so many bytes of events.
    pub(crate) fn with_budget(self, bytes: usize) -> Self {
        Self { memory_budget: NonZeroUsize::new(bytes).unwrap(), ..self }
    }

    /// The same with connections that lead elsewhere.
    pub(crate) fn dialled_by<D, F>(shards: usize, dial: D) -> Self
    where
        D: Fn(&str, u16) -> F + Send + Sync + 'static,
        F: Future<Output = std::io::Result<DuplexStream>> + Send + 'static,
    {
        Self { http2: Http2Client::builder().dialled_by(dial).build(), ..Self::new(shards) }
    }

    /// The same whose every call goes over the SDK: all but subscriptions over a client of the user's, which nothing breaks.
    pub(crate) fn over_the_sdk(&self) -> ConsumerBuilder {
        let calls = Server::new(self.kinesis.clone());
        let http = Http2Client::builder().dialled_by(move |_, _| std::future::ready(Ok(calls.connect())));
        let client = Client::from_conf(config().http_client(http.build()).build());
        let consumer = Consumer::builder(&client, STREAM).fan_out("billing").transport(self.http2.clone());
        consumer.seed(7).memory_budget(self.memory_budget)
    }

    /// A consumer of the stream from its beginning.
    pub(crate) async fn consumer(&self) -> Consumer {
        let sdk = KinesisPort::from(&Client::from_conf(config().build()));
        let port = Subscribing {
            local: KinesisPort::from(&self.kinesis),
            sdk: sdk.over(self.http2.clone()).expect("a port over the SDK"),
        };
        let consumer = Consumer::builder(KinesisPort::new(port), STREAM).fan_out("billing");
        let consumer = consumer.fallback(Fallback::Off).seed(7);
        consumer.memory_budget(self.memory_budget).build().await.unwrap()
    }

    /// Puts a record into the first shard.
    pub(crate) fn put(&self, payload: &str) {
        self.kinesis.put_record(STREAM, "key", Some("0"), payload.to_owned()).unwrap();
    }

    /// How often the first shard was subscribed to.
    pub(crate) fn calls(&self) -> usize {
        self.kinesis.statistics().subscribe_calls_of("shardId-000000000000").len()
    }

    /// How often any shard was subscribed to.
    pub(crate) fn all_calls(&self) -> usize {
        self.kinesis.statistics().calls_of(Operation::SubscribeToShard) as usize
    }
}

fn config() -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://kinesis.test")
        .credentials_provider(Credentials::for_tests())
}

/// All calls go to the local Kinesis but one, which goes over the SDK and HTTP/2.
struct Subscribing {
    local: KinesisPort,
    sdk: KinesisPort,
}

impl Kinesis for Subscribing {
    fn describe_stream_summary<'a>(&'a self, stream: &'a StreamReference) -> PortFuture<'a, StreamSummary> {
        self.local.describe_stream_summary(stream)
    }

    fn list_shards(&self, request: ListShards) -> PortFuture<'_, ShardPage> {
        self.local.list_shards(request)
    }

    fn register_stream_consumer<'a>(
        &'a self,
        stream_arn: &'a str,
        consumer_name: &'a str,
    ) -> PortFuture<'a, ConsumerDescription> {
        self.local.register_stream_consumer(stream_arn, consumer_name)
    }

    fn describe_stream_consumer(&self, consumer: RegisteredConsumer) -> PortFuture<'_, ConsumerDescription> {
        self.local.describe_stream_consumer(consumer)
    }

    fn deregister_stream_consumer<'a>(&'a self, consumer_arn: &'a str) -> PortFuture<'a, ()> {
        self.local.deregister_stream_consumer(consumer_arn)
    }

    fn subscribe_to_shard(&self, request: SubscribeToShard) -> PortFuture<'_, Box<dyn EventSource>> {
        self.sdk.subscribe_to_shard(request)
    }

    fn get_shard_iterator(&self, request: GetShardIterator) -> PortFuture<'_, String> {
        self.local.get_shard_iterator(request)
    }

    fn get_records(&self, request: GetRecords) -> PortFuture<'_, Box<dyn PageSource>> {
        self.local.get_records(request)
    }
}

/// What comes within this time.
pub(crate) async fn take_for(records: &mut RecordStream, time: Duration) -> Vec<String> {
    let mut taken = Vec::new();
    let text = |record: &Record| String::from_utf8_lossy(record.data()).into_owned();
    let taking = async {
        while let Some(record) = records.next().await {
            taken.push(text(&record.expect("no error")));
        }
    };
    let _ = tokio::time::timeout(time, taking).await;
    taken
}

/// The error that ends the stream, before which no record comes.
pub(crate) async fn take_to_error(records: &mut RecordStream) -> Error {
    let error = tokio::time::timeout(Duration::from_secs(600), records.next()).await.expect("in time");
    let error = error.expect("an error before the end").expect_err("no record");
    assert!(records.next().await.is_none());
    error
}

/// What has happened since the reader was last asked.
pub(crate) fn so_far(events: &mut Events) -> Vec<ConsumerEvent> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}

pub(crate) const STREAM: &str = "orders";
