//! The AWS SDK, over a connector that answers from memory.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use aws_sdk_kinesis::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition, SubscribeToShardEventStream as Item};
use aws_sdk_kinesis::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;

use super::body::Body;
use super::{Best, Outcome};

pub(crate) async fn run(body: &Body) -> Outcome<Duration> {
    let answer = Answer { initial_response: body.initial_response.clone(), events: body.chunks().collect() };
    let position = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
    let call = client(answer).subscribe_to_shard().consumer_arn(CONSUMER).shard_id("shardId-000000000000");
    let mut events = call.starting_position(position).send().await?.event_stream;
    let mut records = 0;
    let mut best = Best::start();
    while let Some(item) = events.recv().await.map_err(|error| error.to_string())? {
        if let Item::SubscribeToShardEvent(event) = black_box(item) {
            records += event.records.len();
            drop(event);
            best.event();
        }
    }
    assert_eq!(records, body.records * body.events);
    Ok(best.shortest)
}

fn client(answer: Answer) -> Client {
    let connector = SharedHttpConnector::new(answer);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url("http://127.0.0.1")
        .http_client(http_client_fn(move |_, _| connector.clone()));
    Client::from_conf(config.build())
}

/// A connector whose every answer is this body.
#[derive(Debug, Clone)]
struct Answer {
    initial_response: Bytes,
    events: Vec<Bytes>,
}

impl HttpConnector for Answer {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let chunks = std::iter::once(self.initial_response.clone()).chain(self.events.clone());
        let frames = chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
        let body = SdkBody::from_body_1_x(StreamBody::new(stream::iter(frames)));
        let answer = 200.try_into().map(|status| HttpResponse::new(status, body));
        HttpConnectorFuture::ready(answer.map_err(|error| ConnectorError::user(Box::new(error))))
    }
}

const CONSUMER: &str = "arn:aws:kinesis:eu-central-1:123456789012:stream/orders/consumer/billing:1730000000";
