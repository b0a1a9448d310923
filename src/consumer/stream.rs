use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;

use super::delivery::{Delivery, Token};
use super::merge::Merge;
use super::shared::{Shared, Stage};
use crate::error::{Error, ErrorKind};
use crate::model::Record;

/// The records of all shards, as a [`Stream`].
///
/// - Per shard, in sequence order; a child shard only after all records of its parents. Between shards, in turn by bytes.
/// - An `Err` is the last item: what can be tried again is tried again inside. Records that had been received before it come
///   before it; but a malformed aggregate under [`OnMalformed::Error`](super::OnMalformed::Error) stands in its place, and what the other
///   shards had received is dropped. `None` follows the `Err`, or a shutdown.
/// - Cancel-safe: a `next()` that is dropped before it is ready loses nothing.
/// - Dropping the stream shuts the consumer down.
pub struct RecordStream {
    merge: Merge<Token>,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    shared: Shared,
    is_closed: bool,
    is_done: bool,
}

impl RecordStream {
    pub(super) fn new(deliveries: mpsc::UnboundedReceiver<Delivery>, shared: Shared) -> Self {
        Self { merge: Merge::new(), deliveries, shared, is_closed: false, is_done: false }
    }

    fn take_in_deliveries(&mut self, cx: &mut Context<'_>) {
        while !self.is_closed {
            match self.deliveries.poll_recv(cx) {
                Poll::Ready(Some(Delivery { lane, event, token })) => self.merge.push(lane, event, token),
                Poll::Ready(None) => self.is_closed = true,
                Poll::Pending => return,
            }
        }
    }

    /// Gives back what is still held: nobody will ask for it.
    fn finish(&mut self) {
        self.is_done = true;
        self.merge = Merge::new();
        self.deliveries.close();
        while self.deliveries.try_recv().is_ok() {}
    }

    /// What comes after the last record.
    fn end(&mut self) -> Option<Result<Record, Error>> {
        self.finish();
        match self.shared.take_fatal() {
            Some(error) => Some(Err(error)),
            None if self.shared.stage() >= Stage::Stopping => None,
            None => Some(Err(Error::new(ErrorKind::Internal, "the consumer's tasks are gone"))),
        }
    }
}

impl Stream for RecordStream {
    type Item = Result<Record, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(record) = this.merge.next_in_passing() {
            return Poll::Ready(Some(Ok(record)));
        }
        if this.is_done {
            return Poll::Ready(None);
        }
        if this.merge.is_between_turns() {
            if this.shared.is_stopped() {
                return Poll::Ready(this.end());
            }
            this.take_in_deliveries(cx);
        }
        match this.merge.next() {
            Some(handed) => {
                // The room and the word that the event is handed over go out now, not with the next poll.
                if let Some(token) = handed.drained {
                    token.handed_over();
                }
                if handed.record.is_err() {
                    this.shared.advance(Stage::Stopping);
                    this.finish();
                }
                Poll::Ready(Some(handed.record))
            }
            None if this.is_closed => Poll::Ready(this.end()),
            None => Poll::Pending,
        }
    }
}

impl Drop for RecordStream {
    fn drop(&mut self) {
        self.shared.advance(Stage::Stopping);
    }
}

impl fmt::Debug for RecordStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream").field("stage", &self.shared.stage()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_can_be_moved_anywhere() {
        fn goes_anywhere<T: Send + Unpin + 'static>() {}
        goes_anywhere::<RecordStream>();
        goes_anywhere::<Record>();
    }
}
