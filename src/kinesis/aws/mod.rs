//! The port over `aws_sdk_kinesis::Client`: its own HTTP client, its own event receiver, the user's settings untouched.
//!
//! This room knows no machine: it makes one call for each that it is asked for and says what came of it. It differs from a plain
//! use of the SDK in four ways:
//! - The SDK's own retries are off for SubscribeToShard, and for nothing else: each hidden retry would count against the limit
//!   of one call per second, shard and consumer, and after an accepted call it would be refused as ResourceInUse.
//! - `send()` of SubscribeToShard waits for the first frame outside every time-out of the SDK, so it is bounded here.
//! - Any error of the event receiver ends the subscription: after a frame with a wrong checksum it would go on with the next
//!   one, which loses records in silence.
//! - Times are rounded to the millisecond: the SDK's own conversion is one too low for half of all values.
//!
//! Source: the code of aws-sdk-kinesis 1.130 and its runtime, and the tests in `tests/aws_adapter`.

mod answers;
mod classify;
mod requests;
mod server_time;
mod source;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::Config;
use aws_sdk_kinesis::config::retry::RetryConfig;

use super::{
    EventSource, Kinesis, KinesisPort, ListShards, PortError, PortFuture, RegisteredConsumer,
    SUBSCRIBE_TIMEOUT, ShardPage, SubscribeToShard,
};
use crate::model::{ConsumerDescription, Failure, FailureClass, StreamReference, StreamSummary};

use classify::{call_error, subscribe_error};
use server_time::ServerTime;
use source::ReceiverSource;

impl From<&Client> for KinesisPort {
    /// The port over this client, which keeps its credentials, region, endpoint, HTTP client, interceptors and time-outs.
    fn from(client: &Client) -> Self {
        Self::new(SdkKinesis(client.clone()))
    }
}

/// The port's calls, made with the SDK.
struct SdkKinesis(Client);

impl Kinesis for SdkKinesis {
    fn describe_stream_summary<'a>(&'a self, stream: &'a StreamReference) -> PortFuture<'a, StreamSummary> {
        Box::pin(async move {
            let call = match stream {
                StreamReference::Name(name) => self.0.describe_stream_summary().stream_name(name),
                StreamReference::Arn(arn) => self.0.describe_stream_summary().stream_arn(arn),
            };
            let server_time = ServerTime::default();
            let output =
                call.customize().interceptor(server_time.clone()).send().await.map_err(call_error)?;
            answers::stream_summary(output, stream, server_time.taken()).map_err(PortError::from)
        })
    }

    fn list_shards(&self, request: ListShards) -> PortFuture<'_, ShardPage> {
        Box::pin(async move {
            let call = self.0.list_shards().max_results(PAGE_SIZE);
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
            let call = self.0.register_stream_consumer();
            let call = call.stream_arn(stream_arn).consumer_name(consumer_name);
            let output = call.send().await.map_err(call_error)?;
            answers::registered(output).map_err(PortError::from)
        })
    }

    fn describe_stream_consumer(&self, consumer: RegisteredConsumer) -> PortFuture<'_, ConsumerDescription> {
        Box::pin(async move {
            let call = self.0.describe_stream_consumer();
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
            let call = self.0.deregister_stream_consumer().consumer_arn(consumer_arn);
            call.send().await.map_err(call_error)?;
            Ok(())
        })
    }

    fn subscribe_to_shard(&self, request: SubscribeToShard) -> PortFuture<'_, Box<dyn EventSource>> {
        Box::pin(async move {
            let starting_position = requests::starting_position(request.starting_position)?;
            let call = self
                .0
                .subscribe_to_shard()
                .consumer_arn(request.consumer_arn)
                .shard_id(request.shard_id.as_str())
                .starting_position(starting_position)
                .customize()
                .config_override(Config::builder().retry_config(RetryConfig::disabled()));
            match tokio::time::timeout(SUBSCRIBE_TIMEOUT, call.send()).await {
                Ok(Ok(output)) => Ok(Box::new(ReceiverSource::new(output)) as Box<dyn EventSource>),
                Ok(Err(error)) => Err(subscribe_error(error)),
                Err(_) => Err(no_answer().into()),
            }
        })
    }
}

fn no_answer() -> Failure {
    let seconds = SUBSCRIBE_TIMEOUT.as_secs();
    Failure::new(FailureClass::TimedOut, format!("no first frame from SubscribeToShard within {seconds} s"))
}

/// The most that ListShards takes for MaxResults, and its default (API reference, ListShards).
const PAGE_SIZE: i32 = 1000;
