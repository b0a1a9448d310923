//! Sends a request's body, as fast as the peer takes it. Knows nothing of the response.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body;
use tokio::task::JoinHandle;

use super::error::{TransportError, TransportErrorKind};
use super::pool::Slot;

/// The rest of a body that is still being sent while its response arrives; given up when dropped.
pub(super) struct Remainder(JoinHandle<()>);

/// A body that is at hand and small: it is handed over whole, so that it leaves with the request's headers.
pub(super) fn small(body: &SdkBody) -> Option<Bytes> {
    body.bytes().filter(|bytes| bytes.len() <= SMALL).map(Bytes::copy_from_slice)
}

/// Sends all of `body` and ends the request. A peer that wants no more of it says why in its response.
///
/// # Errors
/// The body's own failure; the stream is cancelled then.
pub(super) async fn send(mut stream: SendStream<Bytes>, mut body: SdkBody) -> Result<(), TransportError> {
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                stream.send_reset(Reason::CANCEL);
                return Err(failed().caused_by(error));
            }
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    // Trailers that HTTP/2 does not allow leave the request without an end.
                    if stream.send_trailers(trailers).is_err() {
                        stream.send_reset(Reason::CANCEL);
                    }
                }
                return Ok(());
            }
        };
        if !send_data(&mut stream, data).await {
            return Ok(());
        }
    }
    // It fails only for a stream that has ended otherwise, which its response tells.
    let _ = stream.send_data(Bytes::new(), true);
    Ok(())
}

/// False when the peer wants no more.
async fn send_data(stream: &mut SendStream<Bytes>, mut data: Bytes) -> bool {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let Some(Ok(capacity)) = poll_fn(|cx| stream.poll_capacity(cx)).await else { return false };
        let part = data.split_to(capacity.min(data.len()));
        if !part.is_empty() && stream.send_data(part, false).is_err() {
            return false;
        }
    }
    true
}

impl Remainder {
    /// Goes on with an upload in a task of its own.
    pub(super) fn spawn(
        upload: impl Future<Output = Result<(), TransportError>> + Send + 'static,
        slot: Arc<Slot>,
    ) -> Self {
        // A failure cancels the stream, which its response's body reports.
        // Together, so that the stream is let go before its slot, wherever the task is given up.
        let held = (upload, slot);
        Self(tokio::spawn(async move {
            let (upload, slot) = held;
            drop(upload.await);
            drop(slot);
        }))
    }
}

impl Drop for Remainder {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn failed() -> TransportError {
    TransportError::new(TransportErrorKind::RequestBody, "the request's own body failed")
}

/// What HTTP/2 lets a stream send at first (RFC 9113, 6.9.2).
const SMALL: usize = (64 << 10) - 1;
