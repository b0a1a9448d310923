//! The client's end of a pipe: counts the frames that pass, and can be held.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// A pipe's end and what its test sees of it.
pub(super) struct Tap {
    io: DuplexStream,
    seen: Seen,
}

/// What passed a tap, and how it is held.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    received: Frames,
    sent: Frames,
    /// Nothing passes, neither way, and nobody is told.
    dead: bool,
    /// The end of the byte stream is an error.
    rude: bool,
    /// Nothing is read.
    held: bool,
    /// Reads that find nothing though there is something, as after a long stop.
    late: usize,
    reader: Option<Waker>,
}

/// Frames of one direction.
#[derive(Default)]
struct Frames {
    headers: Vec<u8>,
    skip: usize,
    seen: Vec<Frame>,
}

struct Frame {
    kind: u8,
    length: usize,
}

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;

impl Tap {
    pub(super) fn new(io: DuplexStream) -> (Self, Seen) {
        let seen = Seen::default();
        seen.state().sent.skip = PREFACE_LENGTH;
        (Self { io, seen: seen.clone() }, seen)
    }
}

impl Seen {
    pub(super) fn sent(&self, kind: u8) -> usize {
        self.state().sent.seen.iter().filter(|frame| frame.kind == kind).count()
    }

    pub(super) fn received(&self, kind: u8) -> usize {
        self.state().received.seen.iter().filter(|frame| frame.kind == kind).count()
    }

    /// The bytes of DATA that the peer has sent and that were read off the pipe.
    pub(super) fn data_received(&self) -> usize {
        self.state().received.data()
    }

    /// The bytes of DATA that the client has sent.
    pub(super) fn data_sent(&self) -> usize {
        self.state().sent.data()
    }

    /// From now on nothing passes: no answer, no end, no error.
    pub(super) fn die(&self) {
        self.state().dead = true;
    }

    /// The byte stream ends in an error, as TLS does that is cut off.
    pub(super) fn is_rude(&self) {
        self.state().rude = true;
    }

    /// From now on nothing is read, as in a process that is stopped.
    pub(super) fn hold(&self) {
        self.state().held = true;
    }

    /// What is there can be read again, after `late` tries that find nothing; nobody is told.
    pub(super) fn let_go(&self, late: usize) {
        let mut state = self.state();
        state.held = false;
        state.late = late;
    }

    /// Tells the reader that there is something.
    pub(super) fn wake(&self) {
        if let Some(reader) = self.state().reader.take() {
            reader.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Frames {
    fn data(&self) -> usize {
        self.seen.iter().filter(|frame| frame.kind == DATA).map(|frame| frame.length).sum()
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let head = (HEAD_LENGTH - self.headers.len()).min(bytes.len());
            if self.skip > 0 || head == 0 {
                continue;
            }
            self.headers.extend_from_slice(&bytes[..head]);
            bytes = &bytes[head..];
            if let [a, b, c, kind, _, _, _, _, _] = self.headers[..] {
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                self.seen.push(Frame { kind, length });
                self.skip = length;
                self.headers.clear();
            }
        }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        {
            let mut state = self.seen.state();
            state.reader = Some(cx.waker().clone());
            if state.dead || state.held {
                return Poll::Pending;
            }
            if state.late > 0 {
                state.late -= 1;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        if buf.filled().len() == before && self.seen.state().rude {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.seen.state().received.pass(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let dead = self.seen.state().dead;
        let written = if dead { buf.len() } else { ready!(Pin::new(&mut self.io).poll_write(cx, buf))? };
        self.seen.state().sent.pass(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

const PREFACE_LENGTH: usize = 24;
const HEAD_LENGTH: usize = 9;
