//! A service that cannot be reached over HTTP/2 at all.

use kinesis_fanout::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::world::*;

/// What stands in the way may be about to be mended; after a minute it is said loudly.
#[tokio::test(start_paused = true)]
async fn a_peer_without_http2_is_an_error_after_a_minute() {
    let world = World::dialled_by(1, |_, _| {
        let (ours, mut theirs) = tokio::io::duplex(64 << 10);
        tokio::spawn(async move {
            let _ = theirs.read(&mut [0; 1024]).await;
            let _ = theirs.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        });
        std::future::ready(Ok(ours))
    });
    let began = Instant::now();
    let mut records = world.consumer().await.into_stream();
    let error = take_to_error(&mut records).await;
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}");
    assert!(error.to_string().contains("HTTP/1.1"), "{error}");
    let seconds = began.elapsed().as_secs();
    assert!((60..=95).contains(&seconds), "after {seconds} s");
    assert_eq!(world.calls(), 0);
}
