//! The port over `aws_sdk_kinesis::Client`: the user's settings untouched, SubscribeToShard over a transport of its own.
//!
//! This room knows no machine: it makes one call for each that it is asked for and says what came of it. It differs from a plain
//! use of the SDK in these ways:
//! - SubscribeToShard goes over [`Transport`].
//! - SubscribeToShard, GetShardIterator and GetRecords go without the SDK's own retries. Each hidden retry would count against the
//!   limits: one call of SubscribeToShard per second, shard and consumer, and after an accepted one it would be refused as
//!   ResourceInUse; five of each of the others per second and shard. RegisterStreamConsumer goes without them too: a limit that is
//!   reached lasts for longer, and would use up the retries of the user's other calls.
//! - The body of a subscription is taken before the SDK reads it, and read with `wire`: the SDK's receiver waits for the first frame
//!   outside every time-out, and behind a frame with a wrong checksum it goes on with the next one, which loses records in
//!   silence.
//! - The body of a page of records is taken and read in the same way: its size is known before it is read, and its payloads are
//!   decoded where they lie.
//! - Times are rounded to the millisecond: the SDK's own conversion is one too low for half of all values.
//!
//! GetRecords is bounded in two parts. Until the answer's headers the time-outs of the user's client hold, as for other calls; if
//! it has none, that of whoever calls. From the headers on none of the SDK's does, its protection against stalled streams
//! included: while the page waits to be read nothing is bounded here, and while it is read there are 30 s between bytes and 60 s
//! for all of it. Compressed answers are not asked for. A client that was given another protocol than JSON 1.1 cannot poll.
//!
//! Source: the code of aws-sdk-kinesis 1.130 and its runtime, and the tests in `tests/aws_adapter`.

mod answers;
mod by_scheme;
mod classify;
mod page;
mod raw_body;
mod requests;
mod server_time;
mod source;
mod spare;

