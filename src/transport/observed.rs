//! A byte stream that counts what it has read, the only proof that a peer lives, and looks at the first byte, which tells whether
//! it speaks HTTP/2. It stops after so much in one turn, so that the readers of its streams get theirs.
//!
//! Without that stop, the task of a connection reads as long as the socket has bytes. What it puts into memory until then is a window
//! of each stream, long out of the processor's cache when it is looked at, and for an allocator memory that comes and goes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::dial::Io;

/// Bytes that were read from a connection so far.
#[derive(Debug, Clone, Default)]
pub(super) struct BytesRead(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    total: AtomicU64,
    first: AtomicU8,
    /// The total with which the turn began.
    turn_begin: AtomicU64,
    /// The total at which the turn is over.
    turn_end: AtomicU64,
}

/// A connection's byte stream, counted.
pub(super) struct Observed {
    io: Io,
    read: BytesRead,
    /// How it broke, kept back for a turn.
    broken: Option<io::Error>,
}

impl BytesRead {
    pub(super) fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Begins another turn: so much may be read until the reader has to wait for its next one. Until the first call of this, any
    /// number of bytes may be.
    pub(super) fn begin_turn(&self) {
        self.0.turn_begin.store(self.total(), Ordering::Relaxed);
        self.0.turn_end.store(self.total() + TURN, Ordering::Relaxed);
    }

    /// Whether bytes were read that nobody has looked at yet.
    fn is_fresh(&self) -> bool {
        self.total() > self.0.turn_begin.load(Ordering::Relaxed)
    }

    fn is_turn_over(&self) -> bool {
        self.total() >= self.0.turn_end.load(Ordering::Relaxed)
    }

    /// Whether the peer speaks something else: the first bytes of an HTTP/2 server are the length of its SETTINGS, and none are
    /// as long as 64 KiB. An HTTP/1.1 server begins with an `H`.
    pub(super) fn is_foreign(&self) -> bool {
        self.0.first.load(Ordering::Relaxed) != 0
    }
}

impl Observed {
    pub(super) fn new(io: Io) -> (Self, BytesRead) {
        let read = BytesRead::default();
        (Self { io, read: read.clone(), broken: None }, read)
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_turn_over() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Err(error));
        }
        let before = buf.filled().len();
        if let Err(error) = ready!(Pin::new(&mut self.io).poll_read(cx, buf)) {
            // What the peer said before, a GOAWAY perhaps, is looked at first: the error would take its place.
            if self.read.is_fresh() {
                self.broken = Some(error);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Err(error));
        }
        let read = &buf.filled()[before..];
        let seen = &self.read.0;
        if let [first, ..] = read
            && seen.total.fetch_add(read.len() as u64, Ordering::Relaxed) == 0
        {
            seen.first.store(*first, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Observed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            total: AtomicU64::new(0),
            first: AtomicU8::new(0),
            turn_begin: AtomicU64::new(0),
            turn_end: AtomicU64::new(u64::MAX),
        }
    }
}

/// Bytes of a turn: two of the largest DATA frames that we let the peer send. It stays in a processor's cache, and below what glibc's
/// allocator gives back to the system at once and has to fetch again (M_TRIM_THRESHOLD, 128 KiB).
const TURN: u64 = 128 << 10;

#[cfg(test)]
mod tests {
    use std::future::Future;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What can be read at once.
    async fn read_at_once(observed: &mut Observed) -> u64 {
        let mut buffer = vec![0; 10_000];
        let mut count = 0;
        while let Some(read) = futures::FutureExt::now_or_never(observed.read(&mut buffer)) {
            count += read.unwrap() as u64;
        }
        count
    }

    #[tokio::test]
    async fn a_turn_ends_after_so_many_bytes_and_the_next_one_goes_on() {
        let (mut peer, io) = tokio::io::duplex(1 << 20);
        let (mut observed, read) = Observed::new(Box::new(io));
        peer.write_all(&[7; 400_000]).await.unwrap();
        read.begin_turn();
        let first = read_at_once(&mut observed).await;
        assert!((TURN..TURN + 10_000).contains(&first), "{first}");
        assert_eq!(read_at_once(&mut observed).await, 0);
        read.begin_turn();
        let second = read_at_once(&mut observed).await;
        assert!((TURN..TURN + 10_000).contains(&second), "{second}");
        assert_eq!(read.total(), first + second);
    }

    #[tokio::test]
    async fn who_is_stopped_by_the_end_of_a_turn_is_woken() {
        let (mut peer, io) = tokio::io::duplex(1 << 20);
        let (mut observed, read) = Observed::new(Box::new(io));
        peer.write_all(&[7; 400_000]).await.unwrap();
        let mut turns = 0;
        let mut reading = std::pin::pin!(async {
            let mut piece = vec![0; 10_000];
            for _ in 0..40 {
                observed.read_exact(&mut piece).await.unwrap();
            }
        });
        let end = std::future::poll_fn(|cx| {
            turns += 1;
            read.begin_turn();
            reading.as_mut().poll(cx)
        });
        end.await;
        assert_eq!(turns, 3, "14 pieces in each");
    }
}
