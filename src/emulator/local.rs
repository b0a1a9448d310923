use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::Settings;
use super::faults::Faults;
use super::model::{
    Answer, ConsumerSummary, CreateStreamRequest, ListShardsRequest, ListedShards, Model, NewRecord,
    PutAnswer, Statistics,
};
use super::service::Service;
use crate::kinesis::{KinesisPort, RegisteredConsumer};
use crate::model::{Shard, StreamReference, Timestamp};

/// A Kinesis in this process. Cheap to clone; all clones are the same service.
///
/// Its methods are the service seen from within: calls made here are not counted, not limited in rate and meet no faults.
/// Streams are given by name or ARN. Clients come through a door: [`port`](Self::port), or [`serve`](Self::serve) for HTTP.
///
/// Its clock is tokio's, laid onto wall time; where tokio's clock is paused, make it inside that runtime.
///
/// ```
/// use kinesis_fanout::emulator::{LocalKinesis, Settings};
///
/// let local = LocalKinesis::new(Settings::default());
/// local.create_stream("orders", 2)?;
/// let put = local.put_record("orders", "customer-4", None, "{}")?;
/// local.split_shard_in_half("orders", put.shard_id.as_str())?;
/// assert_eq!(local.list_shards("orders")?.len(), 4);
/// # Ok::<(), kinesis_fanout::emulator::ServiceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LocalKinesis {
    pub(super) service: Arc<Service>,
}

impl LocalKinesis {
    /// A service without streams.
    pub fn new(settings: Settings) -> Self {
        Self { service: Arc::new(Service::new(settings)) }
    }

    /// The door without a socket, for consumers in this process.
    pub fn port(&self) -> KinesisPort {
        self.into()
    }

    /// What the service's clock shows.
    pub fn now(&self) -> SystemTime {
        self.service.clock.now().into()
    }

    /// Moves the service's clock on by `time`: what is due by then happens now, in every door.
    ///
    /// ```
    /// use std::time::Duration;
    /// use kinesis_fanout::emulator::{LocalKinesis, Settings};
    ///
    /// let local = LocalKinesis::new(Settings::default());
    /// let before = local.now();
    /// local.advance(Duration::from_secs(300));
    /// assert!(local.now() >= before + Duration::from_secs(300));
    /// ```
    pub fn advance(&self, time: Duration) {
        self.service.clock.advance(time);
    }

