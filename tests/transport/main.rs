//! The transport under the real SDK: its clients over HTTP/2 on loopback, against the emulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition, SubscribeToShardEventStream as Event};
use kinesis_fanout::emulator::{LocalKinesis, Server, Settings};
use kinesis_fanout::transport::{Http2Client, TransportError, TransportErrorKind};

fn client(endpoint: &str, http2: &Http2Client) -> Client {
    let settings = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(endpoint)
        .http_client(http2.clone());
    Client::from_conf(settings.build())
}

async fn serve(shards: usize) -> (LocalKinesis, Server) {
    let settings =
        Settings { limit_calls: false, consumer_creation_time: Duration::ZERO, ..Settings::default() };
    let local = LocalKinesis::new(settings);
    local.create_stream("orders", shards).unwrap();
    let server = local.serve().await.unwrap();
    (local, server)
}

#[tokio::test]
async fn the_sdk_calls_and_subscribes_over_it() {
    let (_local, server) = serve(150).await;
    let http2 = Http2Client::default();
    let client = client(&server.endpoint_url(), &http2);

    let put = client.put_record().stream_name("orders").partition_key("a").data(Blob::new("payload"));
    let shard = put.send().await.unwrap().shard_id;
    let summary = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
    let arn = summary.stream_description_summary.unwrap().stream_arn;
    let consumer =
        client.register_stream_consumer().stream_arn(&arn).consumer_name("billing").send().await.unwrap();
    let consumer = consumer.consumer.unwrap().consumer_arn;

    let shards = client.list_shards().stream_name("orders").send().await.unwrap().shards.unwrap();
    let position = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build().unwrap();
    let subscribe = shards.iter().map(|shard| {
        let subscribe = client.subscribe_to_shard().consumer_arn(&consumer).shard_id(&shard.shard_id);
        subscribe.starting_position(position.clone()).send()
    });
    let mut subscriptions = futures::future::try_join_all(subscribe).await.unwrap();
    assert_eq!(subscriptions.len(), 150);
    assert_eq!(http2.stats().streams, 150);
    assert_eq!(http2.stats().connections, 2, "filled before another is dialled");

    let at = shards.iter().position(|listed| listed.shard_id == shard).unwrap();
    let records = loop {
        match subscriptions[at].event_stream.recv().await.unwrap().unwrap() {
            Event::SubscribeToShardEvent(event) if !event.records.is_empty() => break event.records,
            _ => {}
        }
    };
    assert_eq!(records[0].data.as_ref(), b"payload");

    drop(subscriptions);
    assert_eq!(http2.stats().streams, 0);
}

#[tokio::test]
async fn errors_of_the_transport_stand_in_those_of_the_sdk() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = client(&format!("http://{address}"), &Http2Client::default());
    let failed = client.list_streams().send().await.unwrap_err();
    let mut error: Option<&dyn std::error::Error> = Some(&failed);
    let kind = loop {
        let this = error.expect("no transport error");
        if let Some(transport) = this.downcast_ref::<TransportError>() {
            break transport.kind();
        }
        error = this.source();
    };
    assert_eq!(kind, TransportErrorKind::Connect);
}
