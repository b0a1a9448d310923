//! From a request to its answer: the operation, its members, the call, the headers.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::Value;

use super::answers;
use super::body;
use super::requests::{self, Members};
use crate::emulator::Settings;
use crate::emulator::model::{Answer, ListShardsRequest, Model, Operation, ServiceError};
use crate::emulator::service::Service;
use crate::emulator::subscription::Subscription;
use crate::model::{StreamReference, Timestamp};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

pub(super) struct Dispatch {
    service: Arc<Service>,
    settings: Settings,
    answered: AtomicU64,
}

enum Reply {
    /// `None`: the operation answers with nothing.
    Json(Option<Value>),
    Subscription(Subscription),
}

impl Dispatch {
    pub(super) fn new(service: Arc<Service>) -> Self {
        let settings = service.with(|model, _| model.settings().clone());
        Self { service, settings, answered: AtomicU64::new(0) }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (mut response, content_type) = match self.reply(request).await {
            Ok(Reply::Json(json)) => {
                let bytes = json.map_or_else(Bytes::new, |json| json.to_string().into());
                (Response::new(Full::new(bytes).boxed_unsync()), JSON)
            }
            Ok(Reply::Subscription(subscription)) => {
                let messages = StreamBody::new(body::messages(subscription));
                (Response::new(messages.boxed_unsync()), EVENT_STREAM)
            }
            Err(error) => {
                let bytes = Bytes::from(answers::error(&error).to_string());
                let mut response = Response::new(Full::new(bytes).boxed_unsync());
                *response.status_mut() =
                    StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (response, JSON)
            }
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.stamp(headers);
        response
    }

    /// The headers of every answer: the service's own time, not the machine's, and the request's id.
    fn stamp(&self, headers: &mut HeaderMap) {
        let date = httpdate::fmt_http_date(self.service.clock.now().into());
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        for (name, text) in [(DATE.as_str(), date), ("x-amzn-requestid", id)] {
            if let (Ok(name), Ok(value)) =
                (hyper::header::HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&text))
            {
                headers.insert(name, value);
            }
        }
    }

    async fn reply(&self, request: Request<Incoming>) -> Answer<Reply> {
        let operation = operation(request.headers())?;
        let body = Limited::new(request.into_body(), MAX_BODY).collect().await;
        let body = body.map_err(|error| unreadable(&*error))?.to_bytes();
        let parsed = requests::parse(&body)?;
        let members = Members::of(&parsed)?;
        match operation {
            Operation::SubscribeToShard => self.subscribe(members).await,
            Operation::PutRecord | Operation::PutRecords => self.put(operation, members).await,
            _ => self.control(operation, members).await,
        }
    }

    async fn subscribe(&self, members: Members<'_>) -> Answer<Reply> {
        let consumer_arn = members.required_text("ConsumerARN")?;
        let shard_id = members.required_text("ShardId")?.into();
        let start = members.start()?;
        let subscription = self.service.subscribe(consumer_arn, &shard_id, &start).await?;
        Ok(Reply::Subscription(subscription))
    }

    async fn put(&self, operation: Operation, members: Members<'_>) -> Answer<Reply> {
        let stream = members.stream()?;
        let settings = &self.settings;
        let answer = if operation == Operation::PutRecord {
            let record = members.record()?;
            let put = self.call(operation, &stream, |model, now| model.put_record(&stream, record, now));
            answers::put(&put.await?, settings)
        } else {
            let records = members.records()?;
            let put = self.call(operation, &stream, |model, now| model.put_records(&stream, records, now));
            answers::put_all(&put.await?, settings)
        };
        Ok(Reply::Json(Some(answer)))
    }

    async fn control(&self, operation: Operation, members: Members<'_>) -> Answer<Reply> {
        let answer = match operation {
            Operation::ListShards => Some(self.list_shards(members.list_shards()?).await?),
            Operation::DescribeStreamSummary => {
                let stream = members.stream()?;
                let described =
                    self.account(operation, |model, now| model.describe_stream_summary(&stream, now));
                Some(answers::stream_summary(&described.await?, &self.settings))
            }
            Operation::RegisterStreamConsumer
            | Operation::DescribeStreamConsumer
            | Operation::ListStreamConsumers
            | Operation::DeregisterStreamConsumer => self.consumers(operation, members).await?,
            _ => self.change(operation, members).await?,
        };
        Ok(Reply::Json(answer))
    }

    async fn list_shards(&self, request: ListShardsRequest) -> Answer<Value> {
        let scope = match &request {
            ListShardsRequest::First { stream, .. } => stream.name().to_owned(),
            ListShardsRequest::Next { .. } => String::new(),
        };
        let page =
            self.service.call(Operation::ListShards, &scope, |model, now| model.list_shards(&request, now));
        Ok(answers::shards(&page.await?))
    }

