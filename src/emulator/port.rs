//! The door without a socket: the consumer's own port over the model. Under tokio's paused clock all of it runs in virtual
//! time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use super::LocalKinesis;
use super::faults::StreamFault;
use super::http::polled_size;
use super::model::{
    Answer, ConsumerSummary, GetRecordsRequest, ListShardsRequest, LoggedEvent, Operation, PolledRecords,
    ServiceError, ShardSelection, StreamDescription,
};
use super::service::Service;
use super::subscription::{Delivery, Subscription};
use crate::kinesis::{
    EventSource, GetRecords, GetShardIterator, Kinesis, KinesisPort, ListShards, PageSource, PortError,
    PortFuture, RegisteredConsumer, SUBSCRIBE_TIMEOUT, ShardPage, SubscribeToShard,
};
use crate::model::{
    ConsumerDescription, Failure, FailureClass, RecordsPage, StreamReference, StreamSummary,
    SubscriptionEvent, Timestamp,
};
use crate::wire::{self, EncodedRecords};

struct Port(Arc<Service>);

struct PortSource {
    subscription: Subscription,
    tell_size: bool,
    /// What `next_size` had to take to measure it.
    taken: Option<Delivery>,
}

/// A page that the model has given.
struct PortPage {
    page: RecordsPage,
    size: Option<usize>,
}

impl From<&LocalKinesis> for KinesisPort {
    fn from(local: &LocalKinesis) -> Self {
        KinesisPort::new(Port(Arc::clone(&local.service)))
    }
}

impl Kinesis for Port {
    fn describe_stream_summary<'a>(&'a self, stream: &'a StreamReference) -> PortFuture<'a, StreamSummary> {
        answered(async move {
            let described = self
                .0
                .call(Operation::DescribeStreamSummary, "", |model, now| {
                    Ok((model.describe_stream_summary(stream, now)?, now))
                })
                .await?;
            Ok(summary(described))
        })
    }

    fn list_shards(&self, request: ListShards) -> PortFuture<'_, ShardPage> {
        answered(async move {
            let (stream, request) = list_shards(request);
            let page = self
                .0
                .call(Operation::ListShards, &stream, |model, now| model.list_shards(&request, now))
                .await?;
            Ok(ShardPage { shards: page.shards, next_token: page.next_token })
        })
    }

    fn register_stream_consumer<'a>(
        &'a self,
        stream_arn: &'a str,
        consumer_name: &'a str,
    ) -> PortFuture<'a, ConsumerDescription> {
        answered(async move {
            let stream = StreamReference::Arn(stream_arn.to_owned());
            let registered = self.0.call(Operation::RegisterStreamConsumer, "", |model, now| {
                model.register_stream_consumer(&stream, consumer_name, now)
            });
            registered.await.map(described)
        })
    }

    fn describe_stream_consumer(&self, consumer: RegisteredConsumer) -> PortFuture<'_, ConsumerDescription> {
        answered(async move {
            let scope = scope(consumer.stream_arn());
            let found = self.0.call(Operation::DescribeStreamConsumer, &scope, |model, now| {
                model.describe_stream_consumer(&consumer, now)
            });
            found.await.map(described)
        })
    }

    fn deregister_stream_consumer<'a>(&'a self, consumer_arn: &'a str) -> PortFuture<'a, ()> {
        answered(async move {
            let consumer = RegisteredConsumer::Arn(consumer_arn.to_owned());
            let scope = scope(consumer.stream_arn());
            self.0
                .call(Operation::DeregisterStreamConsumer, &scope, |model, now| {
                    model.deregister_stream_consumer(&consumer, now)
                })
                .await
        })
    }

    fn subscribe_to_shard(&self, request: SubscribeToShard) -> PortFuture<'_, Box<dyn EventSource>> {
        Box::pin(async move {
            let start = request.starting_position.into();
            let subscribing = self.0.subscribe(&request.consumer_arn, &request.shard_id, &start);
            let answer = tokio::time::timeout(SUBSCRIBE_TIMEOUT, subscribing).await;
            let Ok(answer) = answer else {
                let waited = SUBSCRIBE_TIMEOUT.as_secs();
                let message = format!("SubscribeToShard: no answer within {waited} s");
                return Err(Failure::new(FailureClass::TimedOut, message).into());
            };
            let source: Box<dyn EventSource> = Box::new(PortSource {
                subscription: answer.map_err(failed)?,
                tell_size: self.tells_size(),
                taken: None,
            });
            Ok(source)
        })
    }

    fn get_shard_iterator(&self, request: GetShardIterator) -> PortFuture<'_, String> {
        answered(async move {
            let stream = StreamReference::Arn(request.stream_arn);
            let (shard_id, start) = (request.shard_id, request.starting_position.into());
            let call = self.0.call_for_shard(Operation::GetShardIterator, Some(&shard_id), |model, now| {
                model.get_shard_iterator(&stream, &shard_id, &start, now)
            });
            call.await
        })
    }

    fn get_records(&self, request: GetRecords) -> PortFuture<'_, Box<dyn PageSource>> {
        answered(async move {
            let request = GetRecordsRequest {
                shard_iterator: request.shard_iterator,
                limit: Some(request.limit.into()),
                stream: Some(StreamReference::Arn(request.stream_arn)),
            };
            let shard_id = request.shard_id();
            let call = self.0.call_for_shard(Operation::GetRecords, shard_id.as_ref(), |model, now| {
                model.get_records(&request, now)
            });
            let polled = call.await?;
            let size = self.tells_size().then(|| polled_size(&polled));
            let source: Box<dyn PageSource> = Box::new(PortPage { page: page(polled), size });
            Ok(source)
        })
    }
}

