//! The wire tier: the consumer with the real SDK and its own transport against the local Kinesis over sockets, plain and TLS, with
//! as few streams on a connection as the one public trace of the service shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod pages;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use futures::StreamExt;
use kinesis_fanout::Consumer;
use kinesis_fanout::consumer::ConsumerEvent;
use kinesis_fanout::emulator::{LocalKinesis, Server, Settings};
use kinesis_fanout::transport::{Http2Client, Transport};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// SETTINGS_MAX_CONCURRENT_STREAMS as seen on the service (pekko-connectors, pull request 830).
fn settings() -> Settings {
    Settings { max_concurrent_streams: 5, event_max_records: 10, ..Settings::default() }
}

fn config(server: &Server) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(server.endpoint_url())
}

/// The AWS client of a user who trusts the server's authority.
fn trusting_client(server: &Server) -> Client {
    let authority = server.certificate_authority().unwrap().as_bytes();
    let trust = TrustStore::empty().with_pem_certificate(authority);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(TlsContext::builder().with_trust_store(trust).build().unwrap())
        .build_https();
    Client::from_conf(config(server).http_client(http).build())
}

/// A transport that trusts the server's authority.
fn trusting_transport(server: &Server) -> Http2Client {
    let authority = server.certificate_authority().unwrap().as_bytes();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Http2Client::builder().tls_rustls_0_23(Arc::new(config)).build()
}

/// Reads 40 shards, 5 streams on a connection; two of them are split and two merged meanwhile.
async fn reads_forty_shards(server: &Server, client: &Client, transport: Http2Client) {
    server.create_stream("orders", 40).unwrap();
    let put = |prefix: &str| -> Vec<String> {
        let payloads: Vec<_> = (0..400).map(|n| format!("{prefix}-{n}")).collect();
        for payload in &payloads {
            server.put_record("orders", payload, None, payload.clone()).unwrap();
        }
        payloads
    };
    let mut expected: HashSet<String> = put("before").into_iter().collect();
    let consumer = Consumer::builder(client, "orders").fan_out("billing").transport(transport.clone());
    let consumer = consumer.build().await.unwrap();
    let mut events = consumer.handle().events();
    let mut records = consumer.into_stream();
    let mut read = async |count: usize| {
        let mut taken = HashSet::new();
        let reading = async {
            while taken.len() < count {
                let record = records.next().await.unwrap().unwrap();
                let new = taken.insert(String::from_utf8(record.data().to_vec()).unwrap());
                assert!(new, "{record:?} came twice");
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("all records in time");
        taken
    };
    let first = read(400).await;
    assert_eq!(first, expected);
    let stats = transport.stats();
    assert_eq!((stats.streams, stats.connections, stats.waiting), (40, 8, 0), "{stats:?}");

    let shard = |index: u32| format!("shardId-{index:012}");
    server.split_shard_in_half("orders", &shard(3)).unwrap();
    server.merge_shards("orders", &shard(20), &shard(21)).unwrap();
    expected = put("behind").into_iter().collect();
    assert_eq!(read(400).await, expected);

    let mut failures = Vec::new();
    while let Some(event) = futures::FutureExt::now_or_never(events.next()).flatten() {
        if let ConsumerEvent::SubscriptionEnded { cause, .. } = event {
            failures.push(cause);
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[tokio::test]
async fn forty_shards_over_plain_http2_with_5_streams_on_a_connection() {
    let server = LocalKinesis::start(settings()).await.unwrap();
    let client = Client::from_conf(config(&server).build());
    reads_forty_shards(&server, &client, Http2Client::default()).await;
}

#[tokio::test]
async fn forty_shards_over_tls_with_5_streams_on_a_connection() {
    let server = LocalKinesis::start_tls(settings()).await.unwrap();
    reads_forty_shards(&server, &trusting_client(&server), trusting_transport(&server)).await;
}

/// The authority is made up, so the platform's roots know nothing of it.
#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told() {
    let server = LocalKinesis::start_tls(settings()).await.unwrap();
    server.create_stream("orders", 1).unwrap();
    let consumer = Consumer::builder(&trusting_client(&server), "orders").fan_out("billing");
    let consumer = consumer.build().await.unwrap();
    let mut events = consumer.handle().events();
    let _records = consumer.into_stream();
    let told = async {
        loop {
            if let ConsumerEvent::SubscriptionEnded { cause, .. } = events.next().await.unwrap() {
                return format!("{cause:?}");
            }
        }
    };
    let cause = tokio::time::timeout(PATIENCE, told).await.expect("the failure is told");
    assert!(cause.to_lowercase().contains("certificate"), "{cause}");
}

/// The user's own client carries everything when told to.
#[tokio::test]
async fn the_user_s_client_carries_subscriptions_on_request() {
    let server = LocalKinesis::start(settings()).await.unwrap();
    server.create_stream("orders", 2).unwrap();
    server.put_record("orders", "key", None, "payload").unwrap();
    let client = Client::from_conf(config(&server).build());
    let consumer = Consumer::builder(&client, "orders").fan_out("billing").transport(Transport::UserClient);
    let mut records = consumer.build().await.unwrap().into_stream();
    let record = tokio::time::timeout(PATIENCE, records.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(record.data(), b"payload");
}

/// Longer than anything here takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(60);
