use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::primitives::Blob;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use kinesis_fanout::Consumer;
use kinesis_fanout::consumer::ConsumerBuilder;
use kinesis_fanout::kinesis::{
    EventSource, KinesisPort, ListShards, PortError, RegisteredConsumer, SubscribeToShard,
};
use kinesis_fanout::model::{
    ConsumerStatus, SequenceNumber, Shard, ShardFilter, ShardId, StartingPosition, StreamReference,
    StreamStatus,
};
use kinesis_fanout::transport::Http2Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A stream of the server.
pub(crate) struct Stream {
    pub(crate) client: Client,
    pub(crate) port: KinesisPort,
    /// What SubscribeToShard goes over.
    transport: Http2Client,
    pub(crate) name: &'static str,
    pub(crate) arn: String,
}

impl Stream {
    pub(crate) async fn create(name: &'static str, shards: i32) -> Self {
        let (client, transport) = connect(&server_url());
        client.create_stream().stream_name(name).shard_count(shards).send().await.unwrap();
        let port = KinesisPort::from(&client).over(transport.clone()).unwrap();
        let arn = until_active(&port, name).await;
        Self { client, port, transport, name, arn }
    }

    /// A consumer of the stream.
    pub(crate) fn consumer(&self) -> ConsumerBuilder {
        Consumer::builder(&self.client, self.name).fan_out("billing").transport(self.transport.clone())
    }

    /// A consumer of the stream that polls.
    pub(crate) fn polling(&self) -> ConsumerBuilder {
        Consumer::builder(&self.client, self.name).polling()
    }

    /// The names of its registered consumers.
    pub(crate) async fn registered(&self) -> Vec<String> {
        let listed = self.client.list_stream_consumers().stream_arn(&self.arn).send().await.unwrap();
        listed.consumers().iter().map(|consumer| consumer.consumer_name().to_owned()).collect()
    }

    /// Lets records be as large as the service allows at most.
    pub(crate) async fn allow_large_records(&self) {
        let update = self.client.update_max_record_size().stream_arn(&self.arn);
        update.max_record_size_in_kib(10 << 10).send().await.unwrap();
    }

    /// Splits a shard that has all hash keys. A reshard before it may still be under way.
    pub(crate) async fn split(&self, shard_id: &ShardId) {
        until_active(&self.port, self.name).await;
        let split = self.client.split_shard().stream_name(self.name).shard_to_split(shard_id.as_str());
        split.new_starting_hash_key((u128::MAX / 2).to_string()).send().await.unwrap();
    }

    /// Merges two shards that lie side by side. A reshard before it may still be under way.
    pub(crate) async fn merge(&self, shard_id: &ShardId, adjacent: &ShardId) {
        until_active(&self.port, self.name).await;
        let merge = self.client.merge_shards().stream_name(self.name).shard_to_merge(shard_id.as_str());
        merge.adjacent_shard_to_merge(adjacent.as_str()).send().await.unwrap();
    }

    /// Puts a record with this payload, which is its partition key as well.
    pub(crate) async fn put(&self, payload: &str) -> SequenceNumber {
        self.put_under(payload, payload).await
    }

    /// Puts a record.
    pub(crate) async fn put_under(&self, partition_key: &str, payload: &str) -> SequenceNumber {
        let put = self.client.put_record().stream_name(self.name);
        let put = put.partition_key(partition_key).data(Blob::new(payload));
        put.send().await.unwrap().sequence_number.parse().unwrap()
    }

    /// Registers a consumer and answers its ARN.
    pub(crate) async fn register(&self, consumer_name: &str) -> String {
        let registered = self.port.register_stream_consumer(&self.arn, consumer_name);
        let arn = registered.await.unwrap().consumer_arn;
        let described =
            RegisteredConsumer::Name { stream_arn: self.arn.clone(), consumer_name: consumer_name.into() };
        let active = async {
            loop {
                let described = self.port.describe_stream_consumer(described.clone()).await.unwrap();
                assert_eq!(described.consumer_arn, arn);
                if described.status == ConsumerStatus::Active {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, active).await.expect("the consumer becomes ACTIVE");
        arn
    }

    pub(crate) async fn shards(&self) -> Vec<Shard> {
        let first = ListShards::First { stream_arn: self.arn.clone(), filter: ShardFilter::All };
        self.port.list_shards(first).await.unwrap().shards
    }

    pub(crate) async fn first_shard(&self) -> ShardId {
        self.shards().await.remove(0).shard_id
    }

    pub(crate) async fn subscribe(
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

/// Where the server is that is tried.
pub(crate) fn server_url() -> String {
    std::env::var("KINESIS_FANOUT_THIRD_PARTY")
        .expect("KINESIS_FANOUT_THIRD_PARTY is the URL of a server; .ci/third-party starts some and sets it")
}

/// A client of the server at this URL, and what subscriptions go over.
pub(crate) fn connect(url: &str) -> (Client, Http2Client) {
    let authority = std::env::var("KINESIS_FANOUT_AUTHORITY").ok().map(|path| std::fs::read(path).unwrap());
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(url);
    let transport = match &authority {
        None => Http2Client::default(),
        Some(authority) => {
            config = config.http_client(trusting_http_client(authority));
            trusting_transport(authority)
        }
    };
    (Client::from_conf(config.build()), transport)
}

/// The SDK's own HTTP client, trusting one certificate.
fn trusting_http_client(authority: &[u8]) -> SharedHttpClient {
    let trust = TrustStore::empty().with_pem_certificate(authority);
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(TlsContext::builder().with_trust_store(trust).build().unwrap())
        .build_https()
}

/// Our transport, trusting one certificate.
fn trusting_transport(authority: &[u8]) -> Http2Client {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Http2Client::builder()
        .tls_rustls_0_23(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
        .build()
}

/// Longer than any server takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the stream is ACTIVE, and gives its ARN.
async fn until_active(port: &KinesisPort, name: &str) -> String {
    let by_name = StreamReference::Name(name.into());
    let active = async {
        loop {
            let summary = port.describe_stream_summary(&by_name).await.unwrap();
            if summary.status == StreamStatus::Active {
                return summary.stream_arn;
            }
        }
    };
    tokio::time::timeout(PATIENCE, active).await.expect("the stream becomes ACTIVE")
}
