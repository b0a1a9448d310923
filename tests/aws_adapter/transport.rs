//! What a failure of the transport means: one of each kind that has a class of its own.

use std::time::Duration;

use kinesis_fanout::kinesis::{KinesisPort, PortError};
use kinesis_fanout::model::FailureClass;
use kinesis_fanout::transport::{Http2Client, TransportError, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::{port, settings, trim_horizon};

fn port_over(endpoint: &str, http2: Http2Client) -> KinesisPort {
    port(settings().endpoint_url(endpoint)).over(http2).unwrap()
}

async fn refusal(port: &KinesisPort) -> PortError {
    port.subscribe_to_shard(trim_horizon()).await.map(drop).unwrap_err()
}

/// The kind of the transport's own error, which stands among the causes.
fn kind(error: &PortError) -> TransportErrorKind {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.filter_map(|cause| cause.downcast_ref::<TransportError>()).next().unwrap().kind()
}

#[tokio::test]
async fn a_server_of_http1_alone_cannot_be_spoken_to() {
    let dial = |_: &str, _| {
        let (ours, mut theirs) = tokio::io::duplex(64 << 10);
        tokio::spawn(async move {
            let _ = theirs.read(&mut [0; 1024]).await;
            let _ = theirs.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        });
        std::future::ready(Ok(ours))
    };
    let http2 = Http2Client::builder().dialled_by(dial).build();
    let error = refusal(&port_over("http://kinesis.test", http2)).await;
    assert_eq!(
        (error.failure.class, kind(&error)),
        (FailureClass::Unsupported, TransportErrorKind::NotHttp2)
    );
    assert!(error.failure.message.contains("HTTP/1.1"), "{error}");
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_unavailable() {
    let refuse =
        |_: &str, _| std::future::ready(Err::<DuplexStream, _>(std::io::ErrorKind::ConnectionRefused.into()));
    let http2 = Http2Client::builder().dialled_by(refuse).build();
    let error = refusal(&port_over("http://kinesis.test", http2)).await;
    assert_eq!((error.failure.class, kind(&error)), (FailureClass::Unavailable, TransportErrorKind::Connect));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_and_says_nothing_has_timed_out() {
    // The other ends of the connections stay open for as long as the test lasts.
    let ends = std::sync::Mutex::new(Vec::new());
    let accept = move |_: &str, _| {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        ends.lock().unwrap().push(theirs);
        std::future::ready(Ok(ours))
    };
    let http2 = Http2Client::builder().connect_timeout(Duration::from_secs(4)).dialled_by(accept).build();
    let began = tokio::time::Instant::now();
    let error = refusal(&port_over("http://kinesis.test", http2)).await;
    assert_eq!(
        (error.failure.class, kind(&error)),
        (FailureClass::TimedOut, TransportErrorKind::ConnectTimeout)
    );
    // The SDK's own connect time-out, 3.1 s by default, comes first.
    assert!(began.elapsed() <= Duration::from_secs(4), "{:?}", began.elapsed());
}
