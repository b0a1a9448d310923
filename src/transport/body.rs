//! A response's body: what arrives on one stream. Knows nothing of what the bytes mean.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body, Frame};

use super::cause;
use super::error::TransportError;
use super::pool::Slot;
use super::upload::Remainder;

/// The bytes of a stream, each error with its cause. At its end or after an error it gives nothing more.
///
/// The peer may send a stream window ahead. A chunk's part of it is given back when the chunk is polled out, and not before: who
/// does not poll holds the peer back. Dropped before its end, it cancels the stream.
pub(super) struct ResponseBody {
    stream: Option<Stream>,
}

/// In the order in which it is let go: the stream is cancelled before another call gets its slot. An upload that is still under way
/// holds the slot too, until it has let go of the stream.
struct Stream {
    received: RecvStream,
    _remainder: Option<Remainder>,
    slot: Arc<Slot>,
    data_ended: bool,
}

impl ResponseBody {
    pub(super) fn new(received: RecvStream, remainder: Option<Remainder>, slot: Arc<Slot>) -> Self {
        Self { stream: Some(Stream { received, _remainder: remainder, slot, data_ended: false }) }
    }
}

impl Stream {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.data_ended {
            match ready!(self.received.poll_data(cx)).transpose()? {
                Some(chunk) => {
                    self.received.flow_control().release_capacity(chunk.len())?;
                    return Poll::Ready(Some(Ok(Frame::data(chunk))));
                }
                None => self.data_ended = true,
            }
        }
        let trailers = ready!(self.received.poll_trailers(cx))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let frame = match ready!(stream.poll_frame(cx)) {
            Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
            Some(Err(error)) => Some(Err(cause::of_stream(error, stream.slot.connection()))),
            None => None,
        };
        self.stream = None;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_none()
    }
}
