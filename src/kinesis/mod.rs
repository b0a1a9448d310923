//! What the consumer needs of Kinesis: the port. Adapters stand behind it: `kinesis::aws` over aws-sdk-kinesis, and the
//! emulator's own door.
//!
//! The port knows no client, no wire format and no retry: a call is made once, and its failure comes back classified. What
//! follows from it is decided by the machines in `engine`.
//!
//! Two things hold for every adapter:
//! - `subscribe_to_shard` answers within [`SUBSCRIBE_TIMEOUT`], or as long as its turn to connect takes, and never tries twice: each call counts against the limit of
//!   one per second, shard and consumer.
//! - [`EventSource::next_event`] is cancel-safe; dropping the source gives the subscription up.
//!
//! GetShardIterator and GetRecords are never tried twice either: each call counts against the limit of five per second and shard,
//! which all readers of the shard share. Until the answer's headers they take as long as the client's own time-outs let them;
//! who needs a bound puts one around the call.

#[cfg(feature = "consumer")]
pub mod aws;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{
    ConsumerDescription, Failure, RecordsPage, Shard, ShardFilter, ShardId, StartingPosition,
    StreamReference, StreamSummary, SubscriptionEvent,
};

/// Kinesis, behind whichever adapter. Cheap to clone.
#[derive(Clone)]
pub struct KinesisPort(Arc<dyn Kinesis>);

/// The calls that the consumer makes.
pub trait Kinesis: Any + Send + Sync {
    /// DescribeStreamSummary.
    fn describe_stream_summary<'a>(&'a self, stream: &'a StreamReference) -> PortFuture<'a, StreamSummary>;

    /// ListShards: one page.
    fn list_shards(&self, request: ListShards) -> PortFuture<'_, ShardPage>;

    /// RegisterStreamConsumer.
    fn register_stream_consumer<'a>(
        &'a self,
        stream_arn: &'a str,
        consumer_name: &'a str,
    ) -> PortFuture<'a, ConsumerDescription>;

    /// DescribeStreamConsumer.
    fn describe_stream_consumer(&self, consumer: RegisteredConsumer) -> PortFuture<'_, ConsumerDescription>;

    /// DeregisterStreamConsumer.
    fn deregister_stream_consumer<'a>(&'a self, consumer_arn: &'a str) -> PortFuture<'a, ()>;

    /// SubscribeToShard.
    fn subscribe_to_shard(&self, request: SubscribeToShard) -> PortFuture<'_, Box<dyn EventSource>>;

    /// GetShardIterator: the iterator.
    fn get_shard_iterator(&self, request: GetShardIterator) -> PortFuture<'_, String>;

    /// GetRecords. Answers at the headers, so that room for the page can be made before it is read.
    fn get_records(&self, request: GetRecords) -> PortFuture<'_, Box<dyn PageSource>>;
}

/// An open subscription. Dropped, it is given up.
pub trait EventSource: Send {
    /// The size in bytes of the next event, so that room can be made before it is taken in. `None`: not known before, or no
    /// event comes any more; `next_event` tells. Cancel-safe.
    fn next_size(&mut self) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>>;

    /// When the last bytes came, whether or not they make an event yet; `None`: not known, then only events show life.
    fn last_received(&self) -> Option<Instant> {
        None
    }

    /// The next event; `Ok(None)`: the subscription has ended, and nothing says why. After that or an error it is not called
    /// again. Cancel-safe: a future that is dropped before it is ready loses nothing.
    fn next_event(&mut self) -> PortFuture<'_, Option<SubscriptionEvent>>;
}

/// A page of records whose answer has begun. Dropped unread, it is given up: what it holds has been counted by the service and is
/// asked for again with the same iterator.
pub trait PageSource: Send {
    /// The bytes of the answer's body, so that room can be made before it is taken in. `None`: the server has not told.
    fn size(&self) -> Option<usize>;

    /// Reads the page. Dropped before it is ready, the page is given up.
    fn read(self: Box<Self>) -> PortFuture<'static, RecordsPage>;
}

/// A future that a port hands out.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, PortError>> + Send + 'a>>;

/// Which shards to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListShards {
    /// The first page.
    First {
        /// The stream's ARN.
        stream_arn: String,
        /// Which of its shards.
        filter: ShardFilter,
    },
    /// The page behind a token. The token carries stream and filter; it lives for 300 s.
    Next {
        /// The stream's ARN.
        stream_arn: String,
        /// The token of the page before.
        token: String,
    },
}

/// A page of ListShards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardPage {
    /// The shards of this page.
    pub shards: Vec<Shard>,
    /// What the next page is asked for with; `None` on the last one.
    pub next_token: Option<String>,
}

/// How DescribeStreamConsumer names a registered consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisteredConsumer {
    /// By its ARN.
    Arn(String),
    /// By its stream's ARN and its name.
    Name {
        /// The stream's ARN.
        stream_arn: String,
        /// The consumer's name.
        consumer_name: String,
    },
}

/// The request of SubscribeToShard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribeToShard {
    /// The registered consumer.
    pub consumer_arn: String,
    /// The shard.
    pub shard_id: ShardId,
    /// From where.
    pub starting_position: StartingPosition,
}

/// The request of GetShardIterator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetShardIterator {
    /// The stream's ARN.
    pub stream_arn: String,
    /// The shard.
    pub shard_id: ShardId,
    /// From where.
    pub starting_position: StartingPosition,
}

/// The request of GetRecords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRecords {
    /// The stream's ARN.
    pub stream_arn: String,
    /// The iterator, from GetShardIterator or the page before. It lives for 300 s.
    pub shard_iterator: String,
    /// The most records of the page: 1 to 10,000 (API reference, GetRecords).
    pub limit: u16,
}

/// A classified failure and the error of the client that it was read from.
#[derive(Debug)]
pub struct PortError {
    /// What it means.
    pub failure: Failure,
    /// The client's own error.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl RegisteredConsumer {
    /// The ARN of the consumer's stream.
    pub fn stream_arn(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.split("/consumer/").next().unwrap_or(arn),
            Self::Name { stream_arn, .. } => stream_arn,
        }
    }
}

impl KinesisPort {
    /// A port over this adapter.
    pub fn new(adapter: impl Kinesis) -> Self {
        Self(Arc::new(adapter))
    }
}

impl std::ops::Deref for KinesisPort {
    type Target = dyn Kinesis;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for KinesisPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KinesisPort")
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        Self { failure, source: None }
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// How long SubscribeToShard may take until its answer's headers: 5 s to connect and 10 s to answer, one bound for both, since a
/// user's own client tells no difference. The service answers in milliseconds.
pub const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(15);
