use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::engine::CallId;
use crate::engine::lineage::{self, PageRequest};
use crate::engine::registration;
use crate::kinesis::{KinesisPort, ListShards, PortError, RegisteredConsumer, ShardPage};
use crate::model::{ConsumerDescription, Failure, FailureClass};

/// What a call of the coordinator has brought.
pub(super) enum Answer {
    Described(CallId, Result<ConsumerDescription, PortError>),
    Registered(CallId, Result<ConsumerDescription, PortError>),
    Deregistered(CallId, Result<(), PortError>),
    Listed(CallId, Result<ShardPage, PortError>),
}

/// A call under way.
pub(super) type AnswerFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The call that the registration machine wants.
pub(super) fn for_registration(port: KinesisPort, command: registration::Command) -> AnswerFuture {
    use registration::Command;
    Box::pin(async move {
        match command {
            Command::DescribeByName { call, stream_arn, consumer_name } => {
                let answer =
                    port.describe_stream_consumer(RegisteredConsumer::Name { stream_arn, consumer_name });
                Answer::Described(call, bounded("DescribeStreamConsumer", answer).await)
            }
            Command::DescribeByArn { call, consumer_arn } => {
                let answer = port.describe_stream_consumer(RegisteredConsumer::Arn(consumer_arn));
                Answer::Described(call, bounded("DescribeStreamConsumer", answer).await)
            }
            Command::Register { call, stream_arn, consumer_name } => {
                let answer = port.register_stream_consumer(&stream_arn, &consumer_name);
                Answer::Registered(call, bounded("RegisterStreamConsumer", answer).await)
            }
            Command::Deregister { call, consumer_arn } => {
                let answer = port.deregister_stream_consumer(&consumer_arn);
                Answer::Deregistered(call, bounded("DeregisterStreamConsumer", answer).await)
            }
        }
    })
}

/// The call that the lineage machine wants.
pub(super) fn for_lineage(port: KinesisPort, stream_arn: String, command: lineage::Command) -> AnswerFuture {
    let lineage::Command::ListShards { call, page } = command;
    Box::pin(async move {
        let request = match page {
            PageRequest::First(filter) => ListShards::First { stream_arn, filter },
            PageRequest::Next(token) => ListShards::Next { stream_arn, token },
        };
        Answer::Listed(call, bounded("ListShards", port.list_shards(request)).await)
    })
}

/// A call of the port that is answered in bounded time. SubscribeToShard has a bound of its own.
///
/// A user's client need not have a time-out, and the AWS SDK's has none for an answer: a listing without one would hold up
/// every shard that waits for it, and nobody would see why.
pub(super) async fn bounded<T>(
    operation: &str,
    call: impl Future<Output = Result<T, PortError>>,
) -> Result<T, PortError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(_) => {
            let message = format!("{operation}: no answer within {} s", CALL_TIMEOUT.as_secs());
            Err(Failure::new(FailureClass::TimedOut, message).into())
        }
    }
}

/// These calls are answered in milliseconds; the SDK's standard retries of a failing one (three attempts, up to 20 s apart)
/// fit in most of the time.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
