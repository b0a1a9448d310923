//! The HTTP door of the local Kinesis, asked by the real AWS SDK; by raw sockets where the SDK is too well-behaved.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails the test")]

mod abuse;
mod answered;
mod codecs;
mod door;
mod faults;
mod frames;
mod headers;
mod http2;
mod malformed;
mod operations;
mod polling;
mod shutdown;
mod signatures;
mod stream_operations;
mod subscriptions;
mod timeouts;
mod tls;

use std::time::Duration;

use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::RequestId;
use aws_sdk_kinesis::operation::subscribe_to_shard::{SubscribeToShardError, SubscribeToShardOutput};
use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::error::SubscribeToShardEventStreamError;
use aws_sdk_kinesis::types::{
    ConsumerStatus, PutRecordsRequestEntry, ShardFilter, ShardFilterType, ShardIteratorType,
    StartingPosition, StreamStatus, SubscribeToShardEvent, SubscribeToShardEventStream,
};
use aws_sdk_kinesis::{Client, Config};
use kinesis_fanout::emulator::{
    AccessKey, Continuation, Fault, LocalKinesis, Operation, RefusalForm, Server, ServiceError, Settings,
    StreamFault,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const SHARD: &str = "shardId-000000000000";

/// No limits of rate, no waiting for ACTIVE, no pacing, and a subscription takes over at once.
/// Streams on a connection are as many as `KINESIS_FANOUT_MAX_CONCURRENT_STREAMS` says, where it is set: `.ci/run` has 5 tried too.
fn quick() -> Settings {
    let streams =
        std::env::var("KINESIS_FANOUT_MAX_CONCURRENT_STREAMS").map(|streams| streams.parse().unwrap());
    Settings {
        max_concurrent_streams: streams.unwrap_or(Settings::default().max_concurrent_streams),
        limit_calls: false,
        consumer_creation_time: Duration::ZERO,
        take_over_after: Duration::ZERO,
        pace: None,
        ..Settings::default()
    }
}

fn client(server: &Server) -> Client {
    client_with(server, Credentials::for_tests())
}

fn client_with(server: &Server, credentials: Credentials) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server.endpoint_url())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// A server with the stream `orders` of one shard, a client, and the ARN of the registered consumer `billing`.
async fn ready(settings: Settings) -> (Server, Client, String) {
    let server = LocalKinesis::start(settings).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    let consumer = server.register_consumer("orders", "billing").unwrap();
    let client = client(&server);
    (server, client, consumer.arn)
}

fn position(kind: ShardIteratorType, sequence_number: Option<&str>) -> StartingPosition {
    StartingPosition::builder()
        .r#type(kind)
        .set_sequence_number(sequence_number.map(str::to_owned))
        .build()
        .unwrap()
}

type Subscribed = Result<SubscribeToShardOutput, SdkError<SubscribeToShardError>>;

async fn subscribe(client: &Client, consumer: &str, position: StartingPosition) -> Subscribed {
    let call = client.subscribe_to_shard().consumer_arn(consumer).shard_id(SHARD);
    call.starting_position(position).send().await
}

async fn from_horizon(client: &Client, consumer: &str) -> Subscribed {
    subscribe(client, consumer, position(ShardIteratorType::TrimHorizon, None)).await
}

async fn event(output: &mut SubscribeToShardOutput) -> Option<SubscribeToShardEvent> {
    match output.event_stream.recv().await.unwrap()? {
        SubscribeToShardEventStream::SubscribeToShardEvent(event) => Some(event),
        other => panic!("{other:?}"),
    }
}

fn payloads(event: &SubscribeToShardEvent) -> Vec<&[u8]> {
    event.records().iter().map(|record| record.data().as_ref()).collect()
}

fn code<T: std::fmt::Debug, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> String {
    match answer {
        Err(error) => error.code().unwrap_or("no code").to_owned(),
        Ok(answer) => panic!("{answer:?}"),
    }
}

fn millis(time: &DateTime) -> i64 {
    time.secs() * 1_000 + i64::from((time.subsec_nanos() + 500_000) / 1_000_000)
}
