//! From a request to its answer: the operation, its members, the call, the headers.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use super::answers;
use super::body;
use super::headers::{self, Ids};
use super::limits::Limits;
use super::operations::{self, Call};
use super::request_body::BodyRoom;
use super::requests::{self, Members};
use super::signature::Signer;
use super::stop::Stop;
use super::whole::{Admitted, AnswerRoom, WholeBody};
use crate::emulator::Settings;
use crate::emulator::codec::{Codec, Document};
use crate::emulator::connections::Connections;
use crate::emulator::model::{Answer, Operation, ServiceError};
use crate::emulator::service::Service;
use crate::emulator::subscription::Subscription;

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

pub(super) struct Dispatch {
    service: Arc<Service>,
    settings: Settings,
    limits: Limits,
    ids: Ids,
    body_room: BodyRoom,
    answer_room: AnswerRoom,
    stop: Stop,
}

enum Reply {
    /// `None`: the operation answers with nothing.
    Whole(Option<Document>),
    Subscription(Subscription),
}

impl Dispatch {
    pub(super) fn new(service: Arc<Service>, stop: Stop) -> Self {
        let settings = service.with(|model, _| model.settings().clone());
        let limits = Limits::of(&settings);
        Self {
            service,
            settings,
            limits,
            ids: Ids::new(),
            body_room: BodyRoom::new(limits.body_timeout),
            answer_room: AnswerRoom::new(limits.answer_timeout),
            stop,
        }
    }

    /// What bounds connections.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// What counts connections.
    pub(super) fn connections(&self) -> &Arc<Connections> {
        &self.service.connections
    }

    /// When to stop.
    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let codec = Codec::of(headers::text(request.headers(), CONTENT_TYPE.as_str()));
        let mut response = match self.reply(codec, request).await {
            Ok(Reply::Whole(document)) => self.whole(codec, document).await,
            Ok(Reply::Subscription(subscription)) => self.stream(subscription),
            Err(error) => self.refusal(codec, &error),
        };
        self.ids.stamp(response.headers_mut(), self.service.clock.now());
        response
    }

    /// What HTTP/1.1 answers to half a header, in bytes: it never became a request.
    pub(super) fn late_header(&self) -> Vec<u8> {
        let time = self.limits.header_timeout.as_millis();
        let message = format!("The header did not come within {time} ms.");
        let error = ServiceError::new("RequestTimeoutException", message, 408);
        let body = Codec::Json.encode(&answers::error(&error));
        let mut response = self.refusal(Codec::Json, &error);
        self.ids.stamp(response.headers_mut(), self.service.clock.now());
        let mut bytes = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n".to_vec();
        for (name, value) in response.headers() {
            bytes.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    async fn whole(&self, codec: Codec, document: Option<Document>) -> Response<Body> {
        match self.answer_room.admit(document.as_ref()).await {
            Ok(admitted) => whole(codec, StatusCode::OK, document.as_ref(), admitted),
            Err(error) => self.refusal(codec, &error),
        }
    }

    fn refusal(&self, codec: Codec, error: &ServiceError) -> Response<Body> {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = whole(codec, status, Some(&answers::error(error)), self.answer_room.small());
        headers::put_error_type(response.headers_mut(), &error.code);
        response
    }

    fn stream(&self, subscription: Subscription) -> Response<Body> {
        let messages = body::messages(Arc::clone(&self.service), subscription, self.stop(), self.limits);
        let mut response = Response::new(StreamBody::new(messages).boxed_unsync());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
        response
    }

    async fn reply(&self, codec: Codec, request: Request<Incoming>) -> Answer<Reply> {
        if request.method() != Method::POST {
            return Err(no_call());
        }
        let operation = operation(request.headers())?;
        let (head, body) = request.into_parts();
        let read = self.body_room.read(body).await?;
        let body = &read.bytes;
        self.verify(&head, body)?;
        if operation == Operation::SubscribeToShard && codec != Codec::Json {
            return Err(json_only());
        }
        let parsed = requests::parse(codec, body)?;
        let members = Members::of(&parsed, codec)?;
        if operation == Operation::SubscribeToShard {
            return self.subscribe(members).await;
        }
        let call = Call { service: &self.service, operation, members };
        call.answer().await.map(Reply::Whole)
    }

    /// Whether the request is signed as the setting asks for.
    fn verify(&self, head: &Parts, body: &[u8]) -> Answer<()> {
        let Some(key) = &self.settings.verify_signatures else { return Ok(()) };
        let signer = Signer { key, region: &self.settings.region, service: "kinesis" };
        signer.check(head, body, self.service.clock.now())
    }

    async fn subscribe(&self, members: Members<'_>) -> Answer<Reply> {
        let consumer_arn = members.required_text("ConsumerARN")?;
        let shard_id = members.required_text("ShardId")?.into();
        let start = members.start()?;
        if members.flag("DryRun")? {
            let dry = self.service.call(Operation::SubscribeToShard, consumer_arn, |model, now| {
                model.dry_run_subscribe_to_shard(consumer_arn, &shard_id, &start, now)
            });
            dry.await?;
        }
        let subscription = self.service.subscribe(consumer_arn, &shard_id, &start).await?;
        Ok(Reply::Subscription(subscription))
    }
}

/// A call in JSON that came without a connection.
pub(super) async fn json_call(service: &Service, operation: &str, request: &[u8]) -> Answer<Vec<u8>> {
    let operation = Operation::named(operation).ok_or_else(|| operations::unknown(operation))?;
    let parsed = requests::parse(Codec::Json, request)?;
    let members = Members::of(&parsed, Codec::Json)?;
    let answer = Call { service, operation, members }.answer().await?;
    Ok(answer.map(|document| Codec::Json.encode(&document)).unwrap_or_default())
}

fn whole(
    codec: Codec,
    status: StatusCode,
    document: Option<&Document>,
    admitted: Admitted,
) -> Response<Body> {
    let bytes = document.map_or_else(Bytes::new, |document| codec.encode(document).into());
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    headers::put_checksum(response.headers_mut(), &bytes);
    *response.body_mut() = WholeBody::new(bytes, admitted).boxed_unsync();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(codec.content_type()));
    response
}

fn operation(headers: &HeaderMap) -> Answer<Operation> {
    let Some(target) = headers::text(headers, "x-amz-target") else {
        let message = "The request has no X-Amz-Target: Kinesis_20131202.<operation>.";
        return Err(ServiceError::new("UnknownOperationException", message, 400));
    };
    let name = target.strip_prefix("Kinesis_20131202.");
    name.and_then(Operation::named).ok_or_else(|| operations::unknown(target))
}

/// What the service answers to anything but POST. The path of a POST does not matter to it.
fn no_call() -> ServiceError {
    let message = "Unable to determine service/operation name to be authorized";
    ServiceError::new("AccessDeniedException", message, 403)
}

/// What clients of CBOR know by themselves: the SDK for Java sends this one request in JSON.
fn json_only() -> ServiceError {
    let message = format!("SubscribeToShard is spoken in {} only.", Codec::Json.content_type());
    ServiceError::new("SerializationException", message, 400)
}

const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";
