//! How a page is read over time, over a connector in memory: with the clock paused, as no socket allows.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::config::http::HttpRequest;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use kinesis_fanout::kinesis::{KinesisPort, PageSource, PortError};
use kinesis_fanout::model::{FailureClass, RecordsPage};
use tokio::time::{Instant, Sleep};

use super::polling::by;
use super::silence::{Network, port_over};
use super::{port, settings};

/// A body whose pieces come so long after one another, and that tells whatever size. It ends behind the last piece, or
/// never.
#[derive(Debug)]
struct Slow {
    pieces: VecDeque<&'static [u8]>,
    pause: Duration,
    size: Option<u64>,
    ends: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Body for Slow {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let pause = self.pause;
        if !pause.is_zero() {
            let sleep =
                self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + pause)));
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
        }
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece))))),
            None if self.ends => {
                // The SDK's body asks once more, for trailers.
                self.pause = Duration::ZERO;
                Poll::Ready(None)
            }
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// What answers with such a body, once.
#[derive(Debug, Clone)]
struct Answering(std::sync::Arc<std::sync::Mutex<Option<Slow>>>);

impl HttpConnector for Answering {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = SdkBody::from_body_1_x(self.0.lock().unwrap().take().expect("one request"));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body)))
    }
}

/// The clock that is paused, for the SDK.
#[derive(Debug)]
struct Paused(SystemTime, Instant);

impl TimeSource for Paused {
    fn now(&self) -> SystemTime {
        self.0 + self.1.elapsed()
    }
}

async fn begun(pieces: &[&'static [u8]], pause: u64, size: Option<u64>, ends: bool) -> Box<dyn PageSource> {
    let pause = Duration::from_secs(pause);
    let body = Slow { pieces: pieces.iter().copied().collect(), pause, size, ends, sleep: None };
    let answering = Answering(std::sync::Arc::new(std::sync::Mutex::new(Some(body))));
    let client = http_client_fn(move |_, _| SharedHttpConnector::new(answering.clone()));
    // The user's own bounds end with the headers.
    let bounds = TimeoutConfig::builder()
        .operation_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(2));
    let settings = settings().http_client(client).timeout_config(bounds.build());
    let port = port(settings.time_source(Paused(SystemTime::now(), Instant::now())));
    port.get_records(by("AAAA")).await.map_err(|error| error.failure).unwrap()
}

async fn read(pieces: &[&'static [u8]], pause: u64, size: Option<u64>) -> Result<RecordsPage, PortError> {
    begun(pieces, pause, size, true).await.read().await
}

async fn class(pieces: &[&'static [u8]], pause: u64, size: Option<u64>) -> FailureClass {
    read(pieces, pause, size).await.unwrap_err().failure.class
}

#[tokio::test(start_paused = true)]
async fn a_slow_page_is_read_while_bytes_come_and_for_a_minute() {
    let start = Instant::now();
    read(&[b"{"], 29, None).await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(58), "two pauses, and no page");
    read(&[b"{}"], 29, Some(2)).await.unwrap();

    let start = Instant::now();
    assert_eq!(class(&[b"{", b"}"], 31, None).await, FailureClass::TimedOut);
    assert_eq!(start.elapsed(), Duration::from_secs(30), "no byte");
    let start = Instant::now();
    assert_eq!(class(&[&b" "[..]; 100], 1, None).await, FailureClass::TimedOut);
    assert_eq!(start.elapsed(), Duration::from_secs(60), "a byte a second");
    assert_eq!(class(&[&b""[..]; 100], 1, None).await, FailureClass::TimedOut);
    let start = Instant::now();
    let endless = begun(&[b"{}"], 0, None, false).await;
    assert_eq!(endless.read().await.unwrap_err().failure.class, FailureClass::TimedOut);
    assert_eq!(start.elapsed(), Duration::from_secs(30), "no end");
}

#[tokio::test(start_paused = true)]
async fn a_page_waits_for_its_room_for_as_long_as_that_takes() {
    let source = begun(&[b"{\"MillisBehind", b"Latest\":7}"], 15, Some(24), true).await;
    tokio::time::advance(Duration::from_secs(3_600)).await;
    assert_eq!(source.read().await.unwrap().millis_behind_latest, 7);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_as_long_as_its_client_says_is_malformed() {
    read(&[b"{", b"}"], 0, Some(2)).await.unwrap();
    for size in [1, 3] {
        let error = read(&[b"{", b"}"], 0, Some(size)).await.unwrap_err();
        assert_eq!(error.failure.class, FailureClass::Malformed);
        assert!(error.failure.message.contains("that its answer told"), "{error}");
    }
    // What is too much is not waited for.
    let source = begun(&[b"{", b"} "], 0, Some(2), false).await;
    assert_eq!(source.read().await.unwrap_err().failure.class, FailureClass::Malformed);
}

#[tokio::test(start_paused = true)]
async fn silence_before_the_headers_ends_with_the_user_s_time_out_or_the_caller_s() {
    let bounds = TimeoutConfig::builder().operation_timeout(Duration::from_secs(7)).build();
    let silent = http_client_fn(|_, _| SharedHttpConnector::new(Network::Silent));
    let port = port(settings().http_client(silent).timeout_config(bounds));
    let start = Instant::now();
    let error = port.get_records(by("AAAA")).await.map(drop).unwrap_err();
    assert_eq!((error.failure.class, start.elapsed()), (FailureClass::TimedOut, Duration::from_secs(7)));

    let port: KinesisPort = port_over(Network::Silent);
    let call = tokio::time::timeout(Duration::from_secs(3_600), port.get_records(by("AAAA")));
    assert!(call.await.is_err());
}
