//! Whether anything still comes from a client.
//!
//! It knows no protocol. HTTP/2's own keep-alive closes a connection with a last frame, for which a client that reads nothing
//! has no room: hyper would wait for that room for ever. Here silence itself is the end.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;

/// Reads, and notes when something came.
pub(super) struct Heard<R> {
    reader: R,
    last: Last,
}

/// When something came last.
#[derive(Clone)]
pub(super) struct Last(Arc<Mutex<Instant>>);

impl<R> Heard<R> {
    pub(super) fn over(reader: R) -> (Self, Last) {
        let last = Last(Arc::new(Mutex::new(Instant::now())));
        (Self { reader, last: last.clone() }, last)
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Heard<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.reader).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.last.note();
        }
        read
    }
}

impl Last {
    /// Comes back when nothing came for this long.
    pub(super) async fn silent_for(&self, time: Duration) {
        loop {
            let due = self.read() + time;
            if due <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn read(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