use std::any::Any;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{Builder, Config, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::{
    EventSource, GetRecords, GetShardIterator, Kinesis, KinesisPort, ListShards, PageSource, PortError,
    PortFuture, RegisteredConsumer, SUBSCRIBE_TIMEOUT, ShardPage, SubscribeToShard,
};
use crate::model::{ConsumerDescription, Failure, FailureClass, StreamReference, StreamSummary};
use crate::transport::{Http2Client, TLS_AVAILABLE, Transport};

use by_scheme::ByScheme;
use classify::call_error;
use page::PageBody;
use raw_body::RawBody;
use server_time::ServerTime;
use source::BodySource;
use spare::SpareMemory;

impl From<&Client> for KinesisPort {
    /// The port over this client, which keeps its credentials, region, endpoint, interceptors and time-outs for all calls, and its
    /// HTTP client for all but SubscribeToShard. Its retries hold for all but SubscribeToShard, GetShardIterator and GetRecords;
    /// its time-outs end with an answer's headers where the body is a subscription or a page of records.
    fn from(client: &Client) -> Self {
        Self::new(SdkKinesis::new(client, Transport::default()))
    }
}

impl KinesisPort {
    /// The same port with SubscribeToShard over this transport. `None`: there is no AWS client behind this port.
    pub fn over(&self, transport: impl Into<Transport>) -> Option<Self> {
        let port: &dyn Any = &**self;
        let SdkKinesis { client, .. } = port.downcast_ref()?;
        Some(Self::new(SdkKinesis::new(client, transport.into())))
    }
}

/// The port's calls, made with the SDK.
struct SdkKinesis {
    client: Client,
    transport: Transport,
    spares: SpareMemory,
}

impl Kinesis for SdkKinesis {
    fn describe_stream_summary<'a>(&'a self, stream: &'a StreamReference) -> PortFuture<'a, StreamSummary> {
        Box::pin(async move {
            let call = match stream {
                StreamReference::Name(name) => self.client.describe_stream_summary().stream_name(name),
                StreamReference::Arn(arn) => self.client.describe_stream_summary().stream_arn(arn),
            };
            let server_time = ServerTime::default();
            let output =
                call.customize().interceptor(server_time.clone()).send().await.map_err(call_error)?;
            answers::stream_summary(output, stream, server_time.taken()).map_err(PortError::from)
        })
    }

    fn list_shards(&self, request: ListShards) -> PortFuture<'_, ShardPage> {
        Box::pin(async move {
            let call = self.client.list_shards().max_results(PAGE_SIZE);
            let call = match request {
                ListShards::First { stream_arn, filter } => {
                    call.stream_arn(stream_arn).set_shard_filter(requests::shard_filter(filter)?)
                }
                // The token stands for stream and filter; the API refuses either beside it.
                ListShards::Next { token, .. } => call.next_token(token),
            };
            let output = call.send().await.map_err(call_error)?;
            answers::shard_page(output).map_err(PortError::from)
        })
    }

    fn register_stream_consumer<'a>(
        &'a self,
        stream_arn: &'a str,
        consumer_name: &'a str,
    ) -> PortFuture<'a, ConsumerDescription> {
        Box::pin(async move {
            let call = self.client.register_stream_consumer();
            let call = call.stream_arn(stream_arn).consumer_name(consumer_name);
            // A limit that is reached lasts for longer than the SDK's retries, which would use up those of the user's other calls.
            let output = call.customize().config_override(once()).send().await.map_err(call_error)?;
            answers::registered(output).map_err(PortError::from)
        })
    }

    fn describe_stream_consumer(&self, consumer: RegisteredConsumer) -> PortFuture<'_, ConsumerDescription> {
        Box::pin(async move {
            let call = self.client.describe_stream_consumer();
            let call = match consumer {
                RegisteredConsumer::Arn(arn) => call.consumer_arn(arn),
                RegisteredConsumer::Name { stream_arn, consumer_name } => {
                    call.stream_arn(stream_arn).consumer_name(consumer_name)
                }
            };
            let output = call.send().await.map_err(call_error)?;
            answers::described(output).map_err(PortError::from)
        })
    }

    fn deregister_stream_consumer<'a>(&'a self, consumer_arn: &'a str) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let call = self.client.deregister_stream_consumer().consumer_arn(consumer_arn);
            call.send().await.map_err(call_error)?;
            Ok(())
        })
    }

    fn subscribe_to_shard(&self, request: SubscribeToShard) -> PortFuture<'_, Box<dyn EventSource>> {
        Box::pin(async move {
            let starting_position = requests::starting_position(request.starting_position)?;
            let config = once();
            let (config, patience) = match &self.transport {
                Transport::UserClient => (config, SUBSCRIBE_TIMEOUT),
                Transport::Http2(http2) => match self.http_client(http2) {
                    Some(client) => (config.http_client(client), QUEUE_TIMEOUT),
                    None => (config, SUBSCRIBE_TIMEOUT),
                },
            };
            let body = RawBody::default();
            let call = self
                .client
                .subscribe_to_shard()
                .consumer_arn(request.consumer_arn)
                .shard_id(request.shard_id.as_str())
                .starting_position(starting_position)
                .customize()
                .config_override(config)
                .interceptor(body.clone());
            match tokio::time::timeout(patience, call.send()).await {
                Ok(Ok(_)) => match body.take() {
                    Some(body) => {
                        Ok(Box::new(BodySource::new(body, self.spares.clone())) as Box<dyn EventSource>)
                    }
                    None => Err(without_body().into()),
                },
                Ok(Err(error)) => Err(call_error(error)),
                Err(_) => Err(no_answer(patience).into()),
            }
        })
    }

    fn get_shard_iterator(&self, request: GetShardIterator) -> PortFuture<'_, String> {
        Box::pin(async move {
            let call = self.client.get_shard_iterator().stream_arn(request.stream_arn);
            let call = call.shard_id(request.shard_id.as_str());
            let call = requests::iterator_position(call, request.starting_position);
            let output = call.customize().config_override(once()).send().await.map_err(call_error)?;
            answers::shard_iterator(output).map_err(PortError::from)
        })
    }

    fn get_records(&self, request: GetRecords) -> PortFuture<'_, Box<dyn PageSource>> {
        Box::pin(async move {
            // It would count the time that the page waits for its room, and `PageBody` has bounds of its own.
            let config = once().stalled_stream_protection(StalledStreamProtectionConfig::disabled());
            let body = RawBody::default();
            let call = self
                .client
                .get_records()
                .stream_arn(request.stream_arn)
                .shard_iterator(request.shard_iterator)
                .limit(request.limit.into())
                .customize()
                .config_override(config)
                .interceptor(body.clone());
            call.send().await.map_err(call_error)?;
            let body = body.take().ok_or_else(without_body)?;
            Ok(Box::new(PageBody::new(body, self.spares.clone())?) as Box<dyn PageSource>)
        })
    }
}

impl SdkKinesis {
    fn new(client: &Client, transport: Transport) -> Self {
        Self { client: client.clone(), transport, spares: SpareMemory::default() }
    }

    /// Our own client, as far as it was built to go: without a provider of TLS, the user's takes https. `None`: that one is the
    /// SDK's default, which nobody else can call, so it takes everything.
    fn http_client(&self, http2: &Http2Client) -> Option<SharedHttpClient> {
        let http = SharedHttpClient::new(http2.clone());
        if TLS_AVAILABLE {
            return Some(http);
        }
        let https = self.client.config().http_client()?;
        Some(SharedHttpClient::new(ByScheme { http, https }))
    }
}

/// A call that is not made again by itself.
fn once() -> Builder {
    Config::builder().retry_config(RetryConfig::disabled())
}

fn without_body() -> Failure {
    Failure::new(FailureClass::Malformed, "an answer without a body")
}

fn no_answer(patience: Duration) -> Failure {
    let seconds = patience.as_secs();
    Failure::new(FailureClass::TimedOut, format!("no answer to SubscribeToShard within {seconds} s"))
}

/// How long SubscribeToShard may take over a transport with time-outs of its own: its connection may have to wait until those of
/// many others have been made.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(60);
/// The most that ListShards takes for MaxResults, and its default (API reference, ListShards).
const PAGE_SIZE: i32 = 1000;