impl Port {
    fn tells_size(&self) -> bool {
        self.0.with(|model, _| model.settings().tell_event_size)
    }
}

impl PageSource for PortPage {
    fn size(&self) -> Option<usize> {
        self.size
    }

    fn read(self: Box<Self>) -> PortFuture<'static, RecordsPage> {
        Box::pin(std::future::ready(Ok(self.page)))
    }
}

impl PortSource {
    async fn next(&mut self) -> Delivery {
        match self.taken.take() {
            Some(delivery) => delivery,
            None => self.subscription.next().await,
        }
    }
}

impl EventSource for PortSource {
    fn next_size(&mut self) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>> {
        Box::pin(async move {
            if !self.tell_size {
                return None;
            }
            let next = self.next().await;
            let size = match &next {
                Delivery::Event(event) | Delivery::Broken(event, _) => Some(message_len(event)),
                Delivery::Failed(_) | Delivery::ErrorMessage(_) | Delivery::Ended => None,
            };
            self.taken = Some(next);
            size
        })
    }

    fn next_event(&mut self) -> PortFuture<'_, Option<SubscriptionEvent>> {
        Box::pin(async move {
            match self.next().await {
                Delivery::Event(event) => Ok(Some(event.into())),
                Delivery::Broken(event, StreamFault::EmptyContinuation) => {
                    Ok(Some(SubscriptionEvent { continuation: None, ..event.into() }))
                }
                Delivery::Broken(_, fault) => {
                    Err(Failure::new(FailureClass::Malformed, format!("{fault:?}")).into())
                }
                Delivery::Failed(error) | Delivery::ErrorMessage(error) => Err(failed(error)),
                Delivery::Ended => Ok(None),
            }
        })
    }
}

/// The bytes of an event on the wire.
fn message_len(event: &LoggedEvent) -> usize {
    let records = EncodedRecords::new(&event.records);
    wire::event_parts(&records, event).iter().map(Bytes::len).sum()
}

fn answered<'a, T>(call: impl Future<Output = Answer<T>> + Send + 'a) -> PortFuture<'a, T> {
    Box::pin(async move { call.await.map_err(failed) })
}

fn summary((described, now): (StreamDescription, Timestamp)) -> StreamSummary {
    StreamSummary {
        stream_arn: described.arn,
        status: described.status,
        creation: Some(described.created),
        // The Date header of an answer has whole seconds.
        server_time: Some(Timestamp::from_millis(now.as_millis() / 1_000 * 1_000)),
    }
}

fn list_shards(request: ListShards) -> (String, ListShardsRequest) {
    match request {
        ListShards::First { stream_arn, filter } => {
            let request = ListShardsRequest::First {
                stream: StreamReference::Arn(stream_arn.clone()),
                selection: ShardSelection::from(filter),
                after: None,
                max_results: None,
                created: None,
            };
            (scope(&stream_arn), request)
        }
        ListShards::Next { stream_arn, token } => {
            let request = ListShardsRequest::Next { token, max_results: None };
            (scope(&stream_arn), request)
        }
    }
}

fn page(polled: PolledRecords) -> RecordsPage {
    RecordsPage {
        records: polled.records.into(),
        next_iterator: polled.next_shard_iterator,
        millis_behind_latest: polled.millis_behind_latest,
        child_shards: polled.child_shards,
    }
}

/// What the rate of a call goes by.
fn scope(stream_arn: &str) -> String {
    StreamReference::Arn(stream_arn.to_owned()).name().to_owned()
}

fn described(consumer: ConsumerSummary) -> ConsumerDescription {
    ConsumerDescription { consumer_arn: consumer.arn, status: consumer.status }
}

/// The error as an adapter over a client classifies it.
fn failed(error: ServiceError) -> PortError {
    let class = FailureClass::of_answer(Some(&error.code), error.status);
    let failure = Failure::new(class.unwrap_or(FailureClass::Unclassified), error.message.clone());
    PortError { failure, source: Some(Box::new(error)) }
}

#[cfg(test)]
mod tests;