    async fn consumers(&self, operation: Operation, members: Members<'_>) -> Answer<Option<Value>> {
        if operation == Operation::RegisterStreamConsumer {
            let name = members.required_text("ConsumerName")?;
            members.required_text("StreamARN")?;
            let stream = members.stream()?;
            let consumer =
                self.account(operation, |model, now| model.register_stream_consumer(&stream, name, now));
            return Ok(Some(answers::registered(&consumer.await?)));
        }
        if operation == Operation::ListStreamConsumers {
            let request = members.list_consumers()?;
            let page = self
                .call(operation, &request.stream, |model, now| model.list_stream_consumers(&request, now));
            return Ok(Some(answers::consumers(&page.await?)));
        }
        let consumer = members.consumer()?;
        let scope = StreamReference::Arn(consumer.stream_arn().to_owned());
        if operation == Operation::DescribeStreamConsumer {
            let described =
                self.call(operation, &scope, |model, now| model.describe_stream_consumer(&consumer, now));
            return Ok(Some(answers::described(&described.await?)));
        }
        self.call(operation, &scope, |model, now| model.deregister_stream_consumer(&consumer, now)).await?;
        Ok(None)
    }

    /// The operations that change a stream and answer with nothing.
    async fn change(&self, operation: Operation, members: Members<'_>) -> Answer<Option<Value>> {
        match operation {
            Operation::CreateStream => {
                let name = members.required_text("StreamName")?;
                let shards = shard_count(members)?;
                self.account(operation, |model, now| model.create_stream(name, shards, now)).await?;
            }
            Operation::DeleteStream => {
                let stream = members.stream()?;
                let enforce = members.flag("EnforceConsumerDeletion")?;
                self.account(operation, |model, now| model.delete_stream(&stream, enforce, now)).await?;
            }
            Operation::SplitShard => {
                let stream = members.stream()?;
                let shard = members.required_text("ShardToSplit")?;
                let hash_key = members.hash_key("NewStartingHashKey")?;
                self.account(operation, |model, now| model.split_shard(&stream, shard, hash_key, now))
                    .await?;
            }
            Operation::MergeShards => {
                let stream = members.stream()?;
                let shard = members.required_text("ShardToMerge")?;
                let adjacent = members.required_text("AdjacentShardToMerge")?;
                self.account(operation, |model, now| model.merge_shards(&stream, shard, adjacent, now))
                    .await?;
            }
            other => return Err(unknown(&other.to_string())),
        }
        Ok(None)
    }

    /// A call whose rate goes by the stream.
    async fn call<T>(
        &self,
        operation: Operation,
        stream: &StreamReference,
        ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>,
    ) -> Answer<T> {
        self.service.call(operation, stream.name(), ask).await
    }

    /// A call whose rate goes by the account.
    async fn account<T>(
        &self,
        operation: Operation,
        ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>,
    ) -> Answer<T> {
        self.service.call(operation, "", ask).await
    }
}

/// The shards of a new stream: those that are asked for, or the four of an on-demand one (CreateStream).
fn shard_count(members: Members<'_>) -> Answer<usize> {
    let mode = members.structure("StreamModeDetails")?;
    let mode = mode.map(|mode| mode.required_text("StreamMode")).transpose()?;
    match (members.count("ShardCount")?, mode) {
        (Some(count), _) => Ok(count),
        (None, Some("ON_DEMAND")) => Ok(ON_DEMAND_SHARDS),
        (None, _) => {
            Err(ServiceError::invalid_argument("ShardCount must be given for a stream in provisioned mode."))
        }
    }
}

fn operation(headers: &HeaderMap) -> Answer<Operation> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("content-type").is_some_and(|kind| kind.contains("cbor")) {
        let message = "This server speaks application/x-amz-json-1.1, not CBOR.";
        return Err(ServiceError::new("SerializationException", message, 400));
    }
    let target = text("x-amz-target").unwrap_or_default();
    let name = target.strip_prefix("Kinesis_20131202.");
    name.and_then(Operation::named).ok_or_else(|| unknown(target))
}

fn unknown(target: &str) -> ServiceError {
    let message = if target.is_empty() {
        "The request has no X-Amz-Target: Kinesis_20131202.<operation>.".to_owned()
    } else {
        format!("The operation {target} is not known to this server.")
    };
    ServiceError::new("UnknownOperationException", message, 400)
}

fn unreadable(error: &(dyn std::error::Error + 'static)) -> ServiceError {
    if error.is::<LengthLimitError>() {
        let message = format!("The request is larger than {MAX_BODY} bytes.");
        return ServiceError::new("RequestEntityTooLargeException", message, 413);
    }
    ServiceError::new("SerializationException", error.to_string(), 400)
}

const JSON: &str = "application/x-amz-json-1.1";
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";
const ON_DEMAND_SHARDS: usize = 4;
/// PutRecords' 10 MiB in base64, with room for 500 partition keys and hash keys.
const MAX_BODY: usize = 16 << 20;
