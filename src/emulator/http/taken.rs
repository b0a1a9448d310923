//! Whether a client takes what it is sent.
//!
//! It knows no protocol: bytes are taken, or there is no room for them. It is for HTTP/1.1, which has no other sign of life.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::AsyncWrite;

use super::progress::Progress;

/// Writes, and notes whether that gets any further.
pub(super) struct Taken<W> {
    writer: W,
    progress: Progress,
    /// What a client that takes nothing is given.
    time: Duration,
}

impl<W> Taken<W> {
    pub(super) fn over(writer: W, progress: Progress, time: Duration) -> Self {
        Self { writer, progress, time }
    }

    fn note<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match written {
            Poll::Pending => self.progress.refused(self.time),
            Poll::Ready(_) => self.progress.taken(self.time),
        }
        written
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Taken<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.writer).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.writer).poll_write_vectored(context, pieces);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.writer.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.writer).poll_flush(context);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.writer).poll_shutdown(context);
        self.note(shut)
    }
}
