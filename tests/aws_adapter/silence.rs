//! Silence and cancellation, over a connector in memory: with the clock paused, as no socket allows.

use aws_sdk_kinesis::config::http::HttpRequest;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::channel::mpsc;
use futures::poll;
use http_body_util::StreamBody;
use hyper::body::Frame;
use kinesis_fanout::kinesis::{KinesisPort, SUBSCRIBE_TIMEOUT};
use kinesis_fanout::model::FailureClass;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, advance, timeout};

use super::frames::{event, exception, initial_response};
use super::{port, settings, trim_horizon};

/// What stands for the network.
#[derive(Debug, Clone)]
pub(crate) enum Network {
    /// Takes the request and says nothing.
    Silent,
    /// Answers 200 with a body that is this channel.
    Channel(std::sync::Arc<std::sync::Mutex<Option<Pieces>>>),
}

type Pieces = mpsc::UnboundedReceiver<Result<Frame<Bytes>, std::io::Error>>;
type Sender = mpsc::UnboundedSender<Result<Frame<Bytes>, std::io::Error>>;

impl HttpConnector for Network {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        match self {
            Self::Silent => HttpConnectorFuture::new(std::future::pending()),
            Self::Channel(pieces) => HttpConnectorFuture::ready(match pieces.lock().unwrap().take() {
                Some(pieces) => Ok(HttpResponse::new(
                    200.try_into().unwrap(),
                    SdkBody::from_body_1_x(StreamBody::new(pieces)),
                )),
                None => Err(ConnectorError::io("a second request".into())),
            }),
        }
    }
}

pub(crate) fn port_over(network: Network) -> KinesisPort {
    let client = http_client_fn(move |_, _| SharedHttpConnector::new(network.clone()));
    port(settings().http_client(client))
}

fn channel() -> (Sender, KinesisPort) {
    let (sender, pieces) = mpsc::unbounded();
    let pieces = std::sync::Arc::new(std::sync::Mutex::new(Some(pieces)));
    (sender, port_over(Network::Channel(pieces)))
}

fn send(sender: &Sender, bytes: &[u8]) {
    let frame = Frame::data(Bytes::copy_from_slice(bytes));
    sender.unbounded_send(Ok(frame)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn silence_before_the_headers_is_bounded() {
    let port = port_over(Network::Silent);
    let start = Instant::now();
    // Without a bound of its own the call would never come back, and neither would the test.
    let call = timeout(10 * SUBSCRIBE_TIMEOUT, port.subscribe_to_shard(trim_horizon()));
    let error = call.await.expect("a bound").map(drop).unwrap_err();
    assert_eq!(error.failure.class, FailureClass::TimedOut, "{error}");
    assert_eq!(start.elapsed(), SUBSCRIBE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn the_headers_are_the_answer_and_what_comes_behind_them_is_told_by_the_bytes() {
    let (sender, port) = channel();
    let mut source = port.subscribe_to_shard(trim_horizon()).await.unwrap();
    assert_eq!(source.last_received(), None);
    let first = initial_response();
    for (pieces, piece) in first.chunks(40).enumerate() {
        advance(Duration::from_secs(10)).await;
        send(&sender, piece);
        assert!(poll!(source.next_size()).is_pending(), "piece {pieces}");
        assert_eq!(source.last_received(), Some(Instant::now().into_std()));
    }
    drop(source);
    assert!(sender.is_closed(), "the subscription is given up");
}

#[tokio::test(start_paused = true)]
async fn the_size_of_an_event_is_known_before_its_bytes_are_taken() {
    let (sender, port) = channel();
    let mut source = port.subscribe_to_shard(trim_horizon()).await.unwrap();
    let numbers: Vec<String> = (1..100).map(|number| number.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let frame = event(&numbers, json!("100"));
    send(&sender, &initial_response());
    send(&sender, &frame[..12]);
    assert_eq!(source.next_size().await, Some(frame.len()));
    let received = source.last_received();
    advance(Duration::from_secs(1)).await;
    send(&sender, &frame[12..]);
    assert_eq!(source.next_size().await, Some(frame.len()), "asked again, it is the same");
    assert_eq!(source.last_received(), received, "and nothing has been taken");
    assert_eq!(source.next_event().await.unwrap().unwrap().records.len(), 99);
}

#[tokio::test(start_paused = true)]
async fn a_small_event_is_read_for_its_size_and_not_lost() {
    let (sender, port) = channel();
    let mut source = port.subscribe_to_shard(trim_horizon()).await.unwrap();
    let frame = event(&["1"], json!("1"));
    send(&sender, &[initial_response(), frame.clone(), exception("ResourceInUseException", "late")].concat());
    assert_eq!(source.next_size().await, Some(frame.len()));
    assert_eq!(source.next_size().await, Some(frame.len()));
    assert_eq!(source.next_event().await.unwrap().unwrap().records.len(), 1);
    assert_eq!(source.next_size().await, None, "what comes next is no event");
    let error = source.next_event().await.unwrap_err();
    assert_eq!(error.failure.class, FailureClass::ResourceInUse);
    assert!(sender.is_closed(), "the stream is given up at once");
    assert!(source.next_event().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_dropped_half_way_loses_nothing() {
    let (sender, port) = channel();
    send(&sender, &initial_response());
    let mut source = port.subscribe_to_shard(trim_horizon()).await.unwrap();
    let frame = event(&["1"], json!("1"));
    for piece in frame.chunks(7) {
        assert!(poll!(source.next_event()).is_pending());
        send(&sender, piece);
    }
    let read = source.next_event().await.unwrap().unwrap();
    assert_eq!(read.records.len(), 1);
    assert!(poll!(source.next_event()).is_pending());
}
