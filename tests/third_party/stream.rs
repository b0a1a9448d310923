use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::primitives::Blob;
use kinesis_fanout::kinesis::{
    EventSource, KinesisPort, ListShards, PortError, RegisteredConsumer, SubscribeToShard,
};
use kinesis_fanout::model::{
    ConsumerStatus, SequenceNumber, Shard, ShardFilter, ShardId, StartingPosition, StreamReference,
    StreamStatus,
};

/// A stream of the server.
pub(crate) struct Stream {
    pub(crate) client: Client,
    pub(crate) port: KinesisPort,
    pub(crate) name: &'static str,
    pub(crate) arn: String,
}

impl Stream {
    pub(crate) async fn create(name: &'static str, shards: i32) -> Self {
        let url = std::env::var("KINESIS_FANOUT_MINISTACK").expect(
            "KINESIS_FANOUT_MINISTACK is the URL of a ministack; .ci/third-party starts one and sets it",
        );
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .endpoint_url(url);
        let client = Client::from_conf(config.build());
        client.create_stream().stream_name(name).shard_count(shards).send().await.unwrap();
        let port = KinesisPort::from(&client);
        let by_name = StreamReference::Name(name.into());
        let summary = port.describe_stream_summary(&by_name).await.unwrap();
        assert_eq!(summary.status, StreamStatus::Active);
        Self { client, port, name, arn: summary.stream_arn }
    }

    /// Puts a record with this payload.
    pub(crate) async fn put(&self, payload: &str) -> SequenceNumber {
        let put = self.client.put_record().stream_name(self.name);
        let put = put.partition_key(payload).data(Blob::new(payload));
        put.send().await.unwrap().sequence_number.parse().unwrap()
    }

    /// Registers a consumer and answers its ARN.
    pub(crate) async fn register(&self, consumer_name: &str) -> String {
        let registered = self.port.register_stream_consumer(&self.arn, consumer_name);
        let arn = registered.await.unwrap().consumer_arn;
        let described =
            RegisteredConsumer::Name { stream_arn: self.arn.clone(), consumer_name: consumer_name.into() };
        let described = self.port.describe_stream_consumer(described).await.unwrap();
        assert_eq!((&described.consumer_arn, described.status), (&arn, ConsumerStatus::Active));
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