    /// The faults that clients meet.
    pub fn faults(&self) -> Faults<'_> {
        Faults(&self.service)
    }

    /// What clients called and got so far.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = self.service.with(|model, _| model.statistics().clone());
        statistics.events_encoded = self.service.encoded.count();
        statistics.open_connections = self.service.connections.open_count();
        statistics.refused_connections = self.service.connections.refused_count();
        statistics
    }

    /// Creates a stream with so many shards. It is ACTIVE after [`Settings::stream_creation_time`].
    ///
    /// # Errors
    /// Those of [`Model::create_stream`].
    pub fn create_stream(&self, name: &str, shards: usize) -> Answer<()> {
        self.ask(|model, now| model.create_stream(name, shards, now))
    }

    /// Creates a stream of any mode, distribution of records, record size and tags.
    ///
    /// # Errors
    /// Those of [`Model::create_stream_with`].
    pub fn create_stream_with(&self, request: &CreateStreamRequest) -> Answer<()> {
        self.ask(|model, now| model.create_stream_with(request, now))
    }

    /// Deletes a stream, its registered consumers included.
    ///
    /// # Errors
    /// Those of [`Model::delete_stream`].
    pub fn delete_stream(&self, stream: &str) -> Answer<()> {
        self.ask(|model, now| model.delete_stream(&reference(stream), true, now))
    }

    /// The ARN of a stream.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub fn stream_arn(&self, stream: &str) -> Answer<String> {
        self.ask(|model, now| Ok(model.describe_stream_summary(&reference(stream), now)?.arn))
    }

    /// Puts a record.
    ///
    /// # Errors
    /// Those of [`Model::put_record`].
    pub fn put_record(
        &self,
        stream: &str,
        partition_key: &str,
        explicit_hash_key: Option<&str>,
        data: impl Into<Bytes>,
    ) -> Answer<PutAnswer> {
        let record = NewRecord {
            partition_key: Some(partition_key.to_owned()),
            explicit_hash_key: explicit_hash_key.map(str::to_owned),
            data: data.into(),
        };
        self.ask(|model, now| model.put_record(&reference(stream), record, now))
    }

    /// Puts up to 500 records; an answer for each, in order.
    ///
    /// # Errors
    /// Those of [`Model::put_records`].
    pub fn put_records(&self, stream: &str, records: Vec<NewRecord>) -> Answer<Vec<Answer<PutAnswer>>> {
        self.ask(|model, now| model.put_records(&reference(stream), records, now))
    }

    /// Splits a shard; the second child begins at `new_starting_hash_key`.
    ///
    /// # Errors
    /// Those of [`Model::split_shard`].
    pub fn split_shard(&self, stream: &str, shard_id: &str, new_starting_hash_key: u128) -> Answer<()> {
        self.ask(|model, now| model.split_shard(&reference(stream), shard_id, new_starting_hash_key, now))
    }

    /// Splits a shard in the middle of its hash keys.
    ///
    /// # Errors
    /// Those of [`Model::split_shard`].
    pub fn split_shard_in_half(&self, stream: &str, shard_id: &str) -> Answer<()> {
        self.ask(|model, now| model.split_shard_in_half(&reference(stream), shard_id, now))
    }

    /// Merges two shards that lie side by side.
    ///
    /// # Errors
    /// Those of [`Model::merge_shards`].
    pub fn merge_shards(&self, stream: &str, shard_id: &str, adjacent_shard_id: &str) -> Answer<()> {
        self.ask(|model, now| model.merge_shards(&reference(stream), shard_id, adjacent_shard_id, now))
    }

    /// All shards that the stream ever had, as they are: no pages, no lag, expired ones included.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub fn list_shards(&self, stream: &str) -> Answer<Vec<Shard>> {
        self.ask(|model, now| model.all_shards(&reference(stream), now))
    }

    /// A page of ListShards as a client sees it, lag included.
    ///
    /// # Errors
    /// Those of [`Model::list_shards`].
    pub fn list_shards_page(&self, request: &ListShardsRequest) -> Answer<ListedShards> {
        self.ask(|model, now| model.list_shards(request, now))
    }

    /// Registers a consumer. It is ACTIVE after [`Settings::consumer_creation_time`].
    ///
    /// # Errors
    /// Those of [`Model::register_stream_consumer`].
    pub fn register_consumer(&self, stream: &str, name: &str) -> Answer<ConsumerSummary> {
        self.ask(|model, now| model.register_stream_consumer(&reference(stream), name, now))
    }

    /// A registered consumer by its name.
    ///
    /// # Errors
    /// ResourceNotFoundException.
    pub fn describe_consumer(&self, stream: &str, name: &str) -> Answer<ConsumerSummary> {
        let consumer = self.consumer(stream, name)?;
        self.ask(|model, now| model.describe_stream_consumer(&consumer, now))
    }

    /// Deregisters a consumer by its name. Its subscriptions end with ResourceNotFoundException.
    ///
    /// # Errors
    /// Those of [`Model::deregister_stream_consumer`].
    pub fn deregister_consumer(&self, stream: &str, name: &str) -> Answer<()> {
        let consumer = self.consumer(stream, name)?;
        self.ask(|model, now| model.deregister_stream_consumer(&consumer, now))
    }

    fn consumer(&self, stream: &str, name: &str) -> Answer<RegisteredConsumer> {
        Ok(RegisteredConsumer::Name { stream_arn: self.stream_arn(stream)?, consumer_name: name.to_owned() })
    }

    fn ask<T>(&self, ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>) -> Answer<T> {
        self.service.with(ask)
    }
}

/// What is no ARN is looked up as a name, and not found if it is none.
fn reference(stream: &str) -> StreamReference {
    StreamReference::parse(stream).unwrap_or_else(|_| StreamReference::Name(stream.to_owned()))
}
